// One server's serial port: what it said, who looks, and who types. On the loop's thread alone.
#pragma once

#include <uv.h>

#include "base/err.h"
#include "host/console/line.h"
#include "host/console/ring.h"
#include "wire/console_message.h"

struct serial;

#define SERIAL_MAX_VIEWERS       64
#define SERIAL_INPUT_QUEUE_BYTES ((size_t)128 * 1024) /* that the guest has not read yet */

struct serial_events {
	/* A viewer ended, and not by serial_close(). @end: 0 when it went by itself. */
	void (*ended)(void *context, uint64_t console_id, int end);
	void *context;
};

/** serial_new() - with the ring that is there, or a new one. @events: borrowed. -ENOMEM. */
int serial_new(uv_loop_t *loop, int folder_fd, const uint8_t uuid[UUID_BYTES], size_t ring_bytes,
	       const struct serial_events *events, struct serial **ret, struct err *err);
/** serial_free() - ends all viewers without a word to @events. Accepts NULL. */
void serial_free(struct serial *serial);

/** serial_attach() - the guest has begun to run, or was found running, or off. */
void serial_attach(struct serial *serial, const struct serial_line *line);
/** serial_mark() - something happened to the guest. */
void serial_mark(struct serial *serial, enum serial_mark mark);

/**
 * serial_open() - a new viewer.
 * @ret_fd: the other end of its socket, the caller's.
 * Errors: ERR_LIMIT, -ENOMEM, -errno.
 */
int serial_open(struct serial *serial, const struct host_console_open *open, int *ret_fd,
		struct err *err);
/**
 * serial_close() - after this not a byte of that console goes on to the guest, even one that waits.
 * What the terminal line took before, at most 4 KiB, is the guest's already, read or not. Harmless
 * for a console that is not there (any more).
 */
void serial_close(struct serial *serial, uint64_t console_id);
/** serial_close_all() - the same for every console that is or was. */
void serial_close_all(struct serial *serial);
/** serial_end_viewers() - of all, told as @end to each. */
void serial_end_viewers(struct serial *serial, enum host_console_end end);

const struct ring *serial_ring(const struct serial *serial);

// All open consoles and all serial ports of this host, by id and by server.
#pragma once

#include <uv.h>

#include "base/buf.h"
#include "base/err.h"
#include "host/console/serial.h"
#include "wire/console_message.h"

struct consoles;

#define CONSOLES_MAX            8192
#define CONSOLES_VNC_PER_SERVER 8 /* QEMU serves 32, and loses those beyond */

struct consoles_events {
	/* A console ended, and not because consoles_close() was called. */
	void (*ended)(void *context, uint64_t console_id, enum host_console_end end);
};

/**
 * consoles_new() - with the rings that lie in @folder, which is made if need be.
 * @events: borrowed. Errors: -errno, -ENOMEM.
 */
int consoles_new(uv_loop_t *loop, const char *folder, const struct consoles_events *events,
		 void *context, struct consoles **ret, struct err *err);
void consoles_free(struct consoles *consoles);

/* --- from any thread: what a driver has to say; in this order it takes effect --- */

/** consoles_line() - a guest's serial port; the descriptor in @line moves. */
void consoles_line(struct consoles *consoles, const uint8_t uuid[UUID_BYTES],
		   const struct serial_line *line);
void consoles_mark(struct consoles *consoles, const uint8_t uuid[UUID_BYTES],
		   enum serial_mark mark);
/** consoles_forget() - the server is no more: its consoles end, its ring goes. */
void consoles_forget(struct consoles *consoles, const uint8_t uuid[UUID_BYTES]);

/* --- on the loop's thread --- */

/** consoles_knows() - whether this server has a serial port that can be opened at once. */
bool consoles_knows(const struct consoles *consoles, const uint8_t uuid[UUID_BYTES]);

/**
 * consoles_begin() - take the id for a console that is about to be opened.
 * Errors: ERR_LIMIT, ERR_UNIQUENESS (the id is in use), -ENOMEM.
 */
int consoles_begin(struct consoles *consoles, const struct host_console_open *open,
		   struct err *err);
/**
 * consoles_finish() - open it.
 * @vnc_fd: QEMU's socket for CONSOLE_VNC, else -1; ownership moves, also on failure.
 * @ret_fd: the caller's. Errors: ERR_GONE (closed meanwhile), ERR_LIMIT, -ENOMEM, -errno; after
 * one the id is free again.
 */
int consoles_finish(struct consoles *consoles, const struct host_console_open *open, int vnc_fd,
		    int *ret_fd, struct err *err);
/** consoles_close() - at once; when it returns not a byte of it reaches the guest any more.
 * Harmless for an id that is not open. One that was begun and not finished never will be. */
void consoles_close(struct consoles *consoles, uint64_t console_id);
void consoles_close_all(struct consoles *consoles);

/** consoles_ring() - NULL when this server never had a serial port. */
const struct ring *consoles_ring(const struct consoles *consoles, const uint8_t uuid[UUID_BYTES]);

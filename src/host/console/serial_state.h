// A serial console's state, and what its parts need of each other. Included by serial*.c alone.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/buf.h"
#include "host/console/recover.h"
#include "host/console/ring.h"
#include "host/console/serial.h"
#include "host/console/serial_message.h"

#define SERIAL_LINE_READ_BYTES ((size_t)65536)

struct line {
	uv_poll_t poll;
	struct serial *serial;
	int fd; /* -1 once closed */
	uint64_t run;
	char lock[64];
	char log[RECOVER_PATH_BYTES];
	bool wants_write;
	int watched;
};

/* The log is being looked at: what a line that was found says is held back meanwhile, or the line
 * has hung up and its last words may be there. */
struct recovery {
	uv_timer_t timer;
	struct serial *serial;
	bool is_last; /* the run is over */
	char log[RECOVER_PATH_BYTES];
	struct recover_place opened; /* the log when the line was opened */
	struct recover_place last;   /* at the last tick */
	size_t last_held_bytes;
	unsigned ticks;
	unsigned rest_ticks;
	struct buf held;
};

struct viewer {
	uv_poll_t poll;
	struct viewer *next_viewer;
	struct serial *serial;
	int fd; /* -1 once ended */
	uint64_t id;
	uint64_t next;      /* the ring's byte it gets next */
	uint64_t live_at;   /* what was there when it came ends here */
	uint64_t old_until; /* what was gone when it came ended here */
	uint64_t note;      /* the note it gets next */
	uint8_t mode;
	bool is_ready;
	bool is_live;
	bool is_blocked;
	bool owes_writer; /* is to be told who writes */
	bool owes_size;
	int watched; /* for what it is polled */
	char label[CONSOLE_LABEL_BYTES];
};

struct serial {
	uv_loop_t *loop;
	const struct serial_events *events;
	struct ring *ring;
	struct line *line;
	struct recovery *recovery;
	struct viewer *viewers;
	size_t viewer_count;
	struct viewer *writer;
	uint16_t columns; /* 0: the writer has not said */
	uint16_t rows;
	struct buf input;
	uint64_t input_owner; /* the console whose bytes wait in it */
};

/* serial_viewer.c */
/** serial_pump_all() - what viewers are owed, as far as each takes it. Viewers may end. */
void serial_pump_all(struct serial *serial);
/** serial_watch_writer() - the writer is read again once its input finds room. */
void serial_watch_writer(struct serial *serial);
void serial_drop_viewer(struct viewer *viewer);

/* serial_line.c */
void serial_close_line(struct serial *serial);
/** serial_take_input() - @viewer's bytes for the guest; another's that wait are thrown away. */
void serial_take_input(struct viewer *viewer, const struct serial_message *message);
bool serial_input_has_room(const struct serial *serial);
void serial_drop_input(struct serial *serial);
/** serial_silence() - not a byte of what waits reaches the guest, nor what the kernel holds. */
void serial_silence(struct serial *serial);

/* serial_recovery.c */
void serial_note_gap(struct serial *serial);
void serial_note_start(struct serial *serial, uint64_t run);
void serial_note_stop(struct serial *serial);
/** serial_recover_now() - what was missed, if that can be said for sure. @live: what was heard
 * since. Return: 0, -EAGAIN (not yet: the log may lag) or -ENOENT (there is no log). */
int serial_recover_now(struct serial *serial, const char *path, const struct recover_place *opened,
		       const struct buf *live, bool is_at_rest);
void serial_start_recovery(struct serial *serial, const char *log, struct recover_place opened);
void serial_try_recovery(struct serial *serial, bool is_at_rest);
void serial_drop_recovery(struct serial *serial);
/** serial_take_output() - the line said @data: into the ring, or held back while the log is read.
 */
void serial_take_output(struct serial *serial, const void *data, size_t bytes);

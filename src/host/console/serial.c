/*
 * Theory of operation. Output goes from the line into the ring, and from the ring to each viewer as
 * fast as that viewer takes it. A viewer is no more than its place in the ring: one that is slow
 * finds one day that its place was overwritten, and gets a gap. So nothing grows, and neither the
 * guest nor another viewer waits.
 *
 * Input has a queue of its own from the writer to the line. When the guest does not read, the queue
 * fills, and then the writer's socket is not read any more. What waits there belongs to one writer:
 * when another takes over, or it is cut, it is thrown away, so that a new writer's Ctrl-C is first.
 *
 * A line that is found in the middle of a run is first held back: what the log has and the ring
 * has not comes before it (recover.h). Only then does new output go into the ring.
 */
#include "host/console/serial.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "host/console/serial_message.h"

#define LINE_READ_BYTES     ((size_t)65536)
#define LINE_FULL_BYTES     ((size_t)4095) /* a terminal's line gives no more at once */
#define LINE_BURST          8
#define LINE_LAST_READS     256
#define VIEWER_BURST        16
#define VIEWER_SOCKET_BYTES (64 * 1024)
#define HELD_MAX_BYTES      ((size_t)256 * 1024)
#define RECOVER_TICK_MS     100
#define RECOVER_REST_TICKS  3
#define RECOVER_MAX_TICKS   30

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

/* --- telling viewers --- */

/* The head of a message, on the stack: all of them are short. */
#define HEAD_BYTES (CONSOLE_LABEL_BYTES + 32)
#define HEAD(name, type)                                                                           \
	uint8_t name##_storage[HEAD_BYTES];                                                        \
	struct buf name = {.data = name##_storage, .cap = HEAD_BYTES, .max = HEAD_BYTES - 1};      \
	write_u8(&name, type)

/* 0 or -errno; -EAGAIN: it has to wait. */
static int send_parts(const struct viewer *viewer, const struct buf *head, const void *data,
		      size_t bytes)
{
	const struct iovec parts[2] = {{head->data, head->len}, {(void *)(uintptr_t)data, bytes}};
	const struct msghdr message = {.msg_iov = (struct iovec *)(uintptr_t)parts,
				       .msg_iovlen = bytes > 0 ? 2 : 1};

	while (sendmsg(viewer->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		if (errno != EINTR)
			return errno == ENOBUFS ? -EAGAIN : -errno;
	return 0;
}

static int send_ready(struct viewer *viewer)
{
	const struct ring *ring = viewer->serial->ring;
	int code;

	HEAD(head, SERIAL_READY);
	write_u64(&head, ring_first(ring));
	write_u64(&head, ring_end(ring));
	code = send_parts(viewer, &head, NULL, 0);
	viewer->is_ready = code == 0;
	return code;
}

static int send_writer(struct viewer *viewer)
{
	const struct viewer *writer = viewer->serial->writer;
	int code;

	HEAD(head, SERIAL_WRITER);
	write_u8(&head, writer == NULL ? 0 : writer == viewer ? 1 : 2);
	write_text(&head, writer != NULL ? writer->label : "");
	code = send_parts(viewer, &head, NULL, 0);
	viewer->owes_writer = code < 0;
	return code;
}

static int send_size(struct viewer *viewer)
{
	int code;

	HEAD(head, SERIAL_SIZE);
	write_u16(&head, viewer->serial->columns);
	write_u16(&head, viewer->serial->rows);
	code = send_parts(viewer, &head, NULL, 0);
	viewer->owes_size = code < 0;
	return code;
}

static int send_gap(struct viewer *viewer, uint64_t from, uint64_t to, enum serial_gap reason)
{
	HEAD(head, SERIAL_GAP);
	write_u64(&head, from);
	write_u64(&head, to);
	write_u8(&head, (uint8_t)reason);
	return send_parts(viewer, &head, NULL, 0);
}

/* Its place was overwritten: before it came, or because it does not keep up. */
static int send_lost(struct viewer *viewer, uint64_t first)
{
	int code = send_gap(viewer, viewer->next, first,
			    viewer->next < viewer->old_until ? SERIAL_GAP_OLD : SERIAL_GAP_SLOW);

	if (code == 0)
		viewer->next = first;
	return code;
}

static int send_note(struct viewer *viewer, const struct ring_note *note)
{
	int code;

	if (note->kind == RING_NOTE_GAP) {
		code = send_gap(viewer, note->offset, note->offset, note->value);
	} else {
		HEAD(head, SERIAL_MARK);
		write_u64(&head, note->offset);
		write_u8(&head, note->value);
		write_u64(&head, note->time_ms);
		code = send_parts(viewer, &head, NULL, 0);
	}
	if (code == 0)
		viewer->note++;
	return code;
}

static int send_live(struct viewer *viewer)
{
	int code;

	HEAD(head, SERIAL_LIVE);
	write_u64(&head, viewer->next);
	code = send_parts(viewer, &head, NULL, 0);
	viewer->is_live = code == 0;
	return code;
}

static int send_output(struct viewer *viewer, uint64_t until)
{
	const uint64_t left = until - viewer->next;
	size_t bytes = left < SERIAL_MAX_OUTPUT_BYTES ? (size_t)left : SERIAL_MAX_OUTPUT_BYTES;
	const void *data;
	int code;

	bytes = ring_peek(viewer->serial->ring, viewer->next, bytes, &data);
	HEAD(head, SERIAL_OUTPUT);
	write_u64(&head, viewer->next);
	code = send_parts(viewer, &head, data, bytes);
	if (code == 0)
		viewer->next += bytes;
	return code;
}

/* The next thing that this viewer is owed. 1: nothing is, 0: sent, else why it was not. */
static int send_next(struct viewer *viewer)
{
	const struct ring *ring = viewer->serial->ring;
	uint64_t until = ring_end(ring);

	if (!viewer->is_ready)
		return send_ready(viewer);
	if (viewer->owes_writer)
		return send_writer(viewer);
	if (viewer->owes_size)
		return send_size(viewer);
	if (viewer->next < ring_first(ring))
		return send_lost(viewer, ring_first(ring));
	if (viewer->note < ring_note_first(ring))
		viewer->note = ring_note_first(ring);
	if (viewer->note < ring_note_end(ring)) {
		const struct ring_note note = ring_note_get(ring, viewer->note);
		if (note.offset <= viewer->next)
			return send_note(viewer, &note);
		until = note.offset;
	}
	if (!viewer->is_live && viewer->next >= viewer->live_at)
		return send_live(viewer);
	if (!viewer->is_live && viewer->live_at < until)
		until = viewer->live_at;
	return viewer->next < until ? send_output(viewer, until) : 1;
}

/* --- a viewer's life --- */

static void free_viewer(uv_handle_t *handle)
{
	free(handle->data);
}

static void set_writer(struct serial *serial, struct viewer *writer);

/* Out of everything at once; the memory goes when libuv has let go of the handle. */
static void drop_viewer(struct viewer *viewer)
{
	struct serial *serial = viewer->serial;

	for (struct viewer **at = &serial->viewers; *at != NULL; at = &(*at)->next_viewer)
		if (*at == viewer) {
			*at = viewer->next_viewer;
			serial->viewer_count--;
			break;
		}
	uv_close((uv_handle_t *)&viewer->poll, free_viewer);
	(void)close(viewer->fd);
	viewer->fd = -1;
	if (serial->writer == viewer)
		set_writer(serial, NULL);
}

static void end_viewer(struct viewer *viewer, int end)
{
	const struct serial_events *events = viewer->serial->events;
	const uint64_t id = viewer->id;

	drop_viewer(viewer);
	events->ended(events->context, id, end);
}

static bool input_has_room(const struct serial *serial)
{
	return serial->input.len + SERIAL_MAX_GATHERED_BYTES <= SERIAL_INPUT_QUEUE_BYTES;
}

static void on_viewer(uv_poll_t *poll, int status, int events);

/* Nothing is read from a writer whose input would find no room. */
static void watch_viewer(struct viewer *viewer)
{
	int events = UV_DISCONNECT;

	if (viewer != viewer->serial->writer || input_has_room(viewer->serial))
		events |= UV_READABLE;
	if (viewer->is_blocked)
		events |= UV_WRITABLE;
	if (events != viewer->watched && uv_poll_start(&viewer->poll, events, on_viewer) == 0)
		viewer->watched = events;
}

/* Sends what it is owed, as far as it takes it. The viewer may be gone afterwards. */
static void pump(struct viewer *viewer)
{
	int code;

	do
		code = send_next(viewer);
	while (code == 0);
	viewer->is_blocked = code == -EAGAIN;
	if (code < 0 && code != -EAGAIN)
		end_viewer(viewer, 0);
	else
		watch_viewer(viewer);
}

static void pump_all(struct serial *serial)
{
	struct viewer *next;

	for (struct viewer *viewer = serial->viewers; viewer != NULL; viewer = next) {
		next = viewer->next_viewer;
		if (!viewer->is_blocked)
			pump(viewer);
	}
}

/* To be called again in the loop's next round: sending may end viewers, which the caller holds. */
static void pump_soon(struct serial *serial)
{
	for (struct viewer *viewer = serial->viewers; viewer != NULL;
	     viewer = viewer->next_viewer) {
		viewer->is_blocked = true;
		watch_viewer(viewer);
	}
}

/* --- input --- */

static void watch_line(struct line *line);

static void drop_input(struct serial *serial)
{
	buf_clear(&serial->input);
	if (serial->line != NULL && serial->line->wants_write) {
		serial->line->wants_write = false;
		watch_line(serial->line);
	}
	if (serial->writer != NULL)
		watch_viewer(serial->writer);
}

/* Sends what waits, as far as the guest takes it. */
static void flush_input(struct serial *serial)
{
	struct line *line = serial->line;
	ssize_t sent = 0;

	if (line == NULL) { /* nobody is there to read it, and nobody will who should */
		drop_input(serial);
		return;
	}
	while (serial->input.len > 0) {
		sent = write(line->fd, serial->input.data, serial->input.len);
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent <= 0)
			break;
		buf_consume(&serial->input, (size_t)sent);
	}
	/* Any error but "not now" is told by reading, too. */
	line->wants_write = serial->input.len > 0;
	watch_line(line);
	if (serial->writer != NULL)
		watch_viewer(serial->writer);
}

static void take_input(struct viewer *viewer, const struct serial_message *message)
{
	struct serial *serial = viewer->serial;

	if (serial->input_owner != viewer->id)
		drop_input(serial);
	serial->input_owner = viewer->id;
	(void)buf_append(&serial->input, message->data, message->bytes);
	flush_input(serial);
}

/* --- who writes --- */

static void set_writer(struct serial *serial, struct viewer *writer)
{
	struct viewer *before = serial->writer;

	if (before == writer)
		return;
	serial->writer = writer;
	if (writer != NULL && serial->input_owner != writer->id)
		drop_input(serial);
	for (struct viewer *viewer = serial->viewers; viewer != NULL; viewer = viewer->next_viewer)
		viewer->owes_writer = true;
	pump_soon(serial);
}

static void set_size(struct serial *serial, const struct serial_message *message)
{
	serial->columns = message->columns;
	serial->rows = message->rows;
	for (struct viewer *viewer = serial->viewers; viewer != NULL; viewer = viewer->next_viewer)
		viewer->owes_size = true;
	pump_soon(serial);
}

/* What a viewer said. Whoever may only look has no say, but is heard. */
static int take_message(struct viewer *viewer, const void *data, size_t bytes)
{
	struct serial *serial = viewer->serial;
	struct serial_message message;

	if (viewer->mode != CONSOLE_CONTROL)
		return 0;
	if (serial_message_read(data, bytes, &message) < 0)
		return ERR_PROTOCOL;
	switch (message.type) {
	case SERIAL_INPUT:
		if (serial->writer == viewer)
			take_input(viewer, &message);
		break;
	case SERIAL_SIZE:
		if (serial->writer == viewer)
			set_size(serial, &message);
		break;
	case SERIAL_TAKE:
		set_writer(serial, viewer);
		break;
	default: /* SERIAL_RELEASE */
		if (serial->writer == viewer)
			set_writer(serial, NULL);
		break;
	}
	return 0;
}

/* One datagram. False when there is no more to do now, or the viewer is gone. */
static bool read_viewer(struct viewer *viewer)
{
	static uint8_t data[1 + SERIAL_MAX_GATHERED_BYTES];
	ssize_t got;

	do
		got = recv(viewer->fd, data, sizeof data, MSG_DONTWAIT | MSG_TRUNC);
	while (got < 0 && errno == EINTR);
	if (got < 0 && errno == EAGAIN)
		return false;
	if (got <= 0) {
		end_viewer(viewer, 0);
		return false;
	}
	if ((size_t)got > sizeof data || take_message(viewer, data, (size_t)got) < 0) {
		end_viewer(viewer, HOST_CONSOLE_BAD);
		return false;
	}
	return viewer != viewer->serial->writer || input_has_room(viewer->serial);
}

static void on_viewer(uv_poll_t *poll, int status, int events)
{
	struct viewer *viewer = poll->data;

	if (status < 0 || (events & UV_DISCONNECT) != 0) {
		/* What it said before it went still counts. */
		while (status == 0 && read_viewer(viewer))
			;
		if (viewer->fd >= 0)
			end_viewer(viewer, 0);
		return;
	}
	if ((events & UV_READABLE) != 0)
		for (int i = 0; i < VIEWER_BURST && read_viewer(viewer); i++)
			;
	if (viewer->fd >= 0 && (events & UV_WRITABLE) != 0)
		pump(viewer);
	else if (viewer->fd >= 0)
		watch_viewer(viewer);
}

/* --- the line --- */

static void free_line(uv_handle_t *handle)
{
	free(handle->data);
}

static void free_recovery(uv_handle_t *handle)
{
	struct recovery *recovery = handle->data;

	buf_done(&recovery->held);
	free(recovery);
}

static void drop_recovery(struct serial *serial)
{
	if (serial->recovery != NULL)
		uv_close((uv_handle_t *)&serial->recovery->timer, free_recovery);
	serial->recovery = NULL;
}

static void close_line(struct serial *serial)
{
	struct line *line = serial->line;

	if (line == NULL)
		return;
	serial->line = NULL;
	if (line->lock[0] != '\0')
		(void)unlink(line->lock);
	uv_close((uv_handle_t *)&line->poll, free_line);
	(void)close(line->fd);
	line->fd = -1;
	drop_input(serial);
}

static void note_gap(struct serial *serial)
{
	struct ring_run run = ring_run(serial->ring);

	run.is_whole = false;
	ring_set_run(serial->ring, run);
	ring_note(serial->ring, RING_NOTE_GAP, SERIAL_GAP_AWAY);
}

static void note_start(struct serial *serial, uint64_t run)
{
	ring_note(serial->ring, RING_NOTE_MARK, SERIAL_MARK_START);
	ring_set_run(
		serial->ring,
		(struct ring_run){.id = run, .offset = ring_end(serial->ring), .is_whole = true});
}

static void note_stop(struct serial *serial)
{
	ring_note(serial->ring, RING_NOTE_MARK, SERIAL_MARK_STOP);
	ring_set_run(serial->ring, (struct ring_run){.offset = ring_end(serial->ring)});
}

/* What was missed, if that can be said for sure. @live: what was heard since. 0 or -ENOENT. */
static int recover(struct serial *serial, const char *path, const struct recover_place *opened,
		   const struct buf *live, bool is_at_rest)
{
	struct recover_log log;
	size_t from, to;
	int code = recover_read(path, &log);

	if (code < 0)
		return -ENOENT;
	code = recover_ring_end(&log, serial->ring, &from);
	/* What the log had when the line was opened did not come through the line. */
	if (code == 0 && opened->inode == log.inode && log.current_at + opened->bytes > from)
		to = log.current_at + (size_t)opened->bytes;
	else
		to = from;
	if (code == 0)
		code = recover_live_start(&log, to, live->data, live->len, is_at_rest, &to);
	if (code == 0)
		ring_append(serial->ring, log.bytes.data + from, to - from);
	recover_log_done(&log);
	return code;
}

/* @is_sure: nothing was missed, or all of it was found. */
static void end_recovery(struct serial *serial, bool is_sure)
{
	const bool is_last = serial->recovery->is_last;

	if (!is_sure)
		note_gap(serial);
	ring_append(serial->ring, serial->recovery->held.data, serial->recovery->held.len);
	drop_recovery(serial);
	if (is_last)
		note_stop(serial);
}

static void try_recovery(struct serial *serial, bool is_at_rest)
{
	const struct recovery *recovery = serial->recovery;

	end_recovery(serial, recover(serial, recovery->log, &recovery->opened, &recovery->held,
				     is_at_rest) == 0);
}

/* The log lags a little behind. So it is asked when both have been quiet for a while; a guest that
 * is never quiet is known by its words, once there are enough of them. */
static void on_recovery_tick(uv_timer_t *timer)
{
	struct recovery *recovery = timer->data;
	struct serial *serial = recovery->serial;
	const struct recover_place now = recover_place(recovery->log);
	const bool is_same = now.inode == recovery->last.inode &&
			     now.bytes == recovery->last.bytes &&
			     recovery->held.len == recovery->last_held_bytes;

	recovery->last = now;
	recovery->last_held_bytes = recovery->held.len;
	recovery->rest_ticks = is_same ? recovery->rest_ticks + 1 : 0;
	if (recovery->rest_ticks >= RECOVER_REST_TICKS)
		try_recovery(serial, true);
	else if (++recovery->ticks >= RECOVER_MAX_TICKS)
		try_recovery(serial, recovery->is_last);
	else
		return;
	pump_all(serial);
}

static void start_recovery(struct serial *serial, const char *log, struct recover_place opened)
{
	struct recovery *recovery = calloc(1, sizeof *recovery);

	if (recovery == NULL) {
		note_gap(serial);
		return;
	}
	(void)uv_timer_init(serial->loop, &recovery->timer);
	recovery->timer.data = recovery;
	recovery->serial = serial;
	recovery->held.max = HELD_MAX_BYTES + LINE_READ_BYTES;
	recovery->opened = opened;
	memcpy(recovery->log, log, sizeof recovery->log);
	serial->recovery = recovery;
	(void)uv_timer_start(&recovery->timer, on_recovery_tick, RECOVER_TICK_MS, RECOVER_TICK_MS);
}

static void take_output(struct serial *serial, const void *data, size_t bytes)
{
	if (serial->recovery == NULL) {
		ring_append(serial->ring, data, bytes);
		return;
	}
	if (buf_append(&serial->recovery->held, data, bytes) < 0) {
		end_recovery(serial, false);
		ring_append(serial->ring, data, bytes);
	} else if (serial->recovery->held.len >= HELD_MAX_BYTES) {
		try_recovery(serial, false);
	}
}

/* What the line has, up to a limit. False when it has ended. */
static bool read_line(struct line *line, int burst)
{
	static uint8_t data[LINE_READ_BYTES];
	ssize_t got = 0;

	for (int i = 0; i < burst; i++) {
		got = read(line->fd, data, sizeof data);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 && errno == EAGAIN;
		take_output(line->serial, data, (size_t)got);
		/* Less than it gives when it has more: asking again would be in vain. */
		if ((size_t)got < LINE_FULL_BYTES)
			return true;
	}
	return true;
}

/* The guest's run is over. A terminal line that hangs up throws away what was not read of it yet,
 * but the log has it. */
static void end_run(struct line *line)
{
	struct serial *serial = line->serial;
	char log[RECOVER_PATH_BYTES];

	memcpy(log, line->log, sizeof log);
	close_line(serial);
	if (serial->recovery == NULL && log[0] != '\0')
		start_recovery(serial, log, (struct recover_place){0});
	if (serial->recovery == NULL) {
		note_stop(serial);
		return;
	}
	serial->recovery->is_last = true;
	serial->recovery->ticks = 0;
	serial->recovery->rest_ticks = 0;
}

static void on_line(uv_poll_t *poll, int status, int events)
{
	struct line *line = poll->data;
	struct serial *serial = line->serial;

	/* Input first: it never waits behind output. */
	if ((events & UV_WRITABLE) != 0)
		flush_input(serial);
	if (!read_line(line, LINE_BURST) || status < 0)
		end_run(line);
	pump_all(serial);
}

static void watch_line(struct line *line)
{
	const int events = UV_READABLE | UV_DISCONNECT | (line->wants_write ? UV_WRITABLE : 0);

	if (events != line->watched && uv_poll_start(&line->poll, events, on_line) == 0)
		line->watched = events;
}

/* Takes the descriptor. The line listens, and what it says is held back when it is not the start.
 */
static void open_line(struct serial *serial, const struct serial_line *from, bool is_held)
{
	struct line *line = calloc(1, sizeof *line);
	int code = line != NULL ? fd_set_nonblock(from->fd, 1) : -ENOMEM;

	if (code < 0 || (code = uv_poll_init(serial->loop, &line->poll, from->fd)) < 0) {
		log_error("a serial port cannot be used: %s", uv_strerror(code));
		(void)close(from->fd);
		free(line);
		note_gap(serial);
		return;
	}
	line->poll.data = line;
	line->serial = serial;
	line->fd = from->fd;
	line->run = from->run;
	memcpy(line->lock, from->lock, sizeof line->lock);
	memcpy(line->log, from->log, sizeof line->log);
	serial->line = line;
	if (is_held)
		start_recovery(serial, from->log, from->log_place);
	watch_line(line);
}

/* It is off. If it was not when it was last seen: what were its last words? */
static void find_off(struct serial *serial, const struct serial_line *line)
{
	const struct buf nothing = {0};

	if (serial->line != NULL || serial->recovery != NULL || ring_run(serial->ring).id == 0)
		return;
	if (recover(serial, line->log, &line->log_place, &nothing, true) < 0)
		note_gap(serial);
	note_stop(serial);
}

void serial_attach(struct serial *serial, const struct serial_line *line)
{
	if (line->fd < 0) {
		find_off(serial, line);
		pump_all(serial);
		return;
	}
	if (serial->line != NULL && serial->line->run == line->run) {
		(void)close(line->fd);
		return;
	}
	if (serial->line != NULL) {
		for (int i = 0; i < LINE_LAST_READS && read_line(serial->line, 1); i++)
			;
		end_run(serial->line);
	}
	if (serial->recovery != NULL) /* the last run's; now or never */
		try_recovery(serial, true);
	if (ring_run(serial->ring).id != 0 &&
	    (line->is_from_start || ring_run(serial->ring).id != line->run)) {
		note_gap(serial);
		note_stop(serial);
	}
	if (ring_run(serial->ring).id == 0)
		note_start(serial, line->run);
	open_line(serial, line, !line->is_from_start);
	pump_all(serial);
}

void serial_mark(struct serial *serial, enum serial_mark mark)
{
	ring_note(serial->ring, RING_NOTE_MARK, (uint8_t)mark);
	pump_all(serial);
}

/* --- from outside --- */

int serial_new(uv_loop_t *loop, int folder_fd, const uint8_t uuid[UUID_BYTES], size_t ring_bytes,
	       const struct serial_events *events, struct serial **ret, struct err *err)
{
	struct serial *serial = calloc(1, sizeof *serial);
	bool is_lost = false;
	int code;

	if (serial == NULL)
		return err_set(err, -ENOMEM, "no memory for a serial port");
	code = ring_open(folder_fd, uuid, ring_bytes, &serial->ring, &is_lost, err);
	if (code < 0) {
		free(serial);
		return code;
	}
	serial->loop = loop;
	serial->events = events;
	serial->input.max = SERIAL_INPUT_QUEUE_BYTES;
	if (is_lost)
		ring_note(serial->ring, RING_NOTE_GAP, SERIAL_GAP_AWAY);
	*ret = serial;
	return 0;
}

void serial_free(struct serial *serial)
{
	if (serial == NULL)
		return;
	while (serial->viewers != NULL)
		drop_viewer(serial->viewers);
	close_line(serial);
	drop_recovery(serial);
	ring_free(serial->ring);
	buf_done(&serial->input);
	free(serial);
}

/* Where it begins, and what it will be told on the way. */
static void place_viewer(struct viewer *viewer, uint64_t from)
{
	const struct ring *ring = viewer->serial->ring;
	const uint64_t end = ring_end(ring);

	viewer->live_at = end;
	viewer->old_until = ring_first(ring);
	/* An offset beyond the end is of a ring that is no more. */
	viewer->next = from == CONSOLE_FROM_NOW ? end : from > end ? ring_first(ring) : from;
	viewer->note = ring_note_first(ring);
	while (viewer->note < ring_note_end(ring) &&
	       (ring_note_get(ring, viewer->note).offset < viewer->next ||
		ring_note_get(ring, viewer->note).offset < ring_first(ring)))
		viewer->note++;
	if (from == CONSOLE_FROM_NOW)
		viewer->note = ring_note_end(ring);
}

int serial_open(struct serial *serial, const struct host_console_open *open, int *ret_fd,
		struct err *err)
{
	const int size = VIEWER_SOCKET_BYTES;
	struct viewer *viewer;
	int ends[2], code;

	if (serial->viewer_count >= SERIAL_MAX_VIEWERS)
		return err_set(err, ERR_LIMIT, "%d people look at this serial console already",
			       SERIAL_MAX_VIEWERS);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) < 0)
		return err_set(err, -errno, "cannot make a socket: %s", strerror(errno));
	(void)setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
	(void)setsockopt(ends[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
	viewer = calloc(1, sizeof *viewer);
	code = viewer != NULL ? uv_poll_init(serial->loop, &viewer->poll, ends[0]) : -ENOMEM;
	if (code < 0) {
		free(viewer);
		(void)close(ends[0]);
		(void)close(ends[1]);
		return err_set(err, code, "cannot watch a viewer: %s", uv_strerror(code));
	}
	viewer->poll.data = viewer;
	viewer->serial = serial;
	viewer->fd = ends[0];
	viewer->id = open->console_id;
	viewer->mode = open->mode;
	viewer->owes_writer = true;
	viewer->owes_size = serial->columns != 0;
	(void)snprintf(viewer->label, sizeof viewer->label, "%s", open->label);
	place_viewer(viewer, open->from);
	viewer->next_viewer = serial->viewers;
	serial->viewers = viewer;
	serial->viewer_count++;
	if (serial->writer == NULL && open->mode == CONSOLE_CONTROL)
		set_writer(serial, viewer);
	viewer->is_blocked = true; /* its first words come in the loop's next round */
	watch_viewer(viewer);
	*ret_fd = ends[1];
	return 0;
}

/* Also what the kernel still holds for the guest. */
static void silence(struct serial *serial)
{
	drop_input(serial);
	if (serial->line != NULL && isatty(serial->line->fd))
		(void)tcflush(serial->line->fd, TCOFLUSH);
	serial->input_owner = 0;
}

void serial_close(struct serial *serial, uint64_t console_id)
{
	if (serial->input_owner == console_id)
		silence(serial);
	for (struct viewer *viewer = serial->viewers; viewer != NULL; viewer = viewer->next_viewer)
		if (viewer->id == console_id) {
			drop_viewer(viewer);
			return;
		}
}

void serial_close_all(struct serial *serial)
{
	silence(serial);
	while (serial->viewers != NULL)
		drop_viewer(serial->viewers);
}

void serial_end_viewers(struct serial *serial, enum host_console_end end)
{
	while (serial->viewers != NULL)
		end_viewer(serial->viewers, (int)end);
}

const struct ring *serial_ring(const struct serial *serial)
{
	return serial->ring;
}

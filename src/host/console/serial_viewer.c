/*
 * Those who look at a serial console: what each is owed and told, who writes, what they say.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/console/serial_state.h"

#define VIEWER_BURST        16
#define VIEWER_SOCKET_BYTES (64 * 1024)

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
void serial_drop_viewer(struct viewer *viewer)
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

	serial_drop_viewer(viewer);
	events->ended(events->context, id, end);
}

static void on_viewer(uv_poll_t *poll, int status, int events);

/* Nothing is read from a writer whose input would find no room. */
static void watch_viewer(struct viewer *viewer)
{
	int events = UV_DISCONNECT;

	if (viewer != viewer->serial->writer || serial_input_has_room(viewer->serial))
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

void serial_pump_all(struct serial *serial)
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

void serial_watch_writer(struct serial *serial)
{
	if (serial->writer != NULL)
		watch_viewer(serial->writer);
}

/* --- who writes --- */

static void set_writer(struct serial *serial, struct viewer *writer)
{
	struct viewer *before = serial->writer;

	if (before == writer)
		return;
	serial->writer = writer;
	if (writer != NULL && serial->input_owner != writer->id)
		serial_drop_input(serial);
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
			serial_take_input(viewer, &message);
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
	return viewer != viewer->serial->writer || serial_input_has_room(viewer->serial);
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

/* --- from outside --- */

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

void serial_close(struct serial *serial, uint64_t console_id)
{
	if (serial->input_owner == console_id)
		serial_silence(serial);
	for (struct viewer *viewer = serial->viewers; viewer != NULL; viewer = viewer->next_viewer)
		if (viewer->id == console_id) {
			serial_drop_viewer(viewer);
			return;
		}
}

void serial_close_all(struct serial *serial)
{
	serial_silence(serial);
	while (serial->viewers != NULL)
		serial_drop_viewer(serial->viewers);
}

void serial_end_viewers(struct serial *serial, enum host_console_end end)
{
	while (serial->viewers != NULL)
		end_viewer(serial->viewers, (int)end);
}

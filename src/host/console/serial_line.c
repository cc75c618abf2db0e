/*
 * The line to the guest: what it says goes into the ring, what the writer says waits for it here.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "host/console/serial_state.h"

#define LINE_FULL_BYTES ((size_t)4095) /* a terminal's line gives no more at once */
#define LINE_BURST      8
#define LINE_LAST_READS 256

/* --- input --- */

static void watch_line(struct line *line);

bool serial_input_has_room(const struct serial *serial)
{
	return serial->input.len + SERIAL_MAX_GATHERED_BYTES <= SERIAL_INPUT_QUEUE_BYTES;
}

void serial_drop_input(struct serial *serial)
{
	buf_clear(&serial->input);
	if (serial->line != NULL && serial->line->wants_write) {
		serial->line->wants_write = false;
		watch_line(serial->line);
	}
	serial_watch_writer(serial);
}

/* Sends what waits, as far as the guest takes it. */
static void flush_input(struct serial *serial)
{
	struct line *line = serial->line;
	ssize_t sent = 0;

	if (line == NULL) { /* nobody is there to read it, and nobody will who should */
		serial_drop_input(serial);
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
	serial_watch_writer(serial);
}

void serial_take_input(struct viewer *viewer, const struct serial_message *message)
{
	struct serial *serial = viewer->serial;

	if (serial->input_owner != viewer->id)
		serial_drop_input(serial);
	serial->input_owner = viewer->id;
	(void)buf_append(&serial->input, message->data, message->bytes);
	flush_input(serial);
}

/* Also what the kernel still holds for the guest. */
void serial_silence(struct serial *serial)
{
	serial_drop_input(serial);
	if (serial->line != NULL && isatty(serial->line->fd))
		(void)tcflush(serial->line->fd, TCOFLUSH);
	serial->input_owner = 0;
}

/* --- the line --- */

static void free_line(uv_handle_t *handle)
{
	free(handle->data);
}

void serial_close_line(struct serial *serial)
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
	serial_drop_input(serial);
}

/* What the line has, up to a limit. False when it has ended. */
static bool read_line(struct line *line, int burst)
{
	static uint8_t data[SERIAL_LINE_READ_BYTES];
	ssize_t got = 0;

	for (int i = 0; i < burst; i++) {
		got = read(line->fd, data, sizeof data);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 && errno == EAGAIN;
		serial_take_output(line->serial, data, (size_t)got);
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
	serial_close_line(serial);
	if (serial->recovery == NULL && log[0] != '\0')
		serial_start_recovery(serial, log, (struct recover_place){0});
	if (serial->recovery == NULL) {
		serial_note_stop(serial);
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
	serial_pump_all(serial);
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
		serial_note_gap(serial);
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
		serial_start_recovery(serial, from->log, from->log_place);
	watch_line(line);
}

/* It is off. If it was not when it was last seen: what were its last words? */
static void find_off(struct serial *serial, const struct serial_line *line)
{
	const struct buf nothing = {0};

	if (serial->line != NULL || serial->recovery != NULL || ring_run(serial->ring).id == 0)
		return;
	if (serial_recover_now(serial, line->log, &line->log_place, &nothing, true) < 0)
		serial_note_gap(serial);
	serial_note_stop(serial);
}

void serial_attach(struct serial *serial, const struct serial_line *line)
{
	if (line->fd < 0) {
		find_off(serial, line);
		serial_pump_all(serial);
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
		serial_try_recovery(serial, true);
	if (ring_run(serial->ring).id != 0 &&
	    (line->is_from_start || ring_run(serial->ring).id != line->run)) {
		serial_note_gap(serial);
		serial_note_stop(serial);
	}
	if (ring_run(serial->ring).id == 0)
		serial_note_start(serial, line->run);
	open_line(serial, line, !line->is_from_start);
	serial_pump_all(serial);
}

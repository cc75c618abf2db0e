/*
 * A run that is found in the middle, or whose line hung up: its log has what the line did not say.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/console/serial_state.h"

#define HELD_MAX_BYTES     ((size_t)256 * 1024)
#define RECOVER_TICK_MS    100
#define RECOVER_REST_TICKS 3
/* One that is never at rest is tried by its words as often as this, and at last given up. */
#define RECOVER_WORDS_TICKS 30
#define RECOVER_MAX_TICKS   120

void serial_note_gap(struct serial *serial)
{
	struct ring_run run = ring_run(serial->ring);

	run.is_whole = false;
	ring_set_run(serial->ring, run);
	ring_note(serial->ring, RING_NOTE_GAP, SERIAL_GAP_AWAY);
}

void serial_note_start(struct serial *serial, uint64_t run)
{
	ring_note(serial->ring, RING_NOTE_MARK, SERIAL_MARK_START);
	ring_set_run(
		serial->ring,
		(struct ring_run){.id = run, .offset = ring_end(serial->ring), .is_whole = true});
}

void serial_note_stop(struct serial *serial)
{
	ring_note(serial->ring, RING_NOTE_MARK, SERIAL_MARK_STOP);
	ring_set_run(serial->ring, (struct ring_run){.offset = ring_end(serial->ring)});
}

int serial_recover_now(struct serial *serial, const char *path, const struct recover_place *opened,
		       const struct buf *live, bool is_at_rest)
{
	struct recover_log log;
	size_t from, to;
	int code = recover_read(path, &log);

	if (code < 0)
		return code == -EAGAIN ? -EAGAIN : -ENOENT;
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
	return code < 0 ? -EAGAIN : 0;
}

static void free_recovery(uv_handle_t *handle)
{
	struct recovery *recovery = handle->data;

	buf_done(&recovery->held);
	free(recovery);
}

void serial_drop_recovery(struct serial *serial)
{
	if (serial->recovery != NULL)
		uv_close((uv_handle_t *)&serial->recovery->timer, free_recovery);
	serial->recovery = NULL;
}

/* @is_sure: nothing was missed, or all of it was found. */
static void end_recovery(struct serial *serial, bool is_sure)
{
	const bool is_last = serial->recovery->is_last;

	if (!is_sure)
		serial_note_gap(serial);
	ring_append(serial->ring, serial->recovery->held.data, serial->recovery->held.len);
	serial_drop_recovery(serial);
	if (is_last)
		serial_note_stop(serial);
}

static int recover_held(struct serial *serial, bool is_at_rest)
{
	const struct recovery *recovery = serial->recovery;

	return serial_recover_now(serial, recovery->log, &recovery->opened, &recovery->held,
				  is_at_rest);
}

void serial_try_recovery(struct serial *serial, bool is_at_rest)
{
	end_recovery(serial, recover_held(serial, is_at_rest) == 0);
}

/* The log lags a little behind. So it is asked when both have been quiet for a while; a guest that
 * is never quiet is known by its words, once there are enough of them. On a machine with much to do
 * the log may lag for longer, and a guest may speak too seldom for the one and too often for the
 * other: what was not found is looked for again. */
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
	recovery->ticks++;
	const bool is_at_rest =
		recovery->rest_ticks > 0 && recovery->rest_ticks % RECOVER_REST_TICKS == 0;
	int code;

	if (!is_at_rest && recovery->ticks % RECOVER_WORDS_TICKS != 0)
		return;
	code = recover_held(serial, is_at_rest || recovery->is_last);
	if (code == -EAGAIN && recovery->ticks < RECOVER_MAX_TICKS)
		return;
	end_recovery(serial, code == 0);
	serial_pump_all(serial);
}

void serial_start_recovery(struct serial *serial, const char *log, struct recover_place opened)
{
	struct recovery *recovery = calloc(1, sizeof *recovery);

	if (recovery == NULL) {
		serial_note_gap(serial);
		return;
	}
	(void)uv_timer_init(serial->loop, &recovery->timer);
	recovery->timer.data = recovery;
	recovery->serial = serial;
	recovery->held.max = HELD_MAX_BYTES + SERIAL_LINE_READ_BYTES;
	recovery->opened = opened;
	memcpy(recovery->log, log, sizeof recovery->log);
	serial->recovery = recovery;
	(void)uv_timer_start(&recovery->timer, on_recovery_tick, RECOVER_TICK_MS, RECOVER_TICK_MS);
}

void serial_take_output(struct serial *serial, const void *data, size_t bytes)
{
	if (serial->recovery == NULL) {
		ring_append(serial->ring, data, bytes);
		return;
	}
	if (buf_append(&serial->recovery->held, data, bytes) < 0) {
		end_recovery(serial, false);
		ring_append(serial->ring, data, bytes);
	} else if (serial->recovery->held.len >= HELD_MAX_BYTES) {
		serial_try_recovery(serial, false);
	}
}

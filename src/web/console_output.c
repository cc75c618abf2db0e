/*
 * Guest → client. One batch at a time, whose buffer belongs to the process, each message as a
 * frame; guests that write without end wait for their turns.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "web/console_state.h"

#define HEAD_BYTES   4                         /* of a frame of up to 65535 */
#define MANY_BYTES   (CONSOLE_BATCH_BYTES / 2) /* no more messages after so much */
#define TURN_MS      1
#define CALM_MS      1000
#define SERIAL_BYTES (SERIAL_OUTPUT_HEAD_BYTES + SERIAL_MAX_OUTPUT_BYTES)

/* Some small messages, and behind them one of the largest. */
static uint8_t batch[MANY_BYTES + CONSOLE_BATCH_BYTES];

/* One message of the guest's, as a frame at the end of the batch. False when there is none now. */
static bool batch_frame(struct console *console, size_t *used)
{
	const bool serial = console->kind == CONSOLE_SERIAL;
	const size_t room = serial ? SERIAL_BYTES : CONSOLE_BATCH_BYTES - HEAD_BYTES;
	uint8_t *at = batch + *used, head[WEBSOCKET_MAX_HEAD_BYTES];
	ssize_t got =
		recv(console->fd, at + HEAD_BYTES, room, MSG_DONTWAIT | (serial ? MSG_TRUNC : 0));

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (got <= 0 || (size_t)got > room) {
		console_host_gone(console);
		return false;
	}
	const size_t head_bytes = websocket_head(head, WEBSOCKET_BINARY, (uint64_t)got);
	if (head_bytes < HEAD_BYTES)
		memmove(at + head_bytes, at + HEAD_BYTES, (size_t)got);
	memcpy(at, head, head_bytes);
	*used += head_bytes + (size_t)got;
	console->bytes_from_guest += (uint64_t)got;
	/* After a small one there is most likely nothing: asking costs as much as sending. */
	return serial && (size_t)got >= CONSOLE_MANY_BYTES;
}

static void read_host(struct console *console)
{
	size_t used = 0;

	while (batch_frame(console, &used) && used <= MANY_BYTES)
		;
	console->flooding = used >= CONSOLE_RECORD_BYTES;
	if (used > 0)
		connection_send(console->connection, batch, used);
}

void console_leave_queue(struct console *console)
{
	struct console **at = &console->connection->web->waiting;

	if (!console->waiting)
		return;
	while (*at != console)
		at = &(*at)->next_waiting;
	*at = console->next_waiting;
	console->waiting = false;
}

static void on_turn(uv_timer_t *timer);

/* When somebody said something within the last second, with a rest before each turn: see below. */
static void plan_turn(struct web *web)
{
	const bool alone = uv_now(&web->loop) - web->heard_ms >= CALM_MS;

	(void)uv_timer_start(&web->turns, on_turn, alone ? 0 : TURN_MS, 0);
}

/*
 * Guests that write without end wait for each other, and for those who say little: while anybody
 * else is being served, all that flood share one batch in each millisecond. That is more than any
 * screen needs, and so little of a processor that the others are served as if nobody flooded.
 */
static void join_queue(struct console *console)
{
	struct web *web = console->connection->web;
	struct console **at = &web->waiting;

	if (console->waiting)
		return;
	if (!uv_is_active((uv_handle_t *)&web->turns))
		plan_turn(web);
	while (*at != NULL)
		at = &(*at)->next_waiting;
	console->next_waiting = NULL;
	console->waiting = true;
	*at = console;
}

void console_host_readable(struct console *console)
{
	if (console->flooding)
		join_queue(console);
	else
		read_host(console);
}

/* One of those that flood. */
static void on_turn(uv_timer_t *timer)
{
	struct web *web = timer->data;
	struct console *console = web->waiting;
	struct connection *connection;

	if (console == NULL)
		return;
	console_leave_queue(console);
	connection = console->connection;
	if (console->state == OPEN && connection_pending(connection) == 0)
		read_host(console);
	if (connection->fd >= 0) {
		/* Most likely there is more already. */
		if (console->state == OPEN && console->flooding &&
		    connection_pending(connection) == 0)
			join_queue(console);
		connection_watch(connection);
	}
	if (web->waiting != NULL)
		plan_turn(web);
}

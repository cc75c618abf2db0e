/*
 * Theory of operation. After core's 101 a console goes through
 *
 *   FIRST_FRAME → JUDGED → OPEN → (REASON) → ENDED
 *
 * The first frame goes to core unread; core answers with a descriptor or with a close. While OPEN
 * two streams flow that never wait for each other:
 *
 *   client → guest   the client is read only when the host has taken all before. So what is kept is
 *                    what one turn read, and an interrupt key never waits for output.
 *   guest → client   the descriptor is read only when all output has gone to the kernel. So what is
 *                    kept is the rest of one batch, and a slow reader slows its own guest side
 * alone.
 *
 * The buffers in between belong to the process, not to the console: an idle console has none. When
 * the host closes the descriptor, core knows why and is waited for shortly (REASON). ENDED is
 * entered once: there the descriptor is closed, core is told, and the close frame is under way.
 */
#include "web/console.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "web/console_state.h"
#include "web/core_link.h"
#include "web/handshake.h"

static void on_tap_closed(uv_handle_t *handle)
{
	free(handle); /* the poll is the tap's first member */
}

static void close_descriptor(struct console *console)
{
	console_end_rest(console);
	if (console->tap == NULL)
		return;
	console_leave_queue(console);
	console->tap->poll.data = NULL;
	uv_close((uv_handle_t *)&console->tap->poll, on_tap_closed);
	(void)close(console->fd);
	console->fd = -1;
	console->tap = NULL;
}

/* The last word to core and the end of all flow. */
void console_end(struct console *console, uint16_t code)
{
	const struct console_ended ended = {code, console->bytes_to_guest,
					    console->bytes_from_guest};

	if (console->state == ENDED)
		return;
	console->state = ENDED;
	close_descriptor(console);
	free(console->blocked);
	console->blocked = NULL;
	console->blocked_bytes = console->blocked_sent = 0;
	buf_done(&console->message);
	if (console->core_id != 0)
		core_link_ended(console->connection->web->core, console->core_id, &ended);
	console->core_id = 0;
}

/* @payload is in front of nothing: control frames and the greeting. */
void console_send_frame(struct console *console, uint8_t opcode, const void *payload, size_t bytes)
{
	uint8_t small[WEBSOCKET_MAX_HEAD_BYTES + sizeof((struct console_open *)0)->greeting];
	size_t head = websocket_head(small, opcode, bytes);

	if (bytes > 0)
		memcpy(small + head, payload, bytes);
	connection_send(console->connection, small, head + bytes);
}

void console_send_close(struct console *console, uint16_t code, const char *reason)
{
	uint8_t payload[WEBSOCKET_MAX_CONTROL_BYTES] = {(uint8_t)(code >> 8), (uint8_t)code};
	size_t bytes = strnlen(reason, sizeof payload - 2);

	memcpy(payload + 2, reason, bytes);
	console_send_frame(console, WEBSOCKET_CLOSE, payload,
			   code == WEBSOCKET_NO_CODE ? 0 : 2 + bytes);
}

void console_close(struct connection *connection, uint16_t code, const char *reason)
{
	struct console *console = connection->console;

	if (console->state == ENDED)
		return;
	console_end(console, code);
	console->deadline_ms = clock_mono_ms() + CONSOLE_CLOSE_MS;
	console_send_close(console, code, reason);
	if (connection->fd >= 0)
		connection_watch(connection);
}

/* Says why, and listens for no more than the client's end. */
void console_fail(struct console *console, uint16_t code, const char *reason)
{
	console->deaf = true;
	console_close(console->connection, code, reason);
}

void console_host_gone(struct console *console)
{
	close_descriptor(console);
	console->state = REASON;
	console->deadline_ms = clock_mono_ms() + CONSOLE_REASON_MS;
}

bool console_is_open(const struct connection *connection)
{
	return connection->console != NULL && connection->console->counted;
}

/* --- the descriptor, and the timers of all consoles --- */

static void on_host_ready(uv_poll_t *poll, int status, int events)
{
	struct console *console = poll->data;
	struct connection *connection;

	if (console == NULL)
		return;
	connection = console->connection;
	if (status < 0) {
		console_host_gone(console);
	} else {
		if ((events & UV_WRITABLE) != 0 && console->blocked != NULL) {
			console_send_blocked(console);
			/* What was read already wakes nobody: go on with it here. */
			if (console->blocked == NULL)
				console_ready(connection);
		}
		if (connection->fd >= 0 && console->state == OPEN &&
		    (events & (UV_READABLE | UV_DISCONNECT)) != 0 &&
		    connection_pending(connection) == 0)
			console_host_readable(console);
	}
	if (connection->fd >= 0)
		connection_watch(connection);
}

void console_watch(struct connection *connection)
{
	struct console *console = connection->console;
	int events = 0;

	if (console->tap == NULL)
		return;
	if (connection_pending(connection) == 0 && !console->waiting)
		events |= UV_READABLE | UV_DISCONNECT;
	if (console->blocked != NULL)
		events |= UV_WRITABLE;
	if (events == console->watched)
		return;
	console->watched = events;
	if (events == 0)
		(void)uv_poll_stop(&console->tap->poll);
	else
		(void)uv_poll_start(&console->tap->poll, events, on_host_ready);
}

void console_begin_turns(struct web *web)
{
	(void)uv_timer_init(&web->loop, &web->turns);
	web->turns.data = web;
	uv_unref((uv_handle_t *)&web->turns);
	(void)uv_timer_init(&web->loop, &web->rests);
	web->rests.data = web;
	uv_unref((uv_handle_t *)&web->rests);
}

void console_end_turns(struct web *web)
{
	uv_close((uv_handle_t *)&web->turns, NULL);
	uv_close((uv_handle_t *)&web->rests, NULL);
}

/* --- beginning, time and end --- */

void console_begin(struct connection *connection, uint64_t core_id,
		   const struct handshake *handshake, const struct http_reply *reply)
{
	const int unsent = CONSOLE_UNSENT_BYTES;
	const int64_t now = clock_mono_ms();
	struct console *console = calloc(1, sizeof *console);
	struct buf head CLEANUP(buf_done) = {0};

	if (console == NULL) {
		core_link_cancel(connection->web->core, core_id);
		connection_drop(connection);
		return;
	}
	console->connection = connection;
	console->fd = -1;
	console->core_id = core_id;
	console->message.max = CONSOLE_FIRST_FRAME_BYTES;
	console->heard_ms = console->pinged_ms = now;
	console->deadline_ms = now + CONSOLE_FIRST_FRAME_MS;
	console->websocket.max_message_bytes = CONSOLE_FIRST_FRAME_BYTES;
	connection->console = console;
	connection->state = CONSOLE;
	if (connection->in.len == 0)
		buf_done(&connection->in);
	if (connection_pending(connection) == 0) {
		buf_done(&connection->out);
		connection->out_sent = 0;
	}
	connection_set_deadline(connection, 0);
	connection->reads_ahead = true;
	(void)setsockopt(connection->fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof unsent);
	(void)buf_printf(&head,
			 "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
			 "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n",
			 handshake->accept);
	if (handshake->binary)
		(void)buf_puts(&head, "Sec-WebSocket-Protocol: binary\r\n");
	for (size_t i = 0; i < reply->header_count; i++)
		if (strcmp(reply->headers[i].name, "set-cookie") == 0 &&
		    http_is_clean(reply->headers[i].value))
			(void)buf_printf(&head, "Set-Cookie: %s\r\n", reply->headers[i].value);
	(void)buf_puts(&head, "\r\n");
	if (head.error != 0) {
		connection_drop(connection);
		return;
	}
	connection_send(connection, head.data, head.len);
	if (connection->fd >= 0)
		console_ready(connection); /* what came with the handshake */
	if (connection->fd >= 0)
		connection_watch(connection);
}

int console_open(struct connection *connection, const struct console_open *open, int fd)
{
	struct console *console = connection->console;
	const int64_t now = clock_mono_ms();
	struct tap *tap;

	if (console->state != JUDGED || (tap = calloc(1, sizeof *tap)) == NULL) {
		(void)close(fd);
		return ERR_PROTOCOL;
	}
	if (uv_poll_init(&connection->web->loop, &tap->poll, fd) < 0) {
		(void)close(fd);
		free(tap);
		console_close(connection, CONSOLE_LOST, "the host's descriptor is of no use");
		return 0;
	}
	tap->poll.data = console;
	console->tap = tap;
	console->fd = fd;
	/* A turn's bulk goes to a screen in one call; the kernel may allow less. */
	if (open->kind == CONSOLE_VNC)
		(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &(int){CONNECTION_AHEAD_BYTES},
				 sizeof(int));
	console->watched = 0;
	console->state = OPEN;
	console->deadline_ms = 0;
	console->kind = open->kind;
	console->idle_ms = open->idle_ms;
	console->life_until_ms = open->life_ms > 0 ? now + open->life_ms : 0;
	console->input_ms = now;
	console->message.max = 1 + SERIAL_MAX_INPUT_BYTES;
	console->websocket.max_message_bytes =
		open->kind == CONSOLE_SERIAL ? 1 + SERIAL_MAX_INPUT_BYTES : CONSOLE_MAX_VNC_BYTES;
	rfb_filter_init(&console->filter, open->mode == CONSOLE_VIEW);
	console->counted = true;
	connection->web->console_count++;
	/* The ticket is behind us, and what follows is much. */
	(void)SSL_clear_options(connection->tls, SSL_OP_CLEANSE_PLAINTEXT);
	console_send_frame(console, WEBSOCKET_TEXT, open->greeting, strlen(open->greeting));
	if (connection->fd >= 0)
		connection_watch(connection);
	return 0;
}

void console_core_lost(struct connection *connection)
{
	connection->console->core_id = 0;
	console_close(connection, CONSOLE_GOING_AWAY, "the service is starting again");
}

static void tick_open(struct console *console, int64_t now_ms)
{
	struct connection *connection = console->connection;
	const int64_t sign = console->heard_ms > connection->written_ms ? console->heard_ms
									: connection->written_ms;

	if (console->life_until_ms > 0 && now_ms >= console->life_until_ms) {
		console_close(connection, CONSOLE_LIFE, "open for as long as a console may be");
	} else if (console->idle_ms > 0 && now_ms - console->input_ms >= console->idle_ms) {
		console_close(connection, CONSOLE_IDLE, "nobody typed for too long");
	} else if (now_ms - sign >= CONSOLE_SILENT_MS) {
		connection_drop(connection);
	} else if (now_ms - console->pinged_ms >= CONSOLE_PING_MS) {
		console->pinged_ms = now_ms;
		if (connection_pending(connection) == 0)
			console_send_frame(console, WEBSOCKET_PING, "", 0);
	}
}

void console_tick(struct connection *connection, int64_t now_ms)
{
	struct console *console = connection->console;
	const bool late = console->deadline_ms > 0 && now_ms >= console->deadline_ms;

	console->controls = 0;
	if (console->state == OPEN)
		tick_open(console, now_ms);
	else if (!late)
		return;
	else if (console->state == FIRST_FRAME)
		console_close(connection, CONSOLE_REFUSED, "no ticket came in time");
	else if (console->state == ENDED)
		connection_drop(connection);
	else
		console_close(connection, CONSOLE_LOST, "the host has gone; come again");
	if (connection->fd >= 0)
		connection_watch(connection);
}

void console_dropped(struct connection *connection)
{
	struct console *console = connection->console;

	console_end(console, WEBSOCKET_ABNORMAL);
	if (console->counted)
		connection->web->console_count--;
	console->counted = false;
}

void console_free(struct console *console)
{
	if (console == NULL)
		return;
	buf_done(&console->message);
	free(console->blocked);
	free(console->leftover);
	free(console);
}

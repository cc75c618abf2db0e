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

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "web/connection.h"
#include "web/core_link.h"
#include "web/handshake.h"
#include "web/rfb_filter.h"
#include "web/web.h"
#include "web/websocket.h"

#define RECORD_BYTES 16384              /* of TLS */
#define BATCH_BYTES  (4 * RECORD_BYTES) /* what one turn carries from the guest */
#define HEAD_BYTES   4                  /* of a frame of up to 65535 */
#define TURN_MS      1
#define CALM_MS      1000
#define REST_MS      1
#define MANY_BYTES   2048
#define SERIAL_BYTES (SERIAL_OUTPUT_HEAD_BYTES + SERIAL_MAX_OUTPUT_BYTES)
#define GATHER_BYTES (8 * RECORD_BYTES)

enum console_state { FIRST_FRAME, JUDGED, OPEN, REASON, ENDED };

struct tap {
	uv_poll_t poll; /* its data is the console; NULL once let go */
};

struct console {
	struct connection *connection;
	struct tap *tap; /* NULL: no descriptor */
	int fd;
	int watched;
	enum console_state state;
	uint64_t core_id; /* 0: core does not wait for CONSOLE_ENDED (any more) */
	uint64_t bytes_to_guest, bytes_from_guest;
	int64_t deadline_ms; /* of the state; 0: none */
	int64_t life_until_ms;
	int64_t input_ms; /* somebody typed */
	int64_t heard_ms; /* the client said anything */
	int64_t pinged_ms;
	uint32_t idle_ms;
	uint8_t kind;
	struct console *next_waiting;
	struct console *next_resting;
	size_t heard_bytes; /* in this turn */
	bool waiting;       /* for its turn */
	bool resting;       /* its client is not read just now */
	bool flooding;      /* its last batch was large */
	bool counted;       /* among web's open consoles */
	bool client_gone;   /* found while reading */
	bool deaf;          /* its framing is broken: what comes is thrown away */
	uint8_t controls;   /* since the last tick */
	struct buf message; /* a message in fragments, or the first frame */
	uint8_t *blocked;   /* what the host did not take yet */
	size_t blocked_bytes, blocked_sent;
	uint8_t *leftover; /* was read, and waits for the host to take what is blocked */
	struct websocket websocket;
	struct rfb_filter filter;
};

/* Of the process: filled and emptied within one call. */
static uint8_t received[RECORD_BYTES];
static uint8_t gathered[GATHER_BYTES + RECORD_BYTES + RFB_HELD_BYTES];
static uint8_t batch[BATCH_BYTES];
static size_t gathered_bytes;

static void on_tap_closed(uv_handle_t *handle)
{
	free(handle); /* the poll is the tap's first member */
}

static void leave_queue(struct console *console)
{
	struct console **at = &console->connection->web->waiting;

	if (!console->waiting)
		return;
	while (*at != console)
		at = &(*at)->next_waiting;
	*at = console->next_waiting;
	console->waiting = false;
}

static void end_rest(struct console *console)
{
	struct console **at = &console->connection->web->resting;

	if (!console->resting)
		return;
	while (*at != console)
		at = &(*at)->next_resting;
	*at = console->next_resting;
	console->resting = false;
}

static void close_descriptor(struct console *console)
{
	end_rest(console);
	if (console->tap == NULL)
		return;
	leave_queue(console);
	(void)uv_poll_stop(&console->tap->poll);
	(void)close(console->fd);
	console->fd = -1;
	console->tap->poll.data = NULL;
	uv_close((uv_handle_t *)&console->tap->poll, on_tap_closed);
	console->tap = NULL;
}

/* The last word to core and the end of all flow. */
static void end(struct console *console, uint16_t code)
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
static void send_frame(struct console *console, uint8_t opcode, const void *payload, size_t bytes)
{
	uint8_t small[WEBSOCKET_MAX_HEAD_BYTES + sizeof((struct console_open *)0)->greeting];
	size_t head = websocket_head(small, opcode, bytes);

	if (bytes > 0)
		memcpy(small + head, payload, bytes);
	connection_send(console->connection, small, head + bytes);
}

static void send_close(struct console *console, uint16_t code, const char *reason)
{
	uint8_t payload[WEBSOCKET_MAX_CONTROL_BYTES] = {(uint8_t)(code >> 8), (uint8_t)code};
	size_t bytes = strnlen(reason, sizeof payload - 2);

	memcpy(payload + 2, reason, bytes);
	send_frame(console, WEBSOCKET_CLOSE, payload, code == WEBSOCKET_NO_CODE ? 0 : 2 + bytes);
}

/* After both close frames: the connection ends once its output is out. */
static void finish(struct connection *connection)
{
	if (connection->fd < 0)
		return;
	connection->state = CLOSING;
	connection_set_deadline(connection, CONSOLE_CLOSE_MS);
	connection_flush(connection);
}

void console_close(struct connection *connection, uint16_t code, const char *reason)
{
	struct console *console = connection->console;

	if (console->state == ENDED)
		return;
	end(console, code);
	console->deadline_ms = clock_mono_ms() + CONSOLE_CLOSE_MS;
	send_close(console, code, reason);
	if (connection->fd >= 0)
		connection_watch(connection);
}

/* Says why, and listens for no more than the client's end. */
static void fail(struct console *console, uint16_t code, const char *reason)
{
	console->deaf = true;
	console_close(console->connection, code, reason);
}

/* --- client → guest --- */

static void host_gone(struct console *console)
{
	close_descriptor(console);
	console->state = REASON;
	console->deadline_ms = clock_mono_ms() + CONSOLE_REASON_MS;
}

/* What the host did not take, for later: of a serial console its datagrams, each after its length.
 */
static void keep_blocked(struct console *console, const uint8_t *data, size_t bytes)
{
	const bool serial = console->kind == CONSOLE_SERIAL;
	const uint32_t length = (uint32_t)bytes;
	const size_t head = serial ? sizeof length : 0;
	uint8_t *kept = realloc(console->blocked, console->blocked_bytes + head + bytes);

	if (kept == NULL) {
		fail(console, WEBSOCKET_INTERNAL, "no memory");
		return;
	}
	console->blocked = kept;
	memcpy(kept + console->blocked_bytes, &length, head);
	memcpy(kept + console->blocked_bytes + head, data, bytes);
	console->blocked_bytes += head + bytes;
}

/* Once the host does not take all, no more is read from the client until it has. */
static void send_to_host(struct console *console, const uint8_t *data, size_t bytes)
{
	ssize_t sent = 0;

	if (console->state != OPEN || bytes == 0)
		return;
	console->bytes_to_guest += bytes;
	if (console->blocked != NULL) {
		keep_blocked(console, data, bytes);
		return;
	}
	do
		sent = send(console->fd, data, bytes, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (sent < 0 && errno == EINTR);
	if (sent == (ssize_t)bytes)
		return;
	if (sent < 0 && errno != EAGAIN && errno != ENOBUFS) {
		host_gone(console);
		return;
	}
	if (sent < 0)
		sent = 0;
	console->blocked_bytes = console->blocked_sent = 0;
	keep_blocked(console, data + sent, bytes - (size_t)sent);
}

static void push_gathered(struct console *console)
{
	size_t bytes = gathered_bytes;

	gathered_bytes = 0;
	send_to_host(console, gathered, bytes);
}

/* The host takes again. */
static void send_blocked(struct console *console)
{
	const bool serial = console->kind == CONSOLE_SERIAL;

	while (console->blocked_sent < console->blocked_bytes) {
		const uint8_t *at = console->blocked + console->blocked_sent;
		size_t left = console->blocked_bytes - console->blocked_sent;
		uint32_t length = 0;
		if (serial) {
			memcpy(&length, at, sizeof length);
			at += sizeof length;
			left = length;
		}
		ssize_t sent = send(console->fd, at, left, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0 && (errno == EAGAIN || errno == ENOBUFS))
			return;
		if (sent < 0) {
			host_gone(console);
			break;
		}
		console->blocked_sent += (size_t)sent + (serial ? sizeof length : 0);
	}
	free(console->blocked);
	console->blocked = NULL;
	console->blocked_bytes = console->blocked_sent = 0;
}

/* More of what the client says into the parser. False when there is nothing now. */
static bool read_client(struct console *console)
{
	struct connection *connection = console->connection;
	struct buf *early = &connection->in; /* what came with the handshake */
	ssize_t got;

	if (console->resting)
		return false;
	if (early->len > 0) {
		got = (ssize_t)(early->len < sizeof received ? early->len : sizeof received);
		memcpy(received, early->data, (size_t)got);
		buf_consume(early, (size_t)got);
		if (early->len == 0)
			buf_done(early);
	} else {
		got = connection_read(connection, received, sizeof received);
	}
	console->client_gone = got < 0; /* dropped when all that is heard is worked off */
	if (got <= 0)
		return false;
	console->heard_ms = clock_mono_ms();
	console->heard_bytes += (size_t)got;
	websocket_feed(&console->websocket, received, (size_t)got);
	return true;
}

/* The buffer belongs to the process: what the host does not take yet moves. */
static void keep_leftover(struct console *console)
{
	struct websocket *websocket = &console->websocket;
	const size_t bytes = (size_t)(websocket->end - websocket->at);
	uint8_t *kept = NULL;

	if (bytes > 0 && !console->deaf) {
		kept = malloc(bytes);
		if (kept == NULL) {
			fail(console, WEBSOCKET_INTERNAL, "no memory");
			return;
		}
		memcpy(kept, websocket->at, bytes);
	}
	free(console->leftover);
	console->leftover = kept;
	websocket_feed(websocket, kept, kept != NULL ? bytes : 0);
}

static void take_first_frame(struct console *console, const struct websocket_part *part)
{
	struct connection *connection = console->connection;

	if (part->opcode != WEBSOCKET_TEXT) {
		fail(console, CONSOLE_PROTOCOL, "the first message is text");
		return;
	}
	(void)buf_append(&console->message, part->data, part->bytes);
	/* It holds the ticket. */
	explicit_bzero(part->data, part->bytes);
	if (!part->last)
		return;
	if (console->message.error != 0 ||
	    core_link_frame(connection->web->core, console->core_id, console->message.data,
			    console->message.len) < 0) {
		console_close(connection, CONSOLE_GOING_AWAY, "the service is busy");
		return;
	}
	explicit_bzero(console->message.data, console->message.len);
	buf_done(&console->message);
	console->state = JUDGED;
	console->deadline_ms = clock_mono_ms() + CONSOLE_JUDGE_MS;
}

/* Input that comes in one go goes to the host in one go; whatever else, by itself and in its place.
 */
static void gather_serial(struct console *console, const uint8_t *message, size_t bytes)
{
	const bool joins = gathered_bytes > 0 && message[0] == SERIAL_INPUT &&
			   gathered[0] == SERIAL_INPUT &&
			   gathered_bytes + bytes - 1 <= 1 + SERIAL_MAX_GATHERED_BYTES;

	if (!joins)
		push_gathered(console);
	memcpy(gathered + gathered_bytes, message + joins, bytes - joins);
	gathered_bytes += bytes - joins;
}

static void take_serial(struct console *console, const struct websocket_part *part)
{
	struct buf *message = &console->message;

	if (part->first && part->last && part->bytes > 0) {
		gather_serial(console, part->data, part->bytes);
	} else {
		(void)buf_append(message, part->data, part->bytes);
		if (!part->last)
			return;
		if (message->error != 0 || message->len == 0) {
			push_gathered(console);
			fail(console, CONSOLE_PROTOCOL, "a message has a type");
			return;
		}
		gather_serial(console, message->data, message->len);
		buf_done(message);
	}
	console->input_ms = console->heard_ms;
}

static void take_vnc(struct console *console, const struct websocket_part *part)
{
	bool input = false;
	size_t bytes;
	int code = rfb_filter_take(&console->filter, part->data, part->bytes,
				   gathered + gathered_bytes, &bytes, &input);

	gathered_bytes += bytes;
	if (input)
		console->input_ms = console->heard_ms;
	if (code < 0 || gathered_bytes >= GATHER_BYTES)
		push_gathered(console);
	if (code < 0)
		fail(console, CONSOLE_PROTOCOL, "an unknown message");
}

static void take_data(struct console *console, const struct websocket_part *part)
{
	switch (console->state) {
	case FIRST_FRAME:
		take_first_frame(console, part);
		break;
	case JUDGED:
		fail(console, CONSOLE_PROTOCOL, "not open yet");
		break;
	case OPEN:
		if (part->opcode != WEBSOCKET_BINARY)
			fail(console, CONSOLE_PROTOCOL, "messages are binary");
		else if (console->kind == CONSOLE_SERIAL)
			take_serial(console, part);
		else
			take_vnc(console, part);
		break;
	case REASON:
	case ENDED:
		break;
	}
}

static void take_close(struct console *console, const struct websocket_part *part)
{
	struct connection *connection = console->connection;
	uint16_t code = websocket_close_code(part->data, part->bytes);

	if (console->state != ENDED) {
		if (code == 0)
			code = CONSOLE_PROTOCOL;
		end(console, code);
		send_close(console, code, "");
	}
	finish(connection);
}

static void take_control(struct console *console, const struct websocket_part *part)
{
	struct connection *connection = console->connection;

	if (part->opcode == WEBSOCKET_CLOSE) {
		take_close(console, part);
		return;
	}
	if (++console->controls > CONSOLE_MAX_CONTROLS) {
		fail(console, WEBSOCKET_POLICY, "too many control frames");
		return;
	}
	/* One that does not read is owed no answers. */
	if (part->opcode == WEBSOCKET_PING && connection_pending(connection) == 0 &&
	    console->state != ENDED)
		send_frame(console, WEBSOCKET_PONG, part->data, part->bytes);
}

static const char *reason_of(uint16_t code)
{
	return code == CONSOLE_TOO_BIG    ? "a message is too large"
	       : code == WEBSOCKET_POLICY ? "too many empty frames"
					  : "malformed frames";
}

static void take_part(struct console *console, const struct websocket_part *part)
{
	if (part->opcode < WEBSOCKET_CLOSE) {
		take_data(console, part);
		return;
	}
	push_gathered(console);
	take_control(console, part);
}

static void on_rested(uv_timer_t *timer)
{
	struct web *web = timer->data;
	size_t count = 0;

	for (const struct console *console = web->resting; console != NULL;
	     console = console->next_resting)
		count++;
	/* Those that go on to send much are at the end of the list again. */
	for (; count > 0 && web->resting != NULL; count--) {
		struct console *console = web->resting;
		struct connection *connection = console->connection;

		end_rest(console);
		if (console->blocked == NULL)
			console_ready(connection);
		if (connection->fd >= 0)
			connection_watch(connection);
	}
	if (web->resting != NULL)
		(void)uv_timer_start(&web->rests, on_rested, REST_MS, 0);
}

/*
 * A client that sends much is not read for a moment. Each look at it costs as much as what it
 * brings; so looking less often halves the cost, and nobody can see a millisecond on a bulk of
 * bytes. What a person types is never so much.
 */
static void rest(struct console *console)
{
	struct web *web = console->connection->web;
	struct console **at = &web->resting;

	if (console->resting)
		return;
	while (*at != NULL)
		at = &(*at)->next_resting;
	console->next_resting = NULL;
	console->resting = true;
	*at = console;
	if (!uv_is_active((uv_handle_t *)&web->rests))
		(void)uv_timer_start(&web->rests, on_rested, REST_MS, 0);
}

static void work_off(struct connection *connection)
{
	struct console *console = connection->console;
	struct websocket_part part;

	connection->reads_left = 1;
	console->heard_bytes = 0;
	while (console->blocked == NULL && !console->deaf) {
		int code = websocket_take(&console->websocket, &part);
		if (code == 0 && !read_client(console))
			break;
		if (code == 1)
			take_part(console, &part);
		if (code < 0) {
			push_gathered(console);
			fail(console, (uint16_t)-code, reason_of((uint16_t)-code));
		}
		if (connection->fd < 0 || connection->state != CONSOLE) {
			gathered_bytes = 0;
			return;
		}
	}
	push_gathered(console);
	/* After the end of its framing: read and forget, until the client has gone. */
	while (console->deaf && read_client(console))
		;
	keep_leftover(console);
	if (connection->fd >= 0 && console->client_gone)
		connection_drop(connection);
	else if (console->state == OPEN && console->heard_bytes >= MANY_BYTES)
		rest(console);
}

void console_ready(struct connection *connection)
{
	work_off(connection);
	if (connection->fd >= 0)
		connection_keep_unread(connection);
}

void console_wake(struct connection *connection)
{
	end_rest(connection->console);
}

bool console_wants_input(const struct connection *connection)
{
	return connection->console->blocked == NULL && !connection->console->resting;
}

bool console_is_open(const struct connection *connection)
{
	return connection->console != NULL && connection->console->counted;
}

/* --- guest → client --- */

/* One message of the guest's, as a frame at the end of the batch. False when there is none now. */
static bool batch_frame(struct console *console, size_t *used)
{
	const bool serial = console->kind == CONSOLE_SERIAL;
	const size_t room = serial ? SERIAL_BYTES : BATCH_BYTES - HEAD_BYTES;
	uint8_t *at = batch + *used, head[WEBSOCKET_MAX_HEAD_BYTES];
	ssize_t got =
		recv(console->fd, at + HEAD_BYTES, room, MSG_DONTWAIT | (serial ? MSG_TRUNC : 0));

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (got <= 0 || (size_t)got > room) {
		host_gone(console);
		return false;
	}
	const size_t head_bytes = websocket_head(head, WEBSOCKET_BINARY, (uint64_t)got);
	if (head_bytes < HEAD_BYTES)
		memmove(at + head_bytes, at + HEAD_BYTES, (size_t)got);
	memcpy(at, head, head_bytes);
	*used += head_bytes + (size_t)got;
	console->bytes_from_guest += (uint64_t)got;
	/* After a small one there is most likely nothing: asking costs as much as sending. */
	return serial && (size_t)got >= MANY_BYTES;
}

static void read_host(struct console *console)
{
	size_t used = 0;

	while (batch_frame(console, &used) && used + HEAD_BYTES + SERIAL_BYTES <= BATCH_BYTES)
		;
	console->flooding = used >= RECORD_BYTES;
	if (used > 0)
		connection_send(console->connection, batch, used);
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

/* One of those that flood. */
static void on_turn(uv_timer_t *timer)
{
	struct web *web = timer->data;
	struct console *console = web->waiting;
	struct connection *connection;

	if (console == NULL)
		return;
	leave_queue(console);
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

static void on_host_ready(uv_poll_t *poll, int status, int events)
{
	struct console *console = poll->data;
	struct connection *connection;

	if (console == NULL)
		return;
	connection = console->connection;
	if (status < 0) {
		host_gone(console);
	} else {
		if ((events & UV_WRITABLE) != 0 && console->blocked != NULL) {
			send_blocked(console);
			/* What was read already wakes nobody: go on with it here. */
			if (console->blocked == NULL)
				console_ready(connection);
		}
		if (connection->fd >= 0 && console->state == OPEN &&
		    (events & (UV_READABLE | UV_DISCONNECT)) != 0 &&
		    connection_pending(connection) == 0) {
			if (console->flooding)
				join_queue(console);
			else
				read_host(console);
		}
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
	send_frame(console, WEBSOCKET_TEXT, open->greeting, strlen(open->greeting));
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
			send_frame(console, WEBSOCKET_PING, "", 0);
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

	end(console, WEBSOCKET_ABNORMAL);
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

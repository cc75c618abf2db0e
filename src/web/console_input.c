/*
 * Client → guest. What a turn reads is decrypted record behind record into one place, unmasked and
 * filtered where it lies, and sent from there in one go; what the host does not take is kept, and
 * the client is not read until it has.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/clock.h"
#include "web/console_state.h"
#include "web/core_link.h"

#define REST_MS       2
#define PLACE_BYTES   CONNECTION_AHEAD_BYTES /* what one turn reads */
#define GATHER_SLICES 256
#define SMALL_BYTES   256
#define MOST_BETWEEN  (WEBSOCKET_MAX_HEAD_BYTES + WEBSOCKET_MASK_BYTES + 1) /* a message's type */

/* Of the process: filled and emptied within one call. The filter may put out what it held back
 * before what it is given. */
static uint8_t place[RFB_HELD_BYTES + PLACE_BYTES];
static size_t place_used = RFB_HELD_BYTES;
/* What is for the host, in the place or in a console's own memory; of a serial console one message.
 */
static struct iovec gathered[GATHER_SLICES];
static size_t gathered_count, gathered_bytes;

/* What the host did not take, for later: of a serial console its datagrams, each after its length.
 */
static void keep_blocked(struct console *console, size_t taken)
{
	const bool serial = console->kind == CONSOLE_SERIAL;
	const uint32_t length = (uint32_t)gathered_bytes;
	const size_t head = serial ? sizeof length : 0;
	uint8_t *kept =
		realloc(console->blocked, console->blocked_bytes + head + gathered_bytes - taken);

	if (kept == NULL) {
		console_fail(console, WEBSOCKET_INTERNAL, "no memory");
		return;
	}
	console->blocked = kept;
	memcpy(kept + console->blocked_bytes, &length, head);
	console->blocked_bytes += head;
	for (size_t i = 0; i < gathered_count; i++) {
		const size_t skip = taken < gathered[i].iov_len ? taken : gathered[i].iov_len;
		const size_t bytes = gathered[i].iov_len - skip;
		memcpy(kept + console->blocked_bytes, (uint8_t *)gathered[i].iov_base + skip,
		       bytes);
		console->blocked_bytes += bytes;
		taken -= skip;
	}
}

/* Once the host does not take all, no more is read from the client until it has. */
static void send_to_host(struct console *console)
{
	const struct msghdr message = {.msg_iov = gathered, .msg_iovlen = gathered_count};
	ssize_t sent = 0;

	if (console->state != OPEN || gathered_bytes == 0)
		return;
	console->bytes_to_guest += gathered_bytes;
	if (console->blocked != NULL) {
		keep_blocked(console, 0);
		return;
	}
	do
		sent = sendmsg(console->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (sent < 0 && errno == EINTR);
	if (sent == (ssize_t)gathered_bytes)
		return;
	if (sent < 0 && errno != EAGAIN && errno != ENOBUFS) {
		console_host_gone(console);
		return;
	}
	console->blocked_bytes = console->blocked_sent = 0;
	keep_blocked(console, sent > 0 ? (size_t)sent : 0);
}

static void forget_gathered(void)
{
	gathered_count = gathered_bytes = 0;
}

static void push_gathered(struct console *console)
{
	send_to_host(console);
	forget_gathered();
}

/* @data is close behind what was gathered last, with no more than a frame's head between them. */
static bool is_next(const struct iovec *last, const uint8_t *data)
{
	const uintptr_t end = (uintptr_t)last->iov_base + last->iov_len;

	return (uintptr_t)data >= end && (uintptr_t)data - end <= MOST_BETWEEN;
}

/* @data stays where it is until it is pushed. Small ones move up to the one before: a slice costs
 * more than they do. */
static void gather(struct console *console, uint8_t *data, size_t bytes)
{
	struct iovec *last = gathered_count > 0 ? &gathered[gathered_count - 1] : NULL;

	if (bytes == 0)
		return;
	if (last != NULL && bytes <= SMALL_BYTES && is_next(last, data)) {
		memmove((uint8_t *)last->iov_base + last->iov_len, data, bytes);
		last->iov_len += bytes;
		gathered_bytes += bytes;
		return;
	}
	if (gathered_count == GATHER_SLICES)
		push_gathered(console);
	gathered[gathered_count++] = (struct iovec){data, bytes};
	gathered_bytes += bytes;
}

/* The host takes again. */
void console_send_blocked(struct console *console)
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
			console_host_gone(console);
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
	uint8_t *at;
	ssize_t got;

	if (console->resting)
		return false;
	/* All that was read is parsed; what is for the host lies there until it is sent. */
	if (place_used + CONSOLE_RECORD_BYTES > sizeof place) {
		push_gathered(console);
		place_used = RFB_HELD_BYTES;
		if (console->blocked != NULL)
			return false;
	}
	at = place + place_used;
	if (early->len > 0) {
		got = (ssize_t)(early->len < CONSOLE_RECORD_BYTES ? early->len
								  : CONSOLE_RECORD_BYTES);
		memcpy(at, early->data, (size_t)got);
		buf_consume(early, (size_t)got);
		if (early->len == 0)
			buf_done(early);
	} else {
		got = connection_read(connection, at, CONSOLE_RECORD_BYTES);
	}
	console->client_gone = got < 0; /* dropped when all that is heard is worked off */
	if (got <= 0)
		return false;
	if (console->heard_bytes == 0)
		console->heard_ms = clock_mono_ms();
	console->heard_bytes += (size_t)got;
	place_used += (size_t)got;
	websocket_feed(&console->websocket, at, (size_t)got);
	return true;
}

/* The buffer belongs to the process: what the host does not take yet moves. */
static void keep_leftover(struct console *console)
{
	struct websocket *websocket = &console->websocket;
	const size_t bytes = (size_t)(websocket->end - websocket->at);
	uint8_t *kept = NULL;

	if (bytes > 0 && !console->deaf) {
		kept = malloc(RFB_HELD_BYTES + bytes);
		if (kept == NULL) {
			console_fail(console, WEBSOCKET_INTERNAL, "no memory");
			return;
		}
		memcpy(kept + RFB_HELD_BYTES, websocket->at, bytes);
	}
	free(console->leftover);
	console->leftover = kept;
	if (kept != NULL)
		websocket_feed(websocket, kept + RFB_HELD_BYTES, bytes);
	else
		websocket_feed(websocket, NULL, 0);
}

static void take_first_frame(struct console *console, const struct websocket_part *part)
{
	struct connection *connection = console->connection;

	if (part->opcode != WEBSOCKET_TEXT) {
		console_fail(console, CONSOLE_PROTOCOL, "the first message is text");
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
static void gather_serial(struct console *console, uint8_t *message, size_t bytes)
{
	const bool joins = gathered_count > 0 && gathered_count < GATHER_SLICES &&
			   message[0] == SERIAL_INPUT &&
			   *(const uint8_t *)gathered[0].iov_base == SERIAL_INPUT &&
			   gathered_bytes + bytes - 1 <= 1 + SERIAL_MAX_GATHERED_BYTES;

	if (!joins)
		push_gathered(console);
	gather(console, message + joins, bytes - joins);
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
			console_fail(console, CONSOLE_PROTOCOL, "a message has a type");
			return;
		}
		gather_serial(console, message->data, message->len);
		push_gathered(console);
		buf_done(message);
	}
	console->input_ms = console->heard_ms;
}

static void take_vnc(struct console *console, const struct websocket_part *part)
{
	uint8_t *out = part->data - console->filter.held_bytes;
	bool input = false;
	size_t bytes;
	int code = rfb_filter_take(&console->filter, part->data, part->bytes, out, &bytes, &input);

	gather(console, out, bytes);
	if (input)
		console->input_ms = console->heard_ms;
	if (code < 0) {
		push_gathered(console);
		console_fail(console, CONSOLE_PROTOCOL, "an unknown message");
	}
}

static void take_data(struct console *console, const struct websocket_part *part)
{
	switch (console->state) {
	case FIRST_FRAME:
		take_first_frame(console, part);
		break;
	case JUDGED:
		console_fail(console, CONSOLE_PROTOCOL, "not open yet");
		break;
	case OPEN:
		if (part->opcode != WEBSOCKET_BINARY)
			console_fail(console, CONSOLE_PROTOCOL, "messages are binary");
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

/* After both close frames: the connection ends once its output is out. */
static void finish(struct connection *connection)
{
	if (connection->fd < 0)
		return;
	connection->state = CLOSING;
	connection_set_deadline(connection, CONSOLE_CLOSE_MS);
	connection_flush(connection);
}

static void take_close(struct console *console, const struct websocket_part *part)
{
	struct connection *connection = console->connection;
	uint16_t code = websocket_close_code(part->data, part->bytes);

	if (console->state != ENDED) {
		if (code == 0)
			code = CONSOLE_PROTOCOL;
		console_end(console, code);
		console_send_close(console, code, "");
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
		console_fail(console, WEBSOCKET_POLICY, "too many control frames");
		return;
	}
	/* One that does not read is owed no answers. */
	if (part->opcode == WEBSOCKET_PING && connection_pending(connection) == 0 &&
	    console->state != ENDED)
		console_send_frame(console, WEBSOCKET_PONG, part->data, part->bytes);
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

void console_end_rest(struct console *console)
{
	struct console **at = &console->connection->web->resting;

	if (!console->resting)
		return;
	while (*at != console)
		at = &(*at)->next_resting;
	*at = console->next_resting;
	console->resting = false;
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

		console_end_rest(console);
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
	place_used = RFB_HELD_BYTES;
	while (console->blocked == NULL && !console->deaf) {
		int code = websocket_take(&console->websocket, &part);
		if (code == 0 && !read_client(console))
			break;
		if (code == 1)
			take_part(console, &part);
		if (code < 0) {
			push_gathered(console);
			console_fail(console, (uint16_t)-code, reason_of((uint16_t)-code));
		}
		if (connection->fd < 0 || connection->state != CONSOLE) {
			forget_gathered();
			return;
		}
	}
	push_gathered(console);
	/* After the end of its framing: read and forget, until the client has gone. */
	while (console->deaf && read_client(console))
		place_used = RFB_HELD_BYTES;
	keep_leftover(console);
	if (connection->fd >= 0 && console->client_gone)
		connection_drop(connection);
	else if (console->state == OPEN && console->heard_bytes >= CONSOLE_MANY_BYTES)
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
	console_end_rest(connection->console);
}

bool console_wants_input(const struct connection *connection)
{
	return connection->console->blocked == NULL && !connection->console->resting;
}

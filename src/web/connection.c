/*
 * Theory of operation. A connection is a small machine driven by its socket's readiness and by
 * core's answers:
 *
 *   HANDSHAKE → HEAD → BODY → WAITING → (REPLYING) → HEAD …      CLOSING once the last byte is to
 * go out
 *
 * Bytes from the client gather in `in` and are parsed in place; one request is worked on at a time
 * and what was pipelined behind it waits there. Bytes for the client gather in `out`. Both are
 * bounded. A connection is dropped by drop(), which stops all callbacks at once; its memory goes
 * when libuv has let go of the handle, so every function that may drop looks at `fd` before it goes
 * on.
 */
#include "web/connection.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/parse.h"
#include "base/secret.h"
#include "web/core_link.h"
#include "web/http.h"
#include "web/panel.h"
#include "web/web.h"

#define READ_CHUNK_BYTES       16384
#define READ_BURST             8
#define INPUT_WHILE_BUSY_BYTES ((size_t)64 * 1024)
#define PEER_BYTES             64
#define REQUEST_ID_BYTES       8
#define TLS_HANDSHAKE_RECORD   0x16

enum state { HANDSHAKE, HEAD, BODY, WAITING, REPLYING, CLOSING };

struct connection {
	struct web *web;
	struct connection *next, *previous;
	uv_poll_t poll;
	int fd;
	SSL *tls;
	enum state state;
	char peer[PEER_BYTES];
	int64_t deadline_ms; /* monotonic; 0: none */
	struct buf in;
	struct buf out;
	size_t out_sent;
	bool tls_wants_write;

	/* of the request being worked on */
	size_t head_bytes;
	size_t body_at; /* how much of `in` behind the head was decoded, for a chunked body */
	uint64_t content_length;
	struct http_chunks chunks;
	struct buf body; /* a decoded chunked body */
	bool chunked;
	bool keep_alive;
	bool is_head;
	bool is_http_1_0;
	uint64_t core_id; /* 0: core is not asked */
	bool stream;      /* an event stream */
	bool reply_chunked;
};

static void process(struct connection *connection);

static void on_handle_closed(uv_handle_t *handle)
{
	struct connection *connection = handle->data;

	buf_done(&connection->in);
	buf_done(&connection->out);
	buf_done(&connection->body);
	free(connection);
}

static void drop(struct connection *connection)
{
	struct web *web = connection->web;

	if (connection->fd < 0)
		return;
	if (connection->core_id != 0)
		core_link_cancel(web->core, connection->core_id);
	(void)uv_poll_stop(&connection->poll);
	SSL_free(connection->tls);
	ERR_clear_error();
	(void)close(connection->fd);
	connection->fd = -1;
	if (connection->previous != NULL)
		connection->previous->next = connection->next;
	else
		web->connections = connection->next;
	if (connection->next != NULL)
		connection->next->previous = connection->previous;
	web->connection_count--;
	uv_close((uv_handle_t *)&connection->poll, on_handle_closed);
}

static void set_deadline(struct connection *connection, int64_t in_ms)
{
	connection->deadline_ms = in_ms > 0 ? clock_mono_ms() + in_ms : 0;
}

static size_t pending(const struct connection *connection)
{
	return connection->out.len - connection->out_sent;
}

/* Send what can be sent. */
static void flush(struct connection *connection)
{
	connection->tls_wants_write = false;
	while (connection->fd >= 0 && pending(connection) > 0) {
		size_t part = pending(connection) < 1U << 20 ? pending(connection) : 1U << 20;
		int sent = SSL_write(connection->tls, connection->out.data + connection->out_sent,
				     (int)part);
		if (sent > 0) {
			connection->out_sent += (size_t)sent;
			if (connection->state != CLOSING || pending(connection) > 0)
				set_deadline(connection, CONNECTION_WRITE_MS);
			continue;
		}
		switch (SSL_get_error(connection->tls, sent)) {
		case SSL_ERROR_WANT_READ:
			return;
		case SSL_ERROR_WANT_WRITE:
			connection->tls_wants_write = true;
			return;
		default:
			drop(connection);
			return;
		}
	}
	if (connection->fd < 0)
		return;
	/* All is out. Give a large buffer back; keep a small one for the next reply. */
	if (connection->out.cap > INPUT_WHILE_BUSY_BYTES)
		buf_done(&connection->out);
	else
		buf_clear(&connection->out);
	connection->out_sent = 0;
	if (connection->state == CLOSING) {
		(void)SSL_shutdown(connection->tls);
		drop(connection);
	} else if (connection->state == HEAD) {
		set_deadline(connection,
			     connection->in.len > 0 ? CONNECTION_HEAD_MS : CONNECTION_IDLE_MS);
	} else if (connection->state == REPLYING || connection->state == WAITING) {
		set_deadline(connection, 0);
	}
}

/* The request has been answered: the next one, or the end. */
static void finish_request(struct connection *connection)
{
	connection->core_id = 0;
	connection->stream = false;
	connection->state = connection->keep_alive && !connection->web->stopping ? HEAD : CLOSING;
	flush(connection);
}

static const char *code_of_status(unsigned status)
{
	switch (status) {
	case 405:
		return "method_not_allowed";
	case 408:
		return "timeout";
	case 413:
	case 414:
	case 431:
		return "request_too_large";
	case 417:
	case 501:
	case 505:
		return "unsupported_error";
	case 503:
		return "unavailable";
	default:
		return "invalid_input";
	}
}

static void write_date(struct buf *out)
{
	char text[64];
	time_t now = time(NULL);
	struct tm tm;

	(void)gmtime_r(&now, &tm);
	(void)strftime(text, sizeof text, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &tm);
	(void)buf_puts(out, text);
}

/* Status line and what every answer carries. The caller adds its own fields and the empty line. */
static void begin_head(struct connection *connection, unsigned status)
{
	static const char security[] =
		"X-Content-Type-Options: nosniff\r\n"
		"Referrer-Policy: no-referrer\r\n"
		"Cross-Origin-Opener-Policy: same-origin\r\n"
		"Cross-Origin-Resource-Policy: same-origin\r\n"
		"Permissions-Policy: camera=(), geolocation=(), microphone=(), payment=(), "
		"usb=()\r\n"
		"Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; "
		"img-src 'self' data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; "
		"form-action 'none'; base-uri 'none'; frame-ancestors 'none'\r\n";
	struct buf *out = &connection->out;

	(void)buf_printf(out, "HTTP/1.1 %u %s\r\n", status, http_reason(status));
	write_date(out);
	(void)buf_puts(out, security);
	if (connection->web->hsts)
		(void)buf_puts(out, "Strict-Transport-Security: max-age=31536000\r\n");
	if (!connection->keep_alive)
		(void)buf_puts(out, "Connection: close\r\n");
	else if (connection->is_http_1_0)
		(void)buf_puts(out, "Connection: keep-alive\r\n");
}

static void answer(struct connection *connection, unsigned status, const char *type,
		   const char *fields, const void *body, size_t bytes)
{
	begin_head(connection, status);
	(void)buf_printf(
		&connection->out,
		"Content-Type: %s\r\nCache-Control: no-store\r\nContent-Length: %zu\r\n%s\r\n",
		type, bytes, fields);
	if (!connection->is_head)
		(void)buf_append(&connection->out, body, bytes);
}

/* A refusal in the API's own shape, so that clients show its message. */
static void answer_error(struct connection *connection, unsigned status, const char *message,
			 const char *fields)
{
	char body[512];
	int len =
		snprintf(body, sizeof body,
			 "{\"error\":{\"code\":\"%s\",\"message\":\"%s\",\"details\":%s}}",
			 code_of_status(status), message, status == 400 ? "{\"fields\":[]}" : "{}");

	answer(connection, status, "application/json", fields, body, (size_t)len);
}

/* Refuse a request whose framing cannot be trusted any more: say why, then close. */
static void refuse(struct connection *connection, unsigned status)
{
	static const struct {
		unsigned status;
		const char *message;
	} messages[] = {
		{408, "the request did not arrive in time"},
		{413, "the request's body is too large"},
		{414, "the request's path and query are too long"},
		{417, "this expectation cannot be met"},
		{431, "the request's header is too large"},
		{501, "this transfer coding is not supported"},
		{505, "this version of HTTP is not supported"},
	};
	const char *message = "the request is malformed";

	for (size_t i = 0; i < ARRAY_SIZE(messages); i++)
		if (messages[i].status == status)
			message = messages[i].message;
	connection->keep_alive = false;
	connection->is_head = false;
	answer_error(connection, status, message, "");
	connection->state = CLOSING;
	set_deadline(connection, CONNECTION_WRITE_MS);
	flush(connection);
}

static void serve_file(struct connection *connection, const struct http_head *head,
		       const struct panel_file *file)
{
	const struct http_field *match = http_head_field(head, "if-none-match");
	const struct http_field *coding = http_head_field(head, "accept-encoding");
	const bool gzip = file->gzip_fd >= 0 && coding != NULL &&
			  memmem(coding->value.data, coding->value.len, "gzip", 4) != NULL;
	const size_t bytes = gzip ? file->gzip_bytes : file->bytes;
	struct buf *out = &connection->out;

	if (match != NULL &&
	    memmem(match->value.data, match->value.len, file->etag, strlen(file->etag)) != NULL) {
		begin_head(connection, 304);
		(void)buf_printf(
			out, "ETag: %s\r\nCache-Control: no-cache\r\nVary: Accept-Encoding\r\n\r\n",
			file->etag);
		return;
	}
	begin_head(connection, 200);
	(void)buf_printf(out,
			 "Content-Type: %s\r\nETag: %s\r\nCache-Control: no-cache\r\nVary: "
			 "Accept-Encoding\r\n"
			 "%sContent-Length: %zu\r\n\r\n",
			 file->type, file->etag, gzip ? "Content-Encoding: gzip\r\n" : "", bytes);
	if (connection->is_head || buf_reserve(out, bytes) < 0)
		return;
	if (pread(gzip ? file->gzip_fd : file->fd, out->data + out->len, bytes, 0) !=
	    (ssize_t)bytes) {
		drop(connection); /* the head is out already: a cut answer, not a wrong one */
		return;
	}
	out->len += bytes;
}

static void serve_panel(struct connection *connection, const struct http_head *head)
{
	static const char missing[] =
		"<!doctype html><html lang=\"ja\"><meta charset=\"utf-8\"><title>404 Ippo</title>"
		"<h1>404</h1><p>このページはありません。<a href=\"/\">Ippo に戻る</a></p>"
		"<p lang=\"en\">There is no such page. <a href=\"/\">Back to Ippo</a></p></html>";
	static const char not_built[] = "The panel is not installed; the API answers under /v1.\n";
	const uint8_t *query = memchr(head->target.data, '?', head->target.len);
	const size_t len = query != NULL ? (size_t)(query - head->target.data) : head->target.len;
	const bool readable = connection->is_head ||
			      (head->method.len == 3 && memcmp(head->method.data, "GET", 3) == 0);
	const struct panel_file *file;

	if (!readable)
		answer_error(connection, 405, "this is a page: it can be read, not changed",
			     "Allow: GET, HEAD\r\n");
	else if ((file = panel_find(connection->web->panel, (const char *)head->target.data,
				    len)) != NULL)
		serve_file(connection, head, file);
	else if (panel_is_empty(connection->web->panel))
		answer(connection, 404, "text/plain; charset=utf-8", "", not_built,
		       sizeof not_built - 1);
	else
		answer(connection, 404, "text/html; charset=utf-8", "", missing,
		       sizeof missing - 1);
	if (connection->fd >= 0)
		finish_request(connection);
}

/* A NUL-terminated copy inside @arena, which has room for every slice of the head and its NUL. */
static const char *copy_slice(char **arena, const struct slice *slice)
{
	char *text = *arena;

	memcpy(text, slice->data, slice->len);
	text[slice->len] = '\0';
	*arena += slice->len + 1;
	return text;
}

/* The fields core may see. 0, or -400 when one of them stands twice or is too long. */
static int forward_fields(const struct http_head *head, char **arena, struct http_request *request)
{
	static const char *const forwarded[] = {
		"accept-language", "authorization", "content-type",    "cookie", "host",
		"idempotency-key", "if-none-match", "last-event-id",   "origin", "referer",
		"user-agent",      "x-ippo-csrf",   "x-ippo-customer",
	};

	for (size_t i = 0; i < head->field_count; i++) {
		const struct http_field *field = &head->fields[i];
		for (size_t f = 0; f < ARRAY_SIZE(forwarded); f++) {
			if (field->name.len != strlen(forwarded[f]) ||
			    strncasecmp((const char *)field->name.data, forwarded[f],
					field->name.len) != 0)
				continue;
			if (http_request_header(request, forwarded[f]) != NULL ||
			    field->value.len > HTTP_MAX_HEADER_BYTES)
				return -400;
			request->headers[request->header_count++] = (struct http_header){
				forwarded[f], copy_slice(arena, &field->value)};
		}
	}
	return 0;
}

static void ask_core(struct connection *connection, const struct http_head *head,
		     const uint8_t *body, size_t bytes)
{
	AUTO_FREE char *arena = malloc(connection->head_bytes + HTTP_MAX_FIELDS + 8);
	struct http_request request = {.peer = connection->peer, .body = body, .body_bytes = bytes};
	uint8_t random[REQUEST_ID_BYTES];
	char id[2 * REQUEST_ID_BYTES + 1], *at = arena;
	int code = ERR_UNAVAILABLE;

	secret_random(random, sizeof random);
	format_hex(random, sizeof random, id);
	request.request_id = id;
	if (arena != NULL) {
		request.method = copy_slice(&at, &head->method);
		request.target = copy_slice(&at, &head->target);
		if (connection->is_head)
			request.method = "GET";
		if (forward_fields(head, &at, &request) < 0) {
			refuse(connection, 400);
			return;
		}
		connection->state = WAITING;
		set_deadline(connection, 0);
		code = core_link_ask(connection->web->core, connection, &request,
				     &connection->core_id);
		explicit_bzero(arena, connection->head_bytes);
	}
	if (code < 0)
		connection_core_lost(connection);
}

static bool is_api(const struct slice *target)
{
	return target->len >= 3 && memcmp(target->data, "/v1", 3) == 0 &&
	       (target->len == 3 || target->data[3] == '/' || target->data[3] == '?');
}

/* A whole request is there. */
static void dispatch(struct connection *connection, const uint8_t *body, size_t bytes, size_t used)
{
	struct http_head head;

	/* Parsed again: the slices must point to where the bytes are now. */
	if (http_head_parse(connection->in.data, connection->in.len, &head) <= 0) {
		refuse(connection, 400);
		return;
	}
	connection->is_head = head.method.len == 4 && memcmp(head.method.data, "HEAD", 4) == 0;
	connection->is_http_1_0 = head.minor == 0;
	if (is_api(&head.target))
		ask_core(connection, &head, body, bytes);
	else
		serve_panel(connection, &head);
	if (connection->fd < 0)
		return;
	/* What was read may have held a password. */
	explicit_bzero(connection->in.data, used);
	buf_consume(&connection->in, used);
	if (connection->in.len == 0 && connection->in.cap > READ_CHUNK_BYTES * 2)
		buf_done(&connection->in);
	buf_done(&connection->body);
}

static void take_head(struct connection *connection)
{
	struct http_head head;
	int used = http_head_parse(connection->in.data, connection->in.len, &head);

	if (used < 0) {
		refuse(connection, (unsigned)-used);
		return;
	}
	if (used == 0)
		return;
	if (head.content_length > HTTP_MAX_BODY_BYTES) {
		refuse(connection, 413);
		return;
	}
	connection->head_bytes = (size_t)used;
	connection->content_length = head.content_length;
	connection->chunked = head.chunked;
	connection->chunks = (struct http_chunks){0};
	connection->body_at = 0;
	connection->body.max = HTTP_MAX_BODY_BYTES;
	connection->keep_alive = head.keep_alive;
	connection->state = BODY;
	set_deadline(connection, CONNECTION_BODY_MS);
	if (head.expects_continue && connection->in.len == connection->head_bytes) {
		(void)buf_puts(&connection->out, "HTTP/1.1 100 Continue\r\n\r\n");
		flush(connection);
	}
}

static void take_body(struct connection *connection)
{
	const uint8_t *after_head = connection->in.data + connection->head_bytes;
	size_t there = connection->in.len - connection->head_bytes, used;
	int code;

	if (!connection->chunked) {
		if (there >= connection->content_length)
			dispatch(connection, after_head, (size_t)connection->content_length,
				 connection->head_bytes + (size_t)connection->content_length);
		return;
	}
	code = http_chunks_take(&connection->chunks, after_head + connection->body_at,
				there - connection->body_at, &used, &connection->body);
	connection->body_at += used;
	if (code < 0)
		refuse(connection, (unsigned)-code);
	else if (code == 1)
		dispatch(connection, connection->body.data, connection->body.len,
			 connection->head_bytes + connection->body_at);
}

/* Work on what has been read, until more is needed or a request is under way. */
static void process(struct connection *connection)
{
	for (;;) {
		const enum state before = connection->state;
		const size_t had = connection->in.len;
		if (connection->state == HEAD && connection->in.len > 0)
			take_head(connection);
		else if (connection->state == BODY)
			take_body(connection);
		else
			return;
		if (connection->fd < 0 ||
		    (connection->state == before && connection->in.len == had))
			return;
	}
}

static void watch(struct connection *connection);

static size_t input_limit(const struct connection *connection)
{
	/* A chunked body has its own limit; its framing may be as long again. */
	return connection->state == HEAD || connection->state == BODY
		       ? HTTP_MAX_HEAD_BYTES + 2 * HTTP_MAX_BODY_BYTES + READ_CHUNK_BYTES
		       : INPUT_WHILE_BUSY_BYTES;
}

static void read_input(struct connection *connection)
{
	for (int i = 0; i < READ_BURST && connection->fd >= 0; i++) {
		int got;
		if (connection->in.len >= input_limit(connection)) {
			if (connection->state == BODY)
				refuse(connection, 413);
			return;
		}
		if (buf_reserve(&connection->in, READ_CHUNK_BYTES) < 0) {
			drop(connection);
			return;
		}
		got = SSL_read(connection->tls, connection->in.data + connection->in.len,
			       READ_CHUNK_BYTES);
		if (got <= 0) {
			int error = SSL_get_error(connection->tls, got);
			if (error == SSL_ERROR_WANT_WRITE)
				connection->tls_wants_write = true;
			else if (error != SSL_ERROR_WANT_READ)
				drop(connection);
			return;
		}
		if (connection->state == HEAD && connection->in.len == 0)
			set_deadline(connection, CONNECTION_HEAD_MS);
		connection->in.len += (size_t)got;
		connection->in.data[connection->in.len] = '\0';
		process(connection);
	}
}

/* Somebody typed http:// before an https port: tell them, in the clear. */
static bool refuse_plain_http(struct connection *connection)
{
	static const char text[] =
		"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\n"
		"Content-Length: 35\r\n\r\nThis port speaks https: use https:\n";
	uint8_t first;

	if (recv(connection->fd, &first, 1, MSG_PEEK) != 1 || first == TLS_HANDSHAKE_RECORD)
		return false;
	(void)send(connection->fd, text, sizeof text - 1, MSG_NOSIGNAL);
	drop(connection);
	return true;
}

static void shake_hands(struct connection *connection)
{
	int code;

	if (SSL_get_state(connection->tls) == TLS_ST_BEFORE && refuse_plain_http(connection))
		return;
	code = SSL_accept(connection->tls);
	if (code == 1) {
		connection->state = HEAD;
		set_deadline(connection, CONNECTION_IDLE_MS);
		return;
	}
	switch (SSL_get_error(connection->tls, code)) {
	case SSL_ERROR_WANT_READ:
		return;
	case SSL_ERROR_WANT_WRITE:
		connection->tls_wants_write = true;
		return;
	default:
		drop(connection);
	}
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
	struct connection *connection = poll->data;

	if (status < 0) {
		drop(connection);
		return;
	}
	connection->tls_wants_write = false;
	if (connection->state == HANDSHAKE)
		shake_hands(connection);
	if (connection->fd >= 0 && connection->state != HANDSHAKE) {
		if (pending(connection) > 0)
			flush(connection);
		if (connection->fd >= 0)
			read_input(connection);
	}
	if (connection->fd >= 0)
		watch(connection);
}

static void watch(struct connection *connection)
{
	int events = 0;

	if (connection->in.len < input_limit(connection))
		events |= UV_READABLE;
	if (pending(connection) > 0 || connection->tls_wants_write)
		events |= UV_WRITABLE;
	/* With neither, a client that closes is still noticed. */
	(void)uv_poll_start(&connection->poll, events | UV_DISCONNECT, on_ready);
}

static bool peer_has_too_many(const struct web *web, const char *peer)
{
	unsigned count = 0;

	for (const struct connection *other = web->connections; other != NULL; other = other->next)
		count += strcmp(other->peer, peer) == 0;
	return count >= CONNECTION_MAX_PER_PEER;
}

void connection_accept(struct web *web, int fd, const char *peer)
{
	struct connection *connection;

	if (web->stopping || web->connection_count >= CONNECTION_MAX ||
	    peer_has_too_many(web, peer) || (connection = calloc(1, sizeof *connection)) == NULL) {
		(void)close(fd);
		return;
	}
	connection->web = web;
	connection->fd = fd;
	connection->out.max = CONNECTION_MAX_OUTPUT_BYTES;
	(void)snprintf(connection->peer, sizeof connection->peer, "%s", peer);
	connection->tls = SSL_new(web->tls);
	if (connection->tls == NULL || SSL_set_fd(connection->tls, fd) != 1 ||
	    uv_poll_init(&web->loop, &connection->poll, fd) < 0) {
		SSL_free(connection->tls);
		(void)close(fd);
		free(connection);
		return;
	}
	connection->poll.data = connection;
	connection->next = web->connections;
	if (connection->next != NULL)
		connection->next->previous = connection;
	web->connections = connection;
	web->connection_count++;
	set_deadline(connection, CONNECTION_HANDSHAKE_MS);
	watch(connection);
}

void connection_free_all(struct web *web)
{
	while (web->connections != NULL)
		drop(web->connections);
}

void connection_check_times(struct web *web)
{
	const int64_t now = clock_mono_ms();
	struct connection *next;

	for (struct connection *connection = web->connections; connection != NULL;
	     connection = next) {
		next = connection->next;
		if (connection->deadline_ms == 0 || now < connection->deadline_ms)
			continue;
		/* A request that began and did not end is told so; everything else just ends. */
		if (pending(connection) == 0 &&
		    (connection->state == BODY ||
		     (connection->state == HEAD && connection->in.len > 0))) {
			refuse(connection, 408);
			if (connection->fd >= 0)
				watch(connection);
		} else {
			drop(connection);
		}
	}
}

/* A value that could end its line would let core's data write fields of its own. */
static bool is_clean(const char *text)
{
	return text[strcspn(text, "\r\n")] == '\0';
}

static void append_chunk(struct connection *connection, const void *data, size_t bytes, bool more)
{
	struct buf *out = &connection->out;

	if (!connection->is_head && bytes > 0) {
		if (connection->reply_chunked)
			(void)buf_printf(out, "%zx\r\n", bytes);
		(void)buf_append(out, data, bytes);
		if (connection->reply_chunked)
			(void)buf_puts(out, "\r\n");
	}
	if (!more && connection->reply_chunked && !connection->is_head)
		(void)buf_puts(out, "0\r\n\r\n");
}

/* After an answer, or a part of one, was put into the output. */
static void after_output(struct connection *connection, bool more)
{
	const size_t limit = connection->stream ? CONNECTION_MAX_STREAM_BEHIND_BYTES
						: CONNECTION_MAX_OUTPUT_BYTES;

	if (connection->out.error != 0 || pending(connection) > limit) {
		drop(connection);
		return;
	}
	if (more) {
		connection->state = REPLYING;
		flush(connection);
	} else {
		connection->core_id = 0;
		finish_request(connection);
		if (connection->fd >= 0)
			process(connection); /* what was pipelined */
	}
	if (connection->fd >= 0)
		watch(connection);
}

void connection_reply(struct connection *connection, const struct http_reply *reply, bool more)
{
	const char *type = http_reply_header(reply, "content-type");
	const bool bodyless = reply->status == 204 || reply->status == 304;
	struct buf *out = &connection->out;

	connection->stream = more && type != NULL && strncmp(type, "text/event-stream", 17) == 0;
	connection->reply_chunked = more && !connection->is_http_1_0;
	if (more && connection->is_http_1_0)
		connection->keep_alive =
			false; /* the end of the connection is the end of the answer */
	begin_head(connection, reply->status);
	for (size_t i = 0; i < reply->header_count; i++)
		if (is_clean(reply->headers[i].name) && is_clean(reply->headers[i].value))
			(void)buf_printf(out, "%s: %s\r\n", reply->headers[i].name,
					 reply->headers[i].value);
	if (http_reply_header(reply, "cache-control") == NULL)
		(void)buf_puts(out, "Cache-Control: no-store\r\n");
	if (connection->reply_chunked)
		(void)buf_puts(out, "Transfer-Encoding: chunked\r\n");
	else if (!bodyless && !more)
		(void)buf_printf(out, "Content-Length: %zu\r\n", reply->body_bytes);
	(void)buf_puts(out, "\r\n");
	if (!bodyless)
		append_chunk(connection, reply->body, reply->body_bytes, more);
	after_output(connection, more);
}

void connection_chunk(struct connection *connection, const void *data, size_t bytes, bool more)
{
	append_chunk(connection, data, bytes, more);
	after_output(connection, more);
}

void connection_core_lost(struct connection *connection)
{
	connection->core_id = 0;
	if (connection->state == REPLYING) {
		/* What has begun cannot be completed; a cut stream makes the browser connect again.
		 */
		drop(connection);
		return;
	}
	answer_error(connection, 503,
		     "the service is starting again; try once more in a few seconds",
		     "Retry-After: 2\r\n");
	after_output(connection, false);
}

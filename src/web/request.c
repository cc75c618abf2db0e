#include "web/request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/parse.h"
#include "base/secret.h"
#include "web/connection.h"
#include "web/console.h"
#include "web/core_link.h"
#include "web/panel.h"
#include "web/proxy.h"
#include "web/web.h"

#define INPUT_WHILE_BUSY_BYTES ((size_t)64 * 1024)
#define REQUEST_ID_BYTES       8

/* The request has been answered: the next one, or the end. */
static void finish_request(struct connection *connection)
{
	connection->request.core_id = 0;
	connection->request.stream = false;
	connection->state =
		connection->request.keep_alive && !connection->web->stopping ? HEAD : CLOSING;
	connection_flush(connection);
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
	case 426:
	case 501:
	case 505:
		return "unsupported_error";
	case 502:
		return "server_error";
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
	if (!connection->request.keep_alive)
		(void)buf_puts(out, "Connection: close\r\n");
	else if (connection->request.is_http_1_0)
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
	if (!connection->request.is_head)
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
void request_refuse(struct connection *connection, unsigned status)
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
	connection->request.keep_alive = false;
	connection->request.is_head = false;
	answer_error(connection, status, message, "");
	connection->state = CLOSING;
	connection_set_deadline(connection, CONNECTION_WRITE_MS);
	connection_flush(connection);
}

/* The smallest that is there and that the client takes; PANEL_CODINGS: as it is. */
static enum panel_coding choose_coding(const struct http_head *head, const struct panel_file *file)
{
	const struct http_field *taken = http_head_field(head, "accept-encoding");
	enum panel_coding coding = 0;

	if (taken == NULL)
		return PANEL_CODINGS;
	while (coding < PANEL_CODINGS && (file->coded[coding].fd < 0 ||
					  !http_list_has(&taken->value, panel_coding_name(coding))))
		coding++;
	return coding;
}

static void serve_file(struct connection *connection, const struct http_head *head,
		       const struct panel_file *file)
{
	const struct http_field *match = http_head_field(head, "if-none-match");
	const enum panel_coding coding = choose_coding(head, file);
	const bool coded = coding < PANEL_CODINGS;
	const size_t bytes = coded ? file->coded[coding].bytes : file->bytes;
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
			 "%s%s%sContent-Length: %zu\r\n\r\n",
			 file->type, file->etag, coded ? "Content-Encoding: " : "",
			 coded ? panel_coding_name(coding) : "", coded ? "\r\n" : "", bytes);
	if (connection->request.is_head || buf_reserve(out, bytes) < 0)
		return;
	if (pread(coded ? file->coded[coding].fd : file->fd, out->data + out->len, bytes, 0) !=
	    (ssize_t)bytes) {
		connection_drop(
			connection); /* the head is out already: a cut answer, not a wrong one */
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
	const bool readable = connection->request.is_head ||
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
		"accept",  "accept-language", "authorization", "content-type",    "cookie",
		"host",    "idempotency-key", "if-none-match", "last-event-id",   "origin",
		"referer", "user-agent",      "x-ippo-csrf",   "x-ippo-customer",
	};

	for (size_t i = 0; i < head->field_count; i++) {
		const struct http_field *field = &head->fields[i];
		for (size_t f = 0; f < ARRAY_SIZE(forwarded); f++) {
			if (field->name.len != strlen(forwarded[f]) ||
			    strncasecmp((const char *)field->name.data, forwarded[f],
					field->name.len) != 0)
				continue;
			/* A list may stand in several fields; the first is enough. */
			if (f == 0 && (http_request_header(request, forwarded[f]) != NULL ||
				       field->value.len > HTTP_MAX_HEADER_BYTES))
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

static void answer_unavailable(struct connection *connection)
{
	answer_error(connection, 503,
		     "the service is starting again; try once more in a few seconds",
		     "Retry-After: 2\r\n");
}

static void ask_core(struct connection *connection, const struct http_head *head,
		     const uint8_t *body, size_t bytes)
{
	AUTO_FREE char *arena = malloc(connection->request.head_bytes + HTTP_MAX_FIELDS + 8);
	char peer[IP_TEXT_BYTES];
	struct http_request request = {.peer = peer, .body = body, .body_bytes = bytes};
	uint8_t random[REQUEST_ID_BYTES];
	char id[2 * REQUEST_ID_BYTES + 1], age[24], *at = arena;
	int code = ERR_UNAVAILABLE;

	proxy_client(&connection->web->config->trusted_proxies, connection->peer, head, peer);
	secret_random(random, sizeof random);
	format_hex(random, sizeof random, id);
	request.request_id = id;
	if (arena != NULL) {
		request.method = copy_slice(&at, &head->method);
		request.target = copy_slice(&at, &head->target);
		if (connection->request.is_head)
			request.method = "GET";
		if (forward_fields(head, &at, &request) < 0) {
			request_refuse(connection, 400);
			return;
		}
		if (connection->request.upgrade)
			request.headers[request.header_count++] =
				(struct http_header){"upgrade", "websocket"};
		(void)snprintf(age, sizeof age, "%lld",
			       (long long)(clock_mono_ms() - connection->opened_ms));
		request.headers[request.header_count++] =
			(struct http_header){HTTP_CONNECTION_AGE, age};
		connection->state = WAITING;
		connection_set_deadline(connection, 0);
		code = core_link_ask(connection->web->core, connection, &request,
				     &connection->request.core_id);
		explicit_bzero(arena, connection->request.head_bytes);
	}
	/* The next one waits until this one is taken out of the input. */
	if (code < 0) {
		answer_unavailable(connection);
		finish_request(connection);
	}
}

/* To come back with fewer steps of TLS 1.3 (RFC 8446 section 4.6.1); 1.2 gives its own. */
static void give_ticket(struct connection *connection)
{
	if (connection->has_ticket)
		return;
	connection->has_ticket = true;
	(void)SSL_new_session_ticket(connection->tls);
}

static bool is_api(const struct slice *target)
{
	return target->len >= 3 && memcmp(target->data, "/v1", 3) == 0 &&
	       (target->len == 3 || target->data[3] == '/' || target->data[3] == '?');
}

static void dispatch_api(struct connection *connection, const struct http_head *head,
			 const uint8_t *body, size_t bytes)
{
	const enum handshake_result result = handshake_check(head, &connection->request.handshake);

	connection->request.upgrade = result == HANDSHAKE_VALID;
	if (!connection->request.upgrade)
		give_ticket(connection);
	if (result != HANDSHAKE_VERSION) {
		ask_core(connection, head, body, bytes);
		return;
	}
	answer_error(connection, 426, "this version of WebSocket is not supported",
		     "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n");
	finish_request(connection);
}

/* A whole request is there. */
static void dispatch(struct connection *connection, const uint8_t *body, size_t bytes, size_t used)
{
	struct http_head head;

	/* Parsed again: the slices must point to where the bytes are now. */
	if (http_head_parse(connection->in.data, connection->in.len, &head) <= 0) {
		request_refuse(connection, 400);
		return;
	}
	connection->request.is_head =
		head.method.len == 4 && memcmp(head.method.data, "HEAD", 4) == 0;
	connection->request.is_http_1_0 = head.minor == 0;
	if (is_api(&head.target)) {
		dispatch_api(connection, &head, body, bytes);
	} else {
		give_ticket(connection);
		serve_panel(connection, &head);
	}
	if (connection->fd < 0)
		return;
	/* What was read may have held a password. */
	explicit_bzero(connection->in.data, used);
	buf_consume(&connection->in, used);
	if (connection->in.len == 0 && connection->in.cap > CONNECTION_READ_BYTES * 2)
		buf_done(&connection->in);
	buf_done(&connection->request.body);
}

static void take_head(struct connection *connection)
{
	struct http_head head;
	int used = http_head_parse(connection->in.data, connection->in.len, &head);

	if (used < 0) {
		request_refuse(connection, (unsigned)-used);
		return;
	}
	if (used == 0)
		return;
	if (head.content_length > HTTP_MAX_BODY_BYTES) {
		request_refuse(connection, 413);
		return;
	}
	connection->request.head_bytes = (size_t)used;
	connection->request.content_length = head.content_length;
	connection->request.chunked = head.chunked;
	connection->request.chunks = (struct http_chunks){0};
	connection->request.body_at = 0;
	connection->request.body.max = HTTP_MAX_BODY_BYTES;
	connection->request.keep_alive = head.keep_alive;
	connection->state = BODY;
	connection_set_deadline(connection, CONNECTION_BODY_MS);
	if (head.expects_continue && connection->in.len == connection->request.head_bytes) {
		(void)buf_puts(&connection->out, "HTTP/1.1 100 Continue\r\n\r\n");
		connection_flush(connection);
	}
}

static void take_body(struct connection *connection)
{
	const uint8_t *after_head = connection->in.data + connection->request.head_bytes;
	size_t there = connection->in.len - connection->request.head_bytes, used;
	int code;

	if (!connection->request.chunked) {
		if (there >= connection->request.content_length)
			dispatch(connection, after_head, (size_t)connection->request.content_length,
				 connection->request.head_bytes +
					 (size_t)connection->request.content_length);
		return;
	}
	code = http_chunks_take(
		&connection->request.chunks, after_head + connection->request.body_at,
		there - connection->request.body_at, &used, &connection->request.body);
	connection->request.body_at += used;
	if (code < 0)
		request_refuse(connection, (unsigned)-code);
	else if (code == 1)
		dispatch(connection, connection->request.body.data, connection->request.body.len,
			 connection->request.head_bytes + connection->request.body_at);
}

/* Work on what has been read, until more is needed or a request is under way. */
void request_process(struct connection *connection)
{
	for (;;) {
		const enum connection_state before = connection->state;
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

size_t request_input_limit(const struct connection *connection)
{
	/* A chunked body has its own limit; its framing may be as long again. */
	return connection->state == HEAD || connection->state == BODY
		       ? HTTP_MAX_HEAD_BYTES + 2 * HTTP_MAX_BODY_BYTES + CONNECTION_READ_BYTES
		       : INPUT_WHILE_BUSY_BYTES;
}

static void append_chunk(struct connection *connection, const void *data, size_t bytes, bool more)
{
	struct buf *out = &connection->out;

	if (!connection->request.is_head && bytes > 0) {
		if (connection->request.reply_chunked)
			(void)buf_printf(out, "%zx\r\n", bytes);
		(void)buf_append(out, data, bytes);
		if (connection->request.reply_chunked)
			(void)buf_puts(out, "\r\n");
	}
	if (!more && connection->request.reply_chunked && !connection->request.is_head)
		(void)buf_puts(out, "0\r\n\r\n");
}

/* After an answer, or a part of one, was put into the output. */
static void after_output(struct connection *connection, bool more)
{
	const size_t limit = connection->request.stream ? CONNECTION_MAX_STREAM_BEHIND_BYTES
							: CONNECTION_MAX_OUTPUT_BYTES;

	if (connection->out.error != 0 || connection_pending(connection) > limit) {
		connection_drop(connection);
		return;
	}
	if (more) {
		connection->state = REPLYING;
		connection->request.is_owed = !connection->request.stream;
		connection_flush(connection);
	} else {
		connection->request.core_id = 0;
		finish_request(connection);
		if (connection->fd >= 0)
			request_process(connection); /* what was pipelined */
	}
	if (connection->fd >= 0)
		connection_watch(connection);
}

static void upgrade(struct connection *connection, const struct http_reply *reply, bool more)
{
	const uint64_t id = connection->request.core_id;

	connection->request.core_id = 0;
	if (more && connection->request.upgrade) {
		console_begin(connection, id, &connection->request.handshake, reply);
		return;
	}
	/* Core mixed something up: nobody asked for that. */
	if (more)
		core_link_cancel(connection->web->core, id);
	answer_error(connection, 502, "the service answered what was not asked", "");
	after_output(connection, false);
}

void request_reply(struct connection *connection, const struct http_reply *reply, bool more)
{
	const char *type = http_reply_header(reply, "content-type");
	const bool bodyless = reply->status == 204 || reply->status == 304;
	struct buf *out = &connection->out;

	if (reply->status == 101) {
		upgrade(connection, reply, more);
		return;
	}
	connection->request.stream =
		more && type != NULL && strncmp(type, "text/event-stream", 17) == 0;
	connection->request.reply_chunked = more && !connection->request.is_http_1_0;
	if (more && connection->request.is_http_1_0)
		connection->request.keep_alive =
			false; /* the end of the connection is the end of the answer */
	/* Core wants this one to be the last on it. */
	if (http_reply_header(reply, "connection") != NULL)
		connection->request.keep_alive = false;
	begin_head(connection, reply->status);
	for (size_t i = 0; i < reply->header_count; i++)
		if (strcmp(reply->headers[i].name, "connection") != 0 &&
		    http_is_clean(reply->headers[i].name) && http_is_clean(reply->headers[i].value))
			(void)buf_printf(out, "%s: %s\r\n", reply->headers[i].name,
					 reply->headers[i].value);
	if (http_reply_header(reply, "cache-control") == NULL)
		(void)buf_puts(out, "Cache-Control: no-store\r\n");
	if (connection->request.reply_chunked)
		(void)buf_puts(out, "Transfer-Encoding: chunked\r\n");
	else if (!bodyless && !more)
		(void)buf_printf(out, "Content-Length: %zu\r\n", reply->body_bytes);
	(void)buf_puts(out, "\r\n");
	if (!bodyless)
		append_chunk(connection, reply->body, reply->body_bytes, more);
	after_output(connection, more);
}

void request_chunk(struct connection *connection, const void *data, size_t bytes, bool more)
{
	append_chunk(connection, data, bytes, more);
	after_output(connection, more);
}

void request_core_lost(struct connection *connection)
{
	connection->request.core_id = 0;
	if (connection->state == REPLYING) {
		/* What has begun cannot be completed; a cut stream makes the browser connect again.
		 */
		connection_drop(connection);
		return;
	}
	answer_unavailable(connection);
	after_output(connection, false);
}

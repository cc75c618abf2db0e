/*
 * Theory of operation. Both kinds give the same messages (wire/console_message.h). On this machine
 * core hands over a SOCK_SEQPACKET socket of the host, where a datagram is a message, and keeps the
 * socket it came over for its own last word. Over HTTPS libcurl makes the TLS connection, we the
 * handshake (RFC 6455 section 4.1), and wslay the frames.
 */
#include "cli/console_link.h"

#include <curl/curl.h>
#include <errno.h>
#include <jansson.h>
#include <openssl/evp.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>
#include <wslay/wslay.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/cursor.h"
#include "base/secret.h"
#include "cli/print.h"
#include "wire/channel.h"
#include "wire/console_message.h"
#include "wire/http_message.h"

#define REQUEST_ID        1
#define MESSAGE_MAX_BYTES ((size_t)64 * 1024)
#define QUEUE_MAX_BYTES   ((size_t)256 * 1024)
#define HEAD_MAX_BYTES    ((size_t)16 * 1024)
#define OPEN_MS           15000
#define LAST_WORD_MS      1000
#define WEBSOCKET_GUID    "258EAFA5-E914-47DA-95CA-C5AB0DC85B11" /* RFC 6455 section 1.3 */
#define KEY_BYTES         16
#define BASE64_BYTES      32 /* of a key or a SHA-1, with the NUL */

struct console_link {
	bool ended;
	uint16_t code;
	char reason[256];
	uint64_t bytes_in, bytes_out;
	struct buf queue; /* messages that wait: u32 length, bytes */
	/* on this machine */
	int channel; /* -1: over HTTPS */
	int data;
	/* over HTTPS */
	CURL *curl;
	int socket;
	wslay_event_context_ptr websocket;
	struct buf early;    /* what came with the answer's head */
	struct buf received; /* messages, as in queue */
	bool greeted;
};

static void end(struct console_link *link, unsigned code, const char *reason)
{
	if (link->ended)
		return;
	link->ended = true;
	link->code = (uint16_t)code;
	(void)snprintf(link->reason, sizeof link->reason, "%s", reason);
}

static int enqueue(struct buf *queue, const void *data, size_t bytes)
{
	if (queue->len + bytes + sizeof(uint32_t) > QUEUE_MAX_BYTES)
		return -ENOBUFS;
	write_slice(queue, data, bytes);
	return queue->error;
}

static bool first_of(const struct buf *queue, struct slice *ret)
{
	struct reader in;

	reader_init(&in, queue->data, queue->len);
	*ret = reader_slice(&in, QUEUE_MAX_BYTES);
	return queue->len > 0 && in.error == 0;
}

static void drop_first(struct buf *queue, const struct slice *first)
{
	buf_consume(queue, sizeof(uint32_t) + first->len);
}

/* --- on this machine --- */

static int ask_locally(struct console_link *link, const struct api_access *access,
		       int64_t server_id, const char *from, bool view, struct err *err)
{
	struct buf frame CLEANUP(buf_done) = {0};
	char target[128];
	struct http_request request = {.method = "GET",
				       .target = target,
				       .peer = "local",
				       .request_id = "",
				       .headers = {{"upgrade", "websocket"}},
				       .header_count = 1};
	int code;

	(void)snprintf(target, sizeof target, "/v1/consoles/%lld/serial?from=%s%s",
		       (long long)server_id, from, view ? "&mode=view" : "");
	if (access->customer != NULL)
		request.headers[request.header_count++] =
			(struct http_header){"x-ippo-customer", access->customer};
	code = http_request_encode(&request, &frame);
	if (code < 0)
		return err_set(err, code, "the request is too large");
	return channel_send_fd(link->channel, HTTP_REQUEST, REQUEST_ID, frame.data, frame.len, NULL,
			       0, err);
}

static int refused(unsigned status, const void *body, size_t bytes, struct err *err)
{
	json_t *json = json_loadb(body, bytes, 0, NULL);
	const char *name = json_string_value(json_at(json, "error.code"));
	int code;

	if (name != NULL)
		code = err_set(err, err_from_name(name), "%s", json_text(json, "error.message"));
	else
		code = err_set(err, ERR_SERVER, "the service answered with status %u", status);
	json_decref(json);
	return code;
}

static int code_to_err(unsigned code, const char *reason, struct err *err)
{
	return err_set(err,
		       code == CONSOLE_LOST || code == CONSOLE_GOING_AWAY ? ERR_UNAVAILABLE
		       : code == CONSOLE_OFF                              ? ERR_SERVER_NOT_RUNNING
		       : code == CONSOLE_LIMIT                            ? ERR_LIMIT
									  : ERR_FORBIDDEN,
		       "%s", reason);
}

/* Core's word over the channel: 101, then the descriptor; later, why it ended. */
static int hear(struct console_link *link, struct err *err)
{
	struct buf body CLEANUP(buf_done) = {0};
	AUTO_CLOSE int fd = -1;
	struct console_close closing;
	struct http_reply reply;
	struct reader in;
	uint16_t type;
	uint8_t flags;
	uint64_t id;
	int code = channel_receive_one(link->channel, &type, &flags, &id, &body, &fd, err);

	if (code < 0)
		return err_set(err, ERR_UNAVAILABLE, "Ippo closed the connection");
	reader_init(&in, body.data, body.len);
	switch (type) {
	case HTTP_REPLY:
		if ((code = http_reply_decode(body.data, body.len, &reply)) < 0)
			return err_set(err, code, "Ippo sent a malformed reply");
		if (reply.status != 101)
			code = refused(reply.status, reply.body, reply.body_bytes, err);
		http_reply_done(&reply);
		return code;
	case CONSOLE_OPEN:
		link->data = steal_fd(&fd);
		return link->data < 0 ? err_set(err, ERR_PROTOCOL, "no descriptor came") : 0;
	case CONSOLE_CLOSE:
		if ((code = console_close_read(&in, &closing)) < 0)
			return err_set(err, code, "Ippo sent a malformed message");
		end(link, closing.code, closing.reason);
		return 0;
	default:
		return err_set(err, ERR_PROTOCOL, "Ippo sent an unknown message");
	}
}

static int wait_channel(const struct console_link *link, int ms)
{
	struct pollfd poll_fd = {.fd = link->channel, .events = POLLIN};

	return poll(&poll_fd, 1, ms);
}

static int open_locally(struct console_link *link, struct api *api, int64_t server_id,
			const char *from, bool view, struct err *err)
{
	const struct api_access access = api_access(api);
	const int64_t until_ms = clock_mono_ms() + OPEN_MS;
	int code = api_dial(api, &link->channel, err);

	if (code == 0)
		code = ask_locally(link, &access, server_id, from, view, err);
	while (code == 0 && link->data < 0 && !link->ended) {
		const int64_t left_ms = until_ms - clock_mono_ms();
		if (left_ms <= 0 || wait_channel(link, (int)left_ms) == 0)
			return err_set(err, ERR_UNAVAILABLE, "Ippo does not open the console");
		code = hear(link, err);
	}
	if (code < 0)
		return code;
	return link->ended ? code_to_err(link->code, link->reason, err) : 0;
}

/* The host's end is closed: core says why, if it still can. */
static void hear_last_word(struct console_link *link)
{
	struct err err = {0};

	if (wait_channel(link, LAST_WORD_MS) > 0)
		(void)hear(link, &err);
	end(link, CONSOLE_LOST, "the service has gone");
}

static void flush_locally(struct console_link *link)
{
	struct slice first;

	while (first_of(&link->queue, &first)) {
		if (send(link->data, first.data, first.len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
			if (errno == EAGAIN || errno == EINTR)
				return;
			hear_last_word(link);
			return;
		}
		drop_first(&link->queue, &first);
	}
}

static int receive_locally(struct console_link *link, struct buf *ret)
{
	struct err err = {0};
	ssize_t got;

	flush_locally(link);
	if (link->ended || buf_reserve(ret, MESSAGE_MAX_BYTES) < 0)
		return 0;
	got = recv(link->data, ret->data, MESSAGE_MAX_BYTES, MSG_DONTWAIT);
	if (got > 0) {
		ret->len = (size_t)got;
		return 1;
	}
	if (got == 0 || (errno != EAGAIN && errno != EINTR))
		hear_last_word(link);
	else if (wait_channel(link, 0) > 0 && hear(link, &err) < 0)
		end(link, CONSOLE_LOST, err.text);
	return 0;
}

/* --- over HTTPS --- */

static ssize_t take_bytes(wslay_event_context_ptr context, uint8_t *out, size_t len, int flags,
			  void *user)
{
	struct console_link *link = user;
	size_t got = 0;
	CURLcode code;

	if (link->early.len > 0) {
		got = link->early.len < len ? link->early.len : len;
		memcpy(out, link->early.data, got);
		buf_consume(&link->early, got);
		return (ssize_t)got;
	}
	/* What is there is taken first: a guest that writes without end is not kept whole. */
	code = link->received.len < QUEUE_MAX_BYTES ? curl_easy_recv(link->curl, out, len, &got)
						    : CURLE_AGAIN;
	if (code == CURLE_OK && got > 0)
		return (ssize_t)got;
	if (code != CURLE_AGAIN)
		end(link, CONSOLE_DROPPED, "the connection was lost");
	wslay_event_set_error(context, code == CURLE_AGAIN ? WSLAY_ERR_WOULDBLOCK
							   : WSLAY_ERR_CALLBACK_FAILURE);
	return -1;
}

static ssize_t give_bytes(wslay_event_context_ptr context, const uint8_t *data, size_t len,
			  int flags, void *user)
{
	struct console_link *link = user;
	size_t sent = 0;
	const CURLcode code = curl_easy_send(link->curl, data, len, &sent);

	if (code == CURLE_OK)
		return (ssize_t)sent;
	if (code != CURLE_AGAIN)
		end(link, CONSOLE_DROPPED, "the connection was lost");
	wslay_event_set_error(context, code == CURLE_AGAIN ? WSLAY_ERR_WOULDBLOCK
							   : WSLAY_ERR_CALLBACK_FAILURE);
	return -1;
}

static int make_mask(wslay_event_context_ptr context, uint8_t *out, size_t len, void *user)
{
	secret_random(out, len);
	return 0;
}

static void take_message(wslay_event_context_ptr context,
			 const struct wslay_event_on_msg_recv_arg *message, void *user)
{
	struct console_link *link = user;

	if (message->opcode == WSLAY_CONNECTION_CLOSE) {
		char reason[CONSOLE_REASON_BYTES + 8] = "";
		if (message->msg_length > 2)
			(void)snprintf(reason, sizeof reason, "%.*s",
				       (int)(message->msg_length - 2), message->msg + 2);
		/* It is printed on a terminal. */
		for (char *at = reason; *at != '\0'; at++)
			if ((unsigned char)*at < ' ' || *at == 0x7f)
				*at = ' ';
		end(link, message->status_code != 0 ? message->status_code : CONSOLE_DROPPED,
		    *reason != '\0' ? reason : "the service closed the console");
	} else if (message->opcode == WSLAY_TEXT_FRAME) {
		link->greeted = true;
	} else if (message->opcode == WSLAY_BINARY_FRAME) {
		write_slice(&link->received, message->msg, message->msg_length);
	}
}

static int wait_socket(const struct console_link *link, short events, int64_t until_ms)
{
	struct pollfd poll_fd = {.fd = link->socket, .events = events};
	const int64_t left_ms = until_ms - clock_mono_ms();

	return left_ms > 0 ? poll(&poll_fd, 1, (int)left_ms) : 0;
}

static int dial(struct console_link *link, const struct api_access *access, struct err *err)
{
	char reason[CURL_ERROR_SIZE] = "";
	curl_socket_t fd = CURL_SOCKET_BAD;
	CURLcode code;

	link->curl = curl_easy_init();
	if (link->curl == NULL)
		return err_set(err, -ENOMEM, "no memory");
	(void)curl_easy_setopt(link->curl, CURLOPT_URL, access->endpoint);
	(void)curl_easy_setopt(link->curl, CURLOPT_PROTOCOLS_STR, "https");
	(void)curl_easy_setopt(link->curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	(void)curl_easy_setopt(link->curl, CURLOPT_CONNECT_ONLY, 1L);
	(void)curl_easy_setopt(link->curl, CURLOPT_CONNECTTIMEOUT_MS, (long)OPEN_MS);
	(void)curl_easy_setopt(link->curl, CURLOPT_ERRORBUFFER, reason);
	if (access->ca_file != NULL)
		(void)curl_easy_setopt(link->curl, CURLOPT_CAINFO, access->ca_file);
	code = curl_easy_perform(link->curl);
	(void)curl_easy_setopt(link->curl, CURLOPT_ERRORBUFFER, NULL);
	if (code == CURLE_OK)
		code = curl_easy_getinfo(link->curl, CURLINFO_ACTIVESOCKET, &fd);
	if (code != CURLE_OK || fd == CURL_SOCKET_BAD)
		return err_set(err, ERR_UNAVAILABLE, "cannot reach %s: %s", access->endpoint,
			       *reason != '\0' ? reason : curl_easy_strerror(code));
	link->socket = fd;
	return 0;
}

static int send_all(struct console_link *link, const char *text, size_t len, int64_t until_ms,
		    struct err *err)
{
	while (len > 0) {
		size_t sent = 0;
		const CURLcode code = curl_easy_send(link->curl, text, len, &sent);
		if (code == CURLE_AGAIN && wait_socket(link, POLLOUT, until_ms) > 0)
			continue;
		if (code != CURLE_OK)
			return err_set(err, ERR_UNAVAILABLE, "the connection was lost");
		text += sent;
		len -= sent;
	}
	return 0;
}

/* The answer's head, up to and without its empty line; what follows is kept as `early`. */
static int read_head(struct console_link *link, struct buf *head, int64_t until_ms, struct err *err)
{
	char part[2048];
	char *stop;

	for (;;) {
		size_t got = 0;
		const CURLcode code = curl_easy_recv(link->curl, part, sizeof part, &got);
		if (code == CURLE_AGAIN) {
			if (wait_socket(link, POLLIN, until_ms) <= 0)
				return err_set(err, ERR_UNAVAILABLE, "the service does not answer");
			continue;
		}
		if (code != CURLE_OK || got == 0 || head->len + got > HEAD_MAX_BYTES ||
		    buf_append(head, part, got) < 0)
			return err_set(err, ERR_UNAVAILABLE, "the service's answer is malformed");
		stop = memmem(head->data, head->len, "\r\n\r\n", 4);
		if (stop == NULL)
			continue;
		const size_t len = (size_t)(stop - (char *)head->data);
		(void)buf_append(&link->early, head->data + len + 4, head->len - len - 4);
		head->len = len;
		head->data[len] = '\0';
		return link->early.error;
	}
}

static bool has_header(const char *head, const char *name, const char *value)
{
	for (const char *line = strstr(head, "\r\n"); line != NULL; line = strstr(line, "\r\n")) {
		line += 2;
		if (strncasecmp(line, name, strlen(name)) != 0 || line[strlen(name)] != ':')
			continue;
		line += strlen(name) + 1;
		line += strspn(line, " \t");
		return strncmp(line, value, strlen(value)) == 0 &&
		       strchr("\r \t", line[strlen(value)]) != NULL;
	}
	return false;
}

/* What a server that understood the key answers (RFC 6455 section 4.2.2). */
static void accept_of(const char *key, char out[BASE64_BYTES])
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	char text[128];

	(void)snprintf(text, sizeof text, "%s" WEBSOCKET_GUID, key);
	(void)EVP_Digest(text, strlen(text), digest, &len, EVP_sha1(), NULL);
	(void)sodium_bin2base64(out, BASE64_BYTES, digest, len, sodium_base64_VARIANT_ORIGINAL);
}

static int shake_hands(struct console_link *link, const struct api_access *access,
		       int64_t server_id, struct err *err)
{
	struct buf request CLEANUP(buf_done) = {0};
	struct buf head CLEANUP(buf_done) = {0};
	const int64_t until_ms = clock_mono_ms() + OPEN_MS;
	const char *authority = strstr(access->endpoint, "://");
	char key[BASE64_BYTES], accept[BASE64_BYTES];
	unsigned char random[KEY_BYTES];
	int code;

	authority = authority != NULL ? authority + 3 : access->endpoint;
	const size_t host_len = strcspn(authority, "/");
	secret_random(random, sizeof random);
	(void)sodium_bin2base64(key, sizeof key, random, sizeof random,
				sodium_base64_VARIANT_ORIGINAL);
	accept_of(key, accept);
	(void)buf_printf(&request,
			 "GET %s/consoles/%lld/serial HTTP/1.1\r\nHost: %.*s\r\n"
			 "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: %s\r\n"
			 "Sec-WebSocket-Version: 13\r\nUser-Agent: ippo/" IPPO_VERSION "\r\n\r\n",
			 authority + host_len, (long long)server_id, (int)host_len, authority, key);
	if ((code = send_all(link, buf_str(&request), request.len, until_ms, err)) < 0 ||
	    (code = read_head(link, &head, until_ms, err)) < 0)
		return code;
	const char *text = buf_str(&head);
	const unsigned status = strncmp(text, "HTTP/1.1 ", 9) == 0
					? (unsigned)(text[9] - '0') * 100 +
						  (unsigned)(text[10] - '0') * 10 +
						  (unsigned)(text[11] - '0')
					: 0;
	if (status != 101)
		return refused(status, link->early.data, link->early.len, err);
	if (!has_header(text, "sec-websocket-accept", accept))
		return err_set(err, ERR_PROTOCOL, "the service's handshake is wrong");
	return 0;
}

/* The ticket, as the first frame. */
static int present(struct console_link *link, const char *ticket, const char *from, struct err *err)
{
	char text[CONSOLE_FIRST_FRAME_BYTES];
	const bool is_number = from[strspn(from, "0123456789")] == '\0';
	const int len = snprintf(text, sizeof text, "{\"ticket\":\"%s\",\"from\":%s%s%s}", ticket,
				 is_number ? "" : "\"", from, is_number ? "" : "\"");
	const struct wslay_event_msg message = {.opcode = WSLAY_TEXT_FRAME,
						.msg = (const uint8_t *)text,
						.msg_length = (size_t)len};
	const int64_t until_ms = clock_mono_ms() + OPEN_MS;
	int code = wslay_event_queue_msg(link->websocket, &message);

	explicit_bzero(text, sizeof text);
	while (code == 0 && !link->greeted && !link->ended) {
		if (wslay_event_want_write(link->websocket) &&
		    wslay_event_send(link->websocket) < 0)
			break;
		if (wslay_event_recv(link->websocket) < 0 || link->greeted || link->ended)
			break;
		if (wait_socket(link, POLLIN, until_ms) <= 0)
			return err_set(err, ERR_UNAVAILABLE, "Ippo does not open the console");
	}
	if (link->ended)
		return code_to_err(link->code, link->reason, err);
	return link->greeted ? 0 : err_set(err, ERR_PROTOCOL, "the service broke the protocol");
}

static int open_remotely(struct console_link *link, struct api *api, int64_t server_id,
			 const char *from, bool view, struct err *err)
{
	static const struct wslay_event_callbacks callbacks = {.recv_callback = take_bytes,
							       .send_callback = give_bytes,
							       .genmask_callback = make_mask,
							       .on_msg_recv_callback =
								       take_message};
	const struct api_access access = api_access(api);
	json_t *body = view ? json_pack("{s:s, s:s}", "type", "serial", "mode", "view")
			    : json_pack("{s:s}", "type", "serial");
	struct secret ticket CLEANUP(secret_done) = {0};
	json_t *reply = NULL;
	char path[96];
	int code;

	if (secret_setup() < 0) {
		json_decref(body);
		return err_set(err, ERR_SERVER, "no random numbers");
	}
	(void)snprintf(path, sizeof path, "/servers/%lld/actions/request_console",
		       (long long)server_id);
	code = api_call(api, "POST", path, body, -1, &reply, err);
	json_decref(body);
	if (code < 0)
		return code;
	const char *password = json_string_value(json_object_get(reply, "password"));
	code = password != NULL ? secret_set(&ticket, password, strlen(password))
				: err_set(err, ERR_PROTOCOL, "the service gave no ticket");
	json_decref(reply);
	if (code < 0 || (code = dial(link, &access, err)) < 0 ||
	    (code = shake_hands(link, &access, server_id, err)) < 0)
		return code;
	if (wslay_event_context_client_init(&link->websocket, &callbacks, link) != 0)
		return err_set(err, -ENOMEM, "no memory");
	wslay_event_config_set_max_recv_msg_length(link->websocket, MESSAGE_MAX_BYTES);
	return present(link, ticket.text, from, err);
}

static void flush_remotely(struct console_link *link)
{
	struct slice first;

	while (!link->ended) {
		if (wslay_event_want_write(link->websocket)) {
			if (wslay_event_send(link->websocket) < 0)
				end(link, CONSOLE_DROPPED, "the connection was lost");
			if (wslay_event_want_write(link->websocket))
				return; /* the socket is full */
		}
		if (!first_of(&link->queue, &first))
			return;
		const struct wslay_event_msg message = {
			.opcode = WSLAY_BINARY_FRAME, .msg = first.data, .msg_length = first.len};
		if (wslay_event_queue_msg(link->websocket, &message) < 0)
			return;
		drop_first(&link->queue, &first);
	}
}

static int receive_remotely(struct console_link *link, struct buf *ret)
{
	struct slice first;

	flush_remotely(link);
	if (link->received.len == 0 && !link->ended && wslay_event_recv(link->websocket) < 0)
		end(link, CONSOLE_DROPPED, "the connection was lost");
	if (!first_of(&link->received, &first))
		return 0;
	(void)buf_append(ret, first.data, first.len);
	drop_first(&link->received, &first);
	return 1;
}

/* --- either --- */

int console_link_open(struct api *api, int64_t server_id, const char *from, bool view,
		      struct console_link **ret, struct err *err)
{
	struct console_link *link = calloc(1, sizeof *link);
	int code;

	if (link == NULL)
		return err_set(err, -ENOMEM, "no memory");
	link->channel = link->data = link->socket = -1;
	code = api_is_local(api) ? open_locally(link, api, server_id, from, view, err)
				 : open_remotely(link, api, server_id, from, view, err);
	if (code < 0) {
		console_link_free(link);
		return code;
	}
	*ret = link;
	return 0;
}

/* So that the history knows how much went through. */
static void say_ended(const struct console_link *link)
{
	const struct console_ended ended = {.code = CONSOLE_NORMAL,
					    .bytes_to_guest = link->bytes_in,
					    .bytes_from_guest = link->bytes_out};
	struct buf body CLEANUP(buf_done) = {0};

	console_ended_write(&body, &ended);
	(void)channel_send_fd(link->channel, CONSOLE_ENDED, REQUEST_ID, body.data, body.len, NULL,
			      0, NULL);
}

void console_link_free(struct console_link *link)
{
	if (link == NULL)
		return;
	if (link->data >= 0) {
		say_ended(link);
		(void)close(link->data);
	}
	if (link->channel >= 0)
		(void)close(link->channel);
	if (link->websocket != NULL) {
		if (!link->ended) {
			(void)wslay_event_queue_close(link->websocket, CONSOLE_NORMAL, NULL, 0);
			(void)wslay_event_send(link->websocket);
		}
		wslay_event_context_free(link->websocket);
	}
	if (link->curl != NULL)
		curl_easy_cleanup(link->curl);
	buf_done(&link->queue);
	buf_done(&link->early);
	buf_done(&link->received);
	free(link);
}

size_t console_link_wait_for(const struct console_link *link, struct pollfd *fds)
{
	if (link->channel >= 0) {
		fds[0] = (struct pollfd){
			.fd = link->data,
			.events = (short)(POLLIN | (link->queue.len > 0 ? POLLOUT : 0))};
		fds[1] = (struct pollfd){.fd = link->channel, .events = POLLIN};
		return 2;
	}
	const bool wants = link->queue.len > 0 || wslay_event_want_write(link->websocket);
	fds[0] = (struct pollfd){.fd = link->socket,
				 .events = (short)(POLLIN | (wants ? POLLOUT : 0))};
	return 1;
}

int console_link_send(struct console_link *link, const void *data, size_t bytes)
{
	int code = enqueue(&link->queue, data, bytes);

	if (code < 0)
		return code;
	link->bytes_in += bytes;
	if (link->channel >= 0)
		flush_locally(link);
	else
		flush_remotely(link);
	return 0;
}

int console_link_receive(struct console_link *link, struct buf *ret)
{
	int got;

	buf_clear(ret);
	got = link->channel >= 0 ? receive_locally(link, ret) : receive_remotely(link, ret);
	link->bytes_out += ret->len;
	return got;
}

bool console_link_has_ended(const struct console_link *link, uint16_t *ret_code,
			    const char **ret_reason)
{
	*ret_code = link->code;
	*ret_reason = link->reason;
	return link->ended;
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/config.h"
#include "base/secret.h"
#include "web/connection.h"
#include "web/console.h"
#include "web/core_link.h"
#include "web/websocket.h"
#include "wire/http_message.h"

#define TICK_MS    100
#define PATIENT_MS 8000

static int listener = -1;
static int64_t ticked_ms;

static struct heard *find(struct fixture *fixture, uint64_t id)
{
	for (unsigned i = 0; i < fixture->heard_count; i++)
		if (fixture->heard[i].id == id)
			return &fixture->heard[i];
	fail_msg("core heard of an id it does not know");
	return NULL;
}

static int on_request(void *context, struct channel *channel, struct message *message)
{
	struct fixture *fixture = context;
	struct http_request request;
	struct http_reply reply = {.status = (uint16_t)fixture->status, .body_bytes = 0};
	struct buf body = {0};

	assert_int_equal(http_request_decode(message->body, message->body_bytes, &request), 0);
	assert_true(fixture->heard_count < FIXTURE_IDS);
	const char *upgrade = http_request_header(&request, "upgrade");
	fixture->heard[fixture->heard_count++] =
		(struct heard){.id = message->id, .upgrade = upgrade != NULL};
	if (upgrade != NULL)
		assert_string_equal(upgrade, "websocket");
	if (fixture->status == 101) {
		reply.headers[reply.header_count++] = (struct http_header){
			"set-cookie",
			"__Secure-ippo-console-7-vnc=rotated; Path=/v1/consoles/7/vnc"};
		reply.headers[reply.header_count++] =
			(struct http_header){"set-cookie", "a\r\nb: c"};
	}
	assert_int_equal(http_reply_encode(&reply, &body), 0);
	assert_int_equal(channel_send(channel, HTTP_REPLY, fixture->status == 101 ? WIRE_MORE : 0,
				      message->id, body.data, body.len, NULL, 0),
			 0);
	buf_done(&body);
	http_request_done(&request);
	return 0;
}

static int on_cancel(void *context, struct channel *channel, struct message *message)
{
	(void)channel;
	find(context, message->id)->cancelled++;
	return 0;
}

static int on_more(void *context, struct channel *channel, struct message *message)
{
	(void)context;
	(void)channel;
	(void)message;
	return 0;
}

static int on_frame(void *context, struct channel *channel, struct message *message)
{
	struct heard *heard = find(context, message->id);

	(void)channel;
	assert_true(message->body_bytes <= CONSOLE_FIRST_FRAME_BYTES);
	heard->frames++;
	memcpy(heard->frame, message->body, message->body_bytes);
	heard->frame[message->body_bytes] = '\0';
	return 0;
}

static int on_ended(void *context, struct channel *channel, struct message *message)
{
	struct heard *heard = find(context, message->id);
	struct reader reader;

	(void)channel;
	reader_init(&reader, message->body, message->body_bytes);
	assert_int_equal(console_ended_read(&reader, &heard->last), 0);
	heard->ended++;
	return 0;
}

static void on_closed(void *context, struct channel *channel, const struct err *why)
{
	struct fixture *fixture = context;

	(void)channel;
	(void)why;
	fixture->core_closed = true;
}

static const struct message_rule rules[] = {
	{HTTP_REQUEST, 0, on_request}, {HTTP_CANCEL, 0, on_cancel},  {HTTP_MORE, 0, on_more},
	{CONSOLE_FRAME, 0, on_frame},  {CONSOLE_ENDED, 0, on_ended}, {0, 0, NULL},
};
static const struct channel_events events = {.rules = rules, .closed = on_closed};

static void use_certificate(SSL_CTX *tls)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *certificate = X509_new();

	assert_non_null(key);
	assert_non_null(certificate);
	(void)ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
	(void)X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
	(void)X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
	(void)X509_set_pubkey(certificate, key);
	assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
	assert_int_equal(SSL_CTX_use_certificate(tls, certificate), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey(tls, key), 1);
	X509_free(certificate);
	EVP_PKEY_free(key);
}

static void listen_on_loopback(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(listen(listener, 512), 0);
}

int fixture_setup(void **state)
{
	static struct config config;
	struct fixture *fixture = calloc(1, sizeof *fixture);
	int pair[2];

	assert_non_null(fixture);
	(void)signal(SIGPIPE, SIG_IGN);
	assert_int_equal(secret_setup(), 0);
	listen_on_loopback();
	fixture->status = 101;
	fixture->web.config = &config;
	fixture->web.tls = SSL_CTX_new(TLS_server_method());
	web_tls_options(fixture->web.tls);
	use_certificate(fixture->web.tls);
	assert_int_equal(uv_loop_init(&fixture->web.loop), 0);
	console_begin_turns(&fixture->web);
	assert_int_equal(core_link_new(&fixture->web, &fixture->web.core, NULL), 0);
	assert_int_equal(channel_pair(pair), 0);
	core_link_connect(fixture->web.core, pair[0]);
	assert_int_equal(
		channel_new(&fixture->web.loop, pair[1], &events, fixture, &fixture->core, NULL),
		0);
	*state = fixture;
	return 0;
}

int fixture_teardown(void **state)
{
	struct fixture *fixture = *state;

	fixture->web.stopping = true;
	connection_free_all(&fixture->web);
	assert_int_equal(fixture->web.connection_count, 0);
	assert_int_equal(fixture->web.console_count, 0);
	console_end_turns(&fixture->web);
	core_link_free(fixture->web.core);
	channel_free(fixture->core);
	(void)uv_run(&fixture->web.loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&fixture->web.loop), 0);
	SSL_CTX_free(fixture->web.tls);
	(void)close(listener);
	free(fixture);
	return 0;
}

static void turn(struct fixture *fixture)
{
	int64_t now = clock_mono_ms();

	(void)uv_run(&fixture->web.loop, UV_RUN_NOWAIT);
	if (now - ticked_ms >= TICK_MS) {
		ticked_ms = now;
		connection_check_times(&fixture->web);
	}
}

void fixture_run(struct fixture *fixture, int ms, bool (*done)(void *context), void *context)
{
	const int64_t until = clock_mono_ms() + ms;

	while (!done(context)) {
		if (clock_mono_ms() > until)
			fail_msg("it did not come in %d ms", ms);
		turn(fixture);
	}
}

void fixture_pause(struct fixture *fixture, int ms)
{
	const int64_t until = clock_mono_ms() + ms;

	do
		turn(fixture);
	while (clock_mono_ms() < until);
}

struct heard *fixture_heard(struct fixture *fixture, unsigned index)
{
	assert_true(index < fixture->heard_count);
	return &fixture->heard[index];
}

void fixture_core_dies(struct fixture *fixture)
{
	channel_free(fixture->core);
	fixture->core = NULL;
}

void fixture_open(struct fixture *fixture, uint64_t id, const struct console_open *open, int fd)
{
	struct buf body = {0};

	console_open_write(&body, open);
	assert_int_equal(
		channel_send(fixture->core, CONSOLE_OPEN, 0, id, body.data, body.len, &fd, 1), 0);
	buf_done(&body);
}

void fixture_close(struct fixture *fixture, uint64_t id, uint16_t code, const char *reason)
{
	struct console_close close = {.code = code};
	struct buf body = {0};

	(void)snprintf(close.reason, sizeof close.reason, "%s", reason);
	console_close_write(&body, &close);
	assert_int_equal(
		channel_send(fixture->core, CONSOLE_CLOSE, 0, id, body.data, body.len, NULL, 0), 0);
	buf_done(&body);
}

/* --- browsers --- */

void browser_connect(struct fixture *fixture, struct browser *browser, int receive_bytes)
{
	static SSL_CTX *client;
	struct sockaddr_storage address;
	socklen_t size = sizeof address;
	int64_t until = clock_mono_ms() + PATIENT_MS;

	if (client == NULL)
		client = SSL_CTX_new(TLS_client_method());
	*browser = (struct browser){.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
	if (receive_bytes > 0)
		(void)setsockopt(browser->fd, SOL_SOCKET, SO_RCVBUF, &receive_bytes,
				 sizeof receive_bytes);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
	assert_int_equal(connect(browser->fd, (struct sockaddr *)&address, size), 0);
	connection_accept(&fixture->web,
			  accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), "192.0.2.1");
	assert_int_equal(fcntl(browser->fd, F_SETFL, O_NONBLOCK), 0);
	browser->tls = SSL_new(client);
	(void)SSL_set_mode(browser->tls,
			   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	(void)SSL_set_fd(browser->tls, browser->fd);
	while (SSL_connect(browser->tls) != 1) {
		assert_true(clock_mono_ms() < until);
		turn(fixture);
	}
}

void browser_done(struct browser *browser)
{
	SSL_free(browser->tls);
	(void)close(browser->fd);
	buf_done(&browser->in);
}

/* What has come, into `in`. */
static void read_all(struct browser *browser)
{
	uint8_t bytes[16384];
	int got;

	while (!browser->closed && (got = SSL_read(browser->tls, bytes, sizeof bytes)) != 0) {
		if (got > 0) {
			(void)buf_append(&browser->in, bytes, (size_t)got);
			continue;
		}
		if (SSL_get_error(browser->tls, got) != SSL_ERROR_WANT_READ)
			break;
		return;
	}
	browser->closed = true;
}

void browser_send(struct fixture *fixture, struct browser *browser, const void *data, size_t bytes)
{
	const uint8_t *at = data;
	int64_t until = clock_mono_ms() + PATIENT_MS;

	while (bytes > 0) {
		int sent = SSL_write(browser->tls, at, (int)bytes);
		assert_true(clock_mono_ms() < until);
		if (sent > 0) {
			at += sent;
			bytes -= (size_t)sent;
		} else if (SSL_get_error(browser->tls, sent) != SSL_ERROR_WANT_WRITE &&
			   SSL_get_error(browser->tls, sent) != SSL_ERROR_WANT_READ) {
			return; /* it was cut; the test looks at why */
		}
		turn(fixture);
	}
}

void browser_frame(struct fixture *fixture, struct browser *browser, uint8_t first,
		   const void *payload, size_t bytes)
{
	static const uint8_t mask[4] = {0x12, 0x9c, 0xf3, 0x55};
	uint8_t head[WEBSOCKET_MAX_HEAD_BYTES];
	size_t head_bytes = websocket_head(head, 0, bytes);
	struct buf out = {0};

	head[0] = first;
	head[1] |= 0x80;
	(void)buf_append(&out, head, head_bytes);
	(void)buf_append(&out, mask, sizeof mask);
	for (size_t i = 0; i < bytes; i++)
		(void)buf_putc(&out, (char)(((const uint8_t *)payload)[i] ^ mask[i % 4]));
	browser_send(fixture, browser, out.data, out.len);
	buf_done(&out);
}

void browser_wait(struct fixture *fixture, struct browser *browser, size_t bytes)
{
	int64_t until = clock_mono_ms() + PATIENT_MS;

	for (read_all(browser); browser->in.len < bytes; read_all(browser)) {
		assert_false(browser->closed);
		assert_true(clock_mono_ms() < until);
		turn(fixture);
	}
}

void browser_head(struct fixture *fixture, struct browser *browser, struct buf *ret)
{
	const uint8_t *end;

	browser_wait(fixture, browser, 4);
	while ((end = memmem(browser->in.data, browser->in.len, "\r\n\r\n", 4)) == NULL)
		browser_wait(fixture, browser, browser->in.len + 1);
	buf_clear(ret);
	(void)buf_append(ret, browser->in.data, (size_t)(end - browser->in.data) + 4);
	buf_consume(&browser->in, ret->len);
}

uint8_t browser_next(struct fixture *fixture, struct browser *browser, struct buf *ret)
{
	size_t bytes, head = 2;
	uint8_t opcode;

	browser_wait(fixture, browser, 2);
	opcode = browser->in.data[0] & 0x0f;
	bytes = browser->in.data[1];
	assert_true((browser->in.data[0] & 0xf0) == 0x80); /* final, nothing reserved */
	assert_true(bytes < 127);                          /* no mask, no giant */
	if (bytes == 126) {
		head = 4;
		browser_wait(fixture, browser, head);
		bytes = (size_t)browser->in.data[2] << 8 | browser->in.data[3];
	}
	browser_wait(fixture, browser, head + bytes);
	buf_clear(ret);
	(void)buf_append(ret, browser->in.data + head, bytes);
	buf_consume(&browser->in, head + bytes);
	return opcode;
}

static bool is_closed(void *context)
{
	struct browser *browser = context;

	read_all(browser);
	return browser->closed;
}

void browser_expect_end(struct fixture *fixture, struct browser *browser)
{
	fixture_run(fixture, 5000, is_closed, browser);
}

void browser_expect_close(struct fixture *fixture, struct browser *browser, uint16_t code)
{
	struct buf payload = {0};

	while (browser_next(fixture, browser, &payload) != WEBSOCKET_CLOSE)
		;
	assert_int_equal(websocket_close_code(payload.data, payload.len), code);
	browser_frame(fixture, browser, 0x88, payload.data, 2);
	browser_expect_end(fixture, browser);
	buf_done(&payload);
}

static bool has_frame(void *context)
{
	return ((struct heard *)context)->frames > 0;
}

uint64_t browser_upgrade(struct fixture *fixture, struct browser *browser)
{
	static const char request[] =
		"GET /v1/consoles/7/vnc HTTP/1.1\r\nHost: ippo.test\r\nUpgrade: websocket\r\n"
		"Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: binary\r\n\r\n";
	struct buf head = {0};

	browser_send(fixture, browser, request, sizeof request - 1);
	browser_head(fixture, browser, &head);
	assert_true(strncmp(buf_str(&head), "HTTP/1.1 101 ", 13) == 0);
	buf_done(&head);
	struct heard *heard = fixture_heard(fixture, fixture->heard_count - 1);
	browser_frame(fixture, browser, 0x81, "{\"ticket\":\"t\"}", 14);
	fixture_run(fixture, 1000, has_frame, heard);
	return heard->id;
}

int browser_console(struct fixture *fixture, struct browser *browser,
		    const struct console_open *open, uint64_t *ret_id)
{
	struct buf greeting = {0};
	int pair[2];

	*ret_id = browser_upgrade(fixture, browser);
	assert_int_equal(socketpair(AF_UNIX,
				    (open->kind == CONSOLE_SERIAL ? SOCK_SEQPACKET : SOCK_STREAM) |
					    SOCK_CLOEXEC | SOCK_NONBLOCK,
				    0, pair),
			 0);
	fixture_open(fixture, *ret_id, open, pair[0]);
	assert_int_equal(browser_next(fixture, browser, &greeting), WEBSOCKET_TEXT);
	assert_string_equal(buf_str(&greeting), open->greeting);
	buf_done(&greeting);
	return pair[1];
}

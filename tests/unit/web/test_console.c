// Consoles end to end but for the guest: browsers with TLS, a fake core, a socket pair as the host.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "fixture.h"
#include "web/connection.h"
#include "web/console.h"
#include "web/rfb_filter.h"
#include "web/websocket.h"

static const struct console_open serial = {.console_id = 1,
					   .kind = CONSOLE_SERIAL,
					   .mode = CONSOLE_CONTROL,
					   .greeting = "{\"console\":1}"};
static const struct console_open vnc = {.console_id = 2,
					.kind = CONSOLE_VNC,
					.mode = CONSOLE_CONTROL,
					.greeting = "{\"console\":2}"};
static const struct console_open vnc_view = {
	.console_id = 3, .kind = CONSOLE_VNC, .mode = CONSOLE_VIEW, .greeting = "{\"console\":3}"};

static bool has_ended(void *context)
{
	return ((struct heard *)context)->ended > 0;
}

static void expect_ended(struct fixture *fixture, unsigned index, uint16_t code)
{
	struct heard *heard = fixture_heard(fixture, index);

	fixture_run(fixture, 5000, has_ended, heard);
	fixture_pause(fixture, 50);
	assert_int_equal(heard->ended, 1);
	assert_int_equal(heard->cancelled, 0);
	assert_int_equal(heard->last.code, code);
}

/* What comes out at the host's end within two seconds; 0 at its end. */
static ssize_t host_receive(struct fixture *fixture, int host, void *data, size_t bytes)
{
	int64_t until = clock_mono_ms() + 2000;
	ssize_t got;

	while ((got = recv(host, data, bytes, MSG_DONTWAIT)) < 0) {
		assert_int_equal(errno, EAGAIN);
		if (clock_mono_ms() > until)
			fail_msg("nothing came to the host");
		fixture_pause(fixture, 0);
	}
	return got;
}

static void expect_host(struct fixture *fixture, int host, const void *expected, size_t bytes)
{
	uint8_t data[8192];
	size_t got = 0;
	int type = 0;
	socklen_t size = sizeof type;

	/* Of a stream no more than this; of a datagram all, so that one too long is noticed. */
	assert_int_equal(getsockopt(host, SOL_SOCKET, SO_TYPE, &type, &size), 0);
	while (got < bytes)
		got += (size_t)host_receive(fixture, host, data + got,
					    type == SOCK_STREAM ? bytes - got : sizeof data - got);
	assert_int_equal(got, bytes);
	assert_memory_equal(data, expected, bytes);
}

static void expect_host_end(struct fixture *fixture, int host)
{
	uint8_t data[64];

	assert_int_equal(host_receive(fixture, host, data, sizeof data), 0);
	(void)close(host);
}

static const char upgrade[] =
	"GET /v1/consoles/7/vnc HTTP/1.1\r\nHost: ippo.test\r\nUpgrade: websocket\r\n"
	"Connection: keep-alive, Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
	"Sec-WebSocket-Version: 13\r\n";

static const char old_version[] =
	"GET /v1/x HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 12\r\n\r\n";

static void test_handshake_answers(void **state)
{
	struct fixture *fixture = *state;
	struct browser browser;
	struct buf head = {0};

	browser_connect(fixture, &browser, 0);
	/* An ordinary refusal by core leaves the connection as it was. */
	fixture->status = 403;
	browser_send(fixture, &browser, upgrade, sizeof upgrade - 1);
	browser_send(fixture, &browser, "\r\n", 2);
	browser_head(fixture, &browser, &head);
	assert_non_null(strstr(buf_str(&head), "HTTP/1.1 403 "));
	assert_true(fixture_heard(fixture, 0)->upgrade);
	/* Another version. */
	browser_send(fixture, &browser, old_version, sizeof old_version - 1);
	browser_head(fixture, &browser, &head);
	assert_non_null(strstr(buf_str(&head), "HTTP/1.1 426 "));
	assert_non_null(strstr(buf_str(&head), "\r\nSec-WebSocket-Version: 13\r\n"));
	assert_int_equal(fixture->heard_count, 1);
	browser_wait(fixture, &browser, 1); /* its body */
	buf_clear(&browser.in);
	/* The real thing, over the same connection. */
	fixture->status = 101;
	browser_send(fixture, &browser, upgrade, sizeof upgrade - 1);
	browser_send(fixture, &browser, "Sec-WebSocket-Protocol: binary\r\n\r\n", 34);
	browser_head(fixture, &browser, &head);
	assert_non_null(strstr(buf_str(&head), "HTTP/1.1 101 Switching Protocols\r\n"));
	assert_non_null(strstr(buf_str(&head),
			       "\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
	assert_non_null(strstr(buf_str(&head), "\r\nSec-WebSocket-Protocol: binary\r\n"));
	assert_non_null(strstr(buf_str(&head), "\r\nSet-Cookie: __Secure-ippo-console-7-vnc="
					       "rotated; Path=/v1/consoles/7/vnc\r\n"));
	assert_null(strstr(buf_str(&head), "\r\nb: c"));
	assert_null(strstr(buf_str(&head), "Extensions"));
	browser_done(&browser);
	expect_ended(fixture, 1, WEBSOCKET_ABNORMAL);
	buf_done(&head);
}

static void test_101_that_nobody_asked_for(void **state)
{
	static const char ordinary[] = "GET /v1/servers HTTP/1.1\r\nHost: a\r\n\r\n";
	struct fixture *fixture = *state;
	struct browser browser;
	struct buf head = {0};

	browser_connect(fixture, &browser, 0);
	browser_send(fixture, &browser, ordinary, sizeof ordinary - 1);
	browser_head(fixture, &browser, &head);
	assert_non_null(strstr(buf_str(&head), "HTTP/1.1 502 "));
	fixture_pause(fixture, 20);
	assert_false(fixture_heard(fixture, 0)->upgrade);
	assert_int_equal(fixture_heard(fixture, 0)->cancelled, 1);
	browser_done(&browser);
	buf_done(&head);
}

static void test_serial_both_ways(void **state)
{
	struct fixture *fixture = *state;
	static uint8_t big[1 + SERIAL_MAX_INPUT_BYTES];
	uint8_t output[9 + SERIAL_MAX_OUTPUT_BYTES];
	struct browser browser;
	struct buf payload = {0};
	uint64_t id;
	int host;

	browser_connect(fixture, &browser, 0);
	host = browser_console(fixture, &browser, &serial, &id);
	assert_string_equal(fixture_heard(fixture, 0)->frame, "{\"ticket\":\"t\"}");
	/* One message is one datagram: three in one go, one in fragments with a ping between. */
	browser_frame(fixture, &browser, 0x82, "\1l", 2);
	browser_frame(fixture, &browser, 0x82, "\1s", 2);
	browser_frame(fixture, &browser, 0x02, "\1a", 2);
	browser_frame(fixture, &browser, 0x89, "hi", 2);
	browser_frame(fixture, &browser, 0x80, "b", 1);
	expect_host(fixture, host, "\1l", 2);
	expect_host(fixture, host, "\1s", 2);
	expect_host(fixture, host, "\1ab", 3);
	assert_int_equal(browser_next(fixture, &browser, &payload), WEBSOCKET_PONG);
	assert_string_equal(buf_str(&payload), "hi");
	memset(big, 'x', sizeof big);
	browser_frame(fixture, &browser, 0x82, big, sizeof big);
	expect_host(fixture, host, big, sizeof big);
	memset(output, 0x11, sizeof output);
	assert_int_equal(send(host, output, sizeof output, 0), sizeof output);
	assert_int_equal(send(host, "\x15", 1, 0), 1);
	assert_int_equal(browser_next(fixture, &browser, &payload), WEBSOCKET_BINARY);
	assert_int_equal(payload.len, sizeof output);
	assert_memory_equal(payload.data, output, sizeof output);
	assert_int_equal(browser_next(fixture, &browser, &payload), WEBSOCKET_BINARY);
	assert_int_equal(payload.len, 1);
	/* The client goes: the host sees the end, core hears how much it was. */
	browser_frame(fixture, &browser, 0x88, "\x03\xe8", 2);
	assert_int_equal(browser_next(fixture, &browser, &payload), WEBSOCKET_CLOSE);
	browser_expect_end(fixture, &browser);
	expect_host_end(fixture, host);
	expect_ended(fixture, 0, CONSOLE_NORMAL);
	assert_int_equal(fixture_heard(fixture, 0)->last.bytes_to_guest, 2 + 2 + 3 + sizeof big);
	assert_int_equal(fixture_heard(fixture, 0)->last.bytes_from_guest, sizeof output + 1);
	browser_done(&browser);
	buf_done(&payload);
}

#define HELLO "RFB 003.008\n\1"

static void test_vnc_modes(void **state)
{
	struct fixture *fixture = *state;

	for (int view = 0; view <= 1; view++) {
		struct browser browser;
		struct buf payload = {0};
		uint64_t id;
		int host;
		browser_connect(fixture, &browser, 0);
		host = browser_console(fixture, &browser, view ? &vnc_view : &vnc, &id);
		assert_int_equal(send(host, "RFB 003.008\n", 12, 0), 12);
		assert_int_equal(browser_next(fixture, &browser, &payload), WEBSOCKET_BINARY);
		assert_string_equal(buf_str(&payload), "RFB 003.008\n");
		/* Not shared, a key, and a request for the picture. */
		browser_frame(fixture, &browser, 0x82, HELLO "\0\4\1\0\0\0\0\0a\3", 23);
		browser_frame(fixture, &browser, 0x82, "\1\0\0\0\0\1\0\1\0", 9);
		expect_host(fixture, host, HELLO "\1", 14);
		if (!view)
			expect_host(fixture, host, "\4\1\0\0\0\0\0a", 8);
		expect_host(fixture, host, "\3\1\0\0\0\0\1\0\1\0", 10);
		/* The end of what is known. */
		browser_frame(fixture, &browser, 0x82, "\7", 1);
		browser_expect_close(fixture, &browser, CONSOLE_PROTOCOL);
		expect_host_end(fixture, host);
		expect_ended(fixture, (unsigned)view, CONSOLE_PROTOCOL);
		browser_done(&browser);
		buf_done(&payload);
	}
}

/* What must end a console before or after it is open. */
static void test_refusals(void **state)
{
	static const uint8_t giant[] = {0x82, 0xff, 0, 0, 1, 0, 0, 0, 0, 0};
	static const uint8_t unmasked[] = {0x82, 0x01, 'x'};
	static uint8_t long_ticket[CONSOLE_FIRST_FRAME_BYTES + 1];
	struct fixture *fixture = *state;
	struct browser browser;
	unsigned index = 0;
	uint64_t id;
	int host;

	memset(long_ticket, '{', sizeof long_ticket);
	for (int i = 0; i < 9; i++, index++) {
		uint16_t code = CONSOLE_PROTOCOL;
		browser_connect(fixture, &browser, 0);
		host = -1;
		if (i < 3) {
			struct buf head = {0};
			browser_send(fixture, &browser, upgrade, sizeof upgrade - 1);
			browser_send(fixture, &browser, "\r\n", 2);
			browser_head(fixture, &browser, &head);
			buf_done(&head);
		} else if (i == 3) {
			id = browser_upgrade(fixture, &browser);
		} else {
			host = browser_console(fixture, &browser, &serial, &id);
		}
		if (i == 0) { /* one too long */
			browser_frame(fixture, &browser, 0x81, long_ticket, sizeof long_ticket);
			code = CONSOLE_TOO_BIG;
		} else if (i == 1) { /* binary */
			browser_frame(fixture, &browser, 0x82, "{}", 2);
		} else if (i == 2) { /* silence */
			code = CONSOLE_REFUSED;
		} else if (i == 3) { /* before core has said yes */
			browser_frame(fixture, &browser, 0x82, "\1x", 2);
		} else if (i == 4) { /* text again */
			browser_frame(fixture, &browser, 0x81, "{}", 2);
		} else if (i == 5) {
			browser_send(fixture, &browser, giant, sizeof giant);
			code = CONSOLE_TOO_BIG;
		} else if (i == 6) {
			browser_send(fixture, &browser, unmasked, sizeof unmasked);
		} else if (i == 7) { /* an empty serial message */
			browser_frame(fixture, &browser, 0x82, "", 0);
		} else { /* a flood of pings */
			for (int ping = 0; ping <= CONSOLE_MAX_CONTROLS * 8; ping++)
				browser_frame(fixture, &browser, 0x89, "", 0);
			code = WEBSOCKET_POLICY;
		}
		browser_expect_close(fixture, &browser, code);
		expect_ended(fixture, index, code);
		if (host >= 0)
			expect_host_end(fixture, host);
		assert_int_equal(fixture_heard(fixture, index)->frames, i < 3 ? 0 : 1);
		browser_done(&browser);
	}
}

static void test_first_frame_limit_and_bytes(void **state)
{
	static uint8_t ticket[CONSOLE_FIRST_FRAME_BYTES];
	struct fixture *fixture = *state;
	struct browser browser;
	struct buf head = {0}, frame = {0};

	browser_connect(fixture, &browser, 0);
	browser_send(fixture, &browser, upgrade, sizeof upgrade - 1);
	browser_send(fixture, &browser, "\r\n", 2);
	browser_head(fixture, &browser, &head);
	/* As long as it may be, in two fragments, each byte in a record of its own. */
	memset(ticket, 't', sizeof ticket);
	(void)buf_append(&frame, "\x01\xfe\x03\xff\0\0\0\0", 8);
	(void)buf_append(&frame, ticket, 1023);
	(void)buf_append(&frame, "\x80\x81\0\0\0\0t", 7);
	for (size_t i = 0; i < frame.len; i++)
		browser_send(fixture, &browser, frame.data + i, 1);
	for (int i = 0; i < 100 && fixture_heard(fixture, 0)->frames == 0; i++)
		fixture_pause(fixture, 10);
	assert_int_equal(fixture_heard(fixture, 0)->frames, 1);
	assert_memory_equal(fixture_heard(fixture, 0)->frame, ticket, sizeof ticket);
	/* Pings are answered while core decides. */
	browser_frame(fixture, &browser, 0x89, "p", 1);
	assert_int_equal(browser_next(fixture, &browser, &head), WEBSOCKET_PONG);
	browser_done(&browser);
	expect_ended(fixture, 0, WEBSOCKET_ABNORMAL);
	buf_done(&frame);
	buf_done(&head);
}

static void test_cut(void **state)
{
	struct fixture *fixture = *state;
	struct browser browser;
	struct buf payload = {0};
	uint8_t byte;
	uint64_t id;
	int host;

	browser_connect(fixture, &browser, 0);
	host = browser_console(fixture, &browser, &serial, &id);
	int64_t began = clock_mono_ms();
	fixture_close(fixture, id, CONSOLE_CUT, "signed out");
	/* The client types on and does not look; not a byte of it reaches the host. */
	while (recv(host, &byte, 1, MSG_DONTWAIT | MSG_PEEK) != 0) {
		browser_frame(fixture, &browser, 0x82, "\1x", 2);
		if (recv(host, &byte, 1, MSG_DONTWAIT | MSG_PEEK) > 0)
			(void)recv(host, &byte, 1, MSG_DONTWAIT);
		assert_true(clock_mono_ms() - began < 1000);
	}
	assert_int_equal(browser_next(fixture, &browser, &payload), WEBSOCKET_CLOSE);
	assert_int_equal(websocket_close_code(payload.data, payload.len), CONSOLE_CUT);
	assert_string_equal(payload.data + 2, "signed out");
	expect_ended(fixture, 0, CONSOLE_CUT);
	/* It does not answer the close frame: it is dropped all the same. */
	browser_expect_end(fixture, &browser);
	/* A late word of core about it harms nobody. */
	fixture_close(fixture, id, CONSOLE_CUT, "");
	fixture_open(fixture, id, &serial, dup(host));
	fixture_pause(fixture, 50);
	assert_false(fixture->core_closed);
	(void)close(host);
	browser_done(&browser);
	buf_done(&payload);
}

static void test_host_gone(void **state)
{
	struct fixture *fixture = *state;
	struct browser browser;
	uint64_t id;

	/* Core says why. */
	browser_connect(fixture, &browser, 0);
	(void)close(browser_console(fixture, &browser, &vnc, &id));
	fixture_pause(fixture, 100);
	assert_int_equal(fixture_heard(fixture, 0)->ended, 0);
	fixture_close(fixture, id, CONSOLE_OFF, "the server was shut down");
	browser_expect_close(fixture, &browser, CONSOLE_OFF);
	expect_ended(fixture, 0, CONSOLE_OFF);
	browser_done(&browser);
	/* Core does not. */
	browser_connect(fixture, &browser, 0);
	(void)close(browser_console(fixture, &browser, &vnc, &id));
	browser_expect_close(fixture, &browser, CONSOLE_LOST);
	expect_ended(fixture, 1, CONSOLE_LOST);
	browser_done(&browser);
}

static void test_core_lost(void **state)
{
	struct fixture *fixture = *state;
	struct browser browsers[3];
	struct buf head = {0};
	uint64_t id;
	int host;

	browser_connect(fixture, &browsers[0], 0);
	host = browser_console(fixture, &browsers[0], &serial, &id);
	browser_connect(fixture, &browsers[1], 0);
	(void)browser_upgrade(fixture, &browsers[1]);
	browser_connect(fixture, &browsers[2], 0);
	browser_send(fixture, &browsers[2], upgrade, sizeof upgrade - 1);
	browser_send(fixture, &browsers[2], "\r\n", 2);
	browser_head(fixture, &browsers[2], &head);
	fixture_core_dies(fixture);
	for (int i = 0; i < 3; i++) {
		browser_expect_close(fixture, &browsers[i], CONSOLE_GOING_AWAY);
		browser_done(&browsers[i]);
	}
	expect_host_end(fixture, host);
	buf_done(&head);
}

static void test_limits_of_time(void **state)
{
	struct fixture *fixture = *state;
	struct console_open open = serial;
	struct browser browser;
	uint64_t id;
	int host;

	open.idle_ms = 500;
	browser_connect(fixture, &browser, 0);
	host = browser_console(fixture, &browser, &open, &id);
	for (int i = 0; i < 4; i++) { /* typing keeps it, output does not */
		fixture_pause(fixture, 250);
		browser_frame(fixture, &browser, 0x82, "\1x", 2);
	}
	assert_int_equal(fixture_heard(fixture, 0)->ended, 0);
	assert_true(send(host, "\x11yes", 4, 0) == 4);
	browser_expect_close(fixture, &browser, CONSOLE_IDLE);
	expect_ended(fixture, 0, CONSOLE_IDLE);
	browser_done(&browser);
	(void)close(host);

	/* Looking at a screen is not typing. */
	open = vnc;
	open.idle_ms = 500;
	browser_connect(fixture, &browser, 0);
	host = browser_console(fixture, &browser, &open, &id);
	browser_frame(fixture, &browser, 0x82, HELLO "\1", 14);
	int64_t began = clock_mono_ms();
	while (fixture_heard(fixture, 1)->ended == 0 && clock_mono_ms() - began < 2000) {
		browser_frame(fixture, &browser, 0x82, "\3\1\0\0\0\0\1\0\1\0", 10);
		fixture_pause(fixture, 50);
	}
	expect_ended(fixture, 1, CONSOLE_IDLE);
	browser_done(&browser);
	(void)close(host);

	open = serial;
	open.life_ms = 600;
	browser_connect(fixture, &browser, 0);
	host = browser_console(fixture, &browser, &open, &id);
	began = clock_mono_ms();
	while (fixture_heard(fixture, 2)->ended == 0 && clock_mono_ms() - began < 2000) {
		browser_frame(fixture, &browser, 0x82, "\1x", 2);
		fixture_pause(fixture, 50);
	}
	expect_ended(fixture, 2, CONSOLE_LIFE);
	browser_done(&browser);
	(void)close(host);
}

/* What stands at @offset of a stream whose every place tells where it is. */
static uint8_t pattern(size_t offset)
{
	return (uint8_t)(offset * 2654435761U >> 13);
}

static void fill(uint8_t *data, size_t bytes, size_t offset)
{
	for (size_t i = 0; i < bytes; i++)
		data[i] = pattern(offset + i);
}

static void expect_pattern(const uint8_t *data, size_t bytes, size_t offset)
{
	for (size_t i = 0; i < bytes; i++)
		if (data[i] != pattern(offset + i))
			fail_msg("byte %zu is another", offset + i);
}

/* More than any buffer on the way takes, to a viewer whose socket is small: all of it, in order. */
static void test_bulk_to_a_slow_viewer(void **state)
{
	enum { TOTAL = 3 * 1024 * 1024, PIECE = 40000 };
	static uint8_t piece[PIECE];
	struct fixture *fixture = *state;
	struct browser browser;
	struct buf payload = {0};
	size_t sent = 0, got = 0;
	uint64_t id;
	int host;

	browser_connect(fixture, &browser, 4096);
	host = browser_console(fixture, &browser, &vnc, &id);
	while (got < TOTAL) {
		for (ssize_t taken = 1; taken > 0 && sent < TOTAL;) {
			const size_t left = TOTAL - sent < PIECE ? TOTAL - sent : PIECE;
			fill(piece, left, sent);
			taken = send(host, piece, left, MSG_DONTWAIT);
			sent += taken > 0 ? (size_t)taken : 0;
		}
		assert_int_equal(browser_next(fixture, &browser, &payload), WEBSOCKET_BINARY);
		expect_pattern(payload.data, payload.len, got);
		got += payload.len;
	}
	assert_int_equal(got, TOTAL);
	browser_done(&browser);
	(void)close(host);
	buf_done(&payload);
}

/* A clipboard of its most, in frames of every size, to a screen that takes it in turns. */
static void test_bulk_to_a_slow_host(void **state)
{
	enum { TOTAL = 1024 * 1024, CUT_HEAD = 8, MOST_FRAME = 30011 };
	static uint8_t frame[MOST_FRAME], piece[5000];
	struct fixture *fixture = *state;
	struct browser browser;
	size_t sent = 0, got = 0, bytes = 1;
	uint64_t id;
	int host;

	browser_connect(fixture, &browser, 0);
	host = browser_console(fixture, &browser, &vnc, &id);
	browser_frame(fixture, &browser, 0x82, HELLO "\1\6\0\0\0\0\x10\0\0", 14 + CUT_HEAD);
	expect_host(fixture, host, HELLO "\1\6\0\0\0\0\x10\0\0", 14 + CUT_HEAD);
	while (got < TOTAL) {
		if (sent < TOTAL && sent < got + TOTAL / 2) {
			bytes = bytes * 7 % MOST_FRAME + 1;
			bytes = bytes < TOTAL - sent ? bytes : TOTAL - sent;
			fill(frame, bytes, sent);
			browser_frame(fixture, &browser, 0x82, frame, bytes);
			sent += bytes;
			if (sent < TOTAL / 2)
				continue;
		}
		const size_t part = (size_t)host_receive(fixture, host, piece, sizeof piece);
		expect_pattern(piece, part, got);
		got += part;
	}
	/* And what stands behind it is heard as what it is. */
	browser_frame(fixture, &browser, 0x82, "\4\1\0\0\0\0\0a", 8);
	expect_host(fixture, host, "\4\1\0\0\0\0\0a", 8);
	browser_done(&browser);
	(void)close(host);
}

/* A guest that writes without end, a viewer that reads a byte now and then: its interrupt key is
 * there at once, another's too, and memory stays. */
static void test_slow_reader(void **state)
{
	static uint8_t flood[16384];
	struct fixture *fixture = *state;
	struct browser slow, other;
	struct buf payload = {0};
	uint64_t slow_id, other_id;
	int slow_host, other_host;
	size_t before = 0;
	int64_t least_ms = INT64_MAX; /* of six: what a busy machine adds is none of ours */

	browser_connect(fixture, &slow, 4096);
	slow_host = browser_console(fixture, &slow, &vnc, &slow_id);
	browser_connect(fixture, &other, 0);
	other_host = browser_console(fixture, &other, &serial, &other_id);
	browser_frame(fixture, &slow, 0x82, HELLO "\1", 14);
	expect_host(fixture, slow_host, HELLO "\1", 14);
	for (int round = 0; round < 60; round++) {
		uint8_t byte;
		int64_t began = clock_mono_ms();
		while (send(slow_host, flood, sizeof flood, MSG_DONTWAIT) > 0)
			fixture_pause(fixture, 0);
		fixture_pause(fixture, 5);
		(void)SSL_read(slow.tls, &byte, 1);
		if (round % 10 == 9) {
			began = clock_mono_ms();
			browser_frame(fixture, &slow, 0x82, "\4\1\0\0\0\0\0\3", 8);
			expect_host(fixture, slow_host, "\4\1\0\0\0\0\0\3", 8);
			browser_frame(fixture, &other, 0x82, "\1\3", 2);
			expect_host(fixture, other_host, "\1\3", 2);
			assert_int_equal(send(other_host, "\x15", 1, 0), 1);
			assert_int_equal(browser_next(fixture, &other, &payload), WEBSOCKET_BINARY);
			const int64_t took = clock_mono_ms() - began;
			least_ms = took < least_ms ? took : least_ms;
		}
		if (round == 20)
			before = mallinfo2().uordblks;
	}
	assert_true(least_ms < 100);
	assert_true(mallinfo2().uordblks < before + 64 * 1024);
	browser_done(&slow);
	browser_done(&other);
	expect_ended(fixture, 0, WEBSOCKET_ABNORMAL);
	expect_ended(fixture, 1, WEBSOCKET_ABNORMAL);
	(void)close(slow_host);
	(void)close(other_host);
	buf_done(&payload);
}

/* A host that does not read: the client is made to wait, and nothing is lost or reordered. Input
 * may come as one; its bytes, and what comes in between, keep their order. */
static void test_host_does_not_read(void **state)
{
	enum { COUNT = 1500, BYTES = 1000, TAKE_EACH = 100 };
	struct fixture *fixture = *state;
	static uint8_t got[2 * SERIAL_MAX_GATHERED_BYTES];
	struct browser browser;
	uint8_t message[BYTES];
	uint64_t id;
	unsigned takes = 0, datagrams = 0;
	size_t received = 0;
	int host;

	browser_connect(fixture, &browser, 0);
	host = browser_console(fixture, &browser, &serial, &id);
	/* More than a socket holds; the browser's own side is filled without waiting for it. */
	for (unsigned sent = 0; sent < COUNT; sent++) {
		memset(message, (int)(sent % 251), sizeof message);
		message[0] = SERIAL_INPUT;
		browser_frame(fixture, &browser, 0x82, message, sizeof message);
		message[0] = SERIAL_TAKE;
		if (sent % TAKE_EACH == TAKE_EACH - 1)
			browser_frame(fixture, &browser, 0x82, message, 1);
	}
	fixture_pause(fixture, 50);
	while (received < COUNT * (size_t)(BYTES - 1) || takes < COUNT / TAKE_EACH) {
		const size_t bytes = (size_t)host_receive(fixture, host, got, sizeof got);
		datagrams++;
		if (got[0] == SERIAL_TAKE) {
			assert_int_equal(bytes, 1);
			takes++;
			assert_int_equal(received, takes * (size_t)(BYTES - 1) * TAKE_EACH);
			continue;
		}
		assert_int_equal(got[0], SERIAL_INPUT);
		assert_in_range(bytes, BYTES, 1 + SERIAL_MAX_GATHERED_BYTES);
		for (size_t i = 1; i < bytes; i++, received++)
			assert_int_equal(got[i], received / (BYTES - 1) % 251);
	}
	assert_true(datagrams < COUNT / 2);
	browser_frame(fixture, &browser, 0x82, "\1y", 2);
	expect_host(fixture, host, "\1y", 2);
	browser_done(&browser);
	expect_ended(fixture, 0, WEBSOCKET_ABNORMAL);
	(void)close(host);
}

/* A client that sends much is read in turns; one that goes has still said all of it. */
static void test_much_and_gone(void **state)
{
	enum { COUNT = 100, BYTES = 1000 }; /* less than the host's socket holds */
	struct fixture *fixture = *state;
	static uint8_t got[2 * SERIAL_MAX_GATHERED_BYTES];
	struct browser browser;
	uint8_t message[BYTES] = {SERIAL_INPUT};
	size_t received = 0;
	uint64_t id;
	int host;

	browser_connect(fixture, &browser, 0);
	host = browser_console(fixture, &browser, &serial, &id);
	for (unsigned sent = 0; sent < COUNT; sent++)
		browser_frame(fixture, &browser, 0x82, message, sizeof message);
	browser_done(&browser);
	while (received < COUNT * (size_t)(BYTES - 1))
		received += (size_t)host_receive(fixture, host, got, sizeof got) - 1;
	assert_int_equal(received, COUNT * (size_t)(BYTES - 1));
	expect_ended(fixture, 0, WEBSOCKET_ABNORMAL);
	(void)close(host);
}

static void test_half_open(void **state)
{
	static struct browser browsers[200];
	struct fixture *fixture = *state;
	struct buf head = {0};
	struct mallinfo2 before, after;

	for (int i = 0; i < 200; i++) {
		browser_connect(fixture, &browsers[i], 0);
		browser_send(fixture, &browsers[i], upgrade, sizeof upgrade - 1);
		if (i % 2 == 0) /* half of them with the empty line: a WebSocket without a word */
			browser_send(fixture, &browsers[i], "\r\n", 2);
		if (i == 100)
			before = mallinfo2();
	}
	after = mallinfo2();
	assert_true(after.uordblks < before.uordblks + (size_t)100 * 256 * 1024);
	assert_true(fixture->web.connection_count > 0);
	int64_t began = clock_mono_ms();
	while (fixture->web.connection_count > 0 && clock_mono_ms() - began < 7000) {
		fixture_pause(fixture, 20);
		for (int i = 1; i < 200; i += 2) {
			uint8_t byte[512];
			(void)SSL_read(browsers[i].tls, byte, sizeof byte);
		}
	}
	assert_true(clock_mono_ms() - began < 5000);
	assert_int_equal(fixture->web.connection_count, 0);
	for (int i = 0; i < 200; i++)
		browser_done(&browsers[i]);
	buf_done(&head);
}

/* Core lets in what web's own limits leave room for: consoles do not count as requests. */
static void test_many_consoles_of_one_peer(void **state)
{
	enum { COUNT = CONNECTION_MAX_PER_PEER + 40 };
	static struct browser browsers[COUNT];
	static int hosts[COUNT];
	struct fixture *fixture = *state;
	uint64_t id;

	for (int i = 0; i < COUNT; i++) {
		browser_connect(fixture, &browsers[i], 0);
		hosts[i] = browser_console(fixture, &browsers[i], &serial, &id);
	}
	assert_int_equal(fixture->web.console_count, COUNT);
	browser_frame(fixture, &browsers[0], 0x82, "\1x", 2);
	expect_host(fixture, hosts[0], "\1x", 2);
	connection_end_consoles(&fixture->web);
	for (int i = 0; i < COUNT; i++) {
		browser_expect_close(fixture, &browsers[i], CONSOLE_GOING_AWAY);
		browser_done(&browsers[i]);
		expect_host_end(fixture, hosts[i]);
	}
	assert_int_equal(fixture->web.console_count, 0);
	for (unsigned i = 0; i < COUNT; i++)
		assert_int_equal(fixture_heard(fixture, i)->ended, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
		TEST(test_handshake_answers),
		TEST(test_101_that_nobody_asked_for),
		TEST(test_serial_both_ways),
		TEST(test_vnc_modes),
		TEST(test_refusals),
		TEST(test_first_frame_limit_and_bytes),
		TEST(test_cut),
		TEST(test_host_gone),
		TEST(test_core_lost),
		TEST(test_limits_of_time),
		TEST(test_bulk_to_a_slow_viewer),
		TEST(test_bulk_to_a_slow_host),
		TEST(test_slow_reader),
		TEST(test_host_does_not_read),
		TEST(test_much_and_gone),
		TEST(test_half_open),
		TEST(test_many_consoles_of_one_peer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

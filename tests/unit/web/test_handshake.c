// Opening handshakes: what RFC 6455 section 4.2.1 asks for, each of it left out once.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "web/handshake.h"

#define GOOD_KEY "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define REST     "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"

static struct handshake handshake;

static enum handshake_result check(const char *line, const char *fields)
{
	static char text[4096];
	struct http_head head;

	(void)snprintf(text, sizeof text, "%s\r\nHost: a\r\n%s\r\n", line, fields);
	assert_int_equal(http_head_parse(text, strlen(text), &head), (int)strlen(text));
	memset(&handshake, 0, sizeof handshake);
	return handshake_check(&head, &handshake);
}

#define GET "GET /v1/consoles/1/vnc HTTP/1.1"

static void test_valid(void **state)
{
	(void)state;
	assert_int_equal(check(GET, GOOD_KEY REST), HANDSHAKE_VALID);
	/* The example of RFC 6455 section 1.3. */
	assert_string_equal(handshake.accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
	assert_false(handshake.binary);
	assert_int_equal(check(GET, GOOD_KEY REST "Sec-WebSocket-Protocol: base64, binary\r\n"),
			 HANDSHAKE_VALID);
	assert_true(handshake.binary);
	assert_int_equal(check(GET, GOOD_KEY REST "Sec-WebSocket-Protocol: binaryx\r\n"),
			 HANDSHAKE_VALID);
	assert_false(handshake.binary);
	/* Firefox says more than one thing in Connection. */
	assert_int_equal(check(GET, GOOD_KEY "Upgrade: WebSocket\r\nSec-WebSocket-Version: 13\r\n"
					     "Connection: keep-alive, upgrade\r\n"),
			 HANDSHAKE_VALID);
}

static void test_ordinary(void **state)
{
	static const char *const fields[] = {
		"",
		REST,
		GOOD_KEY "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n",
		GOOD_KEY "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n",
		GOOD_KEY "Upgrade: websocket\r\nConnection: Upgrade\r\n",
		GOOD_KEY "Upgrade: websockets\r\nConnection: Upgrade\r\n"
			 "Sec-WebSocket-Version: 13\r\n",
		GOOD_KEY "Upgrade: websocket\r\nConnection: close\r\nSec-WebSocket-Version: 13\r\n",
		GOOD_KEY GOOD_KEY REST,
		GOOD_KEY REST "Content-Length: 1\r\n",
		GOOD_KEY REST "Transfer-Encoding: chunked\r\n",
		/* keys of 15 and 17 bytes, of wrong characters, without padding, empty */
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j\r\n" REST,
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZWU=\r\n" REST,
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j-_==\r\n" REST,
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ\r\n" REST,
		"Sec-WebSocket-Key: \r\n" REST,
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ= =\r\n" REST,
	};

	(void)state;
	for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
		if (check(GET, fields[i]) != HANDSHAKE_NONE)
			fail_msg("taken as a handshake: %s", fields[i]);
	assert_int_equal(check("POST / HTTP/1.1", GOOD_KEY REST), HANDSHAKE_NONE);
	assert_int_equal(check("HEAD / HTTP/1.1", GOOD_KEY REST), HANDSHAKE_NONE);
	assert_int_equal(check("GET / HTTP/1.0", GOOD_KEY REST), HANDSHAKE_NONE);
}

static void test_version(void **state)
{
	(void)state;
	assert_int_equal(check(GET, GOOD_KEY "Upgrade: websocket\r\nConnection: Upgrade\r\n"
					     "Sec-WebSocket-Version: 8\r\n"),
			 HANDSHAKE_VERSION);
	assert_int_equal(check(GET, GOOD_KEY "Upgrade: websocket\r\nConnection: Upgrade\r\n"
					     "Sec-WebSocket-Version: 13, 8\r\n"),
			 HANDSHAKE_VERSION);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_valid),
		cmocka_unit_test(test_ordinary),
		cmocka_unit_test(test_version),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

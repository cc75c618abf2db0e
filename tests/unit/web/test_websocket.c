// Framing: whole, in bytes, in fragments; and what has to be refused, at the limit and one past it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "base/buf.h"
#include "web/websocket.h"

#define MAX_MESSAGE 5000

struct wire {
	struct buf bytes;
	size_t at;
	size_t step; /* at most so many at once */
	bool paused; /* every second read finds nothing */
	bool even;
};

static ssize_t read_wire(struct wire *wire, uint8_t *data, size_t bytes)
{
	size_t left = wire->bytes.len - wire->at;

	wire->even = !wire->even;
	if (wire->paused && wire->even)
		return 0;
	if (bytes > left)
		bytes = left;
	if (bytes > wire->step)
		bytes = wire->step;
	if (bytes > 0)
		memcpy(data, wire->bytes.data + wire->at, bytes);
	wire->at += bytes;
	return (ssize_t)bytes;
}

static void frame(struct buf *out, uint8_t first, const void *payload, size_t bytes)
{
	static const uint8_t mask[4] = {0x37, 0xfa, 0x21, 0x3d};
	uint8_t head[WEBSOCKET_MAX_HEAD_BYTES];
	size_t head_bytes = websocket_head(head, 0, bytes);

	head[0] = first;
	head[1] |= 0x80;
	(void)buf_append(out, head, head_bytes);
	(void)buf_append(out, mask, sizeof mask);
	for (size_t i = 0; i < bytes; i++)
		(void)buf_putc(out, (char)(((const uint8_t *)payload)[i] ^ mask[i % 4]));
}

/* Everything there is, as text: "B:payload" per message; returns the code it ended with. */
static int take_all(struct wire *wire, struct buf *out)
{
	struct websocket websocket = {.max_message_bytes = MAX_MESSAGE};
	struct websocket_part part;
	uint8_t fed[4096];
	int code = 0;

	for (int nothing = 0; nothing < 4;) {
		code = websocket_take(&websocket, &part);
		if (code < 0)
			break;
		if (code == 0) {
			nothing += wire->at == wire->bytes.len;
			websocket_feed(&websocket, fed, (size_t)read_wire(wire, fed, sizeof fed));
			continue;
		}
		if (part.first)
			(void)buf_printf(out, "%x:", part.opcode);
		(void)buf_append(out, part.data, part.bytes);
		if (part.last)
			(void)buf_puts(out, ";");
	}
	return code;
}

static int take(struct wire *wire, const char *expected)
{
	struct buf out = {0};
	int code = take_all(wire, &out);

	assert_string_equal(buf_str(&out), expected);
	buf_done(&out);
	buf_done(&wire->bytes);
	return code;
}

static void test_messages_in_any_pieces(void **state)
{
	static const size_t steps[] = {1, 2, 3, 7, 64, 4096};

	(void)state;
	for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
		struct wire wire = {.step = steps[i], .paused = i % 2 == 0};
		frame(&wire.bytes, 0x81, "hello", 5);
		frame(&wire.bytes, 0x02, "one ", 4);
		frame(&wire.bytes, 0x89, "ping", 4); /* between fragments */
		frame(&wire.bytes, 0x00, "", 0);
		frame(&wire.bytes, 0x80, "two", 3);
		frame(&wire.bytes, 0x82, "", 0);
		frame(&wire.bytes, 0x8a, "", 0);
		frame(&wire.bytes, 0x88, "\x03\xe8", 2);
		assert_int_equal(take(&wire, "1:hello;2:one 9:ping;two;2:;a:;8:\x03\xe8;"), 0);
	}
}

static void test_long_message_and_limit(void **state)
{
	static uint8_t payload[MAX_MESSAGE + 1];

	(void)state;
	for (size_t bytes = MAX_MESSAGE - 1; bytes <= MAX_MESSAGE + 1; bytes++) {
		struct wire wire = {.step = 1000};
		struct buf out = {0};
		memset(payload, 'x', sizeof payload);
		frame(&wire.bytes, 0x82, payload, bytes);
		int code = take_all(&wire, &out);
		if (bytes <= MAX_MESSAGE) {
			assert_int_equal(code, 0);
			assert_int_equal(out.len, bytes + 3);
			assert_memory_equal(out.data + 2, payload, bytes);
		} else {
			assert_int_equal(code, -1009);
			assert_int_equal(out.len, 0);
		}
		buf_done(&out);
		buf_done(&wire.bytes);
	}
	/* The same in fragments. */
	struct wire wire = {.step = 1000};
	struct buf out = {0};
	frame(&wire.bytes, 0x02, payload, MAX_MESSAGE);
	frame(&wire.bytes, 0x80, payload, 1);
	assert_int_equal(take_all(&wire, &out), -1009);
	buf_done(&out);
	buf_done(&wire.bytes);
}

static void test_giant_is_refused_by_its_head(void **state)
{
	/* 2^40 bytes, and not one of them, nor the mask, has come. */
	static const uint8_t head[] = {0x82, 0xff, 0, 0, 1, 0, 0, 0, 0, 0};
	struct wire wire = {.step = 1};

	(void)state;
	frame(&wire.bytes, 0x82, "first", 5);
	(void)buf_append(&wire.bytes, head, sizeof head);
	assert_int_equal(take(&wire, "2:first;"), -1009);
}

static void test_malformed(void **state)
{
	static const struct {
		const char *bytes;
		size_t count;
		int code;
	} bad[] = {
		{"\x82\x01x", 3, -1002},            /* not masked */
		{"\xc2\x81mmmmx", 7, -1002},        /* a reserved bit */
		{"\x83\x81mmmmx", 7, -1002},        /* opcode 3 */
		{"\x8b\x81mmmmx", 7, -1002},        /* opcode 11 */
		{"\x80\x81mmmmx", 7, -1002},        /* continues nothing */
		{"\x09\x81mmmmx", 7, -1002},        /* a ping in fragments */
		{"\x89\xfe\x00\x7emmmm", 8, -1002}, /* a ping of 126 bytes */
		{"\x82\xfe\x00\x7dmmmm", 8, -1002}, /* a length that is too long-winded */
		{"\x82\xff\x00\x00\x00\x00\x00\x00\x00\x01mmmm", 14, -1002},
		{"\x82\xff\xff\xff\xff\xff\xff\xff\xff\xffmmmm", 14, -1002},
		{"\x02\x80mmmm\x82\x80mmmm", 12, -1002}, /* a new one inside another */
	};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		for (size_t step = 1; step < 20; step += 18) {
			struct wire wire = {.step = step};
			struct buf out = {0};
			(void)buf_append(&wire.bytes, bad[i].bytes, bad[i].count);
			int code = take_all(&wire, &out);
			if (code != bad[i].code)
				fail_msg("case %zu: %d", i, code);
			buf_done(&out);
			buf_done(&wire.bytes);
		}
}

static void test_empty_fragments_end(void **state)
{
	struct wire wire = {.step = 4096};

	(void)state;
	frame(&wire.bytes, 0x02, "a", 1);
	for (int i = 0; i < WEBSOCKET_MAX_EMPTY_FRAMES; i++)
		frame(&wire.bytes, 0x00, "", 0);
	struct buf out = {0};
	assert_int_equal(take_all(&wire, &out), 0);
	wire.at = 0;
	frame(&wire.bytes, 0x00, "", 0);
	assert_int_equal(take_all(&wire, &out), -1008);
	buf_done(&out);
	buf_done(&wire.bytes);
}

static void test_heads_and_codes(void **state)
{
	uint8_t head[WEBSOCKET_MAX_HEAD_BYTES];

	(void)state;
	assert_int_equal(websocket_head(head, WEBSOCKET_BINARY, 125), 2);
	assert_memory_equal(head, "\x82\x7d", 2);
	assert_int_equal(websocket_head(head, WEBSOCKET_TEXT, 126), 4);
	assert_memory_equal(head, "\x81\x7e\x00\x7e", 4);
	assert_int_equal(websocket_head(head, WEBSOCKET_BINARY, 65535), 4);
	assert_int_equal(websocket_head(head, WEBSOCKET_BINARY, 65536), 10);
	assert_memory_equal(head, "\x82\x7f\0\0\0\0\0\x01\0\0", 10);
	assert_int_equal(websocket_close_code((const uint8_t *)"", 0), WEBSOCKET_NO_CODE);
	assert_int_equal(websocket_close_code((const uint8_t *)"\x03", 1), 0);
	assert_int_equal(websocket_close_code((const uint8_t *)"\x03\xe8", 2), 1000);
	assert_int_equal(websocket_close_code((const uint8_t *)"\x03\xee", 2), 0); /* 1006 */
	assert_int_equal(websocket_close_code((const uint8_t *)"\x0f\xa2x", 3), 4002);
	assert_int_equal(websocket_close_code((const uint8_t *)"\x13\x88", 2), 0); /* 5000 */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_messages_in_any_pieces),
		cmocka_unit_test(test_long_message_and_limit),
		cmocka_unit_test(test_giant_is_refused_by_its_head),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_empty_fragments_end),
		cmocka_unit_test(test_heads_and_codes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// The client's RFB: each message by itself, split at every byte, in both modes; and the unknown.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "web/rfb_filter.h"

#define HELLO "RFB 003.008\n\x01"

static const struct message {
	const char *name;
	const char *head;
	size_t head_bytes;
	size_t bytes; /* of all of it; the rest is filled */
	bool harmless;
	bool input;
} messages[] = {
	{"SetPixelFormat", "\0", 1, 20, true, false},
	{"SetEncodings of none", "\2\0\0\0", 4, 4, true, false},
	{"SetEncodings of five", "\2\0\0\5", 4, 24, true, false},
	{"FramebufferUpdateRequest", "\3\1", 2, 10, true, false},
	{"KeyEvent", "\4\1\0\0\0\0\0\x61", 8, 8, false, true},
	{"PointerEvent", "\5\1", 2, 6, false, true},
	{"PointerEvent, eighth button", "\5\x81", 2, 6, false, true},
	{"ClientCutText", "\6\0\0\0\0\0\0\3", 8, 11, false, true},
	{"ClientCutText of none", "\6\0\0\0\0\0\0\0", 8, 8, false, true},
	{"ClientCutText, extended", "\6\0\0\0\xff\xff\xff\xf0", 8, 24, false, true},
	{"EnableContinuousUpdates", "\x96\1", 2, 10, true, false},
	{"ClientFence", "\xf8\0\0\0\0\0\0\1\5", 9, 14, true, false},
	{"xvp reset", "\xfa\0\1\4", 4, 4, false, true},
	{"SetDesktopSize", "\xfb\0\4\0\3\0\2\0", 8, 40, false, true},
	{"gii, big", "\xfd\x80\0\4", 4, 8, false, true},
	{"gii, little", "\xfd\0\4\0", 4, 8, false, true},
	{"QEMU key", "\xff\0\0\1", 4, 12, false, true},
	{"QEMU sound on", "\xff\1\0\0", 4, 4, false, false},
	{"QEMU sound format", "\xff\1\0\2", 4, 10, false, false},
};

static void append(struct buf *out, const struct message *message)
{
	(void)buf_append(out, message->head, message->head_bytes);
	/* Filled with what would be keys, were the length taken wrong. */
	for (size_t i = message->head_bytes; i < message->bytes; i++)
		(void)buf_putc(out, 4);
}

/* Through a filter in two pieces, cut at @cut. */
static int filter_cut(const struct buf *in, size_t cut, bool view, struct buf *ret, bool *ret_input)
{
	struct rfb_filter filter;
	uint8_t *out = malloc(in->len + RFB_HELD_BYTES);
	size_t bytes;
	int code;

	assert_non_null(out);
	rfb_filter_init(&filter, view);
	code = rfb_filter_take(&filter, in->data, cut, out, &bytes, ret_input);
	(void)buf_append(ret, out, bytes);
	if (code == 0) {
		code = rfb_filter_take(&filter, in->data + cut, in->len - cut, out, &bytes,
				       ret_input);
		(void)buf_append(ret, out, bytes);
	}
	free(out);
	return code;
}

/* The same where it lies: what is put out begins with what was held back, in front of what came. */
static int filter_in_place(const struct buf *in, size_t cut, bool view, struct buf *ret)
{
	struct rfb_filter filter;
	uint8_t *place = malloc(RFB_HELD_BYTES + in->len);
	bool input;
	int code = 0;

	assert_non_null(place);
	rfb_filter_init(&filter, view);
	memcpy(place + RFB_HELD_BYTES, in->data, in->len);
	for (size_t from = 0, to = cut; code == 0 && from < in->len; from = to, to = in->len) {
		uint8_t *data = place + RFB_HELD_BYTES + from, *out = data - filter.held_bytes;
		size_t bytes;
		code = rfb_filter_take(&filter, data, to - from, out, &bytes, &input);
		(void)buf_append(ret, out, bytes);
	}
	free(place);
	return code;
}

static void test_each_message_at_every_cut(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++)
		for (int view = 0; view <= 1; view++) {
			struct buf in = {0}, expected = {0};
			(void)buf_append(&in, HELLO "\0", 14);
			(void)buf_append(&expected, HELLO "\1", 14);
			append(&in, &messages[i]);
			if (!view || messages[i].harmless)
				append(&expected, &messages[i]);
			/* What follows shows that the length was right. */
			append(&in, &messages[3]);
			append(&expected, &messages[3]);
			for (size_t cut = 0; cut <= in.len; cut++) {
				struct buf out = {0}, same = {0};
				bool input = false;
				if (filter_cut(&in, cut, view, &out, &input) != 0 ||
				    filter_in_place(&in, cut, view, &same) != 0 ||
				    out.len != expected.len || same.len != expected.len ||
				    memcmp(out.data, expected.data, out.len) != 0 ||
				    memcmp(same.data, expected.data, same.len) != 0 ||
				    input != messages[i].input)
					fail_msg("%s, view %d, cut %zu", messages[i].name, view,
						 cut);
				buf_done(&out);
				buf_done(&same);
			}
			buf_done(&in);
			buf_done(&expected);
		}
}

static void test_shared_is_forced(void **state)
{
	(void)state;
	for (int view = 0; view <= 1; view++) {
		struct buf in = {0}, out = {0};
		bool input = false;
		(void)buf_append(&in, HELLO "\0", 14);
		assert_int_equal(filter_cut(&in, 14, view, &out, &input), 0);
		assert_memory_equal(out.data, HELLO "\1", 14);
		buf_done(&in);
		buf_done(&out);
	}
}

static void test_long_pointer_is_not_offered(void **state)
{
	static const uint8_t offered[] = {2,    0,    0,    3,    0, 0, 0, 7,
					  0xff, 0xff, 0xfe, 0xc4, 0, 0, 0, 1};
	struct buf in = {0}, out = {0};
	bool input = false;

	(void)state;
	(void)buf_append(&in, HELLO "\1", 14);
	(void)buf_append(&in, offered, sizeof offered);
	for (size_t cut = 0; cut <= in.len; cut++) {
		buf_clear(&out);
		assert_int_equal(filter_cut(&in, cut, true, &out, &input), 0);
		assert_int_equal(out.len, in.len);
		assert_memory_equal(out.data, in.data, 14 + 8);
		assert_memory_not_equal(out.data + 14 + 8, offered + 8, 4);
		assert_memory_equal(out.data + 14 + 12, offered + 12, 4);
	}
	buf_done(&in);
	buf_done(&out);
}

static void refuse(const char *bytes, size_t count, size_t expected_out)
{
	for (int view = 0; view <= 1; view++)
		for (size_t cut = 0; cut <= count; cut++) {
			struct buf in = {0}, out = {0};
			bool input = false;
			(void)buf_append(&in, bytes, count);
			assert_int_equal(filter_cut(&in, cut, view, &out, &input), ERR_PROTOCOL);
			assert_int_equal(out.len, expected_out);
			buf_done(&in);
			buf_done(&out);
		}
}

static void test_unknown_ends(void **state)
{
	(void)state;
	refuse("RFB 003.003\n", 12, 0);
	refuse("GET / HTTP/1", 12, 0);
	refuse("RFB 003.008\n\x02", 13, 12); /* VNC's own passwords */
	refuse(HELLO "\1\1", 15, 14);        /* FixColourMapEntries, long gone */
	refuse(HELLO "\1\7", 15, 14);
	refuse(HELLO "\1\xff\2", 16, 14);
	refuse(HELLO "\1\xff\1\0\3", 18, 14);
	refuse(HELLO "\1\xf8\0\0\0\0\0\0\0\x41", 23, 14); /* a fence of 65 bytes */
	refuse(HELLO "\1\6\0\0\0\0\x10\0\1", 22, 14);     /* a clipboard of 1 MiB and one */
	refuse(HELLO "\1\6\0\0\0\x80\0\0\0", 22, 14);     /* of -2^31 */
}

/* Whatever comes after a swallowed message, no key and no pointer message gets out in view mode. */
static void test_random_messages_in_view(void **state)
{
	(void)state;
	srandom(7);
	for (int round = 0; round < 200; round++) {
		struct buf in = {0}, expected = {0}, out = {0};
		bool input = false;
		(void)buf_append(&in, HELLO "\1", 14);
		(void)buf_append(&expected, HELLO "\1", 14);
		for (int i = 0; i < 50; i++) {
			const struct message *message =
				&messages[(size_t)random() %
					  (sizeof messages / sizeof messages[0])];
			append(&in, message);
			if (message->harmless)
				append(&expected, message);
		}
		assert_int_equal(filter_cut(&in, (size_t)random() % in.len, true, &out, &input), 0);
		assert_int_equal(out.len, expected.len);
		assert_memory_equal(out.data, expected.data, out.len);
		buf_done(&in);
		buf_done(&expected);
		buf_done(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_message_at_every_cut),
		cmocka_unit_test(test_shared_is_forced),
		cmocka_unit_test(test_long_pointer_is_not_offered),
		cmocka_unit_test(test_unknown_ends),
		cmocka_unit_test(test_random_messages_in_view),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

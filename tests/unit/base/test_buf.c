// The byte buffer and the cursor: limits, and errors that stick.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/cursor.h"
#include "base/err.h"

static void buffer_limit(void **state)
{
	struct buf buf CLEANUP(buf_done) = {.max = 5};

	assert_string_equal(buf_str(&buf), "");
	assert_int_equal(buf_puts(&buf, "hello"), 0);
	assert_int_equal(buf_putc(&buf, '!'), -EMSGSIZE);
	assert_string_equal(buf_str(&buf), "hello");
	/* It sticks, even for what would fit. */
	assert_int_equal(buf_append(&buf, "", 0), -EMSGSIZE);
	assert_null(buf_steal(&buf));
	buf_clear(&buf);
	assert_int_equal(buf_printf(&buf, "%d-%s", 12, "ab"), 0);
	assert_int_equal(buf_printf(&buf, "%s", ""), 0);
	assert_string_equal(buf_str(&buf), "12-ab");
	assert_int_equal(buf_reserve(&buf, SIZE_MAX), -EMSGSIZE);
}

static void buffer_contents(void **state)
{
	struct buf buf CLEANUP(buf_done) = {0};
	char *text;

	for (int i = 0; i < 3000; i++)
		assert_int_equal(buf_printf(&buf, "%d,", i), 0);
	assert_memory_equal(buf_str(&buf), "0,1,2,", 6);
	buf_consume(&buf, buf.len - 5);
	assert_string_equal(buf_str(&buf), "2999,");
	buf_consume(&buf, 100);
	assert_int_equal(buf.len, 0);
	assert_int_equal(buf_append(&buf, "a\0b", 3), 0);
	text = buf_steal(&buf);
	assert_memory_equal(text, "a\0b", 4);
	assert_null(buf.data);
	free(text);
	text = buf_steal(&buf);
	assert_string_equal(text, "");
	free(text);
}

static void numbers(void **state)
{
	static const uint8_t bytes[] = {0xff, 0x34, 0x12, 0x78, 0x56, 0x34, 0x12, 0xef, 0xcd, 0xab,
					0x90, 0x78, 0x56, 0x34, 0x12, 0xfe, 0xff, 0xff, 0xff};
	struct buf buf CLEANUP(buf_done) = {0};
	struct reader in;

	write_u8(&buf, 0xff);
	write_u16(&buf, 0x1234);
	write_u32(&buf, 0x12345678);
	write_u64(&buf, 0x1234567890abcdef);
	write_i32(&buf, -2);
	assert_int_equal(buf.len, sizeof bytes);
	assert_memory_equal(buf.data, bytes, sizeof bytes);
	reader_init(&in, buf.data, buf.len);
	assert_int_equal(reader_u8(&in), 0xff);
	assert_int_equal(reader_u16(&in), 0x1234);
	assert_int_equal(reader_u32(&in), 0x12345678);
	assert_true(reader_u64(&in) == 0x1234567890abcdef);
	assert_int_equal(reader_done(&in), ERR_PROTOCOL); /* something is left */
	assert_int_equal(reader_i32(&in), -2);
	assert_int_equal(reader_done(&in), 0);
	assert_int_equal(reader_u8(&in), 0);
	assert_int_equal(reader_done(&in), ERR_PROTOCOL);
}

static void texts(void **state)
{
	struct buf buf CLEANUP(buf_done) = {0};
	struct reader in;
	char text[4] = "xyz";
	char *copy;

	write_text(&buf, "abc");
	write_text(&buf, NULL);
	reader_init(&in, buf.data, buf.len);
	reader_text(&in, text, sizeof text);
	assert_string_equal(text, "abc");
	copy = reader_text_dup(&in, 0);
	assert_string_equal(copy, "");
	free(copy);
	assert_int_equal(reader_done(&in), 0);
	/* One byte more than there is room for. */
	buf_clear(&buf);
	write_text(&buf, "abcd");
	reader_init(&in, buf.data, buf.len);
	reader_text(&in, text, sizeof text);
	assert_string_equal(text, "");
	assert_int_equal(in.error, ERR_PROTOCOL);
	reader_init(&in, buf.data, buf.len);
	assert_null(reader_text_dup(&in, 3));
	/* A NUL inside would cut it short for whoever reads it later. */
	buf_clear(&buf);
	write_slice(&buf, "a\0b", 3);
	reader_init(&in, buf.data, buf.len);
	reader_text(&in, text, sizeof text);
	assert_int_equal(in.error, ERR_PROTOCOL);
	reader_init(&in, buf.data, buf.len);
	assert_null(reader_text_dup(&in, 100));
	reader_init(&in, buf.data, buf.len);
	assert_int_equal(reader_slice(&in, 3).len, 3);
	/* A length beyond the message. */
	reader_init(&in, "\xff\xff\xff\xff", 4);
	assert_null(reader_slice(&in, SIZE_MAX).data);
	assert_int_equal(in.error, ERR_PROTOCOL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(buffer_limit),
		cmocka_unit_test(buffer_contents),
		cmocka_unit_test(numbers),
		cmocka_unit_test(texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

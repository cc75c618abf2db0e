// Request framing by RFC 9112: what two parsers could read differently is refused, and limits hold.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "web/http.h"
#include "wire/http_message.h"

#define LINE "GET / HTTP/1.1\r\n"
#define HOST "Host: a\r\n"

static int parse(const char *text, struct http_head *head)
{
	/* A copy of the exact size, so that the sanitizer sees a read past the end. */
	const size_t bytes = strlen(text);
	uint8_t *copy = malloc(bytes + 1);
	int code;

	assert_non_null(copy);
	memcpy(copy, text, bytes);
	copy = realloc(copy, bytes > 0 ? bytes : 1);
	assert_non_null(copy);
	code = http_head_parse(copy, bytes, head);
	free(copy);
	return code;
}

static void expect(int status, const char *const *texts)
{
	for (; *texts != NULL; texts++) {
		struct http_head head;
		const int code = parse(*texts, &head);

		if (code != -status)
			fail_msg("%d instead of %d for:\n%s", code, -status, *texts);
	}
}

#define REFUSED(status, ...) expect(status, (const char *const[]){__VA_ARGS__, NULL})

static void whole_request(void **state)
{
	static const char text[] = "POST /v1/servers?a=b HTTP/1.1\r\nHost: example.org\r\n"
				   "X-Space: \t value with spaces \t\r\nContent-Length: 5\r\n"
				   "Empty:\r\n\r\nhelloGET";
	struct http_head head;
	const struct http_field *field;

	assert_int_equal(http_head_parse(text, sizeof text - 1, &head), sizeof text - 1 - 8);
	assert_int_equal(head.method.len, 4);
	assert_memory_equal(head.target.data, "/v1/servers?a=b", head.target.len);
	assert_int_equal(head.field_count, 4);
	assert_int_equal(head.content_length, 5);
	assert_true(head.keep_alive);
	assert_false(head.chunked);
	field = http_head_field(&head, "x-space");
	assert_non_null(field);
	assert_int_equal(field->value.len, strlen("value with spaces"));
	assert_memory_equal(field->value.data, "value with spaces", field->value.len);
	assert_int_equal(http_head_field(&head, "empty")->value.len, 0);
	assert_null(http_head_field(&head, "x-spac"));
	/* Every shorter piece is incomplete, not wrong. */
	for (size_t bytes = 0; bytes < sizeof text - 1 - 8; bytes++)
		assert_int_equal(http_head_parse(text, bytes, &head), 0);
}

static void request_lines(void **state)
{
	REFUSED(400, "\r\n\r\n", " / HTTP/1.1\r\n\r\n", "GET  / HTTP/1.1\r\n" HOST "\r\n",
		"GET /\r\n\r\n", "GET / HTTP/1.1 \r\n" HOST "\r\n",
		"GET\t/ HTTP/1.1\r\n" HOST "\r\n", "GET / http/1.1\r\n" HOST "\r\n",
		"GET / HTTP/11\r\n" HOST "\r\n", "GET / HTTP/1.\r\n" HOST "\r\n",
		"G(T / HTTP/1.1\r\n" HOST "\r\n", "GET /a b HTTP/1.1\r\n" HOST "\r\n",
		"GET /\x7f HTTP/1.1\r\n" HOST "\r\n", "GET /\xc3\xa4 HTTP/1.1\r\n" HOST "\r\n",
		"GET /#a HTTP/1.1\r\n" HOST "\r\n", "AVERYLONGMETHODX / HTTP/1.1\r\n" HOST "\r\n",
		"\r\n" LINE HOST "\r\n");
	/* Absolute, authority and asterisk form: this is no proxy. */
	REFUSED(400, "GET http://a/ HTTP/1.1\r\n" HOST "\r\n",
		"CONNECT a:443 HTTP/1.1\r\n" HOST "\r\n", "OPTIONS * HTTP/1.1\r\n" HOST "\r\n");
	REFUSED(505, "GET / HTTP/2.0\r\n" HOST "\r\n", "GET / HTTP/0.9\r\n" HOST "\r\n");
}

static void fields(void **state)
{
	REFUSED(400, LINE "Host : a\r\n\r\n", LINE ": a\r\n\r\n", LINE "Host\r\n\r\n",
		LINE HOST " folded\r\n\r\n", LINE HOST "X: a\r\n\tfolded\r\n\r\n",
		LINE HOST "X: a\rb\r\n\r\n", LINE HOST "X: a\x01\r\n\r\n",
		LINE HOST "X: a\x7f\r\n\r\n", LINE HOST "X\xc3\xa4: a\r\n\r\n", LINE "\r\n",
		LINE HOST HOST "\r\n");
	/* A bare line feed ends no line. */
	REFUSED(400, "GET / HTTP/1.1\nHost: a\r\n\r\n", LINE "Host: a\nX: b\r\n\r\n");
	REFUSED(0, "GET / HTTP/1.1\nHost: a\n\n", LINE "Host: a\n\n");
	REFUSED(417, LINE HOST "Expect: a-wonder\r\n\r\n");
}

static void smuggling(void **state)
{
	REFUSED(400, LINE HOST "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
		LINE HOST "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n",
		LINE HOST "Content-Length: 1\r\nContent-Length: 1\r\n\r\n",
		LINE HOST "Content-Length: 1\r\ncontent-length: 2\r\n\r\n",
		LINE HOST "Content-Length: 1, 1\r\n\r\n", LINE HOST "Content-Length: +1\r\n\r\n",
		LINE HOST "Content-Length: -1\r\n\r\n", LINE HOST "Content-Length: 0x1\r\n\r\n",
		LINE HOST "Content-Length: 1 1\r\n\r\n", LINE HOST "Content-Length:\r\n\r\n",
		LINE HOST "Content-Length: 18446744073709551617\r\n\r\n",
		LINE HOST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
		"GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n");
	REFUSED(501, LINE HOST "Transfer-Encoding: gzip\r\n\r\n",
		LINE HOST "Transfer-Encoding: gzip, chunked\r\n\r\n",
		LINE HOST "Transfer-Encoding: chunked, identity\r\n\r\n",
		LINE HOST "Transfer-Encoding: xchunked\r\n\r\n",
		LINE HOST "Transfer-Encoding: chunked;a=b\r\n\r\n",
		LINE HOST "Transfer-Encoding: chunke\r\n\r\n");
}

static void persistence(void **state)
{
	static const struct {
		const char *text;
		bool keep_alive;
	} cases[] = {
		{LINE HOST "\r\n", true},
		{LINE HOST "Connection: close\r\n\r\n", false},
		{LINE HOST "Connection: x , Close\r\n\r\n", false},
		{LINE HOST "Connection: closed\r\n\r\n", true},
		{"GET / HTTP/1.0\r\n\r\n", false},
		{"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", true},
		{"GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n", false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct http_head head;
		assert_true(parse(cases[i].text, &head) > 0);
		assert_int_equal(head.keep_alive, cases[i].keep_alive);
	}
}

/* A head whose target or field has just so many bytes. */
static int parse_long(size_t target_bytes, size_t field_bytes)
{
	struct buf text CLEANUP(buf_done) = {0};
	struct http_head head;

	(void)buf_puts(&text, "GET /");
	for (size_t i = 1; i < target_bytes; i++)
		(void)buf_putc(&text, 'a');
	(void)buf_puts(&text, " HTTP/1.1\r\n" HOST "X:");
	for (size_t i = 0; i < field_bytes; i++)
		(void)buf_putc(&text, 'a');
	(void)buf_puts(&text, "\r\n\r\n");
	assert_int_equal(text.error, 0);
	return http_head_parse(text.data, text.len, &head);
}

static void limits(void **state)
{
	const size_t around = strlen(LINE HOST "X:\r\n\r\n");
	struct buf text CLEANUP(buf_done) = {0};
	struct http_head head;

	assert_true(parse_long(HTTP_MAX_TARGET_BYTES, 1) > 0);
	assert_int_equal(parse_long(HTTP_MAX_TARGET_BYTES + 1, 1), -414);
	assert_int_equal(parse_long(1, HTTP_MAX_HEAD_BYTES - around), HTTP_MAX_HEAD_BYTES);
	assert_int_equal(parse_long(1, HTTP_MAX_HEAD_BYTES - around + 1), -431);
	(void)buf_puts(&text, LINE HOST);
	for (int i = 1; i < HTTP_MAX_FIELDS; i++)
		(void)buf_puts(&text, "X: y\r\n");
	const size_t before = text.len;
	(void)buf_puts(&text, "\r\n");
	assert_int_equal(http_head_parse(text.data, text.len, &head), text.len);
	assert_int_equal(head.field_count, HTTP_MAX_FIELDS);
	text.len = before;
	(void)buf_puts(&text, "X: y\r\n\r\n");
	assert_int_equal(http_head_parse(text.data, text.len, &head), -431);
}

/* What a chunked body gives, whole and byte by byte; both must agree. */
static int chunked(const char *text, size_t max, size_t *ret_used, struct buf *whole)
{
	struct buf slow CLEANUP(buf_done) = {.max = max};
	struct http_chunks chunks = {0}, slowly = {0};
	const size_t bytes = strlen(text);
	size_t used, at = 0;
	int code, slow_code = 0;

	*whole = (struct buf){.max = max};
	code = http_chunks_take(&chunks, text, bytes, ret_used, whole);
	while (at < bytes && slow_code == 0) {
		slow_code = http_chunks_take(&slowly, text + at, 1, &used, &slow);
		at += used;
	}
	assert_int_equal(slow_code, code);
	if (code == 1) {
		assert_int_equal(at, *ret_used);
		assert_string_equal(buf_str(&slow), buf_str(whole));
	}
	return code;
}

static void expect_chunks(int expected, const char *body, const char *rest, const char *text)
{
	struct buf whole CLEANUP(buf_done) = {0};
	size_t used;
	const int code = chunked(text, 32, &used, &whole);

	if (code != expected)
		fail_msg("%d instead of %d for:\n%s", code, expected, text);
	if (body != NULL) {
		assert_string_equal(buf_str(&whole), body);
		assert_string_equal(text + used, rest);
	}
}

static void chunks(void **state)
{
	expect_chunks(1, "", "", "0\r\n\r\n");
	expect_chunks(1, "hello", "GET", "5\r\nhello\r\n0\r\n\r\nGET");
	expect_chunks(1, "ab", "", "1\r\na\r\n1;x=y\r\nb\r\n0\r\n\r\n");
	expect_chunks(1, "0123456789abcdef", "", "00000010 ;x\r\n0123456789abcdef\r\n0\r\n\r\n");
	expect_chunks(1, "a", "", "1\r\na\r\n0\r\nTrailer: x\r\nOther: y\r\n\r\n");
	expect_chunks(0, NULL, NULL, "5\r\nhello\r\n0\r\n");
	expect_chunks(0, NULL, NULL, "5\r\nhel");
	expect_chunks(-400, NULL, NULL, "\r\n");
	expect_chunks(-400, NULL, NULL, "g\r\n");
	expect_chunks(-400, NULL, NULL, "-1\r\n");
	expect_chunks(-400, NULL, NULL, "0x1\r\na");
	expect_chunks(-400, NULL, NULL, ";x\r\n");
	expect_chunks(-400, NULL, NULL, "1\na\r\n");
	expect_chunks(-400, NULL, NULL, "1\r\nab\r\n");
	expect_chunks(-400, NULL, NULL, "1\r\na\n");
	expect_chunks(-400, NULL, NULL, "1;x\ny\r\n");
	expect_chunks(-400, NULL, NULL, "1;x\ry\r\n");
	expect_chunks(-400, NULL, NULL, "1000000000\r\n");
	expect_chunks(-413, NULL, NULL, "21\r\n0123456789abcdef0123456789abcdef0\r\n");
	expect_chunks(1, "0123456789abcdef0123456789abcdef", "",
		      "20\r\n0123456789abcdef0123456789abcdef\r\n0\r\n\r\n");
}

static void chunk_lines_in_disagreement(void **state)
{
	/* Something after the size that is no extension. */
	expect_chunks(-400, NULL, NULL, "1 1\r\na\r\n");
	expect_chunks(-400, NULL, NULL, "1 a;x\r\na\r\n");
	/* Trailers that end in a bare line feed, or hold a bare carriage return. */
	expect_chunks(-400, NULL, NULL, "0\r\nX: y\n\r\n");
	expect_chunks(-400, NULL, NULL, "0\r\nX: y\rz\r\n\r\n");
	expect_chunks(-400, NULL, NULL, "0\r\n\n");
	expect_chunks(-400, NULL, NULL, "0\r\n\rx");
}

static int long_line(const char *begin, size_t count, const char *end)
{
	struct buf text CLEANUP(buf_done) = {0}, whole CLEANUP(buf_done) = {0};
	struct http_chunks at = {0};
	size_t used;

	(void)buf_puts(&text, begin);
	for (size_t i = 0; i < count; i++)
		(void)buf_putc(&text, '0');
	(void)buf_puts(&text, end);
	return http_chunks_take(&at, text.data, text.len, &used, &whole);
}

static void chunk_limits(void **state)
{
	assert_int_equal(long_line("", HTTP_MAX_CHUNK_LINE_BYTES, "\r\n\r\n"), 1);
	assert_int_equal(long_line("", HTTP_MAX_CHUNK_LINE_BYTES + 1, "\r\n\r\n"), -400);
	assert_int_equal(long_line("0;", HTTP_MAX_CHUNK_LINE_BYTES - 2, "\r\n\r\n"), 1);
	assert_int_equal(long_line("0;", HTTP_MAX_CHUNK_LINE_BYTES, "\r\n\r\n"), -400);
	assert_int_equal(long_line("0\r\n", HTTP_MAX_HEAD_BYTES, "\r\n\r\n"), 1);
	assert_int_equal(long_line("0\r\n", HTTP_MAX_HEAD_BYTES + 2, "\r\n\r\n"), -400);
}

static void pipelined(void **state)
{
	static const char text[] = "GET /1 HTTP/1.1\r\n" HOST "\r\n"
				   "POST /2 HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\nhi"
				   "GET /3 HTTP/1.1\r\n" HOST "\r\n";
	const char *at = text, *end = text + sizeof text - 1;
	char seen[4] = {0};

	for (size_t i = 0; at < end; i++) {
		struct http_head head;
		const int used = http_head_parse(at, (size_t)(end - at), &head);
		assert_true(used > 0 && i < 3);
		seen[i] = (char)head.target.data[1];
		at += (size_t)used + head.content_length;
	}
	assert_string_equal(seen, "123");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_request), cmocka_unit_test(request_lines),
		cmocka_unit_test(fields),        cmocka_unit_test(smuggling),
		cmocka_unit_test(persistence),   cmocka_unit_test(limits),
		cmocka_unit_test(chunks),        cmocka_unit_test(chunk_lines_in_disagreement),
		cmocka_unit_test(chunk_limits),  cmocka_unit_test(pipelined),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

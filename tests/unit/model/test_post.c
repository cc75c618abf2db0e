// Messages that leave: addresses and URLs at their limits, and when the next attempt comes.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "model/post.h"

static void addresses(void **state)
{
	static const char *const good[] = {"hanako@example.com", "a@b", "a.b+c@x-y.example",
					   "o'brien@example.jp", "root@localhost"};
	static const char *const bad[] = {
		"",
		"hanako",
		"@example.com",
		"hanako@",
		".a@example.com",
		"a.@example.com",
		"a..b@example.com",
		"a b@example.com",
		"a@b@example.com",
		"a@-b.example",
		"a@b-.example",
		"a@b..example",
		"a@example.com.",
		"a@[127.0.0.1]",
		"\"a\"@example.com",
		"a,b@example.com",
		"<a@example.com>",
		"a@example.com\r\nBcc: b@example.com",
		"a\n@example.com",
		"\xe8\x8a\xb1@example.com",
		"a@example.com, b@example.com",
	};
	char long_one[80];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_int_equal(post_check_address(good[i], NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(post_check_address(bad[i], NULL), ERR_INVALID_INPUT);
	(void)snprintf(long_one, sizeof long_one, "%064d@b", 1);
	assert_int_equal(post_check_address(long_one, NULL), 0);
	(void)snprintf(long_one, sizeof long_one, "%065d@b", 1);
	assert_int_equal(post_check_address(long_one, NULL), ERR_INVALID_INPUT);
}

static void urls(void **state)
{
	static const char *const good[] = {
		"https://example.com",
		"http://example.com/",
		"https://example.com:8443/a?b=c%20d&e",
		"http://[2001:db8::1]:80/x",
		"http://example.com:1024/",
		"http://192.0.2.1",
		"https://example.com?x",
	};
	static const char *const bad[] = {
		"",
		"ftp://example.com/",
		"file:///etc/passwd",
		"HTTPS://example.com/",
		"https://",
		"https:///x",
		"https://user@example.com/",
		"https://user:password@example.com/",
		"https://example.com/#x",
		"https://example.com:0/",
		"https://example.com:65536/",
		"http://example.com:25/",
		"http://example.com:1023/",
		"https://example.com:/",
		"https://example.com/a b",
		"https://example.com/\r\nX: y",
		"https://exa mple.com/",
		"https://[::1/",
		"https://[::1%25lo]/",
		"https://[127.0.0.1]/",
		"https://example.com\\@other.example/",
		"https://\xe4\xbe\x8b.jp/",
	};
	char long_one[POST_RECIPIENT_BYTES + 1];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_int_equal(post_check_url(good[i], NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(post_check_url(bad[i], NULL), ERR_INVALID_INPUT);
	(void)snprintf(long_one, sizeof long_one, "http://a/%0*d", POST_RECIPIENT_BYTES - 10, 1);
	assert_int_equal(post_check_url(long_one, NULL), 0);
	(void)snprintf(long_one, sizeof long_one, "http://a/%0*d", POST_RECIPIENT_BYTES - 9, 1);
	assert_int_equal(post_check_url(long_one, NULL), ERR_INVALID_INPUT);
}

static void whole_messages(void **state)
{
	char subject[] = "題\xe3\x81\xa0", two_lines[] = "a\r\nBcc: b@example.com",
	     body[] = "一\n二";
	struct post post = {
		.kind = POST_MAIL, .recipient = "a@example.com", .subject = subject, .body = body};

	(void)state;
	assert_int_equal(post_check(&post, NULL), 0);
	post.subject = two_lines;
	assert_int_equal(post_check(&post, NULL), ERR_INVALID_INPUT);
	post.subject = subject;
	(void)snprintf(post.secret, sizeof post.secret, "%016d", 1);
	assert_int_equal(post_check(&post, NULL), ERR_INVALID_INPUT);
	post.kind = POST_WEBHOOK;
	assert_int_equal(post_check(&post, NULL), ERR_INVALID_INPUT);
	(void)snprintf(post.recipient, sizeof post.recipient, "https://example.com/");
	assert_int_equal(post_check(&post, NULL), 0);
	(void)snprintf(post.secret, sizeof post.secret, "%015d", 1);
	assert_int_equal(post_check(&post, NULL), ERR_INVALID_INPUT);
	post.secret[0] = '\0';
	assert_int_equal(post_check(&post, NULL), 0);
	post.body = NULL;
	assert_int_equal(post_check(&post, NULL), ERR_INVALID_INPUT);
}

static void attempts(void **state)
{
	int64_t whole_ms = 0;

	(void)state;
	assert_int_equal(post_delay_ms(1), 60 * 1000);
	assert_int_equal(post_delay_ms(2), 120 * 1000);
	assert_int_equal(post_delay_ms(100), 6 * 3600 * 1000);
	for (uint32_t i = 1; i < POST_ATTEMPTS_MAX; i++)
		whole_ms += post_delay_ms(i);
	assert_in_range(whole_ms, 24 * 3600 * 1000, 27 * 3600 * 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses),
		cmocka_unit_test(urls),
		cmocka_unit_test(whole_messages),
		cmocka_unit_test(attempts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

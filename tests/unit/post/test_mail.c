// The text of a mail: nothing from outside gets into a header, and no line is too long.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "post/mail.h"

static struct config config = {.instance = "ippo", .mail_sender = "ippo@service.example"};

static int compose(const char *recipient, const char *subject, const char *body, struct buf *ret)
{
	const struct post_message message = {.kind = 1,
					     .id = 7,
					     .created_ms = 1700000000123,
					     .attempt = 1,
					     .recipient = (char *)(uintptr_t)recipient,
					     .subject = (char *)(uintptr_t)subject,
					     .body = (char *)(uintptr_t)body,
					     .secret = NULL};

	return mail_compose(&config, &message, ret, NULL);
}

static void a_whole_mail(void **state)
{
	struct buf text CLEANUP(buf_done) = {0};

	(void)state;
	assert_int_equal(compose("hanako@example.com", "Hello", "a\nb", &text), 0);
	assert_string_equal(buf_str(&text), "Date: Tue, 14 Nov 2023 22:13:20 +0000\r\n"
					    "From: <ippo@service.example>\r\n"
					    "To: <hanako@example.com>\r\n"
					    "Subject: Hello\r\n"
					    "Message-ID: <ippo.7.1700000000123@service.example>\r\n"
					    "Auto-Submitted: auto-generated\r\n"
					    "MIME-Version: 1.0\r\n"
					    "Content-Type: text/plain; charset=utf-8\r\n"
					    "Content-Transfer-Encoding: base64\r\n\r\n"
					    "YQ0KYg0K\r\n");
}

static void subjects(void **state)
{
	char subject[601] = "", plain[70];
	struct buf text CLEANUP(buf_done) = {0};

	(void)state;
	assert_int_equal(compose("a@b", "題", "x", &text), 0);
	assert_non_null(strstr(buf_str(&text), "\r\nSubject: =?UTF-8?B?6aGM?=\r\n"));
	/* What looks like an encoded word is none, and what is no text of one line neither. */
	buf_done(&text);
	assert_int_equal(compose("a@b", "=?UTF-8?B?6aGM?=", "x", &text), 0);
	assert_null(strstr(buf_str(&text), "Subject: =?UTF-8?B?6aGM?=\r\n"));
	buf_done(&text);
	assert_int_equal(compose("a@b", "x\r\nBcc: c@d\r\n\r\nbody", "x", &text), 0);
	assert_null(strstr(buf_str(&text), "Bcc"));
	/* Words are cut between characters, and lines are short. */
	for (unsigned i = 0; i < 200; i++)
		(void)snprintf(subject + strlen(subject), sizeof subject - strlen(subject), "%s",
			       "題");
	buf_done(&text);
	assert_int_equal(compose("a@b", subject, "x", &text), 0);
	for (const char *at = buf_str(&text); *at != '\0'; at += strcspn(at, "\n") + 1)
		assert_in_range(strcspn(at, "\r"), 0, 76);
	assert_null(strstr(buf_str(&text), "=?UTF-8?B?mA"));
	(void)snprintf(plain, sizeof plain, "%066d", 1);
	buf_done(&text);
	assert_int_equal(compose("a@b", plain, "x", &text), 0);
	assert_non_null(strstr(buf_str(&text), plain));
	(void)snprintf(plain, sizeof plain, "%067d", 1);
	buf_done(&text);
	assert_int_equal(compose("a@b", plain, "x", &text), 0);
	assert_null(strstr(buf_str(&text), plain));
}

static void addresses(void **state)
{
	static const char *const bad[] = {"a@b\r\nBcc: c@d", "a@b>", "<a@b",  "a@b c@d", "a@b,c@d",
					  "nobody",          "",     "a@b\n", "\xe8@b"};
	struct buf text CLEANUP(buf_done) = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(compose(bad[i], "x", "x", &text), ERR_INVALID_INPUT);
}

static void long_bodies(void **state)
{
	static char body[60000];
	struct buf text CLEANUP(buf_done) = {0};

	(void)state;
	memset(body, '.', sizeof body - 1);
	assert_int_equal(compose("a@b", "x", body, &text), 0);
	for (const char *at = buf_str(&text); *at != '\0'; at += strcspn(at, "\n") + 1)
		assert_in_range(strcspn(at, "\r"), 0, 76);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_whole_mail),
		cmocka_unit_test(subjects),
		cmocka_unit_test(addresses),
		cmocka_unit_test(long_bodies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

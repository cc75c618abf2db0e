// Names: each form at its limits, and names that would do harm.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/account.h"
#include "model/name.h"
#include "model/user_data.h"

typedef int check(const char *text, struct err *err);

static void all(check *function, int expected, const char *const *texts)
{
	for (; *texts; texts++) {
		struct err err = {0};

		if (function(*texts, &err) != expected)
			fail_msg("\"%s\" judged wrongly: %s", *texts, err.text);
		if (expected < 0)
			assert_true(strlen(err.text) > 10);
	}
}

#define GOOD(function, ...) all(function, 0, (const char *const[]){__VA_ARGS__, NULL})
#define BAD(function, ...)                                                                         \
	all(function, ERR_INVALID_INPUT, (const char *const[]){__VA_ARGS__, NULL})

/* @max characters are right, one more is wrong. */
static void limit(check *function, size_t max)
{
	char text[512];

	memset(text, 'a', sizeof(text));
	text[max] = '\0';
	assert_int_equal(function(text, NULL), 0);
	text[max] = 'a';
	text[max + 1] = '\0';
	assert_int_equal(function(text, NULL), ERR_INVALID_INPUT);
}

static void host_names(void **state)
{
	GOOD(name_check_host, "hajime", "a", "web-1", "WEB.example.org", "1", "3com", "a--b");
	BAD(name_check_host, "", "-a", "a-", "a.", ".a", "a..b", "a_b", "a b", "a/b", "ä", "a\n",
	    "a-.b", "../x");
	limit(name_check_host, 63);
}

static void login_names(void **state)
{
	GOOD(name_check_user, "debian", "taro", "_x", "a1-b_c", "roots");
	BAD(name_check_user, "", "root", "daemon", "nobody", "www-data", "systemd-network", "Taro",
	    "1a", "-a", "a b", "a:b", "a\nb", "a.b", "ä", "a/b");
	limit(name_check_user, 32);
}

static void person_names(void **state)
{
	GOOD(name_check_person, "taro", "taro@example.org", "a+b", "1");
	BAD(name_check_person, "", "@a", "Taro", "a b", "a/b", "ä", "a\n");
	limit(name_check_person, 64);
}

static void slugs(void **state)
{
	GOOD(name_check_slug, "debian-12", "1g", "a", "v1.2_x");
	BAD(name_check_slug, "", "12", "0", "A", "-a", ".a", "a b", "a/b", "../a");
	limit(name_check_slug, 63);
}

static void free_names(void **state)
{
	GOOD(name_check_free, "a", "Laptop of Taro", "太郎の鍵", "x/y", "12");
	BAD(name_check_free, "", " a", "a ", "a\nb", "a\tb", "\x7f", "\xc2\x85", "\xe2\x80\xa8",
	    "\xff", "\xc0\xaf");
	limit(name_check_free, 128);
}

static void dns_names(void **state)
{
	char text[300];

	GOOD(name_check_dns, "www.example.org", "a.b", "xn--eckwd4c7c.jp");
	BAD(name_check_dns, "", "localhost", "a.b.", ".a.b", "a..b", "a_b.c", "-a.b", "a.b\n");
	/* 253 characters: parts of 49, each with its period. */
	memset(text, 'a', sizeof(text));
	for (size_t i = 49; i < 250; i += 50)
		text[i] = '.';
	text[253] = '\0';
	assert_int_equal(name_check_dns(text, NULL), 0);
	text[253] = 'a';
	text[254] = '\0';
	assert_int_equal(name_check_dns(text, NULL), ERR_INVALID_INPUT);
}

static void passwords(void **state)
{
	char text[300];

	assert_int_equal(account_check_password("taro", "correct horse", NULL), 0);
	assert_int_equal(account_check_password("taro", "correct hors", NULL), 0);
	assert_int_equal(account_check_password("taro", "correct hor", NULL), ERR_INVALID_INPUT);
	assert_int_equal(account_check_password("taro", "aaaaaaaaaaaa", NULL), ERR_INVALID_INPUT);
	assert_int_equal(account_check_password("taro.yamada1", "Taro.Yamada1", NULL),
			 ERR_INVALID_INPUT);
	assert_int_equal(account_check_password("taro", "abcdefghijkl\xff", NULL),
			 ERR_INVALID_INPUT);
	/* Characters count, not bytes, and one of several bytes is one as well. */
	assert_int_equal(account_check_password("taro", "富士山に登りたい朝です", NULL),
			 ERR_INVALID_INPUT);
	assert_int_equal(account_check_password("taro", "富士山に登りたい朝ですね", NULL), 0);
	assert_int_equal(account_check_password("taro", "ああああああああああああ", NULL),
			 ERR_INVALID_INPUT);
	assert_int_equal(account_check_password("taro", "", NULL), ERR_INVALID_INPUT);
	memset(text, 'a', sizeof(text));
	text[0] = 'b';
	text[ACCOUNT_PASSWORD_MAX_BYTES] = '\0';
	assert_int_equal(account_check_password("taro", text, NULL), 0);
	text[ACCOUNT_PASSWORD_MAX_BYTES] = 'a';
	text[ACCOUNT_PASSWORD_MAX_BYTES + 1] = '\0';
	assert_int_equal(account_check_password("taro", text, NULL), ERR_INVALID_INPUT);
}

static void user_data(void **state)
{
	char *data = calloc(1, USER_DATA_MAX_BYTES + 1);

	assert_non_null(data);
	memset(data, '#', USER_DATA_MAX_BYTES + 1);
	assert_int_equal(user_data_check(data, USER_DATA_MAX_BYTES, NULL), 0);
	assert_int_equal(user_data_check(data, USER_DATA_MAX_BYTES + 1, NULL), ERR_INVALID_INPUT);
	assert_int_equal(user_data_check(data, 0, NULL), 0);
	assert_int_equal(user_data_check("a\0b", 3, NULL), ERR_INVALID_INPUT);
	free(data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(host_names),   cmocka_unit_test(login_names),
		cmocka_unit_test(person_names), cmocka_unit_test(slugs),
		cmocka_unit_test(free_names),   cmocka_unit_test(dns_names),
		cmocka_unit_test(passwords),    cmocka_unit_test(user_data),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

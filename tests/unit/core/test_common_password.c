// Which passwords are known to everybody, with the dictionary that Debian brings.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/cleanup.h"
#include "core/auth/common_password.h"
#include "model/account.h"

static void test_known(void **state)
{
	static const char *const known[] = {
		"administrator",        "Administrator2026", "password1234", "!!password!!",
		"p@ssw0rd12345",        "PasswordPassword",  "qwerty123456", "1234567890123",
		"321098765432",         "abcdefghijkl",      "iloveyou2026", "-international-",
		"International.2026.!",
	};

	assert_true(common_password_ready());
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		struct err err = {0};
		int code = common_password_check("taro", known[i], &err);
		if (code != ERR_INVALID_INPUT || strstr(err.text, "guessed first") == NULL)
			fail_msg("%s: %d %s", known[i], code, err.text);
	}
}

static void test_good(void **state)
{
	static const char *const good[] = {
		"correct horse battery", "battery staple horse",     "vK3-uQ9-xT7-mB2",
		"hajimete no server",    "はじめての一歩を踏み出す", "x9$Lw2#qZ8!v",
		"2026-11-26 is a day",
	};
	char longest[ACCOUNT_PASSWORD_MAX_BYTES + 1];

	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_int_equal(common_password_check("taro", good[i], NULL), 0);
	/* Nothing that is long is a word. */
	memset(longest, 'a', sizeof longest - 1);
	longest[0] = 'b';
	longest[sizeof longest - 1] = '\0';
	assert_int_equal(common_password_check("taro", longest, NULL), 0);
}

/* The first rules hold as well. */
static void test_first_rules(void **state)
{
	assert_int_equal(common_password_check("taro", "vK3-uQ9-xT7", NULL), ERR_INVALID_INPUT);
	assert_int_equal(common_password_check("taro", "はじめての一歩", NULL), ERR_INVALID_INPUT);
	assert_int_equal(common_password_check("hanako.suzuki", "Hanako.Suzuki", NULL),
			 ERR_INVALID_INPUT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known),
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_first_rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "model/first_choice.h"

static void ssh_listens_on_22_or_high_up(void **state)
{
	(void)state;
	assert_int_equal(first_choice_check_ssh(22, NULL), 0);
	assert_int_equal(first_choice_check_ssh(1024, NULL), 0);
	assert_int_equal(first_choice_check_ssh(65535, NULL), 0);
	assert_int_equal(first_choice_check_ssh(1023, NULL), ERR_INVALID_INPUT);
	assert_int_equal(first_choice_check_ssh(65536, NULL), ERR_INVALID_INPUT);
	assert_int_equal(first_choice_check_ssh(0, NULL), ERR_INVALID_INPUT);
	assert_int_equal(first_choice_check_ssh(-22, NULL), ERR_INVALID_INPUT);
	assert_int_equal(first_choice_check_ssh(5432, NULL), ERR_INVALID_INPUT);
}

static void ports_are_read_strictly(void **state)
{
	static const char *const wrong[] = {"",          "443",       "443/sctp",       "0/tcp",
					    "65536/tcp", "90-80/tcp", "443/tcp,80/tcp", " 443/tcp",
					    "443/tcp\n", "3306/tcp",  "3000-4000/tcp",  "'/tcp"};
	struct first_choice_port port;

	(void)state;
	assert_int_equal(first_choice_read_port("443/tcp", &port, NULL), 0);
	assert_true(port.first == 443 && port.last == 443 && !port.is_udp);
	assert_int_equal(first_choice_read_port("60000-61000/udp", &port, NULL), 0);
	assert_true(port.first == 60000 && port.last == 61000 && port.is_udp);
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		if (first_choice_read_port(wrong[i], &port, NULL) != ERR_INVALID_INPUT)
			fail_msg("\"%s\" was taken", wrong[i]);
}

static void passwords_can_be_typed(void **state)
{
	char text[FIRST_CHOICE_PASSWORD_BYTES + 1];

	(void)state;
	assert_int_equal(first_choice_check_password("twelve chars", NULL), 0);
	assert_int_equal(first_choice_check_password("eleven char", NULL), ERR_INVALID_INPUT);
	assert_int_equal(first_choice_check_password("twelve\tchars", NULL), ERR_INVALID_INPUT);
	assert_int_equal(first_choice_check_password("p\xc3\xa4sswort-lang", NULL),
			 ERR_INVALID_INPUT);
	memset(text, 'x', sizeof text);
	text[FIRST_CHOICE_PASSWORD_BYTES] = '\0';
	assert_int_equal(first_choice_check_password(text, NULL), ERR_INVALID_INPUT);
	text[FIRST_CHOICE_PASSWORD_BYTES - 1] = '\0';
	assert_int_equal(first_choice_check_password(text, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ssh_listens_on_22_or_high_up),
		cmocka_unit_test(ports_are_read_strictly),
		cmocka_unit_test(passwords_can_be_typed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

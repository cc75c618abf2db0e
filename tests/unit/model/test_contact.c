// Threads: plain text at its limits, and the names of states.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "model/contact.h"

static void limits(void **state)
{
	static char text[CONTACT_TEXT_MAX + 2];
	struct err err = {0};

	(void)state;
	memset(text, 'a', CONTACT_TEXT_MAX + 1);
	assert_int_equal(contact_check_text(text, &err), ERR_INVALID_INPUT);
	text[CONTACT_TEXT_MAX] = '\0';
	assert_int_equal(contact_check_text(text, &err), 0);
	text[CONTACT_SUBJECT_MAX + 1] = '\0';
	assert_int_equal(contact_check_subject(text, &err), ERR_INVALID_INPUT);
	text[CONTACT_SUBJECT_MAX] = '\0';
	assert_int_equal(contact_check_subject(text, &err), 0);
	assert_int_equal(contact_check_text("a\n\tb", &err), 0);
	assert_int_equal(contact_check_subject("a\nb", &err), ERR_INVALID_INPUT);
	assert_int_equal(contact_check_text("", &err), ERR_INVALID_INPUT);
	assert_int_equal(contact_check_text("\x1b[2J", &err), ERR_INVALID_INPUT);
}

static void states(void **state)
{
	enum contact_state found = 0;

	(void)state;
	assert_int_equal(contact_state_parse("answered", &found), 0);
	assert_int_equal(found, CONTACT_ANSWERED);
	assert_string_equal(contact_state_name(CONTACT_CLOSED), "closed");
	assert_true(contact_state_parse("Open", &found) < 0);
	assert_true(contact_state_parse("", &found) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(limits),
		cmocka_unit_test(states),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// Time-based codes: the examples of RFC 6238, the window, and that a code is for once.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/secret.h"
#include "core/auth/second_step.h"

static const struct {
	int64_t s;
	const char *code; /* the last six of the eight digits in appendix B */
} examples[] = {
	{59, "287082"},         {1111111109, "081804"}, {1111111111, "050471"},
	{1234567890, "005924"}, {2000000000, "279037"}, {20000000000, "353130"},
};

static struct second_step step_of_the_rfc(void)
{
	struct second_step step = {0};

	memcpy(step.secret, "12345678901234567890", sizeof step.secret);
	return step;
}

static void examples_of_the_rfc(void **state)
{
	const struct second_step step = step_of_the_rfc();

	for (size_t i = 0; i < ARRAY_SIZE(examples); i++)
		assert_int_equal(second_step_match(&step, examples[i].code, examples[i].s),
				 examples[i].s / 30);
	assert_int_equal(second_step_match(&step, "287083", 59), 0);
	assert_int_equal(second_step_match(&step, "94287082", 59), 0);
	assert_int_equal(second_step_match(&step, "", 59), 0);
}

static void a_clock_may_be_a_step_off(void **state)
{
	const struct second_step step = step_of_the_rfc();
	const int64_t begins = 1234567890 / 30 * 30;
	const uint64_t at = (uint64_t)begins / 30;

	assert_int_equal(second_step_match(&step, "005924", begins - 31), 0);
	assert_int_equal(second_step_match(&step, "005924", begins - 30), at);
	assert_int_equal(second_step_match(&step, "005924", begins + 59), at);
	assert_int_equal(second_step_match(&step, "005924", begins + 60), 0);
}

static void a_code_is_for_once(void **state)
{
	struct second_step step = step_of_the_rfc();

	step.used_step = second_step_match(&step, "005924", 1234567890);
	assert_int_equal(second_step_match(&step, "005924", 1234567890), 0);
	assert_int_equal(second_step_match(&step, "005924", 1234567890 + 30), 0);
	/* 1111111109 and 1111111111 lie in steps that follow each other. */
	step.used_step = 1111111109 / 30;
	assert_int_equal(second_step_match(&step, "081804", 1111111111), 0);
	assert_int_equal(second_step_match(&step, "050471", 1111111111), 1111111111 / 30);
	step.used_step = 1111111111 / 30;
	assert_int_equal(second_step_match(&step, "081804", 1111111111), 0);
}

static int setup(void **state)
{
	return secret_setup() < 0 || second_step_setup() < 0 ? -1 : 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(examples_of_the_rfc),
		cmocka_unit_test(a_clock_may_be_a_step_off),
		cmocka_unit_test(a_code_is_for_once),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}

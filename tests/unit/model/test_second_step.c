// Codes as people type them, and how wrong ones slow down.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "model/second_step.h"

static void codes_are_read_as_people_type_them(void **state)
{
	static const struct {
		const char *text;
		enum second_step_kind kind;
		const char *code;
	} cases[] = {
		{"123456", SECOND_STEP_TIMED, "123456"},
		{" 123 456 ", SECOND_STEP_TIMED, "123456"},
		{"123-456", SECOND_STEP_TIMED, "123456"},
		{"abcd-efgh-ijkm-npqr", SECOND_STEP_RECOVERY, "abcdefghijkmnpqr"},
		{"ABCD EFGH IJKM NPQR", SECOND_STEP_RECOVERY, "abcdefghijkmnpqr"},
		{"2345234523452345", SECOND_STEP_RECOVERY, "2345234523452345"},
		{"", SECOND_STEP_NOTHING, ""},
		{"- -", SECOND_STEP_NOTHING, ""},
		{"12345", SECOND_STEP_NOTHING, ""},
		{"1234567", SECOND_STEP_NOTHING, ""},
		{"12345a", SECOND_STEP_NOTHING, ""},
		{"abcd-efgh-ijkm-npq", SECOND_STEP_NOTHING, ""},
		{"abcd-efgh-ijkm-npqrs", SECOND_STEP_NOTHING, ""},
		{"abcd-efgh-ijkm-npq1", SECOND_STEP_NOTHING, ""},
		{"abcd-efgh-ijkm-npql", SECOND_STEP_NOTHING, ""},
		{"１２３４５６", SECOND_STEP_NOTHING, ""},
	};
	char code[SECOND_STEP_CODE_BYTES];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(second_step_read(cases[i].text, code), cases[i].kind);
		assert_string_equal(code, cases[i].code);
	}
}

static void a_recovery_code_is_read_back(void **state)
{
	uint8_t random[SECOND_STEP_RECOVERY_LENGTH];
	char made[SECOND_STEP_CODE_BYTES], shown[SECOND_STEP_SHOWN_BYTES];
	char read[SECOND_STEP_CODE_BYTES];

	for (unsigned first = 0; first < 256; first++) {
		for (unsigned i = 0; i < sizeof random; i++)
			random[i] = (uint8_t)(first + 37 * i);
		second_step_recovery(random, made);
		second_step_show(made, shown);
		assert_int_equal(strlen(shown), SECOND_STEP_SHOWN_BYTES - 1);
		assert_int_equal(shown[4], '-');
		assert_int_equal(second_step_read(shown, read), SECOND_STEP_RECOVERY);
		assert_string_equal(read, made);
	}
}

static void wrong_codes_slow_down(void **state)
{
	const int64_t now_ms = 1700000000000;
	struct second_step step = {.wrong_ms = now_ms};

	for (step.wrong = 0; step.wrong < 5; step.wrong++)
		assert_int_equal(second_step_wait(&step, now_ms), 0);
	assert_int_equal(second_step_wait(&step, now_ms), 1000);
	assert_int_equal(second_step_wait(&step, now_ms + 999), 1);
	assert_int_equal(second_step_wait(&step, now_ms + 1000), 0);
	step.wrong = 7;
	assert_int_equal(second_step_wait(&step, now_ms), 4000);
	step.wrong = 1000;
	assert_int_equal(second_step_wait(&step, now_ms), 30000);
	assert_int_equal(second_step_wait(&step, now_ms + 30000), 0);
	assert_int_equal(second_step_wait(&step, now_ms - 1), 0); /* the clock was set back */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(codes_are_read_as_people_type_them),
		cmocka_unit_test(a_recovery_code_is_read_back),
		cmocka_unit_test(wrong_codes_slow_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// Windows of four hours that cover the day, also past midnight and before 1970, and what backups
// cost.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/parse.h"
#include "model/backup.h"

#define HOUR_MS (INT64_C(3600) * 1000)

static int64_t at(const char *text)
{
	int64_t ms;

	if (parse_time(text, &ms) < 0)
		fail_msg("%s is no time", text);
	return ms;
}

static void names_are_read_as_they_are_written(void **state)
{
	enum backup_window window;

	for (int i = BACKUP_22_02; i <= BACKUP_18_22; i++) {
		assert_int_equal(
			backup_window_parse(backup_window_name((enum backup_window)i), &window), 0);
		assert_int_equal(window, i);
	}
	assert_null(backup_window_name(BACKUP_NONE));
	assert_int_equal(backup_window_parse("01-05", &window), -EINVAL);
	assert_int_equal(backup_window_parse("", &window), -EINVAL);
}

static void each_moment_lies_in_one_window(void **state)
{
	for (int64_t ms = at("2026-11-26T00:00:00Z"); ms < at("2026-11-28T00:00:00Z");
	     ms += HOUR_MS / 4) {
		int count = 0;
		for (int i = BACKUP_22_02; i <= BACKUP_18_22; i++)
			count += backup_window_has((enum backup_window)i, ms);
		assert_int_equal(count, 1);
	}
	assert_true(backup_window_has(BACKUP_22_02, at("2026-11-27T22:00:00Z")));
	assert_true(backup_window_has(BACKUP_22_02, at("2026-11-28T01:59:59Z")));
	assert_false(backup_window_has(BACKUP_22_02, at("2026-11-28T02:00:00Z")));
	assert_true(backup_window_has(BACKUP_02_06, at("2026-11-28T02:00:00Z")));
	assert_true(backup_window_has(BACKUP_22_02, -HOUR_MS));
}

static void the_next_one_is_within_a_day(void **state)
{
	assert_int_equal(backup_window_next(BACKUP_22_02, at("2026-11-27T21:59:59Z")),
			 at("2026-11-27T22:00:00Z"));
	/* Within it, the next day's. */
	assert_int_equal(backup_window_next(BACKUP_22_02, at("2026-11-27T22:00:00Z")),
			 at("2026-11-28T22:00:00Z"));
	assert_int_equal(backup_window_next(BACKUP_22_02, at("2026-11-28T01:00:00Z")),
			 at("2026-11-28T22:00:00Z"));
	assert_int_equal(backup_window_next(BACKUP_18_22, at("2026-12-31T23:00:00Z")),
			 at("2027-01-01T18:00:00Z"));
}

static void night_is_where_the_days_begin(void **state)
{
	assert_int_equal(backup_window_at_night(0), BACKUP_02_06);
	assert_int_equal(backup_window_at_night(9 * 60), BACKUP_18_22);
	assert_int_equal(backup_window_at_night(-8 * 60), BACKUP_10_14);
	assert_int_equal(backup_window_at_night(14 * 60), BACKUP_10_14);
	assert_int_equal(backup_window_at_night(5 * 60 + 45), BACKUP_18_22);
}

static void the_price_is_rounded_down(void **state)
{
	assert_int_equal(backup_minor(980, 20), 196);
	assert_int_equal(backup_minor(999, 20), 199);
	assert_int_equal(backup_minor(980, 0), 0);
	assert_int_equal(backup_minor(0, 100), 0);
	assert_int_equal(backup_minor(980, 100), 980);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_read_as_they_are_written),
		cmocka_unit_test(each_moment_lies_in_one_window),
		cmocka_unit_test(the_next_one_is_within_a_day),
		cmocka_unit_test(night_is_where_the_days_begin),
		cmocka_unit_test(the_price_is_rounded_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

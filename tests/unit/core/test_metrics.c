// How measurements are asked for: types, steps, points; and the journal that keeps them safe.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "core/metrics/journal.h"
#include "core/metrics/series.h"
#include "core/metrics/window.h"

#define NOW  UINT64_C(1795600080)
#define DAY  UINT64_C(86400)
#define YEAR (366 * DAY)

static void types_are_read_strictly(void **state)
{
	static const char *const bad[] = {
		"",    "cpus",      "cpu,",     ",cpu",
		"CPU", "cpu, disk", "cpu disk", "a-type-that-is-longer-than-any"};
	uint32_t types = 0;
	struct err err = {0};

	assert_int_equal(series_parse("cpu", &types, &err), 0);
	assert_int_equal(types, 1U << HOST_CPU_NS);
	assert_int_equal(series_parse("disk,network", &types, &err), 0);
	assert_int_equal(__builtin_popcount(types), 9);
	assert_int_equal(series_parse("memory,disk_use", &types, &err), 0);
	assert_int_equal(types, (1U << HOST_STATISTICS_COUNT) - 1);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		uint32_t before = types = 1;
		assert_int_equal(series_parse(bad[i], &types, &err), ERR_INVALID_INPUT);
		assert_int_equal(types, before);
	}
}

static struct window choose(uint64_t start_s, uint64_t end_s, uint32_t step_s)
{
	struct window window = {0};
	struct err err = {0};

	if (window_choose(start_s, end_s, NOW, step_s, &window, &err) < 0)
		fail_msg("%s", err.text);
	assert_true((end_s - start_s) / window.step_s <= WINDOW_MAX_POINTS);
	assert_int_equal(window.step_s % window.archive_s, 0);
	return window;
}

static void the_finest_that_is_kept_is_chosen(void **state)
{
	assert_int_equal(choose(NOW - 3600, NOW, 0).step_s, 60);
	assert_int_equal(choose(NOW - DAY, NOW, 0).archive_s, 60);
	assert_int_equal(choose(NOW - DAY, NOW, 0).step_s, 180);
	assert_int_equal(choose(NOW - DAY - 1, NOW, 0).archive_s, 600);
	assert_int_equal(choose(NOW - 7 * DAY, NOW, 0).archive_s, 600);
	assert_int_equal(choose(NOW - 31 * DAY, NOW, 0).archive_s, 3600);
	assert_int_equal(choose(NOW - YEAR, NOW, 0).step_s, 86400);
	/* An hour of long ago is kept as a part of a day. */
	assert_int_equal(choose(NOW - 100 * DAY, NOW - 100 * DAY + 3600, 0).step_s, 86400);
	/* Coarser is put together, finer is what there is. */
	assert_int_equal(choose(NOW - 3600, NOW, 300).step_s, 300);
	assert_int_equal(choose(NOW - 3600, NOW, 1).step_s, 60);
	assert_int_equal(choose(NOW - 3600, NOW, 130).step_s, 120);
	/* In the future there is nothing, which is no error. */
	assert_int_equal(choose(NOW + DAY, NOW + 2 * DAY, 0).archive_s, 60);
}

static void points_are_bounded(void **state)
{
	struct window window;
	struct err err = {0};
	const uint64_t most = WINDOW_MAX_POINTS * UINT64_C(60);

	assert_int_equal(window_choose(NOW, NOW + most, NOW, 60, &window, &err), 0);
	assert_int_equal(window_choose(NOW, NOW + most + 60, NOW, 60, &window, &err),
			 ERR_INVALID_INPUT);
	assert_non_null(strstr(err.text, "step"));
	assert_int_equal(window_choose(NOW, NOW + 400 * DAY, NOW, 0, &window, &err), 0);
}

static json_t *points_of(const struct window *window, const double *cpu, uint32_t count,
			 uint64_t first_s)
{
	struct metrics_rows rows = {.first_s = first_s, .step_s = 60, .count = count};
	json_t *all, *values;

	rows.values = calloc((size_t)count * HOST_STATISTICS_COUNT, sizeof(double));
	for (uint32_t i = 0; i < count; i++)
		rows.values[(size_t)i * HOST_STATISTICS_COUNT] = cpu[i];
	all = series_json(1U << HOST_CPU_NS, window, &rows);
	assert_int_equal(json_object_size(all), 1);
	values = json_incref(json_object_get(json_object_get(all, "cpu"), "values"));
	json_decref(all);
	metrics_rows_done(&rows);
	return values;
}

static void check_point(const json_t *values, size_t at, uint64_t time_s, const char *text)
{
	const json_t *point = json_array_get(values, at);

	assert_int_equal(json_array_size(point), 2);
	assert_true(json_is_integer(json_array_get(point, 0)));
	assert_int_equal(json_integer_value(json_array_get(point, 0)), time_s);
	assert_string_equal(json_string_value(json_array_get(point, 1)), text);
}

static void points_have_the_api_s_shape(void **state)
{
	const struct window window = {NOW, NOW + 180, 60, 60};
	const double cpu[] = {5e8, NAN, 1.25e9};
	json_t *values = points_of(&window, cpu, 3, NOW + 60);

	/* 100 percent is one core; what is unknown is no point. */
	assert_int_equal(json_array_size(values), 2);
	check_point(values, 0, NOW + 60, "50");
	check_point(values, 1, NOW + 180, "125");
	json_decref(values);
}

static void rows_are_put_together(void **state)
{
	const struct window window = {NOW - NOW % 120, NOW - NOW % 120 + 300, 60, 120};
	const double cpu[] = {1e7, 3e7, NAN, 5e7, 7e7};
	json_t *values = points_of(&window, cpu, 5, window.start_s + 60);

	assert_int_equal(json_array_size(values), 3);
	check_point(values, 0, window.start_s + 120, "2");
	check_point(values, 1, window.start_s + 240, "5");
	check_point(values, 2, window.end_s, "7");
	json_decref(values);
}

static void straight_lines_can_be_drawn_by_hcloud(void **state)
{
	json_t *all = json_loads(
		"{\"a\":{\"values\":[[120,\"0\"]]},\"b\":{\"values\":[[60,\"5\"],[120,"
		"\"5\"]]},\"c\":{\"values\":[]},\"d\":{\"values\":[[60,\"5\"],[120,\"6\"]]}}",
		0, NULL);

	series_uneven(all, 60);
	check_point(json_object_get(json_object_get(all, "a"), "values"), 0, 60, "0");
	check_point(json_object_get(json_object_get(all, "a"), "values"), 1, 120, "1e-09");
	check_point(json_object_get(json_object_get(all, "b"), "values"), 0, 60, "5");
	check_point(json_object_get(json_object_get(all, "b"), "values"), 1, 120, "5.000000005");
	assert_int_equal(json_array_size(json_object_get(json_object_get(all, "c"), "values")), 0);
	check_point(json_object_get(json_object_get(all, "d"), "values"), 1, 120, "6");
	json_decref(all);
}

/* --- the journal --- */

static char dir[] = "/tmp/ippo-journal-XXXXXX";

static int set_up(void **state)
{
	return mkdtemp(dir) == NULL ? -1 : 0;
}

static int tear_down(void **state)
{
	char command[64];

	(void)snprintf(command, sizeof command, "rm -rf %s", dir);
	return system(command);
}

static void add(struct journal *journal, unsigned count)
{
	struct buf records CLEANUP(buf_done) = {0};
	struct err err = {0};

	while (count-- > 0)
		metrics_record_write(
			&records, &(struct metrics_record){.kind = METRICS_SAMPLE, .server_id = 1});
	assert_int_equal(journal_append(journal, &records, &err), 0);
}

static void reopen(struct journal *journal)
{
	struct err err = {0};

	(void)close(journal->fd);
	if (journal->old_fd >= 0)
		(void)close(journal->old_fd);
	assert_int_equal(journal_open(journal, dir, &err), 0);
}

static void nothing_is_lost_between_processes(void **state)
{
	struct journal journal;
	struct stat old;
	struct err err = {0};

	assert_int_equal(journal_open(&journal, dir, &err), 0);
	assert_int_equal(journal.old_fd, -1);
	add(&journal, 3);
	/* A process that died within a write. */
	assert_int_equal(write(journal.fd, "half a record", 13), 13);
	reopen(&journal);
	assert_int_equal(journal.bytes, 3 * METRICS_RECORD_BYTES);
	assert_int_equal(journal_rotate(&journal, &err), 0);
	assert_int_equal(journal.bytes, 0);
	add(&journal, 2);
	/* Put aside and not yet carried over: it is there, and is not put aside once more. */
	reopen(&journal);
	assert_true(journal.old_fd >= 0);
	assert_int_equal(journal_rotate(&journal, &err), 0);
	assert_int_equal(fstat(journal.old_fd, &old), 0);
	assert_int_equal(old.st_size, 3 * METRICS_RECORD_BYTES);
	assert_int_equal(journal.bytes, 2 * METRICS_RECORD_BYTES);
	journal_drop_old(&journal);
	reopen(&journal);
	assert_int_equal(journal.old_fd, -1);
	assert_int_equal(journal.bytes, 2 * METRICS_RECORD_BYTES);
}

static void the_journal_is_bounded(void **state)
{
	struct journal journal;
	struct buf records CLEANUP(buf_done) = {0};
	struct err err = {0};

	assert_int_equal(journal_open(&journal, dir, &err), 0);
	metrics_record_write(&records, &(struct metrics_record){.kind = METRICS_SAMPLE});
	journal.bytes = JOURNAL_MAX_BYTES - METRICS_RECORD_BYTES;
	assert_int_equal(journal_append(&journal, &records, &err), 0);
	assert_int_equal(journal_append(&journal, &records, &err), -EFBIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(types_are_read_strictly),
		cmocka_unit_test(the_finest_that_is_kept_is_chosen),
		cmocka_unit_test(points_are_bounded),
		cmocka_unit_test(points_have_the_api_s_shape),
		cmocka_unit_test(rows_are_put_together),
		cmocka_unit_test(straight_lines_can_be_drawn_by_hcloud),
		cmocka_unit_test(nothing_is_lost_between_processes),
		cmocka_unit_test(the_journal_is_bounded),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}

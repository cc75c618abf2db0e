// The databases of measurements, by librrd itself, and journals carried into them.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <ftw.h>
#include <math.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "metrics/database.h"
#include "metrics/journal.h"

#define BEGIN_S UINT64_C(1795600020) /* a whole minute */
#define MINUTE  UINT64_C(60)

static char dir[] = "/tmp/ippo-metrics-XXXXXX";

static int forget(const char *path, const struct stat *stat, int kind, struct FTW *at)
{
	return remove(path);
}

static int set_up(void **state)
{
	return mkdtemp(dir) == NULL || chdir(dir) < 0 ? -1 : 0;
}

static int tear_down(void **state)
{
	return chdir("/") < 0 ? -1 : nftw(dir, forget, 8, FTW_DEPTH | FTW_PHYS);
}

/* After so many minutes, with the same value in all. */
static struct metrics_record sample(uint64_t server_id, uint64_t minutes, uint64_t value)
{
	struct metrics_record record = {.kind = METRICS_SAMPLE,
					.server_id = server_id,
					.time_ms = (BEGIN_S + minutes * MINUTE) * 1000};

	for (size_t i = 0; i < HOST_STATISTICS_COUNT; i++)
		record.values[i] = value;
	return record;
}

static void update(uint64_t server_id, const struct metrics_record *samples, size_t count)
{
	struct err err = {0};

	if (database_update(server_id, samples, count, &err) < 0)
		fail_msg("%s", err.text);
}

/* Of the minute that ends after so many; NaN: unknown. */
static double value_of(uint64_t server_id, enum host_statistic which, uint64_t minutes)
{
	const struct metrics_fetch fetch = {.server_id = server_id,
					    .start_s = BEGIN_S + (minutes - 1) * MINUTE,
					    .end_s = BEGIN_S + minutes * MINUTE,
					    .step_s = 60};
	struct metrics_rows rows CLEANUP(metrics_rows_done) = {0};
	struct err err = {0};

	if (database_fetch(&fetch, &rows, &err) < 0)
		fail_msg("%s", err.text);
	if (rows.count == 0)
		return NAN;
	assert_true(rows.first_s == BEGIN_S + minutes * MINUTE);
	assert_int_equal(rows.step_s, 60);
	return rows.values[which];
}

static void counters_are_rates_and_gauges_are_not(void **state)
{
	const struct metrics_record samples[] = {sample(1, 0, 600), sample(1, 1, 1200),
						 sample(1, 2, 1260)};

	update(1, samples, 3);
	assert_true(fabs(value_of(1, HOST_CPU_NS, 1) - 10) < 1e-6);
	assert_true(fabs(value_of(1, HOST_NET_OUT_PACKETS, 2) - 1) < 1e-6);
	assert_true(fabs(value_of(1, HOST_MEMORY_BYTES, 2) - 1260) < 1e-6);
	assert_true(fabs(value_of(1, HOST_DISK_USED_BYTES, 1) - 1200) < 1e-6);
}

/* A guest that was started anew counts from 0: neither a spike nor a negative rate. */
static void a_counter_that_goes_back_makes_no_spike(void **state)
{
	const struct metrics_record samples[] = {sample(2, 0, 1000000), sample(2, 1, 1000600),
						 sample(2, 2, 60), sample(2, 3, 660)};

	update(2, samples, 4);
	assert_true(fabs(value_of(2, HOST_CPU_NS, 1) - 10) < 1e-6);
	assert_true(isnan(value_of(2, HOST_CPU_NS, 2)));
	assert_true(fabs(value_of(2, HOST_CPU_NS, 3) - 10) < 1e-6);
}

/* What no machine does: a counter of something else. */
static void a_leap_makes_no_spike(void **state)
{
	const struct metrics_record samples[] = {sample(13, 0, 0), sample(13, 1, INT64_MAX / 2),
						 sample(13, 2, INT64_MAX / 2 + 60)};

	update(13, samples, 3);
	assert_true(isnan(value_of(13, HOST_CPU_NS, 1)));
	assert_true(isnan(value_of(13, HOST_DISK_READ_OPS, 1)));
	assert_true(fabs(value_of(13, HOST_CPU_NS, 2) - 1) < 1e-6);
}

/* Samples come a little after the minute, each by another little. librrd takes the first minute's
 * unknown half second for known, so the second is looked at. */
static void parts_of_seconds_count(void **state)
{
	struct metrics_record samples[] = {sample(14, 0, 0), sample(14, 1, 59750),
					   sample(14, 2, 120000)};

	samples[0].time_ms += 500;
	samples[1].time_ms += 250;
	samples[2].time_ms += 500;
	update(14, samples, 3);
	assert_true(fabs(value_of(14, HOST_CPU_NS, 2) - 1000) < 1e-6);
}

static void a_long_pause_is_unknown(void **state)
{
	const struct metrics_record samples[] = {sample(3, 0, 0), sample(3, 1, 60),
						 sample(3, 10, 6000), sample(3, 11, 6060)};

	update(3, samples, 4);
	assert_true(isnan(value_of(3, HOST_CPU_NS, 5)));
	assert_true(isnan(value_of(3, HOST_CPU_NS, 10)));
	assert_true(fabs(value_of(3, HOST_CPU_NS, 11) - 1) < 1e-6);
}

static void what_is_unknown_stays_unknown(void **state)
{
	struct metrics_record samples[] = {sample(4, 0, 0), sample(4, 1, 60)};

	samples[1].values[HOST_MEMORY_BYTES] = HOST_STATISTIC_UNKNOWN;
	samples[1].values[HOST_DISK_READ_OPS] = (uint64_t)INT64_MAX + 1;
	update(4, samples, 2);
	assert_true(isnan(value_of(4, HOST_MEMORY_BYTES, 1)));
	assert_true(isnan(value_of(4, HOST_DISK_READ_OPS, 1)));
	assert_true(fabs(value_of(4, HOST_CPU_NS, 1) - 1) < 1e-6);
}

/* The same samples again, as after a crash between writing and saying so. */
static void the_same_may_be_written_twice(void **state)
{
	const struct metrics_record samples[] = {sample(5, 0, 0), sample(5, 1, 60),
						 sample(5, 2, 660)};

	update(5, samples, 2);
	update(5, samples, 3);
	update(5, samples, 3);
	assert_true(fabs(value_of(5, HOST_CPU_NS, 1) - 1) < 1e-6);
	assert_true(fabs(value_of(5, HOST_CPU_NS, 2) - 10) < 1e-6);
}

static int write_journal(const struct metrics_record *records, size_t count, size_t cut)
{
	struct buf text CLEANUP(buf_done) = {0};
	int fd = open("journal", O_RDWR | O_CREAT | O_TRUNC, 0600);

	for (size_t i = 0; i < count; i++)
		metrics_record_write(&text, &records[i]);
	assert_int_equal(text.len, count * METRICS_RECORD_BYTES);
	assert_int_equal(fd_write_all(fd, text.data, text.len - cut), 0);
	return fd;
}

static void a_journal_goes_to_each_server(void **state)
{
	struct metrics_record records[] = {sample(6, 0, 0), sample(262, 0, 0), sample(6, 1, 60),
					   sample(262, 1, 600), sample(6, 2, 120)};
	struct err err = {0};
	AUTO_CLOSE int fd = write_journal(records, 5, 1);

	/* One alone, then all; of the last record a byte is missing. */
	assert_int_equal(journal_apply(fd, 6, &err), 0);
	assert_int_equal(access("06/6.rrd", F_OK), 0);
	assert_int_equal(access("06/262.rrd", F_OK), -1);
	assert_int_equal(journal_apply(fd, 0, &err), 0);
	assert_true(fabs(value_of(6, HOST_CPU_NS, 1) - 1) < 1e-6);
	assert_true(fabs(value_of(262, HOST_CPU_NS, 1) - 10) < 1e-6);
	assert_true(isnan(value_of(6, HOST_CPU_NS, 2)));
}

static void a_deleted_server_leaves_nothing(void **state)
{
	struct metrics_record records[] = {
		sample(7, 0, 0), sample(7, 1, 60), {.kind = METRICS_FORGET, .server_id = 7}};
	struct err err = {0};
	AUTO_CLOSE int fd = write_journal(records, 3, 0);

	update(7, records, 2);
	assert_int_equal(access("07/7.rrd", F_OK), 0);
	assert_int_equal(journal_apply(fd, 0, &err), 0);
	assert_int_equal(access("07/7.rrd", F_OK), -1);
	assert_int_equal(database_remove(7, &err), 0);
}

static void bytes_that_are_no_record_are_passed_over(void **state)
{
	struct metrics_record records[] = {sample(8, 0, 0), sample(8, 1, 59), sample(8, 2, 120),
					   sample(8, 2, 120)};
	struct err err = {0};
	AUTO_CLOSE int fd = write_journal(records, 4, 0);
	const uint8_t zeros[METRICS_RECORD_BYTES] = {0};

	/* One with another beginning, and one of which a power loss left nothing. */
	assert_int_equal(pwrite(fd, zeros, 4, METRICS_RECORD_BYTES), 4);
	assert_int_equal(pwrite(fd, zeros, sizeof zeros, (off_t)3 * METRICS_RECORD_BYTES),
			 sizeof zeros);
	assert_int_equal(journal_apply(fd, 0, &err), 0);
	assert_true(fabs(value_of(8, HOST_CPU_NS, 1) - 1) < 1e-6);
	assert_true(fabs(value_of(8, HOST_CPU_NS, 2) - 1) < 1e-6);
}

static void only_what_is_listed_is_kept(void **state)
{
	const uint64_t ids[] = {9, 11};
	struct err err = {0};

	for (uint64_t id = 9; id < 12; id++)
		update(id, (struct metrics_record[]){sample(id, 0, 0)}, 1);
	assert_int_equal(close(open("09/9.rrdA1b2C3", O_CREAT | O_WRONLY, 0600)), 0);
	assert_int_equal(database_keep(ids, 2, &err), 0);
	assert_int_equal(access("09/9.rrd", F_OK), 0);
	assert_int_equal(access("0b/11.rrd", F_OK), 0);
	assert_int_equal(access("0a/10.rrd", F_OK), -1);
	assert_int_equal(access("09/9.rrdA1b2C3", F_OK), -1);
	assert_int_equal(database_keep(NULL, 0, &err), 0);
	assert_int_equal(access("09/9.rrd", F_OK), -1);
}

static void every_database_is_of_one_size(void **state)
{
	struct metrics_record samples[] = {sample(12, 0, 0), sample(12, 600, 0)};
	struct stat before, after;

	update(12, samples, 1);
	assert_int_equal(stat("0c/12.rrd", &before), 0);
	update(12, samples, 2);
	assert_int_equal(stat("0c/12.rrd", &after), 0);
	assert_int_equal(before.st_size, after.st_size);
	assert_true(after.st_size < 320 * 1024);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counters_are_rates_and_gauges_are_not),
		cmocka_unit_test(a_counter_that_goes_back_makes_no_spike),
		cmocka_unit_test(a_leap_makes_no_spike),
		cmocka_unit_test(parts_of_seconds_count),
		cmocka_unit_test(a_long_pause_is_unknown),
		cmocka_unit_test(what_is_unknown_stays_unknown),
		cmocka_unit_test(the_same_may_be_written_twice),
		cmocka_unit_test(a_journal_goes_to_each_server),
		cmocka_unit_test(a_deleted_server_leaves_nothing),
		cmocka_unit_test(bytes_that_are_no_record_are_passed_over),
		cmocka_unit_test(only_what_is_listed_is_kept),
		cmocka_unit_test(every_database_is_of_one_size),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}

// The places of two pieces in a log: exactly, or not at all.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "host/console/recover.h"

static const uint8_t uuid[UUID_BYTES] = {9};
static char folder[] = "/tmp/ippo-recover-XXXXXX";
static char path[64];

static int set_up(void **state)
{
	memcpy(strrchr(folder, '-') + 1, "XXXXXX", 6);
	assert_non_null(mkdtemp(folder));
	(void)snprintf(path, sizeof path, "%s/log", folder);
	return 0;
}

static int tear_down(void **state)
{
	char old[80];

	(void)unlink(path);
	for (int i = 0; i < 3; i++) {
		(void)snprintf(old, sizeof old, "%s.%d", path, i);
		(void)unlink(old);
	}
	return rmdir(folder);
}

static void put(const char *name, const void *data, size_t bytes)
{
	assert_int_equal(fd_write_file(AT_FDCWD, name, data, bytes, 0600), 0);
}

static struct ring *ring_with(const char *before, const char *said, bool is_whole)
{
	struct ring *ring = NULL;
	struct err err = {0};
	bool lost;

	assert_int_equal(ring_open(-1, uuid, 4096, &ring, &lost, &err), 0);
	ring_append(ring, before, strlen(before));
	ring_set_run(ring,
		     (struct ring_run){.id = 1, .offset = ring_end(ring), .is_whole = is_whole});
	ring_append(ring, said, strlen(said));
	return ring;
}

static void read_log(struct recover_log *log)
{
	assert_int_equal(recover_read(path, log), 0);
}

static void test_counts_while_whole(void **state)
{
	struct ring *ring = ring_with("an earlier run", "booted\r\n", true);
	struct recover_log log;
	size_t from = 0, to = 0;

	put(path, "booted\r\nmissed\r\nheard\r\n", 23);
	read_log(&log);
	assert_true(log.is_whole);
	assert_int_equal(recover_ring_end(&log, ring, &from), 0);
	assert_int_equal(from, 8);
	assert_int_equal(recover_live_start(&log, from, "heard\r\n", 7, true, &to), 0);
	assert_int_equal(to, 16);
	/* Nothing was heard yet: all that is there was missed. */
	assert_int_equal(recover_live_start(&log, from, NULL, 0, true, &to), 0);
	assert_int_equal(to, 23);
	recover_log_done(&log);
	ring_free(ring);
}

static void test_refuses_what_does_not_fit(void **state)
{
	struct ring *ring = ring_with("", "booted\r\n", true);
	struct recover_log log;
	size_t place = 0;

	put(path, "rooted\r\nmissed\r\n", 16); /* another run's */
	read_log(&log);
	assert_int_equal(recover_ring_end(&log, ring, &place), -ENOENT);
	recover_log_done(&log);
	put(path, "boot", 4); /* it has less than was heard */
	read_log(&log);
	assert_int_equal(recover_ring_end(&log, ring, &place), -ENOENT);
	recover_log_done(&log);
	put(path, "booted\r\nmissed\r\n", 16);
	read_log(&log);
	/* The log is behind, or heard another thing, or less than must have been before. */
	assert_int_equal(recover_live_start(&log, 8, "heard\r\n", 7, true, &place), -ENOENT);
	assert_int_equal(recover_live_start(&log, 12, "missed\r\n", 8, true, &place), -ENOENT);
	recover_log_done(&log);
	assert_int_equal(recover_read("/nonexistent/log", &log), -ENOENT);
	ring_free(ring);
}

/* Lines that are all different, as a guest in full flow says them. */
static size_t numbers(char *out, unsigned from, unsigned to)
{
	size_t bytes = 0;

	for (unsigned i = from; i < to; i++)
		bytes += (size_t)sprintf(out + bytes, "line %u\r\n", i);
	return bytes;
}

static void test_knows_a_flow_by_its_words(void **state)
{
	struct recover_log log;
	char all[4096], live[1024];
	const size_t bytes = numbers(all, 0, 200), heard = numbers(live, 150, 180);
	size_t place = 0;

	put(path, all, bytes);
	read_log(&log);
	assert_int_equal(recover_live_start(&log, 0, live, heard, false, &place), 0);
	assert_int_equal(place, strstr(all, "line 150\r") - all);
	/* Too little to be sure of. */
	assert_int_equal(recover_live_start(&log, 0, live, 63, false, &place), -ENOENT);
	recover_log_done(&log);
	/* The same again and again is nowhere. */
	memset(all, 'y', sizeof all);
	put(path, all, sizeof all);
	read_log(&log);
	assert_int_equal(recover_live_start(&log, 0, all, 100, false, &place), -ENOENT);
	assert_int_equal(recover_live_start(&log, 0, all, 100, true, &place), 0);
	assert_int_equal(place, sizeof all - 100);
	recover_log_done(&log);
}

static void test_rotated(void **state)
{
	char all[4096], old[80], said[1024];
	const size_t bytes = numbers(all, 0, 200), half = bytes / 2;
	struct recover_log log;
	struct ring *ring;
	size_t place = 0;

	(void)numbers(said, 60, 90);
	ring = ring_with("", said, true);
	(void)snprintf(old, sizeof old, "%s.0", path);
	put(old, all, half);
	put(path, all + half, bytes - half);
	read_log(&log);
	assert_false(log.is_whole);
	assert_int_equal(log.current_at, half);
	assert_int_equal(log.bytes.len, bytes);
	assert_memory_equal(log.bytes.data, all, bytes);
	assert_int_equal(recover_ring_end(&log, ring, &place), 0);
	assert_int_equal(place, strstr(all, "line 90\r") - all);
	recover_log_done(&log);
	ring_free(ring);
	ring = ring_with("", "short", false);
	read_log(&log);
	assert_int_equal(recover_ring_end(&log, ring, &place), -ENOENT);
	recover_log_done(&log);
	ring_free(ring);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_counts_while_whole, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_refuses_what_does_not_fit, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_knows_a_flow_by_its_words, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_rotated, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

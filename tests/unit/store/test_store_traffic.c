// Months of traffic: counts are subtracted within an epoch, added once, and kept for two years.
#include "fixture.h"

#include "store/store_traffic.h"

#define NOVEMBER INT64_C(1763000000000) /* 2025-11-13 */
#define DECEMBER INT64_C(1765000000000)
#define LATER    INT64_C(1830000000000) /* 2027-12-28 */

static void count(struct fixture *f, uint64_t server_id, uint64_t epoch, uint64_t in, uint64_t out,
		  int64_t now_ms)
{
	struct store_count one = {.epoch = epoch, .in_bytes = in, .out_bytes = out};
	struct server server CLEANUP(server_done) = {0};

	assert_ok(store_server_get(f->store, 0, server_id, &server, ERR));
	memcpy(one.uuid, server.uuid, UUID_BYTES);
	assert_ok(store_traffic_add(f->store, &one, 1, now_ms, ERR));
}

static void expect(struct fixture *f, uint64_t server_id, uint32_t month, uint64_t in, uint64_t out)
{
	struct store_traffic traffic = {0};

	assert_ok(store_traffic_get(f->store, server_id, month, &traffic, ERR));
	assert_int_equal(traffic.in_bytes, in);
	assert_int_equal(traffic.out_bytes, out);
}

static void nothing_is_lost_and_nothing_is_counted_twice(void **state)
{
	struct fixture *f = *state;
	const uint64_t id = fixture_insert(f, 1, 1, "");
	uint64_t version = 0, same = 0;

	count(f, id, 7, 100, 1000, NOVEMBER);
	expect(f, id, 202511, 100, 1000);
	count(f, id, 7, 150, 1000, NOVEMBER);
	expect(f, id, 202511, 150, 1000);
	assert_ok(store_server_get_version(f->store, 0, id, &version, ERR));
	count(f, id, 7, 150, 1000, NOVEMBER); /* the same count again, as after a crash */
	assert_ok(store_server_get_version(f->store, 0, id, &same, ERR));
	assert_int_equal(version, same);
	expect(f, id, 202511, 150, 1000);
	count(f, id, 8, 500, 2000, NOVEMBER); /* begun anew, and beyond where they were */
	expect(f, id, 202511, 650, 3000);
	count(f, id, 8, 10, 2001, NOVEMBER); /* one went back: it has begun anew */
	expect(f, id, 202511, 660, 3001);
}

static void months_are_kept_apart(void **state)
{
	struct fixture *f = *state;
	const uint64_t id = fixture_insert(f, 1, 1, "");
	struct store_traffic months[4];
	uint64_t before = 0, after = 0;
	size_t found = 0;

	count(f, id, 7, 100, 1000, NOVEMBER);
	assert_ok(store_server_get_version(f->store, 0, id, &before, ERR));
	/* The first count of a month, though nothing came: what the server shows is another. */
	count(f, id, 7, 100, 1000, DECEMBER);
	assert_ok(store_server_get_version(f->store, 0, id, &after, ERR));
	assert_true(after > before);
	expect(f, id, 202512, 0, 0);
	count(f, id, 7, 101, 1002, DECEMBER);
	expect(f, id, 202512, 1, 2);
	assert_ok(store_traffic_list(f->store, id, months, 4, &found, ERR));
	assert_int_equal(found, 2);
	assert_int_equal(months[0].month, 202512);
	assert_int_equal(months[1].out_bytes, 1000);
	count(f, id, 7, 102, 1002, LATER);
	assert_ok(store_traffic_list(f->store, id, months, 4, &found, ERR));
	assert_int_equal(found, 2);
	assert_int_equal(months[0].month, 202712);
	assert_int_equal(months[1].month, 202512);
}

/* One that was deleted meanwhile spoils nothing of the others. */
static void strangers_are_passed_over(void **state)
{
	struct fixture *f = *state;
	const uint64_t id = fixture_insert(f, 1, 1, "");
	struct server server CLEANUP(server_done) = {0};
	struct store_count counts[2] = {{.uuid = {0xff}, .in_bytes = 1}, {.out_bytes = 5}};

	assert_ok(store_server_get(f->store, 0, id, &server, ERR));
	memcpy(counts[1].uuid, server.uuid, UUID_BYTES);
	assert_ok(store_traffic_add(f->store, counts, 2, NOVEMBER, ERR));
	expect(f, id, 202511, 0, 5);
	assert_ok(store_server_delete(f->store, id, ERR));
	expect(f, id, 202511, 0, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nothing_is_lost_and_nothing_is_counted_twice),
		TEST(months_are_kept_apart),
		TEST(strangers_are_passed_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

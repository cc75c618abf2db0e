// Images made of servers: whose they are, which backups go, when one is due, and what they cost.
#include "fixture.h"

#include "store/store_backup.h"
#include "store/store_contract.h"
#include "store/store_customer.h"
#include "store/store_image.h"
#include "store/store_quota.h"

static uint64_t add(struct fixture *f, uint64_t customer_id, uint64_t server_id,
		    enum image_type type, int64_t created_ms)
{
	struct image image = {.customer_id = customer_id,
			      .type = type,
			      .status = IMAGE_AVAILABLE,
			      .os_flavor = "debian",
			      .architecture = "x86",
			      .description = "of a server",
			      .created_ms = created_ms,
			      .from_server_id = server_id,
			      .from_server_name = "hajime",
			      .bound_to = type == IMAGE_BACKUP ? server_id : 0};

	assert_ok(store_image_insert(f->store, &image, ERR));
	return image.id;
}

static void protect(struct fixture *f, uint64_t id)
{
	struct image image CLEANUP(image_done) = {0};

	assert_ok(store_image_get(f->store, 0, id, &image, ERR));
	image.protect_delete = true;
	assert_ok(store_image_update(f->store, &image, ERR));
}

static void they_are_their_customers_alone(void **state)
{
	struct fixture *f = *state;
	const uint64_t other = fixture_customer(f, "other"), server = fixture_insert(f, 1, 1, "");
	const uint64_t id = add(f, 1, server, IMAGE_BACKUP, 5);
	struct store_image_filter filter = {
		.customer_id = 1, .bound_to = server, .page = {.number = 1, .entries = 50}};
	struct store_images images = {0};
	struct image image CLEANUP(image_done) = {0};

	assert_int_equal(store_image_get(f->store, other, id, &image, ERR), ERR_NOT_FOUND);
	assert_ok(store_image_get(f->store, 1, id, &image, ERR));
	assert_int_equal(image.from_server_id, server);
	assert_string_equal(image.from_server_name, "hajime");
	assert_int_equal(image.bound_to, server);
	assert_ok(store_image_list(f->store, &filter, &images, ERR));
	assert_int_equal(images.count, 1);
	store_image_done(&images);
	filter.customer_id = other;
	assert_ok(store_image_list(f->store, &filter, &images, ERR));
	assert_int_equal(images.count, 0);
	store_image_done(&images);
}

static void the_oldest_go_but_those_that_are_protected(void **state)
{
	struct fixture *f = *state;
	const uint64_t server = fixture_insert(f, 1, 1, ""), another = fixture_insert(f, 1, 2, "");
	uint64_t ids[16], made[5];
	size_t count = 0;

	for (int i = 0; i < 5; i++)
		made[i] = add(f, 1, server, IMAGE_BACKUP, 100 + i);
	(void)add(f, 1, another, IMAGE_BACKUP, 1);
	(void)add(f, 1, server, IMAGE_SNAPSHOT, 1);
	protect(f, made[0]);
	assert_ok(store_image_update_status(f->store, made[4], IMAGE_CREATING, ERR));
	assert_ok(store_backup_list(f->store, server, 2, ids, 16, &count, ERR));
	assert_int_equal(count, 1);
	assert_int_equal(ids[0], made[1]);
	assert_ok(store_backup_list(f->store, server, 0, ids, 2, &count, ERR));
	assert_int_equal(count, 2);
	assert_int_equal(ids[0], made[3]);
	/* What is protected stays, as a snapshot. */
	assert_ok(store_backup_unbind(f->store, server, ERR));
	struct image image CLEANUP(image_done) = {0};
	assert_ok(store_image_get(f->store, 1, made[0], &image, ERR));
	assert_int_equal(image.type, IMAGE_SNAPSHOT);
	assert_int_equal(image.bound_to, 0);
	assert_ok(store_backup_list(f->store, server, 0, ids, 16, &count, ERR));
	assert_int_equal(count, 3);
}

static void the_longest_due_comes_first(void **state)
{
	struct fixture *f = *state;
	uint64_t ids[4], servers[3];
	size_t count = 0;

	for (unsigned i = 0; i < 3; i++) {
		servers[i] = fixture_insert(f, 1, i + 1, "");
		assert_ok(store_backup_switch(f->store, servers[i], BACKUP_02_06, 20,
					      1000 - 10 * (int64_t)i, ERR));
	}
	assert_ok(store_backup_due(f->store, 985, ids, 4, &count, ERR));
	assert_int_equal(count, 1);
	assert_int_equal(ids[0], servers[2]);
	assert_ok(store_backup_due(f->store, 1000, ids, 2, &count, ERR));
	assert_int_equal(count, 2);
	assert_int_equal(ids[1], servers[1]);
	/* Not while something is done to it, nor when it has none. */
	assert_ok(store_server_lock(f->store, servers[2], 7, 0, ERR));
	assert_ok(store_backup_switch(f->store, servers[1], BACKUP_NONE, 0, 0, ERR));
	assert_ok(store_backup_due(f->store, 1000, ids, 4, &count, ERR));
	assert_int_equal(count, 1);
	assert_int_equal(ids[0], servers[0]);
	assert_ok(store_backup_put_due(f->store, servers[0], 2000, ERR));
	assert_ok(store_backup_due(f->store, 1999, ids, 4, &count, ERR));
	assert_int_equal(count, 0);
	assert_int_equal(store_backup_put_due(f->store, 999, 1, ERR), ERR_NOT_FOUND);
}

static void they_cost_a_part_of_the_plans_price(void **state)
{
	struct fixture *f = *state;
	const uint64_t server = fixture_insert(f, 1, 1, "");
	struct store_spans spans = {0};

	assert_ok(store_backup_switch(f->store, server, BACKUP_02_06, 20, 1, ERR));
	assert_ok(store_backup_switch(f->store, server, BACKUP_18_22, 20, 1, ERR));
	assert_ok(store_contract_spans(f->store, 1, 0, INT64_MAX, &spans, ERR));
	assert_int_equal(spans.count, 2); /* other hours cost nothing */
	assert_int_equal(spans.items[1].reason, CONTRACT_BACKUP);
	assert_int_equal(spans.items[1].monthly_minor, 980 + 196);
	assert_int_equal(spans.items[1].before_minor, 980);
	assert_int_equal(spans.items[0].until_ms, spans.items[1].from_ms);
	store_contract_done(&spans);
	assert_ok(store_backup_switch(f->store, server, BACKUP_NONE, 0, 0, ERR));
	assert_ok(store_contract_now(f->store, 1, &spans, ERR));
	assert_int_equal(spans.items[0].monthly_minor, 980);
	assert_int_equal(spans.items[0].before_minor, 980 + 196);
	store_contract_done(&spans);
}

static void a_new_owner_gets_none_of_it(void **state)
{
	struct fixture *f = *state;
	const uint64_t other = fixture_customer(f, "other"), server = fixture_insert(f, 1, 1, "");
	const uint64_t id = add(f, 1, server, IMAGE_BACKUP, 5);
	struct server now CLEANUP(server_done) = {0};
	struct image image CLEANUP(image_done) = {0};
	struct store_spans spans = {0};

	assert_ok(store_backup_switch(f->store, server, BACKUP_02_06, 20, 1, ERR));
	assert_ok(store_server_hand_over(f->store, server, other, ERR));
	assert_ok(store_server_get(f->store, other, server, &now, ERR));
	assert_int_equal(now.backup_window, BACKUP_NONE);
	assert_ok(store_image_get(f->store, 1, id, &image, ERR));
	assert_int_equal(image.type, IMAGE_SNAPSHOT);
	assert_int_equal(image.bound_to, 0);
	assert_ok(store_contract_now(f->store, other, &spans, ERR));
	assert_int_equal(spans.items[0].monthly_minor, 980);
	store_contract_done(&spans);
}

static void snapshots_are_counted_and_backups_are_not(void **state)
{
	struct fixture *f = *state;
	const uint64_t server = fixture_insert(f, 1, 1, "");
	struct customer customer;
	struct quotas used;

	(void)add(f, 1, server, IMAGE_BACKUP, 5);
	(void)add(f, 1, server, IMAGE_SNAPSHOT, 5);
	assert_ok(store_quota_used(f->store, 1, &used, ERR));
	assert_int_equal(used.of[QUOTA_SNAPSHOTS], 1);
	assert_ok(store_customer_get(f->store, 1, &customer, ERR));
	customer.limits.of[QUOTA_SNAPSHOTS] = 2;
	assert_ok(store_customer_update(f->store, &customer, ERR));
	assert_ok(store_quota_check_one(f->store, 1, QUOTA_SNAPSHOTS, ERR));
	(void)add(f, 1, server, IMAGE_SNAPSHOT, 6);
	assert_int_equal(store_quota_check_one(f->store, 1, QUOTA_SNAPSHOTS, ERR), ERR_LIMIT);
}

static void what_was_copied_may_go(void **state)
{
	struct fixture *f = *state;
	const uint64_t source = fixture_insert(f, 1, 1, ""), copy = fixture_insert(f, 1, 2, "");
	const uint64_t id = add(f, 1, source, IMAGE_SNAPSHOT, 5);
	struct server now CLEANUP(server_done) = {0};

	assert_ok(store_server_update_disk(f->store, copy, id, 2, 20, ERR));
	assert_int_equal(store_image_delete(f->store, id, ERR), ERR_IN_USE);
	assert_ok(store_image_release(f->store, id, ERR));
	assert_ok(store_image_delete(f->store, id, ERR));
	assert_ok(store_server_get(f->store, 1, copy, &now, ERR));
	assert_int_equal(now.image_id, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(they_are_their_customers_alone),
		TEST(the_oldest_go_but_those_that_are_protected),
		TEST(the_longest_due_comes_first),
		TEST(they_cost_a_part_of_the_plans_price),
		TEST(a_new_owner_gets_none_of_it),
		TEST(snapshots_are_counted_and_backups_are_not),
		TEST(what_was_copied_may_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

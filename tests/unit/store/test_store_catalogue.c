// Plans, locations, images and SSH keys in the database.
#include "fixture.h"

#include "store/store_image.h"
#include "store/store_location.h"
#include "store/store_plan.h"
#include "store/store_sshkey.h"

#define NOW FIXTURE_NOW_MS

static void the_default_plans(void **state)
{
	static const struct {
		const char *name;
		uint32_t cores, memory_mib, disk_gb;
		int64_t price;
		uint32_t zones;
	} expected[] = {{"1g", 2, 1024, 20, 980, 5},
			{"2g", 3, 2048, 40, 1580, 5},
			{"4g", 4, 4096, 80, 3600, 5},
			{"8g", 6, 8192, 160, 7200, 10}};
	struct fixture *f = *state;
	struct store_plans plans CLEANUP(store_plan_done) = {0};

	assert_ok(store_plan_list(f->store, NULL, NULL, NULL, &plans, ERR));
	assert_int_equal(plans.count, ARRAY_SIZE(expected));
	for (size_t i = 0; i < plans.count; i++) {
		const struct plan *plan = &plans.items[i];

		assert_ok(plan_check(plan, ERR));
		assert_string_equal(plan->name, expected[i].name);
		assert_int_equal(plan->cores, expected[i].cores);
		assert_int_equal(plan->memory_mib, expected[i].memory_mib);
		assert_int_equal(plan->disk_gb, expected[i].disk_gb);
		assert_int_equal(plan->price_monthly_minor, expected[i].price);
		assert_int_equal(plan->dns_zones, expected[i].zones);
		assert_string_equal(plan->currency, "JPY");
		assert_int_equal(plan->storage, PLAN_SSD);
	}
}

static void plans(void **state)
{
	struct fixture *f = *state;
	struct store_plans list CLEANUP(store_plan_done) = {0};
	struct plan plan;
	const struct sort by_name = {.keys = {{SORT_NAME, true}}, .count = 1};

	assert_ok(store_plan_get_by_name(f->store, "1g", &plan, ERR));
	plan.price_monthly_minor = 1000;
	plan.deprecated_ms = NOW;
	assert_ok(store_plan_update(f->store, &plan, ERR));
	assert_ok(store_plan_get(f->store, plan.id, &plan, ERR));
	assert_int_equal(plan.price_monthly_minor, 1000);
	assert_int_equal(plan.deprecated_ms, NOW);
	(void)strcpy(plan.name, "2g");
	assert_int_equal(store_plan_update(f->store, &plan, NULL), ERR_UNIQUENESS);
	assert_int_equal(store_plan_insert(f->store, &plan, NULL), ERR_UNIQUENESS);
	assert_ok(store_plan_list(f->store, "4g", NULL, NULL, &list, ERR));
	assert_int_equal(list.total, 1);
	store_plan_done(&list);
	assert_ok(store_plan_list(f->store, NULL, &by_name, &(struct page){2, 3}, &list, ERR));
	assert_int_equal(list.total, 4);
	assert_int_equal(list.count, 1);
	assert_string_equal(list.items[0].name, "1g");
	(void)fixture_insert(f, 1, 1, "");
	assert_int_equal(store_plan_delete(f->store, 1, NULL), ERR_IN_USE);
	assert_ok(store_plan_delete(f->store, 2, ERR));
	assert_int_equal(store_plan_delete(f->store, 2, NULL), ERR_NOT_FOUND);
	plan.id = 2;
	assert_int_equal(store_plan_update(f->store, &plan, NULL), ERR_NOT_FOUND);
}

static void locations(void **state)
{
	struct fixture *f = *state;
	struct store_locations list CLEANUP(store_location_done) = {0};
	struct location location;

	assert_ok(store_location_get(f->store, 1, &location, ERR));
	assert_ok(location_check(&location, ERR));
	assert_string_equal(location.name, "local");
	assert_string_equal(location.description, "This machine");
	assert_int_equal(store_location_delete(f->store, 1, NULL), ERR_IN_USE);
	(void)strcpy(location.name, "other");
	location.latitude = 43.171875;
	assert_ok(store_location_insert(f->store, &location, ERR));
	assert_int_equal(store_location_insert(f->store, &location, NULL), ERR_UNIQUENESS);
	assert_ok(store_location_get_by_name(f->store, "other", &location, ERR));
	assert_true(location.latitude > 43.171874 && location.latitude < 43.171876);
	(void)strcpy(location.city, "Ishikari");
	assert_ok(store_location_update(f->store, &location, ERR));
	assert_ok(store_location_list(f->store, NULL, NULL, NULL, &list, ERR));
	assert_int_equal(list.total, 2);
	assert_string_equal(list.items[1].city, "Ishikari");
	assert_ok(store_location_delete(f->store, location.id, ERR));
}

static struct image make_image(uint64_t customer_id, const char *name, const char *labels)
{
	struct image image = {.customer_id = customer_id,
			      .type = name[0] ? IMAGE_SYSTEM : IMAGE_SNAPSHOT,
			      .status = IMAGE_CREATING,
			      .os_flavor = "debian",
			      .architecture = "x86",
			      .has_checksum = true,
			      .checksum = {1, 2, 3},
			      .created_ms = NOW};

	(void)snprintf(image.name, sizeof(image.name), "%s", name);
	assert_int_equal(label_read(labels, &image.labels), 0);
	return image;
}

static uint64_t count_images(struct fixture *f, const struct store_image_filter *filter)
{
	struct store_images images CLEANUP(store_image_done) = {0};

	assert_ok(store_image_list(f->store, filter, &images, ERR));
	if (!filter->page.entries)
		assert_int_equal(images.count, images.total);
	return images.total;
}

static void images(void **state)
{
	struct fixture *f = *state;
	uint64_t other = fixture_customer(f, "other");
	struct image mine CLEANUP(image_done) = make_image(1, "debian-12", "a=1");
	struct image again CLEANUP(image_done) = make_image(0, "debian-12", "");
	struct image snapshot CLEANUP(image_done) = make_image(1, "", "");
	struct image second CLEANUP(image_done) = make_image(1, "", "");
	struct image got CLEANUP(image_done) = {0};
	struct label_selector selector CLEANUP(label_selector_done) = {0};
	struct store_image_filter filter = {.customer_id = 1};
	uint8_t checksum[IMAGE_CHECKSUM_BYTES] = {9};
	uint64_t count = 9;

	assert_ok(store_image_insert(f->store, &mine, ERR));
	assert_int_equal(store_image_insert(f->store, &again, NULL), ERR_UNIQUENESS);
	assert_ok(store_image_insert(f->store, &snapshot, ERR));
	assert_ok(store_image_insert(f->store, &second, ERR));
	/* One's own before the service's; another's never. */
	assert_ok(store_image_get_by_name(f->store, 1, "debian-12", &got, ERR));
	assert_int_equal(got.id, mine.id);
	assert_memory_equal(got.checksum, mine.checksum, sizeof(got.checksum));
	assert_string_equal(label_get(&got.labels, "a"), "1");
	image_done(&got);
	assert_ok(store_image_get_by_name(f->store, other, "debian-12", &got, ERR));
	assert_int_equal(got.id, f->image_id);
	image_done(&got);
	assert_int_equal(store_image_get(f->store, other, mine.id, &got, NULL), ERR_NOT_FOUND);
	assert_ok(store_image_get(f->store, other, f->image_id, &got, ERR));
	assert_int_equal(count_images(f, &filter), 4);
	filter.customer_id = other;
	assert_int_equal(count_images(f, &filter), 1);
	filter.customer_id = 1;
	filter.types = 1U << IMAGE_SNAPSHOT;
	assert_int_equal(count_images(f, &filter), 2);
	filter.types = 0;
	filter.statuses = 1U << IMAGE_AVAILABLE;
	assert_int_equal(count_images(f, &filter), 1);
	filter.statuses = 0;
	filter.architecture = "arm";
	assert_int_equal(count_images(f, &filter), 0);
	filter.architecture = NULL;
	assert_ok(label_selector_parse("!a", &selector, ERR));
	filter.selector = &selector;
	assert_int_equal(count_images(f, &filter), 3);
	filter.page = (struct page){2, 2};
	assert_int_equal(count_images(f, &filter), 3);
	filter = (struct store_image_filter){.without_deprecated = true};
	mine.deprecated_ms = NOW;
	mine.protect_delete = true;
	assert_ok(store_image_update(f->store, &mine, ERR));
	assert_int_equal(count_images(f, &filter), 3);

	assert_ok(store_image_update_facts(f->store, snapshot.id, 10, 20, NULL, ERR));
	image_done(&got);
	assert_ok(store_image_get(f->store, 1, snapshot.id, &got, ERR));
	assert_int_equal(got.virtual_bytes, 20);
	assert_int_equal(got.checksum[0], 1);
	image_done(&got);
	assert_ok(store_image_update_facts(f->store, snapshot.id, 10, 20, checksum, ERR));
	assert_ok(store_image_get(f->store, 1, snapshot.id, &got, ERR));
	assert_int_equal(got.checksum[0], 9);

	(void)fixture_insert(f, 1, 1, "");
	assert_ok(store_image_count_servers(f->store, f->image_id, &count, ERR));
	assert_int_equal(count, 1);
	assert_int_equal(store_image_delete(f->store, f->image_id, NULL), ERR_IN_USE);
	assert_ok(store_image_delete(f->store, snapshot.id, ERR));
}

static int insert_key(struct fixture *f, uint64_t customer_id, const char *name, const char *print,
		      const char *labels, struct err *err)
{
	struct sshkey key CLEANUP(sshkey_done) = {.customer_id = customer_id, .created_ms = NOW};
	int r;

	(void)snprintf(key.name, sizeof(key.name), "%s", name);
	(void)snprintf(key.fingerprint, sizeof(key.fingerprint), "%s", print);
	key.public_key = strdup("ssh-ed25519 AAAA");
	assert_non_null(key.public_key);
	assert_int_equal(label_read(labels, &key.labels), 0);
	r = store_sshkey_insert(f->store, &key, err);
	return r < 0 ? r : (int)key.id;
}

static void keys(void **state)
{
	struct fixture *f = *state;
	uint64_t other = fixture_customer(f, "other");
	struct err err = {0};
	uint64_t id = (uint64_t)insert_key(f, 1, "laptop", "aa:aa", "team=a", ERR);
	struct sshkey key CLEANUP(sshkey_done) = {0};
	struct store_sshkeys list CLEANUP(store_sshkey_done) = {0};
	struct label_selector selector CLEANUP(label_selector_done) = {0};
	struct store_sshkey_filter filter = {.customer_id = 1};

	assert_int_equal(insert_key(f, 1, "laptop", "bb:bb", "", &err), ERR_UNIQUENESS);
	assert_non_null(strstr(err.text, "named laptop"));
	assert_int_equal(insert_key(f, 1, "desk", "aa:aa", "", &err), ERR_UNIQUENESS);
	assert_non_null(strstr(err.text, "this SSH key"));
	assert_true(insert_key(f, other, "laptop", "aa:aa", "", ERR) > 0);
	assert_true(insert_key(f, 1, "desk", "bb:bb", "", ERR) > 0);
	assert_ok(store_sshkey_get_by_name(f->store, 1, "laptop", &key, ERR));
	assert_int_equal(key.id, id);
	assert_string_equal(key.public_key, "ssh-ed25519 AAAA");
	(void)strcpy(key.name, "desk");
	assert_int_equal(store_sshkey_update(f->store, &key, NULL), ERR_UNIQUENESS);
	(void)strcpy(key.name, "notebook");
	assert_ok(store_sshkey_update(f->store, &key, ERR));
	sshkey_done(&key);
	assert_int_equal(store_sshkey_get(f->store, other, id, &key, NULL), ERR_NOT_FOUND);
	filter.fingerprint = "aa:aa";
	assert_ok(store_sshkey_list(f->store, &filter, &list, ERR));
	assert_int_equal(list.total, 1);
	assert_string_equal(list.items[0].name, "notebook");
	store_sshkey_done(&list);
	assert_ok(label_selector_parse("team=a", &selector, ERR));
	filter = (struct store_sshkey_filter){
		.customer_id = 1, .selector = &selector, .page = {1, 25}};
	assert_ok(store_sshkey_list(f->store, &filter, &list, ERR));
	assert_int_equal(list.total, 1);
	assert_int_equal(list.count, 1);
	assert_int_equal(store_sshkey_delete(f->store, other, id, NULL), ERR_NOT_FOUND);
	assert_ok(store_sshkey_delete(f->store, 1, id, ERR));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_default_plans), TEST(plans), TEST(locations), TEST(images), TEST(keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// Servers in the database: what is written is read, what must be unique is, lists are right.
#include "fixture.h"

#include "store/store_address.h"
#include "store/store_dns_ptr.h"
#include "store/store_image.h"
#include "store/store_ip.h"
#include "store/store_kept_disk.h"
#include "store/store_plan.h"
#include "store/store_seed.h"

static void written_is_read(void **state)
{
	struct fixture *f = *state;
	struct server server CLEANUP(server_done) = fixture_server(f, 1, 7);
	struct server got CLEANUP(server_done) = {0};

	server.protect_rebuild = true;
	server.seed = true;
	assert_int_equal(label_read("env=prod,example.org/x=", &server.labels), 0);
	assert_ok(store_server_insert(f->store, &server, ERR));
	fixture_reopen(f);
	assert_ok(store_server_get(f->store, 1, server.id, &got, ERR));
	assert_string_equal(got.name, server.name);
	assert_memory_equal(got.uuid, server.uuid, sizeof(got.uuid));
	assert_memory_equal(got.mac, server.mac, sizeof(got.mac));
	assert_int_equal(got.status, SERVER_OFF);
	assert_int_equal(got.image_id, f->image_id);
	assert_int_equal(got.created_ms, server.created_ms);
	assert_true(got.protect_rebuild && got.seed);
	assert_false(got.protect_delete || got.first_boot_done);
	assert_true(label_equal(&got.labels, &server.labels));
	assert_int_equal(got.ipv4.id, 0);
	server_done(&got);
	assert_ok(store_server_get_by_name(f->store, 1, "SERVER-00007", &got, ERR));
	assert_int_equal(got.id, server.id);
	server_done(&got);
	assert_ok(store_server_get_by_uuid(f->store, server.uuid, &got, ERR));
	assert_int_equal(got.id, server.id);
}

static void of_two_with_one_name_one_wins(void **state)
{
	struct fixture *f = *state;
	struct server again = fixture_server(f, 1, 2);
	struct server elsewhere = fixture_server(f, fixture_customer(f, "other"), 3);
	struct err err = {0};

	(void)fixture_insert(f, 1, 1, "");
	(void)strcpy(again.name, "Server-00001");
	assert_int_equal(store_server_insert(f->store, &again, &err), ERR_UNIQUENESS);
	assert_non_null(strstr(err.text, "Server-00001"));
	(void)strcpy(elsewhere.name, "server-00001");
	assert_ok(store_server_insert(f->store, &elsewhere, ERR));
}

static void unknown_parts_are_refused(void **state)
{
	struct fixture *f = *state;
	struct server server = fixture_server(f, 1, 1);

	server.server_type_id = 999;
	assert_int_equal(store_server_insert(f->store, &server, NULL), ERR_INVALID_INPUT);
	server = fixture_server(f, 1, 1);
	server.image_id = 999;
	assert_int_equal(store_server_insert(f->store, &server, NULL), ERR_INVALID_INPUT);
	server = fixture_server(f, 999, 1);
	assert_int_equal(store_server_insert(f->store, &server, NULL), ERR_INVALID_INPUT);
}

static void foreign_servers_do_not_exist(void **state)
{
	struct fixture *f = *state;
	uint64_t other = fixture_customer(f, "other");
	uint64_t id = fixture_insert(f, 1, 1, "");
	struct server got CLEANUP(server_done) = {0};
	struct err foreign = {0};
	struct err absent = {0};
	uint64_t version;

	assert_int_equal(store_server_get(f->store, other, id, &got, &foreign), ERR_NOT_FOUND);
	assert_int_equal(store_server_get(f->store, other, 999, &got, &absent), ERR_NOT_FOUND);
	assert_string_equal(foreign.text, absent.text);
	assert_int_equal(store_server_get_version(f->store, other, id, &version, NULL),
			 ERR_NOT_FOUND);
	assert_int_equal(store_server_get_by_name(f->store, other, "server-00001", &got, NULL),
			 ERR_NOT_FOUND);
	assert_int_equal(store_server_get(f->store, 0, UINT64_MAX, &got, NULL), ERR_NOT_FOUND);
	assert_ok(store_server_get(f->store, 0, id, &got, ERR));
}

static uint64_t version_of(struct fixture *f, uint64_t id)
{
	uint64_t version = 0;

	assert_ok(store_server_get_version(f->store, 0, id, &version, ERR));
	return version;
}

#define CHANGES(f, id, call)                                                                       \
	do {                                                                                       \
		uint64_t before = version_of(f, id);                                               \
		uint64_t generation = store_generation((f)->store);                                \
		assert_ok(call);                                                                   \
		if (version_of(f, id) <= before)                                                   \
			fail_msg("%s makes no new version", #call);                                \
		assert_true(store_generation((f)->store) > generation);                            \
	} while (0)

static void every_change_makes_a_new_version(void **state)
{
	struct fixture *f = *state;
	uint64_t id = fixture_insert(f, 1, 1, "a=1");
	uint64_t other = fixture_insert(f, 1, 2, "");
	uint64_t other_version = version_of(f, other);
	struct labels labels CLEANUP(label_done) = {0};
	struct address address;
	struct server got CLEANUP(server_done) = {0};
	struct ip ip;

	CHANGES(f, id, store_server_update_name(f->store, id, "neu", ERR));
	CHANGES(f, id, store_server_update_status(f->store, id, SERVER_RUNNING, ERR));
	CHANGES(f, id, store_server_update_desired(f->store, id, SERVER_DESIRED_ON, ERR));
	CHANGES(f, id, store_server_update_protection(f->store, id, true, true, ERR));
	CHANGES(f, id, store_server_update_type(f->store, id, 2, 40, ERR));
	CHANGES(f, id, store_server_update_disk(f->store, id, f->image_id, 2, 40, ERR));
	CHANGES(f, id, store_server_update_seed(f->store, id, true, ERR));
	CHANGES(f, id, store_server_update_first_boot(f->store, id, 5, true, ERR));
	CHANGES(f, id, store_server_update_user(f->store, id, "taro", ERR));
	CHANGES(f, id, store_server_lock(f->store, id, 5, 0, ERR));
	CHANGES(f, id, store_server_unlock(f->store, id, 5, ERR));
	assert_int_equal(label_set(&labels, "b", "2", NULL), 0);
	CHANGES(f, id, store_server_update_labels(f->store, id, &labels, ERR));
	CHANGES(f, id, store_address_allocate(f->store, id, 1, 4, 1, &address, ERR));
	assert_int_equal(ip_parse("10.78.0.2", &ip), 0);
	CHANGES(f, id, store_dns_ptr_set(f->store, id, &ip, "a.example.org", ERR));
	CHANGES(f, id, store_dns_ptr_set(f->store, id, &ip, "b.example.org", ERR));
	CHANGES(f, id, store_dns_ptr_set(f->store, id, &ip, NULL, ERR));
	CHANGES(f, id, store_ip_delete(f->store, address.id, ERR));
	assert_int_equal(version_of(f, other), other_version);
	assert_ok(store_server_get(f->store, 1, id, &got, ERR));
	assert_string_equal(got.name, "neu");
	assert_string_equal(got.user, "taro");
	assert_int_equal(got.server_type_id, 2);
	assert_int_equal(got.volume_generation, 2);
	assert_int_equal(got.status, SERVER_RUNNING);
	assert_true(got.first_boot_done);
	assert_true(label_equal(&got.labels, &labels));
}

static void updates_of_nothing_say_so(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(store_server_update_status(f->store, 99, SERVER_OFF, NULL), ERR_NOT_FOUND);
	assert_int_equal(store_server_delete(f->store, 99, NULL), ERR_NOT_FOUND);
	assert_int_equal(store_server_lock(f->store, 99, 1, 0, NULL), ERR_NOT_FOUND);
}

static void a_lock_has_one_holder(void **state)
{
	struct fixture *f = *state;
	uint64_t id = fixture_insert(f, 1, 1, "");
	struct err err = {0};

	assert_ok(store_server_lock(f->store, id, 5, 0, ERR));
	assert_ok(store_server_lock(f->store, id, 5, 0, ERR));
	assert_int_equal(store_server_lock(f->store, id, 6, 0, &err), ERR_LOCKED);
	assert_non_null(strstr(err.text, "action 5"));
	assert_ok(store_server_unlock(f->store, id, 6, ERR));
	assert_int_equal(store_server_lock(f->store, id, 6, 4, NULL), ERR_LOCKED);
	assert_ok(store_server_lock(f->store, id, 6, 5, ERR));
	assert_int_equal(store_server_lock(f->store, id, 5, 0, NULL), ERR_LOCKED);
	assert_ok(store_server_unlock(f->store, id, 6, ERR));
	assert_ok(store_server_lock(f->store, id, 7, 0, ERR));
}

static void deletion_takes_everything_along(void **state)
{
	struct fixture *f = *state;
	uint64_t id = fixture_insert(f, 1, 1, "a=1");
	struct store_seed seed = {.server_id = id, .password_hash = (char[]){"$y$x"}};
	struct address address;
	struct address next;
	char *keys AUTO_FREE = NULL;
	struct store_server_filter all = {.customer_id = 1};
	uint64_t count = 9;

	assert_ok(store_address_allocate(f->store, id, 1, 4, 1, &address, ERR));
	assert_ok(store_dns_ptr_set(f->store, id, &address.ip, "a.example.org", ERR));
	assert_ok(store_seed_put(f->store, &seed, ERR));
	assert_ok(store_server_set_keys(f->store, id, "ssh-ed25519 AAAA", ERR));
	assert_ok(store_server_get_keys(f->store, id, &keys, ERR));
	assert_string_equal(keys, "ssh-ed25519 AAAA");
	assert_ok(store_server_delete(f->store, id, ERR));
	assert_ok(store_server_count(f->store, &all, &count, ERR));
	assert_int_equal(count, 0);
	seed = (struct store_seed){0};
	assert_int_equal(store_seed_get(f->store, id, &seed, NULL), ERR_NOT_FOUND);
	/* Its address is free again, its id never is. */
	id = fixture_insert(f, 1, 1, "a=1");
	assert_true(id > address.server_id);
	assert_ok(store_address_allocate(f->store, id, 1, 4, 1, &next, ERR));
	assert_true(ip_equal(&next.ip, &address.ip));
}

static void memory_counts_what_is_on_or_shall_be(void **state)
{
	struct fixture *f = *state;
	uint64_t running = fixture_insert(f, 1, 1, "");
	uint64_t wanted = fixture_insert(f, 1, 2, "");
	uint64_t memory = 9;

	(void)fixture_insert(f, 1, 3, "");
	assert_ok(store_server_memory_mib(f->store, 0, &memory, ERR));
	assert_int_equal(memory, 0);
	assert_ok(store_server_update_status(f->store, running, SERVER_RUNNING, ERR));
	assert_ok(store_server_update_desired(f->store, wanted, SERVER_DESIRED_ON, ERR));
	assert_ok(store_server_memory_mib(f->store, 0, &memory, ERR));
	assert_int_equal(memory, 2048);
	assert_ok(store_server_memory_mib(f->store, wanted, &memory, ERR));
	assert_int_equal(memory, 1024);
}

/* "3 1 2 /7": the ids on the page and the total, with numbers relative to @first. */
static void expect_list(struct fixture *f, const struct store_server_filter *filter, uint64_t first,
			const char *expected)
{
	struct store_server_refs refs CLEANUP(store_server_refs_done) = {0};
	struct store_servers servers CLEANUP(store_server_done) = {0};
	char got[512] = "";
	uint64_t count = 0;

	assert_ok(store_server_list_refs(f->store, filter, &refs, ERR));
	assert_ok(store_server_list(f->store, filter, &servers, ERR));
	assert_ok(store_server_count(f->store, filter, &count, ERR));
	assert_int_equal(refs.count, servers.count);
	assert_int_equal(refs.total, servers.total);
	assert_int_equal(refs.total, count);
	for (size_t i = 0; i < refs.count; i++) {
		assert_int_equal(refs.items[i].id, servers.items[i].id);
		assert_int_equal(refs.items[i].version, servers.items[i].version);
		(void)snprintf(got + strlen(got), sizeof(got) - strlen(got), "%llu ",
			       (unsigned long long)(refs.items[i].id - first));
	}
	(void)snprintf(got + strlen(got), sizeof(got) - strlen(got), "/%llu",
		       (unsigned long long)refs.total);
	assert_string_equal(got, expected);
}

static void pages_in_order(void **state)
{
	struct fixture *f = *state;
	uint64_t other = fixture_customer(f, "other");
	struct store_server_filter filter = {.customer_id = 1};
	uint64_t first = 0;

	expect_list(f, &filter, 0, "/0");
	/* Names run against the ids. */
	for (unsigned i = 0; i < 7; i++) {
		uint64_t id = fixture_insert(f, 1, 9 - i, "");

		first = i == 0 ? id : first;
	}
	(void)fixture_insert(f, other, 1, "");
	expect_list(f, &filter, first, "0 1 2 3 4 5 6 /7");
	filter.page = (struct page){.number = 1, .entries = 3};
	expect_list(f, &filter, first, "0 1 2 /7");
	filter.page.number = 2;
	expect_list(f, &filter, first, "3 4 5 /7");
	filter.page.number = 3;
	expect_list(f, &filter, first, "6 /7");
	filter.page.number = 4;
	expect_list(f, &filter, first, "/7");
	filter.page.number = 3;
	filter.sort = (struct sort){.keys = {{SORT_NAME, false}}, .count = 1};
	expect_list(f, &filter, first, "0 /7");
	filter.page.number = 1;
	expect_list(f, &filter, first, "6 5 4 /7");
	filter.sort.keys[0].descending = true;
	expect_list(f, &filter, first, "0 1 2 /7");
	filter.sort.keys[0] = (struct sort_key){SORT_CREATED, false};
	expect_list(f, &filter, first, "6 5 4 /7");
	filter.sort.keys[0] = (struct sort_key){SORT_ID, true};
	expect_list(f, &filter, first, "6 5 4 /7");
	filter.page.number = 3;
	expect_list(f, &filter, first, "0 /7");
	filter = (struct store_server_filter){.customer_id = other};
	expect_list(f, &filter, first, "7 /1");
	filter.customer_id = 0;
	expect_list(f, &filter, first, "0 1 2 3 4 5 6 7 /8");
	filter.customer_id = 999;
	expect_list(f, &filter, first, "/0");
}

/* Every page of 7, both ways, holds what @ids says; @ids is in ascending order. */
static void expect_pages(struct store *store, uint64_t customer_id, const uint64_t *ids,
			 size_t count)
{
	for (int descending = 0; descending < 2; descending++) {
		struct store_server_filter filter = {
			.customer_id = customer_id,
			.sort = {.keys = {{SORT_ID, descending}}, .count = 1},
			.page = {1, 7}};

		for (size_t first = 0; first < count; first += 7, filter.page.number++) {
			struct store_server_refs refs CLEANUP(store_server_refs_done) = {0};

			assert_ok(store_server_list_refs(store, &filter, &refs, ERR));
			assert_int_equal(refs.total, count);
			assert_int_equal(refs.count, count - first < 7 ? count - first : 7);
			for (size_t i = 0; i < refs.count; i++)
				assert_int_equal(
					refs.items[i].id,
					ids[descending ? count - 1 - first - i : first + i]);
		}
	}
}

static void remove_id(uint64_t *ids, size_t *count, size_t at)
{
	memmove(ids + at, ids + at + 1, (--*count - at) * sizeof(*ids));
}

/* Long enough for marks on the way, which must follow every coming and going. */
static void long_lists(void **state)
{
	struct fixture *f = *state;
	uint64_t other = fixture_customer(f, "other");
	uint64_t ids[700];
	uint64_t others[200];
	size_t count = 0;

	assert_ok(store_begin(f->store, ERR));
	for (unsigned i = 0; i < 600; i++) {
		ids[count++] = fixture_insert(f, 1, i, "");
		if (i % 3 == 0)
			others[i / 3] = fixture_insert(f, other, i, "");
	}
	assert_ok(store_commit(f->store, ERR));
	expect_pages(f->store, 1, ids, count);
	expect_pages(f->store, other, others, ARRAY_SIZE(others));
	expect_pages(f->store, 1, ids, count);
	ids[count++] = fixture_insert(f, 1, 600, "");
	expect_pages(f->store, 1, ids, count);
	assert_ok(store_server_delete(f->store, ids[256], ERR));
	remove_id(ids, &count, 256);
	expect_pages(f->store, 1, ids, count);
	assert_ok(store_server_delete(f->store, ids[3], ERR));
	remove_id(ids, &count, 3);
	expect_pages(f->store, 1, ids, count);

	/* What is seen inside a transaction that is rolled back leaves no trace. */
	const size_t before = count;
	assert_ok(store_begin(f->store, ERR));
	assert_ok(store_server_delete(f->store, ids[0], ERR));
	for (unsigned i = 601; i < 690; i++)
		ids[count++] = fixture_insert(f, 1, i, "");
	expect_pages(f->store, 1, ids + 1, count - 1);
	store_rollback(f->store);
	expect_pages(f->store, 1, ids, before);
}

static void conditions(void **state)
{
	struct fixture *f = *state;
	uint64_t other = fixture_customer(f, "other");
	uint64_t first = fixture_insert(f, 1, 0, "");
	uint64_t ids[] = {first + 2, first + 1, first + 1, 999, UINT64_MAX, 0};
	struct store_server_filter filter = {.customer_id = 1};

	for (unsigned i = 1; i < 4; i++)
		(void)fixture_insert(f, 1, i, "");
	ids[5] = fixture_insert(f, other, 1, "");
	assert_ok(store_server_update_status(f->store, first + 1, SERVER_RUNNING, ERR));
	assert_ok(store_server_update_status(f->store, first + 2, SERVER_STARTING, ERR));
	filter.name = "Server-00002";
	expect_list(f, &filter, first, "2 /1");
	filter.name = "server";
	expect_list(f, &filter, first, "/0");
	filter.name = "' OR 1 --";
	expect_list(f, &filter, first, "/0");
	filter.name = NULL;
	filter.statuses = 1U << SERVER_RUNNING;
	expect_list(f, &filter, first, "1 /1");
	filter.statuses |= 1U << SERVER_STARTING;
	expect_list(f, &filter, first, "1 2 /2");
	filter.statuses = 1U << SERVER_INITIALIZING;
	expect_list(f, &filter, first, "/0");
	filter.statuses = 0;
	filter.ids = ids;
	filter.id_count = 6;
	expect_list(f, &filter, first, "1 2 /2");
	filter.statuses = 1U << SERVER_RUNNING;
	expect_list(f, &filter, first, "1 /1");
	filter.statuses = 0;
	filter.id_count = 0;
	expect_list(f, &filter, first, "/0");
}

/* In names, labels and addresses, whatever letters; and a whole IPv6 address of a server's network.
 */
static void a_search_finds_parts(void **state)
{
	struct fixture *f = *state;
	const uint64_t first = fixture_insert(f, 1, 0, "env=prod,team=a");
	const uint64_t other = fixture_customer(f, "other");
	struct store_server_filter filter = {.customer_id = 1, .page = {1, 50}};
	static const struct {
		const char *text, *found;
	} searches[] = {{"SERVER-0000", "0 1 2 /3"},
			{"00002", "2 /1"},
			{"env=PROD", "0 1 /2"},
			{"team=", "0 2 /2"},
			{"prod,team=a", "0 /1"},
			{"%", "/0"},
			{"_", "/0"},
			{"' OR 1 --", "/0"},
			{"サーバー", "/0"}};
	char text[IP_TEXT_BYTES + 8];
	struct address v4, v6;

	(void)fixture_insert(f, 1, 1, "env=prod");
	(void)fixture_insert(f, 1, 2, "team=b");
	(void)fixture_insert(f, other, 1, "env=prod");
	assert_ok(store_address_allocate(f->store, first + 1, 1, 4, 1, &v4, ERR));
	assert_ok(store_address_allocate(f->store, first + 2, 1, 6, 1, &v6, ERR));
	ip_format(&v4.ip, text);
	filter.search = text;
	expect_list(f, &filter, first, "1 /1");
	ip_format(&v6.ip, text); /* ends with "::" */
	expect_list(f, &filter, first, "2 /1");
	(void)strcat(text, "1:2");
	expect_list(f, &filter, first, "2 /1");
	text[0] = 'F';
	expect_list(f, &filter, first, "2 /1");
	text[0] = 'e'; /* within, but not at its beginning */
	expect_list(f, &filter, first, "/0");
	for (size_t i = 0; i < ARRAY_SIZE(searches); i++) {
		filter.search = searches[i].text;
		expect_list(f, &filter, first, searches[i].found);
	}
	filter.search = "server";
	filter.statuses = 1U << SERVER_RUNNING;
	expect_list(f, &filter, first, "/0");
	assert_ok(store_server_update_status(f->store, first + 1, SERVER_RUNNING, ERR));
	expect_list(f, &filter, first, "1 /1");
}

static const char *const selectors[] = {
	"",
	"env",
	"!env",
	"env=prod",
	"env==prod",
	"env!=prod",
	"env=",
	"env in (prod,test)",
	"env in (none)",
	"env notin (prod,test)",
	"env,role",
	"env=prod,role=web",
	"env=prod,!role",
	"role,env!=prod",
	"!env,!role",
	"env notin (prod),role in (web,db)",
	"env in (prod,test),role,role!=db,!gone,role notin (x)",
	"env=prod,env=test",
	"example.org/x",
};

/* The pure rule is the reference: the database must choose what it chooses. */
static void selectors_choose_what_the_rule_chooses(void **state)
{
	static const char *const sets[] = {"",
					   "env=prod",
					   "env=test",
					   "env=",
					   "role=web",
					   "env=prod,role=web",
					   "env=test,role=db",
					   "env=prod,example.org/x=1,role=db"};
	static const struct sort sorts[] = {
		{.count = 0},
		{.keys = {{SORT_NAME, false}}, .count = 1},
		{.keys = {{SORT_ID, true}}, .count = 1},
	};
	struct fixture *f = *state;
	uint64_t other = fixture_customer(f, "other");
	uint64_t first = 0;

	for (unsigned i = 0; i < 16; i++) {
		uint64_t id = fixture_insert(f, 1, i, sets[i % ARRAY_SIZE(sets)]);

		first = i == 0 ? id : first;
	}
	(void)fixture_insert(f, other, 1, "env=prod,role=web");
	for (size_t i = 0; i < ARRAY_SIZE(selectors); i++) {
		struct label_selector selector CLEANUP(label_selector_done) = {0};
		char expected[256] = "";
		unsigned total = 0;

		assert_ok(label_selector_parse(selectors[i], &selector, ERR));
		for (unsigned n = 0; n < 16; n++) {
			struct labels labels CLEANUP(label_done) = {0};

			assert_int_equal(label_read(sets[n % ARRAY_SIZE(sets)], &labels), 0);
			if (!label_selector_match(&selector, &labels))
				continue;
			(void)snprintf(expected + strlen(expected), 16, "%u ", n);
			total++;
		}
		(void)snprintf(expected + strlen(expected), 16, "/%u", total);

		struct store_server_filter filter = {.customer_id = 1, .selector = &selector};

		filter.sort = sorts[0];
		expect_list(f, &filter, first, expected);
		filter.sort = sorts[1];
		expect_list(f, &filter, first, expected);

		struct store_server_refs all CLEANUP(store_server_refs_done) = {0};

		filter.sort = sorts[2];
		assert_ok(store_server_list_refs(f->store, &filter, &all, ERR));
		assert_int_equal(all.total, total);
		for (size_t k = 1; k < all.count; k++)
			assert_true(all.items[k - 1].id > all.items[k].id);
		filter.page = (struct page){.number = 2, .entries = 2};
		store_server_refs_done(&all);
		assert_ok(store_server_list_refs(f->store, &filter, &all, ERR));
		assert_int_equal(all.total, total);
		assert_int_equal(all.count, total <= 2 ? 0 : total == 3 ? 1 : 2);
	}
}

static void labels_follow_updates_and_deletion(void **state)
{
	struct fixture *f = *state;
	uint64_t id = fixture_insert(f, 1, 1, "env=prod");
	struct label_selector selector CLEANUP(label_selector_done) = {0};
	struct store_server_filter filter = {.customer_id = 1, .selector = &selector};
	struct labels labels CLEANUP(label_done) = {0};

	assert_ok(label_selector_parse("env=prod", &selector, ERR));
	expect_list(f, &filter, id, "0 /1");
	assert_ok(store_server_update_labels(f->store, id, &labels, ERR));
	expect_list(f, &filter, id, "/0");
	assert_int_equal(label_set(&labels, "env", "prod", NULL), 0);
	assert_ok(store_server_update_labels(f->store, id, &labels, ERR));
	expect_list(f, &filter, id, "0 /1");
	assert_ok(store_server_delete(f->store, id, ERR));
	expect_list(f, &filter, id, "/0");
}

static void a_rollback_leaves_nothing(void **state)
{
	struct fixture *f = *state;
	struct store_server_filter filter = {.customer_id = 1};
	uint64_t generation = store_generation(f->store);

	{
		struct store *guard CLEANUP(store_guard) = f->store;
		struct address address;
		uint64_t id;

		assert_ok(store_begin(guard, ERR));
		id = fixture_insert(f, 1, 1, "a=1");
		assert_ok(store_address_allocate(f->store, id, 1, 4, 1, &address, ERR));
		assert_true(store_in_transaction(f->store));
	}
	assert_false(store_in_transaction(f->store));
	expect_list(f, &filter, 0, "/0");
	assert_int_equal(store_generation(f->store), generation);
	assert_ok(store_begin(f->store, ERR));
	assert_int_equal(store_begin(f->store, NULL), ERR_SERVER);
	(void)fixture_insert(f, 1, 1, "a=1");
	assert_ok(store_commit(f->store, ERR));
	assert_true(store_generation(f->store) > generation);
}

static void the_catalogue_has_its_own_generation(void **state)
{
	struct fixture *f = *state;
	uint64_t catalogue = store_catalogue_generation(f->store);
	struct plan plan;

	(void)fixture_insert(f, 1, 1, "");
	assert_int_equal(store_catalogue_generation(f->store), catalogue);
	assert_ok(store_plan_get(f->store, 1, &plan, ERR));
	plan.price_monthly_minor++;
	assert_ok(store_plan_update(f->store, &plan, ERR));
	assert_true(store_catalogue_generation(f->store) > catalogue);
	catalogue = store_catalogue_generation(f->store);
	assert_ok(store_image_update_status(f->store, f->image_id, IMAGE_AVAILABLE, ERR));
	assert_true(store_catalogue_generation(f->store) > catalogue);
}

static struct server read_server(struct fixture *f, uint64_t id)
{
	struct server got = {0};

	assert_ok(store_server_get(f->store, 0, id, &got, ERR));
	return got;
}

/* A wish stays until it is fulfilled or taken back; what runs is over when the server is off, has
 * another disk, and is nobody else's. */
static void the_rescue_system_is_a_wish_and_then_runs(void **state)
{
	static const char keys[] = "ssh-ed25519 AAAA\n";
	struct fixture *f = *state;
	const uint64_t id = fixture_insert(f, 1, 1, "");
	struct server got CLEANUP(server_done) = {0};
	char *kept AUTO_FREE = NULL;

	assert_ok(store_server_arm_rescue(f->store, id, keys, ERR));
	assert_ok(store_server_update_status(f->store, id, SERVER_OFF, ERR));
	got = read_server(f, id);
	assert_true(got.rescue_armed && !got.rescue_running && got.rescue_host_keys == NULL);
	assert_ok(store_server_get_rescue_keys(f->store, id, &kept, ERR));
	assert_string_equal(kept, keys);

	assert_ok(store_server_boot_rescue(f->store, id, true, ERR));
	assert_ok(store_server_update_rescue_host_keys(f->store, id, "its own", ERR));
	assert_ok(store_server_disarm_rescue(f->store, id, ERR));
	assert_ok(store_server_update_status(f->store, id, SERVER_RUNNING, ERR));
	server_done(&got);
	got = read_server(f, id);
	assert_true(!got.rescue_armed && got.rescue_running);
	assert_string_equal(got.rescue_host_keys, "its own");
	assert_ok(store_server_boot_rescue(f->store, id, true, ERR));
	server_done(&got);
	got = read_server(f, id);
	assert_null(got.rescue_host_keys); /* each boot makes others */
	assert_ok(store_server_update_status(f->store, id, SERVER_OFF, ERR));
	server_done(&got);
	got = read_server(f, id);
	assert_false(got.rescue_running);

	assert_ok(store_server_arm_rescue(f->store, id, keys, ERR));
	assert_ok(store_server_boot_rescue(f->store, id, true, ERR));
	assert_ok(store_server_update_disk(f->store, id, f->image_id, 2, 20, ERR));
	server_done(&got);
	got = read_server(f, id);
	assert_true(!got.rescue_armed && !got.rescue_running);
}

/* Who looks for a system for a server is not shown it. */
static void a_disk_is_kept_and_comes_back(void **state)
{
	struct fixture *f = *state;
	uint64_t id = fixture_insert(f, 1, 1, "");
	struct store_kept_disk disk CLEANUP(store_kept_disk_done) = {0};
	struct server server CLEANUP(server_done) = {0};
	char *keys AUTO_FREE = NULL;
	uint64_t version, ids[2], servers = 0;
	size_t count = 9;

	assert_ok(store_server_get(f->store, 0, id, &server, ERR));
	assert_ok(store_server_set_keys(f->store, id, "ssh-ed25519 AAAA old\n", ERR));
	assert_ok(store_server_update_ssh_port(f->store, id, 2222, ERR));
	assert_ok(store_server_update_updates(f->store, id, 3, ERR));
	assert_ok(store_server_update_host_keys(f->store, id, "told", ERR));
	assert_ok(store_server_get_version(f->store, 0, id, &version, ERR));
	assert_int_equal(store_kept_disk_get(f->store, id, &disk, NULL), ERR_NOT_FOUND);
	assert_int_equal(store_kept_disk_restore(f->store, id, NULL), ERR_NOT_FOUND);
	assert_int_equal(store_kept_disk_put(f->store, 99, 1, 2, NULL), ERR_NOT_FOUND);
	assert_ok(store_kept_disk_put(f->store, id, 1000, 2000, ERR));
	assert_int_equal(store_kept_disk_put(f->store, id, 1, 2, NULL), ERR_IN_USE);
	assert_ok(store_image_count_servers(f->store, server.image_id, &servers, ERR));
	assert_int_equal(servers, 2); /* the server, and what it keeps */
	uint64_t after;
	assert_ok(store_server_get_version(f->store, 0, id, &after, ERR));
	assert_true(after > version);

	const uint32_t generation = server.volume_generation;
	const uint64_t image_id = server.image_id;
	char user[NAME_USER_BYTES];
	memcpy(user, server.user, sizeof user);
	assert_ok(store_server_update_disk(f->store, id, image_id, generation + 1, server.disk_gb,
					   ERR));
	assert_ok(store_server_set_keys(f->store, id, "ssh-ed25519 BBBB new\n", ERR));
	assert_ok(store_server_update_user(f->store, id, "somebody", ERR));
	assert_ok(store_server_update_ssh_port(f->store, id, 22, ERR));
	assert_ok(store_server_update_updates(f->store, id, 1, ERR));

	assert_ok(store_kept_disk_expired(f->store, 1999, ids, 2, &count, ERR));
	assert_int_equal(count, 0);
	assert_ok(store_kept_disk_expired(f->store, 2000, ids, 2, &count, ERR));
	assert_int_equal(count, 1);
	assert_int_equal(ids[0], id);

	assert_ok(store_kept_disk_restore(f->store, id, ERR));
	server_done(&server);
	assert_ok(store_server_get(f->store, 0, id, &server, ERR));
	assert_int_equal(server.volume_generation, generation);
	assert_int_equal(server.image_id, image_id);
	assert_string_equal(server.user, user);
	assert_string_equal(server.host_keys, "told");
	assert_int_equal(server.ssh_port, 2222);
	assert_int_equal(server.updates, 3);
	assert_true(server.first_boot_done);
	assert_int_equal(server.first_started_ms, 0);
	assert_ok(store_server_get_keys(f->store, id, &keys, ERR));
	assert_string_equal(keys, "ssh-ed25519 AAAA old\n");
	assert_int_equal(store_kept_disk_get(f->store, id, &disk, NULL), ERR_NOT_FOUND);

	/* It goes with its server. */
	assert_ok(store_kept_disk_put(f->store, id, 1000, 2000, ERR));
	assert_ok(store_server_delete(f->store, id, ERR));
	assert_int_equal(store_kept_disk_get(f->store, id, &disk, NULL), ERR_NOT_FOUND);
}

static void the_rescue_systems_image_is_looked_for_by_kind_or_name(void **state)
{
	struct fixture *f = *state;
	struct image image CLEANUP(image_done) = {.type = IMAGE_RESCUE,
						  .status = IMAGE_CREATING,
						  .name = "rescue",
						  .os_flavor = "rescue",
						  .architecture = "x86"};
	struct store_image_filter filter = {.page = {1, 50}};
	struct store_images images = {0};
	struct image found CLEANUP(image_done) = {0};
	uint64_t without;

	assert_int_equal(store_image_get_rescue(f->store, &found, NULL), ERR_NOT_FOUND);
	assert_ok(store_image_list(f->store, &filter, &images, ERR));
	without = images.total;
	store_image_done(&images);
	assert_ok(store_image_insert(f->store, &image, ERR));
	assert_int_equal(store_image_get_rescue(f->store, &found, NULL), ERR_NOT_FOUND);
	assert_ok(store_image_update_status(f->store, image.id, IMAGE_AVAILABLE, ERR));
	assert_ok(store_image_get_rescue(f->store, &found, ERR));
	assert_int_equal(found.id, image.id);
	assert_ok(store_image_list(f->store, &filter, &images, ERR));
	assert_int_equal(images.total, without);
	store_image_done(&images);
	filter.types = 1U << IMAGE_RESCUE;
	assert_ok(store_image_list(f->store, &filter, &images, ERR));
	assert_int_equal(images.total, 1);
	store_image_done(&images);
	filter = (struct store_image_filter){.name = "rescue", .page = {1, 50}};
	assert_ok(store_image_list(f->store, &filter, &images, ERR));
	assert_int_equal(images.total, 1);
	store_image_done(&images);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(written_is_read),
		TEST(of_two_with_one_name_one_wins),
		TEST(unknown_parts_are_refused),
		TEST(foreign_servers_do_not_exist),
		TEST(every_change_makes_a_new_version),
		TEST(updates_of_nothing_say_so),
		TEST(a_lock_has_one_holder),
		TEST(deletion_takes_everything_along),
		TEST(memory_counts_what_is_on_or_shall_be),
		TEST(pages_in_order),
		TEST(long_lists),
		TEST(conditions),
		TEST(a_search_finds_parts),
		TEST(selectors_choose_what_the_rule_chooses),
		TEST(labels_follow_updates_and_deletion),
		TEST(a_rollback_leaves_nothing),
		TEST(the_catalogue_has_its_own_generation),
		TEST(the_rescue_system_is_a_wish_and_then_runs),
		TEST(a_disk_is_kept_and_comes_back),
		TEST(the_rescue_systems_image_is_looked_for_by_kind_or_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// What operators decide about accounts: limits, suspensions, handing servers over, ending people.
#include "fixture.h"

#include "model/action.h"
#include "store/store_action.h"
#include "store/store_alert.h"
#include "store/store_customer.h"
#include "store/store_kept_disk.h"
#include "store/store_membership.h"
#include "store/store_plan.h"
#include "store/store_quota.h"
#include "store/store_token.h"
#include "store/store_user.h"

#define NOW FIXTURE_NOW_MS

static uint64_t insert_user(struct fixture *f, const char *name, uint64_t owner_of)
{
	struct user user = {.password_hash = "$argon2id$x", .created_ms = NOW};

	(void)snprintf(user.name, sizeof(user.name), "%s", name);
	assert_ok(store_user_insert(f->store, &user, ERR));
	assert_ok(store_membership_set(f->store, user.id, owner_of, ROLE_OWNER, ERR));
	return user.id;
}

static void what_a_new_account_may_have_is_kept(void **state)
{
	struct fixture *f = *state;
	struct quotas limits = {0};

	assert_ok(store_quota_defaults(f->store, &limits, ERR));
	assert_int_equal(limits.of[QUOTA_SERVERS], 10);
	assert_int_equal(limits.of[QUOTA_MEMBERS], 50);
	for (unsigned i = 0; i < QUOTA_COUNT; i++)
		limits.of[i] = i;
	assert_ok(store_quota_set_defaults(f->store, &limits, ERR));
	limits = (struct quotas){0};
	assert_ok(store_quota_defaults(f->store, &limits, ERR));
	for (unsigned i = 0; i < QUOTA_COUNT; i++)
		assert_int_equal(limits.of[i], i);
}

static struct quotas used_by(struct fixture *f, uint64_t customer_id)
{
	struct quotas used = {0};

	assert_ok(store_quota_used(f->store, customer_id, &used, ERR));
	return used;
}

static uint64_t count_of(struct fixture *f, uint64_t customer_id)
{
	const struct store_server_filter all = {.customer_id = customer_id};
	uint64_t count = 0;

	assert_ok(store_server_count(f->store, &all, &count, ERR));
	return count;
}

static void what_is_there_is_added_up(void **state)
{
	struct fixture *f = *state;
	uint64_t mine = fixture_customer(f, "mine");
	uint64_t id = fixture_insert(f, mine, 1, "");
	struct server server CLEANUP(server_done) = {0};
	struct token token = {.customer_id = mine, .name = "t", .hash = {1}, .created_ms = NOW};
	struct plan plan;
	struct quotas used, more = {0};

	(void)fixture_insert(f, 1, 2, "");
	assert_ok(store_server_get(f->store, mine, id, &server, ERR));
	assert_ok(store_plan_get(f->store, server.server_type_id, &plan, ERR));
	assert_ok(store_token_insert(f->store, &token, ERR));
	(void)insert_user(f, "taro", mine);
	used = used_by(f, mine);
	assert_int_equal(used.of[QUOTA_SERVERS], 1);
	assert_int_equal(used.of[QUOTA_CORES], plan.cores);
	assert_int_equal(used.of[QUOTA_MEMORY_MIB], plan.memory_mib);
	assert_int_equal(used.of[QUOTA_DISK_GB], server.disk_gb);
	assert_int_equal(used.of[QUOTA_TOKENS], 1);
	assert_int_equal(used.of[QUOTA_MEMBERS], 1);
	assert_int_equal(used.of[QUOTA_SSH_KEYS], 0);

	struct customer customer;
	assert_ok(store_customer_get(f->store, mine, &customer, ERR));
	customer.limits.of[QUOTA_SERVERS] = 2;
	customer.limits.of[QUOTA_TOKENS] = 1;
	assert_ok(store_customer_update(f->store, &customer, ERR));
	assert_ok(store_quota_check_one(f->store, mine, QUOTA_SERVERS, ERR));
	assert_int_equal(store_quota_check_one(f->store, mine, QUOTA_TOKENS, NULL), ERR_LIMIT);
	assert_ok(store_quota_check_one(f->store, mine, QUOTA_MEMBERS, ERR)); /* no limit */
	more.of[QUOTA_SERVERS] = 2;
	assert_int_equal(store_quota_check(f->store, mine, &more, NULL), ERR_LIMIT);
	assert_int_equal(store_quota_check_one(f->store, 99, QUOTA_TOKENS, NULL), ERR_NOT_FOUND);
}

/* A disk put aside counts; so does one that a rebuild under way is about to put aside, once. */
static void a_kept_disk_counts(void **state)
{
	struct fixture *f = *state;
	uint64_t mine = fixture_customer(f, "mine");
	uint64_t id = fixture_insert(f, mine, 1, "");
	const uint64_t before = used_by(f, mine).of[QUOTA_DISK_GB];
	struct action action CLEANUP(action_done) = {.command = ACTION_REBUILD_SERVER,
						     .status = ACTION_RUNNING,
						     .started_ms = NOW,
						     .server_id = id,
						     .customer_id = mine};

	action.params = strdup("{\"keep_disk\":true}");
	assert_ok(store_action_insert(f->store, &action, ERR));
	assert_ok(store_server_lock(f->store, id, action.id, 0, ERR));
	assert_int_equal(used_by(f, mine).of[QUOTA_DISK_GB], 2 * before);
	assert_ok(store_kept_disk_put(f->store, id, NOW, NOW + 1, ERR));
	assert_int_equal(used_by(f, mine).of[QUOTA_DISK_GB], 2 * before);
	assert_ok(store_server_unlock(f->store, id, action.id, ERR));
	assert_int_equal(used_by(f, mine).of[QUOTA_DISK_GB], 2 * before);
	assert_ok(store_kept_disk_delete(f->store, id, ERR));
	assert_int_equal(used_by(f, mine).of[QUOTA_DISK_GB], before);
}

/* Two plans that are changed at once must not both fit into what only one does. */
static void a_plan_that_is_being_changed_counts_with_the_larger(void **state)
{
	struct fixture *f = *state;
	uint64_t mine = fixture_customer(f, "mine");
	uint64_t id = fixture_insert(f, mine, 1, "");
	struct plan large = {.name = "large",
			     .cores = 40,
			     .memory_mib = 90000,
			     .disk_gb = 900,
			     .storage = PLAN_SSD,
			     .currency = "JPY",
			     .created_ms = NOW};
	struct action action CLEANUP(action_done) = {.command = ACTION_CHANGE_SERVER_TYPE,
						     .status = ACTION_RUNNING,
						     .started_ms = NOW,
						     .server_id = id,
						     .customer_id = mine};
	struct quotas before = used_by(f, mine), used;
	char params[96];

	assert_ok(store_plan_insert(f->store, &large, ERR));
	(void)snprintf(params, sizeof params, "{\"server_type\":%llu,\"upgrade_disk\":false}",
		       (unsigned long long)large.id);
	action.params = strdup(params);
	assert_ok(store_action_insert(f->store, &action, ERR));
	assert_ok(store_server_lock(f->store, id, action.id, 0, ERR));
	used = used_by(f, mine);
	assert_int_equal(used.of[QUOTA_CORES], 40);
	assert_int_equal(used.of[QUOTA_MEMORY_MIB], 90000);
	assert_int_equal(used.of[QUOTA_DISK_GB], before.of[QUOTA_DISK_GB]);
	assert_ok(store_server_unlock(f->store, id, action.id, ERR));
	assert_ok(store_action_finish(f->store, action.id, ACTION_ERROR, "x", "x", NOW, ERR));
	used = used_by(f, mine);
	assert_int_equal(used.of[QUOTA_CORES], before.of[QUOTA_CORES]);
}

static void a_server_goes_over_without_what_was_said_of_it(void **state)
{
	struct fixture *f = *state;
	uint64_t giver = fixture_customer(f, "giver"), taker = fixture_customer(f, "taker");
	uint64_t id = fixture_insert(f, giver, 1, "project=secret");
	const struct page first = {1, 50};
	const struct store_server_filter theirs = {.customer_id = taker, .page = first};
	struct store_server_refs refs CLEANUP(store_server_refs_done) = {0};
	struct server server CLEANUP(server_done) = {0};
	struct alert_rule rule = {.customer_id = giver,
				  .server_id = id,
				  .kind = ALERT_STOPPED_ITSELF,
				  .mail = true,
				  .created_ms = NOW};
	struct store_alert_rules rules CLEANUP(store_alert_rule_done) = {0};
	uint64_t scope = 0, later = 0;
	char *keys AUTO_FREE = NULL;

	assert_ok(store_server_set_keys(f->store, id, "ssh-ed25519 AAAA giver\n", ERR));
	assert_ok(store_server_update_protection(f->store, id, true, true, ERR));
	assert_ok(store_alert_rule_insert(f->store, &rule, ERR));
	(void)fixture_insert(f, taker, 7, "");
	assert_ok(store_server_list_refs(f->store, &theirs, &refs, ERR)); /* remembers places */
	store_server_refs_done(&refs);
	assert_ok(store_alert_scope(f->store, &scope, ERR));

	assert_ok(store_server_hand_over(f->store, id, taker, ERR));
	assert_ok(store_alert_rule_delete_of_server(f->store, id, ERR));
	assert_ok(store_alert_scope(f->store, &later, ERR));
	assert_true(later > scope);
	assert_int_equal(store_server_get(f->store, giver, id, &server, NULL), ERR_NOT_FOUND);
	assert_ok(store_server_get(f->store, taker, id, &server, ERR));
	assert_int_equal(server.labels.count, 0);
	assert_false(server.protect_delete || server.protect_rebuild);
	assert_ok(store_server_get_keys(f->store, id, &keys, ERR));
	assert_string_equal(keys, "");
	assert_int_equal(count_of(f, giver), 0);
	assert_int_equal(count_of(f, taker), 2);
	assert_ok(store_server_list_refs(f->store, &theirs, &refs, ERR));
	assert_int_equal(refs.count, 2);
	assert_int_equal(refs.items[0].id, id);
	assert_ok(store_alert_rule_list(f->store, giver, 0, &first, &rules, ERR));
	assert_int_equal(rules.total, 0);

	/* The name is taken there. */
	uint64_t same = fixture_insert(f, 1, 1, "");
	assert_int_equal(store_server_hand_over(f->store, same, taker, NULL), ERR_UNIQUENESS);
	assert_int_equal(store_server_hand_over(f->store, 999, taker, NULL), ERR_NOT_FOUND);
}

/* Far into a long list the walk begins at a place that is remembered. */
static void a_server_that_came_is_counted_where_it_stands(void **state)
{
	struct fixture *f = *state;
	uint64_t giver = fixture_customer(f, "giver"), taker = fixture_customer(f, "taker");
	uint64_t id = fixture_insert(f, giver, 1, ""), before = 0;
	const struct store_server_filter far = {.customer_id = taker, .page = {200, 1}};
	struct store_server_refs refs CLEANUP(store_server_refs_done) = {0};

	for (unsigned number = 2; number < 302; number++)
		(void)fixture_insert(f, taker, number, "");
	assert_ok(store_server_list_refs(f->store, &far, &refs, ERR));
	before = refs.items[0].id;
	store_server_refs_done(&refs);
	assert_ok(store_server_hand_over(f->store, id, taker, ERR));
	assert_ok(store_server_list_refs(f->store, &far, &refs, ERR));
	assert_int_equal(refs.items[0].id, before - 1);
}

static void what_a_suspension_stopped_is_started_when_it_is_over(void **state)
{
	struct fixture *f = *state;
	uint64_t mine = fixture_customer(f, "mine");
	uint64_t id = fixture_insert(f, mine, 1, "");
	struct customer customer;
	uint64_t ids[4];
	size_t count = 9;

	assert_ok(store_customer_get(f->store, mine, &customer, ERR));
	customer.suspended = true;
	assert_ok(store_customer_update(f->store, &customer, ERR));
	assert_ok(store_server_suspended(f->store, id, true, ERR));
	assert_ok(store_server_suspended(f->store, id, true, ERR));
	assert_ok(store_server_list_to_resume(f->store, ids, 4, &count, ERR));
	assert_int_equal(count, 0);
	customer.suspended = false;
	assert_ok(store_customer_update(f->store, &customer, ERR));
	assert_ok(store_server_list_to_resume(f->store, ids, 4, &count, ERR));
	assert_int_equal(count, 1);
	assert_int_equal(ids[0], id);
	assert_ok(store_server_suspended(f->store, id, false, ERR));
	assert_ok(store_server_list_to_resume(f->store, ids, 4, &count, ERR));
	assert_int_equal(count, 0);
}

static void an_account_with_servers_keeps_an_owner(void **state)
{
	struct fixture *f = *state;
	uint64_t mine = fixture_customer(f, "mine");
	uint64_t taro = insert_user(f, "taro", mine), hana;
	char name[NAME_LABEL_BYTES] = "";
	struct token token = {
		.customer_id = mine, .user_id = taro, .name = "t", .hash = {1}, .created_ms = NOW};
	struct token found;

	assert_int_equal(store_user_find_orphan(f->store, taro, name, ERR), 0);
	(void)fixture_insert(f, mine, 1, "");
	assert_int_equal(store_user_find_orphan(f->store, taro, name, ERR), 1);
	assert_string_equal(name, "mine");
	hana = insert_user(f, "hana", mine);
	assert_int_equal(store_user_find_orphan(f->store, taro, name, ERR), 0);
	assert_ok(store_user_update_disabled(f->store, hana, true, ERR));
	assert_int_equal(store_user_find_orphan(f->store, taro, name, ERR), 1);
	assert_ok(store_token_insert(f->store, &token, ERR));
	assert_ok(store_token_delete_of_user(f->store, taro, ERR));
	assert_int_equal(store_token_get(f->store, mine, token.id, &found, NULL), ERR_NOT_FOUND);
}

static void operators_note_things_for_themselves(void **state)
{
	struct fixture *f = *state;
	uint64_t mine = fixture_customer(f, "mine");
	char *note AUTO_FREE = NULL;

	assert_ok(store_customer_set_note(f->store, mine, "電話は午後に\n", ERR));
	assert_ok(store_customer_get_note(f->store, mine, &note, ERR));
	assert_string_equal(note, "電話は午後に\n");
	assert_int_equal(store_customer_set_note(f->store, 99, "x", NULL), ERR_NOT_FOUND);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_a_new_account_may_have_is_kept),
		TEST(what_is_there_is_added_up),
		TEST(a_kept_disk_counts),
		TEST(a_plan_that_is_being_changed_counts_with_the_larger),
		TEST(a_server_goes_over_without_what_was_said_of_it),
		TEST(a_server_that_came_is_counted_where_it_stands),
		TEST(what_a_suspension_stopped_is_started_when_it_is_over),
		TEST(an_account_with_servers_keeps_an_owner),
		TEST(operators_note_things_for_themselves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

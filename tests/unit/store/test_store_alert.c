// Alert rules and alerts in the database: their bounds, whose they are, and that none opens twice.
#include "fixture.h"

#include "store/statement.h"
#include "store/store_alert.h"

static struct alert_rule rule_of(uint64_t customer_id, uint64_t server_id)
{
	return (struct alert_rule){.customer_id = customer_id,
				   .server_id = server_id,
				   .kind = ALERT_METRIC,
				   .metric = ALERT_CPU,
				   .comparison = ALERT_ABOVE,
				   .threshold = 80,
				   .minutes = 5,
				   .created_ms = FIXTURE_NOW_MS};
}

static uint64_t add(struct fixture *fixture, struct alert_rule rule)
{
	assert_ok(store_alert_rule_insert(fixture->store, &rule, ERR));
	return rule.id;
}

static size_t pairs_of(struct fixture *fixture, size_t *ret_most)
{
	struct store_alert_rules rules CLEANUP(store_alert_rule_done) = {0};
	struct store_alert_pairs pairs CLEANUP(store_alert_pairs_done) = {0};

	assert_ok(store_alert_rule_all(fixture->store, &rules, ERR));
	assert_ok(store_alert_pairs(fixture->store, &rules, 0, &pairs, ERR));
	*ret_most = pairs.most;
	return pairs.count;
}

static void rules_are_about_servers(void **state)
{
	struct fixture *fixture = *state;
	const uint64_t other = fixture_customer(fixture, "other");
	const uint64_t one = fixture_insert(fixture, 1, 1, "env=prod"),
		       two = fixture_insert(fixture, 1, 2, "env=test");
	struct alert_rule rule = rule_of(1, 0);
	struct store_alert_rules stops CLEANUP(store_alert_rule_done) = {0};
	char selector[] = "env=prod";
	size_t most;

	(void)fixture_insert(fixture, other, 3, "env=prod");
	add(fixture, rule_of(1, one));
	assert_int_equal(pairs_of(fixture, &most), 1);
	rule.selector = selector;
	add(fixture, rule);
	assert_int_equal(pairs_of(fixture, &most), 2);
	add(fixture, rule_of(1, 0));
	assert_int_equal(pairs_of(fixture, &most), 4);
	assert_int_equal(most, 3);
	/* Only as many as a server may have, though labels change. */
	for (unsigned i = 0; i < ALERT_RULES_PER_SERVER; i++)
		add(fixture, rule_of(1, two));
	assert_int_equal(pairs_of(fixture, &most), 3 + ALERT_RULES_PER_SERVER);
	assert_int_equal(most, ALERT_RULES_PER_SERVER + 1);

	rule = (struct alert_rule){
		.customer_id = 1, .kind = ALERT_STOPPED_ITSELF, .selector = selector};
	add(fixture, rule);
	assert_ok(store_alert_stop_rules(fixture->store, one, ALERT_STOPPED_ITSELF, &stops, ERR));
	assert_int_equal(stops.count, 1);
	store_alert_rule_done(&stops);
	assert_ok(store_alert_stop_rules(fixture->store, two, ALERT_STOPPED_ITSELF, &stops, ERR));
	assert_int_equal(stops.count, 0);
	store_alert_rule_done(&stops);
	assert_ok(store_alert_stop_rules(fixture->store, one, ALERT_STOPPED_UNEXPECTEDLY, &stops,
					 ERR));
	assert_int_equal(stops.count, 0);
	store_alert_rule_done(&stops);
}

static void an_account_has_so_many(void **state)
{
	struct fixture *fixture = *state;
	struct alert_rule rule = rule_of(1, 0);
	const uint64_t other = fixture_customer(fixture, "other");

	for (unsigned i = 0; i < ALERT_RULES_PER_CUSTOMER; i++)
		add(fixture, rule);
	assert_int_equal(store_alert_rule_insert(fixture->store, &rule, ERR), ERR_LIMIT);
	add(fixture, rule_of(other, 0));
}

static void whose_they_are(void **state)
{
	struct fixture *fixture = *state;
	const uint64_t other = fixture_customer(fixture, "other");
	const uint64_t id = add(fixture, rule_of(1, 0));
	struct alert_rule rule CLEANUP(alert_rule_done) = {0};
	const struct page page = {1, 25};
	struct store_alert_rules rules CLEANUP(store_alert_rule_done) = {0};

	assert_int_equal(store_alert_rule_get(fixture->store, other, id, &rule, ERR),
			 ERR_NOT_FOUND);
	assert_ok(store_alert_rule_get(fixture->store, 1, id, &rule, ERR));
	assert_int_equal(rule.threshold, 80);
	assert_null(rule.webhook);
	rule.webhook = strdup("https://example.com/");
	rule.secret = strdup("0123456789abcdef");
	rule.minutes = 9;
	assert_ok(store_alert_rule_update(fixture->store, &rule, ERR));
	assert_ok(store_alert_rule_list(fixture->store, 1, 0, &page, &rules, ERR));
	assert_int_equal(rules.total, 1);
	assert_int_equal(rules.items[0].minutes, 9);
	assert_string_equal(rules.items[0].secret, "0123456789abcdef");
	store_alert_rule_done(&rules);
	assert_ok(store_alert_rule_list(fixture->store, other, 0, &page, &rules, ERR));
	assert_int_equal(rules.count, 0);
	assert_ok(store_alert_rule_delete(fixture->store, id, ERR));
	assert_int_equal(store_alert_rule_delete(fixture->store, id, ERR), ERR_NOT_FOUND);
}

static void none_opens_twice(void **state)
{
	struct fixture *fixture = *state;
	const uint64_t server = fixture_insert(fixture, 1, 1, "a=b");
	struct alert alert = {.rule_id = 7,
			      .server_id = server,
			      .kind = ALERT_STOPPED_ITSELF,
			      .value = -1,
			      .opened_ms = FIXTURE_NOW_MS};
	struct store_alert_filter filter = {.customer_id = 1, .open = true, .page = {1, 25}};
	struct store_alerts alerts CLEANUP(store_alert_done) = {0};
	uint64_t open = 9;

	assert_ok(store_alert_open(fixture->store, &alert, ERR));
	assert_int_equal(alert.customer_id, 1);
	struct alert again = alert;
	assert_int_equal(store_alert_open(fixture->store, &again, ERR), ERR_UNIQUENESS);
	fixture_reopen(fixture);
	assert_ok(store_alert_list(fixture->store, &filter, &alerts, ERR));
	assert_int_equal(alerts.total, 1);
	assert_int_equal(alerts.items[0].value, -1);
	assert_ok(
		store_alert_end(fixture->store, alert.id, ALERT_CLEARED, FIXTURE_NOW_MS + 1, ERR));
	assert_int_equal(store_alert_end(fixture->store, alert.id, ALERT_CLEARED, 5, ERR),
			 ERR_NOT_FOUND);
	assert_ok(store_alert_count_open(fixture->store, 1, &open, ERR));
	assert_int_equal(open, 0);
	assert_ok(store_alert_open(fixture->store, &again, ERR));
	assert_ok(store_alert_get(fixture->store, 1, alert.id, &again, ERR));
	assert_int_equal(again.end, ALERT_CLEARED);
	assert_int_equal(store_alert_get(fixture->store, 2, alert.id, &again, ERR), ERR_NOT_FOUND);
}

static void old_ones_go(void **state)
{
	struct fixture *fixture = *state;
	const uint64_t server = fixture_insert(fixture, 1, 1, "a=b");
	struct alert alert = {
		.server_id = server, .kind = ALERT_STOPPED_ITSELF, .opened_ms = FIXTURE_NOW_MS};
	const struct store_alert_filter ended = {.customer_id = 1, .ended = true, .page = {1, 1}};
	struct store_alerts alerts CLEANUP(store_alert_done) = {0};

	assert_ok(store_begin(fixture->store, ERR));
	alert.rule_id = 5000; /* open, and the oldest: it stays */
	assert_ok(store_alert_open(fixture->store, &alert, ERR));
	const uint64_t oldest = alert.id;
	for (unsigned i = 0; i < ALERT_KEPT + 5; i++) {
		alert.rule_id = i + 1;
		assert_ok(store_alert_open(fixture->store, &alert, ERR));
		assert_ok(store_alert_end(fixture->store, alert.id, ALERT_CLEARED, FIXTURE_NOW_MS,
					  ERR));
	}
	alert.rule_id = 6000;
	assert_ok(store_alert_open(fixture->store, &alert, ERR));
	assert_ok(store_alert_forget_old(fixture->store, 1, ERR));
	assert_ok(store_commit(fixture->store, ERR));
	assert_ok(store_alert_list(fixture->store, &ended, &alerts, ERR));
	assert_int_equal(alerts.total, ALERT_KEPT);
	assert_ok(store_alert_get(fixture->store, 1, oldest, &alert, ERR));
}

static void the_scope_grows(void **state)
{
	struct fixture *fixture = *state;
	uint64_t before = 0, after = 0;

	fixture_insert(fixture, 1, 1, "a=b");
	assert_ok(store_alert_scope(fixture->store, &before, ERR));
	const uint64_t server = fixture_insert(fixture, 1, 2, "a=b");
	assert_ok(store_alert_scope(fixture->store, &after, ERR));
	assert_int_equal(before, after); /* nobody has rules */
	const uint64_t rule = add(fixture, rule_of(1, server));
	assert_ok(store_alert_scope(fixture->store, &before, ERR));
	assert_true(before > after);
	fixture_insert(fixture, 1, 3, "a=b");
	assert_ok(store_alert_scope(fixture->store, &after, ERR));
	assert_true(after > before);
	assert_ok(store_server_update_status(fixture->store, server, SERVER_RUNNING, ERR));
	assert_ok(store_alert_scope(fixture->store, &before, ERR));
	assert_int_equal(before, after);
	/* A server takes its rules along. */
	assert_ok(store_server_delete(fixture->store, server, ERR));
	assert_ok(store_alert_scope(fixture->store, &after, ERR));
	assert_true(after > before);
	assert_int_equal(store_alert_rule_delete(fixture->store, rule, ERR), ERR_NOT_FOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(rules_are_about_servers, fixture_setup,
						fixture_teardown),
		cmocka_unit_test_setup_teardown(an_account_has_so_many, fixture_setup,
						fixture_teardown),
		cmocka_unit_test_setup_teardown(whose_they_are, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(none_opens_twice, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(old_ones_go, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(the_scope_grows, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

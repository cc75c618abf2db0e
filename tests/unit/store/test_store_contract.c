// Contracts follow the servers by themselves: what was when at which price, without gaps, and for
// whom.
#include "fixture.h"

#include "base/clock.h"
#include "store/store_contract.h"
#include "store/store_plan.h"

static struct store_spans spans_of(struct fixture *f, uint64_t customer_id)
{
	struct store_spans spans = {0};

	assert_ok(store_contract_spans(f->store, customer_id, 0, INT64_MAX, &spans, ERR));
	return spans;
}

/* One after the other: where one ends the next begins. */
static void follow(const struct store_spans *spans)
{
	for (size_t i = 1; i < spans->count; i++) {
		assert_int_equal(spans->items[i].from_ms, spans->items[i - 1].until_ms);
		assert_true(spans->items[i].until_ms == 0 ||
			    spans->items[i].until_ms >= spans->items[i].from_ms);
	}
}

static uint64_t another_plan(struct fixture *f, const char *currency, int64_t minor)
{
	struct plan plan;

	assert_ok(store_plan_get(f->store, 1, &plan, ERR));
	(void)snprintf(plan.name, sizeof plan.name, "other");
	(void)snprintf(plan.currency, sizeof plan.currency, "%s", currency);
	plan.price_monthly_minor = minor;
	plan.price_initial_minor = 300;
	assert_ok(store_plan_insert(f->store, &plan, ERR));
	return plan.id;
}

static void a_server_is_charged_from_its_creation_to_its_end(void **state)
{
	struct fixture *f = *state;
	const int64_t began = clock_now_ms();
	const uint64_t id = fixture_insert(f, 1, 1, "");
	struct server server CLEANUP(server_done) = {0};
	struct store_spans spans CLEANUP(store_contract_done) = spans_of(f, 1);

	assert_ok(store_server_get(f->store, 0, id, &server, ERR));
	assert_int_equal(spans.count, 1);
	assert_int_equal(spans.items[0].server_id, id);
	assert_string_equal(spans.items[0].server_name, server.name);
	assert_string_equal(spans.items[0].plan, "1g");
	assert_string_equal(spans.items[0].currency, "JPY");
	assert_int_equal(spans.items[0].monthly_minor, 980);
	assert_int_equal(spans.items[0].reason, CONTRACT_MADE);
	assert_int_equal(spans.items[0].anchor_ms, server.created_ms);
	assert_int_equal(spans.items[0].from_ms, server.created_ms);
	assert_int_equal(spans.items[0].until_ms, 0);
	store_contract_done(&spans);
	assert_ok(store_server_update_name(f->store, id, "renamed", ERR));
	assert_ok(store_server_delete(f->store, id, ERR));
	spans = spans_of(f, 1);
	assert_int_equal(spans.count, 1);
	assert_string_equal(spans.items[0].server_name, "renamed");
	assert_in_range(spans.items[0].until_ms, began, clock_now_ms());
	store_contract_done(&spans);
	assert_ok(store_contract_now(f->store, 1, &spans, ERR));
	assert_int_equal(spans.count, 0);
}

static void one_that_never_came_to_be_costs_nothing(void **state)
{
	struct fixture *f = *state;
	const uint64_t id = fixture_insert(f, 1, 1, ""), other = fixture_insert(f, 1, 2, "");

	assert_ok(store_contract_void(f->store, id, ERR));
	assert_ok(store_server_delete(f->store, id, ERR));
	struct store_spans spans CLEANUP(store_contract_done) = spans_of(f, 1);
	assert_int_equal(spans.count, 1);
	assert_int_equal(spans.items[0].server_id, other);
}

static void plans_and_prices_cut_it(void **state)
{
	struct fixture *f = *state;
	const uint64_t id = fixture_insert(f, 1, 1, ""), larger = another_plan(f, "JPY", 1580);
	struct store_spans spans CLEANUP(store_contract_done) = {0};
	struct plan plan;

	/* A disk that grows is no other plan. */
	assert_ok(store_server_update_type(f->store, id, 1, 99, ERR));
	assert_ok(store_server_update_type(f->store, id, larger, 99, ERR));
	assert_ok(store_plan_get(f->store, larger, &plan, ERR));
	plan.deprecated_ms = 1; /* costs nobody anything */
	assert_ok(store_plan_update(f->store, &plan, ERR));
	plan.price_monthly_minor = 2000;
	assert_ok(store_plan_update(f->store, &plan, ERR));
	spans = spans_of(f, 1);
	assert_int_equal(spans.count, 3);
	follow(&spans);
	assert_int_equal(spans.items[1].reason, CONTRACT_PLAN);
	assert_int_equal(spans.items[1].monthly_minor, 1580);
	assert_int_equal(spans.items[1].before_minor, 980);
	assert_int_equal(spans.items[2].reason, CONTRACT_PRICE);
	assert_int_equal(spans.items[2].monthly_minor, 2000);
	for (size_t i = 0; i < spans.count; i++)
		assert_int_equal(spans.items[i].anchor_ms, spans.items[0].anchor_ms);
	store_contract_done(&spans);
	/* Of another currency there is no difference. */
	(void)snprintf(plan.currency, sizeof plan.currency, "EUR");
	(void)snprintf(plan.name, sizeof plan.name, "euro");
	assert_ok(store_plan_insert(f->store, &plan, ERR));
	assert_ok(store_server_update_type(f->store, id, plan.id, 99, ERR));
	assert_ok(store_contract_now(f->store, 1, &spans, ERR));
	assert_int_equal(spans.count, 1);
	assert_string_equal(spans.items[0].currency, "EUR");
	assert_int_equal(spans.items[0].before_minor, 0);
}

static void who_takes_a_server_over_goes_on_with_its_months(void **state)
{
	struct fixture *f = *state;
	const uint64_t id = fixture_insert(f, 1, 1, ""), taker = fixture_customer(f, "taker");

	assert_ok(store_begin(f->store, ERR));
	assert_ok(store_server_hand_over(f->store, id, taker, ERR));
	assert_ok(store_commit(f->store, ERR));
	struct store_spans before CLEANUP(store_contract_done) = spans_of(f, 1);
	struct store_spans after CLEANUP(store_contract_done) = spans_of(f, taker);
	assert_int_equal(before.count, 1);
	assert_int_equal(after.count, 1);
	assert_int_equal(after.items[0].reason, CONTRACT_OWNER);
	assert_int_equal(after.items[0].from_ms, before.items[0].until_ms);
	assert_int_equal(after.items[0].anchor_ms, before.items[0].anchor_ms);
	assert_int_equal(after.items[0].monthly_minor, 980);
}

static void a_window_has_what_reaches_into_it(void **state)
{
	struct fixture *f = *state;
	const uint64_t id = fixture_insert(f, 1, 1, "");
	struct store_spans spans CLEANUP(store_contract_done) = {0};

	/* Made at FIXTURE_NOW_MS and still there. */
	assert_ok(store_contract_spans(f->store, 1, 0, INT64_MAX, &spans, ERR));
	const int64_t from = spans.count > 0 ? spans.items[0].from_ms : FIXTURE_NOW_MS;
	store_contract_done(&spans);
	assert_ok(store_contract_spans(f->store, 1, 0, from, &spans, ERR));
	assert_int_equal(spans.count, 0);
	assert_ok(store_contract_spans(f->store, 1, 0, from + 1, &spans, ERR));
	assert_int_equal(spans.count, 1);
	store_contract_done(&spans);
	assert_ok(store_server_delete(f->store, id, ERR));
	assert_ok(store_contract_spans(f->store, 1, clock_now_ms() + 1, INT64_MAX, &spans, ERR));
	assert_int_equal(spans.count, 0);
	assert_ok(store_contract_spans(f->store, 2, 0, INT64_MAX, &spans, ERR));
	assert_int_equal(spans.count, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_server_is_charged_from_its_creation_to_its_end),
		TEST(one_that_never_came_to_be_costs_nothing),
		TEST(plans_and_prices_cut_it),
		TEST(who_takes_a_server_over_goes_on_with_its_months),
		TEST(a_window_has_what_reaches_into_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

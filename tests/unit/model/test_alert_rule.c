// Alert rules: which are whole, what samples say, and when an alert opens and ends.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "model/alert_rule.h"

#define BEGAN_S UINT32_C(1700000000)

static struct alert_rule busy(uint32_t minutes)
{
	return (struct alert_rule){.kind = ALERT_METRIC,
				   .metric = ALERT_CPU,
				   .comparison = ALERT_ABOVE,
				   .threshold = 80,
				   .minutes = minutes};
}

static void wrong_in(struct alert_rule rule, const char *expected)
{
	const char *field = NULL;
	struct err err = {0};

	assert_int_equal(alert_rule_check(&rule, &field, &err), ERR_INVALID_INPUT);
	assert_string_equal(field, expected);
	assert_true(strlen(err.text) > 5);
}

static void good(struct alert_rule rule)
{
	const char *field = NULL;

	assert_int_equal(alert_rule_check(&rule, &field, NULL), 0);
}

static void rules_are_whole(void **state)
{
	struct alert_rule rule = busy(1);
	char hook[] = "http://user@host/", fine[] = "https://example.com/hook";

	(void)state;
	good(rule);
	good(busy(ALERT_MINUTES_MAX));
	wrong_in(busy(0), "minutes");
	wrong_in(busy(ALERT_MINUTES_MAX + 1), "minutes");
	rule.threshold = ALERT_THRESHOLD_MAX;
	good(rule);
	rule.threshold++;
	wrong_in(rule, "threshold");
	rule.threshold = -1;
	wrong_in(rule, "threshold");
	rule.threshold = 0;
	good(rule);
	rule.comparison = ALERT_BELOW;
	wrong_in(rule, "threshold");
	rule.comparison = (enum alert_comparison)3;
	wrong_in(rule, "comparison");
	rule.metric = (enum alert_metric)0;
	wrong_in(rule, "metric");
	rule.metric = (enum alert_metric)(ALERT_METRIC_LAST + 1);
	wrong_in(rule, "metric");
	rule = busy(1);
	rule.webhook = hook;
	wrong_in(rule, "webhook_url");
	rule.webhook = fine;
	good(rule);
	good((struct alert_rule){.kind = ALERT_STOPPED_ITSELF});
	good((struct alert_rule){.kind = ALERT_STOPPED_UNEXPECTEDLY});
	wrong_in((struct alert_rule){.kind = ALERT_STOPPED_ITSELF, .minutes = 1}, "minutes");
	wrong_in((struct alert_rule){.kind = ALERT_STOPPED_ITSELF, .metric = ALERT_CPU}, "metric");
	wrong_in((struct alert_rule){0}, "kind");
}

static void words_are_there_and_back(void **state)
{
	enum alert_kind kind;
	enum alert_metric metric;
	enum alert_comparison comparison;

	(void)state;
	for (unsigned i = ALERT_METRIC; i <= ALERT_STOPPED_ITSELF; i++) {
		assert_int_equal(alert_kind_parse(alert_kind_name((enum alert_kind)i), &kind), 0);
		assert_int_equal(kind, i);
	}
	for (unsigned i = ALERT_CPU; i <= ALERT_METRIC_LAST; i++) {
		assert_int_equal(
			alert_metric_parse(alert_metric_name((enum alert_metric)i), &metric), 0);
		assert_int_equal(metric, i);
	}
	assert_int_equal(alert_comparison_parse("below", &comparison), 0);
	assert_int_equal(comparison, ALERT_BELOW);
	assert_true(alert_kind_parse("", &kind) < 0);
	assert_true(alert_metric_parse("CPU", &metric) < 0);
	assert_true(alert_comparison_parse("equal", &comparison) < 0);
	assert_string_equal(alert_end_name(ALERT_NOT_MEASURED), "not_measured");
	assert_string_equal(alert_kind_name((enum alert_kind)9), "");
}

static void samples_become_values(void **state)
{
	struct alert_samples two = {BEGAN_S, BEGAN_S + 60, 0, UINT64_C(60) * 1000000000};
	int64_t value = 0;

	(void)state;
	assert_true(alert_rule_value(ALERT_CPU, &two, &value));
	assert_int_equal(value, 100); /* one core */
	two.now = 6000;
	assert_true(alert_rule_value(ALERT_NETWORK_IN, &two, &value));
	assert_int_equal(value, 100);
	assert_true(alert_rule_value(ALERT_MEMORY_USED, &two, &value));
	assert_int_equal(value, 6000);
	two.before = 6001; /* it was started anew */
	assert_false(alert_rule_value(ALERT_NETWORK_IN, &two, &value));
	assert_true(alert_rule_value(ALERT_DISK_USED, &two, &value));
	two.before = 0;
	two.now_s = BEGAN_S + ALERT_GAP_MAX_S;
	assert_true(alert_rule_value(ALERT_DISK_READ, &two, &value));
	two.now_s++;
	assert_false(alert_rule_value(ALERT_DISK_READ, &two, &value));
	two.now_s = BEGAN_S; /* the clock was set back */
	assert_false(alert_rule_value(ALERT_DISK_READ, &two, &value));
	two.now = UINT64_MAX;
	assert_false(alert_rule_value(ALERT_MEMORY_USED, &two, &value));
	assert_false(
		alert_rule_value(ALERT_CPU, &(struct alert_samples){0, BEGAN_S, 0, 5}, &value));
	assert_false(
		alert_rule_value(ALERT_CPU, &(struct alert_samples){BEGAN_S, 0, 5, 0}, &value));
	two = (struct alert_samples){BEGAN_S, BEGAN_S + 60, 0, (uint64_t)INT64_MAX + 5};
	assert_false(alert_rule_value(ALERT_MEMORY_USED, &two, &value));
}

/* What a rule makes of minutes, a letter each: + above 80, = at it, - below, u not known; returned
 * a letter each: O opens, C ends cleared, N ends as not measured, . stays. */
static void minutes(const struct alert_rule *rule, const char *given, const char *expected)
{
	struct alert_watch watch = {0};
	char got[64] = "";

	for (size_t i = 0; given[i] != '\0'; i++) {
		enum alert_end end = ALERT_OPEN;
		const int64_t value = given[i] == '+' ? 81 : given[i] == '=' ? 80 : 10;
		const enum alert_change change =
			alert_rule_step(rule, &watch, given[i] != 'u', value,
					BEGAN_S + (uint32_t)i * 60 + (uint32_t)(i % 3) * 4, &end);

		got[i] = change == ALERT_OPENS   ? 'O'
			 : change == ALERT_STAYS ? '.'
			 : end == ALERT_CLEARED  ? 'C'
						 : 'N';
	}
	assert_string_equal(got, expected);
}

static void alerts_open_and_end(void **state)
{
	struct alert_rule one = busy(1), three = busy(3), idle = busy(2);

	(void)state;
	idle.comparison = ALERT_BELOW;
	minutes(&one, "-+-+", ".OCO");
	minutes(&one, "=+=", ".OC");
	minutes(&one, "+u", "ON");
	/* As long as it says, without a hole. */
	minutes(&three, "+++++", "..O..");
	minutes(&three, "++-+++", ".....O");
	minutes(&three, "++u+++", ".....O");
	/* It ends after as long; a minute above begins anew. */
	minutes(&three, "+++--+---", "..O.....C");
	minutes(&three, "+++------", "..O..C...");
	/* Not known is not below; but it does not hold an alert open for ever. */
	minutes(&idle, "uuuuuuuu", "........");
	minutes(&idle, "--uu--", ".O.N.O");
	minutes(&three, "+++uuu", "..O..N");
	minutes(&three, "+++u-u", "..O..C");
}

static void a_restart_finds_it_open(void **state)
{
	const struct alert_rule rule = busy(2);
	struct alert_watch watch = {.open = true};
	enum alert_end end = ALERT_OPEN;

	(void)state;
	assert_int_equal(alert_rule_step(&rule, &watch, true, 90, BEGAN_S, &end), ALERT_STAYS);
	assert_int_equal(alert_rule_step(&rule, &watch, false, 0, BEGAN_S + 60, &end), ALERT_STAYS);
	assert_int_equal(alert_rule_step(&rule, &watch, true, 1, BEGAN_S + 120, &end), ALERT_ENDS);
	assert_int_equal(end, ALERT_CLEARED);
	assert_false(watch.open);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules_are_whole),
		cmocka_unit_test(words_are_there_and_back),
		cmocka_unit_test(samples_become_values),
		cmocka_unit_test(alerts_open_and_end),
		cmocka_unit_test(a_restart_finds_it_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

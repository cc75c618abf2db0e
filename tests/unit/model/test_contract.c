// What a server costs when: months by the day of creation and by the calendar, parts of them, what
// a larger plan adds, and that nothing is charged twice or forgotten.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/parse.h"
#include "model/contract.h"

static const struct contract_terms anniversary = {CONTRACT_ANNIVERSARY, 0};
static const struct contract_terms calendar = {CONTRACT_CALENDAR_MONTH, 0};
static const struct contract_terms tokyo = {CONTRACT_CALENDAR_MONTH, 540};

static int64_t at(const char *text)
{
	int64_t ms;

	if (parse_time(text, &ms) < 0)
		fail_msg("%s is no time", text);
	return ms;
}

static void month_is(const struct contract_terms *terms, const char *made, const char *now,
		     const char *from, const char *until, uint32_t of_days)
{
	const struct contract_month month = contract_month_at(terms, at(made), at(now));

	assert_int_equal(month.from_ms, at(from));
	assert_int_equal(month.until_ms, at(until));
	assert_int_equal(month.of_days, of_days);
}

static void months_begin_by_the_day_of_creation(void **state)
{
	const char *made = "2026-01-31T15:40:00Z";

	month_is(&anniversary, made, made, "2026-01-31T00:00:00Z", "2026-02-28T00:00:00Z", 28);
	month_is(&anniversary, made, "2026-02-27T23:59:59Z", "2026-01-31T00:00:00Z",
		 "2026-02-28T00:00:00Z", 28);
	/* The day is that of creation again where the month has it. */
	month_is(&anniversary, made, "2026-02-28T00:00:00Z", "2026-02-28T00:00:00Z",
		 "2026-03-31T00:00:00Z", 31);
	month_is(&anniversary, made, "2028-02-29T12:00:00Z", "2028-02-29T00:00:00Z",
		 "2028-03-31T00:00:00Z", 31);
	month_is(&anniversary, "2026-12-27T00:00:00Z", "2026-12-31T00:00:00Z",
		 "2026-12-27T00:00:00Z", "2027-01-27T00:00:00Z", 31);
	/* What is asked about a time before it was made is about its first. */
	month_is(&anniversary, made, "2025-01-01T00:00:00Z", "2026-01-31T00:00:00Z",
		 "2026-02-28T00:00:00Z", 28);
}

static void months_of_the_calendar_begin_on_their_first(void **state)
{
	month_is(&calendar, "2026-11-27T15:40:00Z", "2026-11-27T15:40:00Z", "2026-11-27T00:00:00Z",
		 "2026-12-01T00:00:00Z", 30);
	month_is(&calendar, "2026-11-27T15:40:00Z", "2026-12-31T23:00:00Z", "2026-12-01T00:00:00Z",
		 "2027-01-01T00:00:00Z", 31);
	/* By the clock of Japan it is December already, and its first day. */
	month_is(&tokyo, "2026-11-30T15:00:00Z", "2026-11-30T15:00:00Z", "2026-11-30T15:00:00Z",
		 "2026-12-31T15:00:00Z", 31);
	month_is(&tokyo, "2026-11-30T14:59:59Z", "2026-11-30T14:59:59Z", "2026-11-29T15:00:00Z",
		 "2026-11-30T15:00:00Z", 30);
}

static void words_are_read_strictly(void **state)
{
	static const char *const wrong_months[] = {"",        "2026",     "2026-00", "2026-13",
						   "2026-1",  "2026-011", "2026/11", " 026-11",
						   "1969-12", "+026-11"};
	enum contract_period period;
	int64_t from, until;
	char text[CONTRACT_MONTH_BYTES];

	for (size_t i = 0; i < sizeof wrong_months / sizeof *wrong_months; i++)
		assert_int_equal(contract_calendar_month(&tokyo, wrong_months[i], &from, &until),
				 -EINVAL);
	assert_int_equal(contract_calendar_month(&tokyo, "2026-12", &from, &until), 0);
	assert_int_equal(from, at("2026-12-01T00:00:00+09:00"));
	assert_int_equal(until, at("2027-01-01T00:00:00+09:00"));
	assert_int_equal(contract_calendar_month(&anniversary, "2026-01", &from, &until), 0);
	assert_int_equal(from, at("2026-01-01T00:00:00Z"));
	assert_int_equal(until, at("2026-02-01T00:00:00Z"));
	contract_month_text(&tokyo, at("2026-11-30T15:00:00Z"), text);
	assert_string_equal(text, "2026-12");
	assert_int_equal(contract_period_parse("calendar_month", &period), 0);
	assert_string_equal(contract_period_name(period), "calendar_month");
	assert_int_equal(contract_period_parse("anniversary", &period), 0);
	assert_string_equal(contract_period_name(period), "anniversary");
	assert_int_equal(contract_period_parse("weekly", &period), -EINVAL);
}

/* "KIND DAY DAYS/OF_DAYS AMOUNT; " of each. */
static int note(void *context, const struct contract_charge *charge)
{
	char *text = context, month[CONTRACT_MONTH_BYTES];

	contract_month_text(&anniversary, charge->at_ms, month);
	(void)snprintf(text + strlen(text), 1024 - strlen(text), "%s %s-%02d %u/%u %lld; ",
		       contract_kind_name(charge->kind), month,
		       (int)(charge->at_ms / 86400000 - at("2026-01-01T00:00:00Z") / 86400000),
		       charge->days, charge->of_days, (long long)charge->minor);
	return 0;
}

static struct contract_span span(enum contract_reason reason, const char *from, const char *until)
{
	struct contract_span it = {.server_id = 1,
				   .monthly_minor = 980,
				   .initial_minor = 500,
				   .reason = reason,
				   .anchor_ms = at("2026-01-31T15:40:00Z"),
				   .from_ms = at(from),
				   .until_ms = until != NULL ? at(until) : 0};
	return it;
}

static void due(const struct contract_terms *terms, const struct contract_span *of,
		const char *from, const char *until, const char *wanted)
{
	char text[1024] = "";

	assert_int_equal(contract_charges(terms, of, at(from), at(until), note, text), 0);
	assert_string_equal(text, wanted);
}

static void each_month_is_charged_once_ahead(void **state)
{
	struct contract_span one = span(CONTRACT_MADE, "2026-01-31T15:40:00Z", NULL);

	due(&anniversary, &one, "2026-01-01T00:00:00Z", "2026-04-01T00:00:00Z",
	    "initial 2026-01-30 0/0 500; month 2026-01-30 28/28 980; month 2026-02-58 31/31 980; "
	    "month 2026-03-89 30/30 980; ");
	due(&anniversary, &one, "2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z",
	    "month 2026-02-58 31/31 980; ");
	/* Of January one day of 31; then the first of each. */
	due(&calendar, &one, "2026-01-01T00:00:00Z", "2026-03-01T00:00:00Z",
	    "initial 2026-01-30 0/0 500; month 2026-01-30 1/31 31; month 2026-02-31 28/28 980; ");
	/* The window ends before what falls on its end, and begins with what falls on its begin. */
	due(&calendar, &one, "2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z",
	    "month 2026-02-31 28/28 980; ");
	one.until_ms = at("2026-02-28T00:00:00Z"); /* gone as the next began: not charged */
	due(&anniversary, &one, "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z",
	    "initial 2026-01-30 0/0 500; month 2026-01-30 28/28 980; ");
	one.until_ms++; /* a moment later: nothing is paid back */
	due(&anniversary, &one, "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z",
	    "initial 2026-01-30 0/0 500; month 2026-01-30 28/28 980; month 2026-02-58 31/31 980; ");
	one.monthly_minor = one.initial_minor = 0;
	due(&anniversary, &one, "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z", "");
}

static void a_larger_plan_costs_its_difference_by_days(void **state)
{
	struct contract_span two = span(CONTRACT_PLAN, "2026-03-10T08:00:00Z", NULL);

	two.monthly_minor = 1580;
	two.before_minor = 980;
	/* From 10 to 31 March: 21 of the 31 days since 28 February. */
	due(&anniversary, &two, "2026-03-01T00:00:00Z", "2026-05-01T00:00:00Z",
	    "upgrade 2026-03-68 21/31 406; month 2026-03-89 30/30 1580; month 2026-04-119 31/31 "
	    "1580; ");
	/* 22 of the 31 of March. */
	due(&calendar, &two, "2026-03-01T00:00:00Z", "2026-04-02T00:00:00Z",
	    "upgrade 2026-03-68 22/31 425; month 2026-04-90 30/30 1580; ");
	two.before_minor = 2000; /* smaller, indeed */
	due(&anniversary, &two, "2026-03-01T00:00:00Z", "2026-04-01T00:00:00Z",
	    "month 2026-03-89 30/30 1580; ");
	two.reason = CONTRACT_PRICE;
	two.before_minor = 980;
	due(&anniversary, &two, "2026-03-01T00:00:00Z", "2026-04-01T00:00:00Z",
	    "month 2026-03-89 30/30 1580; ");
	two.reason = CONTRACT_OWNER;
	due(&anniversary, &two, "2026-03-01T00:00:00Z", "2026-04-01T00:00:00Z",
	    "month 2026-03-89 30/30 1580; ");
	/* What begins with a month is charged as that month, and for no difference. */
	two.reason = CONTRACT_PLAN;
	two.from_ms = at("2026-03-31T00:00:00Z");
	due(&anniversary, &two, "2026-03-01T00:00:00Z", "2026-04-01T00:00:00Z",
	    "month 2026-03-89 30/30 1580; ");
}

/* Whatever is cut into spans: of a month's price every month has one. */
static void spans_leave_no_gap_and_no_overlap(void **state)
{
	const int64_t hour = 3600000, end = at("2027-02-01T00:00:00Z");

	for (int64_t cut = at("2026-01-31T16:00:00Z"); cut < end; cut += 53 * hour) {
		struct contract_span before = span(CONTRACT_MADE, "2026-01-31T15:40:00Z", NULL);
		struct contract_span after = before;
		char whole[1024] = "", parts[1024] = "";
		assert_int_equal(contract_charges(&anniversary, &before, 0, end, note, whole), 0);
		before.until_ms = after.from_ms = cut;
		after.reason = CONTRACT_PRICE;
		assert_int_equal(contract_charges(&anniversary, &before, 0, end, note, parts), 0);
		assert_int_equal(contract_charges(&anniversary, &after, 0, end, note, parts), 0);
		assert_string_equal(parts, whole);
	}
}

static int refuse(void *context, const struct contract_charge *charge)
{
	(void)charge;
	++*(int *)context;
	return -ENOMEM;
}

static void who_listens_may_end_it(void **state)
{
	const struct contract_span one = span(CONTRACT_MADE, "2026-01-31T15:40:00Z", NULL);
	int calls = 0;

	assert_int_equal(
		contract_charges(&anniversary, &one, 0, at("2027-02-01T00:00:00Z"), refuse, &calls),
		-ENOMEM);
	assert_int_equal(calls, 1);
}

static void the_rest_of_a_month_is_counted_in_days(void **state)
{
	const struct contract_month month = contract_month_at(
		&tokyo, at("2026-11-27T15:40:00+09:00"), at("2026-11-27T15:40:00+09:00"));
	uint32_t days;

	assert_int_equal(
		contract_rest_minor(&tokyo, &month, at("2026-11-27T15:40:00+09:00"), 980, &days),
		130); /* 4 of 30 days: 130.67 */
	assert_int_equal(days, 4);
	assert_int_equal(contract_rest_minor(&tokyo, &month, at("2026-11-30T23:59:59+09:00"),
					     MONEY_MAX_MINOR, &days),
			 MONEY_MAX_MINOR / 30);
	assert_int_equal(days, 1);
	assert_int_equal(
		contract_rest_minor(&tokyo, &month, at("2027-01-01T00:00:00Z"), 980, &days), 0);
	assert_int_equal(contract_day(&tokyo, at("2026-11-27T15:00:00Z")),
			 contract_day(&tokyo, at("2026-11-28T14:59:59Z")));
	assert_int_equal(contract_day(&anniversary, -1), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(months_begin_by_the_day_of_creation),
		cmocka_unit_test(months_of_the_calendar_begin_on_their_first),
		cmocka_unit_test(words_are_read_strictly),
		cmocka_unit_test(each_month_is_charged_once_ahead),
		cmocka_unit_test(a_larger_plan_costs_its_difference_by_days),
		cmocka_unit_test(spans_leave_no_gap_and_no_overlap),
		cmocka_unit_test(who_listens_may_end_it),
		cmocka_unit_test(the_rest_of_a_month_is_counted_in_days),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

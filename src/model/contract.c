/*
 * A month is paid ahead, at its beginning, whole; it begins at midnight by the clock of the terms.
 * Of the month in which a server is made its first day is the beginning, whenever on that day. With
 * anniversaries months begin by the day of creation, and by the last day where a calendar's month
 * is too short (31 January, 28 February, 31 March); with calendar months the first is paid for by
 * days. Nothing is paid back: a smaller plan, a lower price and an end show at the next beginning.
 */
#include "model/contract.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/parse.h"

#define DAY_MS INT64_C(86400000)

const char *contract_period_name(enum contract_period period)
{
	return period == CONTRACT_CALENDAR_MONTH ? "calendar_month" : "anniversary";
}

int contract_period_parse(const char *text, enum contract_period *ret)
{
	if (strcmp(text, "anniversary") == 0)
		*ret = CONTRACT_ANNIVERSARY;
	else if (strcmp(text, "calendar_month") == 0)
		*ret = CONTRACT_CALENDAR_MONTH;
	else
		return -EINVAL;
	return 0;
}

const char *contract_kind_name(enum contract_kind kind)
{
	static const char *const names[] = {"", "initial", "month", "upgrade"};

	return names[kind];
}

/* --- days --- */

int64_t contract_day(const struct contract_terms *terms, int64_t ms)
{
	const int64_t local = ms + (int64_t)terms->offset_minutes * 60000;

	return local >= 0 ? local / DAY_MS : -((-local + DAY_MS - 1) / DAY_MS);
}

static int64_t day_begins(const struct contract_terms *terms, int64_t day)
{
	return day * DAY_MS - (int64_t)terms->offset_minutes * 60000;
}

struct date {
	int year, month, day; /* month and day from 1 on */
};

static struct date date_of(int64_t day)
{
	const time_t seconds = (time_t)(day * 86400);
	struct tm tm = {0};

	(void)gmtime_r(&seconds, &tm);
	return (struct date){tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday};
}

/* Months beyond a year's carry over. */
static int64_t first_day_of(int year, int month)
{
	struct tm tm = {.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = 1};

	return (int64_t)timegm(&tm) / 86400;
}

/* The day of that month which has the number @wanted, or its last. */
static int64_t day_in(int year, int month, int wanted)
{
	const int64_t first = first_day_of(year, month);
	const int64_t count = first_day_of(year, month + 1) - first;

	return first + (wanted <= count ? wanted : count) - 1;
}

/* --- months --- */

struct contract_month contract_month_at(const struct contract_terms *terms, int64_t anchor_ms,
					int64_t ms)
{
	const int64_t anchor = contract_day(terms, anchor_ms);
	const struct date made = date_of(anchor);
	int64_t day = contract_day(terms, ms), from, until, whole;

	if (day < anchor)
		day = anchor;
	const struct date now = date_of(day);
	if (terms->period == CONTRACT_CALENDAR_MONTH) {
		from = whole = first_day_of(now.year, now.month);
		until = first_day_of(now.year, now.month + 1);
		if (from < anchor)
			from = anchor;
	} else {
		int month = now.month;
		if (day < day_in(now.year, month, made.day))
			month--;
		from = whole = day_in(now.year, month, made.day);
		until = day_in(now.year, month + 1, made.day);
	}
	return (struct contract_month){day_begins(terms, from), day_begins(terms, until),
				       (uint32_t)(until - whole)};
}

int64_t contract_rest_minor(const struct contract_terms *terms, const struct contract_month *month,
			    int64_t ms, int64_t monthly_minor, uint32_t *ret_days)
{
	const int64_t end = contract_day(terms, month->until_ms);
	int64_t day = contract_day(terms, ms > month->from_ms ? ms : month->from_ms);

	if (day > end)
		day = end;
	*ret_days = (uint32_t)(end - day);
	/* MONEY_MAX_MINOR times 31 is far from overflow. */
	return monthly_minor * (end - day) / (int64_t)month->of_days;
}

int contract_calendar_month(const struct contract_terms *terms, const char *text,
			    int64_t *ret_from_ms, int64_t *ret_until_ms)
{
	char word[CONTRACT_MONTH_BYTES];
	uint64_t year, month;

	if (strlen(text) != sizeof word - 1 || text[4] != '-')
		return -EINVAL;
	(void)snprintf(word, sizeof word, "%s", text);
	word[4] = '\0';
	if (parse_u64(word, 1970, 9999, &year) < 0 ||
	    parse_u64(word + (word[5] == '0' ? 6 : 5), 1, 12, &month) < 0)
		return -EINVAL;
	*ret_from_ms = day_begins(terms, first_day_of((int)year, (int)month));
	*ret_until_ms = day_begins(terms, first_day_of((int)year, (int)month + 1));
	return 0;
}

void contract_month_text(const struct contract_terms *terms, int64_t ms,
			 char out[CONTRACT_MONTH_BYTES])
{
	const struct date date = date_of(contract_day(terms, ms));

	(void)snprintf(out, CONTRACT_MONTH_BYTES, "%04u-%02u", (unsigned)date.year % 10000,
		       (unsigned)date.month % 100);
}

/* --- charges --- */

struct due {
	int64_t from_ms, until_ms;
	int (*each)(void *context, const struct contract_charge *charge);
	void *context;
};

static int tell(const struct due *due, const struct contract_charge *charge)
{
	if (charge->minor <= 0 || charge->at_ms < due->from_ms || charge->at_ms >= due->until_ms)
		return 0;
	return due->each(due->context, charge);
}

/* What the beginning of a span costs; @month is the one it lies in. */
static int tell_beginning(const struct contract_terms *terms, const struct contract_span *span,
			  const struct contract_month *month, const struct due *due)
{
	struct contract_charge charge = {
		.span = span,
		.at_ms = span->from_ms,
		.from_ms = day_begins(terms, contract_day(terms, span->from_ms)),
		.until_ms = month->until_ms,
		.of_days = month->of_days};
	int64_t more = span->monthly_minor;
	int code = 0;

	if (span->reason == CONTRACT_MADE) {
		const struct contract_charge once = {.span = span,
						     .kind = CONTRACT_INITIAL,
						     .at_ms = span->from_ms,
						     .minor = span->initial_minor};
		code = tell(due, &once);
		charge.kind = CONTRACT_MONTH;
	} else if (span->reason == CONTRACT_PLAN || span->reason == CONTRACT_BACKUP) {
		more -= span->before_minor;
		charge.kind = CONTRACT_UPGRADE;
	} else {
		return 0;
	}
	charge.minor =
		more > 0 ? contract_rest_minor(terms, month, span->from_ms, more, &charge.days) : 0;
	return code < 0 ? code : tell(due, &charge);
}

int contract_charges(const struct contract_terms *terms, const struct contract_span *span,
		     int64_t from_ms, int64_t until_ms,
		     int (*each)(void *context, const struct contract_charge *charge),
		     void *context)
{
	const struct due due = {from_ms, until_ms, each, context};
	const int64_t end_ms =
		span->until_ms != 0 && span->until_ms < until_ms ? span->until_ms : until_ms;
	struct contract_month month = contract_month_at(terms, span->anchor_ms, span->from_ms);
	int code = 0;

	/* Begun with a month, it is paid for as that month is. */
	if (span->reason == CONTRACT_MADE || span->from_ms > month.from_ms)
		code = tell_beginning(terms, span, &month, &due);
	else
		month = (struct contract_month){.until_ms = month.from_ms};
	/* Long ago nothing is looked for. */
	if (code == 0 && month.until_ms < from_ms)
		month.until_ms = contract_month_at(terms, span->anchor_ms, from_ms).from_ms;
	while (code == 0 && month.until_ms < end_ms) {
		month = contract_month_at(terms, span->anchor_ms, month.until_ms);
		const struct contract_charge charge = {.span = span,
						       .kind = CONTRACT_MONTH,
						       .at_ms = month.from_ms,
						       .from_ms = month.from_ms,
						       .until_ms = month.until_ms,
						       .days = month.of_days,
						       .of_days = month.of_days,
						       .minor = span->monthly_minor};
		code = tell(&due, &charge);
	}
	return code;
}

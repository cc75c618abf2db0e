// What a server costs and when: months that are paid ahead, and what a larger plan adds meanwhile.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "model/money.h"
#include "model/name.h"

#define CONTRACT_MONTH_BYTES 8

enum contract_period {
	CONTRACT_ANNIVERSARY = 1,    /* from the day of creation to the day before it, a month on */
	CONTRACT_CALENDAR_MONTH = 2, /* the first one from the day of creation, by days */
};

/* The operator's choice, the same for everybody. */
struct contract_terms {
	enum contract_period period;
	int offset_minutes; /* of the clock that days begin by, east of UTC */
};

enum contract_reason {
	CONTRACT_MADE = 1,   /* the server was made */
	CONTRACT_PLAN = 2,   /* it got another plan */
	CONTRACT_PRICE = 3,  /* its plan got another price: holds from the next month on */
	CONTRACT_BACKUP = 5, /* backups of it were switched on or off */
	CONTRACT_OWNER = 4,  /* it was handed over: paid until the next month by who had it */
};

/* How long a server of a customer had one plan at one price. */
struct contract_span {
	uint64_t server_id;
	char server_name[NAME_HOST_BYTES];
	char plan[NAME_SLUG_BYTES];
	char currency[MONEY_CURRENCY_BYTES];
	int64_t monthly_minor;
	int64_t initial_minor;
	int64_t before_minor; /* a month's price until then; in the same currency */
	enum contract_reason reason;
	int64_t anchor_ms; /* when the server was made: its months begin by that day */
	int64_t from_ms;
	int64_t until_ms; /* 0: it is so still */
};

enum contract_kind {
	CONTRACT_INITIAL = 1, /* once, when it is made */
	CONTRACT_MONTH = 2,   /* at the beginning of each month, ahead */
	CONTRACT_UPGRADE = 3, /* what a larger plan costs more for the rest of the month */
};

struct contract_charge {
	const struct contract_span *span; /* borrowed */
	enum contract_kind kind;
	int64_t at_ms;
	int64_t from_ms, until_ms; /* what it is for; both 0 with CONTRACT_INITIAL */
	uint32_t days, of_days;    /* of a whole month: the same */
	int64_t minor;
};

/* A month of a contract: [from_ms, until_ms), whole days. */
struct contract_month {
	int64_t from_ms, until_ms;
	uint32_t of_days; /* of a whole one: the first of a calendar's months may be shorter */
};

const char *contract_period_name(enum contract_period period);
int contract_period_parse(const char *text, enum contract_period *ret);
const char *contract_kind_name(enum contract_kind kind);

/** contract_day() - the number of the day that @ms lies in: what is said of next charges holds for
 * one day. */
int64_t contract_day(const struct contract_terms *terms, int64_t ms);

/** contract_month_at() - the month of a contract made at @anchor_ms that @ms lies in; the first one
 * when @ms is earlier. */
struct contract_month contract_month_at(const struct contract_terms *terms, int64_t anchor_ms,
					int64_t ms);

/** contract_rest_minor() - what @monthly_minor comes to from the day of @ms to the month's end, in
 * days, rounded down. @ret_days: how many those are. */
int64_t contract_rest_minor(const struct contract_terms *terms, const struct contract_month *month,
			    int64_t ms, int64_t monthly_minor, uint32_t *ret_days);

/** contract_calendar_month() - "2026-11" by the clock of @terms: [*ret_from_ms, *ret_until_ms).
 * 0 or -EINVAL. */
int contract_calendar_month(const struct contract_terms *terms, const char *text,
			    int64_t *ret_from_ms, int64_t *ret_until_ms);
/** contract_month_text() - the calendar's month that @ms lies in: "2026-11". */
void contract_month_text(const struct contract_terms *terms, int64_t ms,
			 char out[CONTRACT_MONTH_BYTES]);

/** contract_charges() - calls @each for what falls due in [@from_ms, @until_ms) because of one
 * span, in order of time. What comes to nothing is left out. A negative code from @each ends it.
 * Return: 0, or that code. */
int contract_charges(const struct contract_terms *terms, const struct contract_span *span,
		     int64_t from_ms, int64_t until_ms,
		     int (*each)(void *context, const struct contract_charge *charge),
		     void *context);

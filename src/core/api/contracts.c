// /v1/contract: what an account has that costs something, what it was charged, and what more would
// cost. No money moves here.
#include "core/api/contracts.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/parse.h"
#include "core/api/json_text.h"
#include "core/api/router.h"
#include "core/api/servers.h"
#include "store/store_contract.h"
#include "store/store_customer.h"
#include "store/store_plan.h"
#include "store/store_server.h"

#define MAX_CURRENCIES 16

static const char csv_head[] =
	"time,kind,server,name,plan,from,until,days,of_days,amount,currency\r\n";

json_t *contracts_money(int64_t minor, const char *currency)
{
	char text[MONEY_TEXT_BYTES];

	money_format(minor, currency, text);
	return json_pack("{s:s, s:s, s:I}", "currency", currency, "amount", text, "amount_minor",
			 (json_int_t)minor);
}

int64_t contracts_monthly(const struct plan *plan, uint32_t backup_percent)
{
	return plan->price_monthly_minor + backup_minor(plan->price_monthly_minor, backup_percent);
}

void contracts_write_next(const struct contract_terms *terms, int64_t monthly_minor,
			  const char *currency, int64_t created_ms, int64_t now_ms, struct buf *out)
{
	char text[MONEY_TEXT_BYTES];

	if (monthly_minor <= 0) {
		(void)buf_puts(out, "null");
		return;
	}
	money_format(monthly_minor, currency, text);
	(void)buf_puts(out, "{\"at\":");
	json_text_time(out, contract_month_at(terms, created_ms, now_ms).until_ms);
	(void)buf_printf(out, ",\"price\":{\"currency\":\"%s\",\"amount\":\"%s\",", currency, text);
	(void)buf_printf(out, "\"amount_minor\":%" PRId64 "}}", monthly_minor);
}

/* --- sums --- */

struct sums {
	struct {
		char currency[MONEY_CURRENCY_BYTES];
		int64_t minor;
	} of[MAX_CURRENCIES];
	size_t count;
};

/* Of more currencies than anybody has, the last ones are left out. */
static void add(struct sums *sums, int64_t minor, const char *currency)
{
	size_t i = 0;

	while (i < sums->count && strcmp(sums->of[i].currency, currency) != 0)
		i++;
	if (i == MAX_CURRENCIES)
		return;
	if (i == sums->count)
		(void)snprintf(sums->of[sums->count++].currency, MONEY_CURRENCY_BYTES, "%s",
			       currency);
	if (__builtin_add_overflow(sums->of[i].minor, minor, &sums->of[i].minor))
		sums->of[i].minor = INT64_MAX;
}

static json_t *render_sums(const struct sums *sums)
{
	json_t *list = json_array();

	for (size_t i = 0; i < sums->count; i++)
		(void)json_array_append_new(
			list, contracts_money(sums->of[i].minor, sums->of[i].currency));
	return list;
}

/* --- whose --- */

/* The account of who asks, or the one that an operator of the service names. */
static int take_customer(struct request *request, uint64_t *ret, struct err *err)
{
	struct customer customer;
	int code;

	*ret = request->who.customer_id;
	if (strcmp(request->segments[0], "customers") != 0)
		return 0;
	*ret = request->id;
	code = store_customer_get(request->core->store, request->id, &customer, err);
	return code == ERR_NOT_FOUND
		       ? err_set(err, code, "there is no customer %" PRIu64, request->id)
		       : code;
}

static int take_now(struct request *request, struct store_spans *ret, struct err *err)
{
	uint64_t customer_id;
	int code = take_customer(request, &customer_id, err);

	return code < 0 ? code : store_contract_now(request->core->store, customer_id, ret, err);
}

/* --- what there is --- */

static json_t *render_terms(const struct contract_terms *terms)
{
	const int minutes =
		terms->offset_minutes < 0 ? -terms->offset_minutes : terms->offset_minutes;
	char offset[16];

	(void)snprintf(offset, sizeof offset, "%c%02d:%02d", terms->offset_minutes < 0 ? '-' : '+',
		       minutes / 60, minutes % 60);
	return json_pack("{s:s, s:s}", "period", contract_period_name(terms->period), "utc_offset",
			 offset);
}

static int get_contract(struct request *request, struct err *err)
{
	const struct contract_terms *terms = &request->core->terms;
	struct store_spans spans CLEANUP(store_contract_done) = {0};
	struct sums monthly = {0}, next = {0};
	const int64_t now_ms = clock_now_ms();
	int64_t next_ms = 0;
	char month[CONTRACT_MONTH_BYTES];
	int code = take_now(request, &spans, err);

	if (code < 0)
		return code;
	for (size_t i = 0; i < spans.count; i++) {
		const struct contract_span *span = &spans.items[i];
		if (span->monthly_minor <= 0)
			continue;
		const int64_t due_ms = contract_month_at(terms, span->anchor_ms, now_ms).until_ms;
		add(&monthly, span->monthly_minor, span->currency);
		if (next_ms == 0 || due_ms < next_ms) {
			next_ms = due_ms;
			next = (struct sums){0};
		}
		if (due_ms == next_ms)
			add(&next, span->monthly_minor, span->currency);
	}
	contract_month_text(terms, now_ms, month);
	json_t *charge = next_ms != 0 ? json_pack("{s:o, s:o}", "at", json_time(next_ms), "prices",
						  render_sums(&next))
				      : json_null();
	return request_answer(request, 200, "contract",
			      json_pack("{s:o, s:s, s:I, s:o, s:o}", "terms", render_terms(terms),
					"month", month, "servers", (json_int_t)spans.count,
					"monthly", render_sums(&monthly), "next_charge", charge));
}

static json_t *render_next(int64_t at_ms, int64_t minor, const char *currency)
{
	return minor > 0 ? json_pack("{s:o, s:o}", "at", json_time(at_ms), "price",
				     contracts_money(minor, currency))
			 : json_null();
}

static json_t *render_item(const struct contract_terms *terms, const struct contract_span *span,
			   int64_t now_ms)
{
	const struct contract_month month = contract_month_at(terms, span->anchor_ms, now_ms);

	return json_pack("{s:s, s:I, s:s, s:s, s:o, s:o, s:o, s:o, s:o}", "type", "server", "id",
			 (json_int_t)span->server_id, "name", span->server_name, "server_type",
			 span->plan, "since", json_time(span->anchor_ms), "price_monthly",
			 contracts_money(span->monthly_minor, span->currency), "from",
			 json_time(month.from_ms), "until", json_time(month.until_ms),
			 "next_charge",
			 render_next(month.until_ms, span->monthly_minor, span->currency));
}

/* Where a page begins and ends among @count. */
static void page_ends(const struct page *page, size_t count, size_t *ret_first, size_t *ret_end)
{
	const uint64_t first = page_offset(page);

	*ret_first = first < count ? (size_t)first : count;
	*ret_end = page->entries != 0 && count - *ret_first > page->entries
			   ? *ret_first + page->entries
			   : count;
}

static int list_items(struct request *request, struct err *err)
{
	struct list_query query CLEANUP(list_query_done) = {0};
	struct store_spans spans CLEANUP(store_contract_done) = {0};
	const int64_t now_ms = clock_now_ms();
	size_t first, end;
	int code;

	if ((code = request_list(request, 0, &query, err)) < 0 ||
	    (code = take_now(request, &spans, err)) < 0)
		return code;
	json_t *items = json_array();
	page_ends(&query.page, spans.count, &first, &end);
	for (size_t i = first; i < end; i++)
		(void)json_array_append_new(
			items, render_item(&request->core->terms, &spans.items[i], now_ms));
	return request_answer_list(request, "contract_items", items, &query.page, spans.count);
}

/* --- what was charged --- */

struct statement {
	struct store_spans spans;
	struct contract_charge *charges; /* by time */
	size_t count;
	size_t capacity;
	char month[CONTRACT_MONTH_BYTES];
	int64_t from_ms, until_ms; /* until now at most */
	bool complete;             /* the month is over */
};

static void statement_done(struct statement *statement)
{
	free(statement->charges);
	store_contract_done(&statement->spans);
}

static int keep(void *context, const struct contract_charge *charge)
{
	struct statement *statement = context;

	if (statement->count == statement->capacity) {
		const size_t capacity = statement->capacity != 0 ? 2 * statement->capacity : 64;
		struct contract_charge *more =
			reallocarray(statement->charges, capacity, sizeof *more);
		if (more == NULL)
			return -ENOMEM;
		statement->charges = more;
		statement->capacity = capacity;
	}
	statement->charges[statement->count++] = *charge;
	return 0;
}

/* By time; of one server what comes first stays first. */
static int compare(const void *one, const void *other)
{
	const struct contract_charge *a = one, *b = other;

	if (a->at_ms != b->at_ms)
		return a->at_ms < b->at_ms ? -1 : 1;
	if (a->span->server_id != b->span->server_id)
		return a->span->server_id < b->span->server_id ? -1 : 1;
	return (int)a->kind - (int)b->kind;
}

static int take_month(struct request *request, struct statement *ret, struct err *err)
{
	const struct contract_terms *terms = &request->core->terms;
	const char *text = request_query(request, "month");
	const int64_t now_ms = clock_now_ms();

	if (text == NULL)
		contract_month_text(terms, now_ms, ret->month);
	else if (strlen(text) < sizeof ret->month)
		(void)snprintf(ret->month, sizeof ret->month, "%s", text);
	if (contract_calendar_month(terms, ret->month, &ret->from_ms, &ret->until_ms) < 0)
		return request_invalid(request, err, "month", "must be like 2026-11");
	ret->complete = ret->until_ms <= now_ms;
	if (ret->until_ms > now_ms)
		ret->until_ms = now_ms + 1;
	return 0;
}

static int take_statement(struct request *request, struct statement *ret, struct err *err)
{
	uint64_t customer_id;
	int code;

	if ((code = take_customer(request, &customer_id, err)) < 0 ||
	    (code = take_month(request, ret, err)) < 0)
		return code;
	if (ret->from_ms >= ret->until_ms)
		return 0; /* is still to come */
	code = store_contract_spans(request->core->store, customer_id, ret->from_ms, ret->until_ms,
				    &ret->spans, err);
	for (size_t i = 0; code == 0 && i < ret->spans.count; i++)
		code = contract_charges(&request->core->terms, &ret->spans.items[i], ret->from_ms,
					ret->until_ms, keep, ret);
	if (code == -ENOMEM)
		return err_set(err, code, "no memory for the statement");
	if (ret->count > 0)
		qsort(ret->charges, ret->count, sizeof *ret->charges, compare);
	return code;
}

static json_t *render_charge(const struct contract_charge *charge)
{
	const struct contract_span *span = charge->span;

	return json_pack("{s:o, s:s, s:{s:I, s:s}, s:s, s:o, s:o, s:I, s:I, s:o}", "at",
			 json_time(charge->at_ms), "kind", contract_kind_name(charge->kind),
			 "server", "id", (json_int_t)span->server_id, "name", span->server_name,
			 "server_type", span->plan, "from", json_time(charge->from_ms), "until",
			 json_time(charge->until_ms), "days", (json_int_t)charge->days, "of_days",
			 (json_int_t)charge->of_days, "price",
			 contracts_money(charge->minor, span->currency));
}

/* Names of hosts and plans have neither commas nor quotes, and begin with no formula. */
static int answer_csv(struct request *request, const struct statement *statement)
{
	struct buf *out = &request->text;
	char amount[MONEY_TEXT_BYTES];

	(void)buf_puts(out, csv_head);
	for (size_t i = 0; i < statement->count; i++) {
		const struct contract_charge *charge = &statement->charges[i];
		const struct contract_span *span = charge->span;
		const int64_t times[] = {charge->at_ms, charge->from_ms, charge->until_ms};
		char text[ARRAY_SIZE(times)][CLOCK_TEXT_BYTES] = {{0}};
		for (size_t t = 0; t < ARRAY_SIZE(times); t++)
			if (times[t] != 0)
				clock_format(times[t], text[t]);
		money_format(charge->minor, span->currency, amount);
		(void)buf_printf(out, "%s,%s,%" PRIu64 ",%s,%s,%s,%s,%u,%u,%s,%s\r\n", text[0],
				 contract_kind_name(charge->kind), span->server_id,
				 span->server_name, span->plan, text[1], text[2], charge->days,
				 charge->of_days, amount, span->currency);
	}
	request->content_type = "text/csv; charset=utf-8; header=present";
	return out->error;
}

static int list_charges(struct request *request, struct err *err)
{
	struct list_query query CLEANUP(list_query_done) = {0};
	struct statement statement CLEANUP(statement_done) = {0};
	const char *format = request_query(request, "format");
	struct sums totals = {0};
	size_t first, end;
	int code;

	if (format != NULL && strcmp(format, "csv") != 0 && strcmp(format, "json") != 0)
		return request_invalid(request, err, "format", "must be json or csv");
	if ((code = request_list(request, 0, &query, err)) < 0 ||
	    (code = take_statement(request, &statement, err)) < 0)
		return code;
	if (format != NULL && strcmp(format, "csv") == 0)
		return answer_csv(request, &statement);
	for (size_t i = 0; i < statement.count; i++)
		add(&totals, statement.charges[i].minor, statement.charges[i].span->currency);
	json_t *charges = json_array();
	page_ends(&query.page, statement.count, &first, &end);
	for (size_t i = first; i < end; i++)
		(void)json_array_append_new(charges, render_charge(&statement.charges[i]));
	code = request_answer_list(request, "charges", charges, &query.page, statement.count);
	(void)json_object_set_new(request->reply, "month", json_string(statement.month));
	(void)json_object_set_new(request->reply, "complete", json_boolean(statement.complete));
	(void)json_object_set_new(request->reply, "totals", render_sums(&totals));
	return code;
}

/* --- what more would cost --- */

/* That is asked for; without one, the plan that the server has. */
static int take_plan(struct request *request, const struct server *server, struct plan *ret,
		     struct err *err)
{
	const char *text = request_query(request, "server_type");
	struct store *store = request->core->store;
	uint64_t id;
	int code;

	if (text == NULL && server->id != 0)
		return store_plan_get(store, server->server_type_id, ret, err);
	if (text == NULL)
		return request_invalid(request, err, "server_type",
				       "Missing data for required field.");
	code = parse_u64(text, 1, INT64_MAX, &id) == 0
		       ? store_plan_get(store, id, ret, err)
		       : store_plan_get_by_name(store, text, ret, err);
	return code == ERR_NOT_FOUND
		       ? request_invalid(request, err, "server_type",
					 "there is no such plan; GET /v1/server_types lists them")
		       : code;
}

/* The server that it is about; of a new one the id stays 0. */
static int take_server(struct request *request, struct server *ret, struct err *err)
{
	const char *text = request_query(request, "server");
	struct store *store = request->core->store;
	uint64_t id;
	int code;

	if (text == NULL)
		return 0;
	code = parse_u64(text, 1, INT64_MAX, &id) == 0
		       ? store_server_get(store, request->who.customer_id, id, ret, err)
		       : store_server_get_by_name(store, request->who.customer_id, text, ret, err);
	return code == ERR_NOT_FOUND
		       ? request_invalid(request, err, "server",
					 "there is no such server; GET /v1/servers lists them")
		       : code;
}

/* What the server costs until then. */
static int take_before(struct request *request, const struct server *server,
		       struct contract_span *span, struct err *err)
{
	struct plan before;
	int code;

	if (server->id == 0)
		return 0;
	if ((code = store_plan_get(request->core->store, server->server_type_id, &before, err)) < 0)
		return code;
	span->reason = CONTRACT_PLAN;
	span->anchor_ms = server->created_ms;
	if (strcmp(before.currency, span->currency) == 0)
		span->before_minor = contracts_monthly(&before, server->backup_percent);
	return 0;
}

/* With backups, without them, or as it is. */
static int take_backup(struct request *request, const struct server *server, uint32_t *ret_percent,
		       struct err *err)
{
	const char *text = request_query(request, "backup");

	*ret_percent = server->backup_percent;
	if (text == NULL)
		return 0;
	if (strcmp(text, "false") == 0)
		*ret_percent = 0;
	else if (strcmp(text, "true") != 0)
		return request_invalid(request, err, "backup", "must be true or false");
	else if (server->backup_window == BACKUP_NONE)
		*ret_percent = request->core->config->backup_percentage;
	return 0;
}

struct quoting {
	json_t *charges;
	int64_t minor;
};

static int quote_charge(void *context, const struct contract_charge *charge)
{
	struct quoting *quoting = context;

	quoting->minor += charge->minor;
	return json_array_append_new(
		quoting->charges,
		json_pack("{s:s, s:o, s:o, s:I, s:I, s:o}", "kind",
			  contract_kind_name(charge->kind), "from", json_time(charge->from_ms),
			  "until", json_time(charge->until_ms), "days", (json_int_t)charge->days,
			  "of_days", (json_int_t)charge->of_days, "price",
			  contracts_money(charge->minor, charge->span->currency)));
}

static int quote(struct request *request, struct err *err)
{
	const struct contract_terms *terms = &request->core->terms;
	const int64_t now_ms = clock_now_ms();
	struct contract_span span = {
		.reason = CONTRACT_MADE, .anchor_ms = now_ms, .from_ms = now_ms};
	struct server server CLEANUP(server_done) = {0};
	struct quoting quoting = {0};
	struct plan plan;
	uint32_t percent;
	int code;

	if ((code = take_server(request, &server, err)) < 0 ||
	    (code = take_plan(request, &server, &plan, err)) < 0 ||
	    (code = take_backup(request, &server, &percent, err)) < 0)
		return code;
	(void)snprintf(span.currency, sizeof span.currency, "%s", plan.currency);
	span.monthly_minor = contracts_monthly(&plan, percent);
	span.initial_minor = plan.price_initial_minor;
	if ((code = take_before(request, &server, &span, err)) < 0)
		return code;
	quoting.charges = json_array();
	(void)contract_charges(terms, &span, now_ms, now_ms + 1, quote_charge, &quoting);
	const struct contract_month month = contract_month_at(terms, span.anchor_ms, now_ms);
	return request_answer(
		request, 200, "quote",
		json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "server_type", plan.name, "terms",
			  render_terms(terms), "now", contracts_money(quoting.minor, plan.currency),
			  "charges", quoting.charges, "backup",
			  percent != 0
				  ? contracts_money(backup_minor(plan.price_monthly_minor, percent),
						    plan.currency)
				  : json_null(),
			  "price_monthly", contracts_money(span.monthly_minor, plan.currency),
			  "next_charge",
			  render_next(month.until_ms, span.monthly_minor, plan.currency)));
}

const struct route contract_routes[] = {
	{"GET", "/contract", ACCESS_READ, get_contract},
	{"GET", "/contract/items", ACCESS_READ, list_items},
	{"GET", "/contract/charges", ACCESS_READ, list_charges},
	{"GET", "/contract/quote", ACCESS_READ, quote},
	{"GET", "/customers/{id}/contract", ACCESS_SERVICE_READ, get_contract},
	{"GET", "/customers/{id}/contract/items", ACCESS_SERVICE_READ, list_items},
	{"GET", "/customers/{id}/contract/charges", ACCESS_SERVICE_READ, list_charges},
	{NULL, NULL, 0, NULL},
};

// ippo contract: what an account has that costs something, and what it was charged.
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "cli/api.h"
#include "cli/print.h"
#include "cli/request.h"

#define PRICE_BYTES 64

/* "980 JPY" */
static const char *price_text(const json_t *price, char out[PRICE_BYTES])
{
	(void)snprintf(out, PRICE_BYTES, "%.40s %.8s", json_text(price, "amount"),
		       json_text(price, "currency"));
	return out;
}

/* "/contract/charges?…", of the account or of the customer that --customer names. Returns an exit
 * code. */
static int put_path(struct invocation *invocation, const char *rest, struct buf *path)
{
	const char *customer = option_text(invocation, "customer");
	struct err err = {0};
	json_t *found = NULL;

	if (customer != NULL) {
		if (api_find(invocation->api, "customers", "customers", "customer", customer,
			     &found, &err) < 0)
			return print_failure(&err);
		(void)buf_printf(path, "/customers/%lld", (long long)json_number(found, "id"));
		json_decref(found);
	}
	(void)buf_printf(path, "/contract%s", rest);
	return EXIT_OK;
}

static void print_prices(const char *name, const json_t *prices, const char *at)
{
	char text[PRICE_BYTES];
	const json_t *price;
	size_t i;

	json_array_foreach(prices, i, price)
		print_field(i == 0 ? name : "", "%s%s%s", price_text(price, text),
			    at != NULL ? " on " : "", at != NULL ? at : "");
}

static void print_terms(const json_t *terms)
{
	const bool calendar = strcmp(json_text(terms, "period"), "calendar_month") == 0;

	print_field("Charged",
		    calendar ? "ahead, on the first of each month (UTC%s); the first month by days"
			     : "ahead, each month on the day of creation (UTC%s)",
		    json_text(terms, "utc_offset"));
}

static int contract_show(struct invocation *invocation)
{
	struct buf path CLEANUP(buf_done) = {0};
	struct err err = {0};
	json_t *reply = NULL;
	int code = put_path(invocation, "", &path);

	if (code != EXIT_OK)
		return code;
	if (api_call(invocation->api, "GET", buf_str(&path), NULL, -1, &reply, &err) < 0)
		return print_failure(&err);
	const json_t *contract = json_object_get(reply, "contract");
	if (invocation->json) {
		print_json(contract);
	} else {
		const json_t *next = json_object_get(contract, "next_charge");
		print_terms(json_object_get(contract, "terms"));
		print_field("Servers", "%lld", (long long)json_number(contract, "servers"));
		print_prices("Each month", json_object_get(contract, "monthly"), NULL);
		if (json_is_object(next))
			print_prices("Next charge", json_object_get(next, "prices"),
				     json_text(next, "at"));
	}
	json_decref(reply);
	return EXIT_OK;
}

static void item_row(struct table *table, const json_t *item)
{
	char id[24], price[PRICE_BYTES];
	const bool costs = json_is_object(json_object_get(item, "next_charge"));

	(void)snprintf(id, sizeof id, "%lld", (long long)json_number(item, "id"));
	table_row(table, id, json_text(item, "name"), json_text(item, "server_type"),
		  price_text(json_object_get(item, "price_monthly"), price),
		  json_text(item, "since"), costs ? json_text(item, "next_charge.at") : "-");
}

static int contract_list(struct invocation *invocation)
{
	struct buf path CLEANUP(buf_done) = {0};
	int code = put_path(invocation, "/items", &path);

	return code != EXIT_OK ? code
			       : request_list(invocation, buf_str(&path), "contract_items",
					      "ID NAME PLAN EACH-MONTH SINCE NEXT-CHARGE", item_row,
					      "There are no servers.");
}

static void charge_row(struct table *table, const json_t *charge)
{
	char price[PRICE_BYTES], days[32] = "-";

	if (json_number(charge, "of_days") > 0)
		(void)snprintf(days, sizeof days, "%lld/%lld",
			       (long long)json_number(charge, "days"),
			       (long long)json_number(charge, "of_days"));
	table_row(table, json_text(charge, "at"), json_text(charge, "kind"),
		  json_text(charge, "server.name"), json_text(charge, "server_type"), days,
		  price_text(json_object_get(charge, "price"), price));
}

/* "?month=2026-11&…" after the path of charges. */
static int put_charges(struct invocation *invocation, const char *format, struct buf *path)
{
	const char *month = option_text(invocation, "month");
	int code = put_path(invocation, "/charges?format=", path);

	(void)buf_puts(path, format);
	if (month != NULL) {
		AUTO_FREE char *escaped = api_escape(month);
		(void)buf_printf(path, "&month=%s", escaped);
	}
	return code;
}

static int contract_charges(struct invocation *invocation)
{
	struct buf path CLEANUP(buf_done) = {0};
	struct err err = {0};
	json_t *first = NULL;
	int code = put_charges(invocation, "json", &path);

	if (code != EXIT_OK)
		return code;
	code = request_list(invocation, buf_str(&path), "charges",
			    "TIME KIND SERVER PLAN DAYS PRICE", charge_row,
			    "Nothing was charged in that month.");
	if (code != EXIT_OK || invocation->json)
		return code;
	if (api_page(invocation->api, buf_str(&path), &first, &err) < 0)
		return print_failure(&err);
	print_prices(json_is_true(json_object_get(first, "complete")) ? "Sum" : "Sum so far",
		     json_object_get(first, "totals"), NULL);
	json_decref(first);
	return EXIT_OK;
}

static int contract_export(struct invocation *invocation)
{
	struct buf path CLEANUP(buf_done) = {0};
	int code = put_charges(invocation, "csv", &path);

	return code != EXIT_OK ? code
			       : request_save(invocation, buf_str(&path),
					      option_text(invocation, "file"), "the statement");
}

static int contract_quote(struct invocation *invocation)
{
	AUTO_FREE char *plan = api_escape(invocation->positionals[0]);
	const char *server = option_text(invocation, "server");
	struct buf path CLEANUP(buf_done) = {0};
	char now[PRICE_BYTES], next[PRICE_BYTES];
	struct err err = {0};
	json_t *reply = NULL;

	(void)buf_printf(&path, "/contract/quote?server_type=%s", plan);
	if (server != NULL) {
		AUTO_FREE char *escaped = api_escape(server);
		(void)buf_printf(&path, "&server=%s", escaped);
	}
	if (api_call(invocation->api, "GET", buf_str(&path), NULL, -1, &reply, &err) < 0)
		return print_failure(&err);
	const json_t *quote = json_object_get(reply, "quote");
	if (invocation->json) {
		print_json(quote);
	} else {
		print_field("Plan", "%s", json_text(quote, "server_type"));
		print_field("Now", "%s", price_text(json_object_get(quote, "now"), now));
		if (json_is_object(json_object_get(quote, "next_charge")))
			print_field("Next charge", "%s on %s, and so each month",
				    price_text(json_at(quote, "next_charge.price"), next),
				    json_text(quote, "next_charge.at"));
		print_terms(json_object_get(quote, "terms"));
	}
	json_decref(reply);
	return EXIT_OK;
}

#define CUSTOMER                                                                                   \
	{                                                                                          \
		"customer", "NAME", "of this customer; for operators of the service", false        \
	}
#define MONTH                                                                                      \
	{                                                                                          \
		"month", "YYYY-MM", "of this month; the one that is now", false                    \
	}

static const struct option_rule customer_options[] = {CUSTOMER, {NULL, NULL, NULL, false}};
static const struct option_rule charges_options[] = {CUSTOMER, MONTH, {NULL, NULL, NULL, false}};
static const struct option_rule export_options[] = {
	CUSTOMER,
	MONTH,
	{"file", "FILE", "write a new file, not standard output", false},
	{NULL, NULL, NULL, false},
};
static const struct option_rule quote_options[] = {
	{"server", "NAME", "as the new plan of this server, not for a new one", false},
	{NULL, NULL, NULL, false},
};

const struct command contract_commands[] = {
	{"contract", "show", "", "Show what it comes to each month, and the next charge",
	 customer_options, contract_show},
	{"contract", "list", "", "List what costs something, and when it is charged for",
	 customer_options, contract_list},
	{"contract", "charges", "", "Show what was charged in a month", charges_options,
	 contract_charges},
	{"contract", "export", "", "Write what was charged in a month as CSV", export_options,
	 contract_export},
	{"contract", "quote", "PLAN",
	 "Show what a server, or a change of plan, would cost and when", quote_options,
	 contract_quote},
	{NULL, NULL, NULL, NULL, NULL, NULL},
};

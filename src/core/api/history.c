/*
 * /v1/history: who did what, from where, and how it went; as pages, as CSV, and whether it is
 * whole.
 *
 * Both the CSV and the check go through the whole table, so both go in slices of some milliseconds,
 * between which everybody else is served. The CSV (RFC 4180) waits for its reader: a slice goes out
 * when the one before has reached the client, so that nothing piles up in any process.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/parse.h"
#include "core/api/outflow.h"
#include "core/api/router.h"
#include "store/store_customer.h"
#include "store/store_history.h"

#define EXPORTS_MAX  8
#define EXPORT_IDS   2000 /* looked at in a slice */
#define CHECKS_MAX   4
#define CHECK_LINES  1000 /* in a slice */
#define FILTER_BYTES 256
#define DATE_BYTES   10 /* of "2026-11-25" */

/* --- what is asked for --- */

/* 2026-11-25, or parse_time()'s form. In a query an unescaped + is a space. */
static bool read_moment(const char *text, int64_t *ret_ms)
{
	char copy[64] = "";
	char *space;

	if (snprintf(copy, sizeof copy, "%s%s", text,
		     strlen(text) == DATE_BYTES ? "T00:00:00Z" : "") >= (int)sizeof copy)
		return false;
	if (copy[DATE_BYTES] == ' ')
		copy[DATE_BYTES] = 'T';
	if ((space = strchr(copy, ' ')) != NULL)
		*space = '+';
	return parse_time(copy, ret_ms) == 0;
}

static int take_time(struct request *request, const char *key, int64_t *ret, struct err *err)
{
	const char *text = request_query(request, key);

	if (text != NULL && !read_moment(text, ret))
		return request_invalid(request, err, key,
				       "must be a day or a time: 2026-11-25, "
				       "2026-11-25T09:00:00+09:00");
	return 0;
}

static int take_id(struct request *request, const char *key, uint64_t *ret, struct err *err)
{
	const char *text = request_query(request, key);

	if (text != NULL && parse_u64(text, 1, INT64_MAX, ret) < 0)
		return request_invalid(request, err, key, "must be a number");
	return 0;
}

/* Customers see their own; operators everybody's, or one customer's. */
static int take_customer(struct request *request, struct store_history_filter *filter,
			 struct err *err)
{
	const char *text = request_query(request, "customer");
	struct customer customer = {0};
	int code = 0;

	filter->of_customer = !request->who.service ||
			      http_request_header(request->http, "x-ippo-customer") != NULL;
	filter->customer_id = request->who.customer_id;
	if (text == NULL)
		return 0;
	if (!request->who.service)
		return err_set(err, ERR_FORBIDDEN,
			       "only operators of the service see the history of others");
	filter->of_customer = true;
	if (strcmp(text, "service") == 0)
		filter->customer_id = 0;
	else if (parse_u64(text, 1, INT64_MAX, &filter->customer_id) < 0) {
		/* One that is gone has its lines still: by its number. */
		code = store_customer_get_by_name(request->core->store, text, &customer, err);
		filter->customer_id = customer.id;
	}
	return code == ERR_NOT_FOUND
		       ? request_invalid(request, err, "customer", "there is no such customer")
		       : code;
}

static int take_filter(struct request *request, struct store_history_filter *filter,
		       struct err *err)
{
	const char *result = request_query(request, "result");
	uint64_t server_id = 0;
	int code;

	filter->what = request_query(request, "what");
	filter->actor = request_query(request, "actor");
	if ((code = take_customer(request, filter, err)) < 0 ||
	    (code = take_id(request, "server", &server_id, err)) < 0 ||
	    (code = take_id(request, "action", &filter->action_id, err)) < 0 ||
	    (code = take_id(request, "before", &filter->before, err)) < 0 ||
	    (code = take_time(request, "from", &filter->from_ms, err)) < 0 ||
	    (code = take_time(request, "to", &filter->to_ms, err)) < 0)
		return code;
	if (server_id != 0) {
		filter->resource_type = "server";
		filter->resource_id = server_id;
	}
	if (result != NULL && history_line_result_parse(result, &filter->result) < 0)
		return request_invalid(request, err, "result",
				       "must be accepted, success, refused or error");
	if ((filter->what != NULL && strlen(filter->what) >= HISTORY_WHAT_BYTES) ||
	    (filter->actor != NULL && strlen(filter->actor) >= FILTER_BYTES))
		return request_invalid(request, err, filter->what != NULL ? "what" : "actor",
				       "is too long");
	return 0;
}

/* --- pages --- */

static json_t *text_or_null(const char *text)
{
	return *text != '\0' ? json_string(text) : json_null();
}

static json_t *id_or_null(uint64_t id)
{
	return id != 0 ? json_integer((json_int_t)id) : json_null();
}

static json_t *render(const struct history_line *line)
{
	char hash[2 * HISTORY_HASH_BYTES + 1];
	json_t *details = *line->details != '\0' ? json_loads(line->details, 0, NULL) : NULL;
	json_t *resource = json_null();

	format_hex(line->hash, sizeof line->hash, hash);
	if (*line->resource_type != '\0')
		resource = json_pack("{s:s, s:o, s:s}", "type", line->resource_type, "id",
				     id_or_null(line->resource_id), "name", line->resource_name);
	return json_pack(
		"{s:I, s:o, s:o, s:{s:s, s:o, s:s}, s:b, s:s, s:s, s:s, s:o, s:o, s:o, s:o, "
		"s:s}",
		"id", (json_int_t)line->id, "time", json_time(line->time_ms), "customer_id",
		id_or_null(line->customer_id), "actor", "kind",
		history_line_actor_name(line->actor), "id",
		line->actor == HISTORY_SYSTEM || line->actor == HISTORY_NOBODY
			? json_null()
			: json_integer((json_int_t)line->actor_id),
		"name", line->actor_name, "operator", line->by_operator, "peer", line->peer, "what",
		line->what, "result", history_line_result_name(line->result), "error",
		text_or_null(line->error_code), "resource", resource, "action_id",
		id_or_null(line->action_id), "details", details != NULL ? details : json_object(),
		"hash", hash);
}

static int answer_page(struct request *request, struct store_history_filter *filter,
		       struct err *err)
{
	struct list_query query CLEANUP(list_query_done) = {0};
	struct store_history history = {0};
	json_t *items;
	int code;

	if ((code = request_list(request, 0, &query, err)) < 0)
		return code;
	filter->page = query.page;
	if ((code = store_history_list(request->core->store, filter, &history, err)) < 0)
		return code;
	items = json_array();
	for (size_t i = 0; i < history.count; i++)
		(void)json_array_append_new(items, render(&history.items[i]));
	const uint64_t total = history.total;
	store_history_done(&history);
	return request_answer_list(request, "history", items, &query.page, total);
}

/* --- CSV --- */

struct export
{
	struct core *core;
	uint64_t at;    /* ids below are still to come */
	uint64_t floor; /* down to above this one */
	struct store_history_filter filter;
	char what[HISTORY_WHAT_BYTES];
	char actor[FILTER_BYTES];
};

static unsigned export_count;

static const char csv_head[] = "id,time,customer_id,actor_kind,actor_id,actor,operator,from,what,"
			       "result,error,resource_type,resource_id,resource,action_id,details,"
			       "hash\r\n";

/* A text as a field. What a spreadsheet would take for a formula begins with an apostrophe. */
static void put_text(struct buf *out, const char *text)
{
	(void)buf_puts(out, ",\"");
	if (*text != '\0' && strchr("=+-@\t\r", *text) != NULL)
		(void)buf_putc(out, '\'');
	for (; *text != '\0'; text++) {
		if (*text == '"')
			(void)buf_putc(out, '"');
		(void)buf_putc(out, *text);
	}
	(void)buf_putc(out, '"');
}

static void put_number(struct buf *out, uint64_t number, bool is_there)
{
	if (is_there)
		(void)buf_printf(out, ",%llu", (unsigned long long)number);
	else
		(void)buf_putc(out, ',');
}

static void put_line(struct buf *out, const struct history_line *line)
{
	char time[CLOCK_TEXT_BYTES], hash[2 * HISTORY_HASH_BYTES + 1];

	clock_format(line->time_ms, time);
	format_hex(line->hash, sizeof line->hash, hash);
	(void)buf_printf(out, "%llu,%s", (unsigned long long)line->id, time);
	put_number(out, line->customer_id, line->customer_id != 0);
	(void)buf_printf(out, ",%s", history_line_actor_name(line->actor));
	put_number(out, line->actor_id,
		   line->actor != HISTORY_SYSTEM && line->actor != HISTORY_NOBODY);
	put_text(out, line->actor_name);
	(void)buf_puts(out, line->by_operator ? ",true" : ",false");
	put_text(out, line->peer);
	put_text(out, line->what);
	(void)buf_printf(out, ",%s", history_line_result_name(line->result));
	put_text(out, line->error_code);
	put_text(out, line->resource_type);
	put_number(out, line->resource_id, line->resource_id != 0);
	put_text(out, line->resource_name);
	put_number(out, line->action_id, line->action_id != 0);
	put_text(out, line->details);
	(void)buf_printf(out, ",%s\r\n", hash);
}

/* Lines of the next ids. Whether those were the last. */
static int slice(struct export *export, struct buf *out, struct err *err)
{
	struct store_history history CLEANUP(store_history_done) = {0};
	int code;

	export->filter.before = export->at;
	export->filter.after = export->at - 1 > export->floor + EXPORT_IDS
				       ? export->at - 1 - EXPORT_IDS
				       : export->floor;
	if ((code = store_history_span(export->core->store, &export->filter, &history, err)) < 0)
		return code;
	for (size_t i = 0; i < history.count; i++)
		put_line(out, &history.items[i]);
	export->at = export->filter.after + 1;
	return out->error;
}

static bool next_lines(void *context, struct buf *out)
{
	struct export *export = context;
	struct err err = {0};

	if (export->at - 1 > export->floor && slice(export, out, &err) < 0) {
		/* The head said 200; a line that is none says the rest. */
		buf_clear(out);
		(void)buf_puts(out, "error: the export broke off\r\n");
		export->at = export->floor + 1;
	}
	return export->at - 1 <= export->floor;
}

static void end_export(void *context)
{
	export_count--;
	free(context);
}

static const struct outflow_source export_source = {next_lines, end_export};

static int answer_csv(struct request *request, const struct store_history_filter *filter,
		      struct err *err)
{
	const struct http_reply head = {
		.status = 200,
		.headers = {{"content-type", "text/csv; charset=utf-8; header=present"},
			    {"content-disposition", "attachment; filename=\"history.csv\""},
			    {"cache-control", "no-store"}},
		.header_count = 3,
		.body = (const uint8_t *)csv_head,
		.body_bytes = sizeof csv_head - 1};
	struct store_history_ends ends;
	struct export *export;
	int code = store_history_ends(request->core->store, &ends, err);

	if (code < 0)
		return code;
	if (export_count >= EXPORTS_MAX)
		return err_set(err, ERR_UNAVAILABLE,
			       "%d exports are under way; try again when one has ended",
			       EXPORTS_MAX);
	export = calloc(1, sizeof *export);
	if (export == NULL)
		return err_set(err, -ENOMEM, "no memory");
	export->core = request->core;
	export->filter = *filter;
	(void)snprintf(export->what, sizeof export->what, "%s",
		       filter->what != NULL ? filter->what : "");
	(void)snprintf(export->actor, sizeof export->actor, "%s",
		       filter->actor != NULL ? filter->actor : "");
	export->filter.what = filter->what != NULL ? export->what : NULL;
	export->filter.actor = filter->actor != NULL ? export->actor : NULL;
	export->at = filter->before != 0 && filter->before <= ends.head_id ? filter->before
									   : ends.head_id + 1;
	export->floor = ends.anchor_id;
	export_count++;
	return outflow_begin(request, &head, &export_source, export, err);
}

static int list(struct request *request, struct err *err)
{
	const char *format = request_query(request, "format");
	const char *accept = http_request_header(request->http, "accept");
	struct store_history_filter filter = {0};
	int code = take_filter(request, &filter, err);

	if (code < 0)
		return code;
	if (format != NULL && strcmp(format, "csv") != 0 && strcmp(format, "json") != 0)
		return request_invalid(request, err, "format", "must be json or csv");
	if (format != NULL ? strcmp(format, "csv") == 0
			   : accept != NULL && strncasecmp(accept, "text/csv", 8) == 0)
		return answer_csv(request, &filter, err);
	return answer_page(request, &filter, err);
}

/* --- is it whole? --- */

struct checking {
	struct request *request;
	uv_timer_t timer;
	struct store_history_check check;
};

static unsigned check_count;

static json_t *render_end(uint64_t id, const uint8_t hash[HISTORY_HASH_BYTES])
{
	char text[2 * HISTORY_HASH_BYTES + 1];

	format_hex(hash, HISTORY_HASH_BYTES, text);
	return json_pack("{s:I, s:s}", "id", (json_int_t)id, "hash", text);
}

static json_t *render_check(const struct store_history_check *check)
{
	json_t *problems = json_array();

	for (size_t i = 0; i < check->problems && i < STORE_HISTORY_FINDINGS; i++)
		(void)json_array_append_new(
			problems, json_pack("{s:s, s:I, s:I}", "problem",
					    store_history_problem_name(check->findings[i].problem),
					    "first", (json_int_t)check->findings[i].id, "last",
					    (json_int_t)check->findings[i].last));
	return json_pack("{s:b, s:I, s:I, s:o, s:o, s:o}", "whole", check->problems == 0, "lines",
			 (json_int_t)check->lines, "problem_count", (json_int_t)check->problems,
			 "problems", problems, "anchor",
			 render_end(check->ends.anchor_id, check->ends.anchor_hash), "head",
			 render_end(check->ends.head_id, check->ends.head_hash));
}

static void on_checking_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static void on_check_turn(uv_timer_t *timer)
{
	struct checking *checking = timer->data;
	struct request *request = checking->request;
	struct err err = {0};
	int code = store_history_check(request->core->store, &checking->check, CHECK_LINES, &err);

	if (code == 0 && !checking->check.done) {
		(void)uv_timer_start(timer, on_check_turn, 0, 0);
		return;
	}
	if (code == 0)
		code = request_answer(request, 200, "verification", render_check(&checking->check));
	router_finish(request, code, &err);
	check_count--;
	uv_close((uv_handle_t *)timer, on_checking_closed);
}

/* ID:HASH, as the log and the check itself print the head. */
static int take_noted(struct request *request, struct store_history_check *check, struct err *err)
{
	const char *text = request_query(request, "noted"), *colon;
	char id[24];

	if (text == NULL)
		return 0;
	colon = strchr(text, ':');
	if (colon == NULL || (size_t)(colon - text) >= sizeof id ||
	    parse_hex(colon + 1, check->noted_hash, sizeof check->noted_hash) < 0)
		return request_invalid(request, err, "noted", "must be a line's number:hash");
	(void)snprintf(id, sizeof id, "%.*s", (int)(colon - text), text);
	if (parse_u64(id, 1, INT64_MAX, &check->noted_id) < 0)
		return request_invalid(request, err, "noted", "must be a line's number:hash");
	return 0;
}

static int verify(struct request *request, struct err *err)
{
	struct checking *checking;
	int code;

	if (check_count >= CHECKS_MAX)
		return err_set(err, ERR_UNAVAILABLE,
			       "%d checks are under way; try again when one has ended", CHECKS_MAX);
	checking = calloc(1, sizeof *checking);
	if (checking == NULL)
		return err_set(err, -ENOMEM, "no memory");
	if ((code = take_noted(request, &checking->check, err)) < 0) {
		free(checking);
		return code;
	}
	checking->request = request;
	(void)uv_timer_init(&request->core->loop, &checking->timer);
	checking->timer.data = checking;
	(void)uv_timer_start(&checking->timer, on_check_turn, 0, 0);
	check_count++;
	return REQUEST_LATER;
}

const struct route history_routes[] = {
	{"GET", "/history", ACCESS_READ, list},
	{"GET", "/history/verify", ACCESS_SERVICE_READ, verify},
	{NULL, NULL, 0, NULL},
};

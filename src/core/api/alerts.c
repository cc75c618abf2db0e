// /v1/alert_rules: what customers want to be told of their servers; /v1/alerts: what came of it.
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/parse.h"
#include "base/secret.h"
#include "core/alerts/alerts.h"
#include "core/alerts/telling.h"
#include "core/api/note.h"
#include "core/api/router.h"
#include "core/events.h"
#include "store/store_alert.h"
#include "store/store_server.h"

#define SECRET_BYTES 24

static json_t *word(const char *text)
{
	return text != NULL && *text != '\0' ? json_string(text) : json_null();
}

static json_t *number(bool there, int64_t value)
{
	return there ? json_integer((json_int_t)value) : json_null();
}

/* --- rules --- */

static json_t *render_rule(const struct alert_rule *rule)
{
	const bool is_metric = rule->kind == ALERT_METRIC;

	return json_pack("{s:I, s:o, s:o, s:b, s:s, s:o, s:o, s:o, s:o, s:b, s:o, s:o}", "id",
			 (json_int_t)rule->id, "server",
			 number(rule->server_id != 0, (int64_t)rule->server_id), "label_selector",
			 word(rule->selector), "all_servers",
			 rule->server_id == 0 && rule->selector == NULL, "kind",
			 alert_kind_name(rule->kind), "metric",
			 word(alert_metric_name(rule->metric)), "comparison",
			 word(alert_comparison_name(rule->comparison)), "threshold",
			 number(is_metric, rule->threshold), "minutes",
			 number(is_metric, rule->minutes), "mail", rule->mail, "webhook_url",
			 word(rule->webhook), "created", json_time(rule->created_ms));
}

static int find_rule(struct request *request, struct alert_rule *ret, struct err *err)
{
	int code = store_alert_rule_get(request->core->store, request->who.customer_id, request->id,
					ret, err);

	return code == ERR_NOT_FOUND
		       ? err_set(err, code, "there is no alert rule %" PRIu64, request->id)
		       : code;
}

static int take_server_query(struct request *request, uint64_t *ret, struct err *err)
{
	const char *text = request_query(request, "server");

	return text == NULL || parse_u64(text, 1, INT64_MAX, ret) == 0
		       ? 0
		       : request_invalid(request, err, "server", "must be a server's number");
}

static int list_rules(struct request *request, struct err *err)
{
	struct list_query query CLEANUP(list_query_done) = {0};
	struct store_alert_rules rules CLEANUP(store_alert_rule_done) = {0};
	uint64_t server_id = 0;
	json_t *items;
	int code;

	if ((code = request_list(request, 0, &query, err)) < 0 ||
	    (code = take_server_query(request, &server_id, err)) < 0 ||
	    (code = store_alert_rule_list(request->core->store, request->who.customer_id, server_id,
					  &query.page, &rules, err)) < 0)
		return code;
	items = json_array();
	for (size_t i = 0; i < rules.count; i++)
		(void)json_array_append_new(items, render_rule(&rules.items[i]));
	return request_answer_list(request, "alert_rules", items, &query.page, rules.total);
}

static int get_rule(struct request *request, struct err *err)
{
	struct alert_rule rule CLEANUP(alert_rule_done) = {0};
	int code = find_rule(request, &rule, err);

	return code < 0 ? code : request_answer(request, 200, "alert_rule", render_rule(&rule));
}

static bool has(const struct request *request, const char *key)
{
	const json_t *value = json_object_get(request->body, key);

	return value != NULL && !json_is_null(value);
}

static int take_owned(char **text, const char *given)
{
	char *copy = strdup(given);

	if (copy == NULL)
		return -ENOMEM;
	free(*text);
	*text = copy;
	return 0;
}

static int take_server(struct request *request, struct alert_rule *rule, struct err *err)
{
	struct server server CLEANUP(server_done) = {0};
	int64_t id = 0;
	int code = body_number(request, "server", 1, INT64_MAX, &id, err);

	if (code < 0 || id == 0)
		return code;
	code = store_server_get(request->core->store, request->who.customer_id, (uint64_t)id,
				&server, err);
	if (code == ERR_NOT_FOUND)
		return request_invalid(request, err, "server", "there is no server %" PRId64, id);
	rule->server_id = (uint64_t)id;
	return code;
}

static int take_selector(struct request *request, struct alert_rule *rule, struct err *err)
{
	struct label_selector selector CLEANUP(label_selector_done) = {0};
	const char *text = NULL;
	int code = body_text(request, "label_selector", &text, err);

	if (code < 0 || text == NULL)
		return code;
	if (strlen(text) > ALERT_SELECTOR_MAX)
		return request_invalid(request, err, "label_selector",
				       "must have at most %d characters", ALERT_SELECTOR_MAX);
	if ((code = label_selector_parse(text, &selector, err)) < 0)
		return request_field(request, "label_selector", code, err);
	/* Every server is a thing to be said, not to be left out. */
	if (selector.count == 0)
		return request_invalid(request, err, "label_selector",
				       "must choose by a label; all_servers is for all");
	return take_owned(&rule->selector, text);
}

/* Exactly one of the three; when none is there, what the rule was about. */
static int take_scope(struct request *request, struct alert_rule *rule, bool is_new,
		      struct err *err)
{
	bool all = false;
	int code = body_bool(request, "all_servers", &all, err);

	if (code < 0)
		return code;
	const int given = has(request, "server") + has(request, "label_selector") + all;
	if (given > 1)
		return request_invalid(request, err, "server",
				       "a rule is about one of server, label_selector and "
				       "all_servers");
	if (given == 0 && is_new)
		return request_invalid(request, err, "server",
				       "say server, label_selector or all_servers");
	if (given == 0)
		return 0;
	rule->server_id = 0;
	free(rule->selector);
	rule->selector = NULL;
	code = take_server(request, rule, err);
	return code < 0 ? code : take_selector(request, rule, err);
}

static int take_words(struct request *request, struct alert_rule *rule, struct err *err)
{
	const char *kind = NULL, *metric = NULL, *comparison = NULL;
	int code;

	if ((code = body_text(request, "kind", &kind, err)) < 0 ||
	    (code = body_text(request, "metric", &metric, err)) < 0 ||
	    (code = body_text(request, "comparison", &comparison, err)) < 0)
		return code;
	if (kind != NULL && alert_kind_parse(kind, &rule->kind) < 0)
		return request_invalid(request, err, "kind",
				       "must be metric, stopped_unexpectedly or stopped_itself");
	if (kind != NULL && rule->kind != ALERT_METRIC) {
		rule->metric = (enum alert_metric)0;
		rule->comparison = (enum alert_comparison)0;
		rule->threshold = 0;
		rule->minutes = 0;
	}
	if (metric != NULL && alert_metric_parse(metric, &rule->metric) < 0)
		return request_invalid(
			request, err, "metric",
			"must be cpu, memory_used, disk_used, disk_read, disk_write, "
			"network_in or network_out");
	if (comparison != NULL && alert_comparison_parse(comparison, &rule->comparison) < 0)
		return request_invalid(request, err, "comparison", "must be above or below");
	return 0;
}

/* Another address gets another secret: whoever had the old one signs nothing for the new. */
static int take_webhook(struct request *request, struct alert_rule *rule, bool *ret_is_new,
			struct err *err)
{
	uint8_t random[SECRET_BYTES];
	char text[SECRET_BYTES * 2 + 1];
	const char *url = NULL;
	int code = body_text(request, "webhook_url", &url, err);

	if (code < 0 || url == NULL || (rule->webhook != NULL && strcmp(rule->webhook, url) == 0))
		return code;
	if (*url == '\0') {
		free(rule->webhook);
		free(rule->secret);
		rule->webhook = rule->secret = NULL;
		return 0;
	}
	secret_random(random, sizeof random);
	for (size_t i = 0; i < sizeof random; i++)
		(void)snprintf(text + i * 2, 3, "%02x", random[i]);
	if ((code = take_owned(&rule->webhook, url)) == 0)
		code = take_owned(&rule->secret, text);
	explicit_bzero(text, sizeof text);
	*ret_is_new = true;
	return code;
}

static int take(struct request *request, struct alert_rule *rule, bool is_new, bool *ret_webhook,
		struct err *err)
{
	const char *field = "";
	int64_t minutes = rule->minutes;
	int code;

	if ((code = take_scope(request, rule, is_new, err)) < 0 ||
	    (code = take_words(request, rule, err)) < 0 ||
	    (code = body_number(request, "threshold", 0, ALERT_THRESHOLD_MAX, &rule->threshold,
				err)) < 0)
		return code;
	minutes = rule->minutes;
	if ((code = body_number(request, "minutes", 1, ALERT_MINUTES_MAX, &minutes, err)) < 0 ||
	    (code = body_bool(request, "mail", &rule->mail, err)) < 0 ||
	    (code = take_webhook(request, rule, ret_webhook, err)) < 0)
		return code;
	rule->minutes = (uint32_t)minutes;
	code = alert_rule_check(rule, &field, err);
	return code < 0 ? request_field(request, field, code, err) : 0;
}

/* How many rules each server has is known once the new one is among them. */
static int check_servers(struct request *request, uint64_t rule_id, struct err *err)
{
	const struct page all = {1, 0};
	struct store_alert_rules rules CLEANUP(store_alert_rule_done) = {0};
	struct store_alert_pairs pairs CLEANUP(store_alert_pairs_done) = {0};
	struct store *store = request->core->store;
	int code = store_alert_rule_list(store, request->who.customer_id, 0, &all, &rules, err);

	if (code == 0)
		code = store_alert_pairs(store, &rules, rule_id, &pairs, err);
	if (code < 0 || pairs.most <= ALERT_RULES_PER_SERVER)
		return code;
	return err_set(err, ERR_LIMIT, "a server has at most %d alert rules",
		       ALERT_RULES_PER_SERVER);
}

static void note_rule(struct request *request, const struct alert_rule *rule)
{
	note_about(request, "alert_rule", rule->id, "");
	note_detail(request, "kind", json_string(alert_kind_name(rule->kind)));
	if (rule->server_id != 0)
		note_detail(request, "server", json_integer((json_int_t)rule->server_id));
	if (rule->selector != NULL)
		note_detail(request, "label_selector", json_string(rule->selector));
	if (rule->kind != ALERT_METRIC)
		return;
	note_detail(request, "metric", json_string(alert_metric_name(rule->metric)));
	note_detail(request, "comparison", json_string(alert_comparison_name(rule->comparison)));
	note_detail(request, "threshold", json_integer((json_int_t)rule->threshold));
	note_detail(request, "minutes", json_integer(rule->minutes));
}

static int answer_rule(struct request *request, unsigned status, const struct alert_rule *rule,
		       bool with_secret)
{
	int code = request_answer(request, status, "alert_rule", render_rule(rule));

	if (with_secret)
		(void)json_object_set_new(request->reply, "webhook_secret", word(rule->secret));
	return code;
}

static int create_rule(struct request *request, struct err *err)
{
	struct alert_rule rule CLEANUP(alert_rule_done) = {.customer_id = request->who.customer_id,
							   .created_ms = clock_now_ms()};
	struct store *store = request->core->store;
	bool webhook = false;
	int code;

	if ((code = take(request, &rule, true, &webhook, err)) < 0 ||
	    (code = store_begin(store, err)) < 0)
		return code;
	STORE_GUARD(store);
	if ((code = store_alert_rule_insert(store, &rule, err)) < 0 ||
	    (code = check_servers(request, rule.id, err)) < 0)
		return code;
	note_rule(request, &rule);
	if ((code = store_commit(store, err)) < 0)
		return code;
	return answer_rule(request, 201, &rule, webhook);
}

static bool says_the_same(const struct alert_rule *a, const struct alert_rule *b)
{
	const char *x = a->selector != NULL ? a->selector : "";
	const char *y = b->selector != NULL ? b->selector : "";

	return a->server_id == b->server_id && strcmp(x, y) == 0 && a->kind == b->kind &&
	       a->metric == b->metric && a->comparison == b->comparison &&
	       a->threshold == b->threshold && a->minutes == b->minutes;
}

static int update_rule(struct request *request, struct err *err)
{
	struct alert_rule rule CLEANUP(alert_rule_done) = {0},
			       before CLEANUP(alert_rule_done) = {0};
	struct store *store = request->core->store;
	bool webhook = false;
	int code;

	if ((code = store_begin(store, err)) < 0)
		return code;
	STORE_GUARD(store);
	if ((code = find_rule(request, &before, err)) < 0 ||
	    (code = find_rule(request, &rule, err)) < 0 ||
	    (code = take(request, &rule, false, &webhook, err)) < 0 ||
	    (code = store_alert_rule_update(store, &rule, err)) < 0)
		return code;
	const bool same = says_the_same(&rule, &before);
	if (!same && ((code = check_servers(request, rule.id, err)) < 0 ||
		      (code = alerts_end_of_rule(request->core->alerts, rule.id, err)) < 0))
		return code;
	note_rule(request, &rule);
	if ((code = store_commit(store, err)) < 0)
		return code;
	if (!same)
		events_alerts_changed(request->core->events, rule.customer_id);
	return answer_rule(request, 200, &rule, webhook);
}

static int delete_rule(struct request *request, struct err *err)
{
	struct alert_rule rule CLEANUP(alert_rule_done) = {0};
	struct store *store = request->core->store;
	int code;

	if ((code = store_begin(store, err)) < 0)
		return code;
	STORE_GUARD(store);
	if ((code = find_rule(request, &rule, err)) < 0 ||
	    (code = alerts_end_of_rule(request->core->alerts, rule.id, err)) < 0 ||
	    (code = store_alert_rule_delete(store, rule.id, err)) < 0)
		return code;
	note_rule(request, &rule);
	if ((code = store_commit(store, err)) < 0)
		return code;
	events_alerts_changed(request->core->events, rule.customer_id);
	request->status = 204;
	return 0;
}

/* --- alerts --- */

static int list_alerts(struct request *request, struct err *err)
{
	struct list_query query CLEANUP(list_query_done) = {0};
	struct store_alert_filter filter = {.customer_id = request->who.customer_id};
	struct store_alerts alerts CLEANUP(store_alert_done) = {0};
	const char *status = request_query(request, "status");
	json_t *items;
	int code;

	if ((code = request_list(request, 0, &query, err)) < 0 ||
	    (code = take_server_query(request, &filter.server_id, err)) < 0)
		return code;
	filter.open = status != NULL && strcmp(status, "open") == 0;
	filter.ended = status != NULL && strcmp(status, "ended") == 0;
	if (status != NULL && !filter.open && !filter.ended)
		return request_invalid(request, err, "status", "must be open or ended");
	filter.page = query.page;
	if ((code = store_alert_list(request->core->store, &filter, &alerts, err)) < 0)
		return code;
	items = json_array();
	for (size_t i = 0; i < alerts.count; i++)
		(void)json_array_append_new(items, telling_json(&alerts.items[i]));
	return request_answer_list(request, "alerts", items, &query.page, alerts.total);
}

const struct route alert_routes[] = {
	{"GET", "/alert_rules", ACCESS_READ, list_rules},
	{"POST", "/alert_rules", ACCESS_MANAGE, create_rule, "alert_rule.create"},
	{"GET", "/alert_rules/{id}", ACCESS_READ, get_rule},
	{"PUT", "/alert_rules/{id}", ACCESS_MANAGE, update_rule, "alert_rule.update"},
	{"DELETE", "/alert_rules/{id}", ACCESS_MANAGE, delete_rule, "alert_rule.delete"},
	{"GET", "/alerts", ACCESS_READ, list_alerts},
	{NULL, NULL, 0, NULL},
};

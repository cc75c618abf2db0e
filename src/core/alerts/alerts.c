/*
 * Theory of operation
 *
 * Which rule is about which server is worked out once, and again when rules, servers or labels have
 * changed (store_alert_scope()). The result lies in memory by the servers' uuids, as the samples of
 * a sweep do: all three are walked side by side, and nothing of the database is read while nothing
 * happens. What has to be known after a restart are the open alerts, and those are rows; the
 * minutes that were counted towards a change are not, and are counted anew.
 *
 * A server that stops is told of by the engine, in the transaction that records the stop; so
 * neither is there without the other. Its alert ends with the first sweep that finds the server on.
 *
 * Bounds: ALERT_RULES_PER_SERVER pairs of a server; CHANGES_MAX changes in one transaction, the
 * rest a minute later; LINES_PER_HOUR lines of the history for an account, so that a rule at the
 * edge of its threshold does not fill it. All alerts are in the list of alerts, which is bounded
 * too.
 */
#include "core/alerts/alerts.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "core/alerts/telling.h"
#include "core/events.h"
#include "core/post/office.h"
#include "store/store_alert.h"
#include "store/store_history.h"
#include "store/store_post.h"
#include "store/store_user_mail.h"

#define CHANGES_MAX    2000
#define SLOTS          256
#define LINES_PER_HOUR 120
#define TOLD_PER_HOUR  60
#define TELL_MS        (INT64_C(12) * 3600 * 1000) /* after that nobody needs to be told */
#define HOUR_MS        (INT64_C(3600) * 1000)

/* A rule and a server it is about. */
struct pair {
	uint8_t uuid[UUID_BYTES];
	uint64_t server_id;
	uint64_t rule_id;
	uint64_t alert_id; /* 0: none is open */
	int64_t threshold;
	uint16_t minutes;
	uint8_t kind;
	uint8_t metric;
	uint8_t comparison;
	struct alert_watch watch; /* of a rule about stops: since_s is when its alert opened */
};

struct change {
	size_t pair;
	struct alert_watch before; /* to go back to */
	enum alert_end end;        /* ALERT_OPEN: it opens */
	int64_t value;
};

/* Accounts that share one share its bound. */
struct slot {
	int64_t hour;
	unsigned used;
};

struct alerts {
	struct core *core;
	struct pair *pairs; /* by uuid and rule */
	size_t count;
	uint64_t version; /* of the scope they are of; 0: to be worked out */
	struct change *changes;
	size_t change_count;
	struct slot lines[SLOTS], told[SLOTS];
};

int alerts_new(struct core *core, struct alerts **ret, struct err *err)
{
	struct alerts *alerts = calloc(1, sizeof *alerts);

	if (alerts == NULL)
		return err_set(err, -ENOMEM, "no memory");
	alerts->core = core;
	*ret = alerts;
	return 0;
}

void alerts_free(struct alerts *alerts)
{
	if (alerts == NULL)
		return;
	free(alerts->pairs);
	free(alerts->changes);
	free(alerts);
}

/* --- what an alert leaves behind --- */

/* One more for an account in this hour; false: it has had its number. */
static bool take_one(struct slot *slots, uint64_t customer_id, int64_t now_ms, unsigned most)
{
	struct slot *slot = &slots[customer_id % SLOTS];

	if (slot->hour != now_ms / HOUR_MS)
		*slot = (struct slot){.hour = now_ms / HOUR_MS};
	return slot->used++ < most;
}

static int write_line(struct alerts *alerts, const struct alert *alert, int64_t now_ms,
		      struct err *err)
{
	struct history_line line = {.customer_id = alert->customer_id,
				    .actor = HISTORY_SYSTEM,
				    .result = HISTORY_SUCCESS,
				    .resource_type = "server",
				    .resource_id = alert->server_id};
	char metric[160] = "", value[48] = "", end[48] = "";

	if (!take_one(alerts->lines, alert->customer_id, now_ms, LINES_PER_HOUR))
		return 0;
	(void)snprintf(line.what, sizeof line.what, "%s",
		       alert->ended_ms == 0 ? "alert.open" : "alert.end");
	(void)snprintf(line.resource_name, sizeof line.resource_name, "%s", alert->server_name);
	if (alert->ended_ms != 0)
		(void)snprintf(end, sizeof end, "\"end\":\"%s\",", alert_end_name(alert->end));
	if (alert->kind == ALERT_METRIC)
		(void)snprintf(metric, sizeof metric,
			       ",\"metric\":\"%s\",\"comparison\":\"%s\",\"threshold\":%" PRId64,
			       alert_metric_name(alert->metric),
			       alert_comparison_name(alert->comparison), alert->threshold);
	if (alert->ended_ms == 0 && alert->value >= 0)
		(void)snprintf(value, sizeof value, ",\"value\":%" PRId64, alert->value);
	(void)snprintf(line.details, sizeof line.details,
		       "{%s\"alert\":%" PRIu64 ",\"kind\":\"%s\"%s%s,\"rule\":%" PRIu64 "}", end,
		       alert->id, alert_kind_name(alert->kind), metric, value, alert->rule_id);
	return store_history_append(alerts->core->store, &line, err);
}

static int tell_webhook(struct alerts *alerts, const struct alert_rule *rule,
			const struct alert *alert, int64_t now_ms, struct err *err)
{
	struct post post CLEANUP(post_done) = {.kind = POST_WEBHOOK,
					       .customer_id = rule->customer_id,
					       .created_ms = now_ms,
					       .expires_ms = now_ms + TELL_MS};

	(void)snprintf(post.recipient, sizeof post.recipient, "%s", rule->webhook);
	(void)snprintf(post.secret, sizeof post.secret, "%s",
		       rule->secret != NULL ? rule->secret : "");
	post.subject = strdup(telling_event(alert));
	post.body = telling_webhook(alert);
	if (post.subject == NULL || post.body == NULL)
		return err_set(err, -ENOMEM, "no memory");
	return office_forgive(store_post_add(alerts->core->store, &post, err), "an alert", err);
}

static int tell_members(struct alerts *alerts, const struct alert *alert, int64_t now_ms,
			struct err *err)
{
	struct user_mail readers[STORE_USER_MAIL_MEMBERS];
	size_t count = 0;
	int code;

	if (office_check_mail(alerts->core, NULL) < 0)
		return 0;
	code = store_user_mail_members(alerts->core->store, alert->customer_id, readers, &count,
				       err);
	for (size_t i = 0; code == 0 && i < count; i++) {
		struct buf subject CLEANUP(buf_done) = {0}, body CLEANUP(buf_done) = {0};

		telling_mail(alert, readers[i].language, alerts->core->config->url, &subject,
			     &body);
		if (subject.error != 0 || body.error != 0)
			return err_set(err, -ENOMEM, "no memory");
		code = office_mail(alerts->core, readers[i].address, buf_str(&subject),
				   buf_str(&body), now_ms + TELL_MS, NULL, err);
		code = office_forgive(code, "an alert", err);
	}
	return code;
}

/* Those whom the rule names, in the transaction; of what somebody did to the rule nobody is told.
 */
static int tell(struct alerts *alerts, const struct alert *alert, int64_t now_ms, struct err *err)
{
	struct alert_rule rule CLEANUP(alert_rule_done) = {0};
	int code;

	if (alert->end == ALERT_RULE_CHANGED || alert->end == ALERT_SERVER_DELETED)
		return 0;
	code = store_alert_rule_get(alerts->core->store, 0, alert->rule_id, &rule, err);
	if (code < 0)
		return code == ERR_NOT_FOUND ? 0 : code;
	if ((rule.webhook == NULL && !rule.mail) ||
	    !take_one(alerts->told, alert->customer_id, now_ms, TOLD_PER_HOUR))
		return 0;
	if (rule.webhook != NULL)
		code = tell_webhook(alerts, &rule, alert, now_ms, err);
	if (code == 0 && rule.mail)
		code = tell_members(alerts, alert, now_ms, err);
	return code;
}

static int open_alert(struct alerts *alerts, struct alert *alert, struct err *err)
{
	struct store *store = alerts->core->store;
	int code = store_alert_open(store, alert, err);

	if (code == 0)
		code = write_line(alerts, alert, alert->opened_ms, err);
	return code < 0 ? code : tell(alerts, alert, alert->opened_ms, err);
}

static int end_alert(struct alerts *alerts, struct alert *alert, enum alert_end end, int64_t now_ms,
		     struct err *err)
{
	struct store *store = alerts->core->store;
	int code = store_alert_end(store, alert->id, end, now_ms, err);

	alert->ended_ms = now_ms;
	alert->end = end;
	if (code == 0)
		code = write_line(alerts, alert, now_ms, err);
	return code < 0 ? code : tell(alerts, alert, now_ms, err);
}

/* All open ones that @filter chooses; in a transaction. */
static int end_all(struct alerts *alerts, const struct store_alert_filter *filter,
		   enum alert_end end, uint64_t *ret_customer_id, struct err *err)
{
	struct store_alerts open CLEANUP(store_alert_done) = {0};
	const int64_t now_ms = clock_now_ms();
	int code = store_alert_list(alerts->core->store, filter, &open, err);

	for (size_t i = 0; code == 0 && i < open.count; i++) {
		*ret_customer_id = open.items[i].customer_id;
		code = end_alert(alerts, &open.items[i], end, now_ms, err);
	}
	return code;
}

int alerts_end_of_rule(struct alerts *alerts, uint64_t rule_id, struct err *err)
{
	const struct store_alert_filter filter = {.rule_id = rule_id, .open = true};
	uint64_t customer_id = 0;

	return end_all(alerts, &filter, ALERT_RULE_CHANGED, &customer_id, err);
}

int alerts_hand_over(struct alerts *alerts, uint64_t server_id, struct err *err)
{
	const struct store_alert_filter filter = {.server_id = server_id, .open = true};
	uint64_t customer_id = 0;
	int code = end_all(alerts, &filter, ALERT_SERVER_DELETED, &customer_id, err);

	return code < 0 ? code
			: store_alert_rule_delete_of_server(alerts->core->store, server_id, err);
}

void alerts_server_deleted(struct alerts *alerts, uint64_t server_id)
{
	const struct store_alert_filter filter = {.server_id = server_id, .open = true};
	struct store *store = alerts->core->store;
	uint64_t customer_id = 0;
	struct err err = {0};
	int code = store_begin(store, &err);

	if (code == 0)
		code = end_all(alerts, &filter, ALERT_SERVER_DELETED, &customer_id, &err);
	if (code == 0 && customer_id != 0)
		code = store_commit(store, &err);
	store_rollback(store);
	if (code < 0) /* the next sweep finds them */
		log_error("the alerts of server %" PRIu64 " stay open: %s", server_id, err.text);
	else if (customer_id != 0)
		events_alerts_changed(alerts->core->events, customer_id);
}

int alerts_stopped(struct alerts *alerts, const struct server *server, bool itself, struct err *err)
{
	struct store_alert_rules rules CLEANUP(store_alert_rule_done) = {0};
	const enum alert_kind kind = itself ? ALERT_STOPPED_ITSELF : ALERT_STOPPED_UNEXPECTEDLY;
	struct store *store = alerts->core->store;
	int code = store_alert_stop_rules(store, server->id, kind, &rules, err);

	for (size_t i = 0; code == 0 && i < rules.count; i++) {
		struct alert alert = {.rule_id = rules.items[i].id,
				      .server_id = server->id,
				      .kind = kind,
				      .value = -1,
				      .opened_ms = clock_now_ms()};

		code = open_alert(alerts, &alert, err);
		if (code ==
		    ERR_UNIQUENESS) /* it stopped, was started and stopped within a minute */
			code = 0;
	}
	if (code == 0 && rules.count > 0) {
		alerts->version = 0;
		code = store_alert_forget_old(store, server->customer_id, err);
		events_alerts_changed(alerts->core->events, server->customer_id);
	}
	return code;
}

/* --- which rule is about which server --- */

static int by_uuid(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;
	const int order = memcmp(x->uuid, y->uuid, UUID_BYTES);

	return order != 0 ? order : (x->rule_id > y->rule_id) - (x->rule_id < y->rule_id);
}

static int by_rule_id(const void *a, const void *b)
{
	const struct alert_rule *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

static int by_rule_and_server(const void *a, const void *b)
{
	const struct alert *x = a, *y = b;

	return x->rule_id != y->rule_id
		       ? (x->rule_id > y->rule_id) - (x->rule_id < y->rule_id)
		       : (x->server_id > y->server_id) - (x->server_id < y->server_id);
}

/* What was counted goes on, where the rule says the same. */
static void take_over(const struct alerts *alerts, struct pair *pair)
{
	const struct pair *old = alerts->count > 0 ? bsearch(pair, alerts->pairs, alerts->count,
							     sizeof *alerts->pairs, by_uuid)
						   : NULL;

	if (old != NULL && old->watch.open == pair->watch.open && old->kind == pair->kind &&
	    old->metric == pair->metric && old->comparison == pair->comparison &&
	    old->threshold == pair->threshold && old->minutes == pair->minutes)
		pair->watch = old->watch;
}

static void fill(struct pair *pair, const struct store_alert_pair *from,
		 const struct alert_rule *rule)
{
	memcpy(pair->uuid, from->uuid, UUID_BYTES);
	pair->server_id = from->server_id;
	pair->rule_id = rule->id;
	pair->threshold = rule->threshold;
	pair->minutes = (uint16_t)rule->minutes;
	pair->kind = (uint8_t)rule->kind;
	pair->metric = (uint8_t)rule->metric;
	pair->comparison = (uint8_t)rule->comparison;
}

/* Marks the alerts that a pair belongs to with id 0; what is left has lost its rule or server. */
static void match(struct alerts *alerts, struct pair *pair, struct store_alerts *open)
{
	const struct alert key = {.rule_id = pair->rule_id, .server_id = pair->server_id};
	struct alert *alert = open->count > 0 ? bsearch(&key, open->items, open->count,
							sizeof *open->items, by_rule_and_server)
					      : NULL;

	if (alert != NULL) {
		pair->alert_id = alert->id;
		pair->watch.open = true;
		alert->id = 0;
	}
	take_over(alerts, pair);
	if (alert != NULL && pair->kind != ALERT_METRIC)
		pair->watch.since_s = (uint32_t)(alert->opened_ms / 1000);
}

static int end_left(struct alerts *alerts, struct store_alerts *open, struct err *err)
{
	struct store *store = alerts->core->store;
	const int64_t now_ms = clock_now_ms();
	bool begun = false;
	int code = 0;

	for (size_t i = 0; code == 0 && i < open->count; i++) {
		if (open->items[i].id == 0)
			continue;
		if (!begun)
			code = store_begin(store, err);
		begun = true;
		if (code == 0)
			code = end_alert(alerts, &open->items[i], ALERT_SERVER_DELETED, now_ms,
					 err);
	}
	if (begun && code == 0)
		code = store_commit(store, err);
	if (begun)
		store_rollback(store);
	for (size_t i = 0; code == 0 && begun && i < open->count; i++)
		if (open->items[i].id != 0)
			events_alerts_changed(alerts->core->events, open->items[i].customer_id);
	return code;
}

static int work_out(struct alerts *alerts, uint64_t version, struct err *err)
{
	const struct store_alert_filter all = {.open = true};
	struct store_alert_rules rules CLEANUP(store_alert_rule_done) = {0};
	struct store_alert_pairs found CLEANUP(store_alert_pairs_done) = {0};
	struct store_alerts open CLEANUP(store_alert_done) = {0};
	AUTO_FREE struct pair *pairs = NULL;
	AUTO_FREE struct change *changes = calloc(CHANGES_MAX, sizeof *changes);
	struct store *store = alerts->core->store;
	int code;

	if ((code = store_alert_rule_all(store, &rules, err)) < 0 ||
	    (code = store_alert_pairs(store, &rules, 0, &found, err)) < 0 ||
	    (code = store_alert_list(store, &all, &open, err)) < 0)
		return code;
	pairs = calloc(found.count + 1, sizeof *pairs);
	if (pairs == NULL || changes == NULL)
		return err_set(err, -ENOMEM, "no memory");
	if (open.count > 0)
		qsort(open.items, open.count, sizeof *open.items, by_rule_and_server);
	for (size_t i = 0; i < found.count; i++) {
		const struct alert_rule key = {.id = found.items[i].rule_id};
		const struct alert_rule *rule =
			bsearch(&key, rules.items, rules.count, sizeof *rules.items, by_rule_id);

		fill(&pairs[i], &found.items[i], rule);
		match(alerts, &pairs[i], &open);
	}
	free(alerts->pairs);
	free(alerts->changes);
	alerts->pairs = steal_ptr(pairs);
	alerts->changes = found.count > 0 ? steal_ptr(changes) : NULL;
	alerts->count = found.count;
	alerts->version = version;
	return end_left(alerts, &open, err);
}

/* --- a sweep --- */

static const enum host_statistic statistics[] = {
	[ALERT_CPU] = HOST_CPU_NS,
	[ALERT_MEMORY_USED] = HOST_MEMORY_BYTES,
	[ALERT_DISK_USED] = HOST_DISK_USED_BYTES,
	[ALERT_DISK_READ] = HOST_DISK_READ_BYTES,
	[ALERT_DISK_WRITE] = HOST_DISK_WRITE_BYTES,
	[ALERT_NETWORK_IN] = HOST_NET_IN_BYTES,
	[ALERT_NETWORK_OUT] = HOST_NET_OUT_BYTES,
};

/* The one of @uuid, or NULL; *@at only grows. */
static const struct metrics_latest *seek(const struct metrics_latest *items, size_t count,
					 size_t *at, const uint8_t uuid[UUID_BYTES])
{
	while (*at < count && memcmp(items[*at].uuid, uuid, UUID_BYTES) < 0)
		(*at)++;
	return *at < count && memcmp(items[*at].uuid, uuid, UUID_BYTES) == 0 ? &items[*at] : NULL;
}

/* True when the pair's alert opens or ends. */
static bool step(struct pair *pair, const struct alerts_sweep *sweep,
		 const struct metrics_latest *before, const struct metrics_latest *now,
		 struct change *ret)
{
	const struct alert_rule rule = {.comparison = (enum alert_comparison)pair->comparison,
					.threshold = pair->threshold,
					.minutes = pair->minutes};
	const enum host_statistic statistic = statistics[pair->metric];
	const struct alert_samples samples = {before != NULL ? sweep->before_s : 0,
					      now != NULL ? sweep->now_s : 0,
					      before != NULL ? before->values[statistic] : 0,
					      now != NULL ? now->values[statistic] : 0};

	ret->before = pair->watch;
	ret->value = -1;
	ret->end = ALERT_OPEN;
	if (pair->kind != ALERT_METRIC) {
		/* What was on when the sweep began may have stopped since. */
		if (!pair->watch.open || now == NULL || sweep->now_s <= pair->watch.since_s)
			return false;
		pair->watch = (struct alert_watch){0};
		ret->end = ALERT_CLEARED;
		return true;
	}
	const bool known = alert_rule_value((enum alert_metric)pair->metric, &samples, &ret->value);
	switch (alert_rule_step(&rule, &pair->watch, known, ret->value, sweep->now_s, &ret->end)) {
	case ALERT_STAYS:
		return false;
	case ALERT_OPENS:
		ret->end = ALERT_OPEN;
		return true;
	case ALERT_ENDS:
		return true;
	}
	return false;
}

static void evaluate(struct alerts *alerts, const struct alerts_sweep *sweep)
{
	size_t before_at = 0, now_at = 0;

	alerts->change_count = 0;
	for (size_t i = 0; i < alerts->count && alerts->change_count < CHANGES_MAX; i++) {
		struct pair *pair = &alerts->pairs[i];
		struct change *change = &alerts->changes[alerts->change_count];
		const struct metrics_latest *before =
			seek(sweep->before, sweep->before_count, &before_at, pair->uuid);
		const struct metrics_latest *now =
			seek(sweep->now, sweep->now_count, &now_at, pair->uuid);

		if (!step(pair, sweep, before, now, change))
			continue;
		change->pair = i;
		alerts->change_count++;
	}
}

static int apply(struct alerts *alerts, const struct change *change, int64_t now_ms,
		 uint64_t *ret_customer_id, struct err *err)
{
	struct pair *pair = &alerts->pairs[change->pair];
	struct alert alert = {.rule_id = pair->rule_id,
			      .server_id = pair->server_id,
			      .kind = (enum alert_kind)pair->kind,
			      .metric = (enum alert_metric)pair->metric,
			      .comparison = (enum alert_comparison)pair->comparison,
			      .threshold = pair->threshold,
			      .minutes = pair->minutes,
			      .value = change->value,
			      .opened_ms = now_ms};
	int code;

	if (change->end == ALERT_OPEN) {
		code = open_alert(alerts, &alert, err);
		pair->alert_id = alert.id;
	} else if ((code = store_alert_get(alerts->core->store, 0, pair->alert_id, &alert, err)) ==
		   0) {
		code = end_alert(alerts, &alert, change->end, now_ms, err);
		pair->alert_id = 0;
	}
	*ret_customer_id = alert.customer_id;
	return code;
}

static int by_number(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* All of a sweep, or nothing. @customers: one for each change; *@ret_count: those there are. */
static int apply_all(struct alerts *alerts, uint64_t *customers, size_t *ret_count, struct err *err)
{
	struct store *store = alerts->core->store;
	const int64_t now_ms = clock_now_ms();
	size_t count = 0;
	int code = store_begin(store, err);

	if (code < 0)
		return code;
	STORE_GUARD(store);
	for (size_t i = 0; code == 0 && i < alerts->change_count; i++)
		code = apply(alerts, &alerts->changes[i], now_ms, &customers[i], err);
	if (code < 0)
		return code;
	qsort(customers, alerts->change_count, sizeof *customers, by_number);
	for (size_t i = 0; code == 0 && i < alerts->change_count; i++) {
		if (count > 0 && customers[count - 1] == customers[i])
			continue;
		customers[count++] = customers[i];
		code = store_alert_forget_old(store, customers[i], err);
	}
	*ret_count = count;
	return code < 0 ? code : store_commit(store, err);
}

void alerts_sweep(struct alerts *alerts, const struct alerts_sweep *sweep)
{
	AUTO_FREE uint64_t *customers = NULL;
	uint64_t version = 0;
	size_t count = 0;
	struct err err = {0};
	int code = store_alert_scope(alerts->core->store, &version, &err);

	if (code == 0 && version != alerts->version)
		code = work_out(alerts, version, &err);
	if (code < 0) {
		log_error("the alert rules cannot be read, they rest for a minute: %s", err.text);
		alerts->version = 0;
		return;
	}
	evaluate(alerts, sweep);
	if (alerts->change_count == 0)
		return;
	customers = calloc(alerts->change_count, sizeof *customers);
	code = customers != NULL ? apply_all(alerts, customers, &count, &err) : -ENOMEM;
	if (code < 0) {
		/* What the database has is what is true; the minutes counted so far stay. */
		log_error("alerts cannot be recorded, they wait for a minute: %s", err.text);
		for (size_t i = 0; i < alerts->change_count; i++)
			alerts->pairs[alerts->changes[i].pair].watch = alerts->changes[i].before;
		alerts->version = 0;
		return;
	}
	for (size_t i = 0; i < count; i++)
		events_alerts_changed(alerts->core->events, customers[i]);
}

#include "store/store_alert.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/query.h"
#include "store/store_server.h"

/* --- rules --- */

#define RULE_SELECT                                                                                \
	"SELECT r.id, r.customer_id, r.server_id, r.selector, r.kind, r.metric, r.comparison, "    \
	"r.threshold, r.minutes, r.created_ms, r.mail, r.webhook, r.secret FROM alert_rule r "
/* For evaluating: what it says, not whom it tells. */
#define RULE_SELECT_BARE                                                                           \
	"SELECT r.id, r.customer_id, r.server_id, r.selector, r.kind, r.metric, r.comparison, "    \
	"r.threshold, r.minutes, r.created_ms, r.mail, '', '' FROM alert_rule r "

static int take_text(sqlite3_stmt *statement, int column, char **ret)
{
	return *statement_text(statement, column) != '\0' ? statement_dup(statement, column, ret)
							  : 0;
}

static int read_rule(sqlite3_stmt *statement, void *item)
{
	struct alert_rule *rule = item;
	int r;

	rule->id = statement_u64(statement, 0);
	rule->customer_id = statement_u64(statement, 1);
	rule->server_id = statement_u64(statement, 2);
	rule->kind = (enum alert_kind)statement_u32(statement, 4);
	rule->metric = (enum alert_metric)statement_u32(statement, 5);
	rule->comparison = (enum alert_comparison)statement_u32(statement, 6);
	rule->threshold = sqlite3_column_int64(statement, 7);
	rule->minutes = statement_u32(statement, 8);
	rule->created_ms = sqlite3_column_int64(statement, 9);
	rule->mail = statement_bool(statement, 10);
	if (*alert_kind_name(rule->kind) == '\0')
		return ERR_CORRUPT;
	if ((r = take_text(statement, 3, &rule->selector)) == 0 &&
	    (r = take_text(statement, 11, &rule->webhook)) == 0)
		r = take_text(statement, 12, &rule->secret);
	return r;
}

static const char *text_of(const char *text)
{
	return text != NULL ? text : "";
}

int store_alert_rule_insert(struct store *store, struct alert_rule *rule, struct err *err)
{
	uint64_t count = 0;
	int r = statement_number(store, "SELECT count(*) FROM alert_rule WHERE customer_id = ?",
				 BIND(B_INT(rule->customer_id)), &count, err);

	if (r < 0)
		return r;
	if (count >= ALERT_RULES_PER_CUSTOMER)
		return err_set(err, ERR_LIMIT, "an account has at most %d alert rules",
			       ALERT_RULES_PER_CUSTOMER);
	r = statement_run(store,
			  "INSERT INTO alert_rule(customer_id, server_id, selector, kind, metric, "
			  "comparison, "
			  "threshold, minutes, mail, webhook, secret, created_ms) VALUES (?, ?, ?, "
			  "?, ?, ?, ?, "
			  "?, ?, ?, ?, ?)",
			  BIND(B_INT(rule->customer_id), B_ID(rule->server_id),
			       B_TEXT(text_of(rule->selector)), B_INT(rule->kind),
			       B_INT(rule->metric), B_INT(rule->comparison), B_INT(rule->threshold),
			       B_INT(rule->minutes), B_INT(rule->mail),
			       B_TEXT(text_of(rule->webhook)), B_TEXT(text_of(rule->secret)),
			       B_INT(rule->created_ms)),
			  err);
	if (r < 0)
		return r;
	rule->id = (uint64_t)sqlite3_last_insert_rowid(store->db);
	return 0;
}

int store_alert_rule_get(struct store *store, uint64_t customer_id, uint64_t id,
			 struct alert_rule *ret, struct err *err)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	struct alert_rule rule CLEANUP(alert_rule_done) = {0};
	int r = statement_one(store, "alert rule",
			      RULE_SELECT "WHERE r.id = ?1 AND ?2 IN (0, r.customer_id)",
			      BIND(B_INT(id), B_INT(customer_id)), &statement, err);

	if (r < 0)
		return r;
	if (read_rule(statement, &rule) < 0)
		return statement_corrupt("alert rule", err);
	*ret = rule;
	rule = (struct alert_rule){0};
	return 0;
}

static int read_rules(struct store *store, struct query *query, struct store_alert_rules *ret,
		      struct err *err)
{
	struct statement_list list = {0};
	int r = query_read(store, query, sizeof(struct alert_rule), read_rule, "alert rule", &list,
			   err);

	ret->items = list.items;
	ret->count = list.count;
	if (r < 0)
		store_alert_rule_done(ret);
	return r;
}

int store_alert_rule_list(struct store *store, uint64_t customer_id, uint64_t server_id,
			  const struct page *page, struct store_alert_rules *ret, struct err *err)
{
	struct query query CLEANUP(query_done) = {0};
	uint64_t total = 0;
	int r = statement_number(store,
				 "SELECT count(*) FROM alert_rule WHERE customer_id = ?1 AND ?2 IN "
				 "(0, server_id)",
				 BIND(B_INT(customer_id), B_INT(server_id)), &total, err);

	if (r < 0)
		return r;
	query_where(&query, RULE_SELECT "WHERE r.customer_id = ?1",
		    (struct bind)B_INT(customer_id));
	query_where(&query, " AND ?2 IN (0, r.server_id) ORDER BY r.id",
		    (struct bind)B_INT(server_id));
	query_page(&query, page);
	*ret = (struct store_alert_rules){.total = total};
	return read_rules(store, &query, ret, err);
}

int store_alert_rule_all(struct store *store, struct store_alert_rules *ret, struct err *err)
{
	struct query query CLEANUP(query_done) = {0};

	query_add(&query, RULE_SELECT_BARE "ORDER BY r.id");
	*ret = (struct store_alert_rules){0};
	return read_rules(store, &query, ret, err);
}

void store_alert_rule_done(struct store_alert_rules *rules)
{
	for (size_t i = 0; i < rules->count; i++)
		alert_rule_done(&rules->items[i]);
	free(rules->items);
	*rules = (struct store_alert_rules){0};
}

int store_alert_rule_update(struct store *store, const struct alert_rule *rule, struct err *err)
{
	return statement_run_one(
		store, "alert rule",
		"UPDATE alert_rule SET server_id = ?, selector = ?, kind = ?, metric = ?, "
		"comparison "
		"= ?, threshold = ?, minutes = ?, mail = ?, webhook = ?, secret = ? WHERE id = ?",
		BIND(B_ID(rule->server_id), B_TEXT(text_of(rule->selector)), B_INT(rule->kind),
		     B_INT(rule->metric), B_INT(rule->comparison), B_INT(rule->threshold),
		     B_INT(rule->minutes), B_INT(rule->mail), B_TEXT(text_of(rule->webhook)),
		     B_TEXT(text_of(rule->secret)), B_INT(rule->id)),
		err);
}

int store_alert_rule_delete(struct store *store, uint64_t id, struct err *err)
{
	return statement_run_one(store, "alert rule", "DELETE FROM alert_rule WHERE id = ?",
				 BIND(B_INT(id)), err);
}

/* --- which rule is about which server --- */

int store_alert_rule_delete_of_server(struct store *store, uint64_t server_id, struct err *err)
{
	int r = statement_run(store, "DELETE FROM alert_rule WHERE server_id = ?",
			      BIND(B_INT(server_id)), err);

	return r < 0 ? r : 0;
}

int store_alert_scope(struct store *store, uint64_t *ret, struct err *err)
{
	return statement_number(store, "SELECT version FROM alert_scope", NULL, ret, err);
}

static int read_pair(sqlite3_stmt *statement, void *item)
{
	struct store_alert_pair *pair = item;

	pair->server_id = statement_u64(statement, 1);
	return statement_blob(statement, 0, pair->uuid, sizeof pair->uuid);
}

static int add_rule(struct store *store, const struct alert_rule *rule,
		    struct statement_list *pairs, struct err *err)
{
	struct query query CLEANUP(query_done) = {0};
	struct label_selector selector CLEANUP(label_selector_done) = {0};
	const size_t first = pairs->count;
	int r = label_selector_parse(text_of(rule->selector), &selector, err);

	if (r < 0)
		return r;
	query_where(&query, "SELECT s.uuid, s.id FROM server s WHERE s.customer_id = ?",
		    (struct bind)B_INT(rule->customer_id));
	if (rule->server_id != 0)
		query_where(&query, " AND s.id = ?", (struct bind)B_INT(rule->server_id));
	for (size_t i = 0; i < selector.count; i++)
		query_where_label(&query, &selector.items[i], "s.id", rule->customer_id);
	r = query_read(store, &query, sizeof(struct store_alert_pair), read_pair, "server", pairs,
		       err);
	for (size_t i = first; i < pairs->count; i++)
		((struct store_alert_pair *)pairs->items)[i].rule_id = rule->id;
	return r;
}

static int by_uuid(const void *a, const void *b)
{
	const struct store_alert_pair *x = a, *y = b;
	const int order = memcmp(x->uuid, y->uuid, sizeof x->uuid);

	return order != 0 ? order : (x->rule_id > y->rule_id) - (x->rule_id < y->rule_id);
}

/* Leaves the oldest rules of each server. */
static void bound(struct store_alert_pairs *pairs, uint64_t of_rule)
{
	size_t kept = 0, of_server = 0;
	bool counts = false;

	for (size_t i = 0; i < pairs->count; i++) {
		const struct store_alert_pair pair = pairs->items[i];
		const bool is_last =
			i + 1 == pairs->count || pairs->items[i + 1].server_id != pair.server_id;

		of_server++;
		counts = counts || of_rule == 0 || pair.rule_id == of_rule;
		if (of_server <= ALERT_RULES_PER_SERVER)
			pairs->items[kept++] = pair;
		if (!is_last)
			continue;
		if (counts && of_server > pairs->most)
			pairs->most = of_server;
		of_server = 0;
		counts = false;
	}
	pairs->count = kept;
}

int store_alert_pairs(struct store *store, const struct store_alert_rules *rules, uint64_t of_rule,
		      struct store_alert_pairs *ret, struct err *err)
{
	struct statement_list list = {0};
	int r = 0;

	for (size_t i = 0; r == 0 && i < rules->count; i++)
		r = add_rule(store, &rules->items[i], &list, err);
	if (r < 0) {
		free(list.items);
		return r;
	}
	*ret = (struct store_alert_pairs){.items = list.items, .count = list.count};
	if (ret->count > 0)
		qsort(ret->items, ret->count, sizeof *ret->items, by_uuid);
	bound(ret, of_rule);
	return 0;
}

void store_alert_pairs_done(struct store_alert_pairs *pairs)
{
	free(pairs->items);
	*pairs = (struct store_alert_pairs){0};
}

int store_alert_stop_rules(struct store *store, uint64_t server_id, enum alert_kind kind,
			   struct store_alert_rules *ret, struct err *err)
{
	struct server server CLEANUP(server_done) = {0};
	struct store_alert_rules all CLEANUP(store_alert_rule_done) = {0};
	struct query query CLEANUP(query_done) = {0};
	size_t kept = 0;
	int r = store_server_get(store, 0, server_id, &server, err);

	if (r < 0)
		return r;
	query_where(&query, RULE_SELECT_BARE "WHERE r.customer_id = ?1",
		    (struct bind)B_INT(server.customer_id));
	query_where(&query, " AND ifnull(r.server_id, ?2) = ?2", (struct bind)B_INT(server_id));
	query_where(&query, " AND r.kind = ?3 ORDER BY r.id", (struct bind)B_INT(kind));
	if ((r = read_rules(store, &query, &all, err)) < 0)
		return r;
	for (size_t i = 0; i < all.count; i++) {
		struct label_selector selector CLEANUP(label_selector_done) = {0};
		struct alert_rule rule = all.items[i];

		if (label_selector_parse(text_of(rule.selector), &selector, NULL) == 0 &&
		    label_selector_match(&selector, &server.labels)) {
			all.items[i] = all.items[kept];
			all.items[kept++] = rule;
		}
	}
	for (size_t i = kept; i < all.count; i++)
		alert_rule_done(&all.items[i]);
	all.count = kept;
	*ret = all;
	all = (struct store_alert_rules){0};
	return 0;
}

/* --- alerts --- */

#define ALERT_SELECT                                                                               \
	"SELECT id, customer_id, rule_id, server_id, server_name, kind, metric, comparison, "      \
	"threshold, minutes, value, opened_ms, ended_ms, reason FROM alert "

static int read_alert(sqlite3_stmt *statement, void *item)
{
	struct alert *alert = item;

	alert->id = statement_u64(statement, 0);
	alert->customer_id = statement_u64(statement, 1);
	alert->rule_id = statement_u64(statement, 2);
	alert->server_id = statement_u64(statement, 3);
	alert->kind = (enum alert_kind)statement_u32(statement, 5);
	alert->metric = (enum alert_metric)statement_u32(statement, 6);
	alert->comparison = (enum alert_comparison)statement_u32(statement, 7);
	alert->threshold = sqlite3_column_int64(statement, 8);
	alert->minutes = statement_u32(statement, 9);
	alert->value = sqlite3_column_int64(statement, 10);
	alert->opened_ms = sqlite3_column_int64(statement, 11);
	alert->ended_ms = sqlite3_column_int64(statement, 12);
	alert->end = (enum alert_end)statement_u32(statement, 13);
	return statement_copy(statement, 4, alert->server_name, sizeof alert->server_name);
}

int store_alert_open(struct store *store, struct alert *alert, struct err *err)
{
	struct server server CLEANUP(server_done) = {0};
	int r = store_server_get(store, 0, alert->server_id, &server, err);

	if (r < 0)
		return r;
	alert->customer_id = server.customer_id;
	(void)snprintf(alert->server_name, sizeof alert->server_name, "%s", server.name);
	r = statement_run(
		store,
		"INSERT INTO alert(customer_id, rule_id, server_id, server_name, kind, metric, "
		"comparison, threshold, minutes, value, opened_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, "
		"?, "
		"?, ?)",
		BIND(B_INT(alert->customer_id), B_INT(alert->rule_id), B_INT(alert->server_id),
		     B_TEXT(alert->server_name), B_INT(alert->kind), B_INT(alert->metric),
		     B_INT(alert->comparison), B_INT(alert->threshold), B_INT(alert->minutes),
		     B_INT(alert->value), B_INT(alert->opened_ms)),
		err);
	if (r < 0)
		return r;
	alert->id = (uint64_t)sqlite3_last_insert_rowid(store->db);
	return 0;
}

int store_alert_end(struct store *store, uint64_t id, enum alert_end end, int64_t now_ms,
		    struct err *err)
{
	return statement_run_one(
		store, "alert",
		"UPDATE alert SET ended_ms = ?, reason = ? WHERE id = ? AND ended_ms = 0",
		BIND(B_INT(now_ms), B_INT(end), B_INT(id)), err);
}

int store_alert_forget_old(struct store *store, uint64_t customer_id, struct err *err)
{
	int r = statement_run(
		store,
		"DELETE FROM alert WHERE customer_id = ?1 AND ended_ms > 0 AND id <= (SELECT id "
		"FROM "
		"alert WHERE customer_id = ?1 AND ended_ms > 0 ORDER BY id DESC LIMIT 1 OFFSET ?2)",
		BIND(B_INT(customer_id), B_INT(ALERT_KEPT)), err);

	return r < 0 ? r : 0;
}

int store_alert_get(struct store *store, uint64_t customer_id, uint64_t id, struct alert *ret,
		    struct err *err)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	int r = statement_one(store, "alert",
			      ALERT_SELECT "WHERE id = ?1 AND ?2 IN (0, customer_id)",
			      BIND(B_INT(id), B_INT(customer_id)), &statement, err);

	if (r < 0)
		return r;
	return read_alert(statement, ret) < 0 ? statement_corrupt("alert", err) : 0;
}

static void add_conditions(struct query *query, const char *select,
			   const struct store_alert_filter *filter)
{
	query_add(query, select);
	query_add(query, filter->open    ? "WHERE ended_ms = 0"
			 : filter->ended ? "WHERE ended_ms > 0"
					 : "WHERE 1");
	if (filter->customer_id != 0)
		query_where(query, " AND customer_id = ?", (struct bind)B_INT(filter->customer_id));
	if (filter->server_id != 0)
		query_where(query, " AND server_id = ?", (struct bind)B_INT(filter->server_id));
	if (filter->rule_id != 0)
		query_where(query, " AND rule_id = ?", (struct bind)B_INT(filter->rule_id));
}

int store_alert_list(struct store *store, const struct store_alert_filter *filter,
		     struct store_alerts *ret, struct err *err)
{
	struct query query CLEANUP(query_done) = {0}, counting CLEANUP(query_done) = {0};
	struct statement_list list = {0};
	uint64_t total = 0;
	int r;

	add_conditions(&counting, "SELECT count(*) FROM alert ", filter);
	if ((r = query_number(store, &counting, &total, err)) < 0)
		return r;
	add_conditions(&query, ALERT_SELECT, filter);
	query_add(&query, " ORDER BY id DESC");
	query_page(&query, &filter->page);
	r = query_read(store, &query, sizeof(struct alert), read_alert, "alert", &list, err);
	*ret = (struct store_alerts){.items = list.items, .count = list.count, .total = total};
	if (r < 0)
		store_alert_done(ret);
	return r;
}

void store_alert_done(struct store_alerts *alerts)
{
	free(alerts->items);
	*alerts = (struct store_alerts){0};
}

int store_alert_count_open(struct store *store, uint64_t customer_id, uint64_t *ret,
			   struct err *err)
{
	return statement_number(store,
				"SELECT count(*) FROM alert WHERE customer_id = ? AND ended_ms = 0",
				BIND(B_INT(customer_id)), ret, err);
}

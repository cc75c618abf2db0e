#include "store/store_firewall.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"
#include "store/query.h"
#include "store/store_server.h"

#define COLUMNS "f.id, f.customer_id, f.name, f.rules, f.labels, f.created_ms"

static const char *const sort_columns[] = {
	[SORT_ID] = "f.id",
	[SORT_NAME] = "f.name",
	[SORT_CREATED] = "f.created_ms",
	[SORT_FINISHED] = NULL,
};

static int read_row(sqlite3_stmt *statement, void *item)
{
	struct firewall *firewall = item;
	int r;

	firewall->id = statement_u64(statement, 0);
	firewall->customer_id = statement_u64(statement, 1);
	firewall->created_ms = sqlite3_column_int64(statement, 5);
	if (statement_copy(statement, 2, firewall->name, sizeof(firewall->name)) < 0)
		return ERR_CORRUPT;
	r = firewall_rules_read(statement_text(statement, 3), &firewall->rules, NULL);
	if (r < 0)
		return r == -ENOMEM ? r : ERR_CORRUPT;
	return label_read(statement_text(statement, 4), &firewall->labels);
}

int store_firewall_insert(struct store *store, struct firewall *firewall, struct err *err)
{
	struct buf labels CLEANUP(buf_done) = {0}, rules CLEANUP(buf_done) = {0};
	uint64_t count = 0;
	int r = statement_number(store, "SELECT count(*) FROM firewall WHERE customer_id = ?",
				 BIND(B_INT(firewall->customer_id)), &count, err);

	if (r < 0)
		return r;
	if (count >= FIREWALLS_PER_CUSTOMER)
		return err_set(err, ERR_LIMIT, "an account has at most %d firewalls",
			       FIREWALLS_PER_CUSTOMER);
	if (label_format(&firewall->labels, &labels) < 0 ||
	    firewall_rules_format(&firewall->rules, &rules) < 0)
		return err_set(err, -ENOMEM, "out of memory");
	r = statement_run(store,
			  "INSERT INTO firewall(customer_id, name, rules, labels, created_ms) "
			  "VALUES (?, ?, ?, ?, ?)",
			  BIND(B_INT(firewall->customer_id), B_TEXT(firewall->name),
			       B_TEXT(buf_str(&rules)), B_TEXT(buf_str(&labels)),
			       B_INT(firewall->created_ms)),
			  err);
	if (r == ERR_UNIQUENESS)
		return err_set(err, r, "there is a firewall named %s already", firewall->name);
	if (r < 0)
		return r;
	firewall->id = (uint64_t)sqlite3_last_insert_rowid(store->db);
	return 0;
}

int store_firewall_get(struct store *store, uint64_t customer_id, uint64_t id, struct firewall *ret,
		       struct err *err)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	struct firewall firewall CLEANUP(firewall_done) = {0};
	int r = statement_one(store, "firewall",
			      "SELECT " COLUMNS
			      " FROM firewall f WHERE f.id = ?1 AND ?2 IN (0, f.customer_id)",
			      BIND(B_INT(id), B_INT(customer_id)), &statement, err);

	if (r < 0)
		return r;
	r = read_row(statement, &firewall);
	if (r < 0)
		return statement_misread("firewall", r, err);
	*ret = firewall;
	firewall = (struct firewall){0};
	return 0;
}

static int read_all(struct store *store, struct query *query, struct store_firewalls *ret,
		    struct err *err)
{
	struct statement_list list = {0};
	int r = query_read(store, query, sizeof(struct firewall), read_row, "firewall", &list, err);

	*ret = (struct store_firewalls){.items = list.items, .count = list.count};
	if (r < 0)
		store_firewall_done(ret);
	return r;
}

static void end_item(void *item)
{
	firewall_done(item);
}

int store_firewall_list(struct store *store, const struct store_firewall_filter *filter,
			struct store_firewalls *ret, struct err *err)
{
	struct query query CLEANUP(query_done) = {0};
	int r;

	query_where(&query, "SELECT " COLUMNS " FROM firewall f WHERE ?1 IN (0, f.customer_id)",
		    (struct bind)B_INT(filter->customer_id));
	if (filter->name != NULL)
		query_where(&query, " AND f.name = ?", (struct bind)B_TEXT(filter->name));
	query_order(&query, &filter->sort, sort_columns);
	r = read_all(store, &query, ret, err);
	if (r == 0)
		ret->total = query_keep_page(ret->items, &ret->count, sizeof(struct firewall),
					     offsetof(struct firewall, labels), filter->selector,
					     &filter->page, end_item);
	return r;
}

void store_firewall_done(struct store_firewalls *firewalls)
{
	for (size_t i = 0; i < firewalls->count; i++)
		firewall_done(&firewalls->items[i]);
	free(firewalls->items);
	*firewalls = (struct store_firewalls){0};
}

int store_firewall_update(struct store *store, const struct firewall *firewall, struct err *err)
{
	struct buf labels CLEANUP(buf_done) = {0};
	int r = label_format(&firewall->labels, &labels);

	if (r < 0)
		return err_set(err, r, "out of memory");
	r = statement_run_one(
		store, "firewall", "UPDATE firewall SET name = ?, labels = ? WHERE id = ?",
		BIND(B_TEXT(firewall->name), B_TEXT(buf_str(&labels)), B_INT(firewall->id)), err);
	if (r == ERR_UNIQUENESS)
		return err_set(err, r, "there is a firewall named %s already", firewall->name);
	return r;
}

static int touch(struct store *store, const struct store_server_ids *ids, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < ids->count; i++)
		r = statement_run(
			store, "UPDATE server_filter SET wanted = wanted + 1 WHERE server_id = ?",
			BIND(B_INT(ids->items[i])), err);
	return r < 0 ? r : 0;
}

int store_firewall_set_rules(struct store *store, uint64_t id, const struct firewall_rules *rules,
			     struct err *err)
{
	struct store *guard CLEANUP(store_guard) = NULL;
	struct store_server_ids ids CLEANUP(store_server_ids_done) = {0};
	struct buf text CLEANUP(buf_done) = {0};
	int r = firewall_rules_format(rules, &text);

	if (r < 0)
		return err_set(err, r, "out of memory");
	if ((r = statement_begin(store, &guard, err)) < 0 ||
	    (r = statement_run_one(store, "firewall", "UPDATE firewall SET rules = ? WHERE id = ?",
				   BIND(B_TEXT(buf_str(&text)), B_INT(id)), err)) < 0 ||
	    (r = store_firewall_servers(store, id, &ids, err)) < 0 ||
	    (r = touch(store, &ids, err)) < 0)
		return r;
	return statement_commit(&guard, err);
}

int store_firewall_delete(struct store *store, uint64_t id, struct err *err)
{
	uint64_t used = 0;
	int r = statement_number(
		store,
		"SELECT (SELECT count(*) FROM firewall_server WHERE firewall_id = ?1) + (SELECT "
		"count(*) FROM firewall_selector WHERE firewall_id = ?1)",
		BIND(B_INT(id)), &used, err);

	if (r < 0)
		return r;
	if (used > 0)
		return err_set(err, ERR_IN_USE,
			       "the firewall is applied: remove it from its servers first");
	return statement_run_one(store, "firewall", "DELETE FROM firewall WHERE id = ?",
				 BIND(B_INT(id)), err);
}

/* --- what it is applied to --- */

void store_scope_done(struct store_scope *scope)
{
	for (size_t i = 0; i < scope->selector_count; i++)
		free(scope->selectors[i]);
	free(scope->selectors);
	free(scope->servers);
	*scope = (struct store_scope){0};
}

int store_scope_add_server(struct store_scope *scope, uint64_t server_id)
{
	uint64_t *grown;
	size_t at = 0;

	while (at < scope->server_count && scope->servers[at] < server_id)
		at++;
	if (at < scope->server_count && scope->servers[at] == server_id)
		return 0;
	grown = realloc(scope->servers, (scope->server_count + 1) * sizeof *grown);
	if (grown == NULL)
		return -ENOMEM;
	scope->servers = grown;
	memmove(grown + at + 1, grown + at, (scope->server_count - at) * sizeof *grown);
	grown[at] = server_id;
	scope->server_count++;
	return 0;
}

int store_scope_add_selector(struct store_scope *scope, const char *selector)
{
	char **grown;
	size_t at = 0;

	while (at < scope->selector_count && strcmp(scope->selectors[at], selector) < 0)
		at++;
	if (at < scope->selector_count && strcmp(scope->selectors[at], selector) == 0)
		return 0;
	grown = realloc(scope->selectors, (scope->selector_count + 1) * sizeof *grown);
	if (grown == NULL)
		return -ENOMEM;
	scope->selectors = grown;
	char *copy = strdup(selector);
	if (copy == NULL)
		return -ENOMEM;
	memmove(grown + at + 1, grown + at, (scope->selector_count - at) * sizeof *grown);
	grown[at] = copy;
	scope->selector_count++;
	return 0;
}

bool store_scope_remove_server(struct store_scope *scope, uint64_t server_id)
{
	for (size_t i = 0; i < scope->server_count; i++)
		if (scope->servers[i] == server_id) {
			memmove(scope->servers + i, scope->servers + i + 1,
				(--scope->server_count - i) * sizeof *scope->servers);
			return true;
		}
	return false;
}

bool store_scope_remove_selector(struct store_scope *scope, const char *selector)
{
	for (size_t i = 0; i < scope->selector_count; i++)
		if (strcmp(scope->selectors[i], selector) == 0) {
			free(scope->selectors[i]);
			memmove(scope->selectors + i, scope->selectors + i + 1,
				(--scope->selector_count - i) * sizeof *scope->selectors);
			return true;
		}
	return false;
}

int store_firewall_get_scope(struct store *store, uint64_t id, struct store_scope *ret,
			     struct err *err)
{
	sqlite3_stmt *servers AUTO_STATEMENT = NULL, *selectors AUTO_STATEMENT = NULL;
	struct store_scope scope CLEANUP(store_scope_done) = {0};
	int r = statement_open(store, "SELECT server_id FROM firewall_server WHERE firewall_id = ?",
			       BIND(B_INT(id)), &servers, err);

	while (r >= 0 && (r = statement_row(store, servers, err)) > 0)
		if (store_scope_add_server(&scope, statement_u64(servers, 0)) < 0)
			return err_set(err, -ENOMEM, "out of memory");
	if (r < 0)
		return r;
	r = statement_open(store, "SELECT selector FROM firewall_selector WHERE firewall_id = ?",
			   BIND(B_INT(id)), &selectors, err);
	while (r >= 0 && (r = statement_row(store, selectors, err)) > 0)
		if (store_scope_add_selector(&scope, statement_text(selectors, 0)) < 0)
			return err_set(err, -ENOMEM, "out of memory");
	if (r < 0)
		return r;
	*ret = scope;
	scope = (struct store_scope){0};
	return 0;
}

static int write_scope(struct store *store, uint64_t id, const struct store_scope *scope,
		       struct err *err)
{
	int r = statement_run(store, "DELETE FROM firewall_server WHERE firewall_id = ?",
			      BIND(B_INT(id)), err);

	if (r >= 0)
		r = statement_run(store, "DELETE FROM firewall_selector WHERE firewall_id = ?",
				  BIND(B_INT(id)), err);
	for (size_t i = 0; r >= 0 && i < scope->server_count; i++)
		r = statement_run(
			store,
			/* What a trial remembers may have gone to another customer since. */
			"INSERT INTO firewall_server(firewall_id, server_id) SELECT f.id, s.id "
			"FROM firewall f, server s WHERE f.id = ? AND s.id = ? AND "
			"s.customer_id = f.customer_id",
			BIND(B_INT(id), B_INT(scope->servers[i])), err);
	for (size_t i = 0; r >= 0 && i < scope->selector_count; i++)
		r = statement_run(
			store, "INSERT INTO firewall_selector(firewall_id, selector) VALUES (?, ?)",
			BIND(B_INT(id), B_TEXT(scope->selectors[i])), err);
	return r < 0 ? r : 0;
}

int store_firewall_set_scope(struct store *store, uint64_t id, const struct store_scope *scope,
			     struct err *err)
{
	struct store *guard CLEANUP(store_guard) = NULL;
	struct store_server_ids before CLEANUP(store_server_ids_done) = {0},
				       after CLEANUP(store_server_ids_done) = {0};
	int r;

	if ((r = statement_begin(store, &guard, err)) < 0 ||
	    (r = store_firewall_servers(store, id, &before, err)) < 0 ||
	    (r = write_scope(store, id, scope, err)) < 0 ||
	    (r = store_firewall_servers(store, id, &after, err)) < 0 ||
	    (r = touch(store, &before, err)) < 0 || (r = touch(store, &after, err)) < 0)
		return r;
	return statement_commit(&guard, err);
}

void store_server_ids_done(struct store_server_ids *ids)
{
	free(ids->items);
	*ids = (struct store_server_ids){0};
}

static int by_id(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void sort_ids(struct store_server_ids *ids)
{
	size_t kept = 0;

	if (ids->count > 1)
		qsort(ids->items, ids->count, sizeof *ids->items, by_id);
	for (size_t i = 0; i < ids->count; i++)
		if (kept == 0 || ids->items[kept - 1] != ids->items[i])
			ids->items[kept++] = ids->items[i];
	ids->count = kept;
}

static int read_id(sqlite3_stmt *statement, void *item)
{
	*(uint64_t *)item = statement_u64(statement, 0);
	return 0;
}

static int select_servers(struct store *store, uint64_t customer_id, const char *text,
			  struct statement_list *list, struct err *err)
{
	struct query query CLEANUP(query_done) = {0};
	struct label_selector selector CLEANUP(label_selector_done) = {0};
	int r = label_selector_parse(text, &selector, err);

	if (r < 0)
		return r;
	query_where(&query, "SELECT s.id FROM server s WHERE s.customer_id = ?",
		    (struct bind)B_INT(customer_id));
	for (size_t i = 0; i < selector.count; i++)
		query_where_label(&query, &selector.items[i], "s.id", customer_id);
	return query_read(store, &query, sizeof(uint64_t), read_id, "server", list, err);
}

int store_firewall_selected(struct store *store, uint64_t customer_id, const char *selector,
			    struct store_server_ids *ret, struct err *err)
{
	struct statement_list list = {0};
	int r = select_servers(store, customer_id, selector, &list, err);

	*ret = (struct store_server_ids){.items = list.items, .count = list.count};
	if (r < 0)
		store_server_ids_done(ret);
	else
		sort_ids(ret);
	return r;
}

int store_firewall_servers(struct store *store, uint64_t id, struct store_server_ids *ret,
			   struct err *err)
{
	struct store_scope scope CLEANUP(store_scope_done) = {0};
	struct statement_list list = {0};
	uint64_t customer_id = 0;
	int r = statement_number(store, "SELECT customer_id FROM firewall WHERE id = ?",
				 BIND(B_INT(id)), &customer_id, err);

	if (r < 0 || (r = store_firewall_get_scope(store, id, &scope, err)) < 0)
		return r;
	for (size_t i = 0; r >= 0 && i < scope.server_count; i++) {
		uint64_t *place = statement_list_add(&list, sizeof *place);
		if (place == NULL)
			r = err_set(err, -ENOMEM, "out of memory");
		else
			*place = scope.servers[i];
	}
	for (size_t i = 0; r >= 0 && i < scope.selector_count; i++)
		r = select_servers(store, customer_id, scope.selectors[i], &list, err);
	*ret = (struct store_server_ids){.items = list.items, .count = list.count};
	if (r < 0)
		store_server_ids_done(ret);
	else
		sort_ids(ret);
	return r < 0 ? r : 0;
}

/* --- those of a server --- */

static int is_selected(struct store *store, uint64_t firewall_id, const struct labels *labels,
		       bool *ret, struct err *err)
{
	struct store_scope scope CLEANUP(store_scope_done) = {0};
	int r = store_firewall_get_scope(store, firewall_id, &scope, err);

	*ret = false;
	for (size_t i = 0; r == 0 && !*ret && i < scope.selector_count; i++) {
		struct label_selector selector CLEANUP(label_selector_done) = {0};
		r = label_selector_parse(scope.selectors[i], &selector, err);
		*ret = r == 0 && label_selector_match(&selector, labels);
	}
	return r;
}

static int drop_unselected(struct store *store, uint64_t server_id, const struct labels *labels,
			   struct store_firewalls *all, struct err *err)
{
	size_t kept = 0;
	int r = 0;

	for (size_t i = 0; i < all->count; i++) {
		uint64_t named = 0;
		bool fits = false;

		if (r == 0)
			r = statement_number(store,
					     "SELECT count(*) FROM firewall_server WHERE "
					     "firewall_id = ? AND server_id = ?",
					     BIND(B_INT(all->items[i].id), B_INT(server_id)),
					     &named, err);
		fits = named > 0;
		if (r == 0 && !fits)
			r = is_selected(store, all->items[i].id, labels, &fits, err);
		if (r == 0 && fits)
			all->items[kept++] = all->items[i];
		else
			firewall_done(&all->items[i]);
	}
	all->count = kept;
	return r;
}

int store_firewall_of_server(struct store *store, uint64_t server_id, struct store_firewalls *ret,
			     struct err *err)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	struct query query CLEANUP(query_done) = {0};
	struct labels labels CLEANUP(label_done) = {0};
	struct store_firewalls all = {0};
	int r = statement_one(store, "server", "SELECT labels FROM server WHERE id = ?",
			      BIND(B_INT(server_id)), &statement, err);

	if (r < 0)
		return r;
	if (label_read(statement_text(statement, 0), &labels) < 0)
		return statement_corrupt("server", err);
	/* Those with any selector are few; which of them fit is judged by the labels. */
	query_where(&query,
		    "SELECT " COLUMNS
		    " FROM firewall f WHERE f.customer_id = (SELECT customer_id FROM server WHERE "
		    "id = ?1) AND (EXISTS (SELECT 1 FROM firewall_server x WHERE x.firewall_id = "
		    "f.id AND x.server_id = ?1) OR EXISTS (SELECT 1 FROM firewall_selector y WHERE "
		    "y.firewall_id = f.id)) ORDER BY f.id",
		    (struct bind)B_INT(server_id));
	r = read_all(store, &query, &all, err);
	if (r == 0)
		r = drop_unselected(store, server_id, &labels, &all, err);
	if (r < 0) {
		store_firewall_done(&all);
		return r;
	}
	all.total = all.count;
	*ret = all;
	return 0;
}

/* --- a change on trial --- */

#define TRIAL_MARK UINT32_C(0x1b000000)

void store_trial_done(struct store_trial *trial)
{
	firewall_rules_done(&trial->rules);
	store_scope_done(&trial->scope);
	*trial = (struct store_trial){0};
}

static void format_scope(const struct store_scope *scope, struct buf *out)
{
	for (size_t i = 0; i < scope->server_count; i++)
		(void)buf_printf(out, "server %" PRIu64 "\n", scope->servers[i]);
	for (size_t i = 0; i < scope->selector_count; i++)
		(void)buf_printf(out, "selector %s\n", scope->selectors[i]);
}

static int read_scope(const char *text, struct store_scope *scope)
{
	AUTO_FREE char *copy = strdup(text);
	char *rest = NULL;
	int r = copy != NULL ? 0 : -ENOMEM;

	for (char *line = copy != NULL ? strtok_r(copy, "\n", &rest) : NULL; r == 0 && line != NULL;
	     line = strtok_r(NULL, "\n", &rest)) {
		uint64_t id;
		if (strncmp(line, "selector ", 9) == 0)
			r = store_scope_add_selector(scope, line + 9);
		else if (strncmp(line, "server ", 7) == 0 &&
			 parse_u64(line + 7, 1, INT64_MAX, &id) == 0)
			r = store_scope_add_server(scope, id);
		else
			r = ERR_CORRUPT;
	}
	return r;
}

int store_trial_insert(struct store *store, const struct store_trial *trial,
		       const struct store_server_ids *servers, struct err *err)
{
	struct buf rules CLEANUP(buf_done) = {0}, scope CLEANUP(buf_done) = {0};
	int r;

	format_scope(&trial->scope, &scope);
	if (firewall_rules_format(&trial->rules, &rules) < 0 || scope.error != 0)
		return err_set(err, -ENOMEM, "out of memory");
	r = statement_run(store,
			  "INSERT INTO firewall_trial(firewall_id, rules, scope, address, "
			  "started_ms, deadline_ms, confirm_from) VALUES (?, ?, ?, ?, ?, ?, ?)",
			  BIND(B_INT(trial->firewall_id), B_TEXT(buf_str(&rules)),
			       B_TEXT(buf_str(&scope)), B_TEXT(trial->address),
			       B_INT(trial->started_ms), B_INT(trial->deadline_ms),
			       B_TEXT(trial->confirm_from)),
			  err);
	for (size_t i = 0; r >= 0 && i < servers->count; i++)
		r = statement_run(store,
				  "INSERT INTO firewall_trial_server(firewall_id, server_id) "
				  "VALUES (?, ?)",
				  BIND(B_INT(trial->firewall_id), B_INT(servers->items[i])), err);
	return r < 0 ? r : 0;
}

int store_trial_get(struct store *store, uint64_t firewall_id, struct store_trial *ret,
		    struct err *err)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	struct store_trial trial CLEANUP(store_trial_done) = {.firewall_id = firewall_id};
	int r = statement_open(store,
			       "SELECT rules, scope, address, started_ms, deadline_ms, "
			       "confirm_from, in_force_ms FROM firewall_trial "
			       "WHERE firewall_id = ?",
			       BIND(B_INT(firewall_id)), &statement, err);

	if (r == 0)
		r = statement_row(store, statement, err);
	if (r < 0)
		return r;
	if (r == 0)
		return err_set(err, ERR_NOT_FOUND, "no change of this firewall is on trial");
	trial.started_ms = sqlite3_column_int64(statement, 3);
	trial.deadline_ms = sqlite3_column_int64(statement, 4);
	trial.in_force_ms = sqlite3_column_int64(statement, 6);
	if (firewall_rules_read(statement_text(statement, 0), &trial.rules, NULL) < 0 ||
	    read_scope(statement_text(statement, 1), &trial.scope) < 0 ||
	    statement_copy(statement, 2, trial.address, sizeof trial.address) < 0 ||
	    statement_copy(statement, 5, trial.confirm_from, sizeof trial.confirm_from) < 0)
		return statement_corrupt("trial of a firewall", err);
	*ret = trial;
	trial = (struct store_trial){0};
	return 0;
}

int store_trial_delete(struct store *store, uint64_t firewall_id, struct err *err)
{
	return statement_run_one(store, "trial", "DELETE FROM firewall_trial WHERE firewall_id = ?",
				 BIND(B_INT(firewall_id)), err);
}

#define SETTLED                                                                                    \
	"in_force_ms = 0 AND NOT EXISTS (SELECT 1 FROM firewall_trial_server x JOIN "              \
	"server_filter f ON f.server_id = x.server_id WHERE x.firewall_id = "                      \
	"firewall_trial.firewall_id AND f.applied < f.wanted)"

int store_trial_settle(struct store *store, int64_t now_ms, struct err *err)
{
	uint64_t count = 0;
	/* Most of the time there is none, and nothing is written. */
	int r = statement_number(store, "SELECT count(*) FROM firewall_trial WHERE " SETTLED, NULL,
				 &count, err);

	if (r == 0 && count > 0)
		r = statement_run(store, "UPDATE firewall_trial SET in_force_ms = ? WHERE " SETTLED,
				  BIND(B_INT(now_ms)), err);
	return r < 0 ? r : 0;
}

int store_trial_places(struct store *store, struct store_trial_place *ret, size_t max,
		       size_t *ret_count, struct err *err)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	size_t count = 0;
	int r = statement_open(store,
			       "SELECT x.firewall_id, x.server_id FROM firewall_trial_server x "
			       "JOIN firewall_trial t ON t.firewall_id = x.firewall_id WHERE "
			       "t.confirm_from <> '' AND t.in_force_ms > 0 ORDER BY "
			       "t.deadline_ms, x.server_id LIMIT ?",
			       BIND(B_INT(max)), &statement, err);

	while (r >= 0 && count < max && (r = statement_row(store, statement, err)) > 0)
		ret[count++] = (struct store_trial_place){statement_u64(statement, 0),
							  statement_u64(statement, 1)};
	if (r < 0)
		return r;
	*ret_count = count;
	return 0;
}

int store_trial_of_server(struct store *store, uint64_t server_id, struct store_server_ids *ret,
			  struct err *err)
{
	struct query query CLEANUP(query_done) = {0};
	struct statement_list list = {0};
	int r;

	query_where(&query,
		    "SELECT x.firewall_id FROM firewall_trial_server x JOIN firewall f ON f.id = "
		    "x.firewall_id JOIN server s ON s.id = x.server_id AND s.customer_id = "
		    "f.customer_id WHERE x.server_id = ? ORDER BY x.firewall_id",
		    (struct bind)B_INT(server_id));
	r = query_read(store, &query, sizeof(uint64_t), read_id, "trial", &list, err);
	*ret = (struct store_server_ids){.items = list.items, .count = list.count};
	if (r < 0)
		store_server_ids_done(ret);
	return r < 0 ? r : 0;
}

/* One that began earlier looks for less: of two the later one's. */
int store_trial_mark(struct store *store, uint64_t server_id, uint32_t *ret, struct err *err)
{
	uint64_t started_ms = 0;
	int r = statement_number(store,
				 "SELECT coalesce(max(t.started_ms), 0) FROM firewall_trial t JOIN "
				 "firewall_trial_server x ON x.firewall_id = t.firewall_id WHERE "
				 "x.server_id = ? AND t.confirm_from <> ''",
				 BIND(B_INT(server_id)), &started_ms, err);

	if (r < 0)
		return r;
	*ret = started_ms > 0 ? TRIAL_MARK | (uint32_t)(started_ms & 0xffffff) : 0;
	return 0;
}

int store_trial_next(struct store *store, uint64_t *ret_firewall_id, int64_t *ret_deadline_ms,
		     struct err *err)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	int r = statement_open(store,
			       "SELECT firewall_id, deadline_ms FROM firewall_trial ORDER BY "
			       "deadline_ms LIMIT 1",
			       NULL, &statement, err);

	if (r == 0)
		r = statement_row(store, statement, err);
	if (r < 0)
		return r;
	if (r == 0)
		return err_set(err, ERR_NOT_FOUND, "nothing is on trial");
	*ret_firewall_id = statement_u64(statement, 0);
	*ret_deadline_ms = sqlite3_column_int64(statement, 1);
	return 0;
}

/* --- the filter of a server --- */

int store_filter_get(struct store *store, uint64_t server_id, uint64_t *ret_wanted,
		     uint64_t *ret_applied, struct err *err)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	int r = statement_one(store, "server",
			      "SELECT wanted, applied FROM server_filter WHERE server_id = ?",
			      BIND(B_INT(server_id)), &statement, err);

	if (r < 0)
		return r;
	*ret_wanted = statement_u64(statement, 0);
	*ret_applied = statement_u64(statement, 1);
	return 0;
}

int store_filter_bandwidth(struct store *store, uint64_t server_id, uint32_t *ret_in,
			   uint32_t *ret_out, struct err *err)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	int r = statement_one(store, "server",
			      "SELECT t.bandwidth_in, t.bandwidth_out FROM server s JOIN "
			      "server_type t ON t.id = s.server_type_id WHERE s.id = ?",
			      BIND(B_INT(server_id)), &statement, err);

	if (r < 0)
		return r;
	*ret_in = statement_u32(statement, 0);
	*ret_out = statement_u32(statement, 1);
	return 0;
}

int store_filter_set_applied(struct store *store, uint64_t server_id, uint64_t version,
			     struct err *err)
{
	int r = statement_run(store,
			      "UPDATE server_filter SET applied = ?2 WHERE server_id = ?1 AND "
			      "applied < ?2 AND ?2 <= wanted",
			      BIND(B_INT(server_id), B_INT(version)), err);

	return r < 0 ? r : 0;
}

int store_filter_pending(struct store *store, uint64_t *ids, size_t max, size_t *ret_count,
			 struct err *err)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	size_t count = 0;
	int r = statement_open(
		store,
		"SELECT f.server_id FROM server_filter f WHERE f.applied < f.wanted "
		"AND (EXISTS (SELECT 1 FROM address WHERE server_id = f.server_id AND "
		"left_server_id <> 0) OR NOT EXISTS (SELECT 1 FROM address a JOIN "
		"server_filter g ON g.server_id = a.server_id WHERE "
		"a.left_server_id = f.server_id AND a.left_server_id <> 0 AND "
		"g.applied < g.wanted)) ORDER BY f.server_id LIMIT ?",
		BIND(B_INT(max)), &statement, err);

	while (r >= 0 && count < max && (r = statement_row(store, statement, err)) > 0)
		ids[count++] = statement_u64(statement, 0);
	if (r < 0)
		return r;
	*ret_count = count;
	return 0;
}

int store_filter_pending_of(struct store *store, uint64_t customer_id, uint64_t *ret,
			    struct err *err)
{
	return statement_number(store,
				"SELECT count(*) FROM server_filter f JOIN server s ON s.id = "
				"f.server_id WHERE f.applied < f.wanted AND s.customer_id = ?",
				BIND(B_INT(customer_id)), ret, err);
}

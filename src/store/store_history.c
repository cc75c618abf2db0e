#include "store/store_history.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "store/history_row.h"
#include "store/query.h"

void store_history_note(struct store *store, const struct history_line *line)
{
	store->note.set = line != NULL;
	store->note.written = false;
	if (line)
		store->note.line = *line;
}

struct history_line *store_history_noted(struct store *store)
{
	return store->note.set ? &store->note.line : NULL;
}

bool store_history_take(struct store *store, struct history_line *ret)
{
	const bool written = store->note.written;

	if (ret && (store->note.set || written))
		*ret = store->note.line;
	store->note.set = store->note.written = false;
	return written;
}

void store_history_forget_action(struct store *store)
{
	if (store->note.set && store->note.line.action_id) {
		store->note.line.action_id = 0;
		store->note.line.result = HISTORY_SUCCESS;
	}
}

void store_history_begin_action(struct store *store, const struct action *action)
{
	if (!store->note.set || store->note.line.action_id)
		return;
	store->note.line.action_id = action->id;
	if (action->status == ACTION_RUNNING)
		store->note.line.result = HISTORY_ACCEPTED;
}

int store_history_ends(struct store *store, struct store_history_ends *ret, struct err *err)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	struct store_history_ends ends = {0};
	int r = statement_open(store,
			       "SELECT anchor_id, anchor_hash, head_id, head_hash FROM "
			       "history_chain",
			       NULL, &statement, err);

	if (r == 0)
		r = statement_row(store, statement, err);
	if (r < 0)
		return r;
	if (r == 0)
		return statement_corrupt("history: its two ends are gone", err);
	ends.anchor_id = statement_u64(statement, 0);
	ends.head_id = statement_u64(statement, 2);
	if (statement_blob(statement, 1, ends.anchor_hash, sizeof(ends.anchor_hash)) < 0 ||
	    statement_blob(statement, 3, ends.head_hash, sizeof(ends.head_hash)) < 0)
		return statement_corrupt("end of the history", err);
	*ret = ends;
	return 0;
}

static int insert(struct store *store, const struct history_line *line, struct err *err)
{
	int r = statement_execute(
		store,
		"INSERT INTO history(" HISTORY_COLUMNS ") VALUES "
		"(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		BIND(B_INT(line->id), B_INT(line->time_ms), B_INT(line->customer_id),
		     B_INT(line->actor), B_INT(line->actor_id), B_TEXT(line->actor_name),
		     B_INT(line->by_operator), B_TEXT(line->peer), B_TEXT(line->what),
		     B_INT(line->result), B_TEXT(line->error_code), B_TEXT(line->resource_type),
		     B_INT(line->resource_id), B_TEXT(line->resource_name), B_INT(line->action_id),
		     B_TEXT(line->details), B_BLOB(line->hash, sizeof(line->hash))),
		err);

	if (r < 0)
		return r;
	r = statement_execute(store, "UPDATE history_chain SET head_id = ?, head_hash = ?",
			      BIND(B_INT(line->id), B_BLOB(line->hash, sizeof(line->hash))), err);
	return r < 0 ? r : 0;
}

/* In a transaction. The caller's last row id stays what it was. */
static int append(struct store *store, struct history_line *line, struct err *err)
{
	const sqlite3_int64 row = sqlite3_last_insert_rowid(store->db);
	struct store_history_ends ends;
	struct history_line made = *line;
	int r = store_history_ends(store, &ends, err);

	if (r < 0)
		return err_wrap(err, r, "writing the history");
	made.id = ends.head_id + 1;
	made.time_ms = clock_now_ms();
	history_line_hash(&made, ends.head_hash, made.hash);
	r = insert(store, &made, err);
	sqlite3_set_last_insert_rowid(store->db, row);
	if (r < 0)
		return err_wrap(err, r, "writing the history");
	*line = made;
	return 0;
}

int store_history_write_note(struct store *store, struct err *err)
{
	return append(store, &store->note.line, err);
}

int store_history_append(struct store *store, struct history_line *line, struct err *err)
{
	struct store *guard CLEANUP(store_guard) = NULL;
	struct history_line waiting = store->note.line;
	const bool is_waiting = store->note.set;
	int r;

	/* A note that waits is about something else. */
	if (store_in_transaction(store))
		return append(store, line, err);
	store->note.set = false;
	r = statement_begin(store, &guard, err);
	if (r == 0)
		r = append(store, line, err);
	if (r == 0)
		r = statement_commit(&guard, err);
	store->note.set = is_waiting;
	store->note.line = waiting;
	return r;
}

/* The line that an action began with. 1, 0 when there is none, or negative. */
static int find_beginning(struct store *store, uint64_t action_id, struct history_line *ret,
			  struct err *err)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	int r = statement_open(store,
			       "SELECT " HISTORY_COLUMNS " FROM history WHERE action_id = ? "
			       "AND action_id > 0 ORDER BY id LIMIT 1",
			       BIND(B_INT(action_id)), &statement, err);

	if (r == 0)
		r = statement_row(store, statement, err);
	if (r <= 0)
		return r;
	/* One that was tampered with is found by the check; it must not hold up the action. */
	return history_row_read(statement, ret) == 0;
}

static int read_end(struct store *store, uint64_t action_id, struct history_line *line,
		    struct err *err)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	int r = statement_open(store,
			       "SELECT status, error_code, customer_id, server_id FROM action "
			       "WHERE id = ?",
			       BIND(B_INT(action_id)), &statement, err);

	if (r == 0)
		r = statement_row(store, statement, err);
	if (r <= 0)
		return r;
	line->result =
		statement_u32(statement, 0) == ACTION_SUCCESS ? HISTORY_SUCCESS : HISTORY_ERROR;
	if (line->result == HISTORY_ERROR)
		(void)statement_copy(statement, 1, line->error_code, sizeof(line->error_code));
	if (*line->what == '\0') {
		line->customer_id = statement_u64(statement, 2);
		line->resource_id = statement_u64(statement, 3);
	}
	return 0;
}

int store_history_end_action(struct store *store, uint64_t action_id, struct err *err)
{
	struct history_line line = {0};
	int r;

	/* It began in this very transaction: one line tells both. */
	if (store->note.set && store->note.line.action_id == action_id) {
		store->note.line.result = HISTORY_SUCCESS;
		return 0;
	}
	r = find_beginning(store, action_id, &line, err);
	if (r < 0)
		return r;
	if (r == 0)
		line = (struct history_line){.actor = HISTORY_SYSTEM, .action_id = action_id};
	line.details[0] = '\0';
	r = read_end(store, action_id, &line, err);
	if (r < 0)
		return r;
	/* Its beginning was before there was a history, or is pruned. */
	if (*line.what == '\0') {
		(void)snprintf(line.what, sizeof(line.what), "action.end");
		if (line.resource_id)
			(void)snprintf(line.resource_type, sizeof(line.resource_type), "server");
	}
	return store_history_append(store, &line, err);
}

void store_history_resource_name(struct store *store, const char *type, uint64_t customer_id,
				 uint64_t id, char out[HISTORY_NAME_BYTES])
{
	static const struct {
		const char *type;
		const char *sql;
	} names[] = {
		{"server",
		 "SELECT name FROM server WHERE id = ?1 AND (?2 = 0 OR customer_id = ?2)"},
		{"ssh_key",
		 "SELECT name FROM ssh_key WHERE id = ?1 AND (?2 = 0 OR customer_id = ?2)"},
		{"token", "SELECT name FROM token WHERE id = ?1 AND (?2 = 0 OR customer_id = ?2)"},
		{"image", /* what was made of a server has no name, but words */
		 "SELECT ifnull(name, description) FROM image WHERE id = ?1 AND (?2 = 0 OR "
		 "customer_id = ?2)"},
		{"customer", "SELECT name FROM customer WHERE id = ?1 AND ?2 = 0"},
		{"server_type", "SELECT name FROM server_type WHERE id = ?1 AND ?2 = 0"},
		{"location", "SELECT name FROM location WHERE id = ?1 AND ?2 = 0"},
		{"address_pool", "SELECT name FROM address_pool WHERE id = ?1 AND ?2 = 0"},
	};

	*out = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		sqlite3_stmt *statement AUTO_STATEMENT = NULL;

		if (strcmp(names[i].type, type) != 0 ||
		    statement_open(store, names[i].sql, BIND(B_INT(id), B_INT(customer_id)),
				   &statement, NULL) < 0)
			continue;
		if (statement_row(store, statement, NULL) > 0)
			(void)statement_copy(statement, 0, out, HISTORY_NAME_BYTES);
		return;
	}
}

/* --- reading --- */

static int read_row(sqlite3_stmt *statement, void *item)
{
	/* What was tampered with must not hide the lines around it; the check names it. */
	if (history_row_read(statement, item) < 0) {
		struct history_line *line = item;

		*line = (struct history_line){.id = statement_u64(statement, 0),
					      .time_ms = sqlite3_column_int64(statement, 1),
					      .what = "changed"};
	}
	return 0;
}

/* Which index leads to the lines: the one that leaves the fewest, as a rule. Without statistics
 * SQLite cannot know; a plus before a column keeps it from another one. */
enum way { BY_ACTION, BY_RESOURCE, BY_CUSTOMER, BY_ACTOR, BY_WHAT, BY_RESULT, BY_TIME, BY_ID };

static enum way choose_way(const struct store_history_filter *filter)
{
	if (filter->action_id)
		return BY_ACTION;
	if (filter->resource_type)
		return BY_RESOURCE;
	if (filter->of_customer)
		return BY_CUSTOMER;
	if (filter->actor)
		return BY_ACTOR;
	if (filter->what)
		return BY_WHAT;
	if (filter->result > HISTORY_SUCCESS)
		return BY_RESULT;
	return filter->from_ms || filter->to_ms ? BY_TIME : BY_ID;
}

/* With a dot exactly this, without one all of the group. In the words of the two indexes. */
static void add_what(struct query *query, const char *what, bool led)
{
	const char *text =
		strchr(what, '.') ? "what = ?" : "substr(what, 1, instr(what, '.') - 1) = ?";

	query_add(query, led ? " AND " : " AND +");
	query_where(query, text, (struct bind)B_TEXT(what));
}

static void add_conditions(struct query *query, const struct store_history_filter *filter,
			   enum way way)
{
	query_add(query, " FROM history WHERE 1");
	if (filter->after)
		query_where(query, " AND id > ?", (struct bind)B_INT(filter->after));
	if (filter->before)
		query_where(query, " AND id < ?", (struct bind)B_INT(filter->before));
	if (filter->of_customer)
		query_where(query,
			    way == BY_CUSTOMER ? " AND customer_id = ?" : " AND +customer_id = ?",
			    (struct bind)B_INT(filter->customer_id));
	if (filter->what)
		add_what(query, filter->what, way == BY_WHAT);
	if (filter->actor)
		query_where(query, way == BY_ACTOR ? " AND actor_name = ?" : " AND +actor_name = ?",
			    (struct bind)B_TEXT(filter->actor));
	if (filter->resource_type) {
		query_where(query,
			    way == BY_RESOURCE ? " AND resource_type = ?"
					       : " AND +resource_type = ?",
			    (struct bind)B_TEXT(filter->resource_type));
		query_where(query, " AND resource_id = ?", (struct bind)B_INT(filter->resource_id));
	}
	if (filter->action_id)
		query_where(query,
			    way == BY_ACTION ? " AND action_id > 0 AND action_id = ?"
					     : " AND +action_id = ?",
			    (struct bind)B_INT(filter->action_id));
	if (filter->result)
		query_where(query,
			    way == BY_RESULT ? " AND result > 2 AND result = ?"
					     : " AND +result = ?",
			    (struct bind)B_INT(filter->result));
	if (filter->from_ms)
		query_where(query, way == BY_TIME ? " AND time_ms >= ?" : " AND +time_ms >= ?",
			    (struct bind)B_INT(filter->from_ms));
	if (filter->to_ms)
		query_where(query, way == BY_TIME ? " AND time_ms < ?" : " AND +time_ms < ?",
			    (struct bind)B_INT(filter->to_ms));
}

/* Up to so many: nobody pages through more, and counting them all would hold everybody up. */
static int count(struct store *store, const struct store_history_filter *filter, enum way way,
		 uint64_t *ret, struct err *err)
{
	struct query query CLEANUP(query_done) = {0};

	query_add(&query, "SELECT count(*) FROM (SELECT 1");
	add_conditions(&query, filter, way);
	query_where(&query, " LIMIT ?)",
		    (struct bind)B_INT(page_offset(&filter->page) + STORE_HISTORY_COUNTED));
	return query_number(store, &query, ret, err);
}

/* Without a gap: of all lines both the number and the page are plain arithmetic. */
static int find_page(struct store *store, struct store_history_filter *filter, uint64_t *ret_total,
		     struct err *err)
{
	const uint64_t offset = page_offset(&filter->page);
	struct store_history_ends ends;
	int r = store_history_ends(store, &ends, err);

	if (r < 0)
		return r;
	*ret_total = ends.head_id - ends.anchor_id;
	filter->before = offset < *ret_total ? ends.head_id - offset + 1 : 1;
	filter->page.number = 1;
	return 0;
}

int store_history_list(struct store *store, const struct store_history_filter *asked,
		       struct store_history *ret, struct err *err)
{
	struct query query CLEANUP(query_done) = {0};
	struct store_history_filter filter = *asked;
	const enum way way = choose_way(asked);
	struct statement_list list = {0};
	uint64_t total = 0;
	int r;

	if (way == BY_ID && !filter.before && !filter.after && !filter.result)
		r = find_page(store, &filter, &total, err);
	else
		r = count(store, &filter, way, &total, err);
	if (r < 0)
		return r;
	/* The page is found in an index alone where that is enough; its lines are read then. */
	query_add(&query, "SELECT " HISTORY_COLUMNS " FROM history WHERE id IN (SELECT id");
	add_conditions(&query, &filter, way);
	query_add(&query, way == BY_TIME ? " ORDER BY time_ms DESC, id DESC" : " ORDER BY id DESC");
	query_page(&query, &filter.page);
	query_add(&query,
		  way == BY_TIME ? ") ORDER BY time_ms DESC, id DESC" : ") ORDER BY id DESC");
	r = query_read(store, &query, sizeof(struct history_line), read_row, "line of the history",
		       &list, err);
	if (r < 0) {
		free(list.items);
		return r;
	}
	*ret = (struct store_history){.items = list.items, .count = list.count, .total = total};
	return 0;
}

int store_history_span(struct store *store, const struct store_history_filter *filter,
		       struct store_history *ret, struct err *err)
{
	struct query query CLEANUP(query_done) = {0};
	struct statement_list list = {0};
	int r;

	query_add(&query, "SELECT " HISTORY_COLUMNS);
	add_conditions(&query, filter, BY_ID);
	query_add(&query, " ORDER BY id DESC");
	r = query_read(store, &query, sizeof(struct history_line), read_row, "line of the history",
		       &list, err);
	if (r < 0) {
		free(list.items);
		return r;
	}
	*ret = (struct store_history){
		.items = list.items, .count = list.count, .total = list.count};
	return 0;
}

void store_history_done(struct store_history *history)
{
	free(history->items);
	*history = (struct store_history){0};
}

/* --- pruning --- */

int store_history_prune(struct store *store, int64_t before_ms, unsigned most, struct err *err)
{
	struct store *guard CLEANUP(store_guard) = NULL;
	uint64_t last = 0;
	int changed;
	int r = statement_begin(store, &guard, err);

	/* Up to the first line that stays, whatever is older behind it. */
	if (r == 0)
		r = statement_number(
			store,
			"SELECT max(id) FROM (SELECT id, sum(time_ms >= ?1) OVER (ORDER BY id) AS "
			"staying FROM (SELECT id, time_ms FROM history ORDER BY id LIMIT ?2)) "
			"WHERE staying = 0",
			BIND(B_INT(before_ms), B_INT(most)), &last, err);
	if (r < 0 || last == 0)
		return r;
	r = statement_execute(store,
			      "UPDATE history_chain SET anchor_id = ?1, anchor_hash = "
			      "(SELECT hash FROM history WHERE id = ?1)",
			      BIND(B_INT(last)), err);
	if (r < 0)
		return r;
	changed = statement_execute(store, "DELETE FROM history WHERE id <= ?", BIND(B_INT(last)),
				    err);
	if (changed < 0)
		return changed;
	r = statement_commit(&guard, err);
	return r < 0 ? r : changed;
}

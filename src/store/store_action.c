#include "store/store_action.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "store/query.h"
#include "store/store_history.h"

#define COLUMNS                                                                                    \
	"a.id, a.command, a.status, a.progress, a.started_ms, a.finished_ms, a.undoing, "          \
	"a.error_code, a.error_text, a.server_id, a.customer_id, a.user_id, a.params, "            \
	"CASE a.status WHEN 1 THEN (SELECT s.name FROM action_step s WHERE s.action_id = a.id "    \
	"AND s.result IN (0, 1) ORDER BY s.number LIMIT 1) END"

/* Numbers are stored, but people sort by the words. */
#define X(name, number, text) " WHEN " #number " THEN '" text "'"
static const char *const sort_columns[] = {
	[SORT_ID] = "a.id",
	[SORT_STATUS] = "CASE a.status WHEN 1 THEN 'running' WHEN 2 THEN 'success' ELSE 'error' "
			"END",
	[SORT_COMMAND] = "CASE a.command" ACTION_COMMAND_LIST(X) " END",
	[SORT_PROGRESS] = "a.progress",
	[SORT_STARTED] = "a.started_ms",
	[SORT_FINISHED] = "a.finished_ms",
};
#undef X

static int read_row(sqlite3_stmt *statement, void *item)
{
	struct action *action = item;

	action->id = statement_u64(statement, 0);
	action->command = (enum action_command)statement_u32(statement, 1);
	action->status = (enum action_status)statement_u32(statement, 2);
	action->progress = (uint8_t)statement_u32(statement, 3);
	action->started_ms = sqlite3_column_int64(statement, 4);
	action->finished_ms = sqlite3_column_int64(statement, 5);
	action->undoing = statement_bool(statement, 6);
	action->server_id = statement_u64(statement, 9);
	action->customer_id = statement_u64(statement, 10);
	action->user_id = statement_u64(statement, 11);
	if (statement_copy(statement, 7, action->error_code, sizeof(action->error_code)) < 0 ||
	    statement_copy(statement, 8, action->error_text, sizeof(action->error_text)) < 0 ||
	    statement_copy(statement, 13, action->step, sizeof(action->step)) < 0)
		return ERR_CORRUPT;
	return statement_dup(statement, 12, &action->params);
}

static int read_resources(struct store *store, struct action *action, struct err *err)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	int r = statement_open(store,
			       "SELECT type, resource_id FROM action_resource WHERE action_id = ? "
			       "ORDER BY number",
			       BIND(B_INT(action->id)), &statement, err);

	while (r == 0 && (r = statement_row(store, statement, err)) > 0) {
		if (action_add_resource(action,
					(enum action_resource_type)statement_u32(statement, 0),
					statement_u64(statement, 1)) < 0)
			return statement_corrupt("action", err);
		r = 0;
	}
	return r;
}

int store_action_insert(struct store *store, struct action *action, struct err *err)
{
	struct store *guard CLEANUP(store_guard) = NULL;
	uint64_t id;
	int r = statement_begin(store, &guard, err);

	if (r == 0)
		r = statement_run(
			store,
			"INSERT INTO action(command, status, progress, started_ms, finished_ms, "
			"undoing, error_code, error_text, server_id, customer_id, user_id, params) "
			"VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
			BIND(B_INT(action->command), B_INT(action->status), B_INT(action->progress),
			     B_INT(action->started_ms), B_INT(action->finished_ms),
			     B_INT(action->undoing), B_TEXT(action->error_code),
			     B_TEXT(action->error_text), B_INT(action->server_id),
			     B_INT(action->customer_id), B_INT(action->user_id),
			     B_TEXT(action->params)),
			err);
	id = (uint64_t)sqlite3_last_insert_rowid(store->db);
	for (size_t i = 0; r >= 0 && i < action->resource_count; i++)
		r = statement_run(store,
				  "INSERT INTO action_resource(action_id, number, type, "
				  "resource_id) VALUES (?, ?, ?, ?)",
				  BIND(B_INT(id), B_INT(i), B_INT(action->resources[i].type),
				       B_INT(action->resources[i].id)),
				  err);
	if (r < 0)
		return r;
	action->id = id;
	store_history_begin_action(store, action);
	r = statement_commit(&guard, err);
	return r < 0 ? r : 0;
}

int store_action_insert_step(struct store *store, uint64_t action_id, uint32_t number,
			     const char *name, struct err *err)
{
	int r;

	if (number >= ACTION_MAX_STEPS || strlen(name) >= ACTION_STEP_NAME_BYTES)
		return err_set(err, -EINVAL, "step %u %s does not fit", number, name);
	r = statement_run(store,
			  "INSERT INTO action_step(action_id, number, name) VALUES (?, ?, ?)",
			  BIND(B_INT(action_id), B_INT(number), B_TEXT(name)), err);
	if (r == ERR_IN_USE)
		return err_set(err, ERR_NOT_FOUND, "action not found");
	return r < 0 ? r : 0;
}

int store_action_get(struct store *store, uint64_t customer_id, uint64_t id, struct action *ret,
		     struct err *err)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	struct action action CLEANUP(action_done) = {0};
	int r = statement_one(store, "action",
			      "SELECT " COLUMNS
			      " FROM action a WHERE a.id = ?1 AND (?2 = 0 OR a.customer_id = ?2)",
			      BIND(B_INT(id), B_INT(customer_id)), &statement, err);

	if (r < 0)
		return r;
	r = read_row(statement, &action);
	if (r < 0)
		return statement_misread("action", r, err);
	r = read_resources(store, &action, err);
	if (r < 0)
		return r;
	*ret = action;
	memset(&action, 0, sizeof(action));
	return 0;
}

int store_action_get_steps(struct store *store, uint64_t action_id, struct store_action_steps *ret,
			   struct err *err)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	struct store_action_steps steps = {0};
	int r = statement_open(store,
			       "SELECT number, name, started_ms, finished_ms, result FROM "
			       "action_step WHERE action_id = ? ORDER BY number",
			       BIND(B_INT(action_id)), &statement, err);

	while (r == 0 && (r = statement_row(store, statement, err)) > 0) {
		struct action_step *step = &steps.items[steps.count];

		if (steps.count >= ACTION_MAX_STEPS ||
		    statement_copy(statement, 1, step->name, sizeof(step->name)) < 0)
			return statement_corrupt("action step", err);
		step->number = statement_u32(statement, 0);
		step->started_ms = sqlite3_column_int64(statement, 2);
		step->finished_ms = sqlite3_column_int64(statement, 3);
		step->result = (enum action_step_result)statement_u32(statement, 4);
		steps.count++;
		r = 0;
	}
	if (r < 0)
		return r;
	*ret = steps;
	return 0;
}

static void add_conditions(struct query *query, const struct store_action_filter *filter)
{
	query_add(query, " FROM action a WHERE 1");
	if (filter->customer_id)
		query_where(query, " AND a.customer_id = ?",
			    (struct bind)B_INT(filter->customer_id));
	if (filter->server_id)
		query_where(query, " AND a.server_id = ?", (struct bind)B_INT(filter->server_id));
	/* In these words the small index of running ones can be used. */
	if (filter->statuses == 1U << ACTION_RUNNING)
		query_add(query, " AND a.status = 1");
	else if (filter->statuses)
		query_where(query, " AND (? >> a.status) & 1",
			    (struct bind)B_INT(filter->statuses));
	if (filter->ids)
		query_where_ids(query, " AND a.id IN (SELECT value FROM json_each(?))", filter->ids,
				filter->id_count);
	if (filter->resource_type) {
		query_where(query,
			    " AND a.id IN (SELECT r.action_id FROM action_resource r WHERE "
			    "r.type = ?",
			    (struct bind)B_INT(filter->resource_type));
		if (filter->resource_id)
			query_where(query, " AND r.resource_id = ?",
				    (struct bind)B_INT(filter->resource_id));
		query_add(query, ")");
	}
}

int store_action_list(struct store *store, const struct store_action_filter *filter,
		      struct store_actions *ret, struct err *err)
{
	struct query counting CLEANUP(query_done) = {0};
	struct query query CLEANUP(query_done) = {0};
	struct store_actions actions CLEANUP(store_action_done) = {0};
	struct statement_list list = {0};
	int r;

	query_add(&counting, "SELECT count(*)");
	add_conditions(&counting, filter);
	r = query_number(store, &counting, &actions.total, err);
	if (r < 0)
		return r;
	query_add(&query, "SELECT " COLUMNS);
	add_conditions(&query, filter);
	query_order(&query, &filter->sort, sort_columns);
	query_page(&query, &filter->page);
	r = query_read(store, &query, sizeof(struct action), read_row, "action", &list, err);
	actions.items = list.items;
	actions.count = list.count;
	for (size_t i = 0; r == 0 && i < actions.count; i++)
		r = read_resources(store, &actions.items[i], err);
	if (r < 0)
		return r;
	*ret = actions;
	actions = (struct store_actions){0};
	return 0;
}

void store_action_done(struct store_actions *actions)
{
	for (size_t i = 0; i < actions->count; i++)
		action_done(&actions->items[i]);
	free(actions->items);
	*actions = (struct store_actions){0};
}

int store_action_start_step(struct store *store, uint64_t action_id, uint32_t number,
			    int64_t now_ms, struct err *err)
{
	return statement_run_one(
		store, "action step",
		"UPDATE action_step SET started_ms = ?, finished_ms = 0, "
		"result = ? WHERE action_id = ? AND number = ?",
		BIND(B_INT(now_ms), B_INT(ACTION_STEP_STARTED), B_INT(action_id), B_INT(number)),
		err);
}

int store_action_finish_step(struct store *store, uint64_t action_id, uint32_t number,
			     enum action_step_result result, int64_t now_ms, struct err *err)
{
	return statement_run_one(
		store, "action step",
		"UPDATE action_step SET finished_ms = ?, result = ? WHERE "
		"action_id = ? AND number = ?",
		BIND(B_INT(now_ms), B_INT(result), B_INT(action_id), B_INT(number)), err);
}

int store_action_update_progress(struct store *store, uint64_t id, uint8_t progress,
				 struct err *err)
{
	return statement_run_one(store, "action", "UPDATE action SET progress = ? WHERE id = ?",
				 BIND(B_INT(progress > 100 ? 100 : progress), B_INT(id)), err);
}

int store_action_update_params(struct store *store, uint64_t id, const char *params,
			       struct err *err)
{
	return statement_run_one(store, "action", "UPDATE action SET params = ? WHERE id = ?",
				 BIND(B_TEXT(params), B_INT(id)), err);
}

/* What does not fit is cut, at a character's edge: the row must stay readable. */
static void clip(const char *text, char *out, size_t size)
{
	size_t bytes = strnlen(text, size - 1);

	if (text[bytes])
		while (bytes > 0 && ((unsigned char)text[bytes] & 0xc0) == 0x80)
			bytes--;
	memcpy(out, text, bytes);
	out[bytes] = '\0';
}

int store_action_fail(struct store *store, uint64_t id, const char *code, const char *text,
		      struct err *err)
{
	char short_code[ACTION_CODE_BYTES];
	char short_text[ACTION_TEXT_BYTES];

	clip(code, short_code, sizeof(short_code));
	clip(text, short_text, sizeof(short_text));
	return statement_run_one(store, "running action",
				 "UPDATE action SET undoing = 1, error_code = ?, error_text = ? "
				 "WHERE id = ? AND status = 1",
				 BIND(B_TEXT(short_code), B_TEXT(short_text), B_INT(id)), err);
}

int store_action_finish(struct store *store, uint64_t id, enum action_status status,
			const char *code, const char *text, int64_t now_ms, struct err *err)
{
	char short_code[ACTION_CODE_BYTES];
	char short_text[ACTION_TEXT_BYTES];
	struct store *guard CLEANUP(store_guard) = NULL;
	uint64_t known = 0;
	int r;

	clip(code ? code : "", short_code, sizeof(short_code));
	clip(text ? text : "", short_text, sizeof(short_text));
	r = statement_begin(store, &guard, err);
	if (r < 0)
		return r;
	r = statement_run(store,
			  "UPDATE action SET status = ?1, finished_ms = ?2, undoing = 0, "
			  "progress = CASE ?1 WHEN 2 THEN 100 ELSE progress END, "
			  "error_code = CASE WHEN ?1 = 2 THEN '' WHEN ?3 = '' THEN error_code "
			  "ELSE ?3 END, "
			  "error_text = CASE WHEN ?1 = 2 THEN '' WHEN ?3 = '' THEN error_text "
			  "ELSE ?4 END WHERE id = ?5 AND status = 1",
			  BIND(B_INT(status), B_INT(now_ms), B_TEXT(short_code), B_TEXT(short_text),
			       B_INT(id)),
			  err);
	if (r > 0) {
		r = store_history_end_action(store, id, err);
		return r < 0 ? r : statement_commit(&guard, err);
	}
	if (r < 0)
		return r;
	r = statement_number(store, "SELECT count(*) FROM action WHERE id = ?", BIND(B_INT(id)),
			     &known, err);
	if (r < 0)
		return r;
	if (known)
		return err_set(err, ERR_GONE, "the action has ended already");
	return err_set(err, ERR_NOT_FOUND, "action not found");
}

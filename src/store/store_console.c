#include "store/store_console.h"

#include <stdlib.h>

#include "store/query.h"

#define COLUMNS                                                                                    \
	"id, customer_id, server_id, server_name, kind, mode, via, user_id, token_id, name, "      \
	"peer, "                                                                                   \
	"opened_ms, closed_ms, code, reason, bytes_in, bytes_out"

static int read_row(sqlite3_stmt *statement, void *item)
{
	struct store_console_line *line = item;

	line->id = statement_u64(statement, 0);
	line->customer_id = statement_u64(statement, 1);
	line->server_id = statement_u64(statement, 2);
	line->kind = (uint8_t)statement_u32(statement, 4);
	line->mode = (uint8_t)statement_u32(statement, 5);
	line->via = (enum principal_via)statement_u32(statement, 6);
	line->user_id = statement_u64(statement, 7);
	line->token_id = statement_u64(statement, 8);
	line->opened_ms = sqlite3_column_int64(statement, 11);
	line->closed_ms = sqlite3_column_int64(statement, 12);
	line->code = (uint16_t)statement_u32(statement, 13);
	line->bytes_in = statement_u64(statement, 15);
	line->bytes_out = statement_u64(statement, 16);
	if (statement_copy(statement, 3, line->server_name, sizeof(line->server_name)) < 0 ||
	    statement_copy(statement, 9, line->name, sizeof(line->name)) < 0 ||
	    statement_copy(statement, 10, line->peer, sizeof(line->peer)) < 0)
		return ERR_CORRUPT;
	return statement_copy(statement, 14, line->reason, sizeof(line->reason));
}

int store_console_insert(struct store *store, struct store_console_line *line, struct err *err)
{
	int r = statement_run(
		store,
		"INSERT INTO console(customer_id, server_id, server_name, kind, mode, "
		"via, user_id, token_id, name, peer, opened_ms) VALUES "
		"(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		BIND(B_INT(line->customer_id), B_INT(line->server_id), B_TEXT(line->server_name),
		     B_INT(line->kind), B_INT(line->mode), B_INT(line->via), B_INT(line->user_id),
		     B_INT(line->token_id), B_TEXT(line->name), B_TEXT(line->peer),
		     B_INT(line->opened_ms)),
		err);

	if (r < 0)
		return r;
	line->id = (uint64_t)sqlite3_last_insert_rowid(store->db);
	return 0;
}

int store_console_update_end(struct store *store, const struct store_console_line *line,
			     struct err *err)
{
	return statement_run_one(
		store, "console",
		"UPDATE console SET closed_ms = ?, code = ?, reason = ?, bytes_in = ?, "
		"bytes_out = ? WHERE id = ?",
		BIND(B_INT(line->closed_ms), B_INT(line->code), B_TEXT(line->reason),
		     B_INT(line->bytes_in), B_INT(line->bytes_out), B_INT(line->id)),
		err);
}

int store_console_close_open(struct store *store, int64_t now_ms, uint16_t code, const char *reason,
			     struct err *err)
{
	int r = statement_run(store,
			      "UPDATE console SET closed_ms = ?, code = ?, reason = ? WHERE "
			      "closed_ms = 0",
			      BIND(B_INT(now_ms), B_INT(code), B_TEXT(reason)), err);

	return r < 0 ? r : 0;
}

int store_console_delete_old(struct store *store, int64_t before_ms, uint32_t max, struct err *err)
{
	/* By the primary key: what was opened first is what ended first, but for a console's life.
	 */
	int r = statement_run(store,
			      "DELETE FROM console WHERE id IN (SELECT id FROM console ORDER BY id "
			      "LIMIT ?) AND closed_ms > 0 AND closed_ms < ?",
			      BIND(B_INT(max), B_INT(before_ms)), err);

	return r < 0 ? r : 0;
}

int store_console_get(struct store *store, uint64_t customer_id, uint64_t id,
		      struct store_console_line *ret, struct err *err)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	struct store_console_line line = {0};
	int r = statement_one(store, "console",
			      "SELECT " COLUMNS " FROM console WHERE id = ?1 AND (?2 = 0 OR "
			      "customer_id = ?2)",
			      BIND(B_INT(id), B_INT(customer_id)), &statement, err);

	if (r < 0)
		return r;
	if (read_row(statement, &line) < 0)
		return statement_corrupt("console", err);
	*ret = line;
	return 0;
}

static void add_conditions(struct query *query, const struct store_console_filter *filter)
{
	query_add(query, " FROM console WHERE 1");
	if (filter->customer_id)
		query_where(query, " AND customer_id = ?", (struct bind)B_INT(filter->customer_id));
	if (filter->open > 0)
		query_add(query, " AND closed_ms = 0");
	else if (filter->open == 0)
		query_add(query, " AND closed_ms > 0");
}

int store_console_list(struct store *store, const struct store_console_filter *filter,
		       struct store_consoles *ret, struct err *err)
{
	struct query counting CLEANUP(query_done) = {0};
	struct query query CLEANUP(query_done) = {0};
	struct statement_list list = {0};
	uint64_t total = 0;
	int r;

	query_add(&counting, "SELECT count(*)");
	add_conditions(&counting, filter);
	r = query_number(store, &counting, &total, err);
	if (r < 0)
		return r;
	query_add(&query, "SELECT " COLUMNS);
	add_conditions(&query, filter);
	query_add(&query, " ORDER BY id DESC");
	query_page(&query, &filter->page);
	r = query_read(store, &query, sizeof(struct store_console_line), read_row, "console", &list,
		       err);
	if (r < 0) {
		free(list.items);
		return r;
	}
	*ret = (struct store_consoles){.items = list.items, .count = list.count, .total = total};
	return 0;
}

void store_console_done(struct store_consoles *consoles)
{
	free(consoles->items);
	*consoles = (struct store_consoles){0};
}

#include "store/store_token.h"

#include <stdlib.h>

#include "store/query.h"

#define COLUMNS                                                                                    \
	"id, customer_id, user_id, name, hash, readonly, service, created_ms, last_used_ms, "      \
	"expires_ms"

static int read_row(sqlite3_stmt *statement, void *item)
{
	struct token *token = item;

	token->id = statement_u64(statement, 0);
	token->customer_id = statement_u64(statement, 1);
	token->user_id = statement_u64(statement, 2);
	token->readonly = statement_bool(statement, 5);
	token->service = statement_bool(statement, 6);
	token->created_ms = sqlite3_column_int64(statement, 7);
	token->last_used_ms = sqlite3_column_int64(statement, 8);
	token->expires_ms = sqlite3_column_int64(statement, 9);
	if (statement_copy(statement, 3, token->name, sizeof(token->name)) < 0)
		return ERR_CORRUPT;
	return statement_blob(statement, 4, token->hash, sizeof(token->hash));
}

static int get(struct store *store, const char *sql, const struct bind *binds, struct token *ret,
	       struct err *err)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	struct token token = {0};
	int r = statement_one(store, "token", sql, binds, &statement, err);

	if (r < 0)
		return r;
	if (read_row(statement, &token) < 0)
		return statement_corrupt("token", err);
	*ret = token;
	return 0;
}

int store_token_insert(struct store *store, struct token *token, struct err *err)
{
	int r = statement_run(
		store,
		"INSERT INTO token(customer_id, user_id, name, hash, readonly, service, "
		"created_ms, expires_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
		BIND(B_INT(token->customer_id), B_ID(token->user_id), B_TEXT(token->name),
		     B_BLOB(token->hash, sizeof(token->hash)), B_INT(token->readonly),
		     B_INT(token->service), B_INT(token->created_ms), B_INT(token->expires_ms)),
		err);

	if (r == ERR_UNIQUENESS)
		return err_set(err, r, "there is a token named %s already", token->name);
	if (r == ERR_IN_USE)
		return err_set(err, ERR_NOT_FOUND, "customer not found");
	if (r < 0)
		return r;
	token->id = (uint64_t)sqlite3_last_insert_rowid(store->db);
	return 0;
}

int store_token_get(struct store *store, uint64_t customer_id, uint64_t id, struct token *ret,
		    struct err *err)
{
	return get(store,
		   "SELECT " COLUMNS " FROM token WHERE id = ?1 AND (?2 = 0 OR customer_id = ?2)",
		   BIND(B_INT(id), B_INT(customer_id)), ret, err);
}

int store_token_find(struct store *store, const uint8_t hash[SECRET_HASH_BYTES], int64_t now_ms,
		     struct token *ret, struct err *err)
{
	return get(store,
		   "SELECT " COLUMNS " FROM token WHERE hash = ? AND (expires_ms = 0 OR "
		   "expires_ms > ?)",
		   BIND(B_BLOB(hash, SECRET_HASH_BYTES), B_INT(now_ms)), ret, err);
}

static void add_conditions(struct query *query, uint64_t customer_id, const char *name)
{
	query_add(query, " FROM token WHERE 1");
	if (customer_id)
		query_where(query, " AND customer_id = ?", (struct bind)B_INT(customer_id));
	if (name)
		query_where(query, " AND name = ?", (struct bind)B_TEXT(name));
}

int store_token_list(struct store *store, uint64_t customer_id, const char *name,
		     const struct page *page, struct store_tokens *ret, struct err *err)
{
	struct query counting CLEANUP(query_done) = {0};
	struct query query CLEANUP(query_done) = {0};
	struct statement_list list = {0};
	uint64_t total = 0;
	int r;

	query_add(&counting, "SELECT count(*)");
	add_conditions(&counting, customer_id, name);
	r = query_number(store, &counting, &total, err);
	if (r < 0)
		return r;
	query_add(&query, "SELECT " COLUMNS);
	add_conditions(&query, customer_id, name);
	query_add(&query, " ORDER BY id");
	query_page(&query, page);
	r = query_read(store, &query, sizeof(struct token), read_row, "token", &list, err);
	if (r < 0) {
		free(list.items);
		return r;
	}
	*ret = (struct store_tokens){.items = list.items, .count = list.count, .total = total};
	return 0;
}

void store_token_done(struct store_tokens *tokens)
{
	free(tokens->items);
	*tokens = (struct store_tokens){0};
}

int store_token_touch(struct store *store, uint64_t id, int64_t now_ms, struct err *err)
{
	return statement_run_one(store, "token", "UPDATE token SET last_used_ms = ? WHERE id = ?",
				 BIND(B_INT(now_ms), B_INT(id)), err);
}

int store_token_delete(struct store *store, uint64_t customer_id, uint64_t id, struct err *err)
{
	return statement_run_one(store, "token",
				 "DELETE FROM token WHERE id = ?1 AND (?2 = 0 OR customer_id = ?2)",
				 BIND(B_INT(id), B_INT(customer_id)), err);
}

int store_token_delete_of_member(struct store *store, uint64_t user_id, uint64_t customer_id,
				 struct err *err)
{
	int r = statement_run(store, "DELETE FROM token WHERE user_id = ? AND customer_id = ?",
			      BIND(B_INT(user_id), B_INT(customer_id)), err);

	return r < 0 ? r : 0;
}

int store_token_delete_of_user(struct store *store, uint64_t user_id, struct err *err)
{
	int r = statement_run(store, "DELETE FROM token WHERE user_id = ?", BIND(B_INT(user_id)),
			      err);

	return r < 0 ? r : 0;
}

#include "store/store_session.h"

#include <stdlib.h>

#include "store/query.h"

#define COLUMNS                                                                                    \
	"s.id, s.user_id, s.customer_id, s.hash, s.created_ms, s.last_used_ms, s.expires_ms, "     \
	"s.peer, s.client, s.proved_ms"

static int read_row(sqlite3_stmt *statement, void *item)
{
	struct session *session = item;

	session->id = statement_u64(statement, 0);
	session->user_id = statement_u64(statement, 1);
	session->customer_id = statement_u64(statement, 2);
	session->created_ms = sqlite3_column_int64(statement, 4);
	session->last_used_ms = sqlite3_column_int64(statement, 5);
	session->expires_ms = sqlite3_column_int64(statement, 6);
	session->proved_ms = sqlite3_column_int64(statement, 9);
	if (statement_blob(statement, 3, session->hash, sizeof(session->hash)) < 0 ||
	    statement_copy(statement, 7, session->peer, sizeof(session->peer)) < 0)
		return ERR_CORRUPT;
	return statement_copy(statement, 8, session->client, sizeof(session->client));
}

int store_session_insert(struct store *store, struct session *session, struct err *err)
{
	int r = statement_run(store,
			      "INSERT INTO session(user_id, customer_id, hash, created_ms, "
			      "last_used_ms, expires_ms, peer, client, proved_ms) "
			      "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
			      BIND(B_INT(session->user_id), B_INT(session->customer_id),
				   B_BLOB(session->hash, sizeof(session->hash)),
				   B_INT(session->created_ms), B_INT(session->last_used_ms),
				   B_INT(session->expires_ms), B_TEXT(session->peer),
				   B_TEXT(session->client), B_INT(session->proved_ms)),
			      err);

	if (r == ERR_IN_USE)
		return err_set(err, ERR_NOT_FOUND, "user or customer not found");
	if (r < 0)
		return r;
	session->id = (uint64_t)sqlite3_last_insert_rowid(store->db);
	return 0;
}

int store_session_find(struct store *store, const uint8_t hash[SECRET_HASH_BYTES], int64_t now_ms,
		       struct session *ret, struct err *err)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	struct session session = {0};
	int r = statement_open(store,
			       "SELECT " COLUMNS " FROM session s JOIN user u ON "
			       "u.id = s.user_id WHERE s.hash = ? AND s.expires_ms > ? AND "
			       "u.disabled = 0",
			       BIND(B_BLOB(hash, SECRET_HASH_BYTES), B_INT(now_ms)), &statement,
			       err);

	if (r == 0)
		r = statement_row(store, statement, err);
	if (r < 0)
		return r;
	if (r == 0)
		return err_set(err, ERR_NOT_FOUND, "session not found");
	if (read_row(statement, &session) < 0)
		return statement_corrupt("session", err);
	*ret = session;
	return 0;
}

int store_session_list(struct store *store, uint64_t user_id, int64_t now_ms,
		       const struct page *page, struct store_sessions *ret, struct err *err)
{
	struct query query CLEANUP(query_done) = {0};
	struct statement_list list = {0};
	uint64_t total = 0;
	int r = statement_number(
		store, "SELECT count(*) FROM session s WHERE s.user_id = ? AND s.expires_ms > ?",
		BIND(B_INT(user_id), B_INT(now_ms)), &total, err);

	if (r < 0)
		return r;
	query_add(&query, "SELECT " COLUMNS " FROM session s");
	query_where(&query, " WHERE s.user_id = ?", (struct bind)B_INT(user_id));
	query_where(&query, " AND s.expires_ms > ?", (struct bind)B_INT(now_ms));
	query_add(&query, " ORDER BY s.last_used_ms DESC, s.id DESC");
	query_page(&query, page);
	r = query_read(store, &query, sizeof(struct session), read_row, "session", &list, err);
	if (r < 0) {
		free(list.items);
		return r;
	}
	*ret = (struct store_sessions){.items = list.items, .count = list.count, .total = total};
	return 0;
}

void store_session_done(struct store_sessions *sessions)
{
	free(sessions->items);
	*sessions = (struct store_sessions){0};
}

int store_session_touch(struct store *store, uint64_t id, int64_t now_ms, int64_t expires_ms,
			struct err *err)
{
	return statement_run_one(store, "session",
				 "UPDATE session SET last_used_ms = ?, expires_ms = ? WHERE id = ?",
				 BIND(B_INT(now_ms), B_INT(expires_ms), B_INT(id)), err);
}

int store_session_prove(struct store *store, uint64_t id, int64_t now_ms, struct err *err)
{
	return statement_run_one(store, "session", "UPDATE session SET proved_ms = ? WHERE id = ?",
				 BIND(B_INT(now_ms), B_INT(id)), err);
}

int store_session_doubt_others(struct store *store, uint64_t user_id, uint64_t keep_id,
			       struct err *err)
{
	int r = statement_run(store,
			      "UPDATE session SET proved_ms = 0 WHERE user_id = ? AND id <> ?",
			      BIND(B_INT(user_id), B_INT(keep_id)), err);

	return r < 0 ? r : 0;
}

int store_session_update_customer(struct store *store, uint64_t id, uint64_t customer_id,
				  struct err *err)
{
	int r = statement_run_one(store, "session",
				  "UPDATE session SET customer_id = ? WHERE id = ?",
				  BIND(B_INT(customer_id), B_INT(id)), err);

	return r == ERR_IN_USE ? err_set(err, ERR_NOT_FOUND, "customer not found") : r;
}

int store_session_delete(struct store *store, uint64_t id, struct err *err)
{
	return statement_run_one(store, "session", "DELETE FROM session WHERE id = ?",
				 BIND(B_INT(id)), err);
}

int store_session_delete_of_user(struct store *store, uint64_t user_id, uint64_t id,
				 struct err *err)
{
	return statement_run_one(store, "session",
				 "DELETE FROM session WHERE id = ? AND user_id = ?",
				 BIND(B_INT(id), B_INT(user_id)), err);
}

int store_session_delete_others(struct store *store, uint64_t user_id, uint64_t keep_id,
				struct err *err)
{
	int r = statement_run(store, "DELETE FROM session WHERE user_id = ? AND id <> ?",
			      BIND(B_INT(user_id), B_INT(keep_id)), err);

	return r < 0 ? r : 0;
}

int store_session_delete_of_member(struct store *store, uint64_t user_id, uint64_t customer_id,
				   struct err *err)
{
	int r = statement_run(store, "DELETE FROM session WHERE user_id = ? AND customer_id = ?",
			      BIND(B_INT(user_id), B_INT(customer_id)), err);

	return r < 0 ? r : 0;
}

int store_session_delete_expired(struct store *store, int64_t now_ms, struct err *err)
{
	int r = statement_run(store, "DELETE FROM session WHERE expires_ms <= ?",
			      BIND(B_INT(now_ms)), err);

	return r < 0 ? r : 0;
}

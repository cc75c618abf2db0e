#include "store/store_password_reset.h"

#include "store/statement.h"

int store_password_reset_add(struct store *store, uint64_t user_id,
			     const uint8_t hash[SECRET_HASH_BYTES], int64_t now_ms,
			     int64_t expires_ms, uint64_t *ret_id, struct err *err)
{
	int r = statement_run(store,
			      "INSERT INTO password_reset(user_id, hash, created_ms, expires_ms) "
			      "VALUES (?, ?, ?, ?)",
			      BIND(B_INT(user_id), B_BLOB(hash, SECRET_HASH_BYTES), B_INT(now_ms),
				   B_INT(expires_ms)),
			      err);

	if (r == ERR_IN_USE)
		return err_set(err, ERR_NOT_FOUND, "user not found");
	if (r < 0)
		return r;
	*ret_id = (uint64_t)sqlite3_last_insert_rowid(store->db);
	return 0;
}

int store_password_reset_insert(struct store *store, uint64_t user_id,
				const uint8_t hash[SECRET_HASH_BYTES], int64_t now_ms,
				int64_t expires_ms, uint64_t *ret_id, struct err *err)
{
	struct store *guard CLEANUP(store_guard) = NULL;
	uint64_t id;
	int r = statement_begin(store, &guard, err);

	if (r < 0 || (r = store_password_reset_delete(store, user_id, now_ms, err)) < 0 ||
	    (r = store_password_reset_add(store, user_id, hash, now_ms, expires_ms, &id, err)) < 0)
		return r;
	*ret_id = id;
	return statement_commit(&guard, err);
}

/* Runs the statement to its end, so that a DELETE with RETURNING takes effect. */
static int get_user(struct store *store, const char *sql, const uint8_t *hash, int64_t now_ms,
		    uint64_t *ret_user_id, struct err *err)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	uint64_t user_id;
	int r = statement_open(store, sql, BIND(B_BLOB(hash, SECRET_HASH_BYTES), B_INT(now_ms)),
			       &statement, err);

	if (r == 0)
		r = statement_row(store, statement, err);
	if (r < 0)
		return r;
	if (r == 0)
		return err_set(err, ERR_NOT_FOUND, "no such link");
	user_id = statement_u64(statement, 0);
	if ((r = statement_row(store, statement, err)) < 0)
		return r;
	*ret_user_id = user_id;
	return 0;
}

int store_password_reset_find(struct store *store, const uint8_t hash[SECRET_HASH_BYTES],
			      int64_t now_ms, uint64_t *ret_user_id, struct err *err)
{
	return get_user(store,
			"SELECT user_id FROM password_reset WHERE hash = ? AND expires_ms > ?",
			hash, now_ms, ret_user_id, err);
}

int store_password_reset_redeem(struct store *store, const uint8_t hash[SECRET_HASH_BYTES],
				int64_t now_ms, uint64_t *ret_user_id, struct err *err)
{
	return get_user(store,
			"DELETE FROM password_reset WHERE hash = ? AND expires_ms > ? "
			"RETURNING user_id",
			hash, now_ms, ret_user_id, err);
}

int store_password_reset_delete(struct store *store, uint64_t user_id, int64_t now_ms,
				struct err *err)
{
	int r = statement_run(store,
			      "DELETE FROM password_reset WHERE user_id = ? OR expires_ms <= ?",
			      BIND(B_INT(user_id), B_INT(now_ms)), err);

	return r < 0 ? r : 0;
}

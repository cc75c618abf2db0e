#include "store/store_second_step.h"

#include "store/statement.h"

int store_second_step_begin(struct store *store, const struct second_step *step, struct err *err)
{
	int r = statement_run(
		store,
		"INSERT INTO second_step(user_id, secret, created_ms) VALUES (?1, ?2, ?3) "
		"ON CONFLICT(user_id) DO UPDATE SET secret = ?2, created_ms = ?3, used_step = 0, "
		"wrong = 0, wrong_ms = 0 WHERE confirmed_ms = 0",
		BIND(B_INT(step->user_id), B_BLOB(step->secret, sizeof(step->secret)),
		     B_INT(step->created_ms)),
		err);

	if (r == ERR_IN_USE)
		return err_set(err, ERR_NOT_FOUND, "user not found");
	if (r == 0)
		return err_set(err, ERR_UNIQUENESS, "two-step verification is on already");
	return r < 0 ? r : 0;
}

int store_second_step_get(struct store *store, uint64_t user_id, struct second_step *ret,
			  struct err *err)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	struct second_step step = {.user_id = user_id};
	int r = statement_open(store,
			       "SELECT secret, used_step, wrong, wrong_ms, created_ms, "
			       "confirmed_ms FROM second_step WHERE user_id = ?",
			       BIND(B_INT(user_id)), &statement, err);

	if (r == 0)
		r = statement_row(store, statement, err);
	if (r < 0)
		return r;
	if (r == 0)
		return err_set(err, ERR_NOT_FOUND, "there is no second step");
	if (statement_blob(statement, 0, step.secret, sizeof(step.secret)) < 0)
		return statement_corrupt("second_step", err);
	step.used_step = statement_u64(statement, 1);
	step.wrong = statement_u32(statement, 2);
	step.wrong_ms = sqlite3_column_int64(statement, 3);
	step.created_ms = sqlite3_column_int64(statement, 4);
	step.confirmed_ms = sqlite3_column_int64(statement, 5);
	*ret = step;
	return 0;
}

int store_second_step_confirm(struct store *store, uint64_t user_id, uint64_t used_step,
			      int64_t now_ms, struct err *err)
{
	return statement_run_one(store, "second_step",
				 "UPDATE second_step SET confirmed_ms = ?, used_step = ?, "
				 "wrong = 0 WHERE user_id = ? AND confirmed_ms = 0",
				 BIND(B_INT(now_ms), B_INT(used_step), B_INT(user_id)), err);
}

int store_second_step_use(struct store *store, uint64_t user_id, uint64_t used_step,
			  struct err *err)
{
	return statement_run_one(store, "second_step",
				 "UPDATE second_step SET used_step = ?1, wrong = 0 "
				 "WHERE user_id = ?2 AND used_step < ?1",
				 BIND(B_INT(used_step), B_INT(user_id)), err);
}

int store_second_step_note_wrong(struct store *store, uint64_t user_id, int64_t now_ms,
				 struct err *err)
{
	return statement_run_one(store, "second_step",
				 "UPDATE second_step SET wrong = min(wrong + 1, 1000), "
				 "wrong_ms = ? WHERE user_id = ?",
				 BIND(B_INT(now_ms), B_INT(user_id)), err);
}

int store_second_step_note_right(struct store *store, uint64_t user_id, struct err *err)
{
	return statement_run_one(store, "second_step",
				 "UPDATE second_step SET wrong = 0 WHERE user_id = ?",
				 BIND(B_INT(user_id)), err);
}

int store_second_step_delete(struct store *store, uint64_t user_id, struct err *err)
{
	return statement_run_one(store, "second_step", "DELETE FROM second_step WHERE user_id = ?",
				 BIND(B_INT(user_id)), err);
}

int store_second_step_set_recovery(struct store *store, uint64_t user_id,
				   const uint8_t (*hashes)[SECRET_HASH_BYTES], size_t count,
				   struct err *err)
{
	struct store *guard CLEANUP(store_guard) = NULL;
	int r = statement_begin(store, &guard, err);

	if (r == 0)
		r = statement_run(store, "DELETE FROM recovery_code WHERE user_id = ?",
				  BIND(B_INT(user_id)), err);
	for (size_t i = 0; i < count && r >= 0; i++)
		r = statement_run(store, "INSERT INTO recovery_code(user_id, hash) VALUES (?, ?)",
				  BIND(B_INT(user_id), B_BLOB(hashes[i], SECRET_HASH_BYTES)), err);
	if (r == ERR_IN_USE)
		return err_set(err, ERR_NOT_FOUND, "there is no second step");
	return r < 0 ? r : statement_commit(&guard, err);
}

int store_second_step_use_recovery(struct store *store, uint64_t user_id,
				   const uint8_t hash[SECRET_HASH_BYTES], struct err *err)
{
	return statement_run_one(store, "recovery_code",
				 "DELETE FROM recovery_code WHERE user_id = ? AND hash = ?",
				 BIND(B_INT(user_id), B_BLOB(hash, SECRET_HASH_BYTES)), err);
}

int store_second_step_count_recovery(struct store *store, uint64_t user_id, uint64_t *ret,
				     struct err *err)
{
	return statement_number(store, "SELECT count(*) FROM recovery_code WHERE user_id = ?",
				BIND(B_INT(user_id)), ret, err);
}

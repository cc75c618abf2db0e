#include "store/store_passkey.h"

#include <stdlib.h>
#include <string.h>

#include "store/query.h"
#include "store/statement.h"

#define COLUMNS                                                                                    \
	"p.id, p.user_id, p.credential, p.name, p.algorithm, p.public_key, p.counter, "            \
	"p.created_ms, p.last_used_ms"

/* A blob of at most @size bytes; an empty or larger one is none that we wrote. */
static int take_blob(sqlite3_stmt *statement, int column, void *out, size_t size, size_t *ret_bytes)
{
	const void *data = sqlite3_column_blob(statement, column);
	const int bytes = sqlite3_column_bytes(statement, column);

	if (data == NULL || bytes <= 0 || (size_t)bytes > size)
		return ERR_CORRUPT;
	memcpy(out, data, (size_t)bytes);
	*ret_bytes = (size_t)bytes;
	return 0;
}

static int read_row(sqlite3_stmt *statement, void *item)
{
	struct passkey *passkey = item;

	passkey->id = statement_u64(statement, 0);
	passkey->user_id = statement_u64(statement, 1);
	passkey->algorithm = sqlite3_column_int(statement, 4);
	passkey->counter = statement_u32(statement, 6);
	passkey->created_ms = sqlite3_column_int64(statement, 7);
	passkey->last_used_ms = sqlite3_column_int64(statement, 8);
	if (take_blob(statement, 2, passkey->credential, sizeof(passkey->credential),
		      &passkey->credential_bytes) < 0 ||
	    take_blob(statement, 5, passkey->key, sizeof(passkey->key), &passkey->key_bytes) < 0)
		return ERR_CORRUPT;
	return statement_copy(statement, 3, passkey->name, sizeof(passkey->name));
}

static int count_of(struct store *store, uint64_t user_id, uint64_t *ret, struct err *err)
{
	return statement_number(store, "SELECT count(*) FROM passkey WHERE user_id = ?",
				BIND(B_INT(user_id)), ret, err);
}

int store_passkey_insert(struct store *store, struct passkey *passkey, struct err *err)
{
	uint64_t count = 0;
	int r = statement_run(
		store,
		"INSERT INTO passkey(user_id, credential, name, algorithm, public_key, counter, "
		"created_ms) SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7 "
		"WHERE (SELECT count(*) FROM passkey WHERE user_id = ?1) < ?8",
		BIND(B_INT(passkey->user_id),
		     B_BLOB(passkey->credential, passkey->credential_bytes), B_TEXT(passkey->name),
		     B_INT(passkey->algorithm), B_BLOB(passkey->key, passkey->key_bytes),
		     B_INT(passkey->counter), B_INT(passkey->created_ms), B_INT(PASSKEY_MAX)),
		err);

	if (r == ERR_UNIQUENESS)
		return err_set(err, r, "this passkey is in use already");
	if (r == ERR_IN_USE)
		return err_set(err, ERR_NOT_FOUND, "user not found");
	if (r == 0 && (r = count_of(store, passkey->user_id, &count, err)) == 0)
		return err_set(err, ERR_LIMIT, "a person has at most %d passkeys; remove one first",
			       PASSKEY_MAX);
	if (r < 0)
		return r;
	passkey->id = (uint64_t)sqlite3_last_insert_rowid(store->db);
	return 0;
}

/* The one row of a statement that is open. */
static int take_one(struct store *store, sqlite3_stmt *statement, struct passkey *ret,
		    struct err *err)
{
	struct passkey passkey = {0};
	const int r = statement_row(store, statement, err);

	if (r < 0)
		return r;
	if (r == 0)
		return err_set(err, ERR_NOT_FOUND, "passkey not found");
	if (read_row(statement, &passkey) < 0)
		return statement_corrupt("passkey", err);
	*ret = passkey;
	return 0;
}

int store_passkey_find(struct store *store, const uint8_t *credential, size_t bytes,
		       struct passkey *ret, struct err *err)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	const int r =
		statement_open(store, "SELECT " COLUMNS " FROM passkey p WHERE p.credential = ?",
			       BIND(B_BLOB(credential, bytes)), &statement, err);

	return r < 0 ? r : take_one(store, statement, ret, err);
}

int store_passkey_get(struct store *store, uint64_t user_id, uint64_t id, struct passkey *ret,
		      struct err *err)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	const int r = statement_open(
		store, "SELECT " COLUMNS " FROM passkey p WHERE p.user_id = ? AND p.id = ?",
		BIND(B_INT(user_id), B_INT(id)), &statement, err);

	return r < 0 ? r : take_one(store, statement, ret, err);
}

int store_passkey_list(struct store *store, uint64_t user_id, struct store_passkeys *ret,
		       struct err *err)
{
	struct query query CLEANUP(query_done) = {0};
	struct statement_list list = {0};
	int r;

	query_add(&query, "SELECT " COLUMNS " FROM passkey p");
	query_where(&query, " WHERE p.user_id = ?", (struct bind)B_INT(user_id));
	query_add(&query, " ORDER BY p.id");
	r = query_read(store, &query, sizeof(struct passkey), read_row, "passkey", &list, err);
	if (r < 0) {
		free(list.items);
		return r;
	}
	*ret = (struct store_passkeys){.items = list.items, .count = list.count};
	return 0;
}

void store_passkey_done(struct store_passkeys *passkeys)
{
	free(passkeys->items);
	*passkeys = (struct store_passkeys){0};
}

int store_passkey_use(struct store *store, uint64_t id, uint32_t counter, int64_t now_ms,
		      struct err *err)
{
	return statement_run_one(store, "passkey",
				 "UPDATE passkey SET counter = ?2, last_used_ms = ?3 WHERE id = ?1 "
				 "AND (counter < ?2 OR (counter = 0 AND ?2 = 0))",
				 BIND(B_INT(id), B_INT(counter), B_INT(now_ms)), err);
}

int store_passkey_delete(struct store *store, uint64_t user_id, uint64_t id, bool link_will_do,
			 int64_t now_ms, struct err *err)
{
	const int r = statement_run_one(
		store, "passkey",
		"DELETE FROM passkey WHERE user_id = ?1 AND id = ?2 AND "
		"((SELECT count(*) FROM passkey WHERE user_id = ?1) > 1 OR "
		"(SELECT password_hash FROM user WHERE id = ?1) <> '' OR "
		"(?3 AND EXISTS (SELECT 1 FROM password_reset WHERE user_id = ?1 AND "
		"expires_ms > ?4)))",
		BIND(B_INT(user_id), B_INT(id), B_INT(link_will_do), B_INT(now_ms)), err);

	struct passkey kept;

	return r == ERR_NOT_FOUND && store_passkey_get(store, user_id, id, &kept, NULL) == 0
		       ? err_set(err, ERR_LAST_PASSKEY,
				 "this passkey is the only way in that somebody has")
		       : r;
}

/* --- challenges --- */

int store_passkey_challenge_insert(struct store *store, const uint8_t hash[SECRET_HASH_BYTES],
				   enum passkey_purpose purpose, uint64_t holder, const char *peer,
				   int64_t now_ms, struct err *err)
{
	struct store *memory = store->fleeting;
	int r = statement_run(memory, "DELETE FROM passkey_challenge WHERE expires_ms <= ?",
			      BIND(B_INT(now_ms)), err);

	if (r >= 0)
		r = statement_run(
			memory,
			"DELETE FROM passkey_challenge WHERE peer = ?1 AND id <= (SELECT id FROM "
			"passkey_challenge WHERE peer = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)",
			BIND(B_TEXT(peer), B_INT(STORE_PASSKEY_CHALLENGES_PER_PEER - 1)), err);
	if (r >= 0)
		r = statement_run(memory,
				  "DELETE FROM passkey_challenge WHERE id <= (SELECT max(id) FROM "
				  "passkey_challenge) - ?",
				  BIND(B_INT(STORE_PASSKEY_CHALLENGES - 1)), err);
	if (r >= 0)
		r = statement_run(memory,
				  "INSERT INTO passkey_challenge(hash, purpose, holder, peer, "
				  "expires_ms) VALUES (?, ?, ?, ?, ?)",
				  BIND(B_BLOB(hash, SECRET_HASH_BYTES), B_INT(purpose),
				       B_INT(holder), B_TEXT(peer),
				       B_INT(now_ms + PASSKEY_CHALLENGE_MS)),
				  err);
	return r < 0 ? r : 0;
}

int store_passkey_challenge_redeem(struct store *store, const uint8_t hash[SECRET_HASH_BYTES],
				   enum passkey_purpose purpose, uint64_t holder, int64_t now_ms,
				   struct err *err)
{
	return statement_run_one(
		store->fleeting, "challenge",
		"DELETE FROM passkey_challenge WHERE hash = ? AND purpose = ? AND "
		"holder = ? AND expires_ms > ?",
		BIND(B_BLOB(hash, SECRET_HASH_BYTES), B_INT(purpose), B_INT(holder), B_INT(now_ms)),
		err);
}

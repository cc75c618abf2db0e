#include "store/store_invitation.h"

#include <stdlib.h>

#include "store/query.h"

#define COLUMNS                                                                                    \
	"id, customer_id, hash, user_name, service, role, created_ms, expires_ms, redeemed_ms, "   \
	"redeemed_user_id"

static int read_row(sqlite3_stmt *statement, void *item)
{
	struct invitation *invitation = item;

	invitation->id = statement_u64(statement, 0);
	invitation->customer_id = statement_u64(statement, 1);
	invitation->service = statement_bool(statement, 4);
	invitation->role = (enum role)statement_u32(statement, 5);
	invitation->created_ms = sqlite3_column_int64(statement, 6);
	invitation->expires_ms = sqlite3_column_int64(statement, 7);
	invitation->redeemed_ms = sqlite3_column_int64(statement, 8);
	invitation->redeemed_user_id = statement_u64(statement, 9);
	if (invitation->role > ROLE_OWNER ||
	    statement_copy(statement, 3, invitation->user_name, sizeof(invitation->user_name)) < 0)
		return ERR_CORRUPT;
	return statement_blob(statement, 2, invitation->hash, sizeof(invitation->hash));
}

/* Runs the statement to its end, so that an UPDATE with RETURNING takes effect. */
static int get(struct store *store, const char *sql, const struct bind *binds,
	       struct invitation *ret, struct err *err)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	struct invitation invitation = {0};
	int r = statement_open(store, sql, binds, &statement, err);

	if (r == 0)
		r = statement_row(store, statement, err);
	if (r < 0)
		return r;
	if (r == 0)
		return err_set(err, ERR_NOT_FOUND,
			       "this invitation does not exist, was used already, or has expired: "
			       "ask for a new one");
	if (read_row(statement, &invitation) < 0)
		return statement_corrupt("invitation", err);
	r = statement_row(store, statement, err);
	if (r < 0)
		return r;
	*ret = invitation;
	return 0;
}

int store_invitation_insert(struct store *store, struct invitation *invitation, struct err *err)
{
	int r = statement_run(
		store,
		"INSERT INTO invitation(customer_id, hash, user_name, service, role, created_ms, "
		"expires_ms) VALUES (?, ?, ?, ?, ?, ?, ?)",
		BIND(B_INT(invitation->customer_id),
		     B_BLOB(invitation->hash, sizeof(invitation->hash)),
		     B_TEXT(invitation->user_name), B_INT(invitation->service),
		     B_INT(invitation->role), B_INT(invitation->created_ms),
		     B_INT(invitation->expires_ms)),
		err);

	if (r == ERR_IN_USE)
		return err_set(err, ERR_NOT_FOUND, "customer not found");
	if (r < 0)
		return r;
	invitation->id = (uint64_t)sqlite3_last_insert_rowid(store->db);
	return 0;
}

int store_invitation_find(struct store *store, const uint8_t hash[SECRET_HASH_BYTES],
			  int64_t now_ms, struct invitation *ret, struct err *err)
{
	return get(store,
		   "SELECT " COLUMNS " FROM invitation WHERE hash = ? AND redeemed_ms = 0 AND "
		   "expires_ms > ?",
		   BIND(B_BLOB(hash, SECRET_HASH_BYTES), B_INT(now_ms)), ret, err);
}

int store_invitation_redeem(struct store *store, const uint8_t hash[SECRET_HASH_BYTES],
			    int64_t now_ms, struct invitation *ret, struct err *err)
{
	return get(store,
		   "UPDATE invitation SET redeemed_ms = ?2 WHERE hash = ?1 AND redeemed_ms = 0 AND "
		   "expires_ms > ?2 RETURNING " COLUMNS,
		   BIND(B_BLOB(hash, SECRET_HASH_BYTES), B_INT(now_ms)), ret, err);
}

int store_invitation_update_user(struct store *store, uint64_t id, uint64_t user_id,
				 struct err *err)
{
	return statement_run_one(store, "invitation",
				 "UPDATE invitation SET redeemed_user_id = ? WHERE id = ?",
				 BIND(B_ID(user_id), B_INT(id)), err);
}

int store_invitation_list(struct store *store, uint64_t customer_id, const struct page *page,
			  struct store_invitations *ret, struct err *err)
{
	struct query query CLEANUP(query_done) = {0};
	struct statement_list list = {0};
	uint64_t total = 0;
	int r = statement_number(store,
				 "SELECT count(*) FROM invitation WHERE ?1 = 0 OR customer_id = ?1",
				 BIND(B_INT(customer_id)), &total, err);

	if (r < 0)
		return r;
	query_where(&query,
		    "SELECT " COLUMNS " FROM invitation WHERE (?1 = 0 OR customer_id = ?1) "
		    "ORDER BY id DESC",
		    (struct bind)B_INT(customer_id));
	query_page(&query, page);
	r = query_read(store, &query, sizeof(struct invitation), read_row, "invitation", &list,
		       err);
	if (r < 0) {
		free(list.items);
		return r;
	}
	*ret = (struct store_invitations){.items = list.items, .count = list.count, .total = total};
	return 0;
}

void store_invitation_done(struct store_invitations *invitations)
{
	free(invitations->items);
	*invitations = (struct store_invitations){0};
}

int store_invitation_get(struct store *store, uint64_t customer_id, uint64_t id,
			 struct invitation *ret, struct err *err)
{
	return get(store,
		   "SELECT " COLUMNS " FROM invitation WHERE id = ?1 AND redeemed_ms = 0 AND "
		   "(?2 = 0 OR customer_id = ?2)",
		   BIND(B_INT(id), B_INT(customer_id)), ret, err);
}

int store_invitation_delete(struct store *store, uint64_t id, struct err *err)
{
	return statement_run_one(store, "invitation", "DELETE FROM invitation WHERE id = ?",
				 BIND(B_INT(id)), err);
}

int store_invitation_count_open(struct store *store, int64_t now_ms, uint64_t *ret, struct err *err)
{
	return statement_number(store,
				"SELECT count(*) FROM invitation WHERE service = 1 AND "
				"redeemed_ms = 0 AND expires_ms > ?",
				BIND(B_INT(now_ms)), ret, err);
}

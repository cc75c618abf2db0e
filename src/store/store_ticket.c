#include "store/store_ticket.h"

#include "store/statement.h"

static int read_row(sqlite3_stmt *statement, struct ticket *ticket)
{
	ticket->use = (enum ticket_use)statement_u32(statement, 0);
	ticket->who.via = (enum principal_via)statement_u32(statement, 1);
	ticket->who.user_id = statement_u64(statement, 2);
	ticket->who.customer_id = statement_u64(statement, 3);
	ticket->who.token_id = statement_u64(statement, 4);
	ticket->who.session_id = statement_u64(statement, 5);
	ticket->uid = statement_u32(statement, 6);
	ticket->gid = statement_u32(statement, 7);
	ticket->server_id = statement_u64(statement, 8);
	ticket->generation = statement_u32(statement, 10);
	ticket->kind = (uint8_t)statement_u32(statement, 11);
	ticket->mode = (uint8_t)statement_u32(statement, 12);
	ticket->expires_ms = sqlite3_column_int64(statement, 14);
	ticket->by_operator = statement_bool(statement, 15);
	if (statement_copy(statement, 13, ticket->origin, sizeof(ticket->origin)) < 0)
		return ERR_CORRUPT;
	return statement_blob(statement, 9, ticket->uuid, sizeof(ticket->uuid));
}

int store_ticket_insert(struct store *store, const uint8_t hash[SECRET_HASH_BYTES],
			const struct ticket *ticket, int64_t now_ms, struct err *err)
{
	int r = statement_run(store->fleeting, "DELETE FROM ticket WHERE expires_ms <= ?",
			      BIND(B_INT(now_ms)), err);

	if (r >= 0)
		r = statement_run(
			store->fleeting,
			"INSERT INTO ticket VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
			"?, ?)",
			BIND(B_BLOB(hash, SECRET_HASH_BYTES), B_INT(ticket->use),
			     B_INT(ticket->who.via), B_INT(ticket->who.user_id),
			     B_INT(ticket->who.customer_id), B_INT(ticket->who.token_id),
			     B_INT(ticket->who.session_id), B_INT(ticket->uid), B_INT(ticket->gid),
			     B_INT(ticket->server_id), B_BLOB(ticket->uuid, sizeof(ticket->uuid)),
			     B_INT(ticket->generation), B_INT(ticket->kind), B_INT(ticket->mode),
			     B_TEXT(ticket->origin), B_INT(ticket->expires_ms),
			     B_INT(ticket->by_operator)),
			err);
	return r < 0 ? r : 0;
}

int store_ticket_redeem(struct store *store, const uint8_t hash[SECRET_HASH_BYTES],
			enum ticket_use use, int64_t now_ms, struct ticket *ret, struct err *err)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	struct ticket ticket = {0};
	int r = statement_open(store->fleeting,
			       "DELETE FROM ticket WHERE hash = ? AND use = ? AND expires_ms > ? "
			       "RETURNING use, via, user_id, customer_id, token_id, session_id, "
			       "uid, gid, server_id, uuid, generation, kind, mode, origin, "
			       "expires_ms, by_operator",
			       BIND(B_BLOB(hash, SECRET_HASH_BYTES), B_INT(use), B_INT(now_ms)),
			       &statement, err);

	if (r == 0)
		r = statement_row(store->fleeting, statement, err);
	if (r < 0)
		return r;
	if (r == 0)
		return err_set(err, ERR_NOT_FOUND,
			       "this ticket is unknown, was used already, or has expired");
	if (read_row(statement, &ticket) < 0)
		return statement_corrupt("ticket", err);
	r = statement_row(store->fleeting, statement, err);
	if (r < 0)
		return r;
	*ret = ticket;
	return 0;
}

int store_ticket_count(struct store *store, uint64_t *ret, struct err *err)
{
	return statement_number(store->fleeting, "SELECT count(*) FROM ticket", NULL, ret, err);
}

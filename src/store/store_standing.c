#include "store/store_standing.h"

#include "store/statement.h"

/*
 * A token may never do more than who made it: with a role that was lowered it can do less, and with
 * a person who may not sign in nothing. Those of the local socket have no maker. See
 * authenticate.c, which judges requests by the same rule.
 */
static enum role role_of_token(sqlite3_stmt *statement)
{
	const bool has_maker = statement_bool(statement, 11);
	const bool maker_is_operator = statement_bool(statement, 13);
	const enum role role = (enum role)statement_u32(statement, 14);

	if (!has_maker || maker_is_operator)
		return ROLE_OPERATOR;
	return role < ROLE_OPERATOR ? role : ROLE_OPERATOR;
}

int store_standing_get(struct store *store, const struct principal *who, uint64_t server_id,
		       int64_t now_ms, struct store_standing *ret, struct err *err)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	struct store_standing standing = {0};
	/* Every table by its primary key. */
	int r = statement_open(
		store,
		"SELECT s.uuid, s.volume_generation, s.customer_id, s.status, "
		"c.id IS NULL OR c.suspended, x.id IS NOT NULL AND u.id IS NOT NULL, "
		"t.id IS NOT NULL, t.readonly, t.service, u.service, m.role, "
		"t.user_id IS NOT NULL, k.id IS NOT NULL, k.service, n.role "
		"FROM (SELECT 1) "
		"LEFT JOIN server s ON s.id = ?1 "
		"LEFT JOIN customer c ON c.id = ?2 "
		"LEFT JOIN session x ON x.id = ?3 AND x.user_id = ?5 AND x.expires_ms > ?6 "
		"LEFT JOIN token t ON t.id = ?4 AND (t.expires_ms = 0 OR t.expires_ms > ?6) AND "
		"(t.service = 1 OR t.customer_id = ?2) "
		"LEFT JOIN user u ON u.id = ?5 AND u.disabled = 0 "
		"LEFT JOIN membership m ON m.user_id = ?5 AND m.customer_id = ?2 "
		"LEFT JOIN user k ON k.id = t.user_id AND k.disabled = 0 "
		"LEFT JOIN membership n ON n.user_id = t.user_id AND n.customer_id = ?2",
		BIND(B_INT(server_id), B_INT(who->customer_id), B_INT(who->session_id),
		     B_INT(who->token_id), B_INT(who->user_id), B_INT(now_ms)),
		&statement, err);

	if (r == 0)
		r = statement_row(store, statement, err);
	if (r < 0)
		return r;
	standing.server = sqlite3_column_type(statement, 0) != SQLITE_NULL;
	if (standing.server &&
	    statement_blob(statement, 0, standing.uuid, sizeof(standing.uuid)) < 0)
		return statement_corrupt("server", err);
	standing.generation = statement_u32(statement, 1);
	standing.customer_id = statement_u64(statement, 2);
	standing.status = (enum server_status)statement_u32(statement, 3);
	standing.suspended = statement_bool(statement, 4);
	switch (who->via) {
	case PRINCIPAL_SESSION:
		standing.holder = statement_bool(statement, 5);
		standing.service = statement_bool(statement, 9);
		standing.role = (enum role)statement_u32(statement, 10);
		break;
	case PRINCIPAL_TOKEN:
		standing.holder = statement_bool(statement, 6) &&
				  (!statement_bool(statement, 11) || statement_bool(statement, 12));
		standing.readonly = statement_bool(statement, 7);
		standing.service =
			statement_bool(statement, 8) &&
			(!statement_bool(statement, 11) || statement_bool(statement, 13));
		standing.role = role_of_token(statement);
		break;
	case PRINCIPAL_LOCAL:
		standing.holder = true;
		standing.service = true;
		standing.role = ROLE_OWNER;
		break;
	}
	*ret = standing;
	return 0;
}

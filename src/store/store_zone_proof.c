#include "store/store_zone_proof.h"

#include <sodium.h>
#include <stdio.h>

#include "base/secret.h"
#include "store/query.h"
#include "store/zone_row.h"

static int find_token(struct store *store, uint64_t customer_id, char ret[ZONE_TOKEN_BYTES],
		      struct err *err)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	int r = statement_one(store, "token", "SELECT token FROM zone_token WHERE customer_id = ?",
			      BIND(B_INT(customer_id)), &statement, err);

	return r < 0 ? r : statement_copy(statement, 0, ret, ZONE_TOKEN_BYTES);
}

int store_zone_token(struct store *store, uint64_t customer_id, char ret[ZONE_TOKEN_BYTES],
		     struct err *err)
{
	uint8_t random[(ZONE_TOKEN_BYTES - 1) / 2];
	int r = find_token(store, customer_id, ret, err);

	if (r != ERR_NOT_FOUND)
		return r;
	secret_random(random, sizeof random);
	(void)sodium_bin2hex(ret, ZONE_TOKEN_BYTES, random, sizeof random);
	r = statement_run(store, "INSERT INTO zone_token(customer_id, token) VALUES (?, ?)",
			  BIND(B_INT(customer_id), B_TEXT(ret)), err);
	return r < 0 ? r : 0;
}

int store_zone_is_permitted(struct store *store, uint64_t customer_id, const char *name, bool *ret,
			    struct err *err)
{
	uint64_t count = 0;
	int r = statement_number(store,
				 "SELECT count(*) FROM zone_permit WHERE customer_id = ? AND name "
				 "= ?",
				 BIND(B_INT(customer_id), B_TEXT(name)), &count, err);

	if (r == 0)
		*ret = count > 0;
	return r;
}

int store_zone_proof_due(struct store *store, int64_t now_ms, size_t max, struct store_zones *ret,
			 struct err *err)
{
	struct query query CLEANUP(query_done) = {0};
	struct statement_list list = {0};
	int r;

	/* A tenth of the time that it has waited for already. */
	query_where(&query,
		    "SELECT " ZONE_COLUMNS
		    " FROM zone z WHERE z.proof IN (1, 2) AND z.proof_ms + min(3600000, max(15000, "
		    "(?1 - z.proof_until_ms + 604800000) / 10)) <= ?1",
		    (struct bind)B_INT(now_ms));
	query_where(&query, " ORDER BY z.proof_ms, z.id LIMIT ?2", (struct bind)B_INT(max));
	r = query_read(store, &query, sizeof(struct zone), zone_row_read, "zone", &list, err);
	*ret = (struct store_zones){list.items, list.count, list.count};
	if (r < 0)
		store_zone_done(ret);
	return r;
}

int store_zone_set_proof(struct store *store, const struct zone *zone, struct err *err)
{
	int r = statement_run_one(
		store, "zone",
		"UPDATE zone SET proof = ?1, proof_ms = ?2, proof_until_ms = ?3, proof_why = "
		"substr(?4, 1, 200), applied = iif(?1 = 4, 0, applied) WHERE id = ?5",
		BIND(B_INT(zone->proof), B_INT(zone->proof_ms), B_INT(zone->proof_until_ms),
		     B_TEXT(zone->proof_why), B_INT(zone->id)),
		err);

	if (r == 0 && zone->proof == ZONE_PROOF_EXPIRED)
		r = store_zone_remove_unknown(store, zone->name, err);
	return r;
}

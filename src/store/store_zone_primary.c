#include "store/store_zone_primary.h"

#include <stdlib.h>
#include <string.h>

#include "store/query.h"
#include "store/zone_row.h"

int store_zone_primaries(struct store *store, uint64_t zone_id, struct store_zone_primaries *ret,
			 struct err *err)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	struct store_zone_primaries found = {0};
	int r = statement_open(store,
			       "SELECT address, port, tsig_algorithm, tsig_key FROM zone_primary "
			       "WHERE zone_id = ? ORDER BY position",
			       BIND(B_INT(zone_id)), &statement, err);

	while (r == 0 && found.count < ZONE_PRIMARIES_MAX &&
	       (r = statement_row(store, statement, err)) > 0) {
		struct zone_primary *item = &found.items[found.count++];
		item->port = (uint16_t)statement_u32(statement, 1);
		if (statement_copy(statement, 0, item->address, sizeof item->address) < 0 ||
		    statement_copy(statement, 2, item->tsig_algorithm,
				   sizeof item->tsig_algorithm) < 0 ||
		    statement_copy(statement, 3, item->tsig_key, sizeof item->tsig_key) < 0)
			return statement_corrupt("primary name server", err);
		r = 0;
	}
	if (r < 0)
		return r;
	*ret = found;
	explicit_bzero(&found, sizeof found);
	return 0;
}

int store_zone_set_primaries(struct store *store, uint64_t zone_id,
			     const struct store_zone_primaries *primaries, struct err *err)
{
	int r = statement_run(store, "DELETE FROM zone_primary WHERE zone_id = ?",
			      BIND(B_INT(zone_id)), err);

	for (size_t i = 0; r >= 0 && i < primaries->count; i++)
		r = statement_run(store,
				  "INSERT INTO zone_primary(zone_id, position, address, port, "
				  "tsig_algorithm, tsig_key) VALUES (?, ?, ?, ?, ?, ?)",
				  BIND(B_INT(zone_id), B_INT(i),
				       B_TEXT(primaries->items[i].address),
				       B_INT(primaries->items[i].port),
				       B_TEXT(primaries->items[i].tsig_algorithm),
				       B_TEXT(primaries->items[i].tsig_key)),
				  err);
	return r < 0 ? r : 0;
}

int store_zone_secondaries(struct store *store, size_t max, struct store_zones *ret,
			   struct err *err)
{
	struct query query CLEANUP(query_done) = {0};
	struct statement_list list = {0};
	int r;

	query_where(&query,
		    "SELECT " ZONE_COLUMNS
		    " FROM zone z WHERE z.secondary = 1 AND z.proof IN (0, 3) AND (?1 = 0 OR "
		    "z.applied = z.version) ORDER BY z.fetched_ms, z.id",
		    (struct bind)B_INT(max));
	query_where(&query, " LIMIT ?2", (struct bind)B_INT(max > 0 ? (int64_t)max : -1));
	r = query_read(store, &query, sizeof(struct zone), zone_row_read, "zone", &list, err);
	*ret = (struct store_zones){list.items, list.count, list.count};
	if (r < 0)
		store_zone_done(ret);
	return r;
}

int store_zone_fetched(struct store *store, const struct zone *zone, int64_t now_ms,
		       struct err *err)
{
	int r = statement_run(store,
			      "UPDATE zone SET applied = ?, serial = ?, contents = ?, expires_ms = "
			      "?, transferred_ms = ?, fetched_ms = ?, error = '' WHERE id = ?",
			      BIND(B_INT(zone->version), B_INT(zone->serial), B_INT(zone->contents),
				   B_INT(zone->expires_ms), B_INT(zone->transferred_ms),
				   B_INT(now_ms), B_INT(zone->id)),
			      err);

	return r < 0 ? r : 0;
}

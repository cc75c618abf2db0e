#include "store/store_zone_key.h"

#include "store/query.h"
#include "store/zone_row.h"

int store_zone_keys(struct store *store, uint64_t zone_id, struct buf *ret_keys,
		    struct buf *ret_seen, struct err *err)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	int r = statement_open(store, "SELECT seen, keys FROM zone_key WHERE zone_id = ?",
			       BIND(B_INT(zone_id)), &statement, err);

	if (r < 0 || (r = statement_row(store, statement, err)) <= 0)
		return r;
	r = buf_puts(ret_seen, statement_text(statement, 0));
	if (r == 0 && ret_keys != NULL)
		r = buf_append(ret_keys, sqlite3_column_blob(statement, 1),
			       (size_t)sqlite3_column_bytes(statement, 1));
	return r < 0 ? err_set(err, r, "no memory for a zone's keys") : 0;
}

int store_zone_keep_keys(struct store *store, uint64_t zone_id, const struct buf *keys,
			 const char *seen, struct err *err)
{
	int r = statement_run(store,
			      "INSERT INTO zone_key(zone_id, seen, keys) VALUES (?, ?, ?) ON "
			      "CONFLICT DO UPDATE SET seen = excluded.seen, keys = excluded.keys",
			      BIND(B_INT(zone_id), B_TEXT(seen), B_BLOB(keys->data, keys->len)),
			      err);

	return r < 0 ? r : 0;
}

static int list(struct store *store, const char *condition, int64_t before_ms, size_t max,
		struct store_zones *ret, struct err *err)
{
	struct query query CLEANUP(query_done) = {0};
	struct statement_list list = {0};
	int r;

	query_add(&query, "SELECT " ZONE_COLUMNS " FROM zone z WHERE ");
	query_where(&query, condition, (struct bind)B_INT(before_ms));
	query_where(&query, " LIMIT ?", (struct bind)B_INT(max));
	r = query_read(store, &query, sizeof(struct zone), zone_row_read, "zone", &list, err);
	*ret = (struct store_zones){list.items, list.count, list.count};
	if (r < 0)
		store_zone_done(ret);
	return r;
}

int store_zone_keys_due(struct store *store, int64_t before_ms, size_t max, struct store_zones *ret,
			struct err *err)
{
	return list(store,
		    "z.dnssec = 1 AND z.keys_ms < ? AND z.applied = z.version ORDER BY z.keys_ms",
		    before_ms, max, ret, err);
}

int store_zone_keys_looked(struct store *store, uint64_t id, int64_t now_ms, struct err *err)
{
	int r = statement_run(store, "UPDATE zone SET keys_ms = ? WHERE id = ?",
			      BIND(B_INT(now_ms), B_INT(id)), err);

	return r < 0 ? r : 0;
}

int store_zone_set_roll(struct store *store, const struct zone *zone, const char *ds,
			const char *ds_before, struct err *err)
{
	const bool at_once = zone->roll == ZONE_ROLL_ASKED || zone->roll == ZONE_ROLL_SUBMITTED;
	int r = statement_run(
		store,
		"UPDATE zone SET key_roll = ?, key_roll_ms = ?, parent_ds = ?, serial = ?, ds = ?, "
		"ds_before = ?, keys_ms = CASE WHEN ? THEN 0 ELSE keys_ms END WHERE id = ? AND "
		"dnssec = 1",
		BIND(B_INT(zone->roll), B_INT(zone->roll_ms), B_INT(zone->parent_ds),
		     B_INT(zone->serial), B_TEXT(ds), B_TEXT(ds_before), B_INT(at_once),
		     B_INT(zone->id)),
		err);

	return r < 0 ? r : 0;
}

int store_zone_ds_before(struct store *store, uint64_t id, char **ret, struct err *err)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	int r = statement_one(store, "zone", "SELECT ds_before FROM zone WHERE id = ?",
			      BIND(B_INT(id)), &statement, err);

	return r < 0 ? r : statement_dup(statement, 0, ret);
}

int store_zone_rolls_due(struct store *store, int64_t before_ms, size_t max,
			 struct store_zones *ret, struct err *err)
{
	return list(store, "z.key_roll IN (3, 4) AND z.parent_ms < ? ORDER BY z.parent_ms",
		    before_ms, max, ret, err);
}

#include "store/store_zone.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/query.h"
#include "store/store_reverse.h"
#include "store/zone_row.h"

static const char *const sort_columns[] = {
	[SORT_ID] = "z.id", [SORT_NAME] = "z.name", [SORT_CREATED] = "z.created_ms"};

int zone_row_read(sqlite3_stmt *statement, void *item)
{
	struct zone *zone = item;

	zone->id = statement_u64(statement, 0);
	zone->customer_id = statement_u64(statement, 1);
	zone->ttl = statement_u32(statement, 4);
	zone->protected = statement_bool(statement, 6);
	zone->dnssec = statement_bool(statement, 7);
	zone->created_ms = sqlite3_column_int64(statement, 8);
	zone->version = statement_u64(statement, 9);
	zone->applied = statement_u64(statement, 10);
	zone->serial = statement_u32(statement, 11);
	zone->record_count = statement_u32(statement, 12);
	zone->parent_ds = (enum zone_parent)statement_u32(statement, 14);
	zone->parent_ms = sqlite3_column_int64(statement, 15);
	zone->proof = (enum zone_proof)statement_u32(statement, 16);
	zone->proof_ms = sqlite3_column_int64(statement, 17);
	zone->proof_until_ms = sqlite3_column_int64(statement, 18);
	zone->secondary = statement_bool(statement, 20);
	zone->contents = (enum zone_contents)statement_u32(statement, 21);
	zone->expires_ms = sqlite3_column_int64(statement, 22);
	zone->transferred_ms = sqlite3_column_int64(statement, 23);
	zone->roll = (enum zone_roll)statement_u32(statement, 24);
	zone->roll_ms = sqlite3_column_int64(statement, 25);
	if (statement_copy(statement, 2, zone->name, sizeof zone->name) < 0 ||
	    statement_copy(statement, 3, zone->shown, sizeof zone->shown) < 0 ||
	    statement_copy(statement, 13, zone->error, sizeof zone->error) < 0 ||
	    statement_copy(statement, 19, zone->proof_why, sizeof zone->proof_why) < 0)
		return ERR_CORRUPT;
	return label_read(statement_text(statement, 5), &zone->labels);
}

static int get(struct store *store, const char *sql, const struct bind *binds, struct zone *ret,
	       struct err *err)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	struct zone zone CLEANUP(zone_done) = {0};
	int r = statement_one(store, "zone", sql, binds, &statement, err);

	if (r < 0)
		return r;
	r = zone_row_read(statement, &zone);
	if (r < 0)
		return statement_misread("zone", r, err);
	*ret = zone;
	zone = (struct zone){0};
	return 0;
}

int store_zone_insert(struct store *store, struct zone *zone, struct err *err)
{
	struct buf labels CLEANUP(buf_done) = {0};
	int r = label_format(&zone->labels, &labels);

	if (r < 0)
		return err_set(err, r, "out of memory");
	r = statement_run(store,
			  "INSERT INTO zone(customer_id, name, shown, ttl, labels, created_ms, "
			  "proof, proof_until_ms, secondary) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
			  BIND(B_INT(zone->customer_id), B_TEXT(zone->name), B_TEXT(zone->shown),
			       B_INT(zone->ttl), B_TEXT(buf_str(&labels)), B_INT(zone->created_ms),
			       B_INT(zone->proof), B_INT(zone->proof_until_ms),
			       B_INT(zone->secondary)),
			  err);
	if (r == ERR_UNIQUENESS)
		return err_set(err, r, "there is a zone %.200s already", zone->name);
	if (r < 0)
		return r;
	zone->id = (uint64_t)sqlite3_last_insert_rowid(store->db);
	return 0;
}

int store_zone_get(struct store *store, uint64_t customer_id, uint64_t id, struct zone *ret,
		   struct err *err)
{
	return get(store,
		   "SELECT " ZONE_COLUMNS
		   " FROM zone z WHERE z.id = ?1 AND (?2 = 0 OR z.customer_id = ?2)",
		   BIND(B_INT(id), B_INT(customer_id)), ret, err);
}

int store_zone_get_by_name(struct store *store, uint64_t customer_id, const char *name,
			   struct zone *ret, struct err *err)
{
	return get(store,
		   "SELECT " ZONE_COLUMNS
		   " FROM zone z WHERE z.name = ?1 AND (?2 = 0 OR z.customer_id = ?2)",
		   BIND(B_TEXT(name), B_INT(customer_id)), ret, err);
}

static void add_conditions(struct query *query, const struct store_zone_filter *filter)
{
	query_add(query, " FROM zone z WHERE 1");
	if (filter->customer_id)
		query_where(query, " AND z.customer_id = ?",
			    (struct bind)B_INT(filter->customer_id));
	if (filter->name)
		query_where(query, " AND z.name = ?", (struct bind)B_TEXT(filter->name));
	if (filter->mode != STORE_ZONE_ANY)
		query_where(query, " AND z.secondary = ?",
			    (struct bind)B_INT(filter->mode == STORE_ZONE_SECONDARY));
}

static void end_item(void *item)
{
	zone_done(item);
}

int store_zone_list(struct store *store, const struct store_zone_filter *filter,
		    struct store_zones *ret, struct err *err)
{
	struct query counting CLEANUP(query_done) = {0};
	struct query query CLEANUP(query_done) = {0};
	struct statement_list list = {0};
	struct store_zones zones = {0};
	int r;

	query_add(&counting, "SELECT count(*)");
	add_conditions(&counting, filter);
	if ((r = query_number(store, &counting, &zones.total, err)) < 0)
		return r;
	query_add(&query, "SELECT " ZONE_COLUMNS);
	add_conditions(&query, filter);
	query_order(&query, &filter->sort, sort_columns);
	if (!filter->selector)
		query_page(&query, &filter->page);
	r = query_read(store, &query, sizeof(struct zone), zone_row_read, "zone", &list, err);
	zones.items = list.items;
	zones.count = list.count;
	if (r < 0) {
		store_zone_done(&zones);
		return r;
	}
	if (filter->selector)
		zones.total = query_keep_page(zones.items, &zones.count, sizeof(struct zone),
					      offsetof(struct zone, labels), filter->selector,
					      &filter->page, end_item);
	*ret = zones;
	return 0;
}

void store_zone_done(struct store_zones *zones)
{
	for (size_t i = 0; i < zones->count; i++)
		zone_done(&zones->items[i]);
	free(zones->items);
	*zones = (struct store_zones){0};
}

int store_zone_update(struct store *store, const struct zone *zone, struct err *err)
{
	struct buf labels CLEANUP(buf_done) = {0};
	int r = label_format(&zone->labels, &labels);

	return r < 0 ? err_set(err, r, "out of memory")
		     : statement_run_one(store, "zone",
					 "UPDATE zone SET labels = ?, protected = ? WHERE id = ?",
					 BIND(B_TEXT(buf_str(&labels)), B_INT(zone->protected),
					      B_INT(zone->id)),
					 err);
}

int store_zone_delete(struct store *store, uint64_t id, struct err *err)
{
	return statement_run_one(store, "zone", "DELETE FROM zone WHERE id = ?", BIND(B_INT(id)),
				 err);
}

int store_zone_quota(struct store *store, uint64_t customer_id, uint64_t *ret_limit,
		     uint64_t *ret_used, struct err *err)
{
	uint64_t limit = 0, used = 0;
	int r = statement_number(store,
				 "SELECT coalesce(sum(t.dns_zones), 0) FROM server s JOIN "
				 "server_type t ON t.id = s.server_type_id WHERE s.customer_id = ?",
				 BIND(B_INT(customer_id)), &limit, err);

	if (r == 0)
		r = statement_number(store, "SELECT count(*) FROM zone WHERE customer_id = ?",
				     BIND(B_INT(customer_id)), &used, err);
	if (r < 0)
		return r;
	*ret_limit = limit;
	*ret_used = used;
	return 0;
}

int store_zone_check_owner(struct store *store, uint64_t customer_id, const char *name,
			   struct err *err)
{
	uint64_t count = 0;
	bool is_reverse = false;
	int r = store_reverse_is_zone(store, name, &is_reverse, err);

	if (r == 0 && is_reverse)
		return err_set(err, ERR_FORBIDDEN,
			       "%.150s is of the addresses of this service's pools: their names "
			       "are given with the servers",
			       name);
	if (r == 0)
		r = statement_number(
			store,
			"SELECT count(*) FROM zone WHERE customer_id <> ?1 AND proof IN (0, 3) AND "
			"(?2 LIKE '%.' || "
			"replace(name, '_', '\\_') ESCAPE '\\' OR name LIKE '%.' || replace(?2, "
			"'_', "
			"'\\_') ESCAPE '\\') AND NOT EXISTS (SELECT 1 FROM zone_permit p WHERE "
			"p.customer_id = ?1 AND p.name = ?2)",
			BIND(B_INT(customer_id), B_TEXT(name)), &count, err);

	if (r < 0 || count == 0)
		return r;
	return err_set(err, ERR_FORBIDDEN,
		       "a zone above or below %.150s belongs to another account; the operator can "
		       "permit it",
		       name);
}

int store_zone_permit(struct store *store, uint64_t customer_id, const char *name, bool yes,
		      struct err *err)
{
	int r = statement_run(store,
			      yes ? "INSERT OR IGNORE INTO zone_permit(customer_id, name) VALUES "
				    "(?, ?)"
				  : "DELETE FROM zone_permit WHERE customer_id = ? AND name = ?",
			      BIND(B_INT(customer_id), B_TEXT(name)), err);

	return r < 0 ? r : 0;
}

/* --- changes --- */

int store_zone_begin_version(struct store *store, struct zone *zone, const char *who,
			     int64_t now_ms, struct err *err)
{
	int r = statement_run_one(store, "zone",
				  "UPDATE zone SET version = version + 1, error = '' WHERE id = ?",
				  BIND(B_INT(zone->id)), err);

	if (r < 0)
		return r;
	zone->version++;
	r = statement_run(store,
			  "INSERT INTO zone_version(zone_id, version, time_ms, who) VALUES (?, ?, "
			  "?, ?)",
			  BIND(B_INT(zone->id), B_INT(zone->version), B_INT(now_ms), B_TEXT(who)),
			  err);
	if (r >= 0 && zone->version > ZONE_VERSIONS_KEPT)
		r = statement_run(
			store, "DELETE FROM zone_version WHERE zone_id = ? AND version <= ?",
			BIND(B_INT(zone->id), B_INT(zone->version - ZONE_VERSIONS_KEPT)), err);
	return r < 0 ? r : 0;
}

/* What a version changes twice was before what it was at first. */
static int add_change(struct store *store, const struct zone *zone, const char *name, unsigned type,
		      uint32_t ttl_before, const char *before, uint32_t ttl_after,
		      const char *after, struct err *err)
{
	int r = statement_run(
		store,
		"INSERT INTO zone_change(zone_id, version, name, type, ttl_before, before, "
		"ttl_after, after) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
		"ttl_after = excluded.ttl_after, after = excluded.after",
		BIND(B_INT(zone->id), B_INT(zone->version), B_TEXT(name), B_INT(type),
		     B_INT(ttl_before), B_TEXT(before), B_INT(ttl_after), B_TEXT(after)),
		err);

	return r < 0 ? r : 0;
}

int store_zone_set_ttl(struct store *store, struct zone *zone, uint32_t ttl, struct err *err)
{
	int r = statement_run_one(store, "zone", "UPDATE zone SET ttl = ? WHERE id = ?",
				  BIND(B_INT(ttl), B_INT(zone->id)), err);

	if (r == 0)
		r = add_change(store, zone, "", 0, zone->ttl, "", ttl, "", err);
	if (r == 0)
		zone->ttl = ttl;
	return r;
}

int store_zone_set_dnssec(struct store *store, struct zone *zone, bool dnssec, struct err *err)
{
	int r = statement_run_one(
		store, "zone",
		"UPDATE zone SET dnssec = ?, ds = '', applied = 0, parent_ds = 0, "
		"parent_ms = 0, key_roll = 0, key_roll_ms = 0, ds_before = '', keys_ms = 0 WHERE "
		"id = ?",
		BIND(B_INT(dnssec), B_INT(zone->id)), err);

	if (r == 0)
		zone->dnssec = dnssec;
	return r;
}

static int check_room(struct store *store, const struct zone *zone, struct err *err)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	int r = statement_open(store, "SELECT record_count, bytes FROM zone WHERE id = ?",
			       BIND(B_INT(zone->id)), &statement, err);

	if (r == 0)
		r = statement_row(store, statement, err);
	if (r < 0)
		return r;
	if (r > 0 && statement_u64(statement, 0) > ZONE_MAX_RECORDS)
		return err_set(err, ERR_LIMIT, "a zone has at most %d records", ZONE_MAX_RECORDS);
	if (r > 0 && statement_u64(statement, 1) > ZONE_MAX_BYTES)
		return err_set(err, ERR_LIMIT, "the records of a zone take at most %zu bytes",
			       ZONE_MAX_BYTES);
	return 0;
}

static int check_beside(struct store *store, const struct rrset *rrset, struct err *err)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	uint32_t others = 0;
	int r = statement_open(store, "SELECT type FROM rrset WHERE zone_id = ? AND name = ?",
			       BIND(B_INT(rrset->zone_id), B_TEXT(rrset->name)), &statement, err);

	while (r == 0 && (r = statement_row(store, statement, err)) > 0) {
		others |= UINT32_C(1) << rrset_bit((enum rrset_type)statement_u32(statement, 0));
		r = 0;
	}
	return r < 0 ? r : rrset_check_beside(rrset->name, rrset->type, others, err);
}

int store_rrset_put(struct store *store, const struct zone *zone, const struct rrset *rrset,
		    struct err *err)
{
	struct buf labels CLEANUP(buf_done) = {0};
	struct buf records CLEANUP(buf_done) = {0};
	struct buf was CLEANUP(buf_done) = {0};
	struct rrset before CLEANUP(rrset_done) = {0};
	int r = store_rrset_get(store, zone->id, rrset->name, rrset->type, &before, NULL);
	const bool there = r == 0;

	if (r < 0 && r != ERR_NOT_FOUND)
		return err_set(err, r, "a record set cannot be read");
	if (label_format(&rrset->labels, &labels) < 0 || rrset_format(rrset, &records) < 0 ||
	    rrset_format(&before, &was) < 0)
		return err_set(err, -ENOMEM, "out of memory");
	if ((r = check_beside(store, rrset, err)) < 0)
		return r;
	r = statement_run(
		store,
		"INSERT INTO rrset(zone_id, name, type, ttl, labels, protected, record_count, "
		"records) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET ttl = "
		"excluded.ttl, labels = excluded.labels, protected = excluded.protected, "
		"record_count = excluded.record_count, records = excluded.records",
		BIND(B_INT(zone->id), B_TEXT(rrset->name), B_INT(rrset->type), B_INT(rrset->ttl),
		     B_TEXT(buf_str(&labels)), B_INT(rrset->protected), B_INT(rrset->count),
		     B_TEXT(buf_str(&records))),
		err);
	if (r >= 0)
		r = add_change(store, zone, rrset->name, rrset->type, before.ttl,
			       there ? buf_str(&was) : NULL, rrset->ttl, buf_str(&records), err);
	return r < 0 ? r : check_room(store, zone, err);
}

int store_rrset_update(struct store *store, const struct rrset *rrset, struct err *err)
{
	struct buf labels CLEANUP(buf_done) = {0};
	int r = label_format(&rrset->labels, &labels);

	return r < 0 ? err_set(err, r, "out of memory")
		     : statement_run_one(store, "record set",
					 "UPDATE rrset SET labels = ?, protected = ? WHERE zone_id "
					 "= ? AND name = ? AND type = ?",
					 BIND(B_TEXT(buf_str(&labels)), B_INT(rrset->protected),
					      B_INT(rrset->zone_id), B_TEXT(rrset->name),
					      B_INT(rrset->type)),
					 err);
}

int store_rrset_delete(struct store *store, const struct zone *zone, const char *name,
		       enum rrset_type type, struct err *err)
{
	struct buf was CLEANUP(buf_done) = {0};
	struct rrset before CLEANUP(rrset_done) = {0};
	int r = store_rrset_get(store, zone->id, name, type, &before, err);

	if (r < 0)
		return r;
	if (rrset_format(&before, &was) < 0)
		return err_set(err, -ENOMEM, "out of memory");
	r = statement_run(store, "DELETE FROM rrset WHERE zone_id = ? AND name = ? AND type = ?",
			  BIND(B_INT(zone->id), B_TEXT(name), B_INT(type)), err);
	return r < 0 ? r
		     : add_change(store, zone, name, type, before.ttl, buf_str(&was), 0, NULL, err);
}

/* --- record sets --- */

#define RRSET_COLUMNS "r.zone_id, r.name, r.type, r.ttl, r.labels, r.protected, r.records"

static int read_rrset(sqlite3_stmt *statement, void *item)
{
	struct rrset *rrset = item;
	int r;

	rrset->zone_id = statement_u64(statement, 0);
	rrset->type = (enum rrset_type)statement_u32(statement, 2);
	rrset->ttl = statement_u32(statement, 3);
	rrset->protected = statement_bool(statement, 5);
	if (statement_copy(statement, 1, rrset->name, sizeof rrset->name) < 0)
		return ERR_CORRUPT;
	r = label_read(statement_text(statement, 4), &rrset->labels);
	return r < 0 ? r : rrset_read(statement_text(statement, 6), rrset);
}

int store_rrset_get(struct store *store, uint64_t zone_id, const char *name, enum rrset_type type,
		    struct rrset *ret, struct err *err)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	struct rrset rrset CLEANUP(rrset_done) = {0};
	int r = statement_one(store, "record set",
			      "SELECT " RRSET_COLUMNS
			      " FROM rrset r WHERE r.zone_id = ? AND r.name = ? AND r.type = ?",
			      BIND(B_INT(zone_id), B_TEXT(name), B_INT(type)), &statement, err);

	if (r < 0)
		return r;
	if ((r = read_rrset(statement, &rrset)) < 0)
		return statement_corrupt("record set", err);
	*ret = rrset;
	rrset = (struct rrset){0};
	return 0;
}

static void end_rrset(void *item)
{
	rrset_done(item);
}

int store_rrset_list(struct store *store, const struct store_rrset_filter *filter,
		     struct store_rrsets *ret, struct err *err)
{
	struct query query CLEANUP(query_done) = {0};
	struct statement_list list = {0};
	struct store_rrsets rrsets = {0};
	int r;

	query_where(&query, "SELECT " RRSET_COLUMNS " FROM rrset r WHERE r.zone_id = ?",
		    (struct bind)B_INT(filter->zone_id));
	if (filter->name)
		query_where(&query, " AND r.name = ?", (struct bind)B_TEXT(filter->name));
	for (size_t i = 0; i < filter->type_count; i++)
		query_where(&query, i == 0 ? " AND (r.type = ?" : " OR r.type = ?",
			    (struct bind)B_INT(filter->types[i]));
	if (filter->type_count > 0)
		query_add(&query, ")");
	r = query_read(store, &query, sizeof(struct rrset), read_rrset, "record set", &list, err);
	rrsets.items = list.items;
	rrsets.count = list.count;
	if (r < 0) {
		store_rrset_done(&rrsets);
		return r;
	}
	/* Numbers of types are kept, but people sort by their names. */
	if (rrsets.count > 1)
		qsort_r(rrsets.items, rrsets.count, sizeof *rrsets.items, rrset_compare,
			&(struct rrset_order){filter->order.name_descending,
					      filter->order.type_descending});
	rrsets.total = query_keep_page(rrsets.items, &rrsets.count, sizeof(struct rrset),
				       offsetof(struct rrset, labels), filter->selector,
				       &filter->page, end_rrset);
	*ret = rrsets;
	return 0;
}

void store_rrset_done(struct store_rrsets *rrsets)
{
	for (size_t i = 0; i < rrsets->count; i++)
		rrset_done(&rrsets->items[i]);
	free(rrsets->items);
	*rrsets = (struct store_rrsets){0};
}

/* --- versions --- */

static int read_version(sqlite3_stmt *statement, void *item)
{
	struct store_zone_version *version = item;

	version->version = statement_u64(statement, 0);
	version->time_ms = sqlite3_column_int64(statement, 1);
	version->change_count = statement_u64(statement, 3);
	return statement_copy(statement, 2, version->who, sizeof version->who);
}

int store_zone_versions(struct store *store, uint64_t zone_id, struct store_zone_versions *ret,
			struct err *err)
{
	struct query query CLEANUP(query_done) = {0};
	struct statement_list list = {0};
	int r;

	query_where(&query,
		    "SELECT v.version, v.time_ms, v.who, (SELECT count(*) FROM zone_change c WHERE "
		    "c.zone_id = v.zone_id AND c.version = v.version) FROM zone_version v WHERE "
		    "v.zone_id = ? ORDER BY v.version DESC",
		    (struct bind)B_INT(zone_id));
	r = query_read(store, &query, sizeof(struct store_zone_version), read_version,
		       "zone version", &list, err);
	*ret = (struct store_zone_versions){list.items, list.count};
	if (r < 0)
		store_zone_versions_done(ret);
	return r;
}

void store_zone_versions_done(struct store_zone_versions *versions)
{
	free(versions->items);
	*versions = (struct store_zone_versions){0};
}

static int read_change(sqlite3_stmt *statement, void *item)
{
	struct store_zone_change *change = item;
	int r = statement_copy(statement, 0, change->name, sizeof change->name);

	change->type = (enum rrset_type)statement_u32(statement, 1);
	change->ttl_before = statement_u32(statement, 2);
	change->ttl_after = statement_u32(statement, 4);
	if (r == 0)
		r = statement_dup(statement, 3, &change->before);
	return r < 0 ? r : statement_dup(statement, 5, &change->after);
}

int store_zone_changes(struct store *store, uint64_t zone_id, uint64_t version,
		       struct store_zone_changes *ret, struct err *err)
{
	struct query query CLEANUP(query_done) = {0};
	struct statement_list list = {0};
	uint64_t there = 0;
	int r = statement_number(
		store, "SELECT count(*) FROM zone_version WHERE zone_id = ? AND version = ?",
		BIND(B_INT(zone_id), B_INT(version)), &there, err);

	if (r < 0)
		return r;
	if (there == 0)
		return err_set(err, ERR_NOT_FOUND, "the zone has no version %llu that is kept",
			       (unsigned long long)version);
	query_where(&query,
		    "SELECT c.name, c.type, c.ttl_before, c.before, c.ttl_after, c.after FROM "
		    "zone_change c WHERE c.zone_id = ?",
		    (struct bind)B_INT(zone_id));
	query_where(&query, " AND c.version = ? ORDER BY c.name, c.type",
		    (struct bind)B_INT(version));
	r = query_read(store, &query, sizeof(struct store_zone_change), read_change, "zone change",
		       &list, err);
	*ret = (struct store_zone_changes){list.items, list.count};
	if (r < 0)
		store_zone_changes_done(ret);
	return r;
}

void store_zone_changes_done(struct store_zone_changes *changes)
{
	for (size_t i = 0; i < changes->count; i++) {
		free(changes->items[i].before);
		free(changes->items[i].after);
	}
	free(changes->items);
	*changes = (struct store_zone_changes){0};
}

/* --- the name server --- */

int store_zone_waiting(struct store *store, bool failed, size_t max, struct store_zones *ret,
		       struct err *err)
{
	struct query query CLEANUP(query_done) = {0};
	struct statement_list list = {0};
	int r;

	query_where(&query,
		    "SELECT " ZONE_COLUMNS " FROM zone z WHERE z.applied <> z.version AND z.proof "
		    "NOT IN (1, 4) AND (z.secondary = 0 "
		    "OR z.proof IN (0, 3)) AND "
		    "(z.error = '' OR ?)",
		    (struct bind)B_INT(failed));
	query_where(&query, " ORDER BY z.id LIMIT ?", (struct bind)B_INT(max));
	r = query_read(store, &query, sizeof(struct zone), zone_row_read, "zone", &list, err);
	*ret = (struct store_zones){list.items, list.count, list.count};
	if (r < 0)
		store_zone_done(ret);
	return r;
}

int store_zone_applied(struct store *store, uint64_t id, uint64_t version, uint32_t serial,
		       bool dnssec, const char *ds, struct err *err)
{
	/* Signing that was switched meanwhile is a setting that it does not have yet. */
	int r = statement_run(
		store,
		"UPDATE zone SET applied = ?, serial = ?, error = '', ds = "
		"coalesce(?, ds) WHERE id = ? AND dnssec = ?",
		BIND(B_INT(version), B_INT(serial), B_TEXT(ds), B_INT(id), B_INT(dnssec)), err);

	return r < 0 ? r : 0;
}

int store_zone_set_parent(struct store *store, const struct zone *zone, struct err *err)
{
	int r = statement_run(store, "UPDATE zone SET parent_ds = ?, parent_ms = ? WHERE id = ?",
			      BIND(B_INT(zone->parent_ds), B_INT(zone->parent_ms), B_INT(zone->id)),
			      err);

	return r < 0 ? r : 0;
}

int store_zone_failed(struct store *store, uint64_t id, const char *error, struct err *err)
{
	int r = statement_run(store, "UPDATE zone SET error = substr(?, 1, 200) WHERE id = ?",
			      BIND(B_TEXT(error), B_INT(id)), err);

	return r < 0 ? r : 0;
}

int store_zone_forget_applied(struct store *store, uint64_t id, struct err *err)
{
	int r = statement_run(store, "UPDATE zone SET applied = 0 WHERE ?1 IN (0, id)",
			      BIND(B_INT(id)), err);

	return r < 0 ? r : 0;
}

int store_zone_newest(struct store *store, struct zone *ret, struct err *err)
{
	/* Serials are times, but for those that are fetched. */
	return get(store,
		   "SELECT " ZONE_COLUMNS
		   " FROM zone z WHERE z.applied = z.version AND z.serial > 0 AND z.secondary = 0 "
		   "AND ?1 ORDER BY z.serial DESC, z.id DESC LIMIT 1",
		   BIND(B_INT(1)), ret, err);
}

static int read_known(sqlite3_stmt *statement, void *item)
{
	struct store_zone_known *known = item;

	known->id = statement_u64(statement, 0);
	known->applied = statement_u64(statement, 1);
	return statement_copy(statement, 2, known->name, sizeof known->name);
}

int store_zone_known(struct store *store, struct store_zone_knowns *ret, struct err *err)
{
	struct query query CLEANUP(query_done) = {0};
	struct statement_list list = {0};
	int r;

	query_add(&query, "SELECT z.id, z.applied, z.name FROM zone z ORDER BY z.name");
	r = query_read(store, &query, sizeof(struct store_zone_known), read_known, "zone", &list,
		       err);
	*ret = (struct store_zone_knowns){list.items, list.count};
	if (r < 0)
		store_zone_known_done(ret);
	return r;
}

void store_zone_known_done(struct store_zone_knowns *knowns)
{
	free(knowns->items);
	*knowns = (struct store_zone_knowns){0};
}

int store_zone_ds(struct store *store, uint64_t id, char **ret, struct err *err)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	int r = statement_one(store, "zone", "SELECT ds FROM zone WHERE id = ?", BIND(B_INT(id)),
			      &statement, err);

	if (r < 0)
		return r;
	return statement_dup(statement, 0, ret);
}

static int read_name(sqlite3_stmt *statement, void *item)
{
	return statement_copy(statement, 0, item, NAME_DNS_BYTES);
}

int store_zone_removals(struct store *store, size_t max, struct store_zone_names *ret,
			struct err *err)
{
	struct query query CLEANUP(query_done) = {0};
	struct statement_list list = {0};
	int r;

	query_where(&query, "SELECT name FROM zone_removal ORDER BY name LIMIT ?",
		    (struct bind)B_INT(max));
	r = query_read(store, &query, NAME_DNS_BYTES, read_name, "name", &list, err);
	*ret = (struct store_zone_names){list.items, list.count};
	if (r < 0)
		store_zone_names_done(ret);
	return r;
}

void store_zone_names_done(struct store_zone_names *names)
{
	free(names->items);
	*names = (struct store_zone_names){0};
}

int store_zone_removed(struct store *store, const char *name, struct err *err)
{
	int r = statement_run(store, "DELETE FROM zone_removal WHERE name = ?", BIND(B_TEXT(name)),
			      err);

	return r < 0 ? r : 0;
}

int store_zone_remove_unknown(struct store *store, const char *name, struct err *err)
{
	int r = statement_run(store, "INSERT OR IGNORE INTO zone_removal(name) VALUES (?)",
			      BIND(B_TEXT(name)), err);

	return r < 0 ? r : 0;
}

#include "store/store_reverse.h"

#include <stdlib.h>

#include "model/reverse.h"
#include "store/query.h"
#include "store/store_pool.h"

#define COLUMNS "id, version, applied, serial, prefix, name, error"

static int read_row(sqlite3_stmt *statement, void *item)
{
	struct reverse_zone *zone = item;

	zone->id = statement_u64(statement, 0);
	zone->version = statement_u64(statement, 1);
	zone->applied = statement_u64(statement, 2);
	zone->serial = statement_u32(statement, 3);
	if (ip_parse_prefix(statement_text(statement, 4), &zone->prefix) < 0 ||
	    statement_copy(statement, 5, zone->name, sizeof zone->name) < 0 ||
	    statement_copy(statement, 6, zone->error, sizeof zone->error) < 0)
		return ERR_CORRUPT;
	return 0;
}

static int read_zones(struct store *store, struct query *query, struct store_reverse_zones *ret,
		      struct err *err)
{
	struct statement_list list = {0};
	const int r = query_read(store, query, sizeof(struct reverse_zone), read_row,
				 "reverse zone", &list, err);

	*ret = (struct store_reverse_zones){list.items, list.count};
	if (r < 0)
		store_reverse_done(ret);
	return r;
}

int store_reverse_list(struct store *store, uint64_t pool_id, struct store_reverse_zones *ret,
		       struct err *err)
{
	struct query query CLEANUP(query_done) = {0};

	query_where(&query, "SELECT " COLUMNS " FROM reverse_zone WHERE ?1 IN (0, pool_id)",
		    (struct bind)B_INT(pool_id));
	query_add(&query, " ORDER BY id");
	return read_zones(store, &query, ret, err);
}

int store_reverse_waiting(struct store *store, bool failed, size_t max,
			  struct store_reverse_zones *ret, struct err *err)
{
	struct query query CLEANUP(query_done) = {0};

	query_where(&query,
		    "SELECT " COLUMNS
		    " FROM reverse_zone WHERE applied <> version AND (error = '' OR ?)",
		    (struct bind)B_INT(failed));
	query_where(&query, " ORDER BY id LIMIT ?", (struct bind)B_INT(max));
	return read_zones(store, &query, ret, err);
}

void store_reverse_done(struct store_reverse_zones *zones)
{
	free(zones->items);
	*zones = (struct store_reverse_zones){0};
}

int store_reverse_find(struct store *store, uint64_t pool_id, const struct ip *ip, uint64_t *ret_id,
		       struct err *err)
{
	struct store_reverse_zones zones CLEANUP(store_reverse_done) = {0};
	const int r = store_reverse_list(store, pool_id, &zones, err);

	if (r < 0)
		return r;
	*ret_id = 0;
	for (size_t i = 0; i < zones.count; i++)
		if (ip_contains(&zones.items[i].prefix, ip))
			*ret_id = zones.items[i].id;
	return 0;
}

/* --- making them --- */

static int insert(struct store *store, uint64_t pool_id, const struct ip *prefix, const char *name,
		  struct err *err)
{
	char text[IP_TEXT_BYTES];

	ip_format_prefix(prefix, text);
	const int r = statement_run(store,
				    "INSERT OR IGNORE INTO reverse_zone(pool_id, name, prefix) "
				    "SELECT ?1, ?2, ?3 WHERE NOT EXISTS (SELECT 1 FROM zone WHERE "
				    "name = ?2)",
				    BIND(B_INT(pool_id), B_TEXT(name), B_TEXT(text)), err);
	return r < 0 ? r : 0;
}

static int read_name(sqlite3_stmt *statement, void *item)
{
	struct dns_ptr *ptr = item;

	if (ip_parse(statement_text(statement, 0), &ptr->ip) < 0)
		return ERR_CORRUPT;
	return statement_copy(statement, 1, ptr->name, sizeof ptr->name);
}

static int read_names(struct store *store, const char *sql, uint64_t id,
		      struct store_reverse_names *ret, struct err *err)
{
	struct query query CLEANUP(query_done) = {0};
	struct statement_list list = {0};
	int r;

	query_where(&query, sql, (struct bind)B_INT(id));
	r = query_read(store, &query, sizeof(struct dns_ptr), read_name, "reverse name", &list,
		       err);
	*ret = (struct store_reverse_names){list.items, list.count};
	if (r < 0)
		store_reverse_names_done(ret);
	return r;
}

int store_reverse_names(struct store *store, uint64_t zone_id, struct store_reverse_names *ret,
			struct err *err)
{
	return read_names(store, "SELECT ip, name FROM dns_ptr WHERE reverse_zone_id = ?", zone_id,
			  ret, err);
}

void store_reverse_names_done(struct store_reverse_names *names)
{
	free(names->items);
	*names = (struct store_reverse_names){0};
}

/* Names of before there were zones. */
static int adopt(struct store *store, const struct pool *pool, struct err *err)
{
	struct store_reverse_names names CLEANUP(store_reverse_names_done) = {0};
	int r = read_names(store,
			   "SELECT d.ip, d.name FROM dns_ptr d JOIN address a ON a.id = "
			   "d.address_id WHERE d.reverse_zone_id IS NULL AND a.pool_id = ?",
			   pool->id, &names, err);

	for (size_t i = 0; r >= 0 && i < names.count; i++) {
		char text[IP_TEXT_BYTES];
		uint64_t id = 0;
		if (!ip_contains(&pool->prefix, &names.items[i].ip))
			continue;
		ip_format(&names.items[i].ip, text);
		r = store_reverse_find(store, pool->id, &names.items[i].ip, &id, err);
		if (r == 0 && id != 0)
			r = statement_run(store,
					  "UPDATE dns_ptr SET reverse_zone_id = ? WHERE ip = ?",
					  BIND(B_INT(id), B_TEXT(text)), err);
	}
	return r < 0 ? r : 0;
}

int store_reverse_make(struct store *store, const struct pool *pool, struct err *err)
{
	const uint64_t count = reverse_count(&pool->prefix);
	int r = 0;

	for (uint64_t i = 0; r == 0 && i < count; i++) {
		char name[NAME_DNS_BYTES];
		struct ip prefix;
		if (reverse_zone(&pool->prefix, i, &prefix, name) < 0)
			break;
		r = insert(store, pool->id, &prefix, name, err);
	}
	return r < 0 ? r : adopt(store, pool, err);
}

int store_reverse_make_all(struct store *store, struct err *err)
{
	struct store *guard CLEANUP(store_guard) = NULL;
	struct store_pools pools CLEANUP(store_pool_done) = {0};
	int r = statement_begin(store, &guard, err);

	if (r == 0)
		r = store_pool_list(store, NULL, &pools, err);
	for (size_t i = 0; r == 0 && i < pools.count; i++)
		r = store_reverse_make(store, &pools.items[i], err);
	if (r == 0)
		r = statement_run(store,
				  "UPDATE reverse_zone SET version = version + 1, error = ''", NULL,
				  err);
	return r < 0 ? r : statement_commit(&guard, err);
}

int store_reverse_is_zone(struct store *store, const char *name, bool *ret, struct err *err)
{
	uint64_t count = 0;
	const int r = statement_number(
		store,
		"SELECT count(*) FROM reverse_zone WHERE name = ?1 OR substr(name, "
		"-length(?1) - 1) = '.' || ?1 OR substr(?1, -length(name) - 1) = '.' || name",
		BIND(B_TEXT(name)), &count, err);

	if (r == 0)
		*ret = count > 0;
	return r;
}

/* --- the name server --- */

int store_reverse_applied(struct store *store, uint64_t id, uint64_t version, uint32_t serial,
			  struct err *err)
{
	const int r = statement_run(
		store, "UPDATE reverse_zone SET applied = ?, serial = ?, error = '' WHERE id = ?",
		BIND(B_INT(version), B_INT(serial), B_INT(id)), err);

	return r < 0 ? r : 0;
}

int store_reverse_failed(struct store *store, uint64_t id, const char *error, struct err *err)
{
	const int r = statement_run(
		store, "UPDATE reverse_zone SET error = substr(?, 1, 200) WHERE id = ?",
		BIND(B_TEXT(error), B_INT(id)), err);

	return r < 0 ? r : 0;
}

int store_reverse_forget_applied(struct store *store, uint64_t id, struct err *err)
{
	const int r =
		statement_run(store, "UPDATE reverse_zone SET applied = 0 WHERE ?1 IN (0, id)",
			      BIND(B_INT(id)), err);

	return r < 0 ? r : 0;
}

/*
 * Every position of a pool below its `next` is either in use or in address_free; above it all are
 * free. So the lowest free one is the smallest of address_free, or else `next`: one step in an
 * index, however large the pool. A trigger puts released positions into address_free, also when
 * the server's deletion takes its addresses along. Allocation runs under SQLite's write lock, and
 * UNIQUE (ip) stands behind it.
 */
#include "store/store_address.h"

#include <errno.h>
#include <stdlib.h>

#include "store/query.h"

#define COLUMNS "a.id, a.pool_id, a.ip, a.server_id, a.created_ms"

static int parse_ip(const char *text, struct ip *ret)
{
	return ip_parse(text, ret) == 0 ? 0 : ip_parse_prefix(text, ret);
}

static void format_ip(const struct ip *ip, char out[IP_TEXT_BYTES])
{
	if (ip->family == 4)
		ip_format(ip, out);
	else
		ip_format_prefix(ip, out);
}

static int read_row(sqlite3_stmt *statement, void *item)
{
	struct address *address = item;

	address->id = statement_u64(statement, 0);
	address->pool_id = statement_u64(statement, 1);
	address->server_id = statement_u64(statement, 3);
	address->created_ms = sqlite3_column_int64(statement, 4);
	return parse_ip(statement_text(statement, 2), &address->ip) < 0 ? ERR_CORRUPT : 0;
}

struct place {
	uint64_t pool_id;
	uint64_t position;
	bool reused; /* out of address_free */
	struct ip ip;
};

/* The first pool with something left. 1: found; 0: all are full. */
static int find_place(struct store *store, uint64_t location_id, uint8_t family, struct place *ret,
		      struct err *err)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	int r = statement_open(store,
			       "SELECT p.id, p.prefix, p.next, (SELECT min(f.position) FROM "
			       "address_free f WHERE f.pool_id = p.id) FROM address_pool p "
			       "WHERE p.location_id = ? AND p.family = ? ORDER BY p.id",
			       BIND(B_INT(location_id), B_INT(family)), &statement, err);

	while (r == 0 && (r = statement_row(store, statement, err)) > 0) {
		bool reused = sqlite3_column_type(statement, 3) != SQLITE_NULL;
		uint64_t position = statement_u64(statement, reused ? 3 : 2);
		struct ip prefix;

		if (ip_parse_prefix(statement_text(statement, 1), &prefix) < 0)
			return statement_corrupt("address pool", err);
		if (position < pool_usable(&prefix)) {
			*ret = (struct place){.pool_id = statement_u64(statement, 0),
					      .position = position,
					      .reused = reused};
			if (pool_address(&prefix, position, &ret->ip) < 0)
				return statement_corrupt("address pool", err);
			return 1;
		}
		r = 0;
	}
	return r;
}

static int take_place(struct store *store, const struct place *place, struct err *err)
{
	if (place->reused)
		return statement_run_one(
			store, "address",
			"DELETE FROM address_free WHERE pool_id = ? AND position = ?",
			BIND(B_INT(place->pool_id), B_INT(place->position)), err);
	return statement_run_one(store, "address pool",
				 "UPDATE address_pool SET next = ?2 + 1 WHERE id = ?1",
				 BIND(B_INT(place->pool_id), B_INT(place->position)), err);
}

int store_address_allocate(struct store *store, uint64_t server_id, uint64_t location_id,
			   uint8_t family, int64_t now_ms, struct address *ret, struct err *err)
{
	struct store *guard CLEANUP(store_guard) = NULL;
	struct place place = {0};
	char text[IP_TEXT_BYTES];
	uint64_t id;
	int r = statement_begin(store, &guard, err);

	if (r == 0)
		r = find_place(store, location_id, family, &place, err);
	if (r == 0)
		return err_set(err, ERR_IP_POOL_EMPTY,
			       "no IPv%u address is left at this location: an operator must add "
			       "an address pool",
			       family);
	if (r > 0)
		r = take_place(store, &place, err);
	if (r < 0)
		return r;
	format_ip(&place.ip, text);
	r = statement_run(store,
			  "INSERT INTO address(pool_id, position, family, ip, server_id, "
			  "created_ms) VALUES (?, ?, ?, ?, ?, ?)",
			  BIND(B_INT(place.pool_id), B_INT(place.position), B_INT(family),
			       B_TEXT(text), B_INT(server_id), B_INT(now_ms)),
			  err);
	if (r == ERR_UNIQUENESS)
		return err_set(err, r, "the server has an IPv%u address already", family);
	if (r == ERR_IN_USE)
		return err_set(err, ERR_NOT_FOUND, "server not found");
	if (r < 0)
		return r;
	id = (uint64_t)sqlite3_last_insert_rowid(store->db);
	r = statement_commit(&guard, err);
	if (r < 0)
		return r;
	*ret = (struct address){.id = id,
				.pool_id = place.pool_id,
				.ip = place.ip,
				.server_id = server_id,
				.created_ms = now_ms};
	return 0;
}

int store_address_get(struct store *store, uint64_t customer_id, uint64_t id, struct address *ret,
		      struct err *err)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	struct address address = {0};
	int r = statement_one(store, "primary IP",
			      "SELECT " COLUMNS " FROM address a JOIN server s ON "
			      "s.id = a.server_id WHERE a.id = ?1 AND (?2 = 0 OR "
			      "s.customer_id = ?2)",
			      BIND(B_INT(id), B_INT(customer_id)), &statement, err);

	if (r < 0)
		return r;
	if (read_row(statement, &address) < 0)
		return statement_corrupt("address", err);
	*ret = address;
	return 0;
}

static void add_conditions(struct query *query, uint64_t customer_id, const char *ip)
{
	query_add(query, " FROM address a JOIN server s ON s.id = a.server_id WHERE 1");
	if (customer_id)
		query_where(query, " AND s.customer_id = ?", (struct bind)B_INT(customer_id));
	if (ip)
		query_where(query, " AND a.ip = ?", (struct bind)B_TEXT(ip));
}

int store_address_list(struct store *store, uint64_t customer_id, const char *ip,
		       const struct page *page, struct store_addresses *ret, struct err *err)
{
	struct query counting CLEANUP(query_done) = {0};
	struct query query CLEANUP(query_done) = {0};
	struct statement_list list = {0};
	uint64_t total = 0;
	int r;

	query_add(&counting, "SELECT count(*)");
	add_conditions(&counting, customer_id, ip);
	r = query_number(store, &counting, &total, err);
	if (r < 0)
		return r;
	query_add(&query, "SELECT " COLUMNS);
	add_conditions(&query, customer_id, ip);
	query_add(&query, " ORDER BY a.id");
	query_page(&query, page);
	r = query_read(store, &query, sizeof(struct address), read_row, "address", &list, err);
	if (r < 0) {
		free(list.items);
		return r;
	}
	*ret = (struct store_addresses){.items = list.items, .count = list.count, .total = total};
	return 0;
}

void store_address_done(struct store_addresses *addresses)
{
	free(addresses->items);
	*addresses = (struct store_addresses){0};
}

int store_address_release(struct store *store, uint64_t server_id, struct err *err)
{
	struct store *guard CLEANUP(store_guard) = NULL;
	int r = statement_begin(store, &guard, err);

	if (r == 0)
		r = statement_run(store, "DELETE FROM dns_ptr WHERE server_id = ?",
				  BIND(B_INT(server_id)), err);
	if (r >= 0)
		r = statement_run(store, "DELETE FROM address WHERE server_id = ?",
				  BIND(B_INT(server_id)), err);
	return r < 0 ? r : statement_commit(&guard, err);
}

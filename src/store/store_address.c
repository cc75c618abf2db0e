/*
 * Every position of a pool below its `next` is either in use or in address_free; above it all are
 * free. So the lowest free one is the smallest of address_free, or else `next`: one step in an
 * index, however large the pool. A trigger puts released positions into address_free, also when
 * the server's deletion takes its addresses along. Allocation runs under SQLite's write lock, and
 * UNIQUE (ip) stands behind it.
 */
#include "store/store_address.h"

#include "store/query.h"
#include "store/store_ip.h"

static void format_ip(const struct ip *ip, char out[IP_TEXT_BYTES])
{
	if (ip->family == 4)
		ip_format(ip, out);
	else
		ip_format_prefix(ip, out);
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

/* @ret: the row's id, and the address it has. */
static int insert(struct store *store, const struct store_ip *row, uint8_t family,
		  struct address *ret, struct err *err)
{
	struct store *guard CLEANUP(store_guard) = NULL;
	struct buf labels CLEANUP(buf_done) = {0};
	struct place place = {0};
	char text[IP_TEXT_BYTES];
	uint64_t id;
	int r = label_format(&row->labels, &labels);

	if (r < 0)
		return err_set(err, r, "out of memory");
	r = statement_begin(store, &guard, err);
	if (r == 0)
		r = find_place(store, row->location_id, family, &place, err);
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
	r = statement_run(
		store,
		"INSERT INTO address(pool_id, position, family, ip, kind, customer_id, server_id, "
		"name, description, labels, auto_delete, created_ms) "
		"VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		BIND(B_INT(place.pool_id), B_INT(place.position), B_INT(family), B_TEXT(text),
		     B_INT(row->kind), B_INT(row->customer_id), B_ID(row->address.server_id),
		     B_TEXT(row->name), B_TEXT(row->description), B_TEXT(buf_str(&labels)),
		     B_INT(row->auto_delete), B_INT(row->address.created_ms)),
		err);
	if (r < 0)
		return r;
	id = (uint64_t)sqlite3_last_insert_rowid(store->db);
	r = statement_commit(&guard, err);
	if (r < 0)
		return r;
	*ret = (struct address){.id = id,
				.pool_id = place.pool_id,
				.ip = place.ip,
				.server_id = row->address.server_id,
				.created_ms = row->address.created_ms};
	return 0;
}

int store_address_allocate(struct store *store, uint64_t server_id, uint64_t location_id,
			   uint8_t family, int64_t now_ms, struct address *ret, struct err *err)
{
	struct store_ip row = {.kind = ADDRESS_PRIMARY,
			       .location_id = location_id,
			       .auto_delete = true,
			       .address = {.server_id = server_id, .created_ms = now_ms}};
	int r = statement_number(store, "SELECT customer_id FROM server WHERE id = ?",
				 BIND(B_INT(server_id)), &row.customer_id, err);

	if (r == 0 && row.customer_id == 0)
		return err_set(err, ERR_NOT_FOUND, "server not found");
	if (r == 0)
		r = insert(store, &row, family, ret, err);
	if (r == ERR_UNIQUENESS)
		return err_set(err, r, "the server has an IPv%u address already", family);
	return r;
}

int store_address_reserve(struct store *store, struct store_ip *address, uint8_t family,
			  struct err *err)
{
	int r = insert(store, address, family, &address->address, err);

	if (r == ERR_UNIQUENESS)
		return err_set(err, r, "there is an address named %s already", address->name);
	return r;
}

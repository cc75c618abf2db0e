#include "store/store_pool.h"

#include <stdlib.h>

#include "store/query.h"
#include "store/store_reverse.h"

#define COLUMNS "id, name, location_id, prefix, used, created_ms"

static int read_row(sqlite3_stmt *statement, void *item)
{
	struct pool *pool = item;

	pool->id = statement_u64(statement, 0);
	pool->location_id = statement_u64(statement, 2);
	pool->used = statement_u64(statement, 4);
	pool->created_ms = sqlite3_column_int64(statement, 5);
	if (statement_copy(statement, 1, pool->name, sizeof(pool->name)) < 0 ||
	    ip_parse_prefix(statement_text(statement, 3), &pool->prefix) < 0)
		return ERR_CORRUPT;
	return 0;
}

static int check_overlap(struct store *store, const struct pool *pool, struct err *err)
{
	struct store_pools pools CLEANUP(store_pool_done) = {0};
	int r = store_pool_list(store, NULL, &pools, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < pools.count; i++) {
		char prefix[IP_TEXT_BYTES];

		if (!pool_overlap(&pools.items[i].prefix, &pool->prefix))
			continue;
		ip_format_prefix(&pools.items[i].prefix, prefix);
		return err_set(err, ERR_UNIQUENESS, "the pool shares addresses with pool %s (%s)",
			       pools.items[i].name, prefix);
	}
	return 0;
}

int store_pool_insert(struct store *store, struct pool *pool, struct err *err)
{
	struct store *guard CLEANUP(store_guard) = NULL;
	char prefix[IP_TEXT_BYTES];
	int r = statement_begin(store, &guard, err);

	if (r == 0)
		r = check_overlap(store, pool, err);
	if (r < 0)
		return r;
	ip_format_prefix(&pool->prefix, prefix);
	r = statement_run(store,
			  "INSERT INTO address_pool(name, location_id, family, prefix, created_ms) "
			  "VALUES (?, ?, ?, ?, ?)",
			  BIND(B_TEXT(pool->name), B_INT(pool->location_id),
			       B_INT(pool->prefix.family), B_TEXT(prefix), B_INT(pool->created_ms)),
			  err);
	if (r == ERR_UNIQUENESS)
		return err_set(err, r, "there is a pool named %s already", pool->name);
	if (r == ERR_IN_USE)
		return err_set(err, ERR_INVALID_INPUT, "location not found");
	if (r < 0)
		return r;
	struct pool made = *pool;
	made.id = (uint64_t)sqlite3_last_insert_rowid(store->db);
	if ((r = store_reverse_make(store, &made, err)) < 0 ||
	    (r = statement_commit(&guard, err)) < 0)
		return r;
	*pool = made;
	return 0;
}

int store_pool_get(struct store *store, uint64_t id, struct pool *ret, struct err *err)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	struct pool pool = {0};
	int r = statement_one(store, "address pool",
			      "SELECT " COLUMNS " FROM address_pool WHERE id = ?", BIND(B_INT(id)),
			      &statement, err);

	if (r < 0)
		return r;
	if (read_row(statement, &pool) < 0)
		return statement_corrupt("address pool", err);
	*ret = pool;
	return 0;
}

int store_pool_list(struct store *store, const struct page *page, struct store_pools *ret,
		    struct err *err)
{
	struct query query CLEANUP(query_done) = {0};
	struct statement_list list = {0};
	uint64_t total = 0;
	int r = statement_number(store, "SELECT count(*) FROM address_pool", NULL, &total, err);

	if (r < 0)
		return r;
	query_add(&query, "SELECT " COLUMNS " FROM address_pool ORDER BY id");
	query_page(&query, page);
	r = query_read(store, &query, sizeof(struct pool), read_row, "address pool", &list, err);
	if (r < 0) {
		free(list.items);
		return r;
	}
	*ret = (struct store_pools){.items = list.items, .count = list.count, .total = total};
	return 0;
}

void store_pool_done(struct store_pools *pools)
{
	free(pools->items);
	*pools = (struct store_pools){0};
}

int store_pool_delete(struct store *store, uint64_t id, struct err *err)
{
	int r = statement_run_one(store, "address pool", "DELETE FROM address_pool WHERE id = ?",
				  BIND(B_INT(id)), err);

	if (r == ERR_IN_USE)
		return err_set(err, r, "servers have addresses of this pool: delete those first");
	return r;
}

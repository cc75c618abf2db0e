// Address pools in the database.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "model/page.h"
#include "model/pool.h"
#include "store/store.h"

struct store_pools {
	struct pool *items;
	size_t count;
	uint64_t total;
};

/** store_pool_insert() - ERR_UNIQUENESS when it shares an address with another pool. With it come
 * the zones of its reverse names. */
int store_pool_insert(struct store *store, struct pool *pool, struct err *err);
int store_pool_get(struct store *store, uint64_t id, struct pool *ret, struct err *err);
int store_pool_list(struct store *store, const struct page *page, struct store_pools *ret,
		    struct err *err);
void store_pool_done(struct store_pools *pools);
/** store_pool_delete() - ERR_IN_USE while an address of it is in use. */
int store_pool_delete(struct store *store, uint64_t id, struct err *err);

// Addresses in use: no two servers ever share one.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "model/page.h"
#include "model/pool.h"
#include "store/store.h"

struct store_addresses {
	struct address *items;
	size_t count;
	uint64_t total;
};

/**
 * store_address_allocate() - give a server the lowest free address of its location's pools.
 * @family: 4 or 6. Pools are tried in the order they were made.
 * Call inside a transaction, together with what needs the address. Errors: ERR_IP_POOL_EMPTY with
 * what to do; ERR_UNIQUENESS when the server has one of that family already.
 */
int store_address_allocate(struct store *store, uint64_t server_id, uint64_t location_id,
			   uint8_t family, int64_t now_ms, struct address *ret, struct err *err);
int store_address_get(struct store *store, uint64_t customer_id, uint64_t id, struct address *ret,
		      struct err *err);
/** store_address_list() - of a customer's servers (0: all), @ip NULL: any; by id. */
int store_address_list(struct store *store, uint64_t customer_id, const char *ip,
		       const struct page *page, struct store_addresses *ret, struct err *err);
void store_address_done(struct store_addresses *addresses);
/** store_address_release() - all of a server's; free again at once. */
int store_address_release(struct store *store, uint64_t server_id, struct err *err);

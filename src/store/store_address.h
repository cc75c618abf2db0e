// Addresses in use: no two servers ever share one.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "model/page.h"
#include "model/pool.h"
#include "store/store.h"

struct store_ip;

/**
 * store_address_allocate() - give a server the lowest free address of its location's pools.
 * @family: 4 or 6. Pools are tried in the order they were made.
 * Call inside a transaction, together with what needs the address. Errors: ERR_IP_POOL_EMPTY with
 * what to do; ERR_UNIQUENESS when the server has one of that family already.
 */
int store_address_allocate(struct store *store, uint64_t server_id, uint64_t location_id,
			   uint8_t family, int64_t now_ms, struct address *ret, struct err *err);
/**
 * store_address_reserve() - the same for nobody: @address has kind, family and who it is for; its
 * name may be empty. Errors: ERR_IP_POOL_EMPTY; ERR_UNIQUENESS of its name.
 */
int store_address_reserve(struct store *store, struct store_ip *address, uint8_t family,
			  struct err *err);

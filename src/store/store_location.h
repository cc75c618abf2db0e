// Locations in the database.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "model/location.h"
#include "model/page.h"
#include "model/sort.h"
#include "store/store.h"

struct store_locations {
	struct location *items;
	size_t count;
	uint64_t total;
};

int store_location_insert(struct store *store, struct location *location, struct err *err);
int store_location_get(struct store *store, uint64_t id, struct location *ret, struct err *err);
int store_location_get_by_name(struct store *store, const char *name, struct location *ret,
			       struct err *err);
int store_location_list(struct store *store, const char *name, const struct sort *sort,
			const struct page *page, struct store_locations *ret, struct err *err);
void store_location_done(struct store_locations *locations);
int store_location_update(struct store *store, const struct location *location, struct err *err);
/** store_location_delete() - ERR_IN_USE while servers or pools are there. */
int store_location_delete(struct store *store, uint64_t id, struct err *err);

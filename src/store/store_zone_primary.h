// Where zones are fetched from, and what of them is there.
#pragma once

#include "store/store_zone.h"

struct store_zone_primaries {
	struct zone_primary items[ZONE_PRIMARIES_MAX];
	size_t count;
};

int store_zone_primaries(struct store *store, uint64_t zone_id, struct store_zone_primaries *ret,
			 struct err *err);
/** store_zone_set_primaries() - these in place of what there was. Within a transaction. */
int store_zone_set_primaries(struct store *store, uint64_t zone_id,
			     const struct store_zone_primaries *primaries, struct err *err);
/** store_zone_secondaries() - up to @max that are fetched and that the name server knows of, those
 * first that were looked at least lately; max 0: all. */
int store_zone_secondaries(struct store *store, size_t max, struct store_zones *ret,
			   struct err *err);
/** store_zone_fetched() - what it has of @zone: its version, serial, contents, expires_ms. */
int store_zone_fetched(struct store *store, const struct zone *zone, int64_t now_ms,
		       struct err *err);

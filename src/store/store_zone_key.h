// The keys of signed zones as the name server has them, and how far their change is.
#pragma once

#include "base/buf.h"
#include "model/zone.h"
#include "store/store_zone.h"

/** store_zone_keys() - the copy that is kept, appended to @ret_keys, a secret, unless that is NULL,
 * and the records that it was made of to @ret_seen. Nothing of both when none is kept. */
int store_zone_keys(struct store *store, uint64_t zone_id, struct buf *ret_keys,
		    struct buf *ret_seen, struct err *err);
int store_zone_keep_keys(struct store *store, uint64_t zone_id, const struct buf *keys,
			 const char *seen, struct err *err);
/** store_zone_keys_due() - signed zones whose keys were last looked at before @before_ms. */
int store_zone_keys_due(struct store *store, int64_t before_ms, size_t max, struct store_zones *ret,
			struct err *err);
/** store_zone_keys_looked() - they were looked at now. Changes nothing but that. */
int store_zone_keys_looked(struct store *store, uint64_t id, int64_t now_ms, struct err *err);

/** store_zone_set_roll() - roll, roll_ms, parent_ds, serial; and the DS records, in lines. A change
 * that is asked for, or that the zone above has, is carried at once. */
int store_zone_set_roll(struct store *store, const struct zone *zone, const char *ds,
			const char *ds_before, struct err *err);
/** store_zone_ds_before() - lines of DS records, malloc'd: what the zone above may have still. */
int store_zone_ds_before(struct store *store, uint64_t id, char **ret, struct err *err);
/** store_zone_rolls_due() - those that wait for the zone above, which was last asked before
 * @before_ms. */
int store_zone_rolls_due(struct store *store, int64_t before_ms, size_t max,
			 struct store_zones *ret, struct err *err);

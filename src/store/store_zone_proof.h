// Zones whose names still have to be proven.
#pragma once

#include "store/store_zone.h"

/** store_zone_token() - what @customer_id puts into DNS; made when it is first asked for. */
int store_zone_token(struct store *store, uint64_t customer_id, char ret[ZONE_TOKEN_BYTES],
		     struct err *err);
/** store_zone_is_permitted() - an operator has said yes to this name. */
int store_zone_is_permitted(struct store *store, uint64_t customer_id, const char *name, bool *ret,
			    struct err *err);
/** store_zone_proof_due() - up to @max zones that it is time to look at again: the longer one
 * waits, the more seldom. */
int store_zone_proof_due(struct store *store, int64_t now_ms, size_t max, struct store_zones *ret,
			 struct err *err);
/**
 * store_zone_set_proof() - the zone's proof, proof_ms, proof_until_ms and proof_why as they are in
 * @zone. One that has expired the name server forgets.
 */
int store_zone_set_proof(struct store *store, const struct zone *zone, struct err *err);

// The keys of signed zones: a copy of them is kept here, and a key-signing key changes with what
// the zone above has.
#pragma once

#include "core/core.h"
#include "model/zone.h"
#include "wire/dns_message.h"

struct zone_keys;

int zone_keys_new(struct core *core, struct zone_keys **ret, struct err *err);
/** zone_keys_start() - begin to ask the zones above, where a change waits for them. */
void zone_keys_start(struct zone_keys *keys);

/** zone_keys_fill() - what a job has to have of a signed zone's keys. */
int zone_keys_fill(struct store *store, const struct zone *zone, struct dns_job_zone *out,
		   struct err *err);
/** zone_keys_look() - signed zones whose keys it is time to look at, as far as @job has room. */
int zone_keys_look(struct core *core, struct dns_job *job, struct err *err);
/** zone_keys_settle() - what the name server has. Within a transaction, before the DS records are
 * kept otherwise. */
int zone_keys_settle(struct core *core, const struct dns_job_zone *zone, struct err *err);
/** zone_keys_above() - what the zone above has: lines of DS records. @ret: the zone after that. */
int zone_keys_above(struct zone_keys *keys, uint64_t zone_id, const char *found, struct zone *ret,
		    struct err *err);
/** zone_keys_roll() - the owner asks for another key-signing key. Within a transaction. Errors:
 * ERR_UNSUPPORTED (not signed), ERR_LOCKED (one is under way). */
int zone_keys_roll(struct store *store, struct zone *zone, struct err *err);

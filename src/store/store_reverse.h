// Zones of the pools' reverse names, and what the name server still has to be told of them.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/pool.h"
#include "store/store.h"

struct reverse_zone {
	uint64_t id;
	uint64_t version;
	uint64_t applied;
	uint32_t serial;
	struct ip prefix;
	char name[NAME_DNS_BYTES];
	char error[256];
};

struct store_reverse_zones {
	struct reverse_zone *items;
	size_t count;
};

/** store_reverse_make() - the zones that @pool has to have and has not, and the names that are
 * there already into them. A zone of that name that somebody made by hand stays as it is. */
int store_reverse_make(struct store *store, const struct pool *pool, struct err *err);
/** store_reverse_make_all() - the same of every pool; each zone is told to the name server again,
 * because what names it has may have changed in the settings. */
int store_reverse_make_all(struct store *store, struct err *err);

/** store_reverse_find() - the zone that names @ip, which is in @pool_id; *ret_id 0: there is none.
 */
int store_reverse_find(struct store *store, uint64_t pool_id, const struct ip *ip, uint64_t *ret_id,
		       struct err *err);
/** store_reverse_list() - those of a pool; 0: of all. */
int store_reverse_list(struct store *store, uint64_t pool_id, struct store_reverse_zones *ret,
		       struct err *err);
/** store_reverse_waiting() - as store_zone_waiting(). */
int store_reverse_waiting(struct store *store, bool failed, size_t max,
			  struct store_reverse_zones *ret, struct err *err);
void store_reverse_done(struct store_reverse_zones *zones);
/** store_reverse_is_zone() - *ret: one of them is @name, or above or below it. */
int store_reverse_is_zone(struct store *store, const char *name, bool *ret, struct err *err);

struct store_reverse_names {
	struct dns_ptr *items;
	size_t count;
};
/** store_reverse_names() - what is in a zone. */
int store_reverse_names(struct store *store, uint64_t zone_id, struct store_reverse_names *ret,
			struct err *err);
void store_reverse_names_done(struct store_reverse_names *names);

int store_reverse_applied(struct store *store, uint64_t id, uint64_t version, uint32_t serial,
			  struct err *err);
int store_reverse_failed(struct store *store, uint64_t id, const char *error, struct err *err);
/** store_reverse_forget_applied() - it has to be told everything of this zone again; @id 0: of all.
 */
int store_reverse_forget_applied(struct store *store, uint64_t id, struct err *err);

// Zones, their record sets and versions, and what the name server still has to be told.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "model/label_selector.h"
#include "model/page.h"
#include "model/rrset.h"
#include "model/sort.h"
#include "model/zone.h"
#include "store/store.h"

/* What a list shows; zero leaves a condition out. All pointers are borrowed. */
enum store_zone_mode { STORE_ZONE_ANY, STORE_ZONE_PRIMARY, STORE_ZONE_SECONDARY };

struct store_zone_filter {
	enum store_zone_mode mode;
	uint64_t customer_id;
	const char *name; /* in DNS */
	const struct label_selector *selector;
	struct sort sort;
	struct page page;
};

struct store_zones {
	struct zone *items;
	size_t count;
	uint64_t total;
};

#define STORE_RRSET_TYPES 20

struct store_rrset_filter {
	uint64_t zone_id;
	const char *name;
	enum rrset_type types[STORE_RRSET_TYPES]; /* of one of these */
	size_t type_count;                        /* 0: of any */
	const struct label_selector *selector;
	struct rrset_order order;
	struct page page; /* entries 0: all */
};

struct store_rrsets {
	struct rrset *items;
	size_t count;
	uint64_t total;
};

struct store_zone_version {
	uint64_t version;
	int64_t time_ms;
	char who[NAME_LABEL_BYTES];
	uint64_t change_count;
};

struct store_zone_versions {
	struct store_zone_version *items;
	size_t count;
};

/* What one version did to one set. NULL: there was none. A name of "" is the zone's own TTL. */
struct store_zone_change {
	char name[ZONE_TEXT_NAME_BYTES];
	enum rrset_type type;
	uint32_t ttl_before;
	uint32_t ttl_after;
	char *before;
	char *after;
};

struct store_zone_changes {
	struct store_zone_change *items;
	size_t count;
};

/** store_zone_insert() - sets id. Errors: ERR_UNIQUENESS. */
int store_zone_insert(struct store *store, struct zone *zone, struct err *err);
int store_zone_get(struct store *store, uint64_t customer_id, uint64_t id, struct zone *ret,
		   struct err *err);
int store_zone_get_by_name(struct store *store, uint64_t customer_id, const char *name,
			   struct zone *ret, struct err *err);
int store_zone_list(struct store *store, const struct store_zone_filter *filter,
		    struct store_zones *ret, struct err *err);
void store_zone_done(struct store_zones *zones);
/** store_zone_update() - labels and protection. */
int store_zone_update(struct store *store, const struct zone *zone, struct err *err);
int store_zone_delete(struct store *store, uint64_t id, struct err *err);
/** store_zone_quota() - how many zones the plans of a customer's servers allow, and how many there
 * are. */
int store_zone_quota(struct store *store, uint64_t customer_id, uint64_t *ret_limit,
		     uint64_t *ret_used, struct err *err);
/** store_zone_check_owner() - ERR_FORBIDDEN when a zone of somebody else is above or below @name
 * and no operator has permitted it. */
int store_zone_check_owner(struct store *store, uint64_t customer_id, const char *name,
			   struct err *err);
int store_zone_permit(struct store *store, uint64_t customer_id, const char *name, bool yes,
		      struct err *err);

/* --- changes; all within a transaction of the caller's --- */

/** store_zone_begin_version() - the zone becomes its next version; what follows is part of it. */
int store_zone_begin_version(struct store *store, struct zone *zone, const char *who,
			     int64_t now_ms, struct err *err);
int store_zone_set_ttl(struct store *store, struct zone *zone, uint32_t ttl, struct err *err);
int store_zone_set_dnssec(struct store *store, struct zone *zone, bool dnssec, struct err *err);
/** store_rrset_put() - add it or replace what is there. Checks what stands beside it, and what the
 * zone has room for. */
int store_rrset_put(struct store *store, const struct zone *zone, const struct rrset *rrset,
		    struct err *err);
/** store_rrset_update() - labels and protection, no new version. */
int store_rrset_update(struct store *store, const struct rrset *rrset, struct err *err);
int store_rrset_delete(struct store *store, const struct zone *zone, const char *name,
		       enum rrset_type type, struct err *err);

int store_rrset_get(struct store *store, uint64_t zone_id, const char *name, enum rrset_type type,
		    struct rrset *ret, struct err *err);
int store_rrset_list(struct store *store, const struct store_rrset_filter *filter,
		     struct store_rrsets *ret, struct err *err);
void store_rrset_done(struct store_rrsets *rrsets);

/* --- versions --- */

int store_zone_versions(struct store *store, uint64_t zone_id, struct store_zone_versions *ret,
			struct err *err);
void store_zone_versions_done(struct store_zone_versions *versions);
/** store_zone_changes() - what one version changed; ERR_NOT_FOUND when it is not kept. */
int store_zone_changes(struct store *store, uint64_t zone_id, uint64_t version,
		       struct store_zone_changes *ret, struct err *err);
void store_zone_changes_done(struct store_zone_changes *changes);

/* --- the name server --- */

/** store_zone_waiting() - up to @max zones that it has not in their version; @failed: also those
 * that it did not take. */
int store_zone_waiting(struct store *store, bool failed, size_t max, struct store_zones *ret,
		       struct err *err);
/** store_zone_applied() - it has this version, with signing as in @dnssec: when that is another
 * thing by now, the zone goes on waiting. @ds: lines, NULL leaves them. */
int store_zone_applied(struct store *store, uint64_t id, uint64_t version, uint32_t serial,
		       bool dnssec, const char *ds, struct err *err);
/** store_zone_set_parent() - what the zone above had. */
int store_zone_set_parent(struct store *store, const struct zone *zone, struct err *err);
int store_zone_failed(struct store *store, uint64_t id, const char *error, struct err *err);
/** store_zone_forget_applied() - it has to be told everything of this zone again; @id 0: of all. */
int store_zone_forget_applied(struct store *store, uint64_t id, struct err *err);
/** store_zone_newest() - the one that the name server was told of last; ERR_NOT_FOUND when there is
 * none whose contents it has. */
int store_zone_newest(struct store *store, struct zone *ret, struct err *err);
struct store_zone_known {
	uint64_t id;
	uint64_t applied;
	char name[NAME_DNS_BYTES];
};
struct store_zone_knowns {
	struct store_zone_known *items; /* by name */
	size_t count;
};
/** store_zone_known() - every zone there is, for comparing with what the name server has. */
int store_zone_known(struct store *store, struct store_zone_knowns *ret, struct err *err);
void store_zone_known_done(struct store_zone_knowns *knowns);
/** store_zone_ds() - lines of DS records, malloc'd. */
int store_zone_ds(struct store *store, uint64_t id, char **ret, struct err *err);

struct store_zone_names {
	char (*items)[NAME_DNS_BYTES];
	size_t count;
};
/** store_zone_removals() - names that it has to forget. */
int store_zone_removals(struct store *store, size_t max, struct store_zone_names *ret,
			struct err *err);
void store_zone_names_done(struct store_zone_names *names);
int store_zone_removed(struct store *store, const char *name, struct err *err);
/** store_zone_remove_unknown() - a name that it has and nobody owns. */
int store_zone_remove_unknown(struct store *store, const char *name, struct err *err);

// What requests about zones and about their record sets have in common.
#pragma once

#include "core/api/request.h"
#include "model/action.h"
#include "model/rrset.h"
#include "model/zone.h"
#include "store/store_zone.h"
#include "store/store_zone_primary.h"

/** zone_request_find() - the zone of the path, by number or by name in either form. */
int zone_request_find(struct request *request, struct zone *ret, struct err *err);
/** zone_request_begin() - a transaction, the zone, and its next version. After success the caller
 * has STORE_GUARD(). @version: false for what changes no answer. */
int zone_request_begin(struct request *request, struct zone *zone, bool version, struct err *err);
/** zone_request_check_primary() - ERR_UNSUPPORTED for a zone that is fetched. */
int zone_request_check_primary(const struct zone *zone, struct err *err);
/** zone_request_end() - the action's row, the commit, and word to the name server. @key: of @object
 * in the answer beside "action"; NULL: the action alone. Steals @object. */
int zone_request_end(struct request *request, const struct zone *zone, enum action_command command,
		     unsigned status, const char *key, json_t *object, struct err *err);
/** zone_request_records() - add the body's records to @rrset. @json: the array. */
int zone_request_records(struct request *request, json_t *json, const char *field,
			 struct rrset *rrset, struct err *err);
/** zone_request_rrset() - one record set of a body: name, type, ttl, labels, records; checked. */
int zone_request_rrset(struct request *request, const struct zone *zone, json_t *json,
		       struct rrset *rrset, struct err *err);
/** zone_request_ttl() - @ret 0 for null. */
int zone_request_ttl(struct request *request, json_t *json, uint32_t *ret, struct err *err);
/** zone_request_check_open() - ERR_PROTECTED when @rrset is protected from changes. */
int zone_request_check_open(const struct rrset *rrset, struct err *err);
json_t *zone_request_render(struct request *request, const struct zone *zone);
/** zone_request_render_proof() - what has to be set where, and what came of it. */
json_t *zone_request_render_proof(struct request *request, const struct zone *zone);
/** zone_request_primaries() - where the zone of the body is fetched from. */
int zone_request_primaries(struct request *request, const struct zone *zone,
			   struct store_zone_primaries *ret, struct err *err);
/** zone_request_read_held() - answers with what the name server has of a secondary zone, as a zone
 * file. REQUEST_LATER. */
int zone_request_read_held(struct request *request, const struct zone *zone, struct err *err);

/* Which record sets of a secondary zone a list is to have. */
struct zone_request_sets {
	const char *name; /* below the zone; NULL: of any */
	bool is_nothing;  /* a name that none has */
	uint16_t types[STORE_RRSET_TYPES];
	size_t type_count; /* 0: of any */
	struct rrset_order order;
	const struct label_selector *selector;
	struct page page;
};

/** zone_request_list_fetched() - answers with those that the name server has. REQUEST_LATER, or 0
 * where nothing has to be asked. */
int zone_request_list_fetched(struct request *request, const struct zone *zone,
			      const struct zone_request_sets *wanted, struct err *err);
/** zone_request_get_fetched() - the same of one alone. REQUEST_LATER. */
int zone_request_get_fetched(struct request *request, const struct zone *zone, const char *name,
			     uint16_t type, struct err *err);
json_t *zone_request_render_primaries(struct request *request, const struct zone *zone);
json_t *zone_request_render_rrset(const struct rrset *rrset);

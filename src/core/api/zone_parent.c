// /v1/zones/{zone}/parent_ds: whether the zone above has the DS that a signed zone needs there.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "core/api/render.h"
#include "core/api/router.h"
#include "core/api/zone_request.h"
#include "core/dns/lookups.h"
#include "core/dns/zone_keys.h"
#include "store/store_zone.h"

struct look {
	struct request *request;
	uint64_t zone_id;
};

static json_t *lines(const char *text)
{
	json_t *found = json_array();

	while (*text != '\0') {
		const size_t len = strcspn(text, "\n");
		if (len > 0)
			(void)json_array_append_new(found, json_stringn(text, len));
		text += len + (text[len] == '\n');
	}
	return found;
}

static json_t *render(const struct zone *zone, json_t *found, const char *why)
{
	return json_pack("{s:s, s:o, s:o, s:s?}", "status", zone_parent_name(zone->parent_ds),
			 "checked", zone->parent_ms > 0 ? json_time(zone->parent_ms) : json_null(),
			 "found", found, "reason", why);
}

static int keep(struct core *core, const struct look *look, const struct probe_names *names,
		struct zone *ret, struct err *err)
{
	if (names->status != PROBE_NAME_FAILED)
		return zone_keys_above(core->zone_keys, look->zone_id, names->records, ret, err);
	return store_zone_get(core->store, 0, look->zone_id, ret, err);
}

static void on_names(void *context, const struct probe_names *names)
{
	AUTO_FREE struct look *look = context;
	struct request *request = look->request;
	struct zone zone CLEANUP(zone_done) = {0};
	const bool failed = names->status == PROBE_NAME_FAILED;
	struct err err = {0};
	int code = keep(request->core, look, names, &zone, &err);

	if (code == 0)
		code = request_answer(
			request, 200, "parent_ds",
			render(&zone, lines(names->records), failed ? names->why : NULL));
	router_finish(request, code, &err);
}

static int get(struct request *request, struct err *err)
{
	AUTO_FREE struct look *look = calloc(1, sizeof *look);
	struct zone zone CLEANUP(zone_done) = {0};
	int code = look == NULL ? -ENOMEM : zone_request_find(request, &zone, err);

	if (code < 0)
		return code;
	*look = (struct look){.request = request, .zone_id = zone.id};
	if ((code = lookups_ask(request->core->lookups, zone.name, RRSET_DS, false, on_names, look,
				err)) < 0)
		return code;
	(void)steal_ptr(look);
	return REQUEST_LATER;
}

const struct route zone_parent_routes[] = {
	{"GET", "/zones/{zone}/parent_ds", ACCESS_READ, get},
	{NULL, NULL, 0, NULL},
};

/*
 * Theory of operation. A zone whose NS records are all of names that this service gave is one whose
 * owner left them to the service: it follows when these change. Whoever put another name there has
 * something in mind that nobody here knows, and is left alone.
 */
#include "core/dns/apex.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "core/dns/dns.h"
#include "model/zone.h"
#include "store/store_history.h"
#include "store/store_name_server.h"
#include "store/store_reverse.h"
#include "store/store_setting.h"
#include "store/store_zone.h"

#define NAMES_KEY "dns_names"

struct filling {
	struct rrset *rrset;
	int code;
};

static void add(void *context, const char *name)
{
	struct filling *filling = context;
	char text[NAME_DNS_BYTES + 1];

	(void)snprintf(text, sizeof text, "%s.", name);
	if (filling->code == 0)
		filling->code = rrset_add(filling->rrset, text, "", NULL);
}

int apex_fill(const struct core *core, struct rrset *rrset, struct err *err)
{
	struct filling filling = {rrset, 0};

	dns_names(core, add, &filling);
	return filling.code < 0 ? err_set(err, filling.code, "no memory") : 0;
}

/* --- one zone --- */

enum standing { STANDING_CURRENT, STANDING_OUTDATED, STANDING_ELSEWHERE };

/* A value is absolute with a period at its end; without, below the zone and so none of ours. */
static bool is_given(const struct store_zone_names *given, const char *value)
{
	const size_t len = strlen(value);

	for (size_t i = 0; len > 0 && value[len - 1] == '.' && i < given->count; i++)
		if (strlen(given->items[i]) == len - 1 &&
		    strncasecmp(given->items[i], value, len - 1) == 0)
			return true;
	return false;
}

static enum standing judge(const struct zone *zone, const struct rrset *there,
			   const struct rrset *wanted, const struct store_zone_names *given)
{
	size_t same = 0;

	for (size_t i = 0; i < there->count; i++) {
		if (rrset_find(zone->name, wanted, there->records[i].value) >= 0)
			same++;
		else if (!is_given(given, there->records[i].value))
			return STANDING_ELSEWHERE;
	}
	return same == there->count && same == wanted->count ? STANDING_CURRENT : STANDING_OUTDATED;
}

static int change(struct core *core, struct zone *zone, const struct rrset *there,
		  struct rrset *wanted, const char *who, struct err *err)
{
	struct history_line line = {.customer_id = zone->customer_id,
				    .actor = HISTORY_SYSTEM,
				    .what = "zone.update_name_servers",
				    .result = HISTORY_SUCCESS,
				    .resource_type = "zone",
				    .resource_id = zone->id};
	int code;

	(void)snprintf(line.resource_name, sizeof line.resource_name, "%.*s",
		       (int)sizeof line.resource_name - 1, zone->name);
	wanted->zone_id = zone->id;
	wanted->ttl = there->ttl;
	if ((code = store_zone_begin_version(core->store, zone, who, clock_now_ms(), err)) < 0 ||
	    (code = store_rrset_put(core->store, zone, wanted, err)) < 0)
		return code;
	return store_history_append(core->store, &line, err);
}

/* --- all of them --- */

struct walk {
	struct core *core;
	struct rrset wanted;
	struct store_zone_names given;
	const char *who; /* NULL: only count */
	struct apex_counts counts;
};

static void walk_done(struct walk *walk)
{
	rrset_done(&walk->wanted);
	store_zone_names_done(&walk->given);
}

static int visit(struct walk *walk, const struct store_zone_known *known, struct err *err)
{
	struct rrset there CLEANUP(rrset_done) = {0};
	struct zone zone CLEANUP(zone_done) = {0};
	struct store *store = walk->core->store;
	int code = store_zone_get(store, 0, known->id, &zone, err);

	if (code < 0)
		return code;
	if (zone.secondary) /* its primaries say */
		return 0;
	code = store_rrset_get(store, zone.id, "@", RRSET_NS, &there, NULL);
	if (code == ERR_NOT_FOUND) {
		there.type = RRSET_NS;
		there.ttl = RRSET_WITHOUT_TTL;
		(void)snprintf(there.name, sizeof there.name, "@");
		code = 0;
	}
	if (code < 0)
		return err_set(err, code, "the NS records of %.150s cannot be read", zone.name);
	walk->counts.zones++;
	switch (judge(&zone, &there, &walk->wanted, &walk->given)) {
	case STANDING_CURRENT:
		return 0;
	case STANDING_ELSEWHERE:
		walk->counts.elsewhere++;
		return 0;
	case STANDING_OUTDATED:
		break;
	}
	if (there.protected) {
		walk->counts.protected ++;
		return 0;
	}
	walk->counts.outdated++;
	return walk->who == NULL ? 0
				 : change(walk->core, &zone, &there, &walk->wanted, walk->who, err);
}

static int run(struct core *core, const char *who, struct apex_counts *ret, struct err *err)
{
	struct walk walk CLEANUP(walk_done) = {
		.core = core, .wanted = {.name = "@", .type = RRSET_NS}, .who = who};
	struct store_zone_knowns zones CLEANUP(store_zone_known_done) = {0};
	int code;

	if ((code = apex_fill(core, &walk.wanted, err)) < 0 ||
	    (code = store_name_server_given(core->store, &walk.given, err)) < 0 ||
	    (code = store_zone_known(core->store, &zones, err)) < 0)
		return code;
	/* None at all would leave a zone without any. */
	for (size_t i = 0; walk.wanted.count > 0 && code == 0 && i < zones.count; i++)
		code = visit(&walk, &zones.items[i], err);
	if (code == 0)
		*ret = walk.counts;
	return code;
}

int apex_count(struct core *core, struct apex_counts *ret, struct err *err)
{
	return run(core, NULL, ret, err);
}

int apex_update(struct core *core, const char *who, struct apex_counts *ret, struct err *err)
{
	return run(core, who, ret, err);
}

/* --- the names of the settings --- */

struct giving {
	struct store *store;
	struct err *err;
	int code;
};

static void give(void *context, const char *name)
{
	struct giving *giving = context;

	if (giving->code == 0)
		giving->code = store_name_server_give(giving->store, name, giving->err);
}

int apex_start(struct core *core, struct err *err)
{
	struct store *store = core->store;
	struct giving giving = {store, err, 0};
	const char *now = core->config->dns_names;
	AUTO_FREE char *was = NULL;
	int code;

	if ((code = store_begin(store, err)) < 0)
		return code;
	STORE_GUARD(store);
	code = store_setting_get(store, NAMES_KEY, &was, err);
	if (code < 0 && code != ERR_NOT_FOUND)
		return code;
	if (code == 0 && strcmp(was, now) == 0)
		return 0;
	dns_names(core, give, &giving);
	if ((code = giving.code) < 0 || (code = store_setting_set(store, NAMES_KEY, now, err)) < 0)
		return code;
	if (was != NULL && ((code = store_zone_forget_applied(store, 0, err)) < 0 ||
			    (code = store_reverse_forget_applied(store, 0, err)) < 0))
		return code;
	return store_commit(store, err);
}

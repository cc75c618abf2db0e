#include "core/dns/reverse_zones.h"

#include <errno.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "core/dns/dns.h"
#include "model/reverse.h"
#include "model/zone.h"
#include "store/store_reverse.h"

static void add_name_server(void *context, const char *name)
{
	(void)buf_printf(context, "@ %u IN NS %s.\n", ZONE_TTL_DEFAULT, name);
}

static int fill_zone(struct core *core, const struct reverse_zone *zone, struct dns_job_zone *out,
		     struct err *err)
{
	struct store_reverse_names names CLEANUP(store_reverse_names_done) = {0};
	const int code = store_reverse_names(core->store, zone->id, &names, err);

	if (code < 0)
		return code;
	out->id = zone->id;
	out->version = zone->version;
	out->is_reverse = true;
	(void)snprintf(out->name, sizeof out->name, "%s", zone->name);
	out->ttl = ZONE_TTL_DEFAULT;
	out->serial = zone->serial;
	out->is_new = zone->applied == 0;
	dns_names(core, add_name_server, &out->text);
	for (size_t i = 0; i < names.count; i++) {
		char owner[REVERSE_OWNER_BYTES];
		reverse_owner(&zone->prefix, &names.items[i].ip, owner);
		(void)buf_printf(&out->text, "%s %u IN PTR %s.\n", owner, ZONE_TTL_DEFAULT,
				 names.items[i].name);
	}
	return out->text.error < 0 ? err_set(err, -ENOMEM, "no memory for a zone") : 0;
}

int reverse_zones_fill(struct core *core, bool failed, struct dns_job *job, struct err *err)
{
	struct store_reverse_zones zones CLEANUP(store_reverse_done) = {0};
	int code = store_reverse_waiting(core->store, failed, DNS_MESSAGE_MAX_ZONES - job->count,
					 &zones, err);

	for (size_t i = 0; code == 0 && i < zones.count; i++) {
		code = fill_zone(core, &zones.items[i], &job->zones[job->count], err);
		if (code == 0)
			job->count++;
	}
	return code;
}

int reverse_zones_settle(struct store *store, const struct dns_job_zone *zone, struct err *err)
{
	if (zone->code == 0)
		return store_reverse_applied(store, zone->id, zone->version, zone->serial, err);
	log_warning("zone %s: %s", zone->name, zone->error);
	return store_reverse_failed(store, zone->id, zone->error, err);
}

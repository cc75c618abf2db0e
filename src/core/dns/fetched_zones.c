#include "core/dns/fetched_zones.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "store/store_zone_primary.h"

static void add(struct dns_job *job, const struct zone *zone, const struct zone_primary *from)
{
	struct dns_job_primary *out = &job->primaries[job->primary_count++];

	(void)snprintf(out->zone, sizeof out->zone, "%s", zone->name);
	(void)snprintf(out->address, sizeof out->address, "%s", from->address);
	(void)snprintf(out->algorithm, sizeof out->algorithm, "%s", from->tsig_algorithm);
	(void)snprintf(out->secret, sizeof out->secret, "%s", from->tsig_key);
	out->port = from->port;
}

int fetched_zones_fill(struct store *store, struct dns_job *job, struct err *err)
{
	struct store_zones zones CLEANUP(store_zone_done) = {0};
	int code = store_zone_secondaries(store, 0, &zones, err);

	if (code < 0 || zones.count == 0)
		return code;
	job->primaries = calloc(DNS_MESSAGE_MAX_PRIMARIES, sizeof *job->primaries);
	if (job->primaries == NULL)
		return err_set(err, -ENOMEM, "no memory for where zones are fetched from");
	for (size_t i = 0; i < zones.count; i++) {
		struct store_zone_primaries primaries;
		/* One that the name server does not know, or has lost by half, is told with its
		 * zone. */
		if (zones.items[i].applied == 0 && !dns_job_has(job, zones.items[i].name)) {
			if (job->primary_count < DNS_MESSAGE_MAX_PRIMARIES)
				add(job, &zones.items[i], &(struct zone_primary){0});
			continue;
		}
		if ((code = store_zone_primaries(store, zones.items[i].id, &primaries, err)) < 0)
			return code;
		for (size_t j = 0;
		     j < primaries.count && job->primary_count < DNS_MESSAGE_MAX_PRIMARIES; j++)
			add(job, &zones.items[i], &primaries.items[j]);
		explicit_bzero(&primaries, sizeof primaries);
	}
	return 0;
}

int fetched_zones_look(struct store *store, struct dns_job *job, struct err *err)
{
	struct store_zones zones CLEANUP(store_zone_done) = {0};
	const size_t room = DNS_MESSAGE_MAX_ZONES - job->count;
	int code = room > 0 ? store_zone_secondaries(store, room, &zones, err) : 0;

	for (size_t i = 0; code == 0 && i < zones.count; i++) {
		struct dns_job_zone *out = &job->zones[job->count++];
		out->id = zones.items[i].id;
		out->version = zones.items[i].version;
		(void)snprintf(out->name, sizeof out->name, "%s", zones.items[i].name);
		out->is_secondary = true;
		out->is_look = true;
	}
	return code;
}

int fetched_zones_settle(struct store *store, const struct dns_job_zone *zone, struct err *err)
{
	struct zone now CLEANUP(zone_done) = {0};
	const int64_t now_ms = clock_now_ms();
	int code;

	if (zone->code < 0) {
		log_warning("zone %s: %s", zone->name, zone->error);
		return store_zone_failed(store, zone->id, zone->error, err);
	}
	code = store_zone_get(store, 0, zone->id, &now, err);
	if (code < 0)
		return code == ERR_NOT_FOUND ? 0 : code;
	now.version = zone->version;
	if (zone->serial != 0)
		now.contents = ZONE_CONTENTS_THERE;
	else if (now.contents == ZONE_CONTENTS_THERE)
		now.contents = ZONE_CONTENTS_EXPIRED;
	if (zone->serial != 0 && (zone->serial != now.serial || now.transferred_ms == 0))
		now.transferred_ms = now_ms;
	now.serial = zone->serial != 0 ? zone->serial : now.serial;
	now.expires_ms = zone->expires_s > 0 && zone->serial != 0
				 ? now_ms + (int64_t)zone->expires_s * 1000
				 : 0;
	return store_zone_fetched(store, &now, now_ms, err);
}

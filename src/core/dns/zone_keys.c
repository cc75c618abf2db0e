/*
 * Theory of operation. Knot makes the keys of a zone and changes those that sign it by itself; a
 * copy of all of them is kept in the database, so that a Knot that has lost them goes on with the
 * same (dns/keys.c). Signed zones are looked at several times within the span for which a key is
 * published before it signs, so none signs that is not kept.
 *
 * A key-signing key changes when its owner asks (enum zone_roll): Knot publishes a second one, and
 * when every resolver can have it, the DS that is shown becomes another one. The zone above is
 * asked until it has that, and goes on to have it for as long as a resolver may remember the DS of
 * before; only then Knot is told, and takes the old key out. Nothing of it has a limit in time:
 * until the owner has been at the registrar, both keys are right.
 */
#include "core/dns/zone_keys.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "core/dns/dns.h"
#include "core/dns/lookups.h"
#include "core/post/letter.h"
#include "core/post/office.h"
#include "model/rrset.h"
#include "store/store_history.h"
#include "store/store_user_mail.h"
#include "store/store_zone_key.h"

#define TICK_MS     5000
#define LOOKS       4 /* within the span that they are about */
#define LOOK_MAX_MS 600000
#define MAX_AT_ONCE 8

struct zone_keys {
	struct core *core;
	uv_timer_t timer;
	int64_t next_ms; /* not before; monotonic */
	size_t running;
};

struct look {
	struct zone_keys *keys;
	uint64_t zone_id;
};

static int64_t every_ms(uint64_t span_s)
{
	const uint64_t every = span_s * 1000 / LOOKS;

	return every < LOOK_MAX_MS ? (int64_t)every : LOOK_MAX_MS;
}

/* --- to the name server and back --- */

int zone_keys_fill(struct store *store, const struct zone *zone, struct dns_job_zone *out,
		   struct err *err)
{
	out->rolls = zone->roll == ZONE_ROLL_ASKED;
	out->submits = zone->roll == ZONE_ROLL_SUBMITTED;
	return store_zone_keys(store, zone->id, zone->applied == 0 ? &out->keys : NULL,
			       &out->keys_seen, err);
}

int zone_keys_look(struct core *core, struct dns_job *job, struct err *err)
{
	const struct config *config = core->config;
	const int64_t before_ms =
		clock_now_ms() - every_ms((uint64_t)config->dns_key_ttl_s + config->dns_spread_s);
	struct store_zones zones CLEANUP(store_zone_done) = {0};
	int code = store_zone_keys_due(core->store, before_ms, DNS_MESSAGE_MAX_ZONES, &zones, err);

	for (size_t i = 0; code == 0 && i < zones.count; i++) {
		struct dns_job_zone *out = &job->zones[job->count++];
		out->id = zones.items[i].id;
		(void)snprintf(out->name, sizeof out->name, "%s", zones.items[i].name);
		out->ttl = zones.items[i].ttl;
		out->dnssec = true;
		out->is_look = true;
		code = zone_keys_fill(core->store, &zones.items[i], out, err);
	}
	return code;
}

static int tell(struct store *store, const struct zone *zone, const char *what, struct err *err)
{
	struct history_line line = {.customer_id = zone->customer_id,
				    .actor = HISTORY_SYSTEM,
				    .result = HISTORY_SUCCESS,
				    .resource_type = "zone",
				    .resource_id = zone->id};

	(void)snprintf(line.what, sizeof line.what, "%s", what);
	(void)snprintf(line.resource_name, sizeof line.resource_name, "%.*s",
		       (int)sizeof line.resource_name - 1, zone->name);
	return store_history_append(store, &line, err);
}

/* By mail: whoever asked may have left the page days ago. */
static int tell_members(struct core *core, const struct zone *zone, const char *ds, struct err *err)
{
	struct user_mail readers[STORE_USER_MAIL_MEMBERS];
	size_t count = 0;
	int code;

	if (office_check_mail(core, NULL) < 0)
		return 0;
	code = store_user_mail_members(core->store, zone->customer_id, readers, &count, err);
	for (size_t i = 0; code == 0 && i < count; i++)
		code = office_forgive(letter_new_ds(core, readers[i].address, readers[i].language,
						    zone->shown, zone->id, ds, err),
				      "a new DS", err);
	return code;
}

static int go_on(struct core *core, struct zone *zone, const struct dns_job_zone *seen,
		 struct err *err)
{
	struct store *store = core->store;
	AUTO_FREE char *ds = NULL, *before = NULL;
	const char *ds_now = buf_str(&seen->ds);
	int code;

	if ((code = store_zone_ds(store, zone->id, &ds, err)) < 0 ||
	    (code = store_zone_ds_before(store, zone->id, &before, err)) < 0)
		return code;
	const bool other_ds = *ds != '\0' && strcmp(ds, ds_now) != 0;
	const enum zone_roll next =
		zone_roll_next(zone->roll, seen->submits, seen->ksk_count, other_ds);
	const char *ds_before = next == ZONE_ROLL_NONE ? "" : other_ds ? ds : before;
	const char *what = next == zone->roll          ? NULL
			   : next == ZONE_ROLL_WAITING ? "zone.need_ds"
			   : zone->roll > ZONE_ROLL_WAITING && next == ZONE_ROLL_NONE
				   ? "zone.end_ksk_roll"
				   : NULL;
	if (other_ds && zone->parent_ds == ZONE_PARENT_PRESENT)
		zone->parent_ds =
			next == ZONE_ROLL_WAITING ? ZONE_PARENT_BEFORE : ZONE_PARENT_UNKNOWN;
	if (next != zone->roll) {
		zone->roll = next;
		zone->roll_ms = clock_now_ms();
	}
	if (seen->serial != 0)
		zone->serial = seen->serial;
	code = store_zone_set_roll(store, zone, ds_now, ds_before, err);
	if (code < 0 || what == NULL || (code = tell(store, zone, what, err)) < 0)
		return code;
	return zone->roll == ZONE_ROLL_WAITING ? tell_members(core, zone, ds_now, err) : 0;
}

int zone_keys_settle(struct core *core, const struct dns_job_zone *seen, struct err *err)
{
	struct store *store = core->store;
	struct zone zone CLEANUP(zone_done) = {0};
	int code = store_zone_get(store, 0, seen->id, &zone, err);

	if (code < 0)
		return code == ERR_NOT_FOUND ? 0 : code;
	if (!zone.dnssec)
		return 0;
	if (seen->code < 0)
		log_warning("keys of zone %s: %s", seen->name, seen->error);
	else if ((code = go_on(core, &zone, seen, err)) < 0 ||
		 (seen->keys.len > 0 &&
		  (code = store_zone_keep_keys(store, zone.id, &seen->keys,
					       buf_str(&seen->keys_seen), err)) < 0))
		return code;
	return store_zone_keys_looked(store, zone.id, clock_now_ms(), err);
}

/* --- the owner --- */

int zone_keys_roll(struct store *store, struct zone *zone, struct err *err)
{
	AUTO_FREE char *ds = NULL;
	int code = store_zone_ds(store, zone->id, &ds, err);

	if (code < 0)
		return code;
	if (!zone->dnssec || *ds == '\0')
		return err_set(err, ERR_UNSUPPORTED, "%.150s is not signed", zone->shown);
	if (zone->roll != ZONE_ROLL_NONE)
		return err_set(err, ERR_LOCKED,
			       "the key-signing key of %.150s is being changed already",
			       zone->shown);
	zone->roll = ZONE_ROLL_ASKED;
	zone->roll_ms = clock_now_ms();
	return store_zone_set_roll(store, zone, ds, "", err);
}

/* --- the zone above --- */

int zone_keys_above(struct zone_keys *keys, uint64_t zone_id, const char *found, struct zone *ret,
		    struct err *err)
{
	const int64_t wait_ms = (int64_t)keys->core->config->dns_parent_wait_s * 1000;
	struct store *store = keys->core->store;
	struct zone zone CLEANUP(zone_done) = {0};
	AUTO_FREE char *ds = NULL, *before = NULL;
	int code;

	if ((code = store_begin(store, err)) < 0)
		return code;
	STORE_GUARD(store);
	if ((code = store_zone_get(store, 0, zone_id, &zone, err)) < 0 ||
	    (code = store_zone_ds(store, zone_id, &ds, err)) < 0 ||
	    (code = store_zone_ds_before(store, zone_id, &before, err)) < 0)
		return code;
	zone.parent_ds = zone_judge_parent(ds, before, found);
	zone.parent_ms = clock_now_ms();
	const enum zone_roll next = zone_roll_above(zone.roll, zone.parent_ds,
						    zone.parent_ms - zone.roll_ms >= wait_ms);
	if ((code = store_zone_set_parent(store, &zone, err)) < 0)
		return code;
	if (next != zone.roll) {
		zone.roll = next;
		zone.roll_ms = zone.parent_ms;
		if ((code = store_zone_set_roll(store, &zone, ds, before, err)) < 0)
			return code;
	}
	if ((code = store_commit(store, err)) < 0)
		return code;
	*ret = zone;
	zone = (struct zone){0};
	if (ret->roll == ZONE_ROLL_SUBMITTED)
		dns_kick(keys->core->dns);
	return 0;
}

static void on_names(void *context, const struct probe_names *names)
{
	AUTO_FREE struct look *look = context;
	struct zone_keys *keys = look->keys;
	struct zone zone CLEANUP(zone_done) = {0};
	struct err err = {0};

	keys->running--;
	if (names->status == PROBE_NAME_FAILED)
		return;
	const int code = zone_keys_above(keys, look->zone_id, names->records, &zone, &err);
	if (code < 0 && code != ERR_NOT_FOUND)
		log_error("keys of zones: %s", err.text);
}

static void ask(struct zone_keys *keys, const struct zone *zone)
{
	AUTO_FREE struct look *look = calloc(1, sizeof *look);
	struct err err = {0};

	if (look == NULL)
		return;
	*look = (struct look){.keys = keys, .zone_id = zone->id};
	if (lookups_ask(keys->core->lookups, zone->name, RRSET_DS, false, on_names, look, &err) < 0)
		return;
	keys->running++;
	(void)steal_ptr(look);
}

static void on_tick(uv_timer_t *timer)
{
	struct zone_keys *keys = timer->data;
	const int64_t every = every_ms(keys->core->config->dns_parent_wait_s);
	struct store_zones zones CLEANUP(store_zone_done) = {0};
	struct err err = {0};

	if (keys->running > 0 || clock_mono_ms() < keys->next_ms)
		return;
	if (store_zone_rolls_due(keys->core->store, clock_now_ms() - every, MAX_AT_ONCE, &zones,
				 &err) < 0) {
		log_error("keys of zones: %s", err.text);
		return;
	}
	/* Those that nobody could say anything of would be the first again. */
	keys->next_ms = clock_mono_ms() + (zones.count < MAX_AT_ONCE ? 0 : every / LOOKS);
	for (size_t i = 0; i < zones.count; i++)
		ask(keys, &zones.items[i]);
}

int zone_keys_new(struct core *core, struct zone_keys **ret, struct err *err)
{
	struct zone_keys *keys = calloc(1, sizeof *keys);

	if (keys == NULL)
		return err_set(err, -ENOMEM, "no memory");
	keys->core = core;
	(void)uv_timer_init(&core->loop, &keys->timer);
	keys->timer.data = keys;
	*ret = keys;
	return 0;
}

void zone_keys_start(struct zone_keys *keys)
{
	(void)uv_timer_start(&keys->timer, on_tick, TICK_MS, TICK_MS);
}

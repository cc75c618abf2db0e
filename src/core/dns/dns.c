/*
 * Theory of operation. The database is right. A zone whose applied version is not its version
 * waits; so does a name in zone_removal. ippo-dns speaks with Knot, because that blocks and core
 * has no way to other sockets: it gets a job with everything in it, in a descriptor, and writes the
 * outcome there. One job at a time, so what is written back is in order. A job that could not be
 * carried out leaves everything waiting, and is made anew later from what the database then holds.
 *
 * When Knot's socket is another one than the last time, Knot was started anew: what it has is
 * compared with what it should have, and whatever it has lost waits again. Further name servers are
 * told of when nothing more of that waits: of a list with half of the zones they would drop the
 * rest. The serial of the list is remembered, so that one that was lost is newer when it is made
 * anew (see dns/catalog.c).
 */
#include "core/dns/dns.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/parse.h"
#include "core/dns/apex.h"
#include "core/dns/fetched_zones.h"
#include "core/dns/name_servers.h"
#include "core/dns/reverse_zones.h"
#include "core/dns/zone_keys.h"
#include "core/visitor/visitor_link.h"
#include "store/store_reverse.h"
#include "store/store_setting.h"
#include "store/store_zone.h"
#include "wire/dns_message.h"

#define LOOK_MS          250
#define RETRY_FIRST_MS   250
#define RETRY_MAX_MS     4000
#define FAILED_EVERY_MS  30000
#define SIGNING_MS       250
#define JOB_RECORDS      20000
#define FETCHED_EVERY_MS 5000

#define READINGS_MAX 16

#define CATALOG_SERIAL "dns.catalog_serial"

struct reading {
	char zone[NAME_DNS_BYTES];
	struct dns_job_sets sets;
	dns_read_reply *reply;
	void *context;
};

struct dns {
	struct core *core;
	char path[CONFIG_PATH_BYTES + 32];
	struct visitor_link *link;
	uv_timer_t timer;
	struct dns_job *job;                   /* under way, or NULL */
	struct reading readings[READINGS_MAX]; /* that wait, or the first one is under way */
	size_t reading_count;
	int job_fd;
	uint64_t generation; /* of the database when nothing waited */
	int64_t next_ms;     /* not before; monotonic */
	int64_t fetched_ms;  /* when those that are fetched were last looked at */
	int64_t failed_ms;   /* when those that it did not take were last tried */
	uint64_t backoff_ms;
	uint64_t servers_version; /* of those that fetch zones, grows with each change */
	uint64_t servers_told;
	uint32_t catalog_serial; /* 0: not known */
	bool rebuilds;           /* what was lost may be waiting still */
	bool has_read;           /* a change comes before the next reading */
	bool waits;              /* there may be more to do */
	bool is_up;
	bool has_told; /* that it is not */
	ino_t inode;   /* of Knot's socket when it was compared */
	struct timespec changed;
};

/* --- making a job --- */

static void take_first(void *context, const char *name)
{
	char *primary = context;

	if (*primary == '\0')
		(void)snprintf(primary, NAME_DNS_BYTES, "%s", name);
}

static void add_name_server(void *context, const char *name)
{
	(void)buf_printf(context, "@ NS %s.\n", name);
}

static int fill_zone(struct dns *dns, const struct zone *zone, struct dns_job_zone *out,
		     struct err *err)
{
	const struct store_rrset_filter filter = {.zone_id = zone->id};
	struct store_rrsets rrsets CLEANUP(store_rrset_done) = {0};
	int code = 0;

	/* A delegation is seen by who answers, and that is all that is answered until it was. */
	if (zone_is_unproven(zone))
		dns_names(dns->core, add_name_server, &out->text);
	else if ((code = store_rrset_list(dns->core->store, &filter, &rrsets, err)) < 0)
		return code;
	out->id = zone->id;
	out->version = zone->version;
	(void)snprintf(out->name, sizeof out->name, "%s", zone->name);
	out->ttl = zone->ttl;
	out->serial = zone->serial;
	out->dnssec = zone->dnssec;
	out->is_new = zone->applied == 0;
	out->is_secondary = zone->secondary;
	if (zone->dnssec && (code = zone_keys_fill(dns->core->store, zone, out, err)) < 0)
		return code;
	for (size_t i = 0; i < rrsets.count; i++)
		if (rrset_write(&rrsets.items[i], zone->ttl, false, &out->text) < 0)
			return err_set(err, -ENOMEM, "no memory for a zone");
	return 0;
}

/* @all: of the zones that wait, none waits longer than this job. */
static int fill_servers(struct dns *dns, struct dns_job *job, bool all, struct err *err)
{
	struct store *store = dns->core->store;
	bool fetched = false;
	int code;

	dns->rebuilds = dns->rebuilds && !all;
	for (size_t i = 0; i < job->count; i++)
		fetched = fetched || job->zones[i].is_secondary;
	if (fetched)
		dns->servers_version++; /* from where it is fetched goes with them */
	job->tell_servers =
		dns->servers_told != dns->servers_version && (fetched || !dns->rebuilds);
	/* Who is not told of now has to be later. */
	job->servers_version = dns->rebuilds ? dns->servers_told : dns->servers_version;
	if (!job->tell_servers)
		return 0;
	code = dns->rebuilds ? 0 : name_servers_fill(store, job, err);
	return code < 0 ? code : fetched_zones_fill(store, job, err);
}

static int fill(struct dns *dns, struct dns_job *job, struct err *err)
{
	struct store_zone_names removals CLEANUP(store_zone_names_done) = {0};
	struct store_zones zones CLEANUP(store_zone_done) = {0};
	struct store *store = dns->core->store;
	const bool failed = clock_mono_ms() - dns->failed_ms > FAILED_EVERY_MS;
	size_t records = 0;
	int code;

	dns_names(dns->core, take_first, job->primary);
	if ((code = store_zone_removals(store, DNS_MESSAGE_MAX_ZONES, &removals, err)) < 0 ||
	    (code = store_zone_waiting(store, failed, DNS_MESSAGE_MAX_ZONES, &zones, err)) < 0)
		return code;
	for (size_t i = 0; i < removals.count; i++)
		(void)snprintf(job->removals[job->removal_count++], sizeof job->removals[0], "%s",
			       removals.items[i]);
	if (failed)
		dns->failed_ms = clock_mono_ms();
	for (size_t i = 0; i < zones.count && records < JOB_RECORDS; i++) {
		if ((code = fill_zone(dns, &zones.items[i], &job->zones[job->count], err)) < 0)
			return code;
		job->count++;
		records += zones.items[i].record_count;
	}
	const bool all = zones.count < DNS_MESSAGE_MAX_ZONES && job->count == zones.count;
	if ((code = fill_servers(dns, job, all, err)) < 0)
		return code;
	if (job->count == 0 && clock_mono_ms() - dns->fetched_ms > FETCHED_EVERY_MS) {
		dns->fetched_ms = clock_mono_ms();
		return fetched_zones_look(store, job, err);
	}
	if ((code = reverse_zones_fill(dns->core, failed, job, err)) < 0 || job->count > 0)
		return code;
	return zone_keys_look(dns->core, job, err);
}

/* --- its outcome --- */

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_listed(char *const *names, size_t count, const char *name)
{
	return count > 0 && bsearch(&name, names, count, sizeof *names, by_name) != NULL;
}

struct listing {
	char **names;
	size_t count;
};

static void listing_done(struct listing *listing)
{
	free(listing->names);
}

/* Lines up to an empty one, in order; they stay where they are. */
static char *take_lines(char *text, struct listing *ret)
{
	size_t capacity = 0;

	while (*text != '\0' && *text != '\n') {
		char *end = strchr(text, '\n');
		if (ret->count == capacity) {
			capacity = capacity > 0 ? capacity * 2 : 64;
			char **grown = reallocarray(ret->names, capacity, sizeof *grown);
			if (grown == NULL)
				return NULL;
			ret->names = grown;
		}
		ret->names[ret->count++] = text;
		if (end == NULL)
			return NULL;
		*end = '\0';
		text = end + 1;
	}
	if (ret->count > 1)
		qsort(ret->names, ret->count, sizeof *ret->names, by_name);
	return *text == '\n' ? text + 1 : text;
}

static int by_known_name(const void *name, const void *known)
{
	return strcmp(name, ((const struct store_zone_known *)known)->name);
}

static bool is_known(const struct store_zone_knowns *knowns, const char *name)
{
	return knowns->count > 0 && bsearch(name, knowns->items, knowns->count,
					    sizeof *knowns->items, by_known_name) != NULL;
}

static bool is_reverse(const struct store_reverse_zones *zones, const char *name)
{
	for (size_t i = 0; i < zones->count; i++)
		if (strcmp(zones->items[i].name, name) == 0)
			return true;
	return false;
}

static int keep_catalog_serial(struct dns *dns, const struct dns_job *job, struct err *err)
{
	char text[16];
	int code;

	if (job->catalog_serial == 0 || job->catalog_serial == dns->catalog_serial)
		return 0;
	(void)snprintf(text, sizeof text, "%" PRIu32, job->catalog_serial);
	code = store_setting_set(dns->core->store, CATALOG_SERIAL, text, err);
	if (code == 0)
		dns->catalog_serial = job->catalog_serial;
	return code;
}

/* What Knot was to have and has lost waits again; what nobody owns goes. */
static int compare(struct dns *dns, struct dns_job *job, struct err *err)
{
	struct listing set CLEANUP(listing_done) = {0}, loaded CLEANUP(listing_done) = {0};
	struct store_zone_knowns knowns CLEANUP(store_zone_known_done) = {0};
	struct store_reverse_zones reverse CLEANUP(store_reverse_done) = {0};
	struct store *store = dns->core->store;
	size_t again = 0, unknown = 0;
	char catalog[64];
	char *rest;
	int code;

	(void)snprintf(catalog, sizeof catalog, DNS_CATALOG_FORMAT, dns->core->config->instance);
	if (job->listed.data == NULL ||
	    (rest = take_lines((char *)job->listed.data, &set)) == NULL ||
	    take_lines(rest, &loaded) == NULL)
		return err_set(err, -ENOMEM, "no memory for the name server's zones");
	if ((code = store_begin(store, err)) < 0)
		return code;
	STORE_GUARD(store);
	if ((code = store_zone_known(store, &knowns, err)) < 0 ||
	    (code = store_reverse_list(store, 0, &reverse, err)) < 0)
		return code;
	for (size_t i = 0; i < knowns.count; i++) {
		const struct store_zone_known *known = &knowns.items[i];
		if (known->applied == 0 || (is_listed(set.names, set.count, known->name) &&
					    is_listed(loaded.names, loaded.count, known->name)))
			continue;
		if ((code = store_zone_forget_applied(store, known->id, err)) < 0)
			return code;
		again++;
	}
	for (size_t i = 0; i < reverse.count; i++) {
		const struct reverse_zone *zone = &reverse.items[i];
		if (zone->applied == 0 || (is_listed(set.names, set.count, zone->name) &&
					   is_listed(loaded.names, loaded.count, zone->name)))
			continue;
		if ((code = store_reverse_forget_applied(store, zone->id, err)) < 0)
			return code;
		again++;
	}
	for (size_t i = 0; i < set.count; i++) {
		if (is_known(&knowns, set.names[i]) || strcmp(set.names[i], catalog) == 0 ||
		    is_reverse(&reverse, set.names[i]))
			continue;
		if ((code = store_zone_remove_unknown(store, set.names[i], err)) < 0)
			return code;
		unknown++;
	}
	if ((code = keep_catalog_serial(dns, job, err)) < 0)
		return code;
	dns->rebuilds = dns->rebuilds || again > 0;
	if (again > 0 || unknown > 0)
		log_info("the name server has to be told %zu zones again, and to forget %zu", again,
			 unknown);
	return store_commit(store, err);
}

static int settle_zone(struct dns *dns, const struct dns_job_zone *zone, struct err *err)
{
	struct store *store = dns->core->store;

	if (zone->is_reverse)
		return reverse_zones_settle(store, zone, err);
	if (zone->is_secondary)
		return fetched_zones_settle(store, zone, err);
	if (zone->is_look)
		return zone_keys_settle(dns->core, zone, err);
	if (zone->code < 0) {
		log_warning("zone %s: %s", zone->name, zone->error);
		return store_zone_failed(store, zone->id, zone->error, err);
	}
	/* Signing goes on behind the commit; DS is there a moment later. */
	if (!zone->is_signed)
		return 0;
	const int code = zone->dnssec ? zone_keys_settle(dns->core, zone, err) : 0;
	if (code < 0)
		return code;
	return store_zone_applied(store, zone->id, zone->version, zone->serial, zone->dnssec,
				  zone->dnssec ? buf_str(&zone->ds) : "", err);
}

static int settle(struct dns *dns, struct dns_job *job, int outcome, struct err *err)
{
	struct store *store = dns->core->store;
	int code;

	if (job->compare)
		return outcome < 0 ? 0 : compare(dns, job, err);
	if (job->count == 0 && (job->removal_count == 0 || outcome < 0) && job->catalog_serial == 0)
		return 0;
	if ((code = store_begin(store, err)) < 0)
		return code;
	STORE_GUARD(store);
	if ((code = keep_catalog_serial(dns, job, err)) < 0)
		return code;
	for (size_t i = 0; i < job->removal_count; i++)
		if ((code = store_zone_removed(store, job->removals[i], err)) < 0)
			return code;
	for (size_t i = 0; i < job->count; i++)
		if ((code = settle_zone(dns, &job->zones[i], err)) < 0)
			return code;
	return store_commit(store, err);
}

static void look(struct dns *dns);

/* What ippo-dns has written in the place of the job. */
static int take_outcome(struct dns *dns, struct dns_job *job)
{
	struct buf text CLEANUP(buf_done) = {0};
	struct reader in;
	struct stat found;

	if (fstat(dns->job_fd, &found) < 0 || found.st_size <= 0 ||
	    (size_t)found.st_size > DNS_MESSAGE_MAX_BYTES ||
	    buf_reserve(&text, (size_t)found.st_size + 1) < 0 ||
	    pread(dns->job_fd, text.data, (size_t)found.st_size, 0) != found.st_size)
		return ERR_PROTOCOL;
	text.len = (size_t)found.st_size;
	reader_init(&in, text.data, text.len);
	return dns_job_read_outcome(&in, job);
}

static void wait_longer(struct dns *dns)
{
	dns->next_ms = clock_mono_ms() + (int64_t)dns->backoff_ms;
	if (dns->backoff_ms < RETRY_MAX_MS)
		dns->backoff_ms *= 2;
}

static void tell_down(struct dns *dns, const char *why)
{
	if (dns->is_up || !dns->has_told)
		log_warning("%s; changes of zones wait", why);
	dns->has_told = true;
	dns->is_up = false;
	dns->inode = 0;
}

/* What Knot did not take would not be taken a moment later either. */
static void settle_servers(struct dns *dns, const struct dns_job *job)
{
	dns->servers_told = job->servers_version;
	if (job->servers_code < 0)
		log_error("further name servers: %s", job->servers_error);
}

static void end_reading(struct dns *dns, int code, const char *text)
{
	const struct reading reading = dns->readings[0];

	dns->reading_count--;
	memmove(dns->readings, dns->readings + 1, dns->reading_count * sizeof *dns->readings);
	reading.reply(reading.context, code, text);
}

static void on_read(struct dns *dns, struct dns_job *job, int code, const char *text)
{
	const int taken = take_outcome(dns, job);

	(void)close(dns->job_fd);
	if (code < 0)
		end_reading(dns, code, text);
	else if (taken < 0 || job->listed.error < 0)
		end_reading(dns, ERR_SERVER, "what the name server has cannot be read");
	else
		end_reading(dns, 0, job->listed.len > 0 ? buf_str(&job->listed) : "");
	dns_job_free(job);
	look(dns);
}

/* @code: of the job as a whole; each zone has one of its own. */
static void on_carried(void *context, int code, const char *text, struct reader *answer)
{
	struct dns *dns = context;
	struct dns_job *job = steal_ptr(dns->job);
	struct err err = {0};
	bool signing = false;

	if (job->read[0] != '\0') {
		on_read(dns, job, code, text);
		return;
	}
	if (take_outcome(dns, job) < 0) {
		code = code < 0 ? code : ERR_PROTOCOL;
		job->count = 0;
	}
	(void)close(dns->job_fd);
	for (size_t i = 0; i < job->count; i++)
		signing = signing || (job->zones[i].code == 0 && !job->zones[i].is_signed &&
				      !job->zones[i].is_look);
	const int kept = settle(dns, job, code, &err);
	if (kept < 0)
		log_error("zones: %s", err.text);
	if (code == 0 && job->compare)
		dns->servers_version++; /* it may have lost them too */
	if (code == 0 && job->tell_servers)
		settle_servers(dns, job);
	if (code < 0)
		tell_down(dns, text);
	if (code < 0 || kept < 0) {
		wait_longer(dns);
	} else {
		dns->is_up = true;
		dns->backoff_ms = RETRY_FIRST_MS;
		dns->next_ms = signing ? clock_mono_ms() + SIGNING_MS : 0;
	}
	dns_job_free(job);
	dns->waits = true;
	look(dns);
}

static const struct visitor_kind kind = {
	.program = "ippo-dns",
	.ask = SUPERVISION_DNS,
	.reply = DNS_REPLY,
	.ended = "what speaks with the name server has ended",
	.silent = "what speaks with the name server does not answer",
};

/* --- the loop --- */

static bool is_started_anew(struct dns *dns)
{
	struct stat found;

	if (stat(dns->path, &found) < 0)
		return false;
	if (found.st_ino == dns->inode && found.st_ctim.tv_sec == dns->changed.tv_sec &&
	    found.st_ctim.tv_nsec == dns->changed.tv_nsec)
		return false;
	dns->inode = found.st_ino;
	dns->changed = found.st_ctim;
	return true;
}

static int write_job(struct dns *dns, const struct dns_job *job, struct err *err)
{
	struct buf text CLEANUP(buf_done) = {0};

	dns_job_write(&text, job);
	if (text.error < 0)
		return err_set(err, text.error, "no memory for a job");
	AUTO_CLOSE int fd = memfd_create("zones", MFD_CLOEXEC);
	if (fd < 0)
		return err_set(err, -errno, "no memory for a job: %s", strerror(errno));
	for (size_t at = 0; at < text.len;) {
		const ssize_t put = pwrite(fd, text.data + at, text.len - at, (off_t)at);
		if (put <= 0)
			return err_set(err, -errno, "no memory for a job: %s", strerror(errno));
		at += (size_t)put;
	}
	dns->job_fd = steal_fd(&fd);
	return 0;
}

/* Owns @job. */
static void hand_over(struct dns *dns, struct dns_job *job)
{
	struct buf nothing CLEANUP(buf_done) = {0};
	struct err err = {0};
	int code = write_job(dns, job, &err);

	if (code == 0) {
		dns->job = job;
		code = visitor_link_call(dns->link, DNS_CARRY, &nothing, dns->job_fd, on_carried,
					 dns, &err);
		if (code == 0)
			return;
		(void)close(dns->job_fd);
		dns->job = NULL;
	}
	const bool reads = job->read[0] != '\0';
	dns_job_free(job);
	if (reads) {
		end_reading(dns, code, err.text);
		return;
	}
	tell_down(dns, err.text);
	wait_longer(dns);
}

/* One that cannot be read is not known. */
static void recall_catalog_serial(struct dns *dns)
{
	AUTO_FREE char *text = NULL;
	uint64_t serial = 0;

	if (store_setting_get(dns->core->store, CATALOG_SERIAL, &text, NULL) == 0 &&
	    parse_u64(text, 1, UINT32_MAX, &serial) == 0)
		dns->catalog_serial = (uint32_t)serial;
}

/* Something has changed that may have to be carried. */
static bool is_due(const struct dns *dns)
{
	return (dns->waits || store_generation(dns->core->store) != dns->generation) &&
	       clock_mono_ms() >= dns->next_ms;
}

static void look(struct dns *dns)
{
	const uint64_t generation = store_generation(dns->core->store);
	const int64_t now_ms = clock_mono_ms();
	struct err err = {0};
	struct dns_job *job;

	if (dns->job == NULL && dns->reading_count > 0 && !(dns->has_read && is_due(dns))) {
		if ((job = calloc(1, sizeof *job)) == NULL)
			return;
		dns->has_read = true;
		(void)snprintf(job->read, sizeof job->read, "%s", dns->readings[0].zone);
		job->sets = dns->readings[0].sets;
		hand_over(dns, job);
		return;
	}
	if (dns->job != NULL || now_ms < dns->next_ms)
		return;
	const bool anew = is_started_anew(dns);
	if (!anew && !dns->waits && generation == dns->generation &&
	    now_ms - dns->failed_ms <= FAILED_EVERY_MS &&
	    now_ms - dns->fetched_ms <= FETCHED_EVERY_MS)
		return;
	dns->has_read = false;
	if ((job = calloc(1, sizeof *job)) == NULL)
		return;
	job->compare = anew;
	job->catalog_floor = dns->catalog_serial;
	if (anew) {
		hand_over(dns, job);
		return;
	}
	if (fill(dns, job, &err) < 0) {
		log_error("zones: %s", err.text);
		dns->next_ms = now_ms + RETRY_MAX_MS;
		dns_job_free(job);
		return;
	}
	if (job->count > 0 || job->removal_count > 0 || job->tell_servers) {
		hand_over(dns, job);
		return;
	}
	dns_job_free(job);
	dns->waits = false;
	dns->generation = generation;
	if (dns->reading_count > 0)
		look(dns);
}

static void on_look(uv_timer_t *timer)
{
	look(timer->data);
}

int dns_new(struct core *core, struct dns **ret, struct err *err)
{
	struct dns *dns = calloc(1, sizeof *dns);

	if (dns == NULL)
		return err_set(err, -ENOMEM, "no memory");
	dns->core = core;
	dns->backoff_ms = RETRY_FIRST_MS;
	dns->waits = true;
	dns->servers_version = 1;
	dns->rebuilds = true;
	dns->failed_ms = clock_mono_ms();
	(void)snprintf(dns->path, sizeof dns->path, "%s/dns/knot.sock", core->config->run_dir);
	(void)uv_timer_init(&core->loop, &dns->timer);
	dns->timer.data = dns;
	const int code = visitor_link_new(&core->loop, &kind, &dns->link, err);
	if (code < 0) {
		free(dns);
		return code;
	}
	*ret = dns;
	return 0;
}

void dns_start(struct dns *dns)
{
	if (dns->core->config->dns_listen[0] == '\0')
		return;
	struct err err = {0};

	visitor_link_set_child(dns->link, dns->core->child);
	if (apex_start(dns->core, &err) < 0)
		log_error("names of the name servers: %s", err.text);
	if (store_reverse_make_all(dns->core->store, &err) < 0)
		log_error("reverse zones: %s", err.text);
	recall_catalog_serial(dns);
	(void)uv_timer_start(&dns->timer, on_look, LOOK_MS, LOOK_MS);
}

void dns_connect(struct dns *dns, int fd)
{
	visitor_link_connect(dns->link, fd);
}

void dns_kick(struct dns *dns)
{
	if (dns == NULL || dns->core->config->dns_listen[0] == '\0')
		return;
	dns->waits = true;
	look(dns);
}

void dns_tell_servers(struct dns *dns)
{
	if (dns != NULL)
		dns->servers_version++;
	dns_kick(dns);
}

int dns_read(struct dns *dns, const char *zone, const struct dns_job_sets *sets,
	     dns_read_reply *reply, void *context, struct err *err)
{
	if (dns == NULL || dns->core->config->dns_listen[0] == '\0')
		return err_set(err, ERR_UNAVAILABLE, "no name server is set up here");
	if (dns->reading_count == READINGS_MAX)
		return err_set(err, ERR_UNAVAILABLE, "too much is asked of the name server");
	struct reading *reading = &dns->readings[dns->reading_count++];
	*reading = (struct reading){.reply = reply, .context = context};
	if (sets != NULL)
		reading->sets = *sets;
	(void)snprintf(reading->zone, sizeof reading->zone, "%s", zone);
	return 0;
}

bool dns_is_up(const struct dns *dns)
{
	return dns->is_up;
}

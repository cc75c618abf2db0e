/*
 * ippo-dns: speaks with Knot DNS over its control socket, which is the one thing it can do. It
 * lives only while there is something to carry: ippod starts it when core asks, and it ends when
 * core closes the channel, which is descriptor 3. It runs as the user that Knot runs as.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/config.h"
#include "base/isolate.h"
#include "base/log.h"
#include "dns/catalog.h"
#include "dns/key_files.h"
#include "dns/keys.h"
#include "dns/knot.h"
#include "dns/primaries.h"
#include "dns/record_sets.h"
#include "dns/secondaries.h"
#include "wire/channel.h"
#include "wire/dns_message.h"
#include "wire/supervision_message.h"
#include "wire/visitor_program.h"

#define KEY_FOLDER_BYTES (CONFIG_PATH_BYTES + 32)

static void job_done(struct dns_job **job)
{
	dns_job_free(*job);
}

static void knot_done(struct knot **knot)
{
	knot_close(*knot);
}

/* --- the job's descriptor --- */

static int read_job(int fd, struct dns_job *job, struct err *err)
{
	struct buf text CLEANUP(buf_done) = {0};
	struct reader in;
	struct stat found;

	if (fstat(fd, &found) < 0 || found.st_size < 0 ||
	    (size_t)found.st_size > DNS_MESSAGE_MAX_BYTES ||
	    buf_reserve(&text, (size_t)found.st_size + 1) < 0)
		return err_set(err, ERR_PROTOCOL, "a job that cannot be read");
	while (text.len < (size_t)found.st_size) {
		const ssize_t got = pread(fd, text.data + text.len,
					  (size_t)found.st_size - text.len, (off_t)text.len);
		if (got <= 0)
			return err_set(err, ERR_PROTOCOL, "a job that is cut short");
		text.len += (size_t)got;
	}
	reader_init(&in, text.data, text.len);
	return dns_job_read(&in, job) < 0
		       ? err_set(err, ERR_PROTOCOL, "core asked something that is no job")
		       : 0;
}

static int write_outcome(int fd, const struct dns_job *job, struct err *err)
{
	struct buf text CLEANUP(buf_done) = {0};

	dns_job_write_outcome(&text, job);
	if (text.error < 0 || ftruncate(fd, 0) < 0)
		return err_set(err, -ENOMEM, "no room for the outcome");
	for (size_t at = 0; at < text.len;) {
		const ssize_t put = pwrite(fd, text.data + at, text.len - at, (off_t)at);
		if (put <= 0)
			return err_set(err, -EIO, "the outcome cannot be written");
		at += (size_t)put;
	}
	return 0;
}

/* --- what is in it --- */

/* Where copies of keys come and go, in memory and of this user alone. */
static void key_folder(const struct config *config, char path[KEY_FOLDER_BYTES])
{
	(void)snprintf(path, KEY_FOLDER_BYTES, "%s/dns/keys", config->run_dir);
}

static bool changes_settings(const struct dns_job *job)
{
	bool any = job->removal_count > 0;

	for (size_t i = 0; i < job->count; i++)
		any = any || job->zones[i].is_new;
	return any;
}

static int carry_settings(const struct dns_job *job, struct knot *knot, struct err *err)
{
	int code;

	if (!changes_settings(job))
		return 0;
	for (size_t i = 0; i < job->removal_count; i++)
		if ((code = knot_purge(knot, job->removals[i], err)) < 0)
			return code;
	if ((code = knot_begin_settings(knot, err)) < 0)
		return code;
	for (size_t i = 0; i < job->removal_count; i++)
		if ((code = knot_remove_zone(knot, job->removals[i], err)) < 0)
			return code;
	for (size_t i = 0; i < job->count; i++)
		if (job->zones[i].is_new &&
		    (code = job->zones[i].is_secondary
				    ? knot_add_fetched(knot, job->zones[i].name, err)
				    : knot_add_zone(knot, job->zones[i].name, job->zones[i].dnssec,
						    err)) < 0)
			return code;
	return knot_commit_settings(knot, err);
}

/* One of them that Knot does not take must not keep the zones waiting. */
static int carry_servers(const struct config *config, struct dns_job *job, struct knot *knot,
			 const char *catalog, struct err *err)
{
	struct err why = {0};

	if (!job->tell_servers)
		return 0;
	primaries_check(config, job);
	/* They may have been told of the list when nobody was there to be told. */
	if ((job->servers_code = catalog_settle(knot, catalog, job->catalog_floor,
						&job->catalog_serial, &why)) == 0 &&
	    (job->servers_code = secondaries_set(knot, job, &why)) == 0)
		job->servers_code = catalog_notify(knot, catalog, &why);
	(void)snprintf(job->servers_error, sizeof job->servers_error, "%s", why.text);
	return job->servers_code == ERR_UNAVAILABLE ? err_set(err, ERR_UNAVAILABLE, "%s", why.text)
						    : 0;
}

/* It is written behind the commit, so this may be one behind. */
static int look_at_catalog(struct dns_job *job, struct knot *knot, const char *catalog,
			   struct err *err)
{
	uint32_t expires_s;

	return changes_settings(job)
		       ? knot_look(knot, catalog, &job->catalog_serial, &expires_s, err)
		       : 0;
}

/* What was told it of one is followed at once, not when it would look by itself. */
static int carry_fetched(struct dns_job_zone *zone, struct knot *knot, struct err *err)
{
	int code = 0;

	zone->is_signed = true;
	if (zone->error[0] != '\0')
		return ERR_FORBIDDEN;
	if (!zone->is_look)
		code = knot_refresh(knot, zone->name, err);
	return code < 0 ? code : knot_look(knot, zone->name, &zone->serial, &zone->expires_s, err);
}

/* The records that are wanted, and before Knot signs them the keys that it may have lost. */
static int carry_own(struct dns_job_zone *zone, struct knot *knot, const char *folder,
		     const struct knot_wish *wish, struct err *err)
{
	int code = 0;

	if (zone->is_look) {
		code = knot_read_ds(knot, wish, &zone->serial, &zone->ds, err);
	} else {
		if (zone->is_new && zone->dnssec)
			code = keys_give_back(knot, folder, zone, err);
		if (code == 0)
			code = knot_apply(knot, wish, &zone->serial, &zone->ds, &zone->is_signed,
					  err);
	}
	return code == 0 && zone->dnssec && zone->ds.len > 0 ? keys_look(knot, folder, zone, err)
							     : code;
}

static int carry_zones(const struct config *config, struct dns_job *job, struct knot *knot,
		       struct err *err)
{
	char folder[KEY_FOLDER_BYTES];

	key_folder(config, folder);
	for (size_t i = 0; i < job->count; i++) {
		struct dns_job_zone *zone = &job->zones[i];
		const struct knot_wish wish = {.zone = zone->name,
					       .text = buf_str(&zone->text),
					       .text_bytes = zone->text.len,
					       .ttl = zone->ttl,
					       .primary = job->primary,
					       .serial_floor = zone->serial,
					       .dnssec = zone->dnssec};
		struct err why = {0};
		zone->code = zone->is_secondary ? carry_fetched(zone, knot, &why)
						: carry_own(zone, knot, folder, &wish, &why);
		/* What it could not be told of where it is fetched from. */
		if (zone->is_secondary && zone->error[0] != '\0')
			continue;
		(void)snprintf(zone->error, sizeof zone->error, "%s", why.text);
		if (zone->code == ERR_UNAVAILABLE) {
			/* Those before it are done; the rest waits. */
			job->count = i;
			return err_set(err, ERR_UNAVAILABLE, "%s", why.text);
		}
	}
	return 0;
}

/* Knot was started anew, and may have nothing any more. */
static int list(struct dns_job *job, struct knot *knot, const char *catalog, struct err *err)
{
	int code = catalog_settle(knot, catalog, job->catalog_floor, &job->catalog_serial, err);

	if (code == 0)
		code = knot_list(knot, true, &job->listed, err);
	(void)buf_puts(&job->listed, "\n");
	return code < 0 ? code : knot_list(knot, false, &job->listed, err);
}

static int carry(const struct config *config, struct dns_job *job, struct err *err)
{
	char path[CONFIG_PATH_BYTES + 32], catalog[64];
	struct knot *knot CLEANUP(knot_done) = NULL;
	const size_t count = job->count;
	int code;

	(void)snprintf(path, sizeof path, "%s/dns/knot.sock", config->run_dir);
	(void)snprintf(catalog, sizeof catalog, DNS_CATALOG_FORMAT, config->instance);
	code = knot_open(path, &knot, err);
	if (code == 0 && job->compare)
		return list(job, knot, catalog, err);
	if (code == 0 && job->read[0] != '\0')
		return job->sets.count > 0
			       ? record_sets_read(knot, job->read, &job->sets, &job->listed, err)
			       : knot_read(knot, job->read, NULL, &job->listed, err);
	/* Zones first: from where some of them are fetched comes with the servers. */
	if (code == 0 && (code = carry_settings(job, knot, err)) == 0 &&
	    (code = carry_servers(config, job, knot, catalog, err)) == 0) {
		code = carry_zones(config, job, knot, err);
		return code < 0 ? code : look_at_catalog(job, knot, catalog, err);
	}
	job->count = code < 0 ? 0 : count;
	return code;
}

/* --- the program --- */

static int answer(uint64_t id, int code, const char *text, struct err *err)
{
	struct buf body CLEANUP(buf_done) = {0};

	write_i32(&body, code);
	write_text(&body, text);
	if (body.error != 0)
		return err_set(err, body.error, "no memory");
	return channel_send_fd(SUPERVISION_FD, DNS_REPLY, id, body.data, body.len, NULL, 0, err);
}

/* One job. 1: core has gone; negative: it is broken. */
static int serve_one(const struct config *config, struct err *err)
{
	struct dns_job *job CLEANUP(job_done) = calloc(1, sizeof *job);
	struct buf body CLEANUP(buf_done) = {0};
	struct err why = {0};
	AUTO_CLOSE int fd = -1;
	uint16_t type;
	uint8_t flags;
	uint64_t id;
	int code;

	if (job == NULL)
		return err_set(err, -ENOMEM, "no memory");
	if (channel_receive_one(SUPERVISION_FD, &type, &flags, &id, &body, &fd, err) < 0)
		return 1;
	if (type != DNS_CARRY || fd < 0)
		return err_set(err, ERR_PROTOCOL, "core asked something that is no job");
	if ((code = read_job(fd, job, err)) < 0)
		return code;
	code = carry(config, job, &why);
	if (write_outcome(fd, job, err) < 0)
		return err->code;
	return answer(id, code, why.text, err);
}

static int start(const struct config *config, struct err *err)
{
	char folder[KEY_FOLDER_BYTES];
	const struct isolate_path paths[] = {
		{"/etc/hosts", ISOLATE_READ_FILE}, {folder, ISOLATE_WRITE}, {NULL, 0}};
	static const char *const calls[] = {"socket", "bind",       "connect", "ftruncate",
					    "getcwd", "openat",     "mkdir",   "unlink",
					    "rmdir",  "getdents64", NULL};
	int code;

	if ((code = isolate_drop_user(config->dns_user, err)) < 0 ||
	    (code = isolate_end_with_parent(err)) < 0 || (code = isolate_no_new_powers(err)) < 0)
		return code;
	/* What somebody left behind who was killed is nobody's. */
	key_folder(config, folder);
	key_files_remove(folder);
	if (mkdir(folder, 0700) < 0 && errno != EEXIST)
		return err_set(err, -errno, "cannot make %s: %s", folder, strerror(errno));
	code = isolate_files(paths, err);
	if (code == -ENOSYS)
		log_warning("%s: files are closed by owner alone", err->text);
	else if (code < 0)
		return code;
	return isolate_syscalls(calls, err);
}

int main(int argc, char **argv)
{
	static const struct visitor_program program = {"ippo-dns", start, serve_one};

	return visitor_program_run(&program, argc, argv);
}

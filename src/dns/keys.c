/*
 * Theory of operation. Knot makes the keys and changes them, in a database of its own, and its
 * control socket hands none out: it can only write a copy into a folder, and read one from there
 * (zone-backup, zone-restore). So that happens in a folder in memory, which holds a copy for that
 * moment alone. A copy is made whenever the zone's DNSKEY or CDS records are others than before: a
 * key is published long before it signs, and so none signs that core does not have.
 */
#include "dns/keys.h"

#include <libknot/errcode.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "dns/key_files.h"
#include "dns/knot_call.h"

#define PATH_BYTES 320
/* Keys alone, into the folder that is named: the letters of Knot's filters (knotc(8)). */
#define KEYS_ONLY  "dkZJTC"
#define BLOCKING   "B"
#define KSK_PREFIX "257 "

static void forget(struct buf *secret)
{
	if (secret->data != NULL)
		explicit_bzero(secret->data, secret->cap);
	buf_done(secret);
}

static int copy(struct knot *knot, const char *command, const char *zone, const char *path,
		struct err *err)
{
	return knot_call(knot,
			 &(struct command){.name = command,
					   .zone = zone,
					   .data = path,
					   .filter = KEYS_ONLY,
					   .flags = BLOCKING},
			 NULL, NULL, err);
}

static int take_copy(struct knot *knot, const char *folder, const char *zone, struct buf *out,
		     struct err *err)
{
	char path[PATH_BYTES];
	int code;

	(void)snprintf(path, sizeof path, "%s/out", folder);
	key_files_remove(path);
	if ((code = copy(knot, "zone-backup", zone, path, err)) == 0)
		code = key_files_pack(path, out, err);
	key_files_remove(path);
	return code;
}

int keys_give_back(struct knot *knot, const char *folder, const struct dns_job_zone *zone,
		   struct err *err)
{
	struct buf there CLEANUP(forget) = {0};
	struct err ignored = {0};
	char path[PATH_BYTES];
	int code;

	if (zone->keys.len == 0)
		return 0;
	/* A copy that cannot be made is of keys that are there by half. */
	code = take_copy(knot, folder, zone->name, &there, &ignored);
	if (code == ERR_UNAVAILABLE)
		return err_set(err, code, "%s", ignored.text);
	if (code == 0 && key_files_share(&zone->keys, &there))
		return 0;
	(void)snprintf(path, sizeof path, "%s/in", folder);
	key_files_remove(path);
	if ((code = key_files_unpack(&zone->keys, path, err)) == 0)
		code = copy(knot, "zone-restore", zone->name, path, err);
	key_files_remove(path);
	return code;
}

/* --- what there is --- */

struct seen {
	struct buf *text;
	uint32_t ksk_count;
};

static int on_key(void *context, knot_ctl_data_t *data)
{
	const char *value = (*data)[KNOT_CTL_IDX_DATA];
	struct seen *seen = context;

	if (value == NULL)
		return 0;
	if (strncmp(value, KSK_PREFIX, strlen(KSK_PREFIX)) == 0)
		seen->ksk_count++;
	return buf_printf(seen->text, "%s\n", value);
}

static int on_digest(void *context, knot_ctl_data_t *data)
{
	const char *value = (*data)[KNOT_CTL_IDX_DATA];
	struct seen *seen = context;

	return value != NULL ? buf_printf(seen->text, "%s\n", value) : 0;
}

static int see(struct knot *knot, const char *zone, struct buf *text, uint32_t *ret_ksk_count,
	       struct err *err)
{
	struct seen seen = {.text = text};
	struct command command = {.name = "zone-read", .zone = zone, .owner = "@"};
	int code;

	command.type = "DNSKEY";
	if ((code = knot_call(knot, &command, on_key, &seen, err)) < 0)
		return code;
	command.type = "CDS";
	if ((code = knot_call(knot, &command, on_digest, &seen, err)) < 0)
		return code;
	*ret_ksk_count = seen.ksk_count;
	return 0;
}

/* --- changing them --- */

/* The zone above has the new one, or has no other than the first: it is waited for no longer. */
static int submit(struct knot *knot, const char *zone, struct err *err)
{
	const int code = knot_call(
		knot,
		&(struct command){.name = "zone-ksk-submitted", .zone = zone, .flags = BLOCKING},
		NULL, NULL, err);

	return code == ERR_SERVER && knot_says(knot, KNOT_NO_READY_KEY) ? 0 : code;
}

/* One of them at a time: while another is under way it begins none, which is seen by what there
 * is. */
static int roll(struct knot *knot, const char *zone, struct err *err)
{
	return knot_call(knot,
			 &(struct command){.name = "zone-key-rollover",
					   .zone = zone,
					   .type = "ksk",
					   .flags = BLOCKING},
			 NULL, NULL, err);
}

int keys_look(struct knot *knot, const char *folder, struct dns_job_zone *zone, struct err *err)
{
	struct buf seen CLEANUP(buf_done) = {0};
	uint32_t ksk_count = 0;
	int code;

	if ((code = see(knot, zone->name, &seen, &ksk_count, err)) < 0)
		return code;
	/* The first one replaces nothing that the zone above may have. */
	const bool submits = zone->submits || (zone->keys_seen.len == 0 && ksk_count == 1);
	if (submits || zone->rolls) {
		buf_clear(&seen);
		if ((submits && (code = submit(knot, zone->name, err)) < 0) ||
		    (zone->rolls && (code = roll(knot, zone->name, err)) < 0) ||
		    (code = see(knot, zone->name, &seen, &ksk_count, err)) < 0)
			return code;
	}
	forget(&zone->keys);
	if ((submits || zone->rolls || strcmp(buf_str(&seen), buf_str(&zone->keys_seen)) != 0) &&
	    (code = take_copy(knot, folder, zone->name, &zone->keys, err)) < 0)
		return code;
	buf_done(&zone->keys_seen);
	zone->keys_seen = seen;
	seen = (struct buf){0};
	zone->ksk_count = ksk_count;
	return 0;
}

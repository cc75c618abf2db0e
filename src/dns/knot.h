// Knot DNS over its control socket (libknot): zones added, changed and removed. Blocks.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "model/name.h"

struct knot;

/** knot_open() - connect. ERR_UNAVAILABLE when nobody listens. After that error from any call the
 * connection is of no use any more. */
int knot_open(const char *path, struct knot **ret, struct err *err);
void knot_close(struct knot *knot);

/** knot_list() - the zones that it has contents for (or, @all, that it is to have), a name in a
 * line each, appended to @out. */
int knot_list(struct knot *knot, bool all, struct buf *out, struct err *err);

/* A change of its settings: all or nothing. */
int knot_begin_settings(struct knot *knot, struct err *err);
int knot_add_zone(struct knot *knot, const char *zone, bool dnssec, struct err *err);
/** knot_add_fetched() - one that it fetches; from where is secondaries_set()'s. */
int knot_add_fetched(struct knot *knot, const char *zone, struct err *err);
int knot_remove_zone(struct knot *knot, const char *zone, struct err *err);
/** knot_set() - an entry @id of a section (@item NULL), or one item of it; of a list one more. */
int knot_set(struct knot *knot, const char *section, const char *id, const char *item,
	     const char *value, struct err *err);
/** knot_unset() - an item, an entry or (both NULL) all of a section; nothing there is no error. */
int knot_unset(struct knot *knot, const char *section, const char *id, const char *item,
	       struct err *err);
int knot_commit_settings(struct knot *knot, struct err *err);
int knot_abort_settings(struct knot *knot, struct err *err);

/** knot_purge() - all that it keeps of a zone: contents, journal, keys. */
int knot_purge(struct knot *knot, const char *zone, struct err *err);

/** knot_look() - what it has of a zone that it fetches. @ret_serial: 0 when it has nothing.
 * @ret_expires_s: from now on, 0: not known. */
int knot_look(struct knot *knot, const char *zone, uint32_t *ret_serial, uint32_t *ret_expires_s,
	      struct err *err);

/** knot_refresh() - ask the primaries of a fetched zone now. Does not wait for what they say. */
int knot_refresh(struct knot *knot, const char *zone, struct err *err);
/** knot_read() - all records of a zone, or those of @owner if that is not NULL, as lines of a zone
 * file, appended to @out; nothing when it has none. -EFBIG: more than 32 MiB. */
int knot_read(struct knot *knot, const char *zone, const char *owner, struct buf *out,
	      struct err *err);

struct knot_wish {
	const char *zone;
	const char *text; /* its records, without SOA, in master file format */
	size_t text_bytes;
	uint32_t ttl;
	const char *primary;   /* the name of the first name server, without trailing period */
	uint32_t serial_floor; /* what it had at least */
	bool dnssec;
};

/**
 * knot_apply() - make the zone answer exactly this, in one transaction of Knot's.
 *
 * What is there already is read first, and only what differs is sent: whatever was interrupted, or
 * lost, ends in the same zone.
 * @ret_ds: lines of DS data once it is signed; appended. @ret_signed: false when it is to be signed
 * and is not yet.
 */
int knot_apply(struct knot *knot, const struct knot_wish *wish, uint32_t *ret_serial,
	       struct buf *ret_ds, bool *ret_signed, struct err *err);

/** knot_read_ds() - what a signed zone has now: its serial, and lines of DS data, appended. Nothing
 * of both when it is not signed yet. */
int knot_read_ds(struct knot *knot, const struct knot_wish *wish, uint32_t *ret_serial,
		 struct buf *ret_ds, struct err *err);

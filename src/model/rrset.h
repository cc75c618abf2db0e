// A record set: the records of one name and type in a zone, and what may stand beside what.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "model/label.h"
#include "model/zone.h"
#include "model/zone_text.h"

#define RRSET_MAX_RECORDS 1000
#define RRSET_MAX_BYTES   60000 /* on the wire: an answer has 64 KiB at most */
#define RRSET_VALUE_MAX   ((size_t)96 * 1024)
#define RRSET_COMMENT_MAX 255
#define RRSET_TYPE_BYTES  8
#define RRSET_WITHOUT_TTL 0 /* the zone's */

enum rrset_type {
	RRSET_A = 1,
	RRSET_NS = 2,
	RRSET_CNAME = 5,
	RRSET_SOA = 6,
	RRSET_PTR = 12,
	RRSET_HINFO = 13,
	RRSET_MX = 15,
	RRSET_TXT = 16,
	RRSET_RP = 17,
	RRSET_AAAA = 28,
	RRSET_SRV = 33,
	RRSET_DS = 43,
	RRSET_SSHFP = 44,
	RRSET_TLSA = 52,
	RRSET_SVCB = 64,
	RRSET_HTTPS = 65,
	RRSET_CAA = 257,
};

struct rrset_record {
	char *value; /* as it was given */
	char *comment;
};

/* `struct rrset r CLEANUP(rrset_done) = {0};` is a valid empty one. */
struct rrset {
	uint64_t zone_id;
	char name[ZONE_TEXT_NAME_BYTES]; /* below the zone; "@" is the zone itself */
	enum rrset_type type;
	uint32_t ttl; /* or RRSET_WITHOUT_TTL */
	struct labels labels;
	bool protected;
	struct rrset_record *records;
	size_t count;
};

/* By name, and where that is the same by type. */
struct rrset_order {
	bool name_descending;
	bool type_descending;
};

void rrset_done(struct rrset *rrset);
/** rrset_compare() - a `struct rrset` to another one in a `struct rrset_order`, for qsort_r(). */
int rrset_compare(const void *a, const void *b, void *order);
const char *rrset_type_name(enum rrset_type type);
/** rrset_is_apex_ns() - the name servers of the zone itself: it has to have them. */
bool rrset_is_apex_ns(const struct rrset *rrset);
int rrset_type_parse(const char *text, enum rrset_type *ret, struct err *err);

/** rrset_add() - a record at its end; copies both. @comment may be NULL. */
int rrset_add(struct rrset *rrset, const char *value, const char *comment, struct err *err);
/** rrset_remove() - the record with the same data as @value; ERR_NOT_FOUND when there is none. */
int rrset_remove(const char *zone, struct rrset *rrset, const char *value, struct err *err);
/** rrset_find() - the record with the same data as @value; -1: none. */
int rrset_find(const char *zone, const struct rrset *rrset, const char *value);

/**
 * rrset_check() - name, type, TTL and every value, each by itself and together.
 * @zone: its name in DNS.
 * Errors: ERR_INVALID_INPUT or ERR_LIMIT, in the words of a person; *ret_field says about what.
 */
int rrset_check(const char *zone, const struct rrset *rrset, const char **ret_field,
		struct err *err);

/**
 * rrset_check_beside() - may a set of this type stand beside those of the same name?
 * @others: bits 1 << rrset_bit(type) of what else is at that name.
 */
int rrset_check_beside(const char *name, enum rrset_type type, uint32_t others, struct err *err);
unsigned rrset_bit(enum rrset_type type);

/** rrset_format() - records for the store, a line each; rrset_read() is its exact inverse. */
int rrset_format(const struct rrset *rrset, struct buf *out);
int rrset_read(const char *text, struct rrset *ret);
/** rrset_write() - its lines of a zone file. */
int rrset_write(const struct rrset *rrset, uint32_t zone_ttl, bool comments, struct buf *out);

// A DNS zone of a customer: its names as asked for and as shown, its limits, its words.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "model/label.h"
#include "model/name.h"

#define ZONE_TTL_MIN        60
#define ZONE_TTL_MAX        INT32_MAX
#define ZONE_TTL_DEFAULT    3600
#define ZONE_MAX_RECORDS    10000
#define ZONE_MAX_BYTES      ((size_t)2 * 1024 * 1024) /* of all values of a zone */
#define ZONE_VERSIONS_KEPT  20
#define ZONE_SHOWN_BYTES    768 /* the longest name in UTF-8 */
#define ZONE_PRIMARIES_MAX  4
#define ZONE_TSIG_KEY_BYTES 129 /* base64 of 96 bytes at most, with the NUL */
#define ZONE_TSIG_PREFIX    "_transfer."
#define ZONE_ERROR_BYTES    256

/* Whether the zone above has the DS of this one. */
enum zone_parent {
	ZONE_PARENT_UNKNOWN = 0,
	ZONE_PARENT_MISSING = 1,
	ZONE_PARENT_PRESENT = 2,
	ZONE_PARENT_DIFFERENT = 3, /* it has others: nothing validates */
	ZONE_PARENT_BEFORE = 4, /* that of the key that is being replaced, which is right still */
};

/* How far the change of a zone's key-signing key is. Two of them are in the zone from
 * ZONE_ROLL_PREPARING on, until the older one has gone. */
enum zone_roll {
	ZONE_ROLL_NONE = 0,
	ZONE_ROLL_ASKED = 1,     /* the name server is to begin */
	ZONE_ROLL_PREPARING = 2, /* until every resolver has the new one */
	ZONE_ROLL_WAITING = 3,   /* for the zone above to have its DS */
	ZONE_ROLL_SETTLING = 4,  /* it has; some resolvers may remember the DS of before */
	ZONE_ROLL_SUBMITTED = 5, /* the name server is to be told so */
	ZONE_ROLL_RETIRING = 6,  /* until every resolver has forgotten the old one */
};

/* Whether the name was proven to be its owner's, as far as that is required. Until it is, nothing
 * of the owner's is answered. */
enum zone_proof {
	ZONE_PROOF_NONE = 0,       /* not required */
	ZONE_PROOF_TXT = 1,        /* waits for a TXT record; the name servers know nothing of it */
	ZONE_PROOF_DELEGATION = 2, /* or for being delegated here: SOA and NS are answered */
	ZONE_PROOF_DONE = 3,
	ZONE_PROOF_EXPIRED = 4, /* never came; another account may have the name */
};

#define ZONE_PROOF_LABEL    "_ippo-challenge"
#define ZONE_PROOF_PREFIX   "ippo-verification="
#define ZONE_PROOF_UNTIL_MS INT64_C(604800000) /* a week */
#define ZONE_TOKEN_BYTES    33                 /* 128 random bits in hexadecimal, with the NUL */

enum zone_status { ZONE_OK = 1, ZONE_UPDATING, ZONE_ERROR };

/* What the name server has of a zone that it fetches. */
enum zone_contents {
	ZONE_CONTENTS_NONE = 0, /* nothing yet */
	ZONE_CONTENTS_THERE = 1,
	ZONE_CONTENTS_EXPIRED = 2, /* not reached for so long that nothing is answered any more */
};

/* Where a zone is fetched from. A key goes by the name that zone_tsig_name() says. */
struct zone_primary {
	char address[50];
	uint16_t port;
	char tsig_algorithm[16]; /* as Knot has it, hmac-sha256; "": without a key */
	char tsig_key[ZONE_TSIG_KEY_BYTES];
};

/* `struct zone z CLEANUP(zone_done) = {0};` is a valid empty one. */
struct zone {
	uint64_t id;
	uint64_t customer_id;
	char name[NAME_DNS_BYTES]; /* lower case, A-labels, no trailing period */
	char shown[ZONE_SHOWN_BYTES];
	uint32_t ttl;
	struct labels labels;
	bool protected; /* from being deleted */
	bool dnssec;
	int64_t created_ms;
	uint64_t version; /* grows with every change of what it answers */
	uint64_t applied; /* the version that the name server has */
	uint32_t serial;  /* that the name server gave it; 0: none yet */
	enum zone_parent parent_ds;
	int64_t parent_ms; /* when that was found out; 0: never */
	enum zone_roll roll;
	int64_t roll_ms; /* since when it is so far */
	bool secondary;  /* fetched from elsewhere */
	enum zone_contents contents;
	int64_t expires_ms;     /* of what was fetched; 0: not known */
	int64_t transferred_ms; /* when its serial last changed; 0: never */
	enum zone_proof proof;
	int64_t proof_ms;       /* when it was last looked for; 0: never */
	int64_t proof_until_ms; /* until when it is waited for */
	char proof_why[ZONE_ERROR_BYTES];
	uint32_t record_count;
	char error[ZONE_ERROR_BYTES]; /* why the name server does not take it; "" */
};

void zone_done(struct zone *zone);
enum zone_status zone_status(const struct zone *zone);
const char *zone_status_name(enum zone_status status);

/**
 * zone_take_name() - the name of a zone as somebody typed it, with or without a trailing period.
 *
 * Other scripts are turned into A-labels (RFC 5891) by libidn2. What everybody's names are below
 * (com, co.jp: the public suffix list) is nobody's zone.
 * @name: as DNS has it. @shown: as it was typed, in lower case; of A-labels what they stand for.
 */
int zone_take_name(const char *typed, char name[NAME_DNS_BYTES], char shown[ZONE_SHOWN_BYTES],
		   struct err *err);
/** zone_name_to_dns() - the same name in A-labels, for looking one up; without any other check. */
int zone_name_to_dns(const char *typed, char name[NAME_DNS_BYTES], struct err *err);
const char *zone_parent_name(enum zone_parent parent);
/** zone_judge_parent() - lines of DS records: of those that the zone needs, of those that were
 * right before a change of its key and are still, and of those that were found above it. One of the
 * needed is enough (RFC 4035 section 5). */
enum zone_parent zone_judge_parent(const char *needed, const char *before, const char *found);
/** zone_roll_name() - as the API has it; NULL when none is under way. */
const char *zone_roll_name(enum zone_roll roll);
/** zone_roll_next() - how far it is, by what the name server has: @ksk_count key-signing keys, and
 * whether the DS that is needed has become another one (@other_ds). @told: it was told what it was
 * to be told. */
enum zone_roll zone_roll_next(enum zone_roll roll, bool told, uint32_t ksk_count, bool other_ds);
/** zone_roll_above() - how far it is, by what the zone above has. @settled: it has had it for long
 * enough. */
enum zone_roll zone_roll_above(enum zone_roll roll, enum zone_parent parent, bool settled);
const char *zone_proof_name(enum zone_proof proof);
/** zone_is_unproven() - its owner still has to prove the name, or has not in time. */
bool zone_is_unproven(const struct zone *zone);
/** zone_has_proof() - whether one of these lines of TXT data is exactly the proof with @token. */
bool zone_has_proof(const char *records, const char *token);
/** zone_has_name_server() - whether one of these lines of NS data is @name, which has no period at
 * its end. */
bool zone_has_name_server(const char *records, const char *name);
/** zone_check_primary() - a key has an algorithm (hmac-sha1, hmac-sha256, hmac-sha512 or hmac-md5)
 * and is base64 of 16 to 96 bytes. Its address is another question. */
int zone_check_primary(const struct zone_primary *primary, struct err *err);
/** zone_check_ttl() - within the bounds. */
int zone_check_ttl(int64_t ttl, struct err *err);

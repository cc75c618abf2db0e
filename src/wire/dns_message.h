// What core asks of ippo-dns: a job for the name server, and what came of it.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cursor.h"
#include "base/err.h"

/* With DNS_CARRY comes a descriptor whose bytes are a struct dns_job; what came of it is written
 * there in its place. Answered by one DNS_REPLY: i32 0 or ERR_…, text why. */
enum dns_message_type {
	/* core → dns */
	DNS_CARRY = 0x700,
	/* dns → core */
	DNS_REPLY = 0x780,
};

#define DNS_MESSAGE_NAME_BYTES  254
#define DNS_MESSAGE_ERROR_BYTES 256
#define DNS_MESSAGE_MAX_ZONES   64
#define DNS_MESSAGE_MAX_BYTES   ((size_t)64 * 1024 * 1024)

struct dns_job_zone {
	uint64_t id; /* core's own, as the next; they do not travel */
	uint64_t version;
	char name[DNS_MESSAGE_NAME_BYTES];
	struct buf text; /* its records in master file format, without SOA */
	uint32_t ttl;
	uint32_t serial; /* in: that it had; out: that it has */
	bool is_reverse; /* core's own */
	bool dnssec;
	bool is_new;       /* to the name server */
	bool is_secondary; /* fetched: it has no text */
	bool is_look;      /* nothing of it has changed: only say what there is */
	bool submits;      /* the zone above has the DS of the next key-signing key */
	bool rolls;        /* a next key-signing key is wanted */
	/* in: of one that is new and signed, the copy of its keys; out: a new copy, or nothing. A
	 * secret. */
	struct buf keys;
	struct buf keys_seen; /* in: the DNSKEY and CDS records of that copy; out: that it has */
	/* out */
	bool is_signed;
	uint32_t expires_s; /* of a fetched one, from now on; 0: not known */
	uint32_t ksk_count; /* of its DNSKEY records, those that the zone above may point to */
	int code;
	char error[DNS_MESSAGE_ERROR_BYTES];
	struct buf ds;
};

/* The zone that lists all others for further name servers (RFC 9432), by the instance's name. */
#define DNS_CATALOG_FORMAT "catalog.%s.invalid"

#define DNS_MESSAGE_MAX_SERVERS          16
#define DNS_MESSAGE_SECRET_BYTES         48
#define DNS_MESSAGE_MAX_PRIMARIES        4096
#define DNS_MESSAGE_PRIMARY_SECRET_BYTES 129

/* One that fetches the zones. */
struct dns_job_server {
	char name[DNS_MESSAGE_NAME_BYTES];
	char address[50];
	uint16_t port;
	char secret[DNS_MESSAGE_SECRET_BYTES]; /* of its key, base64 */
};

/* Where a zone is fetched from. */
struct dns_job_primary {
	char zone[DNS_MESSAGE_NAME_BYTES];
	char address[50]; /* "": from nowhere; what is set of the zone goes */
	uint16_t port;
	char algorithm[16]; /* "": without a key */
	char secret[DNS_MESSAGE_PRIMARY_SECRET_BYTES];
};

#define DNS_MESSAGE_OWNER_BYTES 1005
#define DNS_MESSAGE_MAX_TYPES   20

/* Some of the record sets of a zone. */
struct dns_job_sets {
	char owner[DNS_MESSAGE_OWNER_BYTES]; /* with the period at its end; "": of any name */
	uint16_t types[DNS_MESSAGE_MAX_TYPES];
	size_t type_count; /* 0: of any type */
	bool name_descending;
	bool type_descending; /* of the same name */
	uint32_t first;       /* in that order */
	uint32_t count;       /* 0: the whole zone is wanted, as text */
};

/* `struct dns_job` is large: for the heap. */
struct dns_job {
	bool compare;                      /* only say what there is */
	char read[DNS_MESSAGE_NAME_BYTES]; /* or only what this zone has, as text into `listed` */
	struct dns_job_sets sets;
	char primary[DNS_MESSAGE_NAME_BYTES];
	char removals[DNS_MESSAGE_MAX_ZONES][DNS_MESSAGE_NAME_BYTES];
	size_t removal_count;
	struct dns_job_zone zones[DNS_MESSAGE_MAX_ZONES];
	size_t count;
	bool tell_servers; /* these are all that fetch zones */
	struct dns_job_server servers[DNS_MESSAGE_MAX_SERVERS];
	size_t server_count;
	struct dns_job_primary *primaries; /* all there are, beside the servers; those of a zone
					      one after the other */
	size_t primary_count;
	uint64_t servers_version; /* core's own */
	uint32_t catalog_floor;   /* what the list of zones had at least; 0: not known */
	uint32_t catalog_serial;  /* out: what it has; 0: not looked at */
	int servers_code;         /* out */
	char servers_error[DNS_MESSAGE_ERROR_BYTES];
	struct buf listed; /* out: names that it is to have, an empty line, names it has */
};

void dns_job_free(struct dns_job *job);
/** dns_job_has() - a zone of that name is in it. */
bool dns_job_has(const struct dns_job *job, const char *name);
/* Encoders append to @out (check out->error); decoders return 0 or ERR_PROTOCOL. */
void dns_job_write(struct buf *out, const struct dns_job *job);
int dns_job_read(struct reader *in, struct dns_job *job);
/** The outcome: of the first count zones. */
void dns_job_write_outcome(struct buf *out, const struct dns_job *job);
/** dns_job_read_outcome() - into the job that was sent; count becomes how many were carried. */
int dns_job_read_outcome(struct reader *in, struct dns_job *job);

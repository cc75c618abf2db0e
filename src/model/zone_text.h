// Records in master file format (RFC 1035 section 5), read by libzscanner and written by libknot.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

#define ZONE_TEXT_OWNER_BYTES 255  /* of a name on the wire */
#define ZONE_TEXT_NAME_BYTES  1005 /* of its text, escaped, with the NUL */

/* One record in wire form; names in lower case, as DNSSEC's canonical form has them. */
struct zone_text_record {
	uint8_t *owner;
	uint8_t *rdata;
	char *comment; /* behind it on its line; NULL: none */
	uint32_t ttl;
	uint16_t type;
	uint16_t rdata_bytes;
	uint64_t line;
};

struct zone_text {
	struct zone_text_record *records;
	size_t count;
	size_t capacity;
	uint64_t fail_line; /* after a failure: where */
};

void zone_text_done(struct zone_text *text);

/**
 * zone_text_read() - all records of @text, in its order; $INCLUDE is refused.
 * @zone: origin, without trailing period. @max_records: one more is ERR_LIMIT.
 * Errors: ERR_INVALID_INPUT with the line and the reason.
 */
int zone_text_read(const char *zone, uint32_t ttl, const char *text, size_t bytes,
		   size_t max_records, struct zone_text *ret, struct err *err);
/** zone_text_sort() - by owner, type and data: two zones that are equal are equal in order. */
void zone_text_sort(struct zone_text *text);
/** zone_text_compare() - owner and type, then the data; for sorting and finding. */
int zone_text_compare(const struct zone_text_record *a, const struct zone_text_record *b);

/** zone_text_value() - the data of a record as text, appended to @out. */
int zone_text_value(const struct zone_text_record *record, struct buf *out);
/** zone_text_name() - a record's owner below @zone: "@", "www", "*.a"; -EINVAL outside of it. */
int zone_text_name(const struct zone_text_record *record, const char *zone,
		   char out[ZONE_TEXT_NAME_BYTES]);
/** zone_text_type() - "SOA", "DNSKEY", "TYPE65280"; -EINVAL for what is no type. */
int zone_text_type(const char *text, uint16_t *ret);
/** zone_text_take_name() - "www", "@" or a name in another script to its canonical text below
 * @zone. */
int zone_text_take_name(const char *typed, const char *zone, char out[ZONE_TEXT_NAME_BYTES],
			struct err *err);

// Strict parsers for text from outside: the whole input must be exactly one value.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Each returns 0, or -EINVAL (not that form) or -ERANGE (out of bounds); *ret only on success. */
int parse_u64(const char *text, uint64_t min, uint64_t max, uint64_t *ret); /* decimal, no sign */
int parse_i64(const char *text, int64_t min, int64_t max, int64_t *ret);
int parse_bool(const char *text, bool *ret); /* true, false, yes, no, on, off, 1, 0 */

#define UUID_BYTES      16
#define UUID_TEXT_BYTES 37
int parse_uuid(const char *text,
	       uint8_t ret[UUID_BYTES]); /* RFC 9562 section 4, lower or upper case */
void format_uuid(const uint8_t uuid[UUID_BYTES], char out[UUID_TEXT_BYTES]);

#define MAC_BYTES      6
#define MAC_TEXT_BYTES 18
int parse_mac(const char *text, uint8_t ret[MAC_BYTES]);
void format_mac(const uint8_t mac[MAC_BYTES], char out[MAC_TEXT_BYTES]);

/** parse_utc_offset() - "+09:00", "-03:30", of at most fourteen hours: minutes east of UTC. */
int parse_utc_offset(const char *text, int *ret);

/** parse_utf8() - true when @bytes bytes are well-formed UTF-8 (RFC 3629) without NUL. */
bool parse_utf8(const void *data, size_t bytes);

/** parse_hex() - exactly 2*@bytes hex digits. */
int parse_hex(const char *text, void *out, size_t bytes);
void format_hex(const void *data, size_t bytes, char *out /* 2*bytes+1 */);

/** parse_time() - RFC 3339 section 5.6, from 1970 on, with "T" and "Z" or an offset; no leap
 * seconds. *ret: milliseconds since 1970; what is finer is left out. */
int parse_time(const char *text, int64_t *ret);

// The forms of names: host names, login names, sign-in names, slugs, free names, DNS names.
#pragma once

#include <stddef.h>

#include "base/err.h"

#define NAME_HOST_BYTES   64 /* with the NUL, as all here */
#define NAME_USER_BYTES   33
#define NAME_PERSON_BYTES 65
#define NAME_SLUG_BYTES   64
#define NAME_LABEL_BYTES  129
#define NAME_DNS_BYTES    254

/** Each returns 0, or ERR_INVALID_INPUT with what is wrong and what is right. */

/** name_check_host() - RFC 1123 section 2.1: labels of letters, digits and inner hyphens, joined by
 * periods; at most 63 characters in all. */
int name_check_host(const char *text, struct err *err);
/** name_check_user() - a login name for a Linux guest: [a-z_][a-z0-9_-]*, at most 32, none that a
 * system account has (root, daemon, …). */
int name_check_user(const char *text, struct err *err);
/** name_check_person() - a sign-in name: [a-z0-9][a-z0-9._@+-]*, at most 64. */
int name_check_person(const char *text, struct err *err);
/** name_check_slug() - names of plans, locations, images, pools: [a-z0-9][a-z0-9._-]*, at most 63,
 * not digits alone (those are ids). */
int name_check_slug(const char *text, struct err *err);
/** name_check_free() - names people give keys, tokens, customers: 1 to 128 bytes of UTF-8 without
 * control characters, no space at either end. */
int name_check_free(const char *text, struct err *err);
/** name_check_dns() - a full DNS name for a reverse record: at least two labels, at most 253, no
 * trailing period. */
int name_check_dns(const char *text, struct err *err);
/** name_check_text() - a description: UTF-8 without control characters, at most @max_bytes; may be
 * empty. @field names it in the message. */
int name_check_text(const char *field, const char *text, size_t max_bytes, struct err *err);

// Zones of reverse names (RFC 1035 section 3.5, RFC 3596 section 2.5): which a pool has, and names
// in them.
#pragma once

#include <stdint.h>

#include "base/err.h"
#include "base/ip.h"
#include "model/name.h"

#define REVERSE_MAX_ZONES   128 /* of one pool: it ends a bit after a label of the names */
#define REVERSE_OWNER_BYTES 64  /* a name below its zone: 32 digits and periods at most */

/** reverse_count() - how many zones the addresses of @pool need: one, unless it ends within a
 * label; then one for each value of that label that is in it. */
uint64_t reverse_count(const struct ip *pool);

/**
 * reverse_zone() - the @index-th zone of @pool, from 0.
 *
 * A pool of IPv4 smaller than a /24 gets one of the form "64/26.2.0.192.in-addr.arpa", into which
 * who holds the /24 points with CNAME records (RFC 2317 section 4).
 * @prefix: of the addresses it names. Return: 0, or -ERANGE past the end.
 */
int reverse_zone(const struct ip *pool, uint64_t index, struct ip *prefix,
		 char name[NAME_DNS_BYTES]);

/** reverse_owner() - the name of @ip below the zone of @prefix, such as "65" or "1.0.…". */
void reverse_owner(const struct ip *prefix, const struct ip *ip, char out[REVERSE_OWNER_BYTES]);

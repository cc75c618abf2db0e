// Address pools, the choice of addresses in them, and reverse names.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/ip.h"
#include "model/name.h"

#define POOL_V6_LENGTH 64 /* each server gets one of these */

struct pool {
	uint64_t id;
	char name[NAME_SLUG_BYTES];
	uint64_t location_id;
	struct ip prefix; /* family in it */
	uint64_t used;    /* addresses in use; filled by the store */
	int64_t created_ms;
};

enum address_kind {
	ADDRESS_PRIMARY = 1,  /* a server has one of a family at most, from its seed */
	ADDRESS_FLOATING = 2, /* goes from one running server to another */
};

#define ADDRESS_DESCRIPTION_BYTES 256
#define ADDRESS_FLOATING_MOST     20 /* at one server */

struct address {
	uint64_t id;
	uint64_t pool_id;
	struct ip ip;       /* IPv4 /32, IPv6 /64 */
	uint64_t server_id; /* 0: reserved */
	int64_t created_ms;
};

/* A reverse name given by the customer. */
struct dns_ptr {
	struct ip ip;
	char name[NAME_DNS_BYTES];
};

/** pool_check() - name, family, and a prefix length of 8 to 32 for IPv4, 16 to 64 for IPv6. */
int pool_check(const struct pool *pool, struct err *err);
/** pool_usable() - how many addresses it can give: in IPv4 shorter than /31 the network, the
 * broadcast and the first address are left out. At most UINT32_MAX - 1. */
uint64_t pool_usable(const struct ip *prefix);
/** pool_address() - the @index-th usable one, from 0; -ERANGE past the end. */
int pool_address(const struct ip *prefix, uint64_t index, struct ip *ret);
/** pool_overlap() - do two prefixes share an address? */
bool pool_overlap(const struct ip *a, const struct ip *b);

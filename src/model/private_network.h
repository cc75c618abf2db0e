// Private networks between servers of one customer: ranges, subnets, and the choice of addresses.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/ip.h"
#include "base/parse.h"
#include "model/label.h"
#include "model/name.h"

#define PRIVATE_NETWORKS_MOST         50 /* of a customer */
#define PRIVATE_NETWORK_SUBNETS_MOST  50
#define PRIVATE_NETWORK_SERVERS_MOST  100
#define PRIVATE_NETWORK_ALIASES_MOST  5 /* of a server in one network */
#define PRIVATE_NETWORKS_OF_SERVER    3
#define PRIVATE_NETWORK_LONGEST_RANGE 24 /* prefix length of the smallest network */
#define PRIVATE_SUBNET_LONGEST_RANGE  30
#define PRIVATE_SUBNET_USUAL_RANGE    24 /* of one whose range nobody named */
/* Everything that may be taken in one network. */
#define PRIVATE_NETWORK_ADDRESSES_MOST                                                             \
	((size_t)PRIVATE_NETWORK_SERVERS_MOST * (1 + PRIVATE_NETWORK_ALIASES_MOST))

/* Both are the same here; clients tell them apart. */
enum subnet_type { SUBNET_CLOUD = 1, SUBNET_SERVER = 2 };

struct subnet {
	uint64_t id;
	enum subnet_type type;
	struct ip range;
	char zone[NAME_SLUG_BYTES]; /* of the locations whose servers may be in it */
};

/* `struct private_network n CLEANUP(private_network_done) = {0};` is a valid empty one. */
struct private_network {
	uint64_t id;
	uint64_t customer_id;
	char name[NAME_LABEL_BYTES];
	struct ip range;
	struct labels labels;
	bool protect_delete;
	int64_t created_ms;
	struct subnet *subnets; /* ordered by id */
	size_t subnet_count;
};

/* A server in a network. */
struct private_port {
	uint64_t id; /* 0: none */
	uint64_t network_id;
	uint64_t server_id;
	struct ip range; /* the network's */
	struct ip ip;    /* /32 */
	struct ip aliases[PRIVATE_NETWORK_ALIASES_MOST];
	size_t alias_count;
	uint8_t mac[MAC_BYTES];
	bool leaving; /* the host shall have it no more */
};

void private_network_done(struct private_network *network);

/** private_network_type_name() - the API's word; static storage. */
const char *private_network_type_name(enum subnet_type type);
int private_network_type_parse(const char *text, enum subnet_type *ret);

/**
 * private_network_check_range() - may that be a network's? Of RFC 1918 section 3, from /8 to /24.
 * Errors: ERR_INVALID_INPUT.
 */
int private_network_check_range(const struct ip *range, struct err *err);
/** private_network_check_growth() - a range only grows, at its end: what is in use stays inside. */
int private_network_check_growth(const struct ip *before, const struct ip *after, struct err *err);
/**
 * private_network_check_subnet() - inside the network, at least a /30, beside the other subnets.
 * Errors: ERR_INVALID_INPUT, ERR_NETWORKS_OVERLAP, ERR_LIMIT.
 */
int private_network_check_subnet(const struct private_network *network, const struct ip *range,
				 struct err *err);
/** private_network_free_subnet() - the first free /24, for who names none. ERR_NO_SUBNET. */
int private_network_free_subnet(const struct private_network *network, struct ip *ret,
				struct err *err);
/** private_network_gateway() - the first address of the range, which no server gets. */
void private_network_gateway(const struct ip *range, struct ip *ret);
/** private_network_subnet_of() - the subnet that has an address, NULL without one. */
const struct subnet *private_network_subnet_of(const struct private_network *network,
					       const struct ip *ip);
/**
 * private_network_check_address() - may a server in @zone have it? Inside one of the zone's
 * subnets, not its first and last, not the gateway, nor 172.31.1.1, which the public wire uses.
 * Errors: ERR_INVALID_INPUT.
 */
int private_network_check_address(const struct private_network *network, const char *zone,
				  const struct ip *ip, struct err *err);
/**
 * private_network_choose() - the lowest address of the zone's subnets that is not among @used.
 * Errors: ERR_NO_SUBNET.
 */
int private_network_choose(const struct private_network *network, const char *zone,
			   const struct ip *used, size_t used_count, struct ip *ret,
			   struct err *err);

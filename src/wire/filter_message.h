// What the packet filter of one server lets through, and what it has counted and refused.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cursor.h"
#include "base/ip.h"

#define HOST_FILTER_RULES_MAX    ((size_t)250)
#define HOST_FILTER_NETWORKS_MAX ((size_t)2500)
#define HOST_FLOATING_MAX        ((size_t)64)
#define HOST_REFUSED_KEPT        200 /* of a server */
#define HOST_REFUSED_MS          INT64_C(3600000)

struct host_filter_rule {
	uint64_t firewall_id; /* what its counter is known by, with number; 0: the default's */
	uint16_t number;
	uint8_t out;
	uint8_t protocol;    /* of IP: 1, 6, 17, 47, 50, 58. 1 is 58 from networks of IPv6 */
	uint8_t echo;        /* of 1 and 58: echo requests alone */
	uint16_t port_first; /* of 6 and 17; 0 to 65535: any */
	uint16_t port_last;
	uint32_t first_network;
	uint32_t network_count; /* at least one */
};

/* An address beside the server's own two, which may go to another server. */
struct host_floating {
	struct ip ip;  /* IPv4 /32, IPv6 /64 */
	uint64_t move; /* of two servers that are said to have it, the larger is right */
};

#define HOST_RATE_MAX_MBIT 100000

/* Of new connections; zero of each: no limit. */
struct host_bound {
	uint32_t per_s;
	uint32_t burst;
	uint32_t most; /* at a time */
};

/* What always passes is not among it. Zeroed: nothing comes in, all goes out but mail. Owned. */
struct host_filter {
	uint64_t version;     /* the larger of two is the newer */
	uint8_t restrict_out; /* only what a rule names goes out */
	uint8_t smtp_open;
	uint32_t connections_per_s; /* new ones, outwards; 0: no limit */
	uint32_t connections_burst;
	uint32_t connections_most; /* begun by the server, at a time; 0: no limit */
	struct host_bound inwards; /* of connections that others begin and a rule lets in */
	uint32_t rate_in_mbit;     /* to the server; 0: no limit */
	uint32_t rate_out_mbit;
	uint32_t mark; /* of new connections of TCP to mark_port that a rule lets in; 0: none */
	uint16_t mark_port;
	struct host_filter_rule *rules;
	size_t rule_count;
	struct ip *networks;
	size_t network_count;
	struct host_floating *floating;
	size_t floating_count;
};

void host_filter_done(struct host_filter *filter);
int host_filter_copy(const struct host_filter *from, struct host_filter *ret);
/** host_filter_equal() - but for version, floating addresses and rates. */
bool host_filter_equal(const struct host_filter *a, const struct host_filter *b);
bool host_rate_equal(const struct host_filter *a, const struct host_filter *b);
bool host_floating_equal(const struct host_filter *a, const struct host_filter *b);
/** host_floating_find() - that of an address, or NULL. Borrowed. */
const struct host_floating *host_floating_find(const struct host_filter *filter,
					       const struct ip *ip);
void host_filter_write(struct buf *out, const struct host_filter *filter);
/** host_filter_read() - 0, ERR_PROTOCOL (nothing but sane rules is taken) or -ENOMEM. */
int host_filter_read(struct reader *in, struct host_filter *ret);

/* What a counter counts. */
enum host_counter_kind {
	HOST_COUNT_RULE = 1,     /* first packets that a rule has let through */
	HOST_COUNT_IN = 2,       /* that came for the server and no rule let in */
	HOST_COUNT_OUT = 3,      /* that no rule let out */
	HOST_COUNT_SMTP = 4,     /* mail, closed by the operator */
	HOST_COUNT_TOO_MANY = 5, /* beyond the limit of new connections */
	HOST_COUNT_CROWD = 6,    /* the same of connections that others begin */
	HOST_COUNT_RATE_IN = 7,  /* beyond the bandwidth, to the server */
	HOST_COUNT_RATE_OUT = 8,
};

struct host_counter {
	uint8_t kind; /* enum host_counter_kind */
	uint64_t firewall_id;
	uint16_t number;
	uint64_t packets; /* since the filter was changed last */
	uint64_t bytes;
};

/* Alike packets that were refused, within the last hour. Not all are seen: see filter.c. */
struct host_refused {
	uint8_t kind; /* enum host_counter_kind, but rules; 0: not the server's own address */
	uint8_t protocol;
	struct ip peer;
	uint16_t port; /* 0: the protocol has none */
	uint32_t count;
	int64_t first_ms;
	int64_t last_ms;
};

#define HOST_CAME_MAX 64 /* addresses that are told of */

void host_counter_write(struct buf *out, const struct host_counter *counter);
int host_counter_read(struct reader *in, struct host_counter *ret);
void host_refused_write(struct buf *out, const struct host_refused *refused);
int host_refused_read(struct reader *in, struct host_refused *ret);

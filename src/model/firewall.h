// Firewalls: what their rules may be, and what a server's packet filter does with a packet.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/ip.h"
#include "model/label.h"
#include "model/name.h"

#define FIREWALLS_PER_CUSTOMER         50
#define FIREWALLS_PER_SERVER           5
#define FIREWALL_RULES_MAX             50
#define FIREWALL_CIDRS_MAX             100 /* of a rule */
#define FIREWALL_ENTRIES_MAX           500 /* pairs of rule and network, of a firewall */
#define FIREWALL_DESCRIPTION_MAX_BYTES 255
#define FIREWALL_SELECTORS_MAX         20 /* of a firewall */
#define FIREWALL_SELECTOR_MAX_BYTES    512
#define FIREWALL_PORT_BYTES            12 /* "65535-65535", and the NUL */
#define FIREWALL_SSH_PORT              22
#define FIREWALL_SMTP_PORT             25
#define FIREWALL_TRIAL_MS              60000 /* until a change on trial goes back */

/* Of a server: how many connections a second it may begin, and how many at once before that. */
#define FIREWALL_CONNECTIONS_PER_S 300
#define FIREWALL_CONNECTIONS_BURST 600
#define FIREWALL_CONNECTIONS_MOST  16384 /* at a time: a sixteenth of what a host remembers */
/* The same of those that others begin with it and its rules let in. */
#define FIREWALL_INBOUND_PER_S 1000
#define FIREWALL_INBOUND_BURST 2000
#define FIREWALL_INBOUND_MOST  32768

enum firewall_direction { FIREWALL_IN = 1, FIREWALL_OUT = 2 };

enum firewall_protocol {
	FIREWALL_TCP = 1,
	FIREWALL_UDP = 2,
	FIREWALL_ICMP = 3,   /* ICMP from networks of IPv4, ICMPv6 from those of IPv6 */
	FIREWALL_ICMPV6 = 4, /* of IPv6 alone */
	FIREWALL_GRE = 5,
	FIREWALL_ESP = 6,
};

/* `struct firewall_rule r CLEANUP(firewall_rule_done) = {0};` is a valid empty one. */
struct firewall_rule {
	enum firewall_direction direction;
	enum firewall_protocol protocol;
	uint16_t port_first; /* of tcp and udp; 0 to 65535: any */
	uint16_t port_last;
	struct ip *networks; /* of the other side: sources of what comes in, targets of the rest */
	size_t network_count;
	char *description; /* NULL: none */
};

struct firewall_rules {
	struct firewall_rule *items;
	size_t count;
};

/* `struct firewall f CLEANUP(firewall_done) = {0};` is a valid empty one. */
struct firewall {
	uint64_t id;
	uint64_t customer_id;
	char name[NAME_LABEL_BYTES];
	struct labels labels;
	struct firewall_rules rules;
	int64_t created_ms;
};

void firewall_rule_done(struct firewall_rule *rule);
void firewall_rules_done(struct firewall_rules *rules);
void firewall_done(struct firewall *firewall);

/** The API's words; static storage. Parsers: 0 or -EINVAL. */
const char *firewall_direction_name(enum firewall_direction direction);
int firewall_direction_parse(const char *text, enum firewall_direction *ret);
const char *firewall_protocol_name(enum firewall_protocol protocol);
int firewall_protocol_parse(const char *text, enum firewall_protocol *ret);
bool firewall_has_ports(enum firewall_protocol protocol);

/** firewall_port_parse() - "any", "22" or "80-85". 0 or ERR_INVALID_INPUT. */
int firewall_port_parse(const char *text, struct firewall_rule *rule, struct err *err);
void firewall_port_format(const struct firewall_rule *rule, char out[FIREWALL_PORT_BYTES]);

/** firewall_network_add() - "10.0.0.0/8", host bits zero. ERR_INVALID_INPUT, -ENOMEM. */
int firewall_network_add(struct firewall_rule *rule, const char *text, struct err *err);

/** firewall_rule_check() - the parts fit each other. @ret_field: on failure, what is wrong. */
int firewall_rule_check(const struct firewall_rule *rule, const char **ret_field, struct err *err);

/** firewall_rules_add() - takes the rule over, also on failure. ERR_INVALID_INPUT, -ENOMEM. */
int firewall_rules_add(struct firewall_rules *rules, struct firewall_rule *rule, struct err *err);

/** firewall_rules_format() - a line for each rule, for the store and people:
 * "in tcp 80-85 0.0.0.0/0,::/0 what it is for". */
int firewall_rules_format(const struct firewall_rules *rules, struct buf *out);
/** firewall_rules_read() - its exact inverse, as strict as the API: 0, ERR_INVALID_INPUT, -ENOMEM.
 */
int firewall_rules_read(const char *text, struct firewall_rules *ret, struct err *err);

/* --- what becomes of a packet --- */

/* All that decides about packets to and from a server. */
struct firewall_policy {
	const struct firewall *firewalls; /* none: SSH and echo alone come in */
	size_t count;
	uint16_t ssh_port;
	bool smtp_open; /* the operator lets this customer send mail */
};

#define FIREWALL_FLAG_FIN 0x01
#define FIREWALL_FLAG_SYN 0x02
#define FIREWALL_FLAG_RST 0x04
#define FIREWALL_FLAG_ACK 0x10

/* As it passes the host's edge, in whole: fragments are put together before they are judged. */
struct firewall_packet {
	enum firewall_direction direction;
	uint8_t protocol; /* of IP: 6 is TCP */
	struct ip peer;   /* of the other side; a single address */
	uint16_t port;    /* the target's, of TCP and UDP */
	uint8_t flags;    /* of TCP */
	uint8_t type;     /* of ICMP and ICMPv6 */
	bool is_answer;   /* belongs to what has passed before */
	bool is_torn;     /* a fragment whose others never come */
};

enum firewall_reason {
	FIREWALL_BY_RULE = 1,
	FIREWALL_BY_DEFAULT, /* passes: SSH or echo of a server without a firewall */
	FIREWALL_BY_ANSWER,
	FIREWALL_BY_OPEN, /* passes: no rule says where the server may go */
	FIREWALL_NO_RULE,
	FIREWALL_MALFORMED, /* begins nothing: a stray or torn packet */
	FIREWALL_LINK_ONLY, /* of a kind that is never passed on */
	FIREWALL_SMTP,      /* mail is closed for this customer */
};

struct firewall_verdict {
	bool passes;
	enum firewall_reason reason;
	uint64_t firewall_id; /* of FIREWALL_BY_RULE */
	size_t rule;          /* its place there, from 0 */
};

const char *firewall_reason_name(enum firewall_reason reason);

/** firewall_judge() - what the host's edge does with it. Speaks not of how many there are. */
struct firewall_verdict firewall_judge(const struct firewall_policy *policy,
				       const struct firewall_packet *packet);

/** firewall_admits_ssh() - a new SSH connection from @peer reaches the server. */
bool firewall_admits_ssh(const struct firewall_policy *policy, const struct ip *peer);

/** firewall_opens_database() - to everybody. @ret_port: the first such. */
bool firewall_opens_database(const struct firewall_rule *rule, uint16_t *ret_port);

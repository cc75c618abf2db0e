#include "model/firewall.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/parse.h"

static const char *const directions[] = {[FIREWALL_IN] = "in", [FIREWALL_OUT] = "out"};
static const char *const protocols[] = {
	[FIREWALL_TCP] = "tcp",       [FIREWALL_UDP] = "udp", [FIREWALL_ICMP] = "icmp",
	[FIREWALL_ICMPV6] = "icmpv6", [FIREWALL_GRE] = "gre", [FIREWALL_ESP] = "esp"};
static const char *const reasons[] = {
	[FIREWALL_BY_RULE] = "rule",     [FIREWALL_BY_DEFAULT] = "default",
	[FIREWALL_BY_ANSWER] = "answer", [FIREWALL_BY_OPEN] = "open",
	[FIREWALL_NO_RULE] = "no_rule",  [FIREWALL_MALFORMED] = "malformed",
	[FIREWALL_LINK_ONLY] = "link",   [FIREWALL_SMTP] = "smtp"};

void firewall_rule_done(struct firewall_rule *rule)
{
	free(rule->networks);
	free(rule->description);
	*rule = (struct firewall_rule){0};
}

void firewall_rules_done(struct firewall_rules *rules)
{
	for (size_t i = 0; i < rules->count; i++)
		firewall_rule_done(&rules->items[i]);
	free(rules->items);
	*rules = (struct firewall_rules){0};
}

void firewall_done(struct firewall *firewall)
{
	label_done(&firewall->labels);
	firewall_rules_done(&firewall->rules);
	*firewall = (struct firewall){0};
}

/* The place of a word in a table that begins at 1, or 0. */
static size_t find(const char *const *words, size_t count, const char *text)
{
	for (size_t i = 1; i < count; i++)
		if (strcmp(words[i], text) == 0)
			return i;
	return 0;
}

const char *firewall_direction_name(enum firewall_direction direction)
{
	return (unsigned)direction - 1 < ARRAY_SIZE(directions) - 1 ? directions[direction] : "";
}

int firewall_direction_parse(const char *text, enum firewall_direction *ret)
{
	const size_t at = find(directions, ARRAY_SIZE(directions), text);

	if (at == 0)
		return -EINVAL;
	*ret = (enum firewall_direction)at;
	return 0;
}

const char *firewall_protocol_name(enum firewall_protocol protocol)
{
	return (unsigned)protocol - 1 < ARRAY_SIZE(protocols) - 1 ? protocols[protocol] : "";
}

int firewall_protocol_parse(const char *text, enum firewall_protocol *ret)
{
	const size_t at = find(protocols, ARRAY_SIZE(protocols), text);

	if (at == 0)
		return -EINVAL;
	*ret = (enum firewall_protocol)at;
	return 0;
}

bool firewall_has_ports(enum firewall_protocol protocol)
{
	return protocol == FIREWALL_TCP || protocol == FIREWALL_UDP;
}

const char *firewall_reason_name(enum firewall_reason reason)
{
	return (unsigned)reason - 1 < ARRAY_SIZE(reasons) - 1 ? reasons[reason] : "";
}

/* --- the parts of a rule --- */

static int parse_port(const char *text, uint16_t *ret)
{
	uint64_t port;

	if (*text == '0' || parse_u64(text, 1, UINT16_MAX, &port) < 0)
		return -EINVAL;
	*ret = (uint16_t)port;
	return 0;
}

int firewall_port_parse(const char *text, struct firewall_rule *rule, struct err *err)
{
	char first[FIREWALL_PORT_BYTES];
	const char *hyphen = strchr(text, '-');
	uint16_t a = 0, b = UINT16_MAX;
	bool good = strlen(text) < sizeof first;

	if (good && strcmp(text, "any") != 0) {
		(void)snprintf(first, sizeof first, "%s", text);
		if (hyphen != NULL)
			first[hyphen - text] = '\0';
		good = parse_port(first, &a) == 0 &&
		       parse_port(hyphen != NULL ? hyphen + 1 : first, &b) == 0 && a <= b &&
		       (hyphen == NULL || a < b);
	}
	if (!good)
		return err_set(err, ERR_INVALID_INPUT,
			       "must be a port (443), a range of ports (8000-8080) or any");
	rule->port_first = a;
	rule->port_last = b;
	return 0;
}

void firewall_port_format(const struct firewall_rule *rule, char out[FIREWALL_PORT_BYTES])
{
	if (rule->port_first == 0)
		(void)snprintf(out, FIREWALL_PORT_BYTES, "any");
	else if (rule->port_first == rule->port_last)
		(void)snprintf(out, FIREWALL_PORT_BYTES, "%u", rule->port_first);
	else
		(void)snprintf(out, FIREWALL_PORT_BYTES, "%u-%u", rule->port_first,
			       rule->port_last);
}

int firewall_network_add(struct firewall_rule *rule, const char *text, struct err *err)
{
	struct ip network, *grown;

	if (ip_parse_prefix(text, &network) < 0)
		return err_set(err, ERR_INVALID_INPUT,
			       "%.60s is no network: 203.0.113.5/32, 10.0.0.0/8 or 2001:db8::/32, "
			       "with nothing behind the prefix",
			       text);
	for (size_t i = 0; i < rule->network_count; i++)
		if (ip_equal(&rule->networks[i], &network))
			return err_set(err, ERR_INVALID_INPUT, "%.60s is named twice", text);
	if (rule->network_count == FIREWALL_CIDRS_MAX)
		return err_set(err, ERR_INVALID_INPUT, "a rule has at most %d networks",
			       FIREWALL_CIDRS_MAX);
	grown = realloc(rule->networks, (rule->network_count + 1) * sizeof *grown);
	if (grown == NULL)
		return err_set(err, -ENOMEM, "no memory");
	rule->networks = grown;
	rule->networks[rule->network_count++] = network;
	return 0;
}

static bool has_family(const struct firewall_rule *rule, uint8_t family)
{
	for (size_t i = 0; i < rule->network_count; i++)
		if (rule->networks[i].family == family)
			return true;
	return false;
}

int firewall_rule_check(const struct firewall_rule *rule, const char **ret_field, struct err *err)
{
	*ret_field = "port";
	if (firewall_has_ports(rule->protocol) && rule->port_last == 0)
		return err_set(err, ERR_INVALID_INPUT, "%s needs a port, a range or any",
			       firewall_protocol_name(rule->protocol));
	if (!firewall_has_ports(rule->protocol) && rule->port_last != 0)
		return err_set(err, ERR_INVALID_INPUT, "%s has no ports",
			       firewall_protocol_name(rule->protocol));
	*ret_field = rule->direction == FIREWALL_IN ? "source_ips" : "destination_ips";
	if (rule->network_count == 0)
		return err_set(err, ERR_INVALID_INPUT,
			       "name at least one network; 0.0.0.0/0 and ::/0 are everybody");
	if (rule->protocol == FIREWALL_ICMPV6 && has_family(rule, 4))
		return err_set(err, ERR_INVALID_INPUT, "icmpv6 is of IPv6 networks alone");
	*ret_field = "description";
	return rule->description == NULL ? 0
					 : name_check_text("description", rule->description,
							   FIREWALL_DESCRIPTION_MAX_BYTES, err);
}

int firewall_rules_add(struct firewall_rules *rules, struct firewall_rule *rule, struct err *err)
{
	struct firewall_rule taken CLEANUP(firewall_rule_done) = *rule;
	struct firewall_rule *grown;
	size_t entries = taken.network_count;

	*rule = (struct firewall_rule){0};
	for (size_t i = 0; i < rules->count; i++)
		entries += rules->items[i].network_count;
	if (rules->count == FIREWALL_RULES_MAX)
		return err_set(err, ERR_INVALID_INPUT, "a firewall has at most %d rules",
			       FIREWALL_RULES_MAX);
	if (entries > FIREWALL_ENTRIES_MAX)
		return err_set(err, ERR_INVALID_INPUT,
			       "the rules of a firewall name at most %d networks",
			       FIREWALL_ENTRIES_MAX);
	grown = realloc(rules->items, (rules->count + 1) * sizeof *grown);
	if (grown == NULL)
		return err_set(err, -ENOMEM, "no memory");
	rules->items = grown;
	rules->items[rules->count++] = taken;
	taken = (struct firewall_rule){0};
	return 0;
}

/* --- as text --- */

int firewall_rules_format(const struct firewall_rules *rules, struct buf *out)
{
	for (size_t i = 0; i < rules->count; i++) {
		const struct firewall_rule *rule = &rules->items[i];
		char port[FIREWALL_PORT_BYTES] = "-", network[IP_TEXT_BYTES];

		if (firewall_has_ports(rule->protocol))
			firewall_port_format(rule, port);
		(void)buf_printf(out, "%s %s %s ", firewall_direction_name(rule->direction),
				 firewall_protocol_name(rule->protocol), port);
		for (size_t n = 0; n < rule->network_count; n++) {
			ip_format_prefix(&rule->networks[n], network);
			(void)buf_printf(out, "%s%s", n > 0 ? "," : "", network);
		}
		(void)buf_printf(out, "%s%s\n", rule->description != NULL ? " " : "",
				 rule->description != NULL ? rule->description : "");
	}
	return out->error;
}

/* Cuts the next word off; NULL when there is none. */
static char *next_word(char **at)
{
	char *word = *at;
	char *space;

	if (word == NULL || *word == '\0' || *word == ' ')
		return NULL;
	space = strchr(word, ' ');
	if (space != NULL)
		*space++ = '\0';
	*at = space;
	return word;
}

static int read_networks(char *text, struct firewall_rule *rule, struct err *err)
{
	int code = 0;

	while (code == 0 && text != NULL) {
		char *comma = strchr(text, ',');
		if (comma != NULL)
			*comma++ = '\0';
		code = firewall_network_add(rule, text, err);
		text = comma;
	}
	return code;
}

/* @line is cut in place. */
static int read_line(char *line, struct firewall_rule *rule, struct err *err)
{
	char *at = line;
	char *direction = next_word(&at), *protocol = next_word(&at), *port = next_word(&at),
	     *networks = next_word(&at);
	const char *field;
	int code;

	if (networks == NULL || firewall_direction_parse(direction, &rule->direction) < 0 ||
	    firewall_protocol_parse(protocol, &rule->protocol) < 0)
		return err_set(err, ERR_INVALID_INPUT,
			       "a rule is: in|out tcp|udp|icmp|icmpv6|gre|esp PORT|- "
			       "NETWORK,… DESCRIPTION");
	if (strcmp(port, "-") != 0 && (code = firewall_port_parse(port, rule, err)) < 0)
		return code;
	if ((code = read_networks(networks, rule, err)) < 0)
		return code;
	if (at != NULL && *at == '\0')
		return err_set(err, ERR_INVALID_INPUT, "a space with nothing behind it");
	if (at != NULL && (rule->description = strdup(at)) == NULL)
		return err_set(err, -ENOMEM, "no memory");
	return firewall_rule_check(rule, &field, err);
}

int firewall_rules_read(const char *text, struct firewall_rules *ret, struct err *err)
{
	struct firewall_rules rules CLEANUP(firewall_rules_done) = {0};
	AUTO_FREE char *copy = strdup(text);
	char *line = copy;

	if (copy == NULL)
		return err_set(err, -ENOMEM, "no memory");
	while (*line != '\0') {
		struct firewall_rule rule CLEANUP(firewall_rule_done) = {0};
		char *end = strchr(line, '\n');
		int code;

		if (end == NULL)
			return err_set(err, ERR_INVALID_INPUT, "the last line has no end");
		*end = '\0';
		if ((code = read_line(line, &rule, err)) < 0 ||
		    (code = firewall_rules_add(&rules, &rule, err)) < 0)
			return code;
		line = end + 1;
	}
	*ret = rules;
	rules = (struct firewall_rules){0};
	return 0;
}

/* --- what becomes of a packet --- */

static bool is_icmp(uint8_t protocol)
{
	return protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6;
}

static bool protocol_fits(enum firewall_protocol protocol, const struct firewall_packet *packet)
{
	switch (protocol) {
	case FIREWALL_TCP:
		return packet->protocol == IPPROTO_TCP;
	case FIREWALL_UDP:
		return packet->protocol == IPPROTO_UDP;
	case FIREWALL_ICMP:
		return packet->protocol ==
		       (packet->peer.family == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6);
	case FIREWALL_ICMPV6:
		return packet->protocol == IPPROTO_ICMPV6;
	case FIREWALL_GRE:
		return packet->protocol == IPPROTO_GRE;
	case FIREWALL_ESP:
		return packet->protocol == IPPROTO_ESP;
	}
	return false;
}

static bool rule_fits(const struct firewall_rule *rule, const struct firewall_packet *packet)
{
	if (rule->direction != packet->direction || !protocol_fits(rule->protocol, packet))
		return false;
	if (firewall_has_ports(rule->protocol) &&
	    (packet->port < rule->port_first || packet->port > rule->port_last))
		return false;
	for (size_t i = 0; i < rule->network_count; i++)
		if (ip_contains(&rule->networks[i], &packet->peer))
			return true;
	return false;
}

#define ECHO_REQUEST   8
#define ECHO_REQUEST6  128
#define TIMESTAMP      13
#define INFORMATION    15
#define ADDRESS_MASK   17
#define NODE_QUERY6    139
#define FIRST_OF_LINK6 130 /* listeners, routers, neighbours, redirects */
#define LAST_OF_LINK6  137
#define MLD2_REPORT6   143

/* Of one link alone, and never passed on. */
static bool is_of_link(const struct firewall_packet *packet)
{
	return packet->protocol == IPPROTO_ICMPV6 &&
	       ((packet->type >= FIRST_OF_LINK6 && packet->type <= LAST_OF_LINK6) ||
		packet->type == MLD2_REPORT6);
}

/* The kernel's connection tracking: what can be the first packet of something. */
static bool can_begin(const struct firewall_packet *packet)
{
	const uint8_t flags =
		FIREWALL_FLAG_FIN | FIREWALL_FLAG_SYN | FIREWALL_FLAG_RST | FIREWALL_FLAG_ACK;

	if (packet->protocol == IPPROTO_TCP)
		return (packet->flags & flags) == FIREWALL_FLAG_SYN;
	if (packet->protocol == IPPROTO_ICMP)
		return packet->type == ECHO_REQUEST || packet->type == TIMESTAMP ||
		       packet->type == INFORMATION || packet->type == ADDRESS_MASK;
	if (packet->protocol == IPPROTO_ICMPV6)
		return packet->type == ECHO_REQUEST6 || packet->type == NODE_QUERY6;
	return true;
}

static bool is_default(const struct firewall_policy *policy, const struct firewall_packet *packet)
{
	if (packet->protocol == IPPROTO_TCP)
		return packet->port == policy->ssh_port;
	return is_icmp(packet->protocol) &&
	       packet->type == (packet->protocol == IPPROTO_ICMP ? ECHO_REQUEST : ECHO_REQUEST6);
}

static bool says_where_to_go(const struct firewall_policy *policy)
{
	for (size_t i = 0; i < policy->count; i++)
		for (size_t n = 0; n < policy->firewalls[i].rules.count; n++)
			if (policy->firewalls[i].rules.items[n].direction == FIREWALL_OUT)
				return true;
	return false;
}

static struct firewall_verdict because(bool passes, enum firewall_reason reason)
{
	return (struct firewall_verdict){.passes = passes, .reason = reason};
}

struct firewall_verdict firewall_judge(const struct firewall_policy *policy,
				       const struct firewall_packet *packet)
{
	if (packet->is_torn)
		return because(false, FIREWALL_MALFORMED);
	if (is_of_link(packet))
		return because(false, FIREWALL_LINK_ONLY);
	if (packet->is_answer)
		return because(true, FIREWALL_BY_ANSWER);
	if (!can_begin(packet))
		return because(false, FIREWALL_MALFORMED);
	if (packet->direction == FIREWALL_OUT && !policy->smtp_open &&
	    packet->protocol == IPPROTO_TCP && packet->port == FIREWALL_SMTP_PORT)
		return because(false, FIREWALL_SMTP);
	for (size_t i = 0; i < policy->count; i++)
		for (size_t n = 0; n < policy->firewalls[i].rules.count; n++)
			if (rule_fits(&policy->firewalls[i].rules.items[n], packet))
				return (struct firewall_verdict){true, FIREWALL_BY_RULE,
								 policy->firewalls[i].id, n};
	if (packet->direction == FIREWALL_OUT)
		return says_where_to_go(policy) ? because(false, FIREWALL_NO_RULE)
						: because(true, FIREWALL_BY_OPEN);
	if (policy->count == 0 && is_default(policy, packet))
		return because(true, FIREWALL_BY_DEFAULT);
	return because(false, FIREWALL_NO_RULE);
}

bool firewall_admits_ssh(const struct firewall_policy *policy, const struct ip *peer)
{
	const struct firewall_packet packet = {.direction = FIREWALL_IN,
					       .protocol = IPPROTO_TCP,
					       .peer = *peer,
					       .port = policy->ssh_port,
					       .flags = FIREWALL_FLAG_SYN};

	return firewall_judge(policy, &packet).passes;
}

bool firewall_opens_database(const struct firewall_rule *rule, uint16_t *ret_port)
{
	/* MySQL, PostgreSQL, Redis, MongoDB, memcached, SQL Server, Elasticsearch, CouchDB */
	static const uint16_t ports[] = {3306, 5432, 6379, 27017, 11211, 1433, 9200, 5984};
	bool to_all = false;

	if (rule->direction != FIREWALL_IN || !firewall_has_ports(rule->protocol))
		return false;
	for (size_t i = 0; i < rule->network_count; i++)
		to_all = to_all || rule->networks[i].prefix == 0;
	for (size_t i = 0; to_all && i < ARRAY_SIZE(ports); i++)
		if (ports[i] >= rule->port_first && ports[i] <= rule->port_last) {
			*ret_port = ports[i];
			return true;
		}
	return false;
}

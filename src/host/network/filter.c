/*
 * Theory of operation. One table of family inet for each instance; nobody else's rules are touched,
 * and packets that neither come from nor go to one of our taps are not judged.
 *
 *   prerouting (raw): what a tap sends must carry a source that belongs to that very tap; of what
 *                     passes between ports of a private network the kernel keeps no connections,
 *                     where it brings bridged packets here (br_netfilter)
 *   forward (first):  of servers whose plan bounds their bandwidth, what is beyond it (rate.c)
 *   input:            guests reach nothing of the host but neighbour discovery and echo
 *   forward:          what is of one link alone goes nowhere; answers pass; what begins nothing is
 *                     dropped; nothing new reaches a tap that is in `closed`; new traffic goes
 *                     through the chain of the server it comes from, which refuses or returns, and
 *                     that of the server it is for, which decides
 *                     and what is of a private network (segment_rules.c) comes from nowhere else
 *   output:           the many tries of the probe are soon forgotten
 *   postrouting:      a private pool leaves with the host's address
 *
 * Each server has two chains, in_N and out_N, and an element in each of the maps that lead there.
 * What a rule lets in goes on to a third, let_N, which bounds how many that are: there, and not
 * before, so that who knocks where nothing is open takes nobody's place.
 * What belongs to a tap is data in sets and maps and rules of its own chains, so that a server
 * comes and goes, and its filter is changed, by those alone, in one transaction each.
 *
 * The set `closed` is of taps to which nothing new is let in, whatever their rules say; what the
 * host itself asks passes no forward chain.
 *
 * A table of family netdev hears the wire before anything else does: a chain for each tap lets in
 * IPv4, IPv6, and ARP for the server's own address, from its own MAC address and without a tag, and
 * bounds what would fill the host's table of neighbours. Its chains come with the taps, before the
 * guest's first packet. That they are beside the other table lets that one be replaced while taps
 * come and go.
 *
 * A floating address is an element of the same sets; a move is one transaction that takes it from
 * one tap and gives it to another (network.c). How many connections a server has begun is counted
 * in the set `flows`, and how many others have begun with it in `crowds`: what is beyond a bound is
 * dropped before the kernel keeps it.
 *
 * Fragments are put together by the kernel before any of that but the netdev table.
 *
 * What is refused is counted, and told of at a limited rate to a group of nfnetlink_log
 * (network/refusals.c), each server's by itself, so that a flood at one hides nothing of another's.
 */
#include "host/network/filter.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/ip.h"
#include "base/parse.h"
#include "host/network/rate.h"

#define LOG_RATE "limit rate 5/second burst 100 packets"

int filter_tap_name(const char *instance, uint64_t server_id, char out[FILTER_TAP_BYTES])
{
	int len =
		snprintf(out, FILTER_TAP_BYTES, "%s-%llx", instance, (unsigned long long)server_id);

	return len < 0 || len >= FILTER_TAP_BYTES ? -ERANGE : 0;
}

uint64_t filter_tap_server(const char *instance, const char *tap)
{
	const size_t len = strlen(instance);
	uint64_t id = 0;

	if (strncmp(tap, instance, len) != 0 || tap[len] != '-' || tap[len + 1] == '\0')
		return 0;
	for (tap += len + 1; *tap != '\0'; tap++) {
		static const char digits[] = "0123456789abcdef";
		const char *digit = strchr(digits, *tap);
		if (digit == NULL || id >> 60 != 0)
			return 0;
		id = id << 4 | (uint64_t)(digit - digits);
	}
	return id;
}

void filter_table_name(const char *instance, char out[FILTER_TABLE_BYTES])
{
	(void)snprintf(out, FILTER_TABLE_BYTES, "ippo_%s", instance);
}

void filter_chain_name(uint64_t server_id, enum filter_chain chain, char out[FILTER_CHAIN_BYTES])
{
	static const char *const names[] = {"in", "out", "let"};

	(void)snprintf(out, FILTER_CHAIN_BYTES, "%s_%llx", names[chain],
		       (unsigned long long)server_id);
}

uint16_t filter_log_group(const char *instance)
{
	uint32_t hash = 2166136261U; /* FNV-1a; the small numbers are other people's */

	for (; *instance != '\0'; instance++)
		hash = (hash ^ (uint8_t)*instance) * 16777619U;
	return (uint16_t)(0x4000 | (hash & 0x3fff));
}

uint8_t filter_refusal_kind(const char *says, size_t bytes)
{
	static const struct {
		const char *says;
		uint8_t kind;
	} kinds[] = {{FILTER_SAYS_IN, HOST_COUNT_IN},
		     {FILTER_SAYS_OUT, HOST_COUNT_OUT},
		     {FILTER_SAYS_SMTP, HOST_COUNT_SMTP},
		     {FILTER_SAYS_TOO_MANY, HOST_COUNT_TOO_MANY},
		     {FILTER_SAYS_CROWD, HOST_COUNT_CROWD},
		     {FILTER_SAYS_RATE_IN, HOST_COUNT_RATE_IN},
		     {FILTER_SAYS_RATE_OUT, HOST_COUNT_RATE_OUT}};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (strlen(kinds[i].says) == bytes && memcmp(kinds[i].says, says, bytes) == 0)
			return kinds[i].kind;
	return 0;
}

static void write_log(struct buf *out, const char *instance, const char *says)
{
	(void)buf_printf(out, "log group %u snaplen %d prefix \"%s\"", filter_log_group(instance),
			 FILTER_LOG_BYTES, says);
}

static void write_element(struct buf *out, const char *verb, const char *instance, const char *set,
			  const char *text)
{
	(void)buf_printf(out, "%s element inet ippo_%s %s { %s }\n", verb, instance, set, text);
}

static void write_address(struct buf *out, const char *verb, const char *instance, const char *tap,
			  const struct ip *ip)
{
	char address[IP_TEXT_BYTES], text[FILTER_TAP_BYTES + IP_TEXT_BYTES + 8];

	if (ip->family == 4)
		ip_format(ip, address);
	else
		ip_format_prefix(ip, address);
	(void)snprintf(text, sizeof text, "\"%s\" . %s", tap, address);
	write_element(out, verb, instance, ip->family == 4 ? "sources4" : "sources6", text);
	write_element(out, verb, instance, ip->family == 4 ? "guests4" : "guests6", address);
}

static void write_addresses(struct buf *out, const char *verb, const char *instance,
			    const struct host_network *network)
{
	char tap[FILTER_TAP_BYTES], text[FILTER_TAP_BYTES + 8];

	if (filter_tap_name(instance, network->server_id, tap) < 0)
		return;
	if (network->closed) {
		(void)snprintf(text, sizeof text, "\"%s\"", tap);
		write_element(out, verb, instance, "closed", text);
	}
	if (network->ipv4.family == 4)
		write_address(out, verb, instance, tap, &network->ipv4);
	if (network->ipv6.family == 6)
		write_address(out, verb, instance, tap, &network->ipv6);
}

/* The floating addresses of @network that @other (NULL: no server) has not. */
static void write_floating(struct buf *out, const char *verb, const char *instance,
			   const struct host_network *network, const struct host_network *other)
{
	const struct host_filter *filter = &network->filter;
	char tap[FILTER_TAP_BYTES];

	if (filter_tap_name(instance, network->server_id, tap) < 0)
		return;
	for (size_t i = 0; i < filter->floating_count; i++)
		if (other == NULL ||
		    host_floating_find(&other->filter, &filter->floating[i].ip) == NULL)
			write_address(out, verb, instance, tap, &filter->floating[i].ip);
}

/* A scan makes 65535 connections for each family that are never answered: the kernel's table would
 * keep each for two minutes, and when it is full, nobody else's connections get in. */
static void write_probe(struct buf *out, const char *instance, unsigned uid)
{
	static const char *const families[] = {"ip", "ip6"};

	for (size_t i = 0; i < 2; i++)
		(void)buf_printf(out,
				 "\tct timeout probe_%s {\n\t\tprotocol tcp\n\t\tl3proto %s\n"
				 "\t\tpolicy = { syn_sent: 3, syn_recv: 3, close: 1 }\n\t}\n",
				 families[i], families[i]);
	(void)buf_printf(out,
			 "\tchain output {\n"
			 "\t\ttype filter hook output priority filter; policy accept;\n"
			 "\t\tmeta skuid != %u accept\n"
			 "\t\toifname != \"%s-*\" accept\n"
			 "\t\tmeta nfproto ipv4 ct timeout set \"probe_ip\"\n"
			 "\t\tmeta nfproto ipv6 ct timeout set \"probe_ip6\"\n"
			 "\t}\n",
			 uid, instance);
}

/* --- the chains of a server --- */

/* A rule of the server: how many of its networks of a family are to be named. Everybody is none. */
struct scope {
	bool all;
	size_t count;
};

static bool is_inside_another(const struct host_filter *filter, const struct host_filter_rule *rule,
			      uint32_t at)
{
	const struct ip *networks = filter->networks + rule->first_network;

	for (uint32_t i = 0; i < rule->network_count; i++)
		if (i != at && ip_contains(&networks[i], &networks[at]) &&
		    (networks[i].prefix != networks[at].prefix || i < at))
			return true;
	return false;
}

static struct scope scope_of(const struct host_filter *filter, const struct host_filter_rule *rule,
			     uint8_t family)
{
	const struct ip *networks = filter->networks + rule->first_network;
	struct scope scope = {0};

	for (uint32_t i = 0; i < rule->network_count; i++) {
		if (networks[i].family != family || is_inside_another(filter, rule, i))
			continue;
		scope.count++;
		scope.all = scope.all || networks[i].prefix == 0;
	}
	return scope;
}

/* nft refuses a set whose intervals overlap: one inside another is left out. */
static void write_networks(struct buf *out, const struct host_filter *filter,
			   const struct host_filter_rule *rule, uint8_t family, bool is_set)
{
	const struct ip *networks = filter->networks + rule->first_network;
	const char *between = "";
	char text[IP_TEXT_BYTES];

	/* A set of one would cost the kernel a set. */
	(void)buf_printf(out, "%s %s %s", family == 4 ? "ip" : "ip6",
			 rule->out != 0 ? "daddr" : "saddr", is_set ? "{ " : "");
	for (uint32_t i = 0; i < rule->network_count; i++) {
		if (networks[i].family != family || is_inside_another(filter, rule, i))
			continue;
		ip_format_prefix(&networks[i], text);
		(void)buf_printf(out, "%s%s", between, text);
		between = ", ";
	}
	(void)buf_puts(out, is_set ? " } " : " ");
}

static void write_protocol(struct buf *out, const struct host_filter_rule *rule, uint8_t family)
{
	uint8_t protocol = rule->protocol;

	if (protocol == IPPROTO_ICMP && family == 6)
		protocol = IPPROTO_ICMPV6;
	if (rule->echo != 0)
		(void)buf_printf(out, "%s type echo-request ",
				 protocol == IPPROTO_ICMP ? "icmp" : "icmpv6");
	else if (rule->port_last == 0 || rule->port_first == 0)
		(void)buf_printf(out, "meta l4proto %u ", protocol);
	else if (rule->port_first == rule->port_last)
		(void)buf_printf(out, "%s dport %u ", protocol == IPPROTO_TCP ? "tcp" : "udp",
				 rule->port_first);
	else
		(void)buf_printf(out, "%s dport %u-%u ", protocol == IPPROTO_TCP ? "tcp" : "udp",
				 rule->port_first, rule->port_last);
}

/* @family 0: of both, everybody. */
static void write_line(struct buf *out, const char *head, const struct host_filter *filter,
		       const struct host_filter_rule *rule, uint8_t family,
		       const struct scope *scope, const char *verdict)
{
	(void)buf_puts(out, head);
	if (family != 0 && scope->all)
		(void)buf_printf(out, "meta nfproto ipv%u ", family);
	else if (family != 0)
		write_networks(out, filter, rule, family, scope->count > 1);
	write_protocol(out, rule, family);
	(void)buf_printf(out, "counter %s comment \"%llu.%u\"\n", verdict,
			 (unsigned long long)rule->firewall_id, rule->number);
}

static void write_rule(struct buf *out, const char *head, const struct host_filter *filter,
		       const struct host_filter_rule *rule, const char *verdict)
{
	const struct scope v4 = scope_of(filter, rule, 4), v6 = scope_of(filter, rule, 6);
	const bool is_icmp = rule->protocol == IPPROTO_ICMP || rule->protocol == IPPROTO_ICMPV6;

	if (v4.all && v6.all && !is_icmp) {
		write_line(out, head, filter, rule, 0, &v4, verdict);
		return;
	}
	if (v4.count > 0 && rule->protocol != IPPROTO_ICMPV6)
		write_line(out, head, filter, rule, 4, &v4, verdict);
	if (v6.count > 0)
		write_line(out, head, filter, rule, 6, &v6, verdict);
}

static void write_rules(struct buf *out, const char *head, const struct host_filter *filter,
			bool outwards, const char *verdict)
{
	for (size_t i = 0; i < filter->rule_count; i++)
		if ((filter->rules[i].out != 0) == outwards)
			write_rule(out, head, filter, &filter->rules[i], verdict);
}

static void write_refusal(struct buf *out, const char *head, const char *instance, const char *says)
{
	(void)buf_printf(out, "%s" LOG_RATE " ", head);
	write_log(out, instance, says);
	(void)buf_printf(out, "\n%scounter drop comment \"%s\"\n", head, says);
}

/* How many may be let in. What is beyond the rate is not counted as one that is open. */
static void write_bound(struct buf *out, const char *head, const struct host_bound *bound)
{
	if (bound->per_s > 0)
		(void)buf_printf(out,
				 "%slimit rate over %u/second burst %u packets counter goto "
				 "crowded comment \"%s\"\n",
				 head, bound->per_s, bound->burst, FILTER_SAYS_CROWD);
	if (bound->most > 0)
		(void)buf_printf(out,
				 "%sadd @crowds { oifname ct count over %u } counter goto crowded "
				 "comment \"%s\"\n",
				 head, bound->most, FILTER_SAYS_CROWD);
}

/* What is new to its port of SSH is marked while somebody waits for a connection. */
static void write_let(struct buf *out, const char *head, const struct host_filter *filter)
{
	write_bound(out, head, &filter->inwards);
	if (filter->mark != 0)
		(void)buf_printf(out, "%stcp dport %u ct mark set 0x%x\n", head, filter->mark_port,
				 filter->mark);
	(void)buf_printf(out, "%saccept\n", head);
}

/* The rules alone; @heads: what each line begins with in each of the chains. */
static void write_chains_of(struct buf *out, const char *instance,
			    const struct host_network *network,
			    const char *const heads[FILTER_CHAINS])
{
	const struct host_filter *filter = &network->filter;
	char let[FILTER_CHAIN_BYTES], verdict[FILTER_CHAIN_BYTES + 8];

	filter_chain_name(network->server_id, FILTER_CHAIN_LET, let);
	(void)snprintf(verdict, sizeof verdict, "goto %s", let);
	write_let(out, heads[FILTER_CHAIN_LET], filter);
	write_rules(out, heads[0], filter, false, verdict);
	write_refusal(out, heads[0], instance, FILTER_SAYS_IN);
	if (filter->smtp_open == 0)
		(void)buf_printf(out, "%stcp dport 25 counter goto no_mail comment \"%s\"\n",
				 heads[1], FILTER_SAYS_SMTP);
	/* The set outlives the chain: a filter that is changed begins no new count. */
	if (filter->connections_most > 0)
		(void)buf_printf(out,
				 "%sadd @flows { iifname ct count over %u } counter goto too_many "
				 "comment \"%s\"\n",
				 heads[1], filter->connections_most, FILTER_SAYS_TOO_MANY);
	if (filter->connections_per_s > 0)
		(void)buf_printf(out,
				 "%slimit rate over %u/second burst %u packets counter goto "
				 "too_many comment \"%s\"\n",
				 heads[1], filter->connections_per_s, filter->connections_burst,
				 FILTER_SAYS_TOO_MANY);
	if (filter->restrict_out == 0)
		return;
	write_rules(out, heads[1], filter, true, "return");
	write_refusal(out, heads[1], instance, FILTER_SAYS_OUT);
}

/* As commands, for a table that is there. */
static void write_server(struct buf *out, const char *instance, const struct host_network *network,
			 bool is_new)
{
	char chains[FILTER_CHAINS][FILTER_CHAIN_BYTES], heads[FILTER_CHAINS][96], text[128],
		tap[FILTER_TAP_BYTES];

	if (filter_tap_name(instance, network->server_id, tap) < 0)
		return;
	for (size_t i = 0; i < FILTER_CHAINS; i++) {
		filter_chain_name(network->server_id, (enum filter_chain)i, chains[i]);
		(void)snprintf(heads[i], sizeof heads[i], "add rule inet ippo_%s %s ", instance,
			       chains[i]);
		(void)buf_printf(out, "%s chain inet ippo_%s %s\n", is_new ? "add" : "flush",
				 instance, chains[i]);
	}
	write_chains_of(out, instance, network,
			(const char *const[]){heads[0], heads[1], heads[2]});
	for (size_t i = 0; is_new && i < 2; i++) {
		(void)snprintf(text, sizeof text, "\"%s\" : %s %s", tap, i == 1 ? "jump" : "goto",
			       chains[i]);
		write_element(out, "add", instance, i == 1 ? "outbound" : "inbound", text);
	}
}

static void write_no_server(struct buf *out, const char *instance,
			    const struct host_network *network)
{
	char chain[FILTER_CHAIN_BYTES], text[128], tap[FILTER_TAP_BYTES];

	if (filter_tap_name(instance, network->server_id, tap) < 0)
		return;
	for (size_t i = 0; i < FILTER_CHAINS; i++) {
		filter_chain_name(network->server_id, (enum filter_chain)i, chain);
		(void)snprintf(text, sizeof text, "\"%s\" : %s %s", tap, i == 1 ? "jump" : "goto",
			       chain);
		if (i != FILTER_CHAIN_LET)
			write_element(out, "delete", instance, i == 1 ? "outbound" : "inbound",
				      text);
		(void)buf_printf(out, "delete chain inet ippo_%s %s\n", instance, chain);
	}
}

/* --- the table --- */

/* One rule a line: nft's parser takes no closing brace after a statement on the same line. */
static void write_sets(struct buf *out, const char *instance)
{
	(void)buf_printf(out,
			 "table inet ippo_%s {\n"
			 "\tset sources4 {\n\t\ttype ifname . ipv4_addr\n\t}\n"
			 "\tset sources6 {\n\t\ttype ifname . ipv6_addr\n\t\tflags interval\n\t}\n"
			 "\tset guests4 {\n\t\ttype ipv4_addr\n\t}\n"
			 "\tset guests6 {\n\t\ttype ipv6_addr\n\t\tflags interval\n\t}\n"
			 "\tset closed {\n\t\ttype ifname\n\t}\n"
			 "\tset spoofing {\n\t\ttype ifname\n\t\tsize 65535\n"
			 "\t\tflags dynamic,timeout\n\t\ttimeout 1m\n\t}\n"
			 "\tset flows {\n\t\ttype ifname\n\t\tsize 65535\n\t\tflags dynamic\n\t}\n"
			 "\tset crowds {\n\t\ttype ifname\n\t\tsize 65535\n\t\tflags "
			 "dynamic\n\t}\n"
			 "\tmap rated {\n\t\ttype ifname : verdict\n\t}\n"
			 "\tmap inbound {\n\t\ttype ifname : verdict\n\t}\n"
			 "\tmap outbound {\n\t\ttype ifname : verdict\n\t}\n",
			 instance);
}

static void write_prerouting(struct buf *out, const char *instance)
{
	(void)buf_printf(
		out,
		"\tchain prerouting {\n"
		"\t\ttype filter hook prerouting priority raw; policy accept;\n"
		"\t\tiifname \"%s_*\" notrack accept\n"
		"\t\tiifname != \"%s-*\" accept\n"
		"\t\tiifname . ip saddr @sources4 accept\n"
		"\t\tiifname . ip6 saddr @sources6 accept\n"
		"\t\tip6 saddr fe80::/10 ip6 daddr { fe80::/10, ff02::/16 } icmpv6 type { "
		"nd-neighbor-solicit, "
		"nd-neighbor-advert, nd-router-solicit, mld2-listener-report, mld-listener-report, "
		"mld-listener-done } accept\n"
		"\t\tip6 saddr :: ip6 daddr ff02::/16 icmpv6 type { nd-neighbor-solicit, "
		"mld2-listener-report } "
		"accept\n"
		"\t\tupdate @spoofing { iifname limit rate 1/second burst 10 packets } ",
		instance, instance);
	write_log(out, instance, FILTER_SAYS_SPOOFED);
	(void)buf_puts(out, "\n\t\tcounter drop comment \"" FILTER_SAYS_SPOOFED "\"\n\t}\n");
}

static void write_input(struct buf *out, const char *instance)
{
	(void)buf_printf(out,
			 "\tchain input {\n"
			 "\t\ttype filter hook input priority filter; policy accept;\n"
			 "\t\tiifname \"%s.*\" counter drop comment \"private\"\n"
			 "\t\tiifname \"%s_*\" counter drop comment \"private\"\n"
			 "\t\tiifname != \"%s-*\" accept\n"
			 "\t\tct state established,related accept\n"
			 "\t\ticmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, "
			 "nd-router-solicit } accept\n"
			 "\t\ticmp type echo-request limit rate 20/second accept\n"
			 "\t\ticmpv6 type echo-request limit rate 20/second accept\n"
			 "\t\tcounter drop comment \"host\"\n"
			 "\t}\n",
			 instance, instance, instance);
}

/* Where chains of servers lead to. */
static void write_endings(struct buf *out, const char *instance)
{
	static const char *const endings[][2] = {{"no_mail", FILTER_SAYS_SMTP},
						 {"too_many", FILTER_SAYS_TOO_MANY},
						 {"crowded", FILTER_SAYS_CROWD}};

	for (size_t i = 0; i < ARRAY_SIZE(endings); i++) {
		(void)buf_printf(out, "\tchain %s {\n\t\t" LOG_RATE " ", endings[i][0]);
		write_log(out, instance, endings[i][1]);
		(void)buf_puts(out, "\n\t\tdrop\n\t}\n");
	}
}

static void write_forward(struct buf *out, const char *instance)
{
	(void)buf_printf(
		out,
		"\tchain forward {\n"
		"\t\ttype filter hook forward priority filter; policy accept;\n"
		"\t\tiifname \"%s.*\" counter drop comment \"private\"\n"
		"\t\tiifname \"%s_*\" oifname != \"%s_*\" counter drop comment \"private\"\n"
		"\t\toifname \"%s_*\" iifname != \"%s_*\" counter drop comment \"private\"\n"
		"\t\tiifname != \"%s-*\" oifname != \"%s-*\" accept\n"
		"\t\tiifname vmap @rated\n"
		"\t\toifname vmap @rated\n"
		"\t\ticmpv6 type { 130-137, 143 } counter drop comment \"link\"\n"
		"\t\tct state established,related accept\n"
		"\t\tct state invalid counter drop comment \"invalid\"\n"
		"\t\ttcp flags & (fin | syn | rst | ack) != syn counter drop comment "
		"\"stray\"\n"
		/* New traffic from here on. */
		"\t\toifname @closed counter drop comment \"closed\"\n"
		"\t\tiifname vmap @outbound\n"
		"\t\toifname vmap @inbound\n"
		"\t\toifname \"%s-*\" counter drop comment \"nobody\"\n"
		"\t}\n",
		instance, instance, instance, instance, instance, instance, instance, instance);
}

static void write_postrouting(struct buf *out, const char *instance)
{
	(void)buf_printf(out,
			 "\tchain postrouting {\n"
			 "\t\ttype nat hook postrouting priority srcnat; policy accept;\n"
			 "\t\toifname \"%s-*\" accept\n"
			 "\t\tip saddr @guests4 masquerade\n"
			 "\t\tip6 saddr @guests6 masquerade\n"
			 "\t}\n",
			 instance);
}

void filter_write_table(struct buf *out, const char *instance, bool masquerade, unsigned probe_uid,
			const struct host_network *networks, size_t count)
{
	/* Making it first lets the deletion succeed where there was none. */
	(void)buf_printf(out, "table inet ippo_%s\ndelete table inet ippo_%s\n", instance,
			 instance);
	write_sets(out, instance);
	write_prerouting(out, instance);
	write_input(out, instance);
	write_endings(out, instance);
	write_forward(out, instance);
	if (masquerade)
		write_postrouting(out, instance);
	if (probe_uid != 0)
		write_probe(out, instance, probe_uid);
	(void)buf_puts(out, "}\n");
	for (size_t i = 0; i < count; i++) {
		write_server(out, instance, &networks[i], true);
		write_addresses(out, "add", instance, &networks[i]);
		write_floating(out, "add", instance, &networks[i], NULL);
		rate_write_change(out, instance, NULL, &networks[i]);
	}
}

void filter_write_change(struct buf *out, const char *instance, const struct host_network *before,
			 const struct host_network *after)
{
	/* What belongs to the tap in sets is another. */
	const bool moved =
		before != NULL &&
		(after == NULL || before->server_id != after->server_id ||
		 before->closed != after->closed || !ip_equal(&before->ipv4, &after->ipv4) ||
		 !ip_equal(&before->ipv6, &after->ipv6));
	const bool is_new =
		before == NULL || (after != NULL && before->server_id != after->server_id);

	if (moved)
		write_addresses(out, "delete", instance, before);
	if (before != NULL)
		write_floating(out, "delete", instance, before, is_new ? NULL : after);
	rate_write_change(out, instance, before, after);
	if (before != NULL && (after == NULL || is_new))
		write_no_server(out, instance, before);
	if (after == NULL)
		return;
	if (moved || is_new)
		write_addresses(out, "add", instance, after);
	write_floating(out, "add", instance, after, is_new ? NULL : before);
	if (is_new || !host_filter_equal(&before->filter, &after->filter))
		write_server(out, instance, after, is_new);
}

/* --- the wire --- */

/* An address is asked after, and claimed, by who has it; before that by 0.0.0.0. */
static void write_wire_ipv4(struct buf *out, const char *head, const struct host_network *network)
{
	const struct host_filter *filter = &network->filter;
	struct buf own CLEANUP(buf_done) = {0};
	char address[IP_TEXT_BYTES];

	if (network->ipv4.family == 4) {
		ip_format(&network->ipv4, address);
		(void)buf_printf(&own, ", %s", address);
	}
	for (size_t i = 0; i < filter->floating_count; i++) {
		if (filter->floating[i].ip.family != 4)
			continue;
		ip_format(&filter->floating[i].ip, address);
		(void)buf_printf(&own, ", %s", address);
	}
	if (own.len == 0)
		return;
	format_mac(network->mac, address);
	(void)buf_printf(out,
			 "%sether type arp arp saddr ether %s arp saddr ip { 0.0.0.0%s } "
			 "limit rate "
			 "20/second burst 40 packets accept\n"
			 "%sether type ip accept\n",
			 head, address, buf_str(&own), head);
}

void filter_write_wire(struct buf *out, const char *instance, const struct host_network *network)
{
	char tap[FILTER_TAP_BYTES], mac[MAC_TEXT_BYTES], head[96];

	if (filter_tap_name(instance, network->server_id, tap) < 0)
		return;
	format_mac(network->mac, mac);
	(void)buf_printf(
		out,
		"add table netdev ippo_%s\n"
		"add chain netdev ippo_%s wire_%llx { type filter hook ingress device \"%s\" "
		"priority -500; policy drop; }\n"
		"flush chain netdev ippo_%s wire_%llx\n",
		instance, instance, (unsigned long long)network->server_id, tap, instance,
		(unsigned long long)network->server_id);
	(void)snprintf(head, sizeof head, "add rule netdev ippo_%s wire_%llx ", instance,
		       (unsigned long long)network->server_id);
	(void)buf_printf(out, "%sether saddr != %s counter drop comment \"mac\"\n", head, mac);
	write_wire_ipv4(out, head, network);
	(void)buf_printf(
		out,
		"%sether type ip6 icmpv6 type { 133-137 } limit rate over 20/second burst 40 "
		"packets counter drop comment \"neighbours\"\n"
		"%sether type ip6 accept\n"
		"%scounter drop comment \"other\"\n",
		head, head, head);
}

void filter_write_no_wire(struct buf *out, const char *instance, uint64_t server_id)
{
	/* Making it first lets the deletion succeed where there was none. */
	(void)buf_printf(out,
			 "add table netdev ippo_%s\nadd chain netdev ippo_%s wire_%llx\n"
			 "delete chain netdev ippo_%s wire_%llx\n",
			 instance, instance, (unsigned long long)server_id, instance,
			 (unsigned long long)server_id);
}

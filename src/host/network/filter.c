/*
 * Theory of operation. One table of family inet for each instance; nobody else's rules are touched,
 * and packets that neither come from nor go to one of our taps are not judged.
 *
 *   prerouting (raw): what a tap sends must carry a source that belongs to that very tap
 *   input:            guests reach nothing of the host but neighbour discovery and echo
 *   forward:          answers pass; new traffic to a guest only if its rules say so, and none at
 * all while its tap is in `closed`; guests may go out output:           the many tries of the probe
 * are soon forgotten postrouting:      a private pool leaves with the host's address
 *
 * What belongs to a tap is data in sets, not rules, so that a server comes and goes by its elements
 * alone.
 */
#include "host/network/filter.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/ip.h"

int filter_tap_name(const char *instance, uint64_t server_id, char out[FILTER_TAP_BYTES])
{
	int len =
		snprintf(out, FILTER_TAP_BYTES, "%s-%llx", instance, (unsigned long long)server_id);

	return len < 0 || len >= FILTER_TAP_BYTES ? -ERANGE : 0;
}

static void write_element(struct buf *out, const char *verb, const char *instance, const char *set,
			  const char *text)
{
	(void)buf_printf(out, "%s element inet ippo_%s %s { %s }\n", verb, instance, set, text);
}

static void write_elements(struct buf *out, const char *verb, const char *instance,
			   const struct host_network *network)
{
	char tap[FILTER_TAP_BYTES], address[IP_TEXT_BYTES],
		text[FILTER_TAP_BYTES + IP_TEXT_BYTES + 8];

	if (filter_tap_name(instance, network->server_id, tap) < 0)
		return;
	if (network->closed) {
		(void)snprintf(text, sizeof text, "\"%s\"", tap);
		write_element(out, verb, instance, "closed", text);
	}
	if (network->ipv4.family == 4) {
		ip_format(&network->ipv4, address);
		(void)snprintf(text, sizeof text, "\"%s\" . %s", tap, address);
		write_element(out, verb, instance, "sources4", text);
		write_element(out, verb, instance, "guests4", address);
	}
	if (network->ipv6.family == 6) {
		ip_format_prefix(&network->ipv6, address);
		(void)snprintf(text, sizeof text, "\"%s\" . %s", tap, address);
		write_element(out, verb, instance, "sources6", text);
		write_element(out, verb, instance, "guests6", address);
	}
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

/* One rule a line: nft's parser takes no closing brace after a statement on the same line. */
static void write_chains(struct buf *out, const char *instance, bool masquerade, unsigned probe_uid)
{
	(void)buf_printf(out,
			 "table inet ippo_%s {\n"
			 "\tset sources4 {\n\t\ttype ifname . ipv4_addr\n\t}\n"
			 "\tset sources6 {\n\t\ttype ifname . ipv6_addr\n\t\tflags interval\n\t}\n"
			 "\tset guests4 {\n\t\ttype ipv4_addr\n\t}\n"
			 "\tset guests6 {\n\t\ttype ipv6_addr\n\t\tflags interval\n\t}\n"
			 "\tset closed {\n\t\ttype ifname\n\t}\n",
			 instance);
	(void)buf_printf(
		out,
		"\tchain prerouting {\n"
		"\t\ttype filter hook prerouting priority raw; policy accept;\n"
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
		"\t\tdrop\n"
		"\t}\n",
		instance);
	(void)buf_printf(out,
			 "\tchain input {\n"
			 "\t\ttype filter hook input priority filter; policy accept;\n"
			 "\t\tiifname != \"%s-*\" accept\n"
			 "\t\tct state established,related accept\n"
			 "\t\ticmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, "
			 "nd-router-solicit } accept\n"
			 "\t\ticmp type echo-request limit rate 20/second accept\n"
			 "\t\ticmpv6 type echo-request limit rate 20/second accept\n"
			 "\t\tdrop\n"
			 "\t}\n",
			 instance);
	(void)buf_printf(
		out,
		"\tchain inbound {\n"
		"\t\ttcp dport 22 accept\n"
		"\t\ticmp type echo-request accept\n"
		"\t\ticmpv6 type { echo-request, packet-too-big, time-exceeded, parameter-problem, "
		"destination-unreachable } accept\n"
		"\t\tdrop\n"
		"\t}\n"
		"\tchain forward {\n"
		"\t\ttype filter hook forward priority filter; policy accept;\n"
		"\t\tiifname != \"%s-*\" oifname != \"%s-*\" accept\n"
		"\t\tct state established,related accept\n"
		"\t\tct state invalid drop\n"
		"\t\toifname @closed drop\n"
		"\t\toifname \"%s-*\" goto inbound\n"
		"\t\taccept\n"
		"\t}\n",
		instance, instance, instance);
	if (masquerade)
		(void)buf_printf(out,
				 "\tchain postrouting {\n"
				 "\t\ttype nat hook postrouting priority srcnat; policy accept;\n"
				 "\t\toifname \"%s-*\" accept\n"
				 "\t\tip saddr @guests4 masquerade\n"
				 "\t\tip6 saddr @guests6 masquerade\n"
				 "\t}\n",
				 instance);
	if (probe_uid != 0)
		write_probe(out, instance, probe_uid);
	(void)buf_puts(out, "}\n");
}

void filter_write_table(struct buf *out, const char *instance, bool masquerade, unsigned probe_uid,
			const struct host_network *networks, size_t count)
{
	/* Making it first lets the deletion succeed where there was none. */
	(void)buf_printf(out, "table inet ippo_%s\ndelete table inet ippo_%s\n", instance,
			 instance);
	write_chains(out, instance, masquerade, probe_uid);
	for (size_t i = 0; i < count; i++)
		write_elements(out, "add", instance, &networks[i]);
}

void filter_write_change(struct buf *out, const char *instance, const struct host_network *before,
			 const struct host_network *after)
{
	if (before != NULL)
		write_elements(out, "delete", instance, before);
	if (after != NULL)
		write_elements(out, "add", instance, after);
}

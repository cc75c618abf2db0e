/*
 * Theory of operation. One table of family bridge for each instance, beside those of filter.c; it
 * judges nothing but the instance's ports ("<instance>.*").
 *
 *   prerouting: each port has a chain that lets in IPv4 from the port's own addresses and ARP that
 *               speaks of them alone, from its own MAC address, without a tag; no DHCP, no IGMP,
 *               and of broadcasts and ARP only so many. A port without a chain is deaf.
 *   input:      nothing of a segment is for the host
 *   forward:    from a port to a port and nowhere else
 *   output:     and the host sends nothing there
 *
 * Chains are found by a map of interface names, so that they are in force before the interface is
 * there, and come and go in one transaction each.
 */
#include "host/network/segment_rules.h"

#include <stdio.h>

#include "base/cleanup.h"
#include "base/parse.h"
#include "host/network/segment.h"

#define ARP_RATE   "limit rate 50/second burst 200 packets"
#define PROBE_RATE "limit rate 5/second burst 20 packets"
#define LOUD_RATE  "limit rate over 100/second burst 200 packets"

static void write_own(struct buf *out, const struct host_port *port)
{
	char text[IP_TEXT_BYTES];

	ip_format(&port->ip, text);
	(void)buf_printf(out, "{ %s", text);
	for (size_t i = 0; i < port->alias_count; i++) {
		ip_format(&port->aliases[i], text);
		(void)buf_printf(out, ", %s", text);
	}
	(void)buf_puts(out, " }");
}

/* Asked after, and claimed, by who has it; before that by 0.0.0.0 (RFC 5227 section 2.1.1). */
static void write_rules(struct buf *out, const char *head, const struct host_port *port)
{
	struct buf own CLEANUP(buf_done) = {0};
	char mac[MAC_TEXT_BYTES];

	write_own(&own, port);
	format_mac(port->mac, mac);
	(void)buf_printf(out,
			 "%sether saddr != %s counter drop comment \"mac\"\n"
			 "%sether type { 8021q, 8021ad } counter drop comment \"tag\"\n",
			 head, mac, head);
	(void)buf_printf(out,
			 "%sether type arp arp htype 1 arp ptype ip arp hlen 6 arp plen 4 "
			 "arp saddr ether %s arp saddr ip %s " ARP_RATE " accept\n"
			 "%sether type arp arp htype 1 arp ptype ip arp hlen 6 arp plen 4 "
			 "arp operation request arp saddr ether %s arp saddr ip 0.0.0.0 "
			 "arp daddr ip %s " PROBE_RATE " accept\n",
			 head, mac, buf_str(&own), head, mac, buf_str(&own));
	(void)buf_printf(out,
			 "%sether type != ip counter drop comment \"other\"\n"
			 "%sip saddr != %s counter drop comment \"source\"\n"
			 "%sip protocol igmp counter drop comment \"igmp\"\n"
			 "%sudp sport { 67, 68 } counter drop comment \"dhcp\"\n"
			 "%sudp dport { 67, 68 } counter drop comment \"dhcp\"\n"
			 "%smeta pkttype { broadcast, multicast } " LOUD_RATE
			 " counter drop comment \"loud\"\n"
			 "%saccept\n",
			 head, head, buf_str(&own), head, head, head, head, head);
}

static void write_port(struct buf *out, const char *instance, const struct host_port *port,
		       bool is_new)
{
	char tap[SEGMENT_NAME_BYTES], head[96];
	const unsigned long long id = port->id;

	if (segment_port_name(instance, port->id, tap) < 0)
		return;
	(void)buf_printf(out, "%s chain bridge ippo_%s port_%llx\n", is_new ? "add" : "flush",
			 instance, id);
	(void)snprintf(head, sizeof head, "add rule bridge ippo_%s port_%llx ", instance, id);
	write_rules(out, head, port);
	if (is_new)
		(void)buf_printf(out,
				 "add element bridge ippo_%s ports { \"%s\" : goto port_%llx }\n",
				 instance, tap, id);
}

static void write_no_port(struct buf *out, const char *instance, const struct host_port *port)
{
	char tap[SEGMENT_NAME_BYTES];
	const unsigned long long id = port->id;

	if (segment_port_name(instance, port->id, tap) < 0)
		return;
	(void)buf_printf(out,
			 "delete element bridge ippo_%s ports { \"%s\" : goto port_%llx }\n"
			 "delete chain bridge ippo_%s port_%llx\n",
			 instance, tap, id, instance, id);
}

void segment_rules_write_table(struct buf *out, const char *instance,
			       const struct host_network *networks, size_t count)
{
	/* Making it first lets the deletion succeed where there was none. */
	(void)buf_printf(out,
			 "table bridge ippo_%s\ndelete table bridge ippo_%s\n"
			 "table bridge ippo_%s {\n"
			 "\tmap ports {\n\t\ttype ifname : verdict\n\t}\n"
			 "\tchain prerouting {\n"
			 "\t\ttype filter hook prerouting priority -300; policy accept;\n"
			 "\t\tiifname != \"%s.*\" accept\n"
			 "\t\tiifname vmap @ports\n"
			 "\t\tcounter drop comment \"nobody\"\n"
			 "\t}\n",
			 instance, instance, instance, instance);
	(void)buf_printf(out,
			 "\tchain input {\n"
			 "\t\ttype filter hook input priority -300; policy accept;\n"
			 "\t\tiifname \"%s.*\" counter drop comment \"host\"\n"
			 "\t}\n"
			 "\tchain forward {\n"
			 "\t\ttype filter hook forward priority -300; policy accept;\n"
			 "\t\tiifname \"%s.*\" oifname \"%s.*\" accept\n"
			 "\t\tiifname \"%s.*\" counter drop comment \"out\"\n"
			 "\t\toifname \"%s.*\" counter drop comment \"in\"\n"
			 "\t}\n"
			 "\tchain output {\n"
			 "\t\ttype filter hook output priority -300; policy accept;\n"
			 "\t\toifname \"%s.*\" counter drop comment \"host\"\n"
			 "\t}\n"
			 "}\n",
			 instance, instance, instance, instance, instance, instance);
	for (size_t i = 0; i < count; i++)
		for (size_t n = 0; n < networks[i].port_count; n++)
			write_port(out, instance, &networks[i].ports[n], true);
}

static const struct host_port *find(const struct host_network *network, uint64_t port_id)
{
	for (size_t i = 0; network != NULL && i < network->port_count; i++)
		if (network->ports[i].id == port_id)
			return &network->ports[i];
	return NULL;
}

void segment_rules_write_change(struct buf *out, const char *instance,
				const struct host_network *before, const struct host_network *after)
{
	if (before != NULL && after != NULL && host_ports_equal(before, after))
		return;
	for (size_t i = 0; before != NULL && i < before->port_count; i++)
		if (find(after, before->ports[i].id) == NULL)
			write_no_port(out, instance, &before->ports[i]);
	for (size_t i = 0; after != NULL && i < after->port_count; i++)
		write_port(out, instance, &after->ports[i],
			   find(before, after->ports[i].id) == NULL);
}

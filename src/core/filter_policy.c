#include "core/filter_policy.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "model/server.h"
#include "store/store_customer.h"
#include "store/store_server.h"

void filter_policy_done(struct filter_policy *policy)
{
	store_firewall_done(&policy->firewalls);
	*policy = (struct filter_policy){0};
}

int filter_policy_load(struct store *store, uint64_t customer_id, uint64_t server_id,
		       struct filter_policy *ret, struct err *err)
{
	struct filter_policy policy CLEANUP(filter_policy_done) = {0};
	struct customer customer;
	uint64_t applied;
	uint16_t ssh_port = 0;
	int r;

	if ((r = store_customer_get(store, customer_id, &customer, err)) < 0 ||
	    (r = store_server_ssh_port(store, server_id, &ssh_port, err)) < 0 ||
	    (r = store_filter_get(store, server_id, &policy.version, &applied, err)) < 0 ||
	    (r = store_filter_bandwidth(store, server_id, &policy.bandwidth_in,
					&policy.bandwidth_out, err)) < 0 ||
	    (r = store_trial_mark(store, server_id, &policy.mark, err)) < 0 ||
	    (r = store_ip_floating_of(store, server_id, &policy.floating, err)) < 0 ||
	    (r = store_firewall_of_server(store, server_id, &policy.firewalls, err)) < 0)
		return r;
	policy.policy = (struct firewall_policy){.firewalls = policy.firewalls.items,
						 .count = policy.firewalls.count,
						 .ssh_port = ssh_port,
						 .smtp_open = customer.smtp_open};
	*ret = policy;
	policy = (struct filter_policy){0};
	return 0;
}

/* --- as the host is told it --- */

static uint8_t protocol_number(enum firewall_protocol protocol)
{
	switch (protocol) {
	case FIREWALL_TCP:
		return IPPROTO_TCP;
	case FIREWALL_UDP:
		return IPPROTO_UDP;
	case FIREWALL_ICMP:
		return IPPROTO_ICMP;
	case FIREWALL_ICMPV6:
		return IPPROTO_ICMPV6;
	case FIREWALL_GRE:
		return IPPROTO_GRE;
	case FIREWALL_ESP:
		return IPPROTO_ESP;
	}
	return 0;
}

static void add(struct host_filter *filter, const struct host_filter_rule *rule,
		const struct ip *networks, size_t count)
{
	struct host_filter_rule *place = &filter->rules[filter->rule_count++];

	*place = *rule;
	place->first_network = (uint32_t)filter->network_count;
	place->network_count = (uint32_t)count;
	memcpy(filter->networks + filter->network_count, networks, count * sizeof *networks);
	filter->network_count += count;
}

/* A server without any firewall: SSH, and echo. */
static void add_default(struct host_filter *filter, uint16_t ssh_port)
{
	static const struct ip all[] = {{.family = 4}, {.family = 6}};
	const struct host_filter_rule ssh = {
		.protocol = IPPROTO_TCP, .port_first = ssh_port, .port_last = ssh_port};
	const struct host_filter_rule echo = {.protocol = IPPROTO_ICMP, .number = 1, .echo = 1};

	add(filter, &ssh, all, ARRAY_SIZE(all));
	add(filter, &echo, all, ARRAY_SIZE(all));
}

static void add_firewall(struct host_filter *filter, const struct firewall *firewall)
{
	for (size_t i = 0; i < firewall->rules.count; i++) {
		const struct firewall_rule *rule = &firewall->rules.items[i];
		const struct host_filter_rule told = {
			.firewall_id = firewall->id,
			.number = (uint16_t)i,
			.out = rule->direction == FIREWALL_OUT,
			.protocol = protocol_number(rule->protocol),
			.port_first = rule->port_first,
			.port_last = rule->port_last,
		};

		if (told.out)
			filter->restrict_out = 1;
		add(filter, &told, rule->networks, rule->network_count);
	}
}

int filter_policy_for_host(const struct filter_policy *policy, struct host_filter *ret)
{
	struct host_filter filter CLEANUP(host_filter_done) = {
		.version = policy->version,
		.smtp_open = policy->policy.smtp_open,
		.connections_per_s = FIREWALL_CONNECTIONS_PER_S,
		.connections_burst = FIREWALL_CONNECTIONS_BURST,
		.connections_most = FIREWALL_CONNECTIONS_MOST,
		.inwards = {.per_s = FIREWALL_INBOUND_PER_S,
			    .burst = FIREWALL_INBOUND_BURST,
			    .most = FIREWALL_INBOUND_MOST},
		.rate_in_mbit = policy->bandwidth_in,
		.rate_out_mbit = policy->bandwidth_out,
		.mark = policy->mark,
		.mark_port = policy->mark != 0 ? policy->policy.ssh_port : 0,
	};
	size_t rules = 2, networks = 4;

	for (size_t i = 0; i < policy->firewalls.count; i++) {
		const struct firewall_rules *own = &policy->firewalls.items[i].rules;
		rules += own->count;
		for (size_t n = 0; n < own->count; n++)
			networks += own->items[n].network_count;
	}
	filter.rules = calloc(rules, sizeof *filter.rules);
	filter.networks = calloc(networks, sizeof *filter.networks);
	filter.floating = calloc(policy->floating.count + 1, sizeof *filter.floating);
	if (filter.rules == NULL || filter.networks == NULL || filter.floating == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < policy->floating.count; i++)
		filter.floating[filter.floating_count++] =
			(struct host_floating){.ip = policy->floating.items[i].ip,
					       .move = policy->floating.items[i].number};
	if (policy->firewalls.count == 0)
		add_default(&filter, policy->policy.ssh_port);
	for (size_t i = 0; i < policy->firewalls.count; i++)
		add_firewall(&filter, &policy->firewalls.items[i]);
	*ret = filter;
	filter = (struct host_filter){0};
	return 0;
}

int filter_policy_body(struct store *store, const struct server *server, struct buf *out,
		       struct err *err)
{
	struct filter_policy policy CLEANUP(filter_policy_done) = {0};
	struct host_filter_change change CLEANUP(host_filter_change_done) = {0};
	int r = filter_policy_load(store, server->customer_id, server->id, &policy, err);

	if (r < 0)
		return r;
	memcpy(change.uuid, server->uuid, UUID_BYTES);
	if (filter_policy_for_host(&policy, &change.filter) < 0)
		return err_set(err, -ENOMEM, "out of memory");
	host_filter_change_write(out, &change);
	return out->error != 0 ? err_set(err, out->error, "out of memory") : 0;
}

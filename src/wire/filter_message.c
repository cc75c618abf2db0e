#include "wire/filter_message.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "wire/host_message.h"

#define CONNECTIONS_MAX 1000000

void host_filter_done(struct host_filter *filter)
{
	free(filter->rules);
	free(filter->networks);
	free(filter->floating);
	*filter = (struct host_filter){0};
}

static void *copy_of(const void *items, size_t count, size_t bytes)
{
	void *copy = calloc(count > 0 ? count : 1, bytes);

	if (copy != NULL && count > 0)
		memcpy(copy, items, count * bytes);
	return copy;
}

int host_filter_copy(const struct host_filter *from, struct host_filter *ret)
{
	struct host_filter filter CLEANUP(host_filter_done) = *from;

	filter.rules = copy_of(from->rules, from->rule_count, sizeof *from->rules);
	filter.networks = copy_of(from->networks, from->network_count, sizeof *from->networks);
	filter.floating = copy_of(from->floating, from->floating_count, sizeof *from->floating);
	if (filter.rules == NULL || filter.networks == NULL || filter.floating == NULL)
		return -ENOMEM;
	*ret = filter;
	filter = (struct host_filter){0};
	return 0;
}

static bool rule_is_same(const struct host_filter_rule *a, const struct host_filter_rule *b)
{
	return a->firewall_id == b->firewall_id && a->number == b->number && a->out == b->out &&
	       a->protocol == b->protocol && a->echo == b->echo && a->port_first == b->port_first &&
	       a->port_last == b->port_last && a->first_network == b->first_network &&
	       a->network_count == b->network_count;
}

bool host_filter_equal(const struct host_filter *a, const struct host_filter *b)
{
	bool same = a->restrict_out == b->restrict_out && a->smtp_open == b->smtp_open &&
		    a->connections_per_s == b->connections_per_s &&
		    a->connections_burst == b->connections_burst &&
		    a->connections_most == b->connections_most &&
		    a->inwards.per_s == b->inwards.per_s && a->inwards.burst == b->inwards.burst &&
		    a->inwards.most == b->inwards.most && a->mark == b->mark &&
		    a->mark_port == b->mark_port && a->rule_count == b->rule_count &&
		    a->network_count == b->network_count;

	for (size_t i = 0; same && i < a->rule_count; i++)
		same = rule_is_same(&a->rules[i], &b->rules[i]);
	for (size_t i = 0; same && i < a->network_count; i++)
		same = ip_equal(&a->networks[i], &b->networks[i]);
	return same;
}

bool host_rate_equal(const struct host_filter *a, const struct host_filter *b)
{
	return a->rate_in_mbit == b->rate_in_mbit && a->rate_out_mbit == b->rate_out_mbit;
}

const struct host_floating *host_floating_find(const struct host_filter *filter,
					       const struct ip *ip)
{
	for (size_t i = 0; i < filter->floating_count; i++)
		if (ip_equal(&filter->floating[i].ip, ip))
			return &filter->floating[i];
	return NULL;
}

bool host_floating_equal(const struct host_filter *a, const struct host_filter *b)
{
	if (a->floating_count != b->floating_count)
		return false;
	for (size_t i = 0; i < a->floating_count; i++)
		if (host_floating_find(b, &a->floating[i].ip) == NULL)
			return false;
	return true;
}

void host_filter_write(struct buf *out, const struct host_filter *filter)
{
	write_u64(out, filter->version);
	write_u8(out, filter->restrict_out);
	write_u8(out, filter->smtp_open);
	write_u32(out, filter->connections_per_s);
	write_u32(out, filter->connections_burst);
	write_u32(out, filter->connections_most);
	write_u32(out, filter->inwards.per_s);
	write_u32(out, filter->inwards.burst);
	write_u32(out, filter->inwards.most);
	write_u32(out, filter->rate_in_mbit);
	write_u32(out, filter->rate_out_mbit);
	write_u32(out, filter->mark);
	write_u16(out, filter->mark_port);
	write_u32(out, (uint32_t)filter->rule_count);
	for (size_t i = 0; i < filter->rule_count; i++) {
		const struct host_filter_rule *rule = &filter->rules[i];
		write_u64(out, rule->firewall_id);
		write_u16(out, rule->number);
		write_u8(out, rule->out);
		write_u8(out, rule->protocol);
		write_u8(out, rule->echo);
		write_u16(out, rule->port_first);
		write_u16(out, rule->port_last);
		write_u32(out, rule->first_network);
		write_u32(out, rule->network_count);
	}
	write_u32(out, (uint32_t)filter->network_count);
	for (size_t i = 0; i < filter->network_count; i++)
		host_ip_write(out, &filter->networks[i]);
	write_u32(out, (uint32_t)filter->floating_count);
	for (size_t i = 0; i < filter->floating_count; i++) {
		host_ip_write(out, &filter->floating[i].ip);
		write_u64(out, filter->floating[i].move);
	}
}

static bool rule_is_sane(const struct host_filter_rule *rule, const struct host_filter *filter)
{
	const bool has_ports = rule->protocol == IPPROTO_TCP || rule->protocol == IPPROTO_UDP;
	const bool is_icmp = rule->protocol == IPPROTO_ICMP || rule->protocol == IPPROTO_ICMPV6;

	if ((!has_ports && !is_icmp && rule->protocol != IPPROTO_GRE &&
	     rule->protocol != IPPROTO_ESP) ||
	    rule->out > 1 || rule->echo > 1 || (rule->echo != 0 && !is_icmp) ||
	    (has_ports ? rule->port_first > rule->port_last : rule->port_last != 0))
		return false;
	return rule->network_count > 0 && rule->first_network <= filter->network_count &&
	       rule->network_count <= filter->network_count - rule->first_network;
}

static void read_rule(struct reader *in, struct host_filter_rule *rule)
{
	rule->firewall_id = reader_u64(in);
	rule->number = reader_u16(in);
	rule->out = reader_u8(in);
	rule->protocol = reader_u8(in);
	rule->echo = reader_u8(in);
	rule->port_first = reader_u16(in);
	rule->port_last = reader_u16(in);
	rule->first_network = reader_u32(in);
	rule->network_count = reader_u32(in);
}

/* A count of what is to be read, no more than @most. */
static size_t read_count(struct reader *in, size_t most)
{
	const uint32_t count = reader_u32(in);

	if (count > most)
		in->error = ERR_PROTOCOL;
	return in->error == 0 ? count : 0;
}

/* None twice, and none that could be a network of others. */
static int read_floating(struct reader *in, struct host_filter *filter)
{
	const size_t count = read_count(in, HOST_FLOATING_MAX);

	filter->floating = calloc(count + 1, sizeof *filter->floating);
	if (filter->floating == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < count && in->error == 0; i++) {
		const struct ip ip = host_ip_read(in);
		const uint64_t move = reader_u64(in);
		if ((ip.family != 4 || ip.prefix != 32) && (ip.family != 6 || ip.prefix != 64))
			in->error = ERR_PROTOCOL;
		if (host_floating_find(filter, &ip) != NULL)
			in->error = ERR_PROTOCOL;
		filter->floating[filter->floating_count++] =
			(struct host_floating){.ip = ip, .move = move};
	}
	return 0;
}

static bool bound_is_sane(const struct host_bound *bound)
{
	return bound->per_s <= CONNECTIONS_MAX && bound->burst <= CONNECTIONS_MAX &&
	       bound->most <= CONNECTIONS_MAX && (bound->per_s > 0) == (bound->burst > 0);
}

int host_filter_read(struct reader *in, struct host_filter *ret)
{
	struct host_filter filter CLEANUP(host_filter_done) = {0};

	filter.version = reader_u64(in);
	filter.restrict_out = reader_u8(in);
	filter.smtp_open = reader_u8(in);
	filter.connections_per_s = reader_u32(in);
	filter.connections_burst = reader_u32(in);
	filter.connections_most = reader_u32(in);
	filter.inwards.per_s = reader_u32(in);
	filter.inwards.burst = reader_u32(in);
	filter.inwards.most = reader_u32(in);
	filter.rate_in_mbit = reader_u32(in);
	filter.rate_out_mbit = reader_u32(in);
	filter.mark = reader_u32(in);
	filter.mark_port = reader_u16(in);
	filter.rule_count = read_count(in, HOST_FILTER_RULES_MAX);
	filter.rules = calloc(filter.rule_count + 1, sizeof *filter.rules);
	if (filter.rules == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < filter.rule_count; i++)
		read_rule(in, &filter.rules[i]);
	filter.network_count = read_count(in, HOST_FILTER_NETWORKS_MAX);
	filter.networks = calloc(filter.network_count + 1, sizeof *filter.networks);
	if (filter.networks == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < filter.network_count; i++) {
		filter.networks[i] = host_ip_read(in);
		if (filter.networks[i].family == 0)
			in->error = ERR_PROTOCOL;
	}
	if (read_floating(in, &filter) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < filter.rule_count; i++)
		if (!rule_is_sane(&filter.rules[i], &filter))
			in->error = ERR_PROTOCOL;
	const struct host_bound outwards = {filter.connections_per_s, filter.connections_burst,
					    filter.connections_most};
	if (filter.restrict_out > 1 || filter.smtp_open > 1 || !bound_is_sane(&outwards) ||
	    !bound_is_sane(&filter.inwards) || filter.rate_in_mbit > HOST_RATE_MAX_MBIT ||
	    filter.rate_out_mbit > HOST_RATE_MAX_MBIT ||
	    (filter.mark != 0) != (filter.mark_port != 0))
		in->error = ERR_PROTOCOL;
	if (in->error != 0)
		return in->error;
	*ret = filter;
	filter = (struct host_filter){0};
	return 0;
}

void host_counter_write(struct buf *out, const struct host_counter *counter)
{
	write_u8(out, counter->kind);
	write_u64(out, counter->firewall_id);
	write_u16(out, counter->number);
	write_u64(out, counter->packets);
	write_u64(out, counter->bytes);
}

int host_counter_read(struct reader *in, struct host_counter *ret)
{
	struct host_counter counter = {0};

	counter.kind = reader_u8(in);
	counter.firewall_id = reader_u64(in);
	counter.number = reader_u16(in);
	counter.packets = reader_u64(in);
	counter.bytes = reader_u64(in);
	if (counter.kind < HOST_COUNT_RULE || counter.kind > HOST_COUNT_RATE_OUT)
		in->error = ERR_PROTOCOL;
	READER_FINISH(in, ret, counter);
}

void host_refused_write(struct buf *out, const struct host_refused *refused)
{
	write_u8(out, refused->kind);
	write_u8(out, refused->protocol);
	host_ip_write(out, &refused->peer);
	write_u16(out, refused->port);
	write_u32(out, refused->count);
	write_u64(out, (uint64_t)refused->first_ms);
	write_u64(out, (uint64_t)refused->last_ms);
}

int host_refused_read(struct reader *in, struct host_refused *ret)
{
	struct host_refused refused = {0};

	refused.kind = reader_u8(in);
	refused.protocol = reader_u8(in);
	refused.peer = host_ip_read(in);
	refused.port = reader_u16(in);
	refused.count = reader_u32(in);
	refused.first_ms = (int64_t)reader_u64(in);
	refused.last_ms = (int64_t)reader_u64(in);
	if (refused.kind == HOST_COUNT_RULE || refused.kind > HOST_COUNT_CROWD ||
	    refused.peer.family == 0 || refused.first_ms < 0 || refused.last_ms < 0)
		in->error = ERR_PROTOCOL;
	READER_FINISH(in, ret, refused);
}

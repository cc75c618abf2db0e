#include "model/private_network.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "model/pool.h"

/* RFC 1918 section 3. */
static const struct ip private_ranges[] = {{4, 8, {10}}, {4, 12, {172, 16}}, {4, 16, {192, 168}}};

/* The gateway of the public wire: a server that had it in a network could not reach the world. */
static const struct ip public_gateway = {4, 32, {172, 31, 1, 1}};

static const struct {
	enum subnet_type type;
	const char *name;
} types[] = {{SUBNET_CLOUD, "cloud"}, {SUBNET_SERVER, "server"}};

void private_network_done(struct private_network *network)
{
	label_done(&network->labels);
	free(network->subnets);
	*network = (struct private_network){0};
}

const char *private_network_type_name(enum subnet_type type)
{
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (types[i].type == type)
			return types[i].name;
	return "unknown";
}

int private_network_type_parse(const char *text, enum subnet_type *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (strcmp(types[i].name, text) == 0) {
			*ret = types[i].type;
			return 0;
		}
	return -EINVAL;
}

static uint32_t number_of(const struct ip *ip)
{
	return (uint32_t)ip->bytes[0] << 24 | (uint32_t)ip->bytes[1] << 16 |
	       (uint32_t)ip->bytes[2] << 8 | ip->bytes[3];
}

static void address_of(uint32_t number, struct ip *ret)
{
	*ret = (struct ip){.family = 4,
			   .prefix = 32,
			   .bytes = {(uint8_t)(number >> 24), (uint8_t)(number >> 16),
				     (uint8_t)(number >> 8), (uint8_t)number}};
}

static uint32_t last_of(const struct ip *range)
{
	return number_of(range) | (uint32_t)(UINT64_C(0xffffffff) >> range->prefix);
}

int private_network_check_range(const struct ip *range, struct err *err)
{
	bool is_private = false;

	for (size_t i = 0; i < ARRAY_SIZE(private_ranges); i++)
		is_private |= ip_contains(&private_ranges[i], range);
	if (!is_private)
		return err_set(err, ERR_INVALID_INPUT,
			       "must lie inside 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16");
	if (range->prefix > PRIVATE_NETWORK_LONGEST_RANGE)
		return err_set(err, ERR_INVALID_INPUT, "must be a /%d or larger",
			       PRIVATE_NETWORK_LONGEST_RANGE);
	return 0;
}

int private_network_check_growth(const struct ip *before, const struct ip *after, struct err *err)
{
	if (number_of(before) != number_of(after) || after->prefix > before->prefix)
		return err_set(err, ERR_INVALID_INPUT,
			       "only grows: the same first address, and a shorter prefix than /%u",
			       before->prefix);
	return 0;
}

int private_network_check_subnet(const struct private_network *network, const struct ip *range,
				 struct err *err)
{
	char text[IP_TEXT_BYTES];

	ip_format_prefix(&network->range, text);
	if (!ip_contains(&network->range, range))
		return err_set(err, ERR_INVALID_INPUT, "must lie inside the network's %s", text);
	if (range->prefix > PRIVATE_SUBNET_LONGEST_RANGE)
		return err_set(err, ERR_INVALID_INPUT, "must be a /%d or larger",
			       PRIVATE_SUBNET_LONGEST_RANGE);
	for (size_t i = 0; i < network->subnet_count; i++) {
		ip_format_prefix(&network->subnets[i].range, text);
		if (pool_overlap(&network->subnets[i].range, range))
			return err_set(err, ERR_NETWORKS_OVERLAP,
				       "the network has a subnet %s, which shares addresses with "
				       "this one",
				       text);
	}
	if (network->subnet_count >= PRIVATE_NETWORK_SUBNETS_MOST)
		return err_set(err, ERR_LIMIT, "a network has at most %d subnets",
			       PRIVATE_NETWORK_SUBNETS_MOST);
	return 0;
}

/* Past each subnet that is in the way; they are few. */
int private_network_free_subnet(const struct private_network *network, struct ip *ret,
				struct err *err)
{
	const uint64_t count = ip_count(&network->range, PRIVATE_SUBNET_USUAL_RANGE);

	for (uint64_t n = 0; n < count;) {
		const struct ip *in_the_way = NULL;
		struct ip range;
		if (ip_nth(&network->range, PRIVATE_SUBNET_USUAL_RANGE, n, &range) < 0)
			break;
		for (size_t i = 0; in_the_way == NULL && i < network->subnet_count; i++)
			if (pool_overlap(&network->subnets[i].range, &range))
				in_the_way = &network->subnets[i].range;
		if (in_the_way == NULL) {
			*ret = range;
			return 0;
		}
		n = ((uint64_t)last_of(in_the_way) - number_of(&network->range)) / 256 + 1;
	}
	return err_set(err, ERR_NO_SUBNET, "the network has no /%d left for another subnet",
		       PRIVATE_SUBNET_USUAL_RANGE);
}

void private_network_gateway(const struct ip *range, struct ip *ret)
{
	address_of(number_of(range) + 1, ret);
}

const struct subnet *private_network_subnet_of(const struct private_network *network,
					       const struct ip *ip)
{
	for (size_t i = 0; i < network->subnet_count; i++)
		if (ip_contains(&network->subnets[i].range, ip))
			return &network->subnets[i];
	return NULL;
}

static bool is_reserved(const struct private_network *network, const struct subnet *subnet,
			uint32_t number)
{
	return number == number_of(&subnet->range) || number == last_of(&subnet->range) ||
	       number == number_of(&network->range) + 1 || number == number_of(&public_gateway);
}

int private_network_check_address(const struct private_network *network, const char *zone,
				  const struct ip *ip, struct err *err)
{
	const struct subnet *subnet = private_network_subnet_of(network, ip);

	if (ip->family != 4 || subnet == NULL)
		return err_set(err, ERR_INVALID_INPUT, "is in no subnet of the network");
	if (strcmp(subnet->zone, zone) != 0)
		return err_set(err, ERR_INVALID_INPUT,
			       "is in a subnet of zone %s, and the server is in %s", subnet->zone,
			       zone);
	if (is_reserved(network, subnet, number_of(ip)))
		return err_set(err, ERR_INVALID_INPUT,
			       "is reserved: a subnet's first and last address, the network's "
			       "gateway and 172.31.1.1 are no server's");
	return 0;
}

static bool is_used(const struct ip *used, size_t used_count, uint32_t number)
{
	for (size_t i = 0; i < used_count; i++)
		if (number_of(&used[i]) == number)
			return true;
	return false;
}

int private_network_choose(const struct private_network *network, const char *zone,
			   const struct ip *used, size_t used_count, struct ip *ret,
			   struct err *err)
{
	for (size_t i = 0; i < network->subnet_count; i++) {
		const struct subnet *subnet = &network->subnets[i];
		if (strcmp(subnet->zone, zone) != 0)
			continue;
		for (uint32_t number = number_of(&subnet->range) + 1;
		     number < last_of(&subnet->range); number++)
			if (!is_reserved(network, subnet, number) &&
			    !is_used(used, used_count, number)) {
				address_of(number, ret);
				return 0;
			}
	}
	return err_set(err, ERR_NO_SUBNET,
		       "the network has no subnet with a free address in zone %s: add one", zone);
}

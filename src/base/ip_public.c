#include <ifaddrs.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>

#include "base/ip.h"

/* IANA's registry of special-purpose IPv4 addresses; multicast and what is reserved as well. */
static const char *const special_ipv4[] = {
	"0.0.0.0/8",      "10.0.0.0/8",     "100.64.0.0/10",   "127.0.0.0/8",     "169.254.0.0/16",
	"172.16.0.0/12",  "192.0.0.0/24",   "192.0.2.0/24",    "192.31.196.0/24", "192.52.193.0/24",
	"192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15",   "198.51.100.0/24",
	"203.0.113.0/24", "224.0.0.0/3"};

/* All that is global unicast lies in 2000::/3; of that, what is special or has an IPv4 address
 * inside (6to4, Teredo). */
static const char *const special_ipv6[] = {"2001::/23", "2001:db8::/32", "2002::/16",
					   "2620:4f:8000::/48", "3fff::/20"};

static bool is_in(const struct ip *ip, const char *const *networks, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct ip network;
		/* One that cannot be read would be a hole. */
		if (ip_parse_prefix(networks[i], &network) < 0 || ip_contains(&network, ip))
			return true;
	}
	return false;
}

bool ip_is_public(const struct ip *ip)
{
	if (ip->family == 4)
		return !is_in(ip, special_ipv4, sizeof special_ipv4 / sizeof *special_ipv4);
	return ip->family == 6 && (ip->bytes[0] & 0xe0) == 0x20 &&
	       !is_in(ip, special_ipv6, sizeof special_ipv6 / sizeof *special_ipv6);
}

bool ip_from_sockaddr(const struct sockaddr *address, struct ip *ret)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	struct sockaddr_in ipv4;
	struct sockaddr_in6 ipv6;

	*ret = (struct ip){0};
	if (address->sa_family == AF_INET) {
		memcpy(&ipv4, address, sizeof ipv4);
		*ret = (struct ip){.family = 4, .prefix = 32};
		memcpy(ret->bytes, &ipv4.sin_addr, 4);
		return true;
	}
	if (address->sa_family != AF_INET6)
		return false;
	memcpy(&ipv6, address, sizeof ipv6);
	if (memcmp(&ipv6.sin6_addr, mapped, sizeof mapped) == 0) {
		*ret = (struct ip){.family = 4, .prefix = 32};
		memcpy(ret->bytes, ipv6.sin6_addr.s6_addr + 12, 4);
		return true;
	}
	*ret = (struct ip){.family = 6, .prefix = 128};
	memcpy(ret->bytes, &ipv6.sin6_addr, 16);
	return true;
}

/* When that cannot be found out, it might be. */
bool ip_is_own(const struct ip *ip)
{
	struct ifaddrs *all = NULL;
	bool own = false;

	if (getifaddrs(&all) < 0)
		return true;
	for (const struct ifaddrs *at = all; at != NULL && !own; at = at->ifa_next) {
		struct ip one;
		own = at->ifa_addr != NULL && ip_from_sockaddr(at->ifa_addr, &one) &&
		      ip_equal(&one, ip);
	}
	freeifaddrs(all);
	return own;
}

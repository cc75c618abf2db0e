#include "post/reach.h"

#include <string.h>

bool reach_is_allowed(const struct sockaddr *address, const struct config_networks *exceptions)
{
	struct ip ip;

	if (!ip_from_sockaddr(address, &ip))
		return false;
	for (unsigned i = 0; i < exceptions->count; i++)
		if (ip_contains(&exceptions->items[i], &ip))
			return true;
	return ip_is_public(&ip) && !ip_is_own(&ip);
}

bool reach_is_loopback(const struct sockaddr *address)
{
	static const uint8_t loopback[16] = {[15] = 1};
	struct ip ip;

	if (!ip_from_sockaddr(address, &ip))
		return false;
	return ip.family == 4 ? ip.bytes[0] == 127 : memcmp(ip.bytes, loopback, 16) == 0;
}

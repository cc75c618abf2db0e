#include "model/reverse.h"

#include <errno.h>
#include <stdio.h>

#define OCTET_BITS   8
#define NIBBLE_BITS  4
#define V4_LAST_BITS 24 /* of the longest prefix that ends with a label */

/* The length of the prefixes that have a zone each. */
static uint8_t zone_length(const struct ip *pool)
{
	const unsigned step = pool->family == 4 ? OCTET_BITS : NIBBLE_BITS;

	if (pool->family == 4 && pool->prefix > V4_LAST_BITS)
		return pool->prefix;
	return (uint8_t)((pool->prefix + step - 1) / step * step);
}

uint64_t reverse_count(const struct ip *pool)
{
	return ip_count(pool, zone_length(pool));
}

static unsigned nibble(const struct ip *ip, unsigned at)
{
	const unsigned byte = ip->bytes[at / 2];

	return at % 2 == 0 ? byte >> NIBBLE_BITS : byte & 0xf;
}

/* Labels from the last one before @end back to @begin, each with its period. */
static size_t labels(const struct ip *ip, unsigned begin, unsigned end, char *out, size_t size)
{
	size_t len = 0;

	out[0] = '\0';
	while (end-- > begin && len < size)
		len += (size_t)snprintf(out + len, size - len, ip->family == 4 ? "%u." : "%x.",
					ip->family == 4 ? ip->bytes[end] : nibble(ip, end));
	return len;
}

int reverse_zone(const struct ip *pool, uint64_t index, struct ip *prefix,
		 char name[NAME_DNS_BYTES])
{
	const uint8_t length = zone_length(pool);
	struct ip found;
	size_t len = 0;

	if (index >= reverse_count(pool) || ip_nth(pool, length, index, &found) < 0)
		return -ERANGE;
	if (pool->family == 6) {
		len = labels(&found, 0, length / NIBBLE_BITS, name, NAME_DNS_BYTES);
		(void)snprintf(name + len, NAME_DNS_BYTES - len, "ip6.arpa");
	} else {
		const bool is_part = length > V4_LAST_BITS;
		if (is_part)
			len = (size_t)snprintf(name, NAME_DNS_BYTES, "%u/%u.", found.bytes[3],
					       length);
		len += labels(&found, 0, is_part ? 3 : length / OCTET_BITS, name + len,
			      NAME_DNS_BYTES - len);
		(void)snprintf(name + len, NAME_DNS_BYTES - len, "in-addr.arpa");
	}
	*prefix = found;
	return 0;
}

void reverse_owner(const struct ip *prefix, const struct ip *ip, char out[REVERSE_OWNER_BYTES])
{
	const unsigned bits = prefix->family == 4 ? OCTET_BITS : NIBBLE_BITS;
	const unsigned end = prefix->family == 4 ? 4 : 32;
	const unsigned whole = prefix->family == 4 && prefix->prefix > V4_LAST_BITS
				       ? V4_LAST_BITS
				       : prefix->prefix;
	const size_t len = labels(ip, whole / bits, end, out, REVERSE_OWNER_BYTES);

	if (len > 0)
		out[len - 1] = '\0';
}

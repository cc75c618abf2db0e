#include "base/ip.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/parse.h"

static uint8_t address_bits(const struct ip *ip)
{
	return ip->family == 4 ? 32 : 128;
}

int ip_parse(const char *text, struct ip *ret)
{
	struct ip ip = {0};

	if (inet_pton(AF_INET, text, ip.bytes) == 1)
		ip.family = 4;
	else if (inet_pton(AF_INET6, text, ip.bytes) == 1)
		ip.family = 6;
	else
		return -EINVAL;
	ip.prefix = address_bits(&ip);
	*ret = ip;
	return 0;
}

/* Zero every bit from @prefix on. */
static void mask(struct ip *ip, uint8_t prefix)
{
	for (unsigned bit = prefix; bit < 128; bit++)
		ip->bytes[bit / 8] &= (uint8_t) ~(0x80U >> bit % 8);
}

int ip_parse_prefix(const char *text, struct ip *ret)
{
	char address[IP_TEXT_BYTES];
	const char *slash = strchr(text, '/');
	struct ip ip, masked;
	uint64_t length;

	if (slash == NULL || (size_t)(slash - text) >= sizeof address)
		return -EINVAL;
	memcpy(address, text, (size_t)(slash - text));
	address[slash - text] = '\0';
	if (ip_parse(address, &ip) < 0 || parse_u64(slash + 1, 0, address_bits(&ip), &length) < 0)
		return -EINVAL;
	masked = ip;
	mask(&masked, (uint8_t)length);
	if (memcmp(masked.bytes, ip.bytes, sizeof ip.bytes) != 0)
		return -EINVAL;
	ip.prefix = (uint8_t)length;
	*ret = ip;
	return 0;
}

void ip_format(const struct ip *ip, char out[IP_TEXT_BYTES])
{
	if (ip->family == 0 ||
	    inet_ntop(ip->family == 4 ? AF_INET : AF_INET6, ip->bytes, out, IP_TEXT_BYTES) == NULL)
		out[0] = '\0';
}

void ip_format_prefix(const struct ip *ip, char out[IP_TEXT_BYTES])
{
	ip_format(ip, out);
	if (ip->family != 0)
		(void)snprintf(out + strlen(out), IP_TEXT_BYTES - strlen(out), "/%u", ip->prefix);
}

bool ip_contains(const struct ip *prefix, const struct ip *address)
{
	struct ip masked = *address;

	if (prefix->family != address->family || address->prefix < prefix->prefix)
		return false;
	mask(&masked, prefix->prefix);
	return memcmp(masked.bytes, prefix->bytes, sizeof masked.bytes) == 0;
}

bool ip_equal(const struct ip *a, const struct ip *b)
{
	return a->family == b->family && a->prefix == b->prefix &&
	       memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

uint64_t ip_count(const struct ip *pool, uint8_t length)
{
	if (length < pool->prefix || length > address_bits(pool))
		return 0;
	if (length - pool->prefix >= 32)
		return UINT32_MAX;
	return (uint64_t)1 << (length - pool->prefix);
}

int ip_nth(const struct ip *pool, uint8_t length, uint64_t index, struct ip *ret)
{
	struct ip ip = *pool;

	if (index >= ip_count(pool, length))
		return -ERANGE;
	ip.prefix = length;
	/* Put the index's bits, lowest last, just before the new prefix's end. */
	for (unsigned bit = length; index != 0; index >>= 1) {
		bit--;
		if ((index & 1) != 0)
			ip.bytes[bit / 8] |= (uint8_t)(0x80U >> bit % 8);
	}
	*ret = ip;
	return 0;
}

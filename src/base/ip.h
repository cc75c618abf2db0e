// IPv4 and IPv6 addresses and prefixes, as numbers and as canonical text (RFC 5952).
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define IP_TEXT_BYTES 50 /* longest address with prefix length, and the NUL */

struct sockaddr;

struct ip {
	uint8_t family;    /* 4 or 6; 0 means none */
	uint8_t prefix;    /* prefix length: 32 or 128 for a single address */
	uint8_t bytes[16]; /* network order; an IPv4 address fills the first four */
};

int ip_parse(const char *text, struct ip *ret);        /* address without prefix length */
int ip_parse_prefix(const char *text, struct ip *ret); /* address/length; host bits must be zero */
void ip_format(const struct ip *ip, char out[IP_TEXT_BYTES]);        /* address alone */
void ip_format_prefix(const struct ip *ip, char out[IP_TEXT_BYTES]); /* address/length */
bool ip_contains(const struct ip *prefix, const struct ip *address);
bool ip_equal(const struct ip *a, const struct ip *b);
/** ip_nth() - the @index-th sub-prefix of length @length inside @pool; -ERANGE past its end. */
int ip_nth(const struct ip *pool, uint8_t length, uint64_t index, struct ip *ret);
/** ip_count() - how many sub-prefixes of @length fit in @pool, at most UINT32_MAX. */
uint64_t ip_count(const struct ip *pool, uint8_t length);
/** ip_is_public() - by the registries of special addresses alone (RFC 6890). */
bool ip_is_public(const struct ip *ip);
/** ip_is_own() - an interface of this machine has it, as far as that can be found out; else true.
 * Needs a netlink socket. */
bool ip_is_own(const struct ip *ip);
/** ip_from_sockaddr() - of IPv4, also mapped into IPv6, and of IPv6; false for any other. */
bool ip_from_sockaddr(const struct sockaddr *address, struct ip *ret);

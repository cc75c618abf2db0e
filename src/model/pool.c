#include "model/pool.h"

#include <errno.h>

#define POOL_MIN_V4_PREFIX 8
#define POOL_MIN_V6_PREFIX 16

int pool_check(const struct pool *pool, struct err *err)
{
	int r = name_check_slug(pool->name, err);

	if (r < 0)
		return r;
	if (pool->prefix.family == 4) {
		if (pool->prefix.prefix < POOL_MIN_V4_PREFIX || pool->prefix.prefix > 32)
			return err_set(err, ERR_INVALID_INPUT,
				       "an IPv4 pool must be between /%d and /32",
				       POOL_MIN_V4_PREFIX);
	} else if (pool->prefix.family == 6) {
		if (pool->prefix.prefix < POOL_MIN_V6_PREFIX ||
		    pool->prefix.prefix > POOL_V6_LENGTH)
			return err_set(err, ERR_INVALID_INPUT,
				       "an IPv6 pool must be between /%d and /%d",
				       POOL_MIN_V6_PREFIX, POOL_V6_LENGTH);
	} else {
		return err_set(err, ERR_INVALID_INPUT,
			       "the pool's prefix must be such as 203.0.113.0/24 or "
			       "2001:db8::/48");
	}
	return 0;
}

/* How many addresses at the start and at the end no server gets. */
static uint64_t skipped_first(const struct ip *prefix)
{
	return prefix->family == 4 && prefix->prefix < 31 ? 2 : 0;
}

static uint64_t skipped_last(const struct ip *prefix)
{
	return prefix->family == 4 && prefix->prefix < 31 ? 1 : 0;
}

static uint8_t item_length(const struct ip *prefix)
{
	return prefix->family == 4 ? 32 : POOL_V6_LENGTH;
}

uint64_t pool_usable(const struct ip *prefix)
{
	uint8_t length = item_length(prefix);
	uint64_t count;

	if (prefix->prefix > length)
		return 0;
	count = length - prefix->prefix >= 32 ? UINT32_MAX - 1
					      : UINT64_C(1) << (length - prefix->prefix);
	return count - skipped_first(prefix) - skipped_last(prefix);
}

int pool_address(const struct ip *prefix, uint64_t index, struct ip *ret)
{
	if (index >= pool_usable(prefix))
		return -ERANGE;
	return ip_nth(prefix, item_length(prefix), index + skipped_first(prefix), ret);
}

bool pool_overlap(const struct ip *a, const struct ip *b)
{
	return ip_contains(a, b) || ip_contains(b, a);
}

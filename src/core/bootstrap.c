#include "core/bootstrap.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/ip.h"
#include "base/secret.h"
#include "store/store.h"

#define DEFAULT_INSTANCE "ippo"
#define DEFAULT_IPV4     "10.77.0.0/24"

/* Two instances on one machine must not give the same addresses: where the settings name no pool,
 * any instance but the usual one takes its IPv4 from another range, by its name, and IPv6 is a
 * random unique local prefix (RFC 4193). */
static void choose_ipv4(const char *instance, char ret[IP_TEXT_BYTES])
{
	uint8_t hash[SECRET_HASH_BYTES];

	(void)snprintf(ret, IP_TEXT_BYTES, DEFAULT_IPV4);
	if (strcmp(instance, DEFAULT_INSTANCE) != 0) {
		secret_hash(instance, strlen(instance), hash);
		(void)snprintf(ret, IP_TEXT_BYTES, "10.78.%u.0/24", hash[0]);
	}
}

static void choose_ipv6(char ret[IP_TEXT_BYTES])
{
	struct ip ula = {.family = 6, .prefix = 48, .bytes = {0xfd}};

	secret_random(ula.bytes + 1, 5);
	ip_format_prefix(&ula, ret);
}

int bootstrap_run(struct store *store, const struct bootstrap_options *wanted, struct err *err)
{
	char ipv4[IP_TEXT_BYTES], ipv6[IP_TEXT_BYTES];
	struct store_defaults_pool pools[] = {
		{.name = "private-ipv4", .prefix = wanted->pool_ipv4},
		{.name = "private-ipv6", .prefix = wanted->pool_ipv6},
	};
	const struct store_defaults_options options = {
		.pools = pools, .pool_count = ARRAY_SIZE(pools), .now_ms = clock_now_ms()};

	if (wanted->pool_ipv4[0] == '\0') {
		choose_ipv4(wanted->instance, ipv4);
		pools[0].prefix = ipv4;
	}
	if (wanted->pool_ipv6[0] == '\0') {
		choose_ipv6(ipv6);
		pools[1].prefix = ipv6;
	}
	return store_defaults(store, &options, err);
}

#include "core/bootstrap.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/ip.h"
#include "base/secret.h"
#include "store/store.h"

#define DEFAULT_INSTANCE "ippo"

/* Two instances on one machine must not give the same addresses: any but the usual one takes its
 * IPv4 pool from another range, by its name. IPv6 is a random unique local prefix (RFC 4193). */
int bootstrap_run(struct store *store, const char *instance, struct err *err)
{
	uint8_t hash[SECRET_HASH_BYTES];
	char ipv4[IP_TEXT_BYTES] = "10.77.0.0/24";
	char ipv6[IP_TEXT_BYTES];
	struct ip ula = {.family = 6, .prefix = 48, .bytes = {0xfd}};
	struct store_defaults_pool pools[] = {
		{.name = "private-ipv4", .prefix = ipv4},
		{.name = "private-ipv6", .prefix = ipv6},
	};
	struct store_defaults_options options = {
		.pools = pools, .pool_count = ARRAY_SIZE(pools), .now_ms = clock_now_ms()};

	if (strcmp(instance, DEFAULT_INSTANCE) != 0) {
		secret_hash(instance, strlen(instance), hash);
		(void)snprintf(ipv4, sizeof(ipv4), "10.78.%u.0/24", hash[0]);
	}
	secret_random(ula.bytes + 1, 5);
	ip_format_prefix(&ula, ipv6);
	return store_defaults(store, &options, err);
}

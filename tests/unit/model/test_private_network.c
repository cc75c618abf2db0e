// Ranges, subnets and addresses of private networks, each rule at its limit and one past it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "model/private_network.h"

static struct ip range_of(const char *text)
{
	struct ip ip;

	if (ip_parse_prefix(text, &ip) < 0 && ip_parse(text, &ip) < 0)
		fail_msg("%s", text);
	return ip;
}

static void ranges(void **state)
{
	static const struct {
		const char *text;
		int code;
	} cases[] = {{"10.0.0.0/8", 0},
		     {"10.255.255.0/24", 0},
		     {"172.16.0.0/12", 0},
		     {"172.31.0.0/16", 0},
		     {"192.168.0.0/16", 0},
		     {"10.0.0.0/7", ERR_INVALID_INPUT},
		     {"10.0.0.0/25", ERR_INVALID_INPUT},
		     {"11.0.0.0/8", ERR_INVALID_INPUT},
		     {"172.16.0.0/11", ERR_INVALID_INPUT},
		     {"172.32.0.0/16", ERR_INVALID_INPUT},
		     {"192.168.0.0/15", ERR_INVALID_INPUT},
		     {"192.169.0.0/16", ERR_INVALID_INPUT},
		     {"0.0.0.0/0", ERR_INVALID_INPUT},
		     {"fd00::/64", ERR_INVALID_INPUT}};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct ip ip;
		/* 10.0.0.0/7 and the like have bits beyond: they are no prefix at all. */
		const int code = ip_parse_prefix(cases[i].text, &ip) < 0
					 ? ERR_INVALID_INPUT
					 : private_network_check_range(&ip, NULL);
		if (code != cases[i].code)
			fail_msg("%s: %d", cases[i].text, code);
	}
}

static void growth(void **state)
{
	static const struct {
		const char *after;
		int code;
	} cases[] = {{"10.4.0.0/16", 0},
		     {"10.4.0.0/14", 0},
		     {"10.4.0.0/17", ERR_INVALID_INPUT},
		     {"10.5.0.0/16", ERR_INVALID_INPUT},
		     {"10.0.0.0/8", ERR_INVALID_INPUT}};
	const struct ip before = range_of("10.4.0.0/16");

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct ip after = range_of(cases[i].after);
		assert_int_equal(private_network_check_growth(&before, &after, NULL),
				 cases[i].code);
	}
}

static void subnets_lie_beside_each_other(void **state)
{
	struct subnet subnets[PRIVATE_NETWORK_SUBNETS_MOST] = {
		{.type = SUBNET_CLOUD, .range = range_of("10.0.1.0/24"), .zone = "a"},
		{.type = SUBNET_CLOUD, .range = range_of("10.0.4.0/22"), .zone = "a"}};
	struct private_network network = {
		.range = range_of("10.0.0.0/16"), .subnets = subnets, .subnet_count = 2};
	static const struct {
		const char *text;
		int code;
	} cases[] = {{"10.0.2.0/24", 0},
		     {"10.0.8.0/30", 0},
		     {"10.0.8.0/31", ERR_INVALID_INPUT},
		     {"10.1.0.0/24", ERR_INVALID_INPUT},
		     {"10.0.0.0/15", ERR_INVALID_INPUT},
		     {"10.0.0.0/16", ERR_NETWORKS_OVERLAP},
		     {"10.0.1.0/24", ERR_NETWORKS_OVERLAP},
		     {"10.0.1.128/25", ERR_NETWORKS_OVERLAP},
		     {"10.0.7.0/24", ERR_NETWORKS_OVERLAP}};
	struct ip ip;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		ip = range_of(cases[i].text);
		if (private_network_check_subnet(&network, &ip, NULL) != cases[i].code)
			fail_msg("%s", cases[i].text);
	}
	/* Which is free is found past those that are in the way. */
	assert_int_equal(private_network_free_subnet(&network, &ip, NULL), 0);
	assert_true(ip_equal(&ip, &(struct ip){4, 24, {10, 0, 0, 0}}));
	subnets[0].range = range_of("10.0.0.0/22");
	assert_int_equal(private_network_free_subnet(&network, &ip, NULL), 0);
	assert_true(ip_equal(&ip, &(struct ip){4, 24, {10, 0, 8, 0}}));
	subnets[1].range = range_of("10.0.8.0/30");
	assert_int_equal(private_network_free_subnet(&network, &ip, NULL), 0);
	assert_true(ip_equal(&ip, &(struct ip){4, 24, {10, 0, 4, 0}}));
	network.subnet_count = 1;
	subnets[0].range = network.range;
	assert_int_equal(private_network_free_subnet(&network, &ip, NULL), ERR_NO_SUBNET);
	/* As many as there may be, and one more. */
	for (size_t i = 0; i < PRIVATE_NETWORK_SUBNETS_MOST; i++)
		subnets[i].range = (struct ip){4, 24, {10, 0, (uint8_t)i}};
	ip = range_of("10.0.200.0/24");
	network.subnet_count = PRIVATE_NETWORK_SUBNETS_MOST - 1;
	assert_int_equal(private_network_check_subnet(&network, &ip, NULL), 0);
	network.subnet_count = PRIVATE_NETWORK_SUBNETS_MOST;
	assert_int_equal(private_network_check_subnet(&network, &ip, NULL), ERR_LIMIT);
}

static void addresses(void **state)
{
	struct subnet subnets[] = {{.range = range_of("172.31.0.0/29"), .zone = "a"},
				   {.range = range_of("172.31.1.0/29"), .zone = "a"},
				   {.range = range_of("172.31.2.0/24"), .zone = "b"}};
	struct private_network network = {.range = range_of("172.31.0.0/16"),
					  .subnets = subnets,
					  .subnet_count = ARRAY_SIZE(subnets)};
	static const struct {
		const char *ip;
		int code;
	} cases[] = {{"172.31.0.2", 0},
		     {"172.31.0.6", 0},
		     {"172.31.1.2", 0},
		     {"172.31.0.0", ERR_INVALID_INPUT}, /* the subnet's first */
		     {"172.31.0.7", ERR_INVALID_INPUT}, /* and last */
		     {"172.31.0.1", ERR_INVALID_INPUT}, /* the gateway's */
		     {"172.31.1.1", ERR_INVALID_INPUT}, /* that of the public wire */
		     {"172.31.0.8", ERR_INVALID_INPUT}, /* of no subnet */
		     {"172.31.2.9", ERR_INVALID_INPUT}, /* of another zone */
		     {"fd00::1", ERR_INVALID_INPUT}};
	struct ip used[32], ip;
	size_t count = 0;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		ip = range_of(cases[i].ip);
		if (private_network_check_address(&network, "a", &ip, NULL) != cases[i].code)
			fail_msg("%s", cases[i].ip);
	}
	/* Five of the one subnet, and then five of the other: never a reserved one. */
	while (private_network_choose(&network, "a", used, count, &ip, NULL) == 0) {
		assert_int_equal(private_network_check_address(&network, "a", &ip, NULL), 0);
		used[count++] = ip;
		assert_in_range(count, 1, 10);
	}
	assert_int_equal(count, 10);
	assert_true(ip_equal(&used[0], &(struct ip){4, 32, {172, 31, 0, 2}}));
	assert_true(ip_equal(&used[9], &(struct ip){4, 32, {172, 31, 1, 6}}));
	assert_int_equal(private_network_choose(&network, "c", used, 0, &ip, NULL), ERR_NO_SUBNET);
	private_network_gateway(&network.range, &ip);
	assert_true(ip_equal(&ip, &(struct ip){4, 32, {172, 31, 0, 1}}));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ranges),
		cmocka_unit_test(growth),
		cmocka_unit_test(subnets_lie_beside_each_other),
		cmocka_unit_test(addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

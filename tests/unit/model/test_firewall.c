// Firewalls: what a rule may be, its text, and what becomes of packets.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "model/firewall.h"

static int reads(const char *text)
{
	struct firewall_rules rules CLEANUP(firewall_rules_done) = {0};

	return firewall_rules_read(text, &rules, NULL);
}

static void rules_are_strict(void **state)
{
	static const char *const good[] = {"", "in tcp 22 0.0.0.0/0\n",
					   "out udp 1-65535 2001:db8::/32 two words\n",
					   "in tcp any 10.0.0.0/8,::/0 \xe7\xaa\x93\n",
					   "out icmp - ::/0\nout esp - 192.0.2.7/32\n"};
	static const char *const bad[] = {"in tcp 22 0.0.0.0/0",
					  "in tcp 0 0.0.0.0/0\n",
					  "in tcp 65536 0.0.0.0/0\n",
					  "in tcp 022 0.0.0.0/0\n",
					  "in tcp 90-80 0.0.0.0/0\n",
					  "in tcp 80-80 0.0.0.0/0\n",
					  "in tcp -80 0.0.0.0/0\n",
					  "in tcp - 0.0.0.0/0\n",
					  "in icmp 22 0.0.0.0/0\n",
					  "in icmpv6 - 0.0.0.0/0\n",
					  "in sctp 22 0.0.0.0/0\n",
					  "up tcp 22 0.0.0.0/0\n",
					  "in tcp 22 10.0.0.1/8\n",
					  "in tcp 22 10.0.0.1\n",
					  "in tcp 22 10.0.0.0/8,10.0.0.0/8\n",
					  "in tcp 22 10.0.0.0/8,\n",
					  "in tcp 22 \n",
					  "in tcp 22 10.0.0.0/8 \n",
					  "in  tcp 22 10.0.0.0/8\n",
					  "in tcp 22 10.0.0.0/8 a\tb\n",
					  "in tcp 22 10.0.0.0/8 \xff\n"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_int_equal(reads(good[i]), 0);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (reads(bad[i]) != ERR_INVALID_INPUT)
			fail_msg("taken: %s", bad[i]);
}

static void text_is_whole(void **state)
{
	static const char text[] = "in tcp 22 0.0.0.0/0,::/0 SSH\nout udp any 8.8.8.8/32\n"
				   "in gre - 10.0.0.0/8\n";
	struct firewall_rules rules CLEANUP(firewall_rules_done) = {0};
	struct buf out CLEANUP(buf_done) = {0};

	(void)state;
	assert_int_equal(firewall_rules_read(text, &rules, NULL), 0);
	assert_int_equal(firewall_rules_format(&rules, &out), 0);
	assert_string_equal(buf_str(&out), text);
}

static void limits_hold(void **state)
{
	struct firewall_rules rules CLEANUP(firewall_rules_done) = {0};
	struct firewall_rule wide CLEANUP(firewall_rule_done) = {0};
	char network[32];

	(void)state;
	for (int i = 0; i <= FIREWALL_CIDRS_MAX; i++) {
		(void)snprintf(network, sizeof network, "10.0.%d.0/24", i);
		assert_int_equal(firewall_network_add(&wide, network, NULL),
				 i < FIREWALL_CIDRS_MAX ? 0 : ERR_INVALID_INPUT);
	}
	for (int i = 0; i <= FIREWALL_RULES_MAX; i++) {
		struct firewall_rule rule = {.direction = FIREWALL_IN, .protocol = FIREWALL_GRE};
		assert_int_equal(firewall_network_add(&rule, "10.0.0.0/8", NULL), 0);
		assert_int_equal(firewall_rules_add(&rules, &rule, NULL),
				 i < FIREWALL_RULES_MAX ? 0 : ERR_INVALID_INPUT);
	}
	firewall_rules_done(&rules);
	for (int i = 0; i <= FIREWALL_ENTRIES_MAX / FIREWALL_CIDRS_MAX; i++) {
		struct firewall_rule rule = {.direction = FIREWALL_IN, .protocol = FIREWALL_GRE};
		for (int n = 0; n < FIREWALL_CIDRS_MAX; n++) {
			(void)snprintf(network, sizeof network, "10.0.%d.0/24", n);
			assert_int_equal(firewall_network_add(&rule, network, NULL), 0);
		}
		assert_int_equal(firewall_rules_add(&rules, &rule, NULL),
				 i < FIREWALL_ENTRIES_MAX / FIREWALL_CIDRS_MAX ? 0
									       : ERR_INVALID_INPUT);
	}
}

static bool ssh_from(const struct firewall_policy *policy, const char *peer)
{
	struct ip ip;

	assert_int_equal(ip_parse(peer, &ip), 0);
	return firewall_admits_ssh(policy, &ip);
}

/* Whose way in a change would cut: by address, family, and server without a firewall. */
static void way_in(void **state)
{
	struct firewall firewall CLEANUP(firewall_done) = {.id = 7};
	struct firewall_policy policy = {.ssh_port = 22};

	(void)state;
	assert_true(ssh_from(&policy, "203.0.113.5"));
	assert_true(ssh_from(&policy, "2001:db8::5"));
	policy.firewalls = &firewall;
	policy.count = 1;
	assert_false(ssh_from(&policy, "203.0.113.5"));
	assert_int_equal(firewall_rules_read("in tcp 20-30 203.0.113.0/24\n"
					     "in udp 22 ::/0\n",
					     &firewall.rules, NULL),
			 0);
	assert_true(ssh_from(&policy, "203.0.113.5"));
	assert_false(ssh_from(&policy, "198.51.100.5"));
	assert_false(ssh_from(&policy, "2001:db8::5"));
	policy.ssh_port = 10022;
	assert_false(ssh_from(&policy, "203.0.113.5"));
}

static bool opens(const char *text, uint16_t expected)
{
	struct firewall_rules rules CLEANUP(firewall_rules_done) = {0};
	uint16_t port = 0;

	assert_int_equal(firewall_rules_read(text, &rules, NULL), 0);
	return firewall_opens_database(&rules.items[0], &port) && port == expected;
}

static void databases(void **state)
{
	(void)state;
	assert_true(opens("in tcp 3306 0.0.0.0/0\n", 3306));
	assert_true(opens("in tcp any ::/0\n", 3306));
	assert_true(opens("in tcp 5000-6000 10.0.0.0/8,::/0\n", 5432));
	assert_false(opens("in tcp 3306 10.0.0.0/8\n", 3306));
	assert_false(opens("in tcp 443 0.0.0.0/0\n", 443));
	assert_false(opens("out tcp 3306 0.0.0.0/0\n", 3306));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules_are_strict), cmocka_unit_test(text_is_whole),
		cmocka_unit_test(limits_hold),      cmocka_unit_test(way_in),
		cmocka_unit_test(databases),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

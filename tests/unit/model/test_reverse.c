// Which zones the reverse names of a pool need, and the names in them.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "model/reverse.h"

static struct ip prefix(const char *text)
{
	struct ip ip;

	assert_int_equal(ip_parse_prefix(text, &ip), 0);
	return ip;
}

static void zones_end_with_a_label(void **state)
{
	static const struct {
		const char *pool;
		uint64_t count;
		const char *first, *first_prefix, *last;
	} cases[] = {
		{"10.0.0.0/8", 1, "10.in-addr.arpa", "10.0.0.0/8", "10.in-addr.arpa"},
		{"10.128.0.0/9", 128, "128.10.in-addr.arpa", "10.128.0.0/16",
		 "255.10.in-addr.arpa"},
		{"10.77.0.0/16", 1, "77.10.in-addr.arpa", "10.77.0.0/16", "77.10.in-addr.arpa"},
		{"198.18.4.0/22", 4, "4.18.198.in-addr.arpa", "198.18.4.0/24",
		 "7.18.198.in-addr.arpa"},
		{"203.0.113.0/24", 1, "113.0.203.in-addr.arpa", "203.0.113.0/24",
		 "113.0.203.in-addr.arpa"},
		{"192.0.2.64/26", 1, "64/26.2.0.192.in-addr.arpa", "192.0.2.64/26",
		 "64/26.2.0.192.in-addr.arpa"},
		{"192.0.2.7/32", 1, "7/32.2.0.192.in-addr.arpa", "192.0.2.7/32",
		 "7/32.2.0.192.in-addr.arpa"},
		{"2001:db8::/32", 1, "8.b.d.0.1.0.0.2.ip6.arpa", "2001:db8::/32",
		 "8.b.d.0.1.0.0.2.ip6.arpa"},
		{"2001:db8::/46", 4, "0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa", "2001:db8::/48",
		 "3.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"},
		{"2001:db8:0:ff00::/64", 1, "0.0.f.f.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa",
		 "2001:db8:0:ff00::/64", "0.0.f.f.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct ip pool = prefix(cases[i].pool);
		char name[NAME_DNS_BYTES], text[IP_TEXT_BYTES];
		struct ip found;
		assert_int_equal(reverse_count(&pool), cases[i].count);
		assert_int_equal(reverse_zone(&pool, 0, &found, name), 0);
		ip_format_prefix(&found, text);
		assert_string_equal(name, cases[i].first);
		assert_string_equal(text, cases[i].first_prefix);
		assert_int_equal(reverse_zone(&pool, cases[i].count - 1, &found, name), 0);
		assert_string_equal(name, cases[i].last);
		assert_true(reverse_zone(&pool, cases[i].count, &found, name) < 0);
		assert_true(cases[i].count <= REVERSE_MAX_ZONES);
	}
}

static void names_are_below_their_zone(void **state)
{
	static const struct {
		const char *prefix, *ip, *owner;
	} cases[] = {
		{"10.0.0.0/8", "10.1.2.3", "3.2.1"},
		{"10.77.0.0/16", "10.77.9.255", "255.9"},
		{"203.0.113.0/24", "203.0.113.7", "7"},
		{"192.0.2.64/26", "192.0.2.65", "65"},
		{"192.0.2.7/32", "192.0.2.7", "7"},
		{"2001:db8::/48", "2001:db8:0:12::ab", "b.a.0.0.0.0.0.0.0.0.0.0.0.0.0.0.2.1.0.0"},
		{"2001:db8:0:ff00::/64", "2001:db8:0:ff00::1", "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0"},
		{"2000::/16", "2000::1", "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct ip zone = prefix(cases[i].prefix);
		char owner[REVERSE_OWNER_BYTES];
		struct ip ip;
		assert_int_equal(ip_parse(cases[i].ip, &ip), 0);
		reverse_owner(&zone, &ip, owner);
		assert_string_equal(owner, cases[i].owner);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(zones_end_with_a_label),
		cmocka_unit_test(names_are_below_their_zone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

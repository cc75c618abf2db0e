// Who asks, with and without a proxy that is believed.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "web/proxy.h"

static struct config_networks proxies(const char *first, const char *second)
{
	struct config_networks networks = {.count = second != NULL ? 2 : 1};

	if (ip_parse(first, &networks.items[0]) < 0)
		assert_int_equal(ip_parse_prefix(first, &networks.items[0]), 0);
	if (second != NULL && ip_parse(second, &networks.items[1]) < 0)
		assert_int_equal(ip_parse_prefix(second, &networks.items[1]), 0);
	return networks;
}

static void check(const struct config_networks *networks, const char *peer, const char *fields,
		  const char *expected)
{
	char request[1024], client[IP_TEXT_BYTES];
	struct http_head head;

	(void)snprintf(request, sizeof request, "GET / HTTP/1.1\r\nHost: a\r\n%s\r\n", fields);
	assert_true(http_head_parse(request, strlen(request), &head) > 0);
	proxy_client(networks, peer, &head, client);
	assert_string_equal(client, expected);
}

static void test_nobody_is_believed_unasked(void **state)
{
	const struct config_networks none = {0}, other = proxies("192.0.2.1", NULL);
	const char *const claims =
		"X-Forwarded-For: 198.51.100.7\r\nForwarded: for=198.51.100.7\r\n"
		"X-Real-IP: 198.51.100.7\r\n";

	check(&none, "203.0.113.9", claims, "203.0.113.9");
	check(&other, "203.0.113.9", claims, "203.0.113.9");
	assert_false(proxy_is_trusted(&none, "203.0.113.9"));
	assert_true(proxy_is_trusted(&other, "192.0.2.1"));
}

static void test_the_last_that_is_no_proxy(void **state)
{
	const struct config_networks networks = proxies("10.0.0.0/8", "2001:db8::/32");
	static const struct {
		const char *fields, *client;
	} cases[] = {
		{"", "10.0.0.1"},
		{"x-forwarded-for: 198.51.100.7\r\n", "198.51.100.7"},
		{"X-Forwarded-For: 127.0.0.1, 198.51.100.7\r\n", "198.51.100.7"},
		{"X-Forwarded-For: 127.0.0.1,198.51.100.7 , 10.2.3.4,2001:DB8::5\r\n",
		 "198.51.100.7"},
		{"X-Forwarded-For: 127.0.0.1\r\nX-Forwarded-For: 2001:0DB9::0007, 10.2.3.4\r\n",
		 "2001:db9::7"},
		{"X-Forwarded-For: 10.2.3.4\r\n", "10.2.3.4"},
		{"X-Forwarded-For: 198.51.100.7, unknown, 10.2.3.4\r\n", "10.2.3.4"},
		{"X-Forwarded-For: 198.51.100.7,\r\n", "10.0.0.1"},
		{"X-Forwarded-For: 198.51.100.7:443\r\n", "10.0.0.1"},
		{"X-Forwarded-For: \r\n", "10.0.0.1"},
		{"Forwarded: for=198.51.100.7\r\n", "10.0.0.1"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		check(&networks, "10.0.0.1", cases[i].fields, cases[i].client);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nobody_is_believed_unasked),
		cmocka_unit_test(test_the_last_that_is_no_proxy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

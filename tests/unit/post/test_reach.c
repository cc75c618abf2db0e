// Which addresses a webhook may go to, whatever family they come in; and how it is signed.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "post/reach.h"
#include "post/webhook.h"

#define SIGNATURE "t=1700000000,v1=9eb18f493f8ec135d9eb2dad817c369bb4e9cbfa818657897a7437c1cd8c3a23"

static struct sockaddr_storage address(const char *text)
{
	struct sockaddr_storage ret = {0};
	struct sockaddr_in ipv4 = {.sin_family = AF_INET, .sin_port = htons(80)};
	struct sockaddr_in6 ipv6 = {.sin6_family = AF_INET6, .sin6_port = htons(80)};

	if (inet_pton(AF_INET, text, &ipv4.sin_addr) == 1)
		memcpy(&ret, &ipv4, sizeof ipv4);
	else if (inet_pton(AF_INET6, text, &ipv6.sin6_addr) == 1)
		memcpy(&ret, &ipv6, sizeof ipv6);
	else
		fail_msg("%s", text);
	return ret;
}

static bool allowed(const char *text, const struct config_networks *exceptions)
{
	const struct sockaddr_storage at = address(text);

	return reach_is_allowed((const struct sockaddr *)&at, exceptions);
}

static void what_is_public(void **state)
{
	static const char *const yes[] = {"1.1.1.1",         "8.8.8.8",         "100.63.255.255",
					  "100.128.0.0",     "172.15.255.255",  "172.32.0.0",
					  "192.167.255.255", "223.255.255.255", "2a00:1450::1",
					  "2606:4700::11",   "::ffff:1.1.1.1"};
	static const char *const no[] = {"0.0.0.0",
					 "0.1.2.3",
					 "10.1.2.3",
					 "100.64.0.1",
					 "100.127.255.255",
					 "127.0.0.1",
					 "127.255.255.255",
					 "169.254.169.254",
					 "172.16.0.1",
					 "172.31.255.255",
					 "192.0.0.8",
					 "192.0.2.1",
					 "192.168.0.1",
					 "198.18.0.1",
					 "198.19.255.255",
					 "198.51.100.1",
					 "203.0.113.1",
					 "224.0.0.1",
					 "239.255.255.250",
					 "240.0.0.1",
					 "255.255.255.255",
					 "::",
					 "::1",
					 "fe80::1",
					 "fc00::1",
					 "fd12::1",
					 "ff02::1",
					 "::ffff:127.0.0.1",
					 "::ffff:10.0.0.1",
					 "::ffff:0.0.0.0",
					 "::127.0.0.1",
					 "64:ff9b::7f00:1",
					 "2001::1",
					 "2001:db8::1",
					 "2002:7f00:1::1",
					 "3fff::1",
					 "64:ff9b:1::1",
					 "100::1",
					 "5f00::1"};
	const struct config_networks none = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(yes); i++)
		if (!allowed(yes[i], &none))
			fail_msg("%s is public", yes[i]);
	for (size_t i = 0; i < ARRAY_SIZE(no); i++)
		if (allowed(no[i], &none))
			fail_msg("%s is not public", no[i]);
}

static void exceptions_are_networks(void **state)
{
	struct config_networks exceptions = {.count = 2};

	(void)state;
	assert_int_equal(ip_parse_prefix("127.0.0.0/30", &exceptions.items[0]), 0);
	assert_int_equal(ip_parse("fd00::5", &exceptions.items[1]), 0);
	assert_true(allowed("127.0.0.1", &exceptions));
	assert_true(allowed("::ffff:127.0.0.2", &exceptions));
	assert_true(allowed("fd00::5", &exceptions));
	assert_false(allowed("127.0.0.4", &exceptions));
	assert_false(allowed("fd00::6", &exceptions));
	assert_false(allowed("::1", &exceptions));
}

static void other_families_are_none(void **state)
{
	const struct config_networks none = {0};
	const struct sockaddr local = {.sa_family = AF_UNIX};

	(void)state;
	assert_false(reach_is_allowed(&local, &none));
	assert_false(reach_is_loopback(&local));
}

/* The HMAC itself as openssl(1) makes it. */
static void signatures(void **state)
{
	char text[WEBHOOK_SIGNATURE_BYTES];

	(void)state;
	webhook_sign("0123456789abcdef", 1700000000, "{\"a\":1}", text);
	assert_string_equal(text, SIGNATURE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_public),
		cmocka_unit_test(exceptions_are_networks),
		cmocka_unit_test(other_families_are_none),
		cmocka_unit_test(signatures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

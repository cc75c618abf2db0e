// Strict parsing of numbers, ids, addresses and UTF-8, at their limits and one past them.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

#include "base/cleanup.h"
#include "base/ip.h"
#include "base/parse.h"

static void numbers(void **state)
{
	static const char *const wrong[] = {"",   "-1", "+1",  " 1",  "1 ",      "01",
					    "00", "1a", "0x1", "1.0", "\xd9\xa1"};
	uint64_t number = 7;
	int64_t sign = 7;

	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		assert_int_equal(parse_u64(wrong[i], 0, UINT64_MAX, &number), -EINVAL);
		assert_int_equal(number, 7);
	}
	assert_int_equal(parse_u64("18446744073709551615", 0, UINT64_MAX, &number), 0);
	assert_true(number == UINT64_MAX);
	assert_int_equal(parse_u64("18446744073709551616", 0, UINT64_MAX, &number), -ERANGE);
	assert_int_equal(parse_u64("99999999999999999999", 0, UINT64_MAX, &number), -ERANGE);
	assert_int_equal(parse_u64("0", 0, 1, &number), 0);
	assert_int_equal(parse_u64("0", 1, 2, &number), -ERANGE);
	assert_int_equal(parse_u64("2", 1, 2, &number), 0);
	assert_int_equal(parse_u64("3", 1, 2, &number), -ERANGE);
	assert_int_equal(parse_i64("-9223372036854775808", INT64_MIN, INT64_MAX, &sign), 0);
	assert_true(sign == INT64_MIN);
	assert_int_equal(parse_i64("9223372036854775807", INT64_MIN, INT64_MAX, &sign), 0);
	assert_true(sign == INT64_MAX);
	assert_int_equal(parse_i64("9223372036854775808", INT64_MIN, INT64_MAX, &sign), -ERANGE);
	assert_int_equal(parse_i64("-9223372036854775809", INT64_MIN, INT64_MAX, &sign), -ERANGE);
	assert_int_equal(parse_i64("--1", INT64_MIN, INT64_MAX, &sign), -EINVAL);
	assert_int_equal(parse_i64("-", INT64_MIN, INT64_MAX, &sign), -EINVAL);
	assert_int_equal(parse_i64("-2", -1, 1, &sign), -ERANGE);
}

static void truths(void **state)
{
	bool value = false;

	assert_int_equal(parse_bool("Yes", &value), 0);
	assert_true(value);
	assert_int_equal(parse_bool("off", &value), 0);
	assert_false(value);
	assert_int_equal(parse_bool("", &value), -EINVAL);
	assert_int_equal(parse_bool("2", &value), -EINVAL);
	assert_int_equal(parse_bool("true ", &value), -EINVAL);
}

static void offsets(void **state)
{
	static const char *const wrong[] = {"",       "9",      "+9:00",  "+09:60",  "+14:01",
					    "+15:00", "09:00",  "+0900",  "+09:00 ", " 09:00",
					    "+-9:00", "-14:59", "+09-00", "+ 9:00",  "+09:0x"};
	int minutes = 7;

	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		assert_int_equal(parse_utc_offset(wrong[i], &minutes), -EINVAL);
	assert_int_equal(minutes, 7);
	assert_int_equal(parse_utc_offset("+09:00", &minutes), 0);
	assert_int_equal(minutes, 540);
	assert_int_equal(parse_utc_offset("-03:30", &minutes), 0);
	assert_int_equal(minutes, -210);
	assert_int_equal(parse_utc_offset("+14:00", &minutes), 0);
	assert_int_equal(minutes, 840);
	assert_int_equal(parse_utc_offset("-00:00", &minutes), 0);
	assert_int_equal(minutes, 0);
}

static void identifiers(void **state)
{
	static const char *const wrong[] = {"",
					    "b00d0000-0000-4000-8000-00000000000",
					    "b00d0000-0000-4000-8000-0000000000011",
					    "b00d000-00000-4000-8000-000000000001",
					    "b00d00000000-4000-8000-000000000001",
					    "{00d0000-0000-4000-8000-000000000001",
					    "g00d0000-0000-4000-8000-000000000001"};
	uint8_t uuid[UUID_BYTES] = {0}, mac[MAC_BYTES], bytes[2];
	char text[UUID_TEXT_BYTES], mac_text[MAC_TEXT_BYTES];

	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		assert_int_equal(parse_uuid(wrong[i], uuid), -EINVAL);
	assert_int_equal(uuid[0], 0);
	assert_int_equal(parse_uuid("B00D0000-0000-4000-8000-00000000aBcD", uuid), 0);
	format_uuid(uuid, text);
	assert_string_equal(text, "b00d0000-0000-4000-8000-00000000abcd");
	assert_int_equal(parse_mac("02:00:0A:ff:00:01", mac), 0);
	format_mac(mac, mac_text);
	assert_string_equal(mac_text, "02:00:0a:ff:00:01");
	assert_int_equal(parse_mac("02-00-0a-ff-00-01", mac), -EINVAL);
	assert_int_equal(parse_mac("02:00:0a:ff:00", mac), -EINVAL);
	assert_int_equal(parse_mac("02:00:0a:ff:00:01:", mac), -EINVAL);
	assert_int_equal(parse_hex("00fF", bytes, 2), 0);
	assert_int_equal(bytes[1], 0xff);
	assert_int_equal(parse_hex("00f", bytes, 2), -EINVAL);
	assert_int_equal(parse_hex("00fff", bytes, 2), -EINVAL);
}

static bool utf8(const char *text)
{
	return parse_utf8(text, strlen(text));
}

static void unicode(void **state)
{
	static const char *const wrong[] = {"\x80",
					    "\xc0\x80",
					    "\xc1\xbf",
					    "\xc3",
					    "\xe0\x9f\xbf",
					    "\xed\xa0\x80",
					    "\xf0\x8f\xbf\xbf",
					    "\xf4\x90\x80\x80",
					    "\xf5\x80\x80\x80",
					    "\xff",
					    "a\xe3\x81",
					    "\xe3\x81\x41",
					    "\xfc\x84\x80\x80\x80\x80"};

	assert_true(utf8(""));
	assert_true(utf8("abc 太郎 \xf0\x9f\x8d\xa3"));
	assert_true(
		utf8("\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"));
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		if (utf8(wrong[i]))
			fail_msg("number %zu was taken", i);
	assert_false(parse_utf8("a\0b", 3));
}

static void addresses(void **state)
{
	static const char *const wrong[] = {
		"",       "1.2.3", "1.2.3.256", "01.2.3.4", "1.2.3.4/8", "1.2.3.4 ",
		"::1%lo", ":::",   "1::2::3",   "[::1]",    "g::",       "1.2.3.4.5"};
	struct ip ip;
	char text[IP_TEXT_BYTES];

	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		if (ip_parse(wrong[i], &ip) == 0)
			fail_msg("%s was taken", wrong[i]);
	assert_int_equal(ip_parse("2001:DB8:0:0::1", &ip), 0);
	assert_int_equal(ip.prefix, 128);
	ip_format(&ip, text);
	assert_string_equal(text, "2001:db8::1");
	assert_int_equal(ip_parse("192.0.2.1", &ip), 0);
	assert_int_equal(ip.prefix, 32);
	ip_format_prefix(&ip, text);
	assert_string_equal(text, "192.0.2.1/32");
	ip = (struct ip){0};
	ip_format_prefix(&ip, text);
	assert_string_equal(text, "");
}

static void prefixes(void **state)
{
	static const char *const wrong[] = {"10.0.0.0",       "10.0.0.1/8", "10.0.0.0/33",
					    "10.0.0.0/-1",    "10.0.0.0/",  "10.0.0.0/08",
					    "2001:db8::1/64", "::/129",     "/8"};
	struct ip pool, ip;
	char text[IP_TEXT_BYTES];

	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		if (ip_parse_prefix(wrong[i], &ip) == 0)
			fail_msg("%s was taken", wrong[i]);
	assert_int_equal(ip_parse_prefix("0.0.0.0/0", &pool), 0);
	assert_int_equal(ip_parse("255.1.2.3", &ip), 0);
	assert_true(ip_contains(&pool, &ip));
	assert_int_equal(ip_parse_prefix("10.1.2.128/25", &pool), 0);
	assert_int_equal(ip_parse("10.1.2.127", &ip), 0);
	assert_false(ip_contains(&pool, &ip));
	assert_int_equal(ip_count(&pool, 32), 128);
	assert_int_equal(ip_count(&pool, 24), 0);
	assert_int_equal(ip_count(&pool, 33), 0);
	assert_int_equal(ip_nth(&pool, 32, 127, &ip), 0);
	ip_format(&ip, text);
	assert_string_equal(text, "10.1.2.255");
	assert_true(ip_contains(&pool, &ip));
	assert_int_equal(ip_nth(&pool, 32, 128, &ip), -ERANGE);
	assert_int_equal(ip_parse_prefix("fd00::/48", &pool), 0);
	assert_int_equal(ip_nth(&pool, 64, 0x1234, &ip), 0);
	ip_format_prefix(&ip, text);
	assert_string_equal(text, "fd00:0:0:1234::/64");
	assert_int_equal(ip_nth(&pool, 64, 0x10000, &ip), -ERANGE);
	assert_true(ip_count(&pool, 128) == UINT32_MAX);
}

static void times(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} good[] = {{"1970-01-01T00:00:00Z", 0},
		    {"2026-11-25T09:30:15Z", INT64_C(1795599015000)},
		    {"2026-11-25T18:30:15+09:00", INT64_C(1795599015000)},
		    {"2026-11-25T04:00:15-05:30", INT64_C(1795599015000)},
		    {"2026-11-25t09:30:15z", INT64_C(1795599015000)},
		    {"2026-11-25T09:30:15.5Z", INT64_C(1795599015500)},
		    {"2026-11-25T09:30:15.123456789Z", INT64_C(1795599015123)},
		    {"2024-02-29T00:00:00Z", INT64_C(1709164800000)},
		    {"2000-02-29T23:59:59Z", INT64_C(951868799000)},
		    {"9999-12-31T23:59:59Z", INT64_C(253402300799000)}};
	static const char *const bad[] = {
		"",
		"2026-11-25",
		"2026-11-25 09:30:15Z",
		"2026-11-25T09:30:15",
		"2026-11-25T09:30Z",
		"2026-11-25T09:30:15 00:00",
		"2026-11-25T09:30:15+0900",
		"2026-11-25T09:30:15+09:00x",
		"2026-11-25T09:30:15Zx",
		"2026-11-25T09:30:15.Z",
		"2026-11-25T24:00:00Z",
		"2026-11-25T09:60:00Z",
		"2026-11-25T09:30:60Z",
		"2026-13-01T00:00:00Z",
		"2026-00-01T00:00:00Z",
		"2026-11-31T00:00:00Z",
		"2026-11-00T00:00:00Z",
		"2025-02-29T00:00:00Z",
		"2100-02-29T00:00:00Z",
		"1969-12-31T23:59:59Z",
		"1970-01-01T00:00:00+00:01",
		"+026-11-25T09:30:15Z",
		"2026-11-25T09:30:15+24:00",
		"1795599015",
		"now",
	};
	int64_t ms;

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		assert_int_equal(parse_time(good[i].text, &ms), 0);
		assert_true(ms == good[i].ms);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		ms = 7;
		if (parse_time(bad[i], &ms) == 0 || ms != 7)
			fail_msg("%s", bad[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers),  cmocka_unit_test(truths),
		cmocka_unit_test(offsets),  cmocka_unit_test(identifiers),
		cmocka_unit_test(unicode),  cmocka_unit_test(addresses),
		cmocka_unit_test(prefixes), cmocka_unit_test(times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

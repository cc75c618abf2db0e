// Prices, plans, locations, images, pools, pages, sorting, rights.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "model/image.h"
#include "model/location.h"
#include "model/page.h"
#include "model/plan.h"
#include "model/pool.h"
#include "model/role.h"
#include "model/sort.h"

static const struct plan good_plan = {.name = "1g",
				      .cores = 2,
				      .memory_mib = 1024,
				      .disk_gb = 20,
				      .storage = PLAN_SSD,
				      .currency = "JPY",
				      .price_monthly_minor = 980,
				      .dns_zones = 5};

static void expect_money(int64_t minor, const char *currency, const char *expected)
{
	char text[MONEY_TEXT_BYTES];

	money_format(minor, currency, text);
	assert_string_equal(text, expected);
}

static void money_by_currency(void **state)
{
	char text[MONEY_TEXT_BYTES];

	expect_money(980, "JPY", "980");
	expect_money(0, "JPY", "0");
	expect_money(1234, "EUR", "12.34");
	expect_money(5, "EUR", "0.05");
	expect_money(-5, "EUR", "-0.05");
	expect_money(1234, "KWD", "1.234");
	expect_money(INT64_MIN, "JPY", "-9223372036854775808");
	money_format_share(980, PLAN_HOURS_OF_A_MONTH, "JPY", text);
	assert_string_equal(text, "1.3611");
	money_format_share(360, 720, "EUR", text);
	assert_string_equal(text, "0.005000");
	money_format_share(INT64_MAX, 1, "JPY", text);
	assert_string_equal(text, "922337203685477.5807");
	assert_int_equal(money_check_currency("EUR"), 0);
	assert_true(money_check_currency("EU") < 0);
	assert_true(money_check_currency("eur") < 0);
	assert_true(money_check_currency("EURO") < 0);
}

static void a_year_costs_eleven_months(void **state)
{
	struct plan plan = good_plan;

	assert_int_equal(plan_price_yearly_minor(&plan), 10780);
	plan.price_monthly_minor = MONEY_MAX_MINOR;
	assert_true(plan_price_yearly_minor(&plan) == 11 * MONEY_MAX_MINOR);
}

#define EXPECT_PLAN(field, value, expected)                                                        \
	do {                                                                                       \
		struct plan changed = good_plan;                                                   \
		changed.field = (value);                                                           \
		assert_int_equal(plan_check(&changed, NULL), (expected));                          \
	} while (0)

static void plans_at_their_limits(void **state)
{
	assert_int_equal(plan_check(&good_plan, NULL), 0);
	EXPECT_PLAN(cores, 0, ERR_INVALID_INPUT);
	EXPECT_PLAN(cores, PLAN_MAX_CORES, 0);
	EXPECT_PLAN(cores, PLAN_MAX_CORES + 1, ERR_INVALID_INPUT);
	EXPECT_PLAN(memory_mib, PLAN_MIN_MEMORY_MIB, 0);
	EXPECT_PLAN(memory_mib, PLAN_MIN_MEMORY_MIB - 1, ERR_INVALID_INPUT);
	EXPECT_PLAN(memory_mib, PLAN_MAX_MEMORY_MIB, 0);
	EXPECT_PLAN(memory_mib, PLAN_MAX_MEMORY_MIB + 1, ERR_INVALID_INPUT);
	EXPECT_PLAN(disk_gb, 0, ERR_INVALID_INPUT);
	EXPECT_PLAN(disk_gb, PLAN_MAX_DISK_GB + 1, ERR_INVALID_INPUT);
	EXPECT_PLAN(price_monthly_minor, -1, ERR_INVALID_INPUT);
	EXPECT_PLAN(price_monthly_minor, MONEY_MAX_MINOR, 0);
	EXPECT_PLAN(price_monthly_minor, MONEY_MAX_MINOR + 1, ERR_INVALID_INPUT);
	EXPECT_PLAN(price_initial_minor, -1, ERR_INVALID_INPUT);
	EXPECT_PLAN(dns_zones, PLAN_MAX_DNS_ZONES, 0);
	EXPECT_PLAN(traffic_bytes, PLAN_MAX_TRAFFIC_BYTES, 0);
	EXPECT_PLAN(traffic_bytes, PLAN_MAX_TRAFFIC_BYTES + 1, ERR_INVALID_INPUT);
	EXPECT_PLAN(dns_zones, PLAN_MAX_DNS_ZONES + 1, ERR_INVALID_INPUT);
	EXPECT_PLAN(storage, 9, ERR_INVALID_INPUT);
	EXPECT_PLAN(name[0], '-', ERR_INVALID_INPUT);
	EXPECT_PLAN(currency[0], 'j', ERR_INVALID_INPUT);
}

static void locations(void **state)
{
	struct location location = {.name = "local", .country = "JP", .network_zone = "local"};

	assert_int_equal(location_check(&location, NULL), 0);
	location.latitude = 90.5;
	assert_int_equal(location_check(&location, NULL), ERR_INVALID_INPUT);
	location.latitude = 90;
	assert_int_equal(location_check(&location, NULL), 0);
	location.longitude = -180.5;
	assert_int_equal(location_check(&location, NULL), ERR_INVALID_INPUT);
	location.longitude = 0;
	location.country[1] = '\0';
	assert_int_equal(location_check(&location, NULL), ERR_INVALID_INPUT);
}

static void images(void **state)
{
	static const uint64_t gib = UINT64_C(1) << 30;
	struct image image = {.type = IMAGE_SYSTEM,
			      .name = "debian-12",
			      .os_flavor = "debian",
			      .os_version = "12",
			      .architecture = "x86",
			      .default_user = "debian"};
	uint8_t checksum[IMAGE_CHECKSUM_BYTES];
	char text[IMAGE_CHECKSUM_TEXT_BYTES];
	char url[2100];

	assert_int_equal(image_check(&image, NULL), 0);
	(void)strcpy(image.default_user, "root");
	assert_int_equal(image_check(&image, NULL), ERR_INVALID_INPUT);
	assert_int_equal(image_disk_gb(&image), 0);
	image.virtual_bytes = 2 * gib;
	assert_int_equal(image_disk_gb(&image), 2);
	image.virtual_bytes = 2 * gib + 1;
	assert_int_equal(image_disk_gb(&image), 3);
	image.virtual_bytes = UINT64_MAX;
	assert_true(image_disk_gb(&image) == UINT32_MAX);

	(void)snprintf(text, sizeof(text), "sha256:%064d", 12);
	assert_int_equal(image_parse_checksum(text, checksum, NULL), 0);
	assert_int_equal(checksum[IMAGE_CHECKSUM_BYTES - 1], 0x12);
	image_format_checksum(checksum, text);
	assert_int_equal(image_parse_checksum(text, checksum, NULL), 0);
	text[strlen(text) - 1] = '\0';
	assert_int_equal(image_parse_checksum(text, checksum, NULL), ERR_INVALID_INPUT);
	assert_int_equal(image_parse_checksum("md5:00", checksum, NULL), ERR_INVALID_INPUT);

	assert_int_equal(image_check_url("https://example.org/a.qcow2?x=1", NULL), 0);
	assert_int_equal(image_check_url("file:///etc/shadow", NULL), ERR_INVALID_INPUT);
	assert_int_equal(image_check_url("https:///x", NULL), ERR_INVALID_INPUT);
	assert_int_equal(image_check_url("https://u:p@example.org/x", NULL), ERR_INVALID_INPUT);
	assert_int_equal(image_check_url("https://example.org/a b", NULL), ERR_INVALID_INPUT);
	assert_int_equal(image_check_url("https://example.org/\nx", NULL), ERR_INVALID_INPUT);
	memset(url, 'a', sizeof(url));
	memcpy(url, "https://", 8);
	url[2047] = '\0';
	assert_int_equal(image_check_url(url, NULL), 0);
	url[2047] = 'a';
	url[2048] = '\0';
	assert_int_equal(image_check_url(url, NULL), ERR_INVALID_INPUT);
}

static void expect_pool(const char *text, uint64_t usable, const char *first, const char *last)
{
	struct ip prefix;
	struct ip ip;
	char got[IP_TEXT_BYTES];

	assert_int_equal(ip_parse_prefix(text, &prefix), 0);
	assert_true(pool_usable(&prefix) == usable);
	assert_true(pool_address(&prefix, usable, &ip) < 0);
	if (usable == 0)
		return;
	assert_int_equal(pool_address(&prefix, 0, &ip), 0);
	ip_format(&ip, got);
	assert_string_equal(got, first);
	assert_int_equal(pool_address(&prefix, usable - 1, &ip), 0);
	ip_format(&ip, got);
	assert_string_equal(got, last);
}

static void addresses_of_pools(void **state)
{
	struct pool pool = {.name = "p"};
	struct ip other;

	expect_pool("10.77.0.0/24", 253, "10.77.0.2", "10.77.0.254");
	expect_pool("10.77.0.0/30", 1, "10.77.0.2", "10.77.0.2");
	expect_pool("10.77.0.0/31", 2, "10.77.0.0", "10.77.0.1");
	expect_pool("10.77.0.9/32", 1, "10.77.0.9", "10.77.0.9");
	expect_pool("2001:db8::/48", 65536, "2001:db8::", "2001:db8:0:ffff::");
	expect_pool("2001:db8::/64", 1, "2001:db8::", "2001:db8::");

	assert_int_equal(ip_parse_prefix("10.0.0.0/8", &pool.prefix), 0);
	assert_int_equal(pool_check(&pool, NULL), 0);
	assert_int_equal(ip_parse_prefix("10.0.0.0/7", &pool.prefix), 0);
	assert_int_equal(pool_check(&pool, NULL), ERR_INVALID_INPUT);
	assert_int_equal(ip_parse_prefix("2001:db8::/64", &pool.prefix), 0);
	assert_int_equal(pool_check(&pool, NULL), 0);
	assert_int_equal(ip_parse_prefix("2001:db8::/65", &other), 0);
	pool.prefix = other;
	assert_int_equal(pool_check(&pool, NULL), ERR_INVALID_INPUT);

	assert_int_equal(ip_parse_prefix("10.77.0.0/24", &pool.prefix), 0);
	assert_int_equal(ip_parse_prefix("10.77.0.128/25", &other), 0);
	assert_true(pool_overlap(&pool.prefix, &other));
	assert_true(pool_overlap(&other, &pool.prefix));
	assert_int_equal(ip_parse_prefix("10.77.1.0/24", &other), 0);
	assert_false(pool_overlap(&pool.prefix, &other));
}

static void pages(void **state)
{
	struct page page;

	assert_int_equal(page_parse(NULL, NULL, &page, NULL), 0);
	assert_int_equal(page.number, 1);
	assert_int_equal(page.entries, 25);
	assert_int_equal(page_parse("3", "50", &page, NULL), 0);
	assert_int_equal(page_offset(&page), 100);
	assert_int_equal(page_parse("1", "51", &page, NULL), 0);
	assert_int_equal(page.entries, 50);
	assert_int_equal(page_parse("0", NULL, &page, NULL), ERR_INVALID_INPUT);
	assert_int_equal(page_parse("-1", NULL, &page, NULL), ERR_INVALID_INPUT);
	assert_int_equal(page_parse("", NULL, &page, NULL), ERR_INVALID_INPUT);
	assert_int_equal(page_parse("1", "0", &page, NULL), ERR_INVALID_INPUT);
	assert_int_equal(page_parse("1000000", NULL, &page, NULL), 0);
	assert_int_equal(page_parse("1000001", NULL, &page, NULL), ERR_INVALID_INPUT);
	page = (struct page){.number = 1, .entries = 25};
	assert_int_equal(page_last(&page, 0), 1);
	assert_int_equal(page_last(&page, 25), 1);
	assert_int_equal(page_last(&page, 26), 2);
	assert_int_equal(page_last(&page, 20000), 800);
}

static void sorting(void **state)
{
	struct sort sort = {0};

	assert_int_equal(sort_add(&sort, "name:desc", SORT_RESOURCE, NULL), 0);
	assert_int_equal(sort_add(&sort, "id", SORT_RESOURCE, NULL), 0);
	assert_int_equal(sort_add(&sort, "name:asc", SORT_RESOURCE, NULL), 0);
	assert_int_equal(sort.count, 2);
	assert_int_equal(sort.keys[0].field, SORT_NAME);
	assert_true(sort.keys[0].descending);
	assert_false(sort.keys[1].descending);
	assert_int_equal(sort_add(&sort, "status", SORT_RESOURCE, NULL), ERR_INVALID_INPUT);
	assert_int_equal(sort_add(&sort, "status", SORT_ACTION, NULL), 0);
	assert_int_equal(sort_add(&sort, "id:", SORT_RESOURCE, NULL), ERR_INVALID_INPUT);
	assert_int_equal(sort_add(&sort, "id:up", SORT_RESOURCE, NULL), ERR_INVALID_INPUT);
	assert_int_equal(sort_add(&sort, "", SORT_RESOURCE, NULL), ERR_INVALID_INPUT);
	assert_int_equal(sort_add(&sort, "id; DROP TABLE server", SORT_RESOURCE, NULL),
			 ERR_INVALID_INPUT);
	for (int i = 0; i < 100; i++)
		assert_int_equal(sort_add(&sort, "id", SORT_ACTION, NULL), 0);
	assert_true(sort.count <= SORT_MAX_KEYS);
}

static void rights(void **state)
{
	struct principal reader = {.role = ROLE_READER};
	struct principal member = {.role = ROLE_OPERATOR};
	struct principal owner = {.role = ROLE_OWNER};
	struct principal nobody = {.role = ROLE_NONE};
	struct principal read_token = {.role = ROLE_OWNER, .readonly = true};
	struct principal service = {.role = ROLE_NONE, .service = true};
	struct principal service_reader = {.service = true, .readonly = true};

	assert_int_equal(role_allow(&nobody, RIGHT_READ, NULL), ERR_FORBIDDEN);
	assert_int_equal(role_allow(&reader, RIGHT_READ, NULL), 0);
	assert_int_equal(role_allow(&reader, RIGHT_POWER, NULL), ERR_FORBIDDEN);
	assert_int_equal(role_allow(&member, RIGHT_POWER, NULL), 0);
	assert_int_equal(role_allow(&member, RIGHT_MANAGE, NULL), 0);
	assert_int_equal(role_allow(&member, RIGHT_ACCOUNT, NULL), ERR_FORBIDDEN);
	assert_int_equal(role_allow(&owner, RIGHT_ACCOUNT, NULL), 0);
	assert_int_equal(role_allow(&owner, RIGHT_SERVICE, NULL), ERR_FORBIDDEN);
	assert_int_equal(role_allow(&owner, RIGHT_SERVICE_READ, NULL), ERR_FORBIDDEN);
	assert_int_equal(role_allow(&read_token, RIGHT_READ, NULL), 0);
	assert_int_equal(role_allow(&read_token, RIGHT_MANAGE, NULL), ERR_TOKEN_READONLY);
	assert_int_equal(role_allow(&service, RIGHT_SERVICE, NULL), 0);
	assert_int_equal(role_allow(&service, RIGHT_MANAGE, NULL), 0);
	assert_int_equal(role_allow(&service_reader, RIGHT_SERVICE_READ, NULL), 0);
	assert_int_equal(role_allow(&service_reader, RIGHT_SERVICE, NULL), ERR_TOKEN_READONLY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(money_by_currency),
		cmocka_unit_test(a_year_costs_eleven_months),
		cmocka_unit_test(plans_at_their_limits),
		cmocka_unit_test(locations),
		cmocka_unit_test(images),
		cmocka_unit_test(addresses_of_pools),
		cmocka_unit_test(pages),
		cmocka_unit_test(sorting),
		cmocka_unit_test(rights),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

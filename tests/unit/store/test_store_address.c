// Addresses: the lowest free one, never one twice whoever races, and reverse names.
#include "fixture.h"

#include <sys/wait.h>
#include <unistd.h>

#include "store/store_address.h"
#include "store/store_dns_ptr.h"
#include "store/store_firewall.h"
#include "store/store_ip.h"
#include "store/store_location.h"
#include "store/store_pool.h"

static void allocate(struct fixture *f, uint64_t server_id, uint8_t family, const char *expected)
{
	struct address address;
	char text[IP_TEXT_BYTES];

	assert_ok(store_address_allocate(f->store, server_id, 1, family, 1, &address, ERR));
	if (family == 4)
		ip_format(&address.ip, text);
	else
		ip_format_prefix(&address.ip, text);
	assert_string_equal(text, expected);
	assert_int_equal(address.server_id, server_id);
}

static void the_lowest_free_one_is_given(void **state)
{
	struct fixture *f = *state;
	uint64_t ids[6];
	struct server server CLEANUP(server_done) = {0};
	char text[IP_TEXT_BYTES];

	for (unsigned i = 0; i < 6; i++)
		ids[i] = fixture_insert(f, 1, i, "");
	allocate(f, ids[0], 4, "10.78.0.2");
	allocate(f, ids[1], 4, "10.78.0.3");
	allocate(f, ids[2], 4, "10.78.0.4");
	allocate(f, ids[0], 6, "fd00:1:2::/64");
	allocate(f, ids[1], 6, "fd00:1:2:1::/64");
	assert_ok(store_server_get(f->store, 1, ids[1], &server, ERR));
	assert_ok(store_ip_delete(f->store, server.ipv4.id, ERR));
	assert_ok(store_ip_delete(f->store, server.ipv6.id, ERR));
	server_done(&server);
	assert_ok(store_server_delete(f->store, ids[0], ERR));
	allocate(f, ids[3], 4, "10.78.0.2");
	allocate(f, ids[4], 4, "10.78.0.3");
	allocate(f, ids[5], 4, "10.78.0.5");
	allocate(f, ids[5], 6, "fd00:1:2::/64");
	assert_ok(store_server_get(f->store, 1, ids[5], &server, ERR));
	ip_format(&server.ipv4.ip, text);
	assert_string_equal(text, "10.78.0.5");
	ip_format_prefix(&server.ipv6.ip, text);
	assert_string_equal(text, "fd00:1:2::/64");
}

static void a_server_has_one_of_each_family(void **state)
{
	struct fixture *f = *state;
	uint64_t id = fixture_insert(f, 1, 1, "");
	struct address address;

	allocate(f, id, 4, "10.78.0.2");
	assert_int_equal(store_address_allocate(f->store, id, 1, 4, 1, &address, NULL),
			 ERR_UNIQUENESS);
	/* The failure gave its place back. */
	allocate(f, fixture_insert(f, 1, 2, ""), 4, "10.78.0.3");
	assert_int_equal(store_address_allocate(f->store, 999, 1, 4, 1, &address, NULL),
			 ERR_NOT_FOUND);
}

static void an_empty_pool_is_said_and_the_next_is_used(void **state)
{
	struct fixture *f = *state;
	struct location location = {.name = "small", .country = "JP", .network_zone = "local"};
	struct pool pool = {.name = "tiny-a"};
	struct address address;
	struct err err = {0};

	assert_ok(store_location_insert(f->store, &location, ERR));
	pool.location_id = location.id;
	assert_int_equal(ip_parse_prefix("203.0.113.0/30", &pool.prefix), 0);
	assert_ok(store_pool_insert(f->store, &pool, ERR));
	(void)strcpy(pool.name, "tiny-b");
	assert_int_equal(ip_parse_prefix("203.0.113.8/31", &pool.prefix), 0);
	assert_ok(store_pool_insert(f->store, &pool, ERR));

	static const uint8_t last[] = {2, 8, 9};

	for (unsigned i = 0; i < ARRAY_SIZE(last); i++) {
		assert_ok(store_address_allocate(f->store, fixture_insert(f, 1, i, ""), location.id,
						 4, 1, &address, ERR));
		assert_int_equal(address.ip.bytes[3], last[i]);
	}
	assert_int_equal(store_address_allocate(f->store, fixture_insert(f, 1, 3, ""), location.id,
						4, 1, &address, &err),
			 ERR_IP_POOL_EMPTY);
	assert_non_null(strstr(err.text, "address pool"));
	assert_int_equal(store_address_allocate(f->store, 1, location.id, 6, 1, &address, NULL),
			 ERR_IP_POOL_EMPTY);
}

static void pools_share_nothing_and_stay_while_used(void **state)
{
	struct fixture *f = *state;
	struct pool pool = {.name = "overlap", .location_id = 1};
	struct pool got;

	assert_int_equal(ip_parse_prefix("10.78.0.128/25", &pool.prefix), 0);
	assert_int_equal(store_pool_insert(f->store, &pool, NULL), ERR_UNIQUENESS);
	assert_int_equal(ip_parse_prefix("10.0.0.0/8", &pool.prefix), 0);
	assert_int_equal(store_pool_insert(f->store, &pool, NULL), ERR_UNIQUENESS);
	assert_int_equal(ip_parse_prefix("10.79.0.0/24", &pool.prefix), 0);
	assert_ok(store_pool_insert(f->store, &pool, ERR));
	assert_int_equal(ip_parse_prefix("10.80.0.0/24", &pool.prefix), 0);
	assert_int_equal(store_pool_insert(f->store, &pool, NULL), ERR_UNIQUENESS);
	(void)strcpy(pool.name, "elsewhere");
	pool.location_id = 99;
	assert_int_equal(store_pool_insert(f->store, &pool, NULL), ERR_INVALID_INPUT);

	uint64_t id = fixture_insert(f, 1, 1, "");

	allocate(f, id, 4, "10.78.0.2");
	assert_ok(store_pool_get(f->store, 1, &got, ERR));
	assert_int_equal(got.used, 1);
	assert_int_equal(store_pool_delete(f->store, 1, NULL), ERR_IN_USE);
	assert_ok(store_server_delete(f->store, id, ERR));
	assert_ok(store_pool_get(f->store, 1, &got, ERR));
	assert_int_equal(got.used, 0);
	assert_ok(store_pool_delete(f->store, 1, ERR));
	assert_int_equal(store_pool_delete(f->store, 1, NULL), ERR_NOT_FOUND);
}

#define RACERS    64
#define EACH      4 /* 256 want one of 253 */
#define AVAILABLE 253

/* SQLite's waiting is not fair: on a busy machine one of so many may wait in vain, and is told. */
#define TRIES 100

/* Exit code: how many addresses this process got; 100 and more is a failure. */
static int race(struct fixture *f, unsigned racer)
{
	int got = 0;

	if (store_open(f->path, &f->store, NULL) < 0)
		return 100;
	for (unsigned i = 0, tries = 0; i < EACH; i++) {
		struct server server = fixture_server(f, 1, racer * EACH + i);
		struct address address;
		int r = store_begin(f->store, NULL);

		if (r == 0)
			r = store_server_insert(f->store, &server, NULL);
		if (r == 0)
			r = store_address_allocate(f->store, server.id, 1, 4, 1, &address, NULL);
		if (r == 0)
			r = store_commit(f->store, NULL);
		store_rollback(f->store);
		if (r == 0)
			got++;
		else if (r == ERR_UNAVAILABLE && tries++ < TRIES)
			i--;
		else if (r != ERR_IP_POOL_EMPTY)
			return 101;
	}
	store_close(f->store);
	return got;
}

static void racing_processes_never_share_an_address(void **state)
{
	struct fixture *f = *state;
	const struct store_ip_filter all = {.kind = ADDRESS_PRIMARY, .customer_id = 1};
	struct store_ips addresses CLEANUP(store_ips_done) = {0};
	bool seen[256] = {false};
	pid_t pids[RACERS];
	int total = 0;

	store_close(steal_ptr(f->store));
	for (unsigned i = 0; i < RACERS; i++) {
		pids[i] = fork();
		assert_true(pids[i] >= 0);
		if (pids[i] == 0)
			_exit(race(f, i));
	}
	for (unsigned i = 0; i < RACERS; i++) {
		int status;

		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) <= EACH);
		total += WEXITSTATUS(status);
	}
	assert_ok(store_open(f->path, &f->store, ERR));
	assert_int_equal(total, AVAILABLE);
	assert_ok(store_ip_list(f->store, &all, &addresses, ERR));
	assert_int_equal(addresses.count, AVAILABLE);
	for (size_t i = 0; i < addresses.count; i++) {
		uint8_t last = addresses.items[i].address.ip.bytes[3];

		assert_true(last >= 2 && last <= 254 && !seen[last]);
		seen[last] = true;
	}
}

static void reverse_names(void **state)
{
	struct fixture *f = *state;
	uint64_t id = fixture_insert(f, 1, 1, "");
	struct server server CLEANUP(server_done) = {0};
	struct ip v4;
	struct ip v6;
	struct ip foreign;
	char text[64];

	allocate(f, id, 4, "10.78.0.2");
	allocate(f, id, 6, "fd00:1:2::/64");
	assert_int_equal(ip_parse("10.78.0.2", &v4), 0);
	assert_int_equal(ip_parse("fd00:1:2::1", &v6), 0);
	assert_int_equal(ip_parse("10.78.0.3", &foreign), 0);
	assert_ok(store_dns_ptr_set(f->store, id, &v4, "www.example.org", ERR));
	assert_ok(store_dns_ptr_set(f->store, id, &v6, "six.example.org", ERR));
	assert_int_equal(store_dns_ptr_set(f->store, id, &foreign, "x.example.org", NULL),
			 ERR_INVALID_INPUT);
	assert_int_equal(ip_parse("fd00:1:2:1::1", &foreign), 0);
	assert_int_equal(store_dns_ptr_set(f->store, id, &foreign, "x.example.org", NULL),
			 ERR_INVALID_INPUT);
	assert_ok(store_server_get(f->store, 1, id, &server, ERR));
	assert_int_equal(server.dns_ptr_count, 2);
	assert_string_equal(server_dns_ptr(&server, &v4), "www.example.org");
	assert_string_equal(server_dns_ptr(&server, &v6), "six.example.org");
	assert_ok(store_dns_ptr_set(f->store, id, &v4, NULL, ERR));
	assert_ok(store_dns_ptr_set(f->store, id, &v4, NULL, ERR));
	server_done(&server);
	assert_ok(store_server_get(f->store, 1, id, &server, ERR));
	assert_null(server_dns_ptr(&server, &v4));

	for (unsigned i = 1; i <= STORE_DNS_PTR_MAX; i++) {
		(void)snprintf(text, sizeof(text), "fd00:1:2::%x", i);
		assert_int_equal(ip_parse(text, &v6), 0);
		assert_ok(store_dns_ptr_set(f->store, id, &v6, "a.example.org", ERR));
	}
	assert_int_equal(ip_parse("fd00:1:2::ffff", &foreign), 0);
	assert_int_equal(store_dns_ptr_set(f->store, id, &foreign, "b.example.org", NULL),
			 ERR_LIMIT);
	assert_ok(store_dns_ptr_set(f->store, id, &v4, "b.example.org", ERR));
	assert_ok(store_dns_ptr_set(f->store, id, &v6, "c.example.org", ERR));
}

static void addresses_as_their_customer_sees_them(void **state)
{
	struct fixture *f = *state;
	uint64_t other = fixture_customer(f, "other");
	uint64_t id = fixture_insert(f, 1, 1, "");
	const struct store_ip_filter own = {.kind = ADDRESS_PRIMARY, .customer_id = 1},
				     by_ip = {.kind = ADDRESS_PRIMARY, .ip = "10.78.0.3"};
	struct store_ips list CLEANUP(store_ips_done) = {0};
	struct address address;
	struct store_ip got CLEANUP(store_ip_done) = {0};

	assert_ok(store_address_allocate(f->store, id, 1, 4, 1, &address, ERR));
	allocate(f, fixture_insert(f, other, 1, ""), 4, "10.78.0.3");
	assert_int_equal(store_ip_get(f->store, other, ADDRESS_PRIMARY, address.id, &got, NULL),
			 ERR_NOT_FOUND);
	assert_int_equal(store_ip_get(f->store, 1, ADDRESS_FLOATING, address.id, &got, NULL),
			 ERR_NOT_FOUND);
	assert_ok(store_ip_get(f->store, 1, ADDRESS_PRIMARY, address.id, &got, ERR));
	assert_true(ip_equal(&got.address.ip, &address.ip));
	assert_ok(store_ip_list(f->store, &own, &list, ERR));
	assert_int_equal(list.total, 1);
	store_ips_done(&list);
	assert_ok(store_ip_list(f->store, &by_ip, &list, ERR));
	assert_int_equal(list.total, 1);
	assert_int_equal(list.items[0].address.ip.bytes[3], 3);
}

/* --- floating ones --- */

static uint64_t reserve(struct fixture *f, uint64_t customer_id, enum address_kind kind,
			const char *name)
{
	struct store_ip ip = {.kind = kind, .customer_id = customer_id, .location_id = 1};

	(void)snprintf(ip.name, sizeof ip.name, "%s", name);
	assert_ok(store_address_reserve(f->store, &ip, 4, ERR));
	return ip.address.id;
}

static bool is_pending(struct fixture *f, uint64_t server_id)
{
	uint64_t ids[16];
	size_t count = 0;

	assert_ok(store_filter_pending(f->store, ids, 16, &count, ERR));
	for (size_t i = 0; i < count; i++)
		if (ids[i] == server_id)
			return true;
	return false;
}

static void settle(struct fixture *f, uint64_t server_id)
{
	uint64_t wanted = 0, applied = 0;

	assert_ok(store_filter_get(f->store, server_id, &wanted, &applied, ERR));
	assert_ok(store_filter_set_applied(f->store, server_id, wanted, ERR));
	assert_false(is_pending(f, server_id));
}

/* Who gets it is told first: the host takes it from the other in the same moment. */
static void a_move_reaches_the_taker_first(void **state)
{
	struct fixture *f = *state;
	const uint64_t one = fixture_insert(f, 1, 1, ""), two = fixture_insert(f, 1, 2, "");
	const uint64_t id = reserve(f, 1, ADDRESS_FLOATING, "web");
	struct store_moves moves = {0};
	uint64_t before;

	settle(f, one);
	settle(f, two);
	assert_ok(store_ip_assign(f->store, id, one, ERR));
	assert_true(is_pending(f, one));
	settle(f, one);
	assert_ok(store_ip_floating_of(f->store, one, &moves, ERR));
	assert_int_equal(moves.count, 1);
	before = moves.items[0].number;
	assert_ok(store_ip_assign(f->store, id, two, ERR));
	assert_true(is_pending(f, two));
	assert_false(is_pending(f, one));
	settle(f, two);
	assert_true(is_pending(f, one));
	assert_ok(store_ip_floating_of(f->store, one, &moves, ERR));
	assert_int_equal(moves.count, 0);
	assert_ok(store_ip_floating_of(f->store, two, &moves, ERR));
	assert_true(moves.items[0].number > before);
	settle(f, one);

	/* Taken back before it arrived: whoever the host thinks has it hears of it. */
	assert_ok(store_ip_assign(f->store, id, one, ERR));
	assert_false(is_pending(f, two));
	assert_ok(store_ip_assign(f->store, id, 0, ERR));
	assert_true(is_pending(f, two));
	assert_true(is_pending(f, one));
	settle(f, one);
	settle(f, two);

	/* Two that change places wait for each other not at all. */
	const uint64_t other = reserve(f, 1, ADDRESS_FLOATING, "db");
	assert_ok(store_ip_assign(f->store, id, one, ERR));
	assert_ok(store_ip_assign(f->store, other, two, ERR));
	settle(f, one);
	settle(f, two);
	assert_ok(store_ip_assign(f->store, id, two, ERR));
	assert_ok(store_ip_assign(f->store, other, one, ERR));
	assert_true(is_pending(f, one));
	assert_true(is_pending(f, two));
}

static void addresses_outlive_their_servers(void **state)
{
	struct fixture *f = *state;
	const uint64_t one = fixture_insert(f, 1, 1, ""), two = fixture_insert(f, 1, 2, "");
	const uint64_t floating = reserve(f, 1, ADDRESS_FLOATING, "");
	const uint64_t primary = reserve(f, 1, ADDRESS_PRIMARY, "kept");
	struct store_ip ip CLEANUP(store_ip_done) = {0};
	struct address own;
	struct err err = {0};

	assert_ok(store_ip_assign(f->store, floating, one, ERR));
	assert_ok(store_ip_assign(f->store, primary, one, ERR));
	assert_ok(store_address_allocate(f->store, two, 1, 4, 1, &own, ERR));
	assert_int_equal(store_ip_assign(f->store, primary, two, &err), ERR_UNIQUENESS);
	assert_ok(store_server_delete(f->store, one, ERR));
	assert_ok(store_server_delete(f->store, two, ERR));
	assert_int_equal(store_ip_get(f->store, 1, ADDRESS_PRIMARY, own.id, &ip, NULL),
			 ERR_NOT_FOUND);
	assert_ok(store_ip_get(f->store, 1, ADDRESS_PRIMARY, primary, &ip, ERR));
	assert_string_equal(ip.name, "kept");
	assert_int_equal(ip.address.server_id, 0);
	store_ip_done(&ip);
	assert_ok(store_ip_get(f->store, 1, ADDRESS_FLOATING, floating, &ip, ERR));
	assert_int_equal(ip.address.server_id, 0);
	assert_int_equal(strncmp(ip.name, "floating_ip-", 12), 0);
}

/* Handed over, a server keeps what is its own; what floats stays with who has it. */
static void a_new_owner_gets_no_floating_address(void **state)
{
	struct fixture *f = *state;
	const uint64_t other = fixture_customer(f, "other"), one = fixture_insert(f, 1, 1, "");
	const uint64_t floating = reserve(f, 1, ADDRESS_FLOATING, "web");
	struct store_ip ip CLEANUP(store_ip_done) = {0};
	struct address own;

	assert_ok(store_address_allocate(f->store, one, 1, 4, 1, &own, ERR));
	assert_ok(store_ip_assign(f->store, floating, one, ERR));
	assert_ok(store_server_hand_over(f->store, one, other, ERR));
	assert_ok(store_ip_get(f->store, other, ADDRESS_PRIMARY, own.id, &ip, ERR));
	assert_int_equal(ip.address.server_id, one);
	store_ip_done(&ip);
	assert_ok(store_ip_get(f->store, 1, ADDRESS_FLOATING, floating, &ip, ERR));
	assert_int_equal(ip.address.server_id, 0);
}

static void a_server_has_so_many_floating_addresses(void **state)
{
	struct fixture *f = *state;
	const uint64_t one = fixture_insert(f, 1, 1, "");
	struct store_ip ip = {.kind = ADDRESS_FLOATING, .customer_id = 1, .location_id = 1};

	for (int i = 0; i <= ADDRESS_FLOATING_MOST; i++) {
		ip.name[0] = '\0';
		assert_ok(store_address_reserve(f->store, &ip, 6, ERR));
		assert_int_equal(store_ip_assign(f->store, ip.address.id, one, NULL),
				 i < ADDRESS_FLOATING_MOST ? 0 : ERR_LIMIT);
		ip.address.server_id = 0;
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_lowest_free_one_is_given),
		TEST(a_server_has_one_of_each_family),
		TEST(an_empty_pool_is_said_and_the_next_is_used),
		TEST(pools_share_nothing_and_stay_while_used),
		TEST(racing_processes_never_share_an_address),
		TEST(reverse_names),
		TEST(addresses_as_their_customer_sees_them),
		TEST(a_move_reaches_the_taker_first),
		TEST(addresses_outlive_their_servers),
		TEST(a_new_owner_gets_no_floating_address),
		TEST(a_server_has_so_many_floating_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

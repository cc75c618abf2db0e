// Private networks in the database: what is taken stays taken, limits hold, and versions follow.
#include "fixture.h"

#include "store/store_network.h"
#include "store/store_port.h"

static struct ip ip_of(const char *text)
{
	struct ip ip;

	if (ip_parse_prefix(text, &ip) < 0)
		assert_ok(ip_parse(text, &ip));
	return ip;
}

static uint64_t make(struct fixture *f, uint64_t customer_id, const char *name)
{
	struct subnet subnet = {.type = SUBNET_CLOUD, .range = ip_of("10.0.1.0/24"), .zone = "a"};
	struct private_network network = {.customer_id = customer_id,
					  .range = ip_of("10.0.0.0/16"),
					  .subnets = &subnet,
					  .subnet_count = 1,
					  .created_ms = 7};

	(void)snprintf(network.name, sizeof network.name, "%s", name);
	assert_ok(store_network_insert(f->store, &network, ERR));
	return network.id;
}

static struct private_port port_of(uint64_t network_id, uint64_t server_id, const char *ip)
{
	static uint8_t last;

	return (struct private_port){.network_id = network_id,
				     .server_id = server_id,
				     .ip = ip_of(ip),
				     .mac = {2, 0, 0, 0, 9, ++last}};
}

static uint64_t version_of(struct fixture *f, uint64_t server_id)
{
	uint64_t version = 0;

	assert_ok(store_server_get_version(f->store, 0, server_id, &version, ERR));
	return version;
}

static void networks_are_kept(void **state)
{
	struct fixture *f = *state;
	struct private_network network CLEANUP(private_network_done) = {0};
	const uint64_t id = make(f, 1, "inside");
	struct store_network_filter filter = {.customer_id = 1,
					      .page = {.number = 1, .entries = 10}};
	struct store_networks networks CLEANUP(store_network_done) = {0};
	struct subnet subnet = {.type = SUBNET_SERVER, .range = ip_of("10.0.2.0/24"), .zone = "b"};

	assert_ok(store_network_get(f->store, 1, id, &network, ERR));
	assert_string_equal(network.name, "inside");
	assert_int_equal(network.subnet_count, 1);
	assert_string_equal(network.subnets[0].zone, "a");
	assert_true(ip_equal(&network.range, &(struct ip){4, 16, {10}}));
	assert_int_equal(network.created_ms, 7);
	private_network_done(&network);
	assert_int_equal(store_network_get(f->store, 2, id, &network, ERR), ERR_NOT_FOUND);
	assert_ok(store_network_add_subnet(f->store, id, &subnet, ERR));
	assert_ok(store_network_get_by_name(f->store, 1, "inside", &network, ERR));
	assert_int_equal(network.subnet_count, 2);
	network.range = ip_of("10.0.0.0/12");
	network.protect_delete = true;
	assert_ok(store_network_update(f->store, &network, ERR));
	assert_ok(store_network_delete_subnet(f->store, &network, &network.subnets[0], ERR));
	private_network_done(&network);
	assert_ok(store_network_list(f->store, &filter, &networks, ERR));
	assert_int_equal(networks.total, 1);
	assert_int_equal(networks.items[0].range.prefix, 12);
	assert_true(networks.items[0].protect_delete);
	assert_int_equal(networks.items[0].subnet_count, 1);
	assert_int_equal(networks.items[0].subnets[0].type, SUBNET_SERVER);
	assert_ok(store_network_delete(f->store, id, ERR));
	assert_int_equal(store_network_delete(f->store, id, ERR), ERR_NOT_FOUND);
}

static void addresses_are_taken_once(void **state)
{
	struct fixture *f = *state;
	const uint64_t one = fixture_insert(f, 1, 1, ""), two = fixture_insert(f, 1, 2, "");
	const uint64_t id = make(f, 1, "inside");
	struct private_port first = port_of(id, one, "10.0.1.2"),
			    second = port_of(id, two, "10.0.1.2");
	struct store_ports ports = {0};
	struct store_members members CLEANUP(store_port_done) = {0};
	uint64_t version = version_of(f, one);

	first.aliases[0] = ip_of("10.0.1.9");
	first.alias_count = 1;
	assert_ok(store_port_insert(f->store, &first, 1, ERR));
	assert_true(version_of(f, one) > version);
	assert_int_equal(store_port_insert(f->store, &second, 1, ERR), ERR_IP_NOT_AVAILABLE);
	second.ip = ip_of("10.0.1.9");
	assert_int_equal(store_port_insert(f->store, &second, 1, ERR), ERR_IP_NOT_AVAILABLE);
	second.ip = ip_of("10.0.1.3");
	assert_ok(store_port_insert(f->store, &second, 1, ERR));
	struct private_port again = port_of(id, two, "10.0.1.4");
	assert_int_equal(store_port_insert(f->store, &again, 1, ERR), ERR_SERVER_ATTACHED);
	/* What is refused leaves the others as they were. */
	second.aliases[0] = ip_of("10.0.1.5");
	second.aliases[1] = ip_of("10.0.1.2");
	second.alias_count = 2;
	assert_int_equal(store_port_set_aliases(f->store, &second, ERR), ERR_IP_NOT_AVAILABLE);
	second.alias_count = 1;
	assert_ok(store_port_set_aliases(f->store, &second, ERR));
	assert_ok(store_port_of_network(f->store, id, &members, ERR));
	assert_int_equal(members.count, 2);
	assert_int_equal(members.items[0].server_id, one);
	assert_int_equal(members.items[1].alias_count, 1);
	assert_true(ip_equal(&members.items[1].aliases[0], &second.aliases[0]));
	assert_ok(store_port_leave(f->store, first.id, true, ERR));
	assert_ok(store_port_of_server(f->store, one, &ports, ERR));
	assert_int_equal(ports.count, 1);
	assert_true(ports.items[0].leaving);
	assert_memory_equal(ports.items[0].mac, first.mac, MAC_BYTES);
	assert_int_equal(store_network_delete(f->store, id, ERR), ERR_IN_USE);
	/* Free again with the port, and with the server. */
	version = version_of(f, one);
	assert_ok(store_port_delete(f->store, first.id, ERR));
	assert_true(version_of(f, one) > version);
	assert_ok(store_server_delete(f->store, two, ERR));
	struct private_port last = port_of(id, one, "10.0.1.3");
	assert_ok(store_port_insert(f->store, &last, 1, ERR));
	assert_true(last.id > second.id);
}

static void a_subnet_in_use_stays(void **state)
{
	struct fixture *f = *state;
	struct private_network network CLEANUP(private_network_done) = {0};
	const uint64_t server = fixture_insert(f, 1, 1, ""), id = make(f, 1, "inside");
	struct private_port port = port_of(id, server, "10.0.1.2");

	assert_ok(store_port_insert(f->store, &port, 1, ERR));
	assert_ok(store_network_get(f->store, 1, id, &network, ERR));
	assert_int_equal(store_network_delete_subnet(f->store, &network, &network.subnets[0], ERR),
			 ERR_IN_USE);
	assert_ok(store_port_delete(f->store, port.id, ERR));
	assert_ok(store_network_delete_subnet(f->store, &network, &network.subnets[0], ERR));
}

static void limits_hold(void **state)
{
	struct fixture *f = *state;
	const uint64_t one = fixture_insert(f, 1, 0, "");
	uint64_t ids[PRIVATE_NETWORKS_MOST];
	struct private_network more = {
		.customer_id = 1, .range = ip_of("10.0.0.0/16"), .name = "more"};
	char text[32];

	for (unsigned i = 0; i < PRIVATE_NETWORKS_MOST; i++) {
		(void)snprintf(text, sizeof text, "n%u", i);
		ids[i] = make(f, 1, text);
	}
	assert_int_equal(store_network_insert(f->store, &more, ERR), ERR_LIMIT);
	for (unsigned i = 0; i <= PRIVATE_NETWORKS_OF_SERVER; i++) {
		struct private_port port = port_of(ids[i], one, "10.0.1.2");
		assert_int_equal(store_port_insert(f->store, &port, 1, ERR),
				 i < PRIVATE_NETWORKS_OF_SERVER ? 0 : ERR_LIMIT);
	}
	for (unsigned i = 0; i <= PRIVATE_NETWORK_SERVERS_MOST; i++) {
		(void)snprintf(text, sizeof text, "10.0.1.%u", 10 + i);
		struct private_port port = port_of(ids[9], fixture_insert(f, 1, i + 1, ""), text);
		assert_int_equal(store_port_insert(f->store, &port, 1, ERR),
				 i < PRIVATE_NETWORK_SERVERS_MOST ? 0 : ERR_LIMIT);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(networks_are_kept, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(addresses_are_taken_once, fixture_setup,
						fixture_teardown),
		cmocka_unit_test_setup_teardown(a_subnet_in_use_stays, fixture_setup,
						fixture_teardown),
		cmocka_unit_test_setup_teardown(limits_hold, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

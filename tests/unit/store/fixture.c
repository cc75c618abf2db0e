#include "fixture.h"

#include <ftw.h>
#include <unistd.h>

#include "store/store_address.h"
#include "store/store_customer.h"
#include "store/store_image.h"

struct err fixture_err;

static const struct store_defaults_pool pools[] = {
	{"local-v4", "10.78.0.0/24"},
	{"local-v6", "fd00:1:2::/48"},
};

static void open_store(struct fixture *fixture)
{
	const struct store_defaults_options options = {
		.pools = pools, .pool_count = ARRAY_SIZE(pools), .now_ms = FIXTURE_NOW_MS};

	assert_ok(store_open(fixture->path, &fixture->store, ERR));
	assert_ok(store_defaults(fixture->store, &options, ERR));
}

int fixture_setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	struct image image = {.type = IMAGE_SYSTEM,
			      .status = IMAGE_AVAILABLE,
			      .name = "debian-12",
			      .os_flavor = "debian",
			      .os_version = "12",
			      .architecture = "x86",
			      .default_user = "debian",
			      .created_ms = FIXTURE_NOW_MS};

	assert_non_null(fixture);
	(void)snprintf(fixture->folder, sizeof(fixture->folder), "/tmp/ippo-store-XXXXXX");
	assert_non_null(mkdtemp(fixture->folder));
	(void)snprintf(fixture->path, sizeof(fixture->path), "%s/ippo.db", fixture->folder);
	open_store(fixture);
	assert_ok(store_image_insert(fixture->store, &image, ERR));
	fixture->image_id = image.id;
	*state = fixture;
	return 0;
}

static int remove_one(const char *path, const struct stat *stat, int type, struct FTW *ftw)
{
	return remove(path);
}

int fixture_teardown(void **state)
{
	struct fixture *fixture = *state;

	if (fixture->store)
		assert_ok(store_check(fixture->store, ERR));
	store_close(fixture->store);
	(void)nftw(fixture->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	free(fixture);
	return 0;
}

void fixture_reopen(struct fixture *fixture)
{
	store_close(fixture->store);
	fixture->store = NULL;
	open_store(fixture);
}

struct server fixture_server(const struct fixture *fixture, uint64_t customer_id, unsigned number)
{
	struct server server = {
		.customer_id = customer_id,
		.status = SERVER_OFF,
		.desired = SERVER_DESIRED_OFF,
		.server_type_id = 1,
		.image_id = fixture->image_id,
		.location_id = 1,
		.host = "local",
		.volume_generation = 1,
		.disk_gb = 20,
		.user = "debian",
		.created_ms = FIXTURE_NOW_MS + number,
	};

	(void)snprintf(server.name, sizeof(server.name), "server-%05u", number);
	memcpy(server.uuid, &number, sizeof(number));
	memcpy(server.uuid + 8, &customer_id, sizeof(customer_id));
	server.mac[0] = 2;
	server.mac[1] = (uint8_t)customer_id;
	memcpy(server.mac + 2, &number, sizeof(number));
	return server;
}

uint64_t fixture_insert(struct fixture *fixture, uint64_t customer_id, unsigned number,
			const char *labels)
{
	struct server server CLEANUP(server_done) = fixture_server(fixture, customer_id, number);

	assert_int_equal(label_read(labels, &server.labels), 0);
	assert_ok(store_server_insert(fixture->store, &server, ERR));
	return server.id;
}

uint64_t fixture_customer(struct fixture *fixture, const char *name)
{
	struct customer customer = {.created_ms = FIXTURE_NOW_MS};

	(void)snprintf(customer.name, sizeof(customer.name), "%s", name);
	assert_ok(store_customer_insert(fixture->store, &customer, ERR));
	return customer.id;
}

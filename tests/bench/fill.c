// Puts servers into the database of an Ippo that is stopped, and into the file "world" of its fake
// host, so that a measurement with many of them need not wait for as many creates.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/parse.h"
#include "store/store.h"
#include "store/store_address.h"
#include "store/store_image.h"
#include "store/store_server.h"
#include "wire/host_message.h"

/* Images are nobody's. */
static const char nobody[] = "00000000-0000-0000-0000-000000000000";

static void check(int r, const struct err *err)
{
	if (r >= 0)
		return;
	(void)fprintf(stderr, "bench_fill: %s\n", err->text);
	exit(1);
}

static uint64_t insert_image(struct store *store)
{
	struct image image = {.type = IMAGE_SYSTEM,
			      .status = IMAGE_AVAILABLE,
			      .name = "bench",
			      .os_flavor = "debian",
			      .architecture = "x86"};
	struct err err = {0};

	check(store_image_insert(store, &image, &err), &err);
	return image.id;
}

static void insert(struct store *store, uint64_t image_id, unsigned number, FILE *world)
{
	struct server server CLEANUP(server_done) = {.customer_id = 1,
						     .status = SERVER_RUNNING,
						     .desired = SERVER_DESIRED_ON,
						     .server_type_id = 1,
						     .image_id = image_id,
						     .location_id = 1,
						     .host = "local",
						     .volume_generation = 1,
						     .disk_gb = 20,
						     .user = "debian",
						     .first_boot_done = true};
	struct address address;
	struct err err = {0};
	char labels[64];
	char uuid[UUID_TEXT_BYTES];

	server.created_ms = clock_now_ms();
	(void)snprintf(server.name, sizeof(server.name), "server-%05u", number);
	/* Spread as random ones are. */
	for (unsigned i = 0; i < 4; i++) {
		uint32_t mixed = (number + i * 0x9e3779b9U) * 0x85ebca6bU;

		memcpy(server.uuid + (size_t)4 * i, &mixed, sizeof(mixed));
	}
	server.mac[0] = 0x02;
	memcpy(server.mac + 1, &number, sizeof(number));
	(void)snprintf(labels, sizeof(labels), "env=%s,group=g%u,role=web",
		       number % 2 ? "prod" : "test", number % 100);
	check(label_read(labels, &server.labels), &err);
	check(store_server_insert(store, &server, &err), &err);
	check(store_address_allocate(store, server.id, 1, 4, 1, &address, &err), &err);
	check(store_address_allocate(store, server.id, 1, 6, 1, &address, &err), &err);
	format_uuid(server.uuid, uuid);
	(void)fprintf(world, "+ %d %s 1 0 0\n+ %d %s 0 %d 0\n", HOST_ITEM_VOLUME, uuid,
		      HOST_ITEM_DOMAIN, uuid, HOST_DOMAIN_RUNNING);
}

int main(int argc, char **argv)
{
	struct store *store CLEANUP(cleanup_store) = NULL;
	struct err err = {0};
	uint64_t from;
	uint64_t to;
	FILE *world;
	uint64_t image_id;

	if (argc != 5 || parse_u64(argv[3], 0, 1000000, &from) ||
	    parse_u64(argv[4], 0, 1000000, &to)) {
		(void)fputs("Usage: bench_fill DATABASE WORLD FROM TO\n", stderr);
		return 2;
	}
	world = fopen(argv[2], "a");
	if (!world) {
		perror(argv[2]);
		return 1;
	}
	check(store_open(argv[1], &store, &err), &err);
	check(store_begin(store, &err), &err);
	if (from == 0) {
		image_id = insert_image(store);
		(void)fprintf(world, "+ %d %s %" PRIu64 " 0 0\n", HOST_ITEM_IMAGE, nobody,
			      image_id);
	} else {
		struct image image CLEANUP(image_done) = {0};

		check(store_image_get_by_name(store, 1, "bench", &image, &err), &err);
		image_id = image.id;
	}
	for (uint64_t i = from; i < to; i++)
		insert(store, image_id, (unsigned)i, world);
	check(store_commit(store, &err), &err);
	return fclose(world) ? 1 : 0;
}

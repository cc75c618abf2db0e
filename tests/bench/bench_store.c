// How long the database takes, for 100, 1,000 and 20,000 servers. Prints a table; judges nothing.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "store/store.h"
#include "store/store_address.h"
#include "store/store_image.h"
#include "store/store_server.h"

static void check(int r, const struct err *err)
{
	if (r >= 0)
		return;
	(void)fprintf(stderr, "bench_store: %s\n", err->text);
	exit(1);
}

static double now_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
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

static void insert_server(struct store *store, uint64_t image_id, unsigned number)
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
						     .created_ms = number};
	struct address address;
	struct err err = {0};
	char labels[64];

	(void)snprintf(server.name, sizeof(server.name), "server-%05u", number);
	memcpy(server.uuid, &number, sizeof(number));
	memcpy(server.mac, &number, sizeof(number));
	(void)snprintf(labels, sizeof(labels), "env=%s,group=g%u,role=web",
		       number % 2 ? "prod" : "test", number % 100);
	check(label_read(labels, &server.labels), &err);
	check(store_server_insert(store, &server, &err), &err);
	check(store_address_allocate(store, server.id, 1, 4, 1, &address, &err), &err);
	check(store_address_allocate(store, server.id, 1, 6, 1, &address, &err), &err);
}

static void fill(struct store *store, uint64_t image_id, unsigned from, unsigned to)
{
	struct err err = {0};
	double start = now_us();

	check(store_begin(store, &err), &err);
	for (unsigned i = from; i < to; i++)
		insert_server(store, image_id, i);
	check(store_commit(store, &err), &err);
	printf("%6u servers: inserted %u with addresses and labels, %.1f us each\n", to, to - from,
	       (now_us() - start) / (to - from));
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;

	return (x > y) - (x < y);
}

#define ROUNDS 200

/* Median and worst of many rounds. */
static void measure(struct store *store, const char *what,
		    void (*run)(struct store *store, void *context), void *context)
{
	double times[ROUNDS];

	for (unsigned i = 0; i < ROUNDS; i++) {
		double start = now_us();

		run(store, context);
		times[i] = now_us() - start;
	}
	qsort(times, ROUNDS, sizeof(*times), compare);
	printf("\t%-44s median %8.1f us   p99 %8.1f us\n", what, times[ROUNDS / 2],
	       times[ROUNDS * 99 / 100]);
}

static void run_refs(struct store *store, void *context)
{
	struct store_server_refs refs CLEANUP(store_server_refs_done) = {0};
	struct err err = {0};

	check(store_server_list_refs(store, context, &refs, &err), &err);
}

static void run_list(struct store *store, void *context)
{
	struct store_servers servers CLEANUP(store_server_done) = {0};
	struct err err = {0};

	check(store_server_list(store, context, &servers, &err), &err);
}

static void run_get(struct store *store, void *context)
{
	struct server server CLEANUP(server_done) = {0};
	struct err err = {0};

	check(store_server_get(store, 1, *(uint64_t *)context, &server, &err), &err);
}

static void run_update(struct store *store, void *context)
{
	struct err err = {0};

	check(store_server_update_status(store, *(uint64_t *)context, SERVER_RUNNING, &err), &err);
}

static void run_memory(struct store *store, void *context)
{
	struct err err = {0};
	uint64_t memory;

	(void)context;
	check(store_server_memory_mib(store, 0, &memory, &err), &err);
}

static void measure_selector(struct store *store, const char *text, const struct sort *sort)
{
	struct label_selector selector CLEANUP(label_selector_done) = {0};
	struct err err = {0};
	struct store_server_filter filter = {
		.customer_id = 1, .selector = &selector, .sort = *sort, .page = {1, 25}};
	char what[80];

	check(label_selector_parse(text, &selector, &err), &err);
	(void)snprintf(what, sizeof(what), "list refs, %s%s", text, sort->count ? ", by name" : "");
	measure(store, what, run_refs, &filter);
}

static void measure_all(struct store *store, unsigned count)
{
	static const struct sort by_id = {.count = 0};
	static const struct sort by_name = {.keys = {{SORT_NAME, false}}, .count = 1};
	struct store_server_filter filter = {.customer_id = 1, .page = {1, 25}};
	uint64_t id = count / 2;

	measure(store, "get one", run_get, &id);
	measure(store, "list refs, first page of 25, total", run_refs, &filter);
	measure(store, "list, first page of 25, total", run_list, &filter);
	filter.page.number = count / 50;
	measure(store, "list refs, middle page", run_refs, &filter);
	filter.page.number = count / 25;
	measure(store, "list refs, last page", run_refs, &filter);
	filter.page.number = 1;
	filter.sort = by_name;
	measure(store, "list refs, by name", run_refs, &filter);
	filter = (struct store_server_filter){
		.customer_id = 1, .statuses = 1U << SERVER_RUNNING, .page = {1, 25}};
	measure(store, "list refs, status=running", run_refs, &filter);
	filter = (struct store_server_filter){
		.customer_id = 1, .name = "server-00050", .page = {1, 25}};
	measure(store, "list refs, name=", run_refs, &filter);
	measure_selector(store, "group=g7", &by_id);
	measure_selector(store, "env=prod", &by_id);
	measure_selector(store, "role", &by_id);
	measure_selector(store, "env=prod,group=g7", &by_id);
	measure_selector(store, "env=prod,role=web", &by_id);
	measure_selector(store, "env in (prod,test)", &by_id);
	measure_selector(store, "env!=prod", &by_id);
	measure_selector(store, "!gone", &by_id);
	measure_selector(store, "env=prod", &by_name);
	measure(store, "memory of all that is on", run_memory, NULL);
	measure(store, "update a status, durably", run_update, &id);
}

int main(void)
{
	static const unsigned counts[] = {100, 1000, 20000};
	static const struct store_defaults_pool pools[] = {{"v4", "10.0.0.0/8"},
							   {"v6", "fd00:1::/32"}};
	const struct store_defaults_options options = {.pools = pools, .pool_count = 2};
	struct store *store CLEANUP(cleanup_store) = NULL;
	char folder[] = "/tmp/ippo-bench-XXXXXX";
	char path[64];
	struct err err = {0};
	struct stat size;
	uint64_t image_id;
	unsigned done = 0;

	if (!mkdtemp(folder))
		return 1;
	(void)snprintf(path, sizeof(path), "%s/ippo.db", folder);
	check(store_open(path, &store, &err), &err);
	check(store_defaults(store, &options, &err), &err);
	image_id = insert_image(store);
	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		fill(store, image_id, done, counts[i]);
		done = counts[i];
		measure_all(store, done);
	}
	store_close(steal_ptr(store));

	double start = now_us();

	check(store_open(path, &store, &err), &err);
	printf("%6u servers: reopened in %.1f ms", done, (now_us() - start) / 1000);
	if (stat(path, &size) == 0)
		printf(", %.1f MiB on disk", (double)size.st_size / 1048576);
	printf("\n");
	store_close(steal_ptr(store));
	(void)unlink(path);
	(void)rmdir(folder);
	return 0;
}

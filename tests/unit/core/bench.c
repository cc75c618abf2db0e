#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/secret.h"
#include "bench.h"
#include "core/bootstrap.h"
#include "store/store_action.h"
#include "store/store_address.h"
#include "store/store_image.h"
#include "store/store_plan.h"
#include "store/store_server.h"

#define PATIENCE_MS 10000

static void server_changed(void *context, uint64_t id)
{
	struct bench *bench = context;

	assert_true(id > 0);
	bench->told_servers++;
}

static void server_deleted(void *context, uint64_t id, uint64_t customer_id)
{
	struct bench *bench = context;

	assert_true(id > 0 && customer_id == 1);
	bench->told_deleted++;
}

static void action_changed(void *context, uint64_t id)
{
	struct bench *bench = context;

	assert_true(id > 0);
	bench->told_actions++;
}

static void image_changed(void *context, uint64_t id)
{
	struct bench *bench = context;

	assert_true(id > 0);
	bench->told_images++;
}

static void add_rows(struct bench *bench)
{
	struct image image = {.type = IMAGE_SYSTEM,
			      .status = IMAGE_AVAILABLE,
			      .name = "debian-12",
			      .description = "Debian 12",
			      .os_flavor = "debian",
			      .os_version = "12",
			      .architecture = "x86",
			      .default_user = "debian",
			      .virtual_bytes = 2ULL << 30,
			      .created_ms = 1};
	struct plan plan;
	struct err err = {0};

	const struct bootstrap_options first = {
		.instance = "unit", .pool_ipv4 = "", .pool_ipv6 = ""};

	if (bootstrap_run(bench->store, &first, &err) ||
	    store_image_insert(bench->store, &image, &err))
		fail_msg("%s", err.text);
	bench->image_id = image.id;
	assert_int_equal(store_plan_get_by_name(bench->store, "1g", &plan, NULL), 0);
	bench->plan_small = plan.id;
	assert_int_equal(store_plan_get_by_name(bench->store, "2g", &plan, NULL), 0);
	bench->plan_large = plan.id;
	(void)fake_host_add(&bench->host, HOST_ITEM_IMAGE, NULL, image.id);
}

void bench_init(struct bench *bench)
{
	struct err err = {0};

	memset(bench, 0, sizeof(*bench));
	assert_int_equal(uv_loop_init(&bench->loop), 0);
	(void)snprintf(bench->path, sizeof(bench->path), "/dev/shm/ippo-unit-%d.db", (int)getpid());
	(void)unlink(bench->path);
	if (store_open(bench->path, &bench->store, &err))
		fail_msg("%s", err.text);
	fake_host_init(&bench->host, &bench->loop);
	bench->limits = (struct engine_limits){.retry_first_ms = 2,
					       .retry_most_ms = 10,
					       .unreachable_ms = 5000,
					       .shutdown_repeat_ms = 30,
					       .shutdown_most_ms = 400,
					       .sweep_ms = 100};
	add_rows(bench);
}

void bench_start(struct bench *bench, bool connect)
{
	const struct engine_hooks hooks = {.server_changed = server_changed,
					   .server_deleted = server_deleted,
					   .action_changed = action_changed,
					   .image_changed = image_changed,
					   .context = bench};
	struct err err = {0};

	if (engine_new(&bench->loop, bench->store, &hooks, &bench->limits, &bench->engine, &err) ||
	    engine_start(bench->engine, &err))
		fail_msg("%s", err.text);
	if (connect)
		bench_connect(bench);
}

void bench_connect(struct bench *bench)
{
	assert_int_equal(engine_connect(bench->engine, fake_host_connect(&bench->host), NULL), 0);
}

void bench_kill(struct bench *bench)
{
	engine_free(bench->engine);
	bench->engine = NULL;
	fake_host_disconnect(&bench->host);
}

void bench_done(struct bench *bench)
{
	char side[80];

	bench_kill(bench);
	fake_host_done(&bench->host);
	(void)uv_run(&bench->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&bench->loop), 0);
	assert_int_equal(store_check(bench->store, NULL), 0);
	store_close(bench->store);
	(void)unlink(bench->path);
	(void)snprintf(side, sizeof(side), "%s-wal", bench->path);
	(void)unlink(side);
	(void)snprintf(side, sizeof(side), "%s-shm", bench->path);
	(void)unlink(side);
}

void bench_turn(struct bench *bench)
{
	if (!uv_run(&bench->loop, UV_RUN_NOWAIT) || uv_backend_timeout(&bench->loop) != 0)
		(void)usleep(200);
}

bool bench_until(struct bench *bench, bool (*condition)(struct bench *, void *), void *context,
		 unsigned ms)
{
	int64_t end = clock_mono_ms() + ms;

	while (!condition(bench, context)) {
		if (clock_mono_ms() > end)
			return false;
		bench_turn(bench);
	}
	return true;
}

static bool never(struct bench *bench, void *context)
{
	(void)bench;
	(void)context;
	return false;
}

void bench_for(struct bench *bench, unsigned ms)
{
	(void)bench_until(bench, never, NULL, ms);
}

int bench_submit(struct bench *bench, const struct action_request *request, uint64_t *ret_action,
		 struct err *err)
{
	struct store *guard CLEANUP(store_guard) = NULL;
	struct action action CLEANUP(action_done) = {0};
	int r = store_begin(bench->store, err);

	assert_int_equal(r, 0);
	guard = bench->store;
	r = engine_submit(bench->engine, request, &action, err);
	if (r)
		return r;
	assert_int_equal(store_commit(bench->store, err), 0);
	if (ret_action)
		*ret_action = action.id;
	engine_kick(bench->engine);
	return 0;
}

int bench_command(struct bench *bench, enum action_command command, uint64_t server_id,
		  uint64_t *ret_action)
{
	struct action_request request = {.command = command,
					 .server_id = server_id,
					 .customer_id = 1,
					 .image_id = bench->image_id,
					 .server_type_id = bench->plan_large,
					 .upgrade_disk = true,
					 .password_hash = BENCH_HASH};
	struct err err = {0};

	return bench_submit(bench, &request, ret_action, &err);
}

int bench_create(struct bench *bench, const char *name, bool start, uint64_t *ret_server,
		 uint64_t *ret_action, struct err *err)
{
	struct store *guard CLEANUP(store_guard) = NULL;
	struct server server CLEANUP(server_done) = {0};
	struct action action CLEANUP(action_done) = {0};
	struct action_request request = {.command = ACTION_CREATE_SERVER,
					 .customer_id = 1,
					 .start = start,
					 .password_hash = BENCH_HASH,
					 .user_data = "#cloud-config\n{}\n",
					 .user_data_bytes = 17};
	int r;

	server.customer_id = 1;
	(void)snprintf(server.name, sizeof(server.name), "%s", name);
	(void)snprintf(server.host, sizeof(server.host), "local");
	(void)snprintf(server.user, sizeof(server.user), "debian");
	secret_random(server.uuid, sizeof(server.uuid));
	secret_random(server.mac, sizeof(server.mac));
	server.mac[0] = 2;
	server.server_type_id = bench->plan_small;
	server.image_id = bench->image_id;
	server.location_id = 1;
	server.volume_generation = 1;
	server.disk_gb = 20;
	server.created_ms = clock_now_ms();
	r = store_begin(bench->store, err);
	assert_int_equal(r, 0);
	guard = bench->store;
	r = store_server_insert(bench->store, &server, err);
	if (r == 0)
		r = store_address_allocate(bench->store, server.id, 1, 4, 1, &server.ipv4, err);
	if (r == 0)
		r = store_address_allocate(bench->store, server.id, 1, 6, 1, &server.ipv6, err);
	if (r == 0)
		r = store_server_set_keys(bench->store, server.id, "ssh-ed25519 AAAA me\n", err);
	request.server_id = server.id;
	if (r == 0)
		r = engine_submit(bench->engine, &request, &action, err);
	if (r == 0)
		r = store_commit(bench->store, err);
	if (r)
		return r;
	if (ret_server)
		*ret_server = server.id;
	if (ret_action)
		*ret_action = action.id;
	engine_kick(bench->engine);
	return 0;
}

struct action bench_action(struct bench *bench, uint64_t id)
{
	struct action action = {0};

	assert_int_equal(store_action_get(bench->store, 0, id, &action, NULL), 0);
	return action;
}

static bool has_ended(struct bench *bench, void *context)
{
	struct action action CLEANUP(action_done) = bench_action(bench, *(uint64_t *)context);

	return action.status != ACTION_RUNNING;
}

void bench_ended(struct bench *bench, uint64_t action_id, enum action_status status,
		 const char *code)
{
	bool ended = bench_until(bench, has_ended, &action_id, PATIENCE_MS);
	struct action action CLEANUP(action_done) = bench_action(bench, action_id);

	if (!ended)
		fail_msg("%s does not end (%u %%, %s)", action_command_name(action.command),
			 action.progress, action.error_text);
	if (action.status != status)
		fail_msg("%s ended as %s: %s: %s", action_command_name(action.command),
			 action_status_name(action.status), action.error_code, action.error_text);
	assert_true(action.finished_ms >= action.started_ms);
	if (status == ACTION_SUCCESS)
		assert_int_equal(action.progress, 100);
	if (code)
		assert_string_equal(action.error_code, code);
}

struct server bench_server(struct bench *bench, uint64_t id)
{
	struct server server = {0};

	assert_int_equal(store_server_get(bench->store, 0, id, &server, NULL), 0);
	return server;
}

bool bench_exists(struct bench *bench, uint64_t id)
{
	struct server server CLEANUP(server_done) = {0};

	return store_server_get(bench->store, 0, id, &server, NULL) == 0;
}

struct wanted_status {
	uint64_t id;
	enum server_status status;
};

static bool has_status(struct bench *bench, void *context)
{
	const struct wanted_status *wanted = context;
	struct server server CLEANUP(server_done) = bench_server(bench, wanted->id);

	return server.status == wanted->status;
}

void bench_status(struct bench *bench, uint64_t id, enum server_status status)
{
	struct wanted_status wanted = {id, status};
	struct server server CLEANUP(server_done) = {0};

	if (bench_until(bench, has_status, &wanted, PATIENCE_MS))
		return;
	server = bench_server(bench, id);
	fail_msg("the server is %s, not %s", server_status_name(server.status),
		 server_status_name(status));
}

static bool has_exactly(struct bench *bench, void *context)
{
	const size_t *want = context;
	const struct fake_host *host = &bench->host;

	return fake_host_count(host, HOST_ITEM_DOMAIN) == want[0] &&
	       fake_host_count(host, HOST_ITEM_VOLUME) == want[1] &&
	       fake_host_count(host, HOST_ITEM_SEED) == want[2] &&
	       fake_host_count(host, HOST_ITEM_NETWORK) == want[3];
}

void bench_settled(struct bench *bench, size_t domains, size_t volumes, size_t seeds,
		   size_t networks)
{
	size_t want[] = {domains, volumes, seeds, networks};

	if (!bench_until(bench, has_exactly, want, PATIENCE_MS))
		fail_msg("the host has %zu domains, %zu volumes, %zu seeds, %zu networks",
			 fake_host_count(&bench->host, HOST_ITEM_DOMAIN),
			 fake_host_count(&bench->host, HOST_ITEM_VOLUME),
			 fake_host_count(&bench->host, HOST_ITEM_SEED),
			 fake_host_count(&bench->host, HOST_ITEM_NETWORK));
}

// kill -9 of core, and of the host process, at every instant of create, rebuild, change_type and
// delete, with and without a failure on the way: afterwards every server is whole or cleanly gone.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/secret.h"
#include "bench.h"
#include "store/store_kept_disk.h"
#include "store/store_seed.h"
#include "store/store_server.h"

enum blow { KILL_CORE, KILL_HOST };

struct scene {
	enum action_command command;
	uint16_t fault; /* this verb is refused for good; 0: none */
	int code;
};

/* One run in which the blow falls after @turns turns. Return: false when the action had ended
 * before. */
static bool run(const struct scene *scene, enum blow blow, unsigned turns)
{
	struct bench bench;
	struct server before CLEANUP(server_done) = {0};
	uint64_t server_id = 0;
	uint64_t action_id = 0;
	bool failing = scene->fault != 0;
	bool struck;

	bench_init(&bench);
	bench.limits.sweep_ms = 3600000; /* the steps themselves must leave nothing */
	bench_start(&bench, true);
	if (scene->command != ACTION_CREATE_SERVER) {
		bool start = scene->command != ACTION_CHANGE_SERVER_TYPE;

		assert_int_equal(bench_create(&bench, "one", start, &server_id, &action_id, NULL),
				 0);
		bench_ended(&bench, action_id, ACTION_SUCCESS, NULL);
		before = bench_server(&bench, server_id);
	}
	if (failing)
		fake_host_fault(&bench.host, scene->fault, 0, 1000, scene->code);
	if (scene->command == ACTION_CREATE_SERVER)
		assert_int_equal(bench_create(&bench, "one", true, &server_id, &action_id, NULL),
				 0);
	else
		assert_int_equal(bench_command(&bench, scene->command, server_id, &action_id), 0);
	for (unsigned i = 0; i < turns; i++)
		bench_turn(&bench);
	{
		struct action action CLEANUP(action_done) = bench_action(&bench, action_id);

		struck = action.status == ACTION_RUNNING;
	}
	if (blow == KILL_CORE) {
		bench_kill(&bench);
		bench_start(&bench, true);
	} else {
		fake_host_disconnect(&bench.host);
		bench_turn(&bench);
		bench_connect(&bench);
	}
	bench_ended(&bench, action_id, failing ? ACTION_ERROR : ACTION_SUCCESS,
		    failing ? err_name(scene->code) : NULL);
	memset(bench.host.faults, 0, sizeof(bench.host.faults));
	if (scene->command == ACTION_DELETE_SERVER ||
	    (scene->command == ACTION_CREATE_SERVER && failing)) {
		struct store_seed seed CLEANUP(store_seed_done) = {0};

		assert_false(bench_exists(&bench, server_id));
		assert_int_equal(store_seed_get(bench.store, server_id, &seed, NULL),
				 ERR_NOT_FOUND);
		bench_settled(&bench, 0, 0, 0, 0);
		/* Its name and addresses are free again. */
		assert_int_equal(bench_create(&bench, "one", false, &server_id, &action_id, NULL),
				 0);
		bench_ended(&bench, action_id, ACTION_SUCCESS, NULL);
		bench_settled(&bench, 1, 1, 1, 1);
	} else {
		bool on = scene->command != ACTION_CHANGE_SERVER_TYPE;
		struct server server CLEANUP(server_done) = {0};
		const struct host_item *domain;
		uint32_t generation = 1;
		uint64_t plan = bench.plan_small;

		if (scene->command == ACTION_REBUILD_SERVER && !failing)
			generation = 2;
		if (scene->command == ACTION_CHANGE_SERVER_TYPE && !failing)
			plan = bench.plan_large;
		bench_status(&bench, server_id, on ? SERVER_RUNNING : SERVER_OFF);
		bench_settled(&bench, 1, 1, 1, 1);
		server = bench_server(&bench, server_id);
		assert_int_equal(server.locked_action_id, 0);
		assert_int_equal(server.desired, on ? SERVER_DESIRED_ON : SERVER_DESIRED_OFF);
		assert_int_equal(server.volume_generation, generation);
		assert_int_equal(server.server_type_id, plan);
		assert_true(server.seed);
		if (before.id)
			assert_true(ip_equal(&server.ipv4.ip, &before.ipv4.ip));
		domain = fake_host_find(&bench.host, HOST_ITEM_DOMAIN, server.uuid, 0);
		assert_non_null(domain);
		assert_int_equal(domain->state, on ? HOST_DOMAIN_RUNNING : HOST_DOMAIN_OFF);
		assert_int_equal(bench.host.domains[domain - bench.host.items].generation,
				 generation);
		assert_int_equal(bench.host.domains[domain - bench.host.items].memory_mib,
				 plan == bench.plan_large ? 2048 : 1024);
		assert_non_null(
			fake_host_find(&bench.host, HOST_ITEM_VOLUME, server.uuid, generation));
	}
	assert_int_equal(engine_running(bench.engine), 0);
	bench_done(&bench);
	return struck;
}

static void everywhere(const struct scene *scene)
{
	unsigned turns = 0;

	while (run(scene, KILL_CORE, turns))
		turns++;
	assert_true(turns > 1); /* the blows really fell while it ran */
	turns = 0;
	while (run(scene, KILL_HOST, turns))
		turns++;
	assert_true(turns > 1);
}

static void test_create(void **state)
{
	const struct scene scene = {ACTION_CREATE_SERVER, 0, 0};

	(void)state;
	everywhere(&scene);
}

static void test_create_undone(void **state)
{
	static const struct scene scenes[] = {
		{ACTION_CREATE_SERVER, HOST_IMAGE_FACTS, ERR_IMAGE_MISSING},
		{ACTION_CREATE_SERVER, HOST_VOLUME_CREATE, ERR_DISK_FULL},
		{ACTION_CREATE_SERVER, HOST_DOMAIN_START, ERR_HYPERVISOR_FAILED},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(scenes); i++)
		everywhere(&scenes[i]);
}

static void test_rebuild(void **state)
{
	const struct scene scene = {ACTION_REBUILD_SERVER, 0, 0};

	(void)state;
	everywhere(&scene);
}

static void test_rebuild_undone(void **state)
{
	static const struct scene scenes[] = {
		{ACTION_REBUILD_SERVER, HOST_VOLUME_CREATE, ERR_DISK_FULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(scenes); i++)
		everywhere(&scenes[i]);
}

static void test_change_type(void **state)
{
	const struct scene scene = {ACTION_CHANGE_SERVER_TYPE, 0, 0};

	(void)state;
	everywhere(&scene);
}

static void test_change_type_undone(void **state)
{
	const struct scene scene = {ACTION_CHANGE_SERVER_TYPE, HOST_VOLUME_GROW, ERR_DISK_FULL};

	(void)state;
	everywhere(&scene);
}

static void test_delete(void **state)
{
	const struct scene scene = {ACTION_DELETE_SERVER, 0, 0};

	(void)state;
	everywhere(&scene);
}

/* A rebuild that keeps its disk, and the way back; the blow falls in the first or in the second.
 * Return: false when that had ended before. @code: the way back is refused, by its grow. */
static bool run_kept(bool back, int code, enum blow blow, unsigned turns)
{
	struct bench bench;
	uint64_t server_id = 0, action_id = 0;
	bool struck;

	bench_init(&bench);
	bench.limits.sweep_ms = 3600000;
	bench_start(&bench, true);
	assert_int_equal(bench_create(&bench, "one", true, &server_id, &action_id, NULL), 0);
	bench_ended(&bench, action_id, ACTION_SUCCESS, NULL);
	/* Its first boot is over. */
	assert_int_equal(store_server_update_seed(bench.store, server_id, false, NULL), 0);
	assert_int_equal(store_server_update_first_boot(bench.store, server_id, 1, true, NULL), 0);
	for (unsigned round = 0; round < (back ? 2U : 1U); round++) {
		const struct action_request request = {
			.command = round == 0 ? ACTION_REBUILD_SERVER : ACTION_RESTORE_KEPT_DISK,
			.server_id = server_id,
			.customer_id = 1,
			.image_id = bench.image_id,
			.keep_disk = true};

		if (round == 1)
			bench_ended(&bench, action_id, ACTION_SUCCESS, NULL);
		if (round == 1 && code)
			fake_host_fault(&bench.host, HOST_VOLUME_GROW, 0, 1000, code);
		assert_int_equal(bench_submit(&bench, &request, &action_id, NULL), 0);
	}
	for (unsigned i = 0; i < turns; i++)
		bench_turn(&bench);
	{
		struct action now CLEANUP(action_done) = bench_action(&bench, action_id);

		struck = now.status == ACTION_RUNNING;
	}
	if (blow == KILL_CORE) {
		bench_kill(&bench);
		bench_start(&bench, true);
	} else {
		fake_host_disconnect(&bench.host);
		bench_turn(&bench);
		bench_connect(&bench);
	}
	bench_ended(&bench, action_id, code ? ACTION_ERROR : ACTION_SUCCESS,
		    code ? err_name(code) : NULL);
	memset(bench.host.faults, 0, sizeof(bench.host.faults));
	{
		const bool is_back = back && !code;
		struct server server CLEANUP(server_done) = bench_server(&bench, server_id);
		struct store_kept_disk disk CLEANUP(store_kept_disk_done) = {0};
		const struct host_item *domain;

		assert_int_equal(server.volume_generation, is_back ? 1 : 2);
		assert_int_equal(store_kept_disk_get(bench.store, server_id, &disk, NULL),
				 is_back ? ERR_NOT_FOUND : 0);
		bench_status(&bench, server_id, SERVER_RUNNING);
		bench_settled(&bench, 1, is_back ? 1 : 2, is_back ? 0 : 1, 1);
		assert_non_null(fake_host_find(&bench.host, HOST_ITEM_VOLUME, server.uuid, 1));
		domain = fake_host_find(&bench.host, HOST_ITEM_DOMAIN, server.uuid, 0);
		assert_non_null(domain);
		assert_int_equal(bench.host.domains[domain - bench.host.items].generation,
				 server.volume_generation);
	}
	bench_done(&bench);
	return struck;
}

static void kept_everywhere(bool back, int code)
{
	for (enum blow blow = KILL_CORE; blow <= KILL_HOST; blow++) {
		unsigned turns = 0;

		while (run_kept(back, code, blow, turns))
			turns++;
		assert_true(turns > 1);
	}
}

static void test_rebuild_that_keeps(void **state)
{
	(void)state;
	kept_everywhere(false, 0);
}

static void test_the_way_back(void **state)
{
	(void)state;
	kept_everywhere(true, 0);
}

static void test_the_way_back_undone(void **state)
{
	(void)state;
	kept_everywhere(true, ERR_NOT_FOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_create),       cmocka_unit_test(test_create_undone),
		cmocka_unit_test(test_rebuild),      cmocka_unit_test(test_rebuild_undone),
		cmocka_unit_test(test_change_type),  cmocka_unit_test(test_change_type_undone),
		cmocka_unit_test(test_delete),       cmocka_unit_test(test_rebuild_that_keeps),
		cmocka_unit_test(test_the_way_back), cmocka_unit_test(test_the_way_back_undone),
	};

	log_init("test_crash", LOG_LEVEL_ERROR);
	return secret_setup() ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}

// What each command does to a server, and what the engine does when things go wrong around it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/secret.h"
#include "bench.h"
#include "store/store_action.h"
#include "store/store_image.h"
#include "store/store_plan.h"
#include "store/store_seed.h"
#include "store/store_server.h"

static struct bench bench;

static int setup(void **state)
{
	(void)state;
	bench_init(&bench);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	bench_done(&bench);
	return 0;
}

static uint64_t make(const char *name, bool start)
{
	uint64_t server = 0;
	uint64_t action = 0;

	assert_int_equal(bench_create(&bench, name, start, &server, &action, NULL), 0);
	bench_ended(&bench, action, ACTION_SUCCESS, NULL);
	return server;
}

static void does(enum action_command command, uint64_t server)
{
	uint64_t action = 0;

	assert_int_equal(bench_command(&bench, command, server, &action), 0);
	bench_ended(&bench, action, ACTION_SUCCESS, NULL);
}

static const uint8_t *uuid_of(uint64_t server_id)
{
	static uint8_t uuid[UUID_BYTES];
	struct server server CLEANUP(server_done) = bench_server(&bench, server_id);

	memcpy(uuid, server.uuid, sizeof(uuid));
	return uuid;
}

static bool idle(struct bench *with, void *context)
{
	(void)context;
	return engine_running(with->engine) == 0;
}

static void test_create_stopped(void **state)
{
	uint64_t id;
	struct server server CLEANUP(server_done) = {0};

	(void)state;
	bench_start(&bench, true);
	id = make("one", false);
	server = bench_server(&bench, id);
	assert_int_equal(server.status, SERVER_OFF);
	assert_int_equal(server.desired, SERVER_DESIRED_OFF);
	assert_int_equal(server.locked_action_id, 0);
	assert_int_equal(server.first_started_ms, 0);
	assert_int_equal(fake_host_asked(&bench.host, HOST_DOMAIN_START), 0);
	assert_int_equal(bench.host.volume_bytes, 20ULL << 30);
	assert_non_null(strstr(bench.host.last_seed.meta_data, "ssh-ed25519 AAAA me"));
	assert_non_null(strstr(bench.host.last_seed.user_data, BENCH_HASH));
	assert_true(bench.told_servers > 0 && bench.told_actions > 0);
	does(ACTION_START_SERVER, id);
	server_done(&server);
	server = bench_server(&bench, id);
	assert_int_equal(server.status, SERVER_RUNNING);
	assert_int_equal(server.desired, SERVER_DESIRED_ON);
	assert_true(server.first_started_ms > 0);
	does(ACTION_REBOOT_SERVER, id);
	does(ACTION_RESET_SERVER, id);
	does(ACTION_STOP_SERVER, id);
	bench_status(&bench, id, SERVER_OFF);
	does(ACTION_DELETE_SERVER, id);
	assert_false(bench_exists(&bench, id));
	assert_int_equal(bench.told_deleted, 1);
	bench_settled(&bench, 0, 0, 0, 0);
}

/* Nothing runs before the commit, and nothing at all after a rollback. */
static void test_rollback(void **state)
{
	struct action_request request = {.command = ACTION_START_SERVER, .customer_id = 1};
	struct action action CLEANUP(action_done) = {0};

	(void)state;
	bench_start(&bench, true);
	request.server_id = make("one", false);
	assert_int_equal(store_begin(bench.store, NULL), 0);
	assert_int_equal(engine_submit(bench.engine, &request, &action, NULL), 0);
	engine_kick(bench.engine);
	bench_for(&bench, 20);
	store_rollback(bench.store);
	engine_kick(bench.engine);
	bench_for(&bench, 20);
	assert_int_equal(fake_host_asked(&bench.host, HOST_DOMAIN_START), 0);
	assert_int_equal(engine_running(bench.engine), 0);
	bench_status(&bench, request.server_id, SERVER_OFF);
}

static void test_refusals(void **state)
{
	uint64_t id;
	uint64_t action;

	(void)state;
	bench_start(&bench, true);
	id = make("one", true);
	assert_int_equal(bench_command(&bench, ACTION_CHANGE_SERVER_TYPE, id, NULL),
			 ERR_SERVER_NOT_STOPPED);
	bench.host.delay_ms = 30;
	assert_int_equal(bench_command(&bench, ACTION_REBOOT_SERVER, id, &action), 0);
	assert_int_equal(bench_command(&bench, ACTION_STOP_SERVER, id, NULL), ERR_LOCKED);
	assert_int_equal(bench_command(&bench, ACTION_DELETE_SERVER, id, NULL), ERR_LOCKED);
	bench_ended(&bench, action, ACTION_SUCCESS, NULL);
	assert_int_equal(bench_command(&bench, ACTION_START_SERVER, 999, NULL), ERR_NOT_FOUND);
	assert_int_equal(bench_create(&bench, "one", true, NULL, NULL, NULL), ERR_UNIQUENESS);
}

static void test_settings(void **state)
{
	struct action_request request = {
		.customer_id = 1, .protect_delete = 1, .protect_rebuild = -1};
	struct server server CLEANUP(server_done) = {0};
	char ip[IP_TEXT_BYTES];
	uint64_t action;

	(void)state;
	bench_start(&bench, true);
	request.server_id = make("one", false);
	request.command = ACTION_CHANGE_PROTECTION;
	assert_int_equal(bench_submit(&bench, &request, &action, NULL), 0);
	bench_ended(&bench, action, ACTION_SUCCESS, NULL);
	assert_int_equal(bench_command(&bench, ACTION_DELETE_SERVER, request.server_id, NULL),
			 ERR_PROTECTED);
	server = bench_server(&bench, request.server_id);
	ip_format(&server.ipv4.ip, ip);
	request.command = ACTION_CHANGE_DNS_PTR;
	request.ip = ip;
	request.dns_ptr = "www.example.net";
	assert_int_equal(bench_submit(&bench, &request, &action, NULL), 0);
	bench_ended(&bench, action, ACTION_SUCCESS, NULL);
	server_done(&server);
	server = bench_server(&bench, request.server_id);
	assert_true(server.protect_delete);
	assert_false(server.protect_rebuild);
	assert_string_equal(server_dns_ptr(&server, &server.ipv4.ip), "www.example.net");
	request.ip = "192.0.2.1";
	assert_int_equal(bench_submit(&bench, &request, &action, NULL), ERR_INVALID_INPUT);
	request.ip = "nonsense";
	assert_int_equal(bench_submit(&bench, &request, &action, NULL), ERR_INVALID_INPUT);
}

static void test_change_type(void **state)
{
	struct action_request request = {.command = ACTION_CHANGE_SERVER_TYPE, .customer_id = 1};
	struct server server CLEANUP(server_done) = {0};
	uint64_t action;

	(void)state;
	bench_start(&bench, true);
	request.server_id = make("one", false);
	request.server_type_id = bench.plan_large;
	assert_int_equal(bench_submit(&bench, &request, &action, NULL), 0);
	bench_ended(&bench, action, ACTION_SUCCESS, NULL);
	server = bench_server(&bench, request.server_id);
	assert_int_equal(server.server_type_id, bench.plan_large);
	assert_int_equal(server.disk_gb, 20); /* it was not asked to grow, so it may go back */
	assert_int_equal(fake_host_asked(&bench.host, HOST_VOLUME_GROW), 0);
	request.server_type_id = bench.plan_small;
	assert_int_equal(bench_submit(&bench, &request, &action, NULL), 0);
	bench_ended(&bench, action, ACTION_SUCCESS, NULL);
	request.server_type_id = bench.plan_large;
	request.upgrade_disk = true;
	assert_int_equal(bench_submit(&bench, &request, &action, NULL), 0);
	bench_ended(&bench, action, ACTION_SUCCESS, NULL);
	assert_int_equal(bench.host.volume_bytes, 40ULL << 30);
	request.server_type_id = bench.plan_small;
	assert_int_equal(bench_submit(&bench, &request, &action, NULL), ERR_INVALID_SERVER_TYPE);
	request.server_type_id = 999;
	assert_int_equal(bench_submit(&bench, &request, &action, NULL), ERR_INVALID_INPUT);
}

static void test_disk_full(void **state)
{
	uint64_t id;
	uint64_t action;

	(void)state;
	bench_start(&bench, true);
	fake_host_fault(&bench.host, HOST_VOLUME_CREATE, 0, 100, ERR_DISK_FULL);
	assert_int_equal(bench_create(&bench, "one", true, &id, &action, NULL), 0);
	bench_ended(&bench, action, ACTION_ERROR, "disk_full");
	assert_false(bench_exists(&bench, id));
	assert_int_equal(bench.told_deleted, 1);
	bench_settled(&bench, 0, 0, 0, 0);
}

/* Libvirt lost its head once: the same step again is all it takes. */
static void test_refused_once(void **state)
{
	uint64_t id;
	uint64_t action;

	(void)state;
	bench_start(&bench, true);
	fake_host_fault(&bench.host, HOST_DOMAIN_START, 0, 2, ERR_HYPERVISOR_FAILED);
	assert_int_equal(bench_create(&bench, "one", true, &id, &action, NULL), 0);
	bench_ended(&bench, action, ACTION_SUCCESS, NULL);
}

static void test_unreachable(void **state)
{
	uint64_t first;
	uint64_t second;
	uint64_t id;

	(void)state;
	bench.limits.unreachable_ms = 300;
	bench_start(&bench, false);
	assert_int_equal(bench_create(&bench, "one", true, NULL, &first, NULL), 0);
	bench_ended(&bench, first, ACTION_ERROR, "hypervisor_unavailable");
	/* Its undo was due on a host that is not there: nothing had begun, so nothing is left. */
	assert_int_equal(bench_create(&bench, "two", true, &id, &second, NULL), 0);
	bench_for(&bench, 100);
	bench_connect(&bench);
	bench_ended(&bench, second, ACTION_SUCCESS, NULL);
	bench_status(&bench, id, SERVER_RUNNING);
	bench_settled(&bench, 1, 1, 1, 1);
}

static bool is_undoing(struct bench *b, void *context)
{
	struct action action CLEANUP(action_done) = bench_action(b, *(uint64_t *)context);

	return action.status == ACTION_RUNNING && action.undoing;
}

/* The hypervisor goes in the middle: the undo waits as long as it takes. */
static void test_undo_waits(void **state)
{
	uint64_t action_id;
	uint64_t id;

	(void)state;
	bench.limits.unreachable_ms = 100;
	bench_start(&bench, true);
	fake_host_fault(&bench.host, HOST_DOMAIN_DEFINE, 0, 1000, ERR_HYPERVISOR);
	fake_host_fault(&bench.host, HOST_VOLUME_DELETE, 0, 40, ERR_HYPERVISOR);
	assert_int_equal(bench_create(&bench, "one", true, &id, &action_id, NULL), 0);
	assert_true(bench_until(&bench, is_undoing, &action_id, 20000));
	bench_kill(&bench);
	bench_start(&bench, true);
	bench_ended(&bench, action_id, ACTION_ERROR, "hypervisor_unavailable");
	assert_false(bench_exists(&bench, id));
	bench_settled(&bench, 0, 0, 0, 0);
}

static void test_thirty_at_once(void **state)
{
	uint64_t actions[30];

	(void)state;
	bench_start(&bench, true);
	bench.host.delay_ms = 2;
	for (size_t i = 0; i < ARRAY_SIZE(actions); i++) {
		char name[16];

		(void)snprintf(name, sizeof(name), "s%zu", i);
		assert_int_equal(bench_create(&bench, name, true, NULL, &actions[i], NULL), 0);
	}
	for (size_t i = 0; i < ARRAY_SIZE(actions); i++)
		bench_ended(&bench, actions[i], ACTION_SUCCESS, NULL);
	bench_settled(&bench, 30, 30, 30, 30);
	assert_int_equal(bench.host.most_in_flight, 4);
}

static void test_shutdown(void **state)
{
	uint64_t id;
	uint64_t action;

	(void)state;
	bench_start(&bench, true);
	id = make("one", true);
	does(ACTION_SHUTDOWN_SERVER, id);
	bench_status(&bench, id, SERVER_OFF);
	does(ACTION_START_SERVER, id);
	bench.host.ignore_shutdown = true;
	assert_int_equal(bench_command(&bench, ACTION_SHUTDOWN_SERVER, id, &action), 0);
	bench_for(&bench, 20);
	bench_status(&bench, id, SERVER_STOPPING);
	bench_ended(&bench, action, ACTION_ERROR, "timeout");
	assert_true(fake_host_asked(&bench.host, HOST_DOMAIN_SHUTDOWN) > 3); /* it insisted */
	bench_status(&bench, id, SERVER_RUNNING);
	{
		struct server server CLEANUP(server_done) = bench_server(&bench, id);

		assert_int_equal(server.desired, SERVER_DESIRED_ON);
		assert_int_equal(server.locked_action_id, 0);
	}
	/* The guest does it late, and the event gets lost. */
	assert_int_equal(bench_command(&bench, ACTION_SHUTDOWN_SERVER, id, &action), 0);
	bench_for(&bench, 60);
	fake_host_find(&bench.host, HOST_ITEM_DOMAIN, uuid_of(id), 0)->state = HOST_DOMAIN_OFF;
	bench_ended(&bench, action, ACTION_SUCCESS, NULL);
	bench_status(&bench, id, SERVER_OFF);
}

static void test_stop_ends_shutdown(void **state)
{
	uint64_t id;
	uint64_t waiting;
	uint64_t force;

	(void)state;
	bench.limits.shutdown_most_ms = 20000;
	bench_start(&bench, true);
	id = make("one", true);
	bench.host.ignore_shutdown = true;
	assert_int_equal(bench_command(&bench, ACTION_SHUTDOWN_SERVER, id, &waiting), 0);
	bench_for(&bench, 50);
	assert_int_equal(bench_command(&bench, ACTION_START_SERVER, id, NULL), ERR_LOCKED);
	assert_int_equal(bench_command(&bench, ACTION_STOP_SERVER, id, &force), 0);
	bench_ended(&bench, force, ACTION_SUCCESS, NULL);
	bench_ended(&bench, waiting, ACTION_SUCCESS, NULL);
	bench_status(&bench, id, SERVER_OFF);
	{
		struct server server CLEANUP(server_done) = bench_server(&bench, id);

		assert_int_equal(server.locked_action_id, 0);
	}
	does(ACTION_START_SERVER, id);
}

static bool not_wished(struct bench *with, void *context)
{
	struct server server CLEANUP(server_done) = bench_server(with, *(uint64_t *)context);

	return server.desired == SERVER_DESIRED_OFF;
}

/* From inside the guest, or a QEMU that was killed. */
static void test_off_by_itself(void **state)
{
	uint64_t id;
	int64_t before;

	(void)state;
	bench.limits.settle_ms = 300;
	bench_start(&bench, true);
	id = make("one", true);
	before = clock_mono_ms();
	fake_host_power(&bench.host, uuid_of(id), HOST_DOMAIN_OFF);
	bench_status(&bench, id, SERVER_OFF);
	assert_true(clock_mono_ms() - before < 1000);
	assert_false(not_wished(&bench, &id)); /* the machine may be on its way down */
	assert_true(bench_until(&bench, not_wished, &id, 5000));
	does(ACTION_START_SERVER, id);
	fake_host_power(&bench.host, uuid_of(id), HOST_DOMAIN_CRASHED);
	bench_status(&bench, id, SERVER_OFF);
	/* Behind core's back, while it was not connected. */
	does(ACTION_START_SERVER, id);
	fake_host_disconnect(&bench.host);
	fake_host_find(&bench.host, HOST_ITEM_DOMAIN, uuid_of(id), 0)->state = HOST_DOMAIN_OFF;
	bench_for(&bench, 20);
	bench_connect(&bench);
	bench_status(&bench, id, SERVER_OFF);
}

static void test_machine_restart(void **state)
{
	uint64_t on;
	uint64_t off;

	(void)state;
	bench_start(&bench, true);
	on = make("on", true);
	off = make("off", false);
	bench_for(&bench, 150); /* the boot id is remembered after a sweep */
	bench_kill(&bench);
	for (size_t i = 0; i < bench.host.count; i++)
		if (bench.host.items[i].kind == HOST_ITEM_DOMAIN)
			bench.host.items[i].state = HOST_DOMAIN_OFF;
	while (fake_host_count(&bench.host, HOST_ITEM_NETWORK))
		for (size_t i = 0; i < bench.host.count; i++)
			if (bench.host.items[i].kind == HOST_ITEM_NETWORK)
				fake_host_remove(&bench.host, HOST_ITEM_NETWORK,
						 bench.host.items[i].uuid, 0);
	memcpy(bench.host.facts.boot_id, "22222222-2222-4222-8222-222222222222", 37);
	bench_start(&bench, true);
	bench_for(&bench, 50);
	bench_status(&bench, on, SERVER_RUNNING);
	bench_status(&bench, off, SERVER_OFF);
	assert_int_equal(fake_host_count(&bench.host, HOST_ITEM_NETWORK), 2);
	assert_true(bench_until(&bench, idle, NULL, 5000));
	/* The same boot again: who is off stays off. */
	bench_for(&bench, 150);
	bench_kill(&bench);
	fake_host_find(&bench.host, HOST_ITEM_DOMAIN, uuid_of(on), 0)->state = HOST_DOMAIN_OFF;
	bench_start(&bench, true);
	bench_for(&bench, 300);
	bench_status(&bench, on, SERVER_OFF);
}

static bool seed_is_gone(struct bench *with, void *context)
{
	struct server server CLEANUP(server_done) = bench_server(with, *(uint64_t *)context);

	return !server.seed && fake_host_count(&with->host, HOST_ITEM_SEED) == 0;
}

static const char host_key[] =
	"host-key ssh-ed25519 "
	"AAAAC3NzaC1lZDI1NTE5AAAAILlprTpMuRDRaN+UeaQhEQmslPKf71cbR+tHVWxmtJGu";
static const char other_host_key[] =
	"host-key ssh-ed25519 "
	"AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/* The server is known by `host_key`; the fingerprint is what ssh-keygen -l shows of it. */
static void assert_host_key(uint64_t id)
{
	struct server server CLEANUP(server_done) = bench_server(&bench, id);
	char *expected AUTO_FREE = NULL;

	assert_true(asprintf(&expected, "%s SHA256:540nOBy028iBJBkgt2Cg/e4xOc0lduvt3KQLIu6leDY\n",
			     host_key + strlen("host-key ")) > 0);
	assert_non_null(server.host_keys);
	assert_string_equal(server.host_keys, expected);
}

static void test_first_boot(void **state)
{
	struct store_seed seed CLEANUP(store_seed_done) = {0};
	uint64_t id;

	(void)state;
	bench_start(&bench, true);
	id = make("one", true);
	fake_host_report(&bench.host, uuid_of(id), "first-boot done; rm -rf /");
	fake_host_report(&bench.host, uuid_of(id), "");
	fake_host_report(&bench.host, (const uint8_t *)"0123456789abcdef", "first-boot done");
	bench_for(&bench, 150);
	assert_int_equal(fake_host_count(&bench.host, HOST_ITEM_SEED), 1);
	assert_int_equal(store_seed_get(bench.store, id, &seed, NULL), 0);
	assert_non_null(seed.password_hash);
	fake_host_report(&bench.host, uuid_of(id), "host-key ssh-ed25519 AAAAC3NzaC1lZDI1NTE5");
	fake_host_report(&bench.host, uuid_of(id), host_key);
	bench_for(&bench, 50);
	assert_host_key(id);
	fake_host_fault(&bench.host, HOST_SEED_DELETE, 0, 1, ERR_HYPERVISOR_FAILED);
	fake_host_report(&bench.host, uuid_of(id), "first-boot done");
	fake_host_report(&bench.host, uuid_of(id), other_host_key); /* too late */
	assert_true(bench_until(&bench, seed_is_gone, &id, 5000));
	assert_host_key(id);
	store_seed_done(&seed);
	memset(&seed, 0, sizeof(seed));
	assert_int_equal(store_seed_get(bench.store, id, &seed, NULL), ERR_NOT_FOUND);
	does(ACTION_STOP_SERVER, id);
	does(ACTION_START_SERVER, id); /* defined again, now without */
	assert_false(
		bench.host
			.domains[fake_host_find(&bench.host, HOST_ITEM_DOMAIN, uuid_of(id), 0) -
				 bench.host.items]
			.has_seed);
}

/* A guest without our script. */
static void test_seed_in_time(void **state)
{
	uint64_t id;

	(void)state;
	bench.limits.seed_most_ms = 400;
	bench_start(&bench, true);
	id = make("one", true);
	bench_for(&bench, 150);
	assert_false(seed_is_gone(&bench, &id));
	assert_true(bench_until(&bench, seed_is_gone, &id, 5000));
}

static void test_memory(void **state)
{
	struct err err = {0};
	uint64_t first;
	uint64_t second;
	uint64_t third;

	(void)state;
	bench.host.facts.memory_mib = 512 + 2 * 1024 + 100;
	bench_start(&bench, true);
	first = make("one", true);
	second = make("two", true);
	assert_int_equal(bench_create(&bench, "three", true, NULL, NULL, &err),
			 ERR_UNAVAILABLE_RESOURCE);
	assert_non_null(strstr(err.text, "1024 MiB, 100 of 2148 MiB"));
	third = make("three", false);
	assert_int_equal(bench_command(&bench, ACTION_START_SERVER, third, NULL),
			 ERR_UNAVAILABLE_RESOURCE);
	assert_int_equal(engine_admit(bench.engine, 101, 0, NULL), ERR_UNAVAILABLE_RESOURCE);
	assert_int_equal(engine_admit(bench.engine, 100, 0, NULL), 0);
	does(ACTION_START_SERVER, second); /* of one that runs already */
	does(ACTION_STOP_SERVER, first);
	does(ACTION_START_SERVER, third);
}

static void test_sweep(void **state)
{
	uint8_t stranger[UUID_BYTES] = {1, 2, 3};
	uint8_t gone[UUID_BYTES];
	uint64_t id;
	struct server server CLEANUP(server_done) = {0};

	(void)state;
	bench_start(&bench, true);
	id = make("one", false);
	memcpy(gone, uuid_of(id), sizeof(gone));
	does(ACTION_DELETE_SERVER, id);
	/* As if a verb of the deleted server had been carried out late. */
	(void)fake_host_add(&bench.host, HOST_ITEM_VOLUME, gone, 1);
	(void)fake_host_add(&bench.host, HOST_ITEM_NETWORK, gone, 0);
	(void)fake_host_add(&bench.host, HOST_ITEM_DOMAIN, gone, 0);
	bench_settled(&bench, 0, 0, 0, 0);
	/* What nobody of ours ever was stays. */
	(void)fake_host_add(&bench.host, HOST_ITEM_DOMAIN, stranger, 0);
	(void)fake_host_add(&bench.host, HOST_ITEM_VOLUME, stranger, 1);
	id = make("two", false);
	(void)fake_host_add(&bench.host, HOST_ITEM_VOLUME, uuid_of(id), 7);
	fake_host_remove(&bench.host, HOST_ITEM_DOMAIN, uuid_of(id), 0);
	bench_for(&bench, 400);
	assert_int_equal(engine_strangers(bench.engine), 1);
	assert_non_null(fake_host_find(&bench.host, HOST_ITEM_DOMAIN, stranger, 0));
	assert_non_null(fake_host_find(&bench.host, HOST_ITEM_VOLUME, stranger, 1));
	assert_null(fake_host_find(&bench.host, HOST_ITEM_VOLUME, uuid_of(id), 7));
	assert_non_null(fake_host_find(&bench.host, HOST_ITEM_DOMAIN, uuid_of(id), 0));
	server = bench_server(&bench, id);
	assert_int_equal(server.status, SERVER_OFF);
	/* Everything of it lost: said plainly. */
	fake_host_remove(&bench.host, HOST_ITEM_DOMAIN, uuid_of(id), 0);
	fake_host_remove(&bench.host, HOST_ITEM_VOLUME, uuid_of(id), 1);
	bench_status(&bench, id, SERVER_UNKNOWN);
}

static void test_password(void **state)
{
	uint64_t id;
	uint64_t action;
	struct buf file CLEANUP(buf_done) = {0};
	struct action_request request = {.command = ACTION_RESET_PASSWORD,
					 .customer_id = 1,
					 .password_hash = "$6$nothingkept$abc"};

	(void)state;
	bench_start(&bench, true);
	id = make("one", true);
	request.server_id = id;
	assert_int_equal(bench_submit(&bench, &request, &action, NULL), 0);
	bench_ended(&bench, action, ACTION_SUCCESS, NULL);
	assert_string_equal(bench.host.last_password.user, "root");
	assert_string_equal(bench.host.last_password.hash, "$6$nothingkept$abc");
	assert_memory_equal(bench.host.last_password.uuid, uuid_of(id), UUID_BYTES);
	/* It is in no row, so a crash loses it, and says so. */
	bench.host.delay_ms = 1000;
	assert_int_equal(bench_submit(&bench, &request, &action, NULL), 0);
	bench_for(&bench, 20);
	bench_kill(&bench);
	bench.host.delay_ms = 0;
	bench_start(&bench, true);
	bench_ended(&bench, action, ACTION_ERROR, "server_error");
	bench_status(&bench, id, SERVER_RUNNING);
	assert_int_equal(fd_read_file(AT_FDCWD, bench.path, 64 << 20, &file), 0);
	assert_null(memmem(file.data, file.len, "nothingkept", 11));
	/* Switched off, it is refused before anybody is asked; on again, it is not. */
	struct action_request agent = {.command = ACTION_CHANGE_GUEST_AGENT,
				       .server_id = id,
				       .customer_id = 1,
				       .agent_off = true};
	assert_int_equal(bench_submit(&bench, &agent, &action, NULL), 0);
	bench_ended(&bench, action, ACTION_SUCCESS, NULL);
	assert_int_equal(bench.host.last_domain.no_agent, 1);
	assert_int_equal(bench_submit(&bench, &request, &action, NULL), ERR_AGENT_OFF);
	agent.agent_off = false;
	assert_int_equal(bench_submit(&bench, &agent, &action, NULL), 0);
	bench_ended(&bench, action, ACTION_SUCCESS, NULL);
	assert_int_equal(bench.host.last_domain.no_agent, 0);
	bench_status(&bench, id, SERVER_RUNNING);
	fake_host_fault(&bench.host, HOST_PASSWORD_SET, 0, 1, ERR_AGENT);
	assert_int_equal(bench_submit(&bench, &request, &action, NULL), 0);
	bench_ended(&bench, action, ACTION_ERROR, "guest_agent_unavailable");
}

static uint64_t image_row(const char *name)
{
	struct image image = {.type = IMAGE_SYSTEM,
			      .status = IMAGE_CREATING,
			      .architecture = "x86",
			      .created_ms = 1};

	(void)snprintf(image.name, sizeof(image.name), "%s", name);
	assert_int_equal(store_image_insert(bench.store, &image, NULL), 0);
	return image.id;
}

static void test_images(void **state)
{
	struct action_request request = {.command = ACTION_IMPORT_IMAGE,
					 .customer_id = 1,
					 .url = "https://images.example.net/a.qcow2",
					 .checksum = (const uint8_t *)"0123456789abcdef"
								      "0123456789abcdef"};
	struct image image CLEANUP(image_done) = {0};
	uint64_t action;

	(void)state;
	bench_start(&bench, true);
	request.image_id = image_row("by-url");
	assert_int_equal(bench_submit(&bench, &request, &action, NULL), 0);
	bench_ended(&bench, action, ACTION_SUCCESS, NULL);
	assert_int_equal(store_image_get(bench.store, 0, request.image_id, &image, NULL), 0);
	assert_int_equal(image.status, IMAGE_AVAILABLE);
	assert_int_equal(image.virtual_bytes, 2ULL << 30);
	assert_memory_equal(image.checksum, request.checksum, 32);
	assert_true(bench.told_images > 0);
	request.command = ACTION_DELETE_IMAGE;
	assert_int_equal(bench_submit(&bench, &request, &action, NULL), 0);
	bench_ended(&bench, action, ACTION_SUCCESS, NULL);
	assert_null(fake_host_find(&bench.host, HOST_ITEM_IMAGE, NULL, request.image_id));
	/* Wrong checksum: no image. */
	request.command = ACTION_IMPORT_IMAGE;
	request.image_id = image_row("wrong");
	fake_host_fault(&bench.host, HOST_IMAGE_IMPORT, 0, 1, ERR_CHECKSUM);
	assert_int_equal(bench_submit(&bench, &request, &action, NULL), 0);
	bench_ended(&bench, action, ACTION_ERROR, "checksum_mismatch");
	image_done(&image);
	memset(&image, 0, sizeof(image));
	assert_int_equal(store_image_get(bench.store, 0, request.image_id, &image, NULL),
			 ERR_NOT_FOUND);
	/* By file; the descriptor becomes the engine's. */
	request.image_id = image_row("by-file");
	request.url = NULL;
	request.fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_int_equal(bench_submit(&bench, &request, &action, NULL), 0);
	bench_ended(&bench, action, ACTION_SUCCESS, NULL);
	assert_int_equal(fcntl(request.fd, F_GETFD), -1);
	/* In use. */
	(void)make("one", false);
	request.command = ACTION_DELETE_IMAGE;
	request.image_id = bench.image_id;
	assert_int_equal(bench_submit(&bench, &request, &action, NULL), ERR_IN_USE);
}

/* The file of an import is gone with the process that held it. */
static void test_import_interrupted(void **state)
{
	struct action_request request = {.command = ACTION_IMPORT_IMAGE, .customer_id = 1};
	struct image image CLEANUP(image_done) = {0};
	uint64_t action;

	(void)state;
	bench_start(&bench, true);
	bench_for(&bench, 20);
	fake_host_fault(&bench.host, HOST_IMAGE_IMPORT, 0, 1, ERR_HYPERVISOR);
	request.image_id = image_row("by-file");
	request.fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_int_equal(bench_submit(&bench, &request, &action, NULL), 0);
	bench_turn(&bench);
	bench_kill(&bench);
	bench_start(&bench, true);
	bench_ended(&bench, action, ACTION_ERROR, "image_missing");
	assert_int_equal(store_image_get(bench.store, 0, request.image_id, &image, NULL),
			 ERR_NOT_FOUND);
}

static void test_rebuild(void **state)
{
	uint64_t id;
	struct server before CLEANUP(server_done) = {0};
	struct server after CLEANUP(server_done) = {0};

	(void)state;
	bench_start(&bench, true);
	id = make("one", true);
	fake_host_report(&bench.host, uuid_of(id), "first-boot done");
	assert_true(bench_until(&bench, seed_is_gone, &id, 5000));
	before = bench_server(&bench, id);
	does(ACTION_REBUILD_SERVER, id);
	after = bench_server(&bench, id);
	assert_int_equal(after.volume_generation, 2);
	assert_int_equal(after.status, SERVER_RUNNING);
	assert_true(after.seed);
	assert_false(after.first_boot_done);
	assert_memory_equal(before.mac, after.mac, sizeof(after.mac));
	assert_true(ip_equal(&before.ipv4.ip, &after.ipv4.ip));
	assert_non_null(strstr(bench.host.last_seed.meta_data, "-2\""));
	assert_non_null(strstr(bench.host.last_seed.meta_data, "ssh-ed25519 AAAA me"));
	bench_settled(&bench, 1, 1, 1, 1);
	/* A stopped one stays stopped. */
	does(ACTION_STOP_SERVER, id);
	does(ACTION_REBUILD_SERVER, id);
	bench_status(&bench, id, SERVER_OFF);
	/* Past the point of no return a start that fails leaves the new system, stopped. */
	does(ACTION_START_SERVER, id);
	{
		uint64_t action;

		fake_host_fault(&bench.host, HOST_DOMAIN_START, 0, 100, ERR_MEMORY_FULL);
		assert_int_equal(bench_command(&bench, ACTION_REBUILD_SERVER, id, &action), 0);
		bench_ended(&bench, action, ACTION_ERROR, "memory_full");
	}
	server_done(&after);
	after = bench_server(&bench, id);
	assert_int_equal(after.status, SERVER_OFF);
	assert_int_equal(after.volume_generation, 4);
	assert_int_equal(after.locked_action_id, 0);
	bench_settled(&bench, 1, 1, 1, 1);
}

/* The first step of a deletion may fail; no later one does, however long it takes. */
static void test_delete_insists(void **state)
{
	uint64_t id;
	uint64_t action;

	(void)state;
	bench_start(&bench, true);
	id = make("one", true);
	fake_host_fault(&bench.host, HOST_DOMAIN_STOP, 0, 3, ERR_HYPERVISOR_FAILED);
	assert_int_equal(bench_command(&bench, ACTION_DELETE_SERVER, id, &action), 0);
	bench_ended(&bench, action, ACTION_ERROR, "hypervisor_error");
	bench_status(&bench, id, SERVER_RUNNING);
	fake_host_fault(&bench.host, HOST_VOLUME_DELETE, 0, 20, ERR_HYPERVISOR_FAILED);
	does(ACTION_DELETE_SERVER, id);
	bench_settled(&bench, 0, 0, 0, 0);
}

static void test_hypervisor_gone(void **state)
{
	uint64_t id;
	uint64_t action;

	(void)state;
	bench_start(&bench, true);
	id = make("one", false);
	fake_host_hypervisor(&bench.host, false);
	bench_for(&bench, 20);
	assert_false(engine_host_up(bench.engine));
	assert_int_equal(bench_command(&bench, ACTION_START_SERVER, id, &action), 0);
	bench_for(&bench, 50);
	assert_int_equal(fake_host_asked(&bench.host, HOST_DOMAIN_START), 0);
	bench_status(&bench, id, SERVER_STARTING);
	fake_host_hypervisor(&bench.host, true);
	bench_ended(&bench, action, ACTION_SUCCESS, NULL);
	assert_true(engine_host_up(bench.engine));
	assert_string_equal(engine_host_facts(bench.engine)->hostname, "unit");
}

/* The host did it, but the answer never came. */
static void test_answer_lost(void **state)
{
	uint64_t id;
	uint64_t action;

	(void)state;
	bench_start(&bench, true);
	fake_host_fault(&bench.host, HOST_DOMAIN_START, 0, 1, 0);
	assert_int_equal(bench_create(&bench, "one", true, &id, &action, NULL), 0);
	bench_for(&bench, 100);
	fake_host_disconnect(&bench.host);
	bench_for(&bench, 10);
	bench_connect(&bench);
	bench_ended(&bench, action, ACTION_SUCCESS, NULL);
	bench_status(&bench, id, SERVER_RUNNING);
	bench_settled(&bench, 1, 1, 1, 1);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_create_stopped),
		CASE(test_rollback),
		CASE(test_refusals),
		CASE(test_settings),
		CASE(test_change_type),
		CASE(test_disk_full),
		CASE(test_refused_once),
		CASE(test_unreachable),
		CASE(test_undo_waits),
		CASE(test_thirty_at_once),
		CASE(test_shutdown),
		CASE(test_stop_ends_shutdown),
		CASE(test_off_by_itself),
		CASE(test_machine_restart),
		CASE(test_first_boot),
		CASE(test_seed_in_time),
		CASE(test_memory),
		CASE(test_sweep),
		CASE(test_password),
		CASE(test_images),
		CASE(test_import_interrupted),
		CASE(test_rebuild),
		CASE(test_delete_insists),
		CASE(test_hypervisor_gone),
		CASE(test_answer_lost),
	};

	log_init("test_actions", LOG_LEVEL_ERROR);
	return secret_setup() ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}

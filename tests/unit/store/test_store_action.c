// Actions and their steps: recorded, found by what clients ask for, ended once; and seeds.
#include "fixture.h"

#include "base/buf.h"
#include "base/fd.h"
#include "store/statement.h"
#include "store/store_action.h"
#include "store/store_seed.h"

#include <fcntl.h>

#define NOW FIXTURE_NOW_MS

static uint64_t insert(struct fixture *f, enum action_command command, uint64_t server_id,
		       int64_t started_ms)
{
	struct action action = {.command = command,
				.status = ACTION_RUNNING,
				.started_ms = started_ms,
				.server_id = server_id,
				.customer_id = 1};

	assert_int_equal(action_add_resource(&action, ACTION_RESOURCE_SERVER, server_id), 0);
	assert_ok(store_action_insert(f->store, &action, ERR));
	return action.id;
}

static void written_is_read(void **state)
{
	struct fixture *f = *state;
	struct action action = {.command = ACTION_REBUILD_SERVER,
				.status = ACTION_RUNNING,
				.started_ms = NOW,
				.server_id = 5,
				.customer_id = 1,
				.user_id = 8,
				.params = (char[]){"{\"image\":1}"}};
	struct action got CLEANUP(action_done) = {0};

	assert_int_equal(action_add_resource(&action, ACTION_RESOURCE_SERVER, 5), 0);
	assert_int_equal(action_add_resource(&action, ACTION_RESOURCE_IMAGE, 1), 0);
	assert_ok(store_action_insert(f->store, &action, ERR));
	assert_ok(store_action_get(f->store, 1, action.id, &got, ERR));
	assert_int_equal(got.command, ACTION_REBUILD_SERVER);
	assert_string_equal(got.params, "{\"image\":1}");
	assert_int_equal(got.user_id, 8);
	assert_int_equal(got.resource_count, 2);
	assert_int_equal(got.resources[1].type, ACTION_RESOURCE_IMAGE);
	assert_int_equal(got.finished_ms, 0);
	action_done(&got);
	assert_int_equal(store_action_get(f->store, 2, action.id, &got, NULL), ERR_NOT_FOUND);
	assert_ok(store_action_update_params(f->store, action.id, NULL, ERR));
	assert_ok(store_action_get(f->store, 0, action.id, &got, ERR));
	assert_null(got.params);
}

static void steps(void **state)
{
	struct fixture *f = *state;
	uint64_t id = insert(f, ACTION_CREATE_SERVER, 1, NOW);
	struct store_action_steps got;
	char name[ACTION_STEP_NAME_BYTES + 1];

	memset(name, 'n', sizeof(name));
	name[ACTION_STEP_NAME_BYTES] = '\0';
	assert_true(store_action_insert_step(f->store, id, 0, name, NULL) < 0);
	name[ACTION_STEP_NAME_BYTES - 1] = '\0';
	for (uint32_t i = 0; i < ACTION_MAX_STEPS; i++)
		assert_ok(store_action_insert_step(f->store, id, i, name, ERR));
	assert_true(store_action_insert_step(f->store, id, ACTION_MAX_STEPS, "x", NULL) < 0);
	assert_int_equal(store_action_insert_step(f->store, id, 0, "x", NULL), ERR_UNIQUENESS);
	assert_int_equal(store_action_insert_step(f->store, 99, 0, "x", NULL), ERR_NOT_FOUND);
	assert_ok(store_action_start_step(f->store, id, 0, NOW + 1, ERR));
	assert_ok(store_action_finish_step(f->store, id, 0, ACTION_STEP_DONE, NOW + 2, ERR));
	assert_ok(store_action_start_step(f->store, id, 1, NOW + 3, ERR));
	assert_int_equal(store_action_start_step(f->store, id, 99, NOW, NULL), ERR_NOT_FOUND);
	fixture_reopen(f);
	assert_ok(store_action_get_steps(f->store, id, &got, ERR));
	assert_int_equal(got.count, ACTION_MAX_STEPS);
	assert_int_equal(got.items[0].result, ACTION_STEP_DONE);
	assert_int_equal(got.items[0].finished_ms, NOW + 2);
	assert_int_equal(got.items[1].result, ACTION_STEP_STARTED);
	assert_int_equal(got.items[2].result, ACTION_STEP_WAITING);
	assert_string_equal(got.items[2].name, name);
}

static void an_end_is_for_ever(void **state)
{
	struct fixture *f = *state;
	uint64_t good = insert(f, ACTION_START_SERVER, 1, NOW);
	uint64_t bad = insert(f, ACTION_CREATE_SERVER, 2, NOW);
	uint64_t direct = insert(f, ACTION_STOP_SERVER, 3, NOW);
	struct action got CLEANUP(action_done) = {0};
	char text[2 * ACTION_TEXT_BYTES];

	assert_ok(store_action_update_progress(f->store, good, 250, ERR));
	assert_ok(store_action_finish(f->store, good, ACTION_SUCCESS, NULL, NULL, NOW + 9, ERR));
	assert_int_equal(
		store_action_finish(f->store, good, ACTION_ERROR, "x", "y", NOW + 10, NULL),
		ERR_GONE);
	assert_int_equal(store_action_finish(f->store, 99, ACTION_ERROR, "x", "y", NOW, NULL),
			 ERR_NOT_FOUND);
	assert_int_equal(store_action_fail(f->store, good, "x", "y", NULL), ERR_NOT_FOUND);
	assert_ok(store_action_get(f->store, 0, good, &got, ERR));
	assert_int_equal(got.status, ACTION_SUCCESS);
	assert_int_equal(got.progress, 100);
	assert_int_equal(got.finished_ms, NOW + 9);
	assert_string_equal(got.error_code, "");
	action_done(&got);

	/* A long text is cut at a character's edge. */
	for (size_t i = 0; i + 3 < sizeof(text); i += 3)
		memcpy(text + i, "あ", 4);
	assert_ok(store_action_fail(f->store, bad, "disk_full", text, ERR));
	assert_ok(store_action_get(f->store, 0, bad, &got, ERR));
	assert_true(got.undoing);
	assert_int_equal(got.status, ACTION_RUNNING);
	assert_int_equal(strlen(got.error_text), (ACTION_TEXT_BYTES - 1) / 3 * 3);
	action_done(&got);
	assert_ok(store_action_finish(f->store, bad, ACTION_ERROR, NULL, NULL, NOW + 9, ERR));
	assert_ok(store_action_get(f->store, 0, bad, &got, ERR));
	assert_false(got.undoing);
	assert_string_equal(got.error_code, "disk_full");
	action_done(&got);
	assert_ok(store_action_finish(f->store, direct, ACTION_ERROR, "timeout", "late", NOW, ERR));
	assert_ok(store_action_get(f->store, 0, direct, &got, ERR));
	assert_string_equal(got.error_text, "late");
}

/* "2 1 /2" with ids relative to @first. */
static void expect_list(struct fixture *f, const struct store_action_filter *filter, uint64_t first,
			const char *expected)
{
	struct store_actions actions CLEANUP(store_action_done) = {0};
	char got[256] = "";

	assert_ok(store_action_list(f->store, filter, &actions, ERR));
	for (size_t i = 0; i < actions.count; i++) {
		assert_int_equal(actions.items[i].resource_count, 1);
		(void)snprintf(got + strlen(got), sizeof(got) - strlen(got), "%llu ",
			       (unsigned long long)(actions.items[i].id - first));
	}
	(void)snprintf(got + strlen(got), sizeof(got) - strlen(got), "/%llu",
		       (unsigned long long)actions.total);
	assert_string_equal(got, expected);
}

static void lists(void **state)
{
	struct fixture *f = *state;
	uint64_t server = fixture_insert(f, 1, 1, "");
	uint64_t first = insert(f, ACTION_STOP_SERVER, server, NOW + 5);
	struct store_action_filter filter = {.customer_id = 1};

	(void)insert(f, ACTION_CREATE_SERVER, server, NOW + 4);
	(void)insert(f, ACTION_START_SERVER, 77, NOW + 3);
	assert_ok(store_action_finish(f->store, first, ACTION_SUCCESS, NULL, NULL, NOW + 9, ERR));
	assert_ok(store_action_finish(f->store, first + 1, ACTION_ERROR, "x", "y", NOW + 8, ERR));
	/* Actions outlive their server. */
	assert_ok(store_server_delete(f->store, server, ERR));
	expect_list(f, &filter, first, "0 1 2 /3");
	filter.page = (struct page){2, 2};
	expect_list(f, &filter, first, "2 /3");
	filter.page = (struct page){0};
	filter.sort = (struct sort){.keys = {{SORT_COMMAND, false}}, .count = 1};
	expect_list(f, &filter, first, "1 2 0 /3");
	filter.sort.keys[0] = (struct sort_key){SORT_STATUS, false};
	expect_list(f, &filter, first, "1 2 0 /3");
	filter.sort.keys[0] = (struct sort_key){SORT_STARTED, false};
	expect_list(f, &filter, first, "2 1 0 /3");
	filter.sort.keys[0] = (struct sort_key){SORT_FINISHED, true};
	expect_list(f, &filter, first, "0 1 2 /3");
	filter.sort.count = 0;
	filter.server_id = server;
	expect_list(f, &filter, first, "0 1 /2");
	filter.statuses = 1U << ACTION_ERROR;
	expect_list(f, &filter, first, "1 /1");
	filter.server_id = 0;
	filter.statuses = 1U << ACTION_RUNNING;
	expect_list(f, &filter, first, "2 /1");
	filter.statuses |= 1U << ACTION_SUCCESS;
	expect_list(f, &filter, first, "0 2 /2");
	filter.statuses = 0;
	filter.resource_type = ACTION_RESOURCE_SERVER;
	filter.resource_id = 77;
	expect_list(f, &filter, first, "2 /1");
	filter.resource_type = ACTION_RESOURCE_IMAGE;
	expect_list(f, &filter, first, "/0");
	filter.resource_type = 0;
	filter.customer_id = 2;
	expect_list(f, &filter, first, "/0");
}

static void all_asked_ids_are_answered(void **state)
{
	struct fixture *f = *state;
	uint64_t ids[51];
	struct store_action_filter filter = {
		.customer_id = 1, .ids = ids, .id_count = 50, .page = {1, 50}};
	struct store_actions actions CLEANUP(store_action_done) = {0};

	for (unsigned i = 0; i < 50; i++)
		ids[i] = insert(f, ACTION_START_SERVER, i + 1, NOW);
	assert_ok(store_action_list(f->store, &filter, &actions, ERR));
	assert_int_equal(actions.count, 50);
	assert_int_equal(actions.total, 50);
	store_action_done(&actions);
	ids[50] = ids[3];
	filter.id_count = 51;
	assert_ok(store_action_list(f->store, &filter, &actions, ERR));
	assert_int_equal(actions.total, 50);
	store_action_done(&actions);
	filter.id_count = 0;
	assert_ok(store_action_list(f->store, &filter, &actions, ERR));
	assert_int_equal(actions.total, 0);
}

#define CANARY "canary-of-a-secret-that-must-vanish"

/* After the seed is gone and the log is folded in, its bytes are nowhere in the files. */
static void a_seed_vanishes(void **state)
{
	struct fixture *f = *state;
	uint64_t id = fixture_insert(f, 1, 1, "");
	struct store_seed seed = {.server_id = id,
				  .user_data = (char[]){"#cloud-config\0" CANARY},
				  .user_data_bytes = 14 + sizeof(CANARY) - 1,
				  .password_hash = (char[]){"$y$" CANARY},
				  .created_ms = NOW};
	struct store_seed got CLEANUP(store_seed_done) = {0};
	struct buf file CLEANUP(buf_done) = {0};

	assert_ok(store_seed_put(f->store, &seed, ERR));
	assert_ok(store_seed_get(f->store, id, &got, ERR));
	assert_int_equal(got.user_data_bytes, seed.user_data_bytes);
	assert_memory_equal(got.user_data, seed.user_data, seed.user_data_bytes);
	assert_string_equal(got.password_hash, seed.password_hash);
	store_seed_done(&got);
	assert_ok(store_seed_delete(f->store, id, ERR));
	assert_ok(store_seed_delete(f->store, id, ERR));
	assert_int_equal(store_seed_get(f->store, id, &got, NULL), ERR_NOT_FOUND);
	assert_int_equal(sqlite3_wal_checkpoint_v2(f->store->db, NULL, SQLITE_CHECKPOINT_TRUNCATE,
						   NULL, NULL),
			 SQLITE_OK);
	assert_int_equal(fd_read_file(AT_FDCWD, f->path, 1 << 24, &file), 0);
	assert_null(memmem(file.data, file.len, CANARY, strlen(CANARY)));

	seed = (struct store_seed){.server_id = id, .user_data = (char[]){""}};
	assert_ok(store_seed_put(f->store, &seed, ERR));
	assert_ok(store_seed_get(f->store, id, &got, ERR));
	assert_non_null(got.user_data);
	assert_int_equal(got.user_data_bytes, 0);
	assert_null(got.password_hash);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(written_is_read),
		TEST(steps),
		TEST(an_end_is_for_ever),
		TEST(lists),
		TEST(all_asked_ids_are_answered),
		TEST(a_seed_vanishes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

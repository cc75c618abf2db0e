// The history: written with its change or not at all, chained, checked, listed and pruned.
#include "fixture.h"

#include "base/clock.h"
#include "base/parse.h"
#include "store/statement.h"
#include "store/store_action.h"
#include "store/store_customer.h"
#include "store/store_history.h"
#include "store/store_setting.h"

static struct history_line a_line(const char *what, uint64_t customer_id)
{
	struct history_line line = {.customer_id = customer_id,
				    .actor = HISTORY_TOKEN,
				    .actor_id = 7,
				    .actor_name = "laptop",
				    .peer = "192.0.2.1",
				    .result = HISTORY_SUCCESS,
				    .resource_type = "server",
				    .resource_id = 5,
				    .resource_name = "hajime",
				    .details = "{\"a\":1}"};

	(void)snprintf(line.what, sizeof(line.what), "%s", what);
	return line;
}

static void write_lines(struct fixture *f, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		struct history_line line = a_line("server.poweron", 1 + i % 2);

		assert_ok(store_history_append(f->store, &line, ERR));
	}
}

static uint64_t lines(struct fixture *f)
{
	uint64_t count = 99;

	assert_ok(statement_number(f->store, "SELECT count(*) FROM history", NULL, &count, ERR));
	return count;
}

static struct store_history_check check_from(struct fixture *f, struct store_history_check check,
					     unsigned piece)
{
	while (!check.done)
		assert_ok(store_history_check(f->store, &check, piece, ERR));
	return check;
}

static struct store_history_check checked(struct fixture *f)
{
	return check_from(f, (struct store_history_check){0}, 3);
}

static void assert_whole(struct fixture *f)
{
	const struct store_history_check check = checked(f);

	if (check.problems)
		fail_msg("line %llu: %s", (unsigned long long)check.findings[0].id,
			 store_history_problem_name(check.findings[0].problem));
}

static void assert_found(const struct store_history_check *check, size_t at,
			 enum store_history_problem problem, uint64_t id, uint64_t last)
{
	assert_true(check->problems > at);
	assert_string_equal(store_history_problem_name(check->findings[at].problem),
			    store_history_problem_name(problem));
	assert_int_equal(check->findings[at].id, id);
	assert_int_equal(check->findings[at].last, last);
}

/* What somebody does who can write the database, and takes the triggers away first. */
static void tamper(struct fixture *f, const char *sql)
{
	static const char *const off[] = {"history_insert",       "history_update",
					  "history_delete",       "history_chain_insert",
					  "history_chain_delete", "history_chain_anchor",
					  "history_chain_head"};
	char text[64];

	for (size_t i = 0; i < ARRAY_SIZE(off); i++) {
		(void)snprintf(text, sizeof(text), "DROP TRIGGER IF EXISTS %s", off[i]);
		assert_ok(statement_execute(f->store, text, NULL, ERR));
	}
	assert_ok(statement_execute(f->store, sql, NULL, ERR));
}

static void the_encoding_is_the_documented_one(void **state)
{
	const struct history_line line = {.id = 2,
					  .time_ms = 1700000000002,
					  .customer_id = 1,
					  .actor = HISTORY_SESSION,
					  .actor_id = 1,
					  .actor_name = "hanako",
					  .peer = "192.0.2.7",
					  .what = "server.create",
					  .result = HISTORY_ACCEPTED,
					  .resource_type = "server",
					  .resource_id = 1,
					  .resource_name = "hajime",
					  .action_id = 1};
	struct history_line other = line;
	uint8_t previous[HISTORY_HASH_BYTES] = {1, 2, 3}, hash[HISTORY_HASH_BYTES],
		again[HISTORY_HASH_BYTES];
	char text[2 * HISTORY_HASH_BYTES + 1];

	/* Made by another program from the documentation. */
	history_line_hash(&line, previous, hash);
	format_hex(hash, sizeof(hash), text);
	assert_string_equal(text,
			    "c6bd448ceedabe2d40e7b030c5d40550124aa6806e0a7f53f98bbe270692b82a");
	/* What moves from one text into the next is not the same. */
	(void)snprintf(other.actor_name, sizeof(other.actor_name), "hanako1");
	(void)snprintf(other.peer, sizeof(other.peer), "92.0.2.7");
	history_line_hash(&other, previous, again);
	assert_memory_not_equal(hash, again, sizeof(hash));
}

static void a_line_is_written_with_its_change(void **state)
{
	struct fixture *f = *state;
	const struct history_line line = a_line("server.update", 1);
	struct history_line got = {0};
	struct store_history list CLEANUP(store_history_done) = {0};
	const struct store_history_filter all = {.page = {1, 50}};
	struct customer customer = {.name = "taro", .created_ms = 1};

	/* In a transaction. */
	store_history_note(f->store, &line);
	assert_ok(store_begin(f->store, ERR));
	assert_ok(store_setting_set(f->store, "a", "1", ERR));
	assert_int_equal(lines(f), 0);
	assert_ok(store_commit(f->store, ERR));
	assert_int_equal(lines(f), 1);
	assert_null(store_history_noted(f->store));
	assert_true(store_history_take(f->store, &got));
	assert_int_equal(got.id, 1);
	/* A single statement, whose row's id is still known. */
	store_history_note(f->store, &line);
	assert_ok(store_customer_insert(f->store, &customer, ERR));
	assert_int_equal(customer.id, 2);
	assert_int_equal(lines(f), 2);
	/* The second transaction under one note has no line. */
	assert_ok(store_setting_set(f->store, "a", "2", ERR));
	assert_int_equal(lines(f), 2);
	assert_true(store_history_take(f->store, NULL));
	assert_false(store_history_take(f->store, NULL));
	/* Without a note there is none. */
	assert_ok(store_setting_set(f->store, "a", "3", ERR));
	assert_int_equal(lines(f), 2);
	assert_ok(store_history_list(f->store, &all, &list, ERR));
	assert_int_equal(list.items[0].id, 2);
	got = list.items[1];
	assert_int_equal(got.customer_id, 1);
	assert_int_equal(got.actor, HISTORY_TOKEN);
	assert_int_equal(got.actor_id, 7);
	assert_string_equal(got.actor_name, "laptop");
	assert_string_equal(got.peer, "192.0.2.1");
	assert_string_equal(got.what, "server.update");
	assert_int_equal(got.result, HISTORY_SUCCESS);
	assert_string_equal(got.resource_type, "server");
	assert_int_equal(got.resource_id, 5);
	assert_string_equal(got.resource_name, "hajime");
	assert_string_equal(got.details, "{\"a\":1}");
	assert_true(clock_now_ms() - got.time_ms < 60000);
	assert_whole(f);
}

static void without_its_change_there_is_no_line(void **state)
{
	struct fixture *f = *state;
	const struct history_line line = a_line("server.update", 1);
	struct err err = {0};
	char *value AUTO_FREE = NULL;

	store_history_note(f->store, &line);
	assert_ok(store_begin(f->store, ERR));
	assert_ok(store_setting_set(f->store, "a", "1", ERR));
	store_rollback(f->store);
	assert_int_equal(lines(f), 0);
	assert_non_null(store_history_noted(f->store)); /* it waits on */
	/* What changes nothing, or fails, is none either. */
	assert_int_equal(store_customer_delete(f->store, 99, &err), ERR_NOT_FOUND);
	assert_int_equal(lines(f), 0);
	assert_false(store_in_transaction(f->store));
	/* And no change without its line. */
	tamper(f, "CREATE TRIGGER broken BEFORE INSERT ON history BEGIN "
		  "SELECT RAISE(ABORT, 'no'); END");
	assert_true(store_setting_set(f->store, "a", "1", &err) < 0);
	assert_int_equal(store_setting_get(f->store, "a", &value, NULL), ERR_NOT_FOUND);
	assert_false(store_in_transaction(f->store));
	assert_false(store_history_take(f->store, NULL));
}

static uint64_t begin_action(struct fixture *f, uint64_t server_id)
{
	struct action action = {.command = ACTION_START_SERVER,
				.status = ACTION_RUNNING,
				.started_ms = 1,
				.server_id = server_id,
				.customer_id = 1};

	assert_ok(store_action_insert(f->store, &action, ERR));
	return action.id;
}

static struct history_line newest(struct fixture *f)
{
	struct store_history list CLEANUP(store_history_done) = {0};
	const struct store_history_filter first = {.page = {1, 1}};

	assert_ok(store_history_list(f->store, &first, &list, ERR));
	assert_int_equal(list.count, 1);
	return list.items[0];
}

static void an_action_has_a_line_at_both_ends(void **state)
{
	struct fixture *f = *state;
	const struct history_line line = a_line("server.poweron", 1);
	struct history_line got;
	uint64_t id;

	store_history_note(f->store, &line);
	id = begin_action(f, 5);
	got = newest(f);
	assert_int_equal(got.result, HISTORY_ACCEPTED);
	assert_int_equal(got.action_id, id);
	assert_ok(store_action_fail(f->store, id, "hypervisor_error", "broken", ERR));
	assert_ok(store_action_finish(f->store, id, ACTION_ERROR, NULL, NULL, 2, ERR));
	got = newest(f);
	assert_int_equal(got.id, 2);
	assert_int_equal(got.result, HISTORY_ERROR);
	assert_string_equal(got.error_code, "hypervisor_error");
	assert_string_equal(got.what, "server.poweron");
	assert_string_equal(got.actor_name, "laptop");
	assert_string_equal(got.peer, "192.0.2.1");
	assert_string_equal(got.resource_name, "hajime");
	assert_int_equal(store_action_finish(f->store, id, ACTION_SUCCESS, NULL, NULL, 2, ERR),
			 ERR_GONE);
	assert_int_equal(lines(f), 2);
	/* Begun and ended at once: one line. */
	store_history_note(f->store, &line);
	assert_ok(store_begin(f->store, ERR));
	id = begin_action(f, 5);
	assert_ok(store_action_finish(f->store, id, ACTION_SUCCESS, NULL, NULL, 2, ERR));
	assert_ok(store_commit(f->store, ERR));
	assert_int_equal(lines(f), 3);
	assert_int_equal(newest(f).result, HISTORY_SUCCESS);
	assert_int_equal(newest(f).action_id, id);
	/* One that was rolled back is not remembered. */
	store_history_note(f->store, &line);
	assert_ok(store_begin(f->store, ERR));
	(void)begin_action(f, 5);
	store_rollback(f->store);
	assert_int_equal(store_history_noted(f->store)->action_id, 0);
	assert_int_equal(store_history_noted(f->store)->result, HISTORY_SUCCESS);
	(void)store_history_take(f->store, NULL);
	/* One of before there was a history. */
	id = begin_action(f, 9);
	assert_ok(store_action_finish(f->store, id, ACTION_SUCCESS, NULL, NULL, 2, ERR));
	got = newest(f);
	assert_string_equal(got.what, "action.end");
	assert_int_equal(got.actor, HISTORY_SYSTEM);
	assert_int_equal(got.resource_id, 9);
	assert_int_equal(got.customer_id, 1);
	assert_whole(f);
}

static void the_schema_refuses_what_is_no_appending(void **state)
{
	static const char *const refused[] = {
		"UPDATE history SET what = 'x' WHERE id = 2",
		"UPDATE history SET hash = zeroblob(32)",
		"DELETE FROM history",
		"DELETE FROM history WHERE id = 1",
		"DELETE FROM history WHERE id = 4",
		("INSERT INTO history SELECT 9, time_ms, customer_id, actor, actor_id, actor_name, "
		 "operator, peer, what, result, error_code, resource_type, resource_id, "
		 "resource_name, action_id, details, hash FROM history WHERE id = 1"),
		"INSERT OR REPLACE INTO history SELECT * FROM history WHERE id = 2",
		"DELETE FROM history_chain",
		("INSERT OR REPLACE INTO history_chain SELECT 1, 3, anchor_hash, head_id, "
		 "head_hash FROM history_chain"),
		"UPDATE history_chain SET anchor_id = 2",
		"UPDATE history_chain SET head_id = 3",
		"UPDATE history_chain SET head_hash = zeroblob(32)",
		"UPDATE history_chain SET anchor_hash = randomblob(32)",
	};
	struct fixture *f = *state;

	write_lines(f, 4);
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
		if (statement_execute(f->store, refused[i], NULL, NULL) >= 0)
			fail_msg("was not refused: %s", refused[i]);
	assert_int_equal(lines(f), 4);
	assert_whole(f);
}

static void whatever_is_changed_is_found(void **state)
{
	/* Each in line 5 of 10; the last ones are ways to write what reads the same. */
	static const char *const changes[] = {
		"time_ms = time_ms + 1",
		"customer_id = 3",
		"actor = 1",
		"actor_id = 8",
		"actor_name = 'laptoq'",
		"operator = 1",
		"peer = '192.0.2.2'",
		"what = 'server.poweroff'",
		"result = 4",
		"error_code = 'x'",
		"resource_type = 'image'",
		"resource_id = 6",
		"resource_name = ''",
		"action_id = 1",
		"details = ''",
		"hash = zeroblob(32)",
		"actor_name = 'lapto', peer = 'p192.0.2.1'",
		"operator = 2",
		"actor_name = actor_name || char(0) || 'hidden'",
		"customer_id = 1.5",
		"peer = CAST(peer AS BLOB)",
		"result = 4294967298",
	};
	char sql[160];

	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		struct store_history_check check;
		struct fixture *f;
		void *own = NULL;

		assert_int_equal(fixture_setup(&own), 0);
		f = own;
		write_lines(f, 10);
		assert_whole(f);
		(void)snprintf(sql, sizeof(sql), "UPDATE history SET %s WHERE id = 5", changes[i]);
		tamper(f, sql);
		check = checked(f);
		if (check.problems == 0)
			fail_msg("not found: %s", changes[i]);
		assert_found(&check, 0, HISTORY_CHANGED, 5, 5);
		assert_int_equal(check.lines, 10);
		/* All but the hash itself leaves the other lines as they were. */
		if (strncmp(changes[i], "hash", 4) != 0)
			assert_int_equal(check.problems, 1);
		assert_int_equal(fixture_teardown(&own), 0);
	}
}

static void what_is_missing_is_found(void **state)
{
	struct fixture *f = *state;
	struct store_history_check check;

	write_lines(f, 10);
	tamper(f, "DELETE FROM history WHERE id IN (4, 5)");
	check = checked(f);
	assert_int_equal(check.problems, 1);
	assert_found(&check, 0, HISTORY_MISSING, 4, 5);
	tamper(f, "DELETE FROM history WHERE id = 1");
	check = checked(f);
	assert_found(&check, 0, HISTORY_MISSING, 1, 1);
	/* Cut off at the end. */
	tamper(f, "DELETE FROM history WHERE id > 8");
	check = checked(f);
	assert_int_equal(check.problems, 3);
	assert_found(&check, 2, HISTORY_MISSING, 9, 10);
	/* All of them, as if the anchor had moved. */
	tamper(f, "DELETE FROM history");
	check = checked(f);
	assert_found(&check, 0, HISTORY_MISSING, 1, 10);
}

/* Who cuts the end off and writes the head to fit is found by the head that was noted. */
static void a_forged_end_is_found_by_a_noted_head(void **state)
{
	struct fixture *f = *state;
	struct store_history_check check = {0}, noted = {0};
	struct store_history_ends ends;

	write_lines(f, 10);
	assert_ok(store_history_ends(f->store, &ends, ERR));
	noted.noted_id = ends.head_id;
	memcpy(noted.noted_hash, ends.head_hash, sizeof(noted.noted_hash));
	assert_int_equal(check_from(f, noted, 4).problems, 0);
	write_lines(f, 2);
	assert_int_equal(check_from(f, noted, 100).problems, 0);
	tamper(f, "DELETE FROM history WHERE id > 8");
	tamper(f, "UPDATE history_chain SET head_id = 8, head_hash = (SELECT hash FROM history "
		  "WHERE id = 8)");
	assert_whole(f); /* the chain alone says nothing */
	check = check_from(f, noted, 100);
	assert_int_equal(check.problems, 1);
	assert_found(&check, 0, HISTORY_NOT_NOTED, 10, 10);
	/* Written on, the ids are there again, but not the hash. */
	write_lines(f, 4);
	check = check_from(f, noted, 2);
	assert_int_equal(check.problems, 1);
	assert_found(&check, 0, HISTORY_NOT_NOTED, 10, 10);
	tamper(f, "UPDATE history_chain SET head_hash = zeroblob(32)");
	check = checked(f);
	assert_int_equal(check.problems, 1);
	assert_found(&check, 0, HISTORY_NOT_HEAD, 12, 12);
}

/* Lines of two days: the first six, and the rest. */
static void write_old_lines(struct fixture *f)
{
	write_lines(f, 10);
	tamper(f, "UPDATE history SET time_ms = 1000 WHERE id <= 6");
	assert_int_equal(checked(f).problems, 6);
}

static void the_oldest_go_and_the_rest_can_still_be_checked(void **state)
{
	struct fixture *f = *state;
	struct store_history_check check = {0}, noted = {0};
	struct store_history_ends ends;
	const int64_t later = clock_now_ms() + 60000;

	write_lines(f, 10);
	assert_int_equal(store_history_prune(f->store, 1, 100, ERR), 0);
	assert_int_equal(store_history_prune(f->store, later, 4, ERR), 4);
	assert_int_equal(lines(f), 6);
	assert_whole(f);
	check = checked(f);
	assert_int_equal(check.first, 5);
	assert_int_equal(check.lines, 6);
	assert_ok(store_history_ends(f->store, &ends, ERR));
	assert_int_equal(ends.anchor_id, 4);
	/* The anchor itself can still be compared with what was noted. */
	noted.noted_id = 4;
	memcpy(noted.noted_hash, ends.anchor_hash, sizeof(noted.noted_hash));
	assert_int_equal(check_from(f, noted, 3).problems, 0);
	noted.noted_hash[0] ^= 1;
	assert_int_equal(check_from(f, noted, 3).problems, 1);
	/* While a check is at it. */
	check = (struct store_history_check){0};
	assert_ok(store_history_check(f->store, &check, 2, ERR));
	assert_int_equal(store_history_prune(f->store, later, 4, ERR), 4);
	write_lines(f, 1);
	check = check_from(f, check, 1);
	assert_int_equal(check.problems, 0);
	assert_int_equal(check.ends.head_id, 11);
	/* All of them, and on. */
	assert_int_equal(store_history_prune(f->store, later, 100, ERR), 3);
	assert_int_equal(lines(f), 0);
	assert_whole(f);
	write_lines(f, 2);
	assert_whole(f);
	/* Who prunes by hand, but cannot say how the chain went on, is found. */
	tamper(f, "DELETE FROM history WHERE id = 12");
	check = checked(f);
	assert_found(&check, 0, HISTORY_MISSING, 12, 12);
}

static void only_the_oldest_go(void **state)
{
	struct fixture *f = *state;

	write_old_lines(f);
	tamper(f, "UPDATE history SET time_ms = 900000 WHERE id = 4");
	/* Line 4 stays, so 5 and 6 stay with it: the chain has no holes. */
	assert_int_equal(store_history_prune(f->store, 500000, 100, ERR), 3);
	assert_int_equal(lines(f), 7);
	assert_int_equal(store_history_prune(f->store, 500000, 100, ERR), 0);
	assert_int_equal(store_history_prune(f->store, 1000000, 2, ERR), 2);
	assert_int_equal(store_history_prune(f->store, 1000000, 2, ERR), 1);
	assert_int_equal(store_history_prune(f->store, 1000000, 2, ERR), 0);
}

static uint64_t total(struct fixture *f, struct store_history_filter filter)
{
	struct store_history list CLEANUP(store_history_done) = {0};

	filter.page = (struct page){1, 50};
	assert_ok(store_history_list(f->store, &filter, &list, ERR));
	assert_int_equal(list.count, list.total < 50 ? list.total : 50);
	for (size_t i = 1; i < list.count; i++)
		assert_true(list.items[i].id < list.items[i - 1].id);
	return list.total;
}

static void a_list_shows_what_was_asked_for(void **state)
{
	struct fixture *f = *state;
	struct store_history list CLEANUP(store_history_done) = {0};
	struct store_history_filter page = {.page = {3, 4}};
	struct history_line other = a_line("server_type.update", 0);
	struct history_line refused = a_line("token.create", 2);
	const int64_t now_ms = clock_now_ms();

	write_lines(f, 10);
	other.resource_type[0] = '\0';
	other.resource_id = 0;
	assert_ok(store_history_append(f->store, &other, ERR));
	refused.result = HISTORY_REFUSED;
	refused.action_id = 4;
	(void)snprintf(refused.actor_name, sizeof(refused.actor_name), "hanako");
	assert_ok(store_history_append(f->store, &refused, ERR));

	assert_int_equal(total(f, (struct store_history_filter){0}), 12);
	assert_int_equal(
		total(f, (struct store_history_filter){.of_customer = true, .customer_id = 2}), 6);
	assert_int_equal(total(f, (struct store_history_filter){.of_customer = true}), 1);
	assert_int_equal(total(f, (struct store_history_filter){.what = "server"}), 10);
	assert_int_equal(total(f, (struct store_history_filter){.what = "server.poweron"}), 10);
	assert_int_equal(total(f, (struct store_history_filter){.what = "server.power"}), 0);
	assert_int_equal(total(f, (struct store_history_filter){.what = "server_type"}), 1);
	assert_int_equal(total(f, (struct store_history_filter){.actor = "hanako"}), 1);
	assert_int_equal(total(f, (struct store_history_filter){.action_id = 4}), 1);
	assert_int_equal(total(f, (struct store_history_filter){.result = HISTORY_REFUSED}), 1);
	assert_int_equal(total(f, (struct store_history_filter){.result = HISTORY_SUCCESS}), 11);
	assert_int_equal(total(f, (struct store_history_filter){.resource_type = "server",
								.resource_id = 5}),
			 11);
	assert_int_equal(total(f, (struct store_history_filter){.before = 5}), 4);
	assert_int_equal(total(f, (struct store_history_filter){.before = 5, .after = 2}), 2);
	assert_int_equal(total(f, (struct store_history_filter){.from_ms = now_ms - 60000}), 12);
	assert_int_equal(total(f, (struct store_history_filter){.from_ms = now_ms + 60000}), 0);
	assert_int_equal(total(f, (struct store_history_filter){.to_ms = now_ms - 60000}), 0);
	/* A clock that was set back: line 3 is the oldest. */
	tamper(f, "UPDATE history SET time_ms = 1000 WHERE id = 3");
	assert_int_equal(total(f, (struct store_history_filter){.to_ms = 1001}), 1);
	assert_int_equal(total(f, (struct store_history_filter){.from_ms = 1001}), 11);

	assert_ok(store_history_list(f->store, &page, &list, ERR));
	assert_int_equal(list.total, 12);
	assert_int_equal(list.count, 4);
	assert_int_equal(list.items[0].id, 4);
	store_history_done(&list);
	page.page.number = 4;
	assert_ok(store_history_list(f->store, &page, &list, ERR));
	assert_int_equal(list.count, 0);
	page = (struct store_history_filter){.before = 9, .after = 3, .what = "server"};
	assert_ok(store_history_span(f->store, &page, &list, ERR));
	assert_int_equal(list.count, 5);
	assert_int_equal(list.items[0].id, 8);
}

static void a_backup_has_the_whole_chain(void **state)
{
	struct fixture *f = *state;
	char path[128];

	write_lines(f, 10);
	assert_int_equal(store_history_prune(f->store, clock_now_ms() + 60000, 4, ERR), 4);
	(void)snprintf(path, sizeof(path), "%s/backup.db", f->folder);
	assert_ok(store_backup(f->store, path, ERR));
	store_close(f->store);
	f->store = NULL;
	assert_int_equal(rename(path, f->path), 0);
	fixture_reopen(f);
	assert_whole(f);
	assert_int_equal(lines(f), 6);
	write_lines(f, 1);
	assert_whole(f);
	assert_true(statement_execute(f->store, "DELETE FROM history", NULL, NULL) < 0);
}

static void a_name_is_told_to_its_owner_alone(void **state)
{
	struct fixture *f = *state;
	const uint64_t taro = fixture_customer(f, "taro");
	const uint64_t server = fixture_insert(f, taro, 1, "");
	char name[HISTORY_NAME_BYTES];

	store_history_resource_name(f->store, "server", taro, server, name);
	assert_string_equal(name, "server-00001");
	store_history_resource_name(f->store, "server", 0, server, name);
	assert_string_equal(name, "server-00001");
	store_history_resource_name(f->store, "server", 1, server, name);
	assert_string_equal(name, "");
	store_history_resource_name(f->store, "customer", taro, 1, name);
	assert_string_equal(name, "");
	store_history_resource_name(f->store, "customer", 0, taro, name);
	assert_string_equal(name, "taro");
	store_history_resource_name(f->store, "moon", 0, 1, name);
	assert_string_equal(name, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
		TEST(the_encoding_is_the_documented_one),
		TEST(a_line_is_written_with_its_change),
		TEST(without_its_change_there_is_no_line),
		TEST(an_action_has_a_line_at_both_ends),
		TEST(the_schema_refuses_what_is_no_appending),
		TEST(whatever_is_changed_is_found),
		TEST(what_is_missing_is_found),
		TEST(a_forged_end_is_found_by_a_noted_head),
		TEST(the_oldest_go_and_the_rest_can_still_be_checked),
		TEST(only_the_oldest_go),
		TEST(a_list_shows_what_was_asked_for),
		TEST(a_backup_has_the_whole_chain),
		TEST(a_name_is_told_to_its_owner_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

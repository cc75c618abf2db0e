// Opening, migrating, failing, crashing and backing up the database.
#include "fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fd.h"
#include "store/migration.h"
#include "store/statement.h"
#include "store/store_address.h"
#include "store/store_console.h"
#include "store/store_customer.h"
#include "store/store_history.h"
#include "store/store_pool.h"
#include "store/store_setting.h"

static void sql(struct store *store, const char *text)
{
	if (sqlite3_exec(store->db, text, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", text, sqlite3_errmsg(store->db));
}

static uint64_t number(struct store *store, const char *text)
{
	uint64_t value = 0;

	assert_ok(statement_number(store, text, NULL, &value, ERR));
	return value;
}

/* Everything the schema consists of, as text. */
static char *schema_of(struct store *store)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	struct buf text CLEANUP(buf_done) = {0};

	assert_ok(statement_open(store,
				 "SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE "
				 "'sqlite~_%' ESCAPE '~' ORDER BY type, name",
				 NULL, &statement, ERR));
	while (statement_row(store, statement, ERR) > 0)
		(void)buf_printf(&text, "%s %s: %s\n", statement_text(statement, 0),
				 statement_text(statement, 1), statement_text(statement, 2));
	return buf_steal(&text);
}

static void a_new_database_is_private_and_durable(void **state)
{
	struct fixture *f = *state;
	struct stat stat_of;
	char wal[128];

	assert_int_equal(stat(f->path, &stat_of), 0);
	assert_int_equal(stat_of.st_mode & 07777, 0600);
	(void)snprintf(wal, sizeof(wal), "%s-wal", f->path);
	assert_int_equal(stat(wal, &stat_of), 0);
	assert_int_equal(stat_of.st_mode & 07777, 0600);
	assert_int_equal(number(f->store, "PRAGMA synchronous"), 2);
	assert_int_equal(number(f->store, "PRAGMA foreign_keys"), 1);
	assert_int_equal(number(f->store, "PRAGMA secure_delete"), 1);
	assert_int_equal(number(f->store, "PRAGMA user_version"), store_schema_version());
}

static void defaults_are_made_once(void **state)
{
	struct fixture *f = *state;
	struct customer customer;
	struct store_pools pools CLEANUP(store_pool_done) = {0};

	assert_ok(store_customer_get(f->store, ACCOUNT_SERVICE_CUSTOMER_ID, &customer, ERR));
	assert_string_equal(customer.name, "operator");
	fixture_reopen(f);
	fixture_reopen(f);
	assert_int_equal(number(f->store, "SELECT count(*) FROM customer"), 1);
	assert_int_equal(number(f->store, "SELECT count(*) FROM server_type"), 4);
	assert_ok(store_pool_list(f->store, NULL, &pools, ERR));
	assert_int_equal(pools.total, 2);
	assert_string_equal(pools.items[0].name, "local-v4");
}

static void a_newer_database_is_refused(void **state)
{
	struct fixture *f = *state;
	struct store *store = NULL;
	struct err err = {0};
	char text[64];

	(void)snprintf(text, sizeof(text), "PRAGMA user_version = %u", store_schema_version() + 1);
	sql(f->store, text);
	assert_int_equal(store_open(f->path, &store, &err), ERR_UNSUPPORTED);
	assert_null(store);
	assert_non_null(strstr(err.text, "newer version"));
	(void)snprintf(text, sizeof(text), "PRAGMA user_version = %u", store_schema_version());
	sql(f->store, text);
}

static void a_foreign_or_damaged_file_is_refused(void **state)
{
	struct fixture *f = *state;
	struct store *store = NULL;
	char path[128];
	sqlite3 *db = NULL;

	(void)snprintf(path, sizeof(path), "%s/foreign.db", f->folder);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "CREATE TABLE theirs(x)", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	assert_int_equal(store_open(path, &store, NULL), ERR_CORRUPT);
	(void)snprintf(path, sizeof(path), "%s/noise.db", f->folder);
	assert_int_equal(
		fd_write_file(AT_FDCWD, path, "not a database at all, by no means", 34, 0600), 0);
	assert_int_equal(store_open(path, &store, NULL), ERR_CORRUPT);
	(void)snprintf(path, sizeof(path), "%s/absent/ippo.db", f->folder);
	assert_int_equal(store_open(path, &store, NULL), -ENOENT);
	(void)snprintf(path, sizeof(path), "%s/link.db", f->folder);
	assert_int_equal(symlink(f->path, path), 0);
	assert_int_equal(store_open(path, &store, NULL), -ELOOP);
	assert_null(store);
}

static int64_t user_version(sqlite3 *db)
{
	sqlite3_stmt *statement = NULL;
	int64_t version;

	assert_int_equal(sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &statement, NULL), 0);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	version = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return version;
}

static void a_failed_step_leaves_the_version_before_it(void **state)
{
	static const struct migration steps[] = {
		{1, "one", "CREATE TABLE one(a); INSERT INTO one VALUES (1);"},
		{2, "two", "ALTER TABLE one ADD COLUMN b; UPDATE one SET b = a + 1;"},
		{3, "three", "CREATE TABLE three(c); INSERT INTO nowhere VALUES (1);"},
	};
	struct err err = {0};
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
	assert_int_equal(migration_run(db, steps, 1, ERR), 0);
	assert_int_equal(user_version(db), 1);
	assert_true(migration_run(db, steps, 3, &err) < 0);
	assert_non_null(strstr(err.text, "migration 003-three"));
	assert_int_equal(user_version(db), 2);
	assert_int_equal(sqlite3_exec(db, "SELECT b FROM one", NULL, NULL, NULL), SQLITE_OK);
	assert_true(sqlite3_exec(db, "SELECT c FROM three", NULL, NULL, NULL) != SQLITE_OK);
	assert_true(sqlite3_get_autocommit(db));
	assert_int_equal(migration_run(db, steps, 2, ERR), 0);
	assert_int_equal(migration_run(db, steps, 1, ERR), ERR_UNSUPPORTED);
	sqlite3_close(db);
}

/* A dump of every version there ever was: opened, it must become the newest, with its data. */
static void every_earlier_version_becomes_the_newest(void **state)
{
	struct fixture *f = *state;
	char *wanted AUTO_FREE = schema_of(f->store);

	for (unsigned version = 1; version <= store_schema_version(); version++) {
		struct store *store CLEANUP(cleanup_store) = NULL;
		struct buf dump CLEANUP(buf_done) = {0};
		struct server server CLEANUP(server_done) = {0};
		struct store_consoles consoles CLEANUP(store_console_done) = {0};
		const struct store_console_filter everything = {.open = -1, .page = {1, 50}};
		struct store_history_check check = {0};
		char *got AUTO_FREE = NULL;
		char path[256];
		sqlite3 *db = NULL;

		(void)snprintf(path, sizeof(path), "%s/%03u.sql", GOLDEN_FOLDER, version);
		if (fd_read_file(AT_FDCWD, path, 1 << 20, &dump) < 0)
			fail_msg("no golden dump %s", path);
		(void)snprintf(path, sizeof(path), "%s/old-%u.db", f->folder, version);
		assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
		if (sqlite3_exec(db, buf_str(&dump), NULL, NULL, NULL) != SQLITE_OK)
			fail_msg("%s", sqlite3_errmsg(db));
		assert_int_equal(user_version(db), version);
		sqlite3_close(db);
		assert_ok(store_open(path, &store, ERR));
		assert_int_equal(number(store, "PRAGMA user_version"), store_schema_version());
		got = schema_of(store);
		assert_string_equal(got, wanted);
		assert_ok(store_check(store, ERR));
		assert_ok(store_server_get_by_name(store, 1, "hajime", &server, ERR));
		assert_string_equal(label_get(&server.labels, "env"), "prod");
		assert_int_equal(server.ipv4.ip.bytes[3], 2);
		assert_int_equal(server.dns_ptr_count, 1);
		assert_ok(store_console_list(store, &everything, &consoles, ERR));
		assert_int_equal(consoles.total, version < 2 ? 0 : 2);
		if (version >= 2)
			assert_string_equal(consoles.items[1].name, "hanako");
		while (!check.done)
			assert_ok(store_history_check(store, &check, 100, ERR));
		assert_int_equal(check.problems, 0);
		assert_int_equal(check.lines, version < 3 ? 0 : 2);
		assert_int_equal(check.ends.head_id, version < 3 ? 0 : 3);
	}
}

static void many_may_open_a_new_database_at_once(void **state)
{
	struct fixture *f = *state;
	char path[128];
	pid_t pids[8];

	store_close(f->store);
	(void)snprintf(path, sizeof(path), "%s/shared.db", f->folder);
	for (size_t i = 0; i < ARRAY_SIZE(pids); i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			struct store *store = NULL;
			const struct store_defaults_options options = {.now_ms = 1};
			int r = store_open(path, &store, NULL);

			if (r == 0)
				r = store_defaults(store, &options, NULL);
			store_close(store);
			_exit(r < 0);
		}
		assert_true(pids[i] > 0);
	}
	for (size_t i = 0; i < ARRAY_SIZE(pids); i++) {
		int status;

		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
	assert_ok(store_open(path, &f->store, ERR));
	assert_int_equal(number(f->store, "SELECT count(*) FROM customer"), 1);
}

static void a_full_disk_is_said_and_undone(void **state)
{
	struct fixture *f = *state;
	uint64_t before = number(f->store, "SELECT count(*) FROM server");
	struct err err = {0};
	char text[64];
	int r = 0;

	(void)snprintf(text, sizeof(text), "PRAGMA max_page_count = %llu",
		       (unsigned long long)number(f->store, "PRAGMA page_count") + 2);
	sql(f->store, text);
	assert_ok(store_begin(f->store, ERR));
	for (unsigned i = 0; i < 10000 && r == 0; i++) {
		struct server server = fixture_server(f, 1, i);

		r = store_server_insert(f->store, &server, &err);
	}
	assert_int_equal(r, ERR_DISK_FULL);
	assert_non_null(strstr(err.text, "free some space"));
	store_rollback(f->store);
	assert_int_equal(number(f->store, "SELECT count(*) FROM server"), before);
	sql(f->store, "PRAGMA max_page_count = 1000000");
	(void)fixture_insert(f, 1, 1, "a=1");
}

static void nothing_is_written_after_sqlite_gave_up_a_transaction(void **state)
{
	struct fixture *f = *state;

	assert_ok(store_begin(f->store, ERR));
	assert_ok(store_setting_set(f->store, "first", "half", ERR));
	/* As SQLite does by itself after some failures. */
	sql(f->store, "ROLLBACK");
	assert_int_equal(store_setting_set(f->store, "second", "half", NULL), ERR_UNAVAILABLE);
	assert_int_equal(store_commit(f->store, NULL), ERR_UNAVAILABLE);
	assert_false(store_in_transaction(f->store));
	assert_int_equal(number(f->store, "SELECT count(*) FROM setting"), 0);
	assert_ok(store_setting_set(f->store, "third", "whole", ERR));
}

static void a_held_lock_is_said(void **state)
{
	struct fixture *f = *state;
	struct store *other CLEANUP(cleanup_store) = NULL;
	struct server server CLEANUP(server_done) = {0};
	uint64_t id = fixture_insert(f, 1, 1, "");

	assert_ok(store_open(f->path, &other, ERR));
	sqlite3_busy_timeout(other->db, 50);
	assert_ok(store_begin(f->store, ERR));
	assert_int_equal(store_begin(other, NULL), ERR_UNAVAILABLE);
	assert_int_equal(store_setting_set(other, "a", "b", NULL), ERR_UNAVAILABLE);
	/* Readers go on. */
	assert_ok(store_server_get(other, 0, id, &server, ERR));
	store_rollback(f->store);
	assert_ok(store_setting_set(other, "a", "b", ERR));
}

static void a_reading_sees_one_moment(void **state)
{
	struct fixture *f = *state;
	struct store *other CLEANUP(cleanup_store) = NULL;

	assert_ok(store_open(f->path, &other, ERR));
	assert_ok(store_read_begin(f->store, ERR));
	assert_int_equal(number(f->store, "SELECT count(*) FROM customer"), 1);
	sql(other, "INSERT INTO customer(name, created_ms) VALUES ('late', 1)");
	assert_int_equal(number(f->store, "SELECT count(*) FROM customer"), 1);
	assert_int_equal(store_read_begin(f->store, ERR), ERR_SERVER);
	assert_int_equal(store_begin(f->store, ERR), ERR_SERVER);
	store_read_end(f->store);
	assert_int_equal(number(f->store, "SELECT count(*) FROM customer"), 2);

	/* Inside a transaction it leaves that alone. */
	assert_ok(store_begin(f->store, ERR));
	assert_ok(store_read_begin(f->store, ERR));
	sql(f->store, "INSERT INTO customer(name, created_ms) VALUES ('own', 1)");
	store_read_end(f->store);
	assert_ok(store_commit(f->store, ERR));
	assert_int_equal(number(f->store, "SELECT count(*) FROM customer"), 3);
}

static void a_backup_is_whole_and_private(void **state)
{
	struct fixture *f = *state;
	struct store *copy CLEANUP(cleanup_store) = NULL;
	struct server server CLEANUP(server_done) = {0};
	struct stat stat_of;
	char path[128];
	char *wanted AUTO_FREE = schema_of(f->store);
	char *got AUTO_FREE = NULL;
	uint64_t id = fixture_insert(f, 1, 1, "env=prod");

	(void)snprintf(path, sizeof(path), "%s/backup's \"copy\".db", f->folder);
	assert_ok(store_backup(f->store, path, ERR));
	assert_int_equal(stat(path, &stat_of), 0);
	assert_int_equal(stat_of.st_mode & 07777, 0600);
	assert_int_equal(store_backup(f->store, path, NULL), -EEXIST);
	(void)fixture_insert(f, 1, 2, "");
	assert_ok(store_open(path, &copy, ERR));
	assert_ok(store_check(copy, ERR));
	assert_int_equal(number(copy, "SELECT count(*) FROM server"), 1);
	assert_ok(store_server_get(copy, 1, id, &server, ERR));
	assert_string_equal(label_get(&server.labels, "env"), "prod");
	got = schema_of(copy);
	assert_string_equal(got, wanted);
	/* Ids go on where they were. */
	assert_ok(store_server_delete(copy, id, ERR));
	assert_int_equal(number(copy, "SELECT seq FROM sqlite_sequence WHERE name = 'server'"), id);

	(void)snprintf(path, sizeof(path), "%s/absent/x.db", f->folder);
	assert_int_equal(store_backup(f->store, path, NULL), -ENOENT);
	(void)snprintf(path, sizeof(path), "%s/in-between.db", f->folder);
	assert_ok(store_begin(f->store, ERR));
	assert_int_equal(store_backup(f->store, path, NULL), ERR_UNAVAILABLE);
	store_rollback(f->store);
	assert_int_equal(access(path, F_OK), -1);
}

static void settings(void **state)
{
	struct fixture *f = *state;
	char *value AUTO_FREE = NULL;

	assert_int_equal(store_setting_get(f->store, "boot_id", &value, NULL), ERR_NOT_FOUND);
	assert_ok(store_setting_set(f->store, "boot_id", "one", ERR));
	assert_ok(store_setting_set(f->store, "boot_id", "two", ERR));
	assert_ok(store_setting_get(f->store, "boot_id", &value, ERR));
	assert_string_equal(value, "two");
	assert_ok(store_setting_set(f->store, "boot_id", NULL, ERR));
	free(steal_ptr(value));
	assert_int_equal(store_setting_get(f->store, "boot_id", &value, NULL), ERR_NOT_FOUND);
}

/* More different statements than the cache holds, with some of them open all the while. */
static void the_statement_cache_may_overflow(void **state)
{
	struct fixture *f = *state;
	sqlite3_stmt *open AUTO_STATEMENT = NULL;
	char text[64];

	assert_ok(statement_open(f->store, "SELECT id FROM server_type ORDER BY id", NULL, &open,
				 ERR));
	assert_int_equal(statement_row(f->store, open, ERR), 1);
	for (unsigned i = 0; i < 3 * STATEMENT_CACHE_COUNT; i++) {
		(void)snprintf(text, sizeof(text), "SELECT %u", i);
		assert_int_equal(number(f->store, text), i);
	}
	assert_int_equal(statement_row(f->store, open, ERR), 1);
	assert_int_equal(statement_u64(open, 0), 2);
}

/* One transaction: a server with a label and an address. */
static int insert_whole(struct fixture *f, unsigned n)
{
	struct store *guard CLEANUP(store_guard) = NULL;
	struct server server CLEANUP(server_done) = fixture_server(f, 1, n);
	struct address address;
	int r = label_set(&server.labels, "n", "1", NULL);

	if (r == 0)
		r = store_begin(f->store, NULL);
	if (r < 0)
		return r;
	guard = f->store;
	r = store_server_insert(f->store, &server, NULL);
	if (r == 0)
		r = store_address_allocate(f->store, server.id, 1, 6, 1, &address, NULL);
	return r < 0 ? r : store_commit(f->store, NULL);
}

static void write_until_killed(struct fixture *f, unsigned n, int fd)
{
	if (store_open(f->path, &f->store, NULL) < 0)
		_exit(1);
	for (;; n++)
		if (insert_whole(f, n) < 0 || write(fd, &n, sizeof(n)) != sizeof(n))
			_exit(1);
}

static void killed_at_any_moment_it_stays_whole(void **state)
{
	struct fixture *f = *state;
	unsigned next = 0;

	for (unsigned round = 0; round < 25; round++) {
		uint64_t servers;
		unsigned last = 0;
		int fds[2];
		int status;
		pid_t pid;

		/* SQLite's connections must not cross a fork. */
		store_close(steal_ptr(f->store));
		assert_int_equal(pipe(fds), 0);
		pid = fork();
		assert_true(pid >= 0);
		if (pid == 0)
			write_until_killed(f, next, fds[1]);
		close(fds[1]);
		assert_int_equal(read(fds[0], &last, sizeof(last)), sizeof(last));
		usleep(round * 977 % 20000);
		assert_int_equal(kill(pid, SIGKILL), 0);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status));
		while (read(fds[0], &last, sizeof(last)) == sizeof(last))
			;
		close(fds[0]);

		assert_ok(store_open(f->path, &f->store, ERR));
		assert_ok(store_check(f->store, ERR));
		servers = number(f->store, "SELECT count(*) FROM server");
		/* What was reported as committed is there; at most one more, and all are whole. */
		assert_in_range(servers, last + 1, last + 2);
		assert_int_equal(number(f->store, "SELECT count(*) FROM address"), servers);
		assert_int_equal(number(f->store, "SELECT count(*) FROM server_label"), servers);
		assert_int_equal(number(f->store, "SELECT server_count FROM customer"), servers);
		assert_int_equal(number(f->store, "SELECT sum(used) FROM address_pool"), servers);
		next = (unsigned)servers;
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_new_database_is_private_and_durable),
		TEST(defaults_are_made_once),
		TEST(a_newer_database_is_refused),
		TEST(a_foreign_or_damaged_file_is_refused),
		cmocka_unit_test(a_failed_step_leaves_the_version_before_it),
		TEST(every_earlier_version_becomes_the_newest),
		TEST(many_may_open_a_new_database_at_once),
		TEST(a_full_disk_is_said_and_undone),
		TEST(nothing_is_written_after_sqlite_gave_up_a_transaction),
		TEST(a_held_lock_is_said),
		TEST(a_reading_sees_one_moment),
		TEST(a_backup_is_whole_and_private),
		TEST(settings),
		TEST(the_statement_cache_may_overflow),
		TEST(killed_at_any_moment_it_stays_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

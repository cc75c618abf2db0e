#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "store/migration.h"
#include "store/statement.h"
#include "store/store_history.h"

#define BUSY_TIMEOUT_MS 10000
#define BUSY_PAUSE_MS   5

static int execute(struct store *store, const char *sql, struct err *err)
{
	if (sqlite3_exec(store->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return statement_fail(store->db, err);
	return 0;
}

static int on_commit(void *context)
{
	struct store *store = context;

	store->generation++;
	return 0;
}

static void on_change(void *context, int operation, const char *database, const char *table,
		      sqlite3_int64 rowid)
{
	struct store *store = context;

	(void)database;
	(void)rowid;
	if (strcmp(table, "server_type") == 0 || strcmp(table, "image") == 0 ||
	    strcmp(table, "location") == 0)
		store->catalogue_generation++;
	else if (operation == SQLITE_DELETE && strcmp(table, "server") == 0)
		store->departures++;
}

/* The file must be nobody else's to read; SQLite gives its companions the same mode. */
static int make_file(const char *path, struct err *err)
{
	int fd AUTO_CLOSE = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	int saved = errno;

	if (fd < 0)
		return err_set(err, saved == ENOSPC ? ERR_DISK_FULL : -saved, "%s: %s", path,
			       strerror(saved));
	return 0;
}

/* Two that turn a new database over to its journal at once are in each other's way: SQLite says so
 * at once then, without the wait of sqlite3_busy_timeout(). */
static int use_journal(struct store *store, struct err *err)
{
	const int64_t end_ms = clock_mono_ms() + BUSY_TIMEOUT_MS;
	int code;

	while ((code = sqlite3_exec(store->db, "PRAGMA journal_mode = WAL", NULL, NULL, NULL)) !=
		       SQLITE_OK &&
	       (code & 0xff) == SQLITE_BUSY && clock_mono_ms() < end_ms)
		(void)sqlite3_sleep(BUSY_PAUSE_MS);
	return code == SQLITE_OK ? 0 : statement_fail(store->db, err);
}

static int configure(struct store *store, struct err *err)
{
	int r;

	sqlite3_extended_result_codes(store->db, 1);
	sqlite3_busy_timeout(store->db, BUSY_TIMEOUT_MS);
	(void)sqlite3_db_config(store->db, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
	(void)sqlite3_db_config(store->db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
	(void)sqlite3_db_config(store->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	r = use_journal(store, err);
	if (r < 0)
		return r;
	return execute(store,
		       "PRAGMA synchronous = FULL;"
		       "PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON;"
		       "PRAGMA temp_store = MEMORY; PRAGMA cache_size = -16384;"
		       "PRAGMA journal_size_limit = 16777216",
		       err);
}

/* What must not outlive the process, and needs no disk. */
static int open_fleeting(struct store **ret, struct err *err)
{
	struct store *store CLEANUP(cleanup_store) = calloc(1, sizeof(*store));
	int r;

	if (!store)
		return err_set(err, -ENOMEM, "out of memory");
	if (sqlite3_open_v2(":memory:", &store->db,
			    SQLITE_OPEN_READWRITE | SQLITE_OPEN_MEMORY | SQLITE_OPEN_NOMUTEX,
			    NULL) != SQLITE_OK)
		return store->db ? statement_fail(store->db, err)
				 : err_set(err, -ENOMEM, "out of memory");
	sqlite3_extended_result_codes(store->db, 1);
	r = execute(store,
		    "PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY;"
		    "CREATE TABLE ticket (hash BLOB PRIMARY KEY, use INTEGER NOT NULL,"
		    " via INTEGER NOT NULL, user_id INTEGER NOT NULL, customer_id INTEGER NOT NULL,"
		    " token_id INTEGER NOT NULL, session_id INTEGER NOT NULL, uid INTEGER NOT NULL,"
		    " gid INTEGER NOT NULL,"
		    " server_id INTEGER NOT NULL, uuid BLOB NOT NULL, generation INTEGER NOT NULL,"
		    " kind INTEGER NOT NULL, mode INTEGER NOT NULL, origin TEXT NOT NULL,"
		    " expires_ms INTEGER NOT NULL, by_operator INTEGER NOT NULL) WITHOUT ROWID;"
		    "CREATE INDEX ticket_expires ON ticket(expires_ms);"
		    "CREATE TABLE passkey_challenge (id INTEGER PRIMARY KEY,"
		    " hash BLOB NOT NULL UNIQUE, purpose INTEGER NOT NULL,"
		    " holder INTEGER NOT NULL, peer TEXT NOT NULL, expires_ms INTEGER NOT NULL);"
		    "CREATE INDEX challenge_expires ON passkey_challenge(expires_ms);"
		    "CREATE INDEX challenge_peer ON passkey_challenge(peer)",
		    err);
	if (r < 0)
		return r;
	*ret = steal_ptr(store);
	return 0;
}

int store_open(const char *path, struct store **ret, struct err *err)
{
	struct store *store CLEANUP(cleanup_store) = calloc(1, sizeof(*store));
	int r;

	if (!store)
		return err_set(err, -ENOMEM, "out of memory");
	r = make_file(path, err);
	if (r < 0)
		return err_wrap(err, r, "opening the database");
	if (sqlite3_open_v2(path, &store->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) !=
	    SQLITE_OK) {
		r = store->db ? statement_fail(store->db, err)
			      : err_set(err, -ENOMEM, "out of memory");
		return err_wrap(err, r, "%s", path);
	}
	r = configure(store, err);
	if (r == 0)
		r = migration_run(store->db, migration_all, migration_count, err);
	if (r == 0)
		r = open_fleeting(&store->fleeting, err);
	if (r < 0)
		return err_wrap(err, r, "%s", path);
	/* From 1 on, so that a cache's zero is never valid. */
	store->generation = 1;
	store->catalogue_generation = 1;
	(void)sqlite3_commit_hook(store->db, on_commit, store);
	(void)sqlite3_update_hook(store->db, on_change, store);
	*ret = steal_ptr(store);
	return 0;
}

void store_close(struct store *store)
{
	if (!store)
		return;
	store_close(store->fleeting);
	for (size_t i = 0; i < STATEMENT_CACHE_COUNT; i++)
		sqlite3_finalize(store->slots[i].statement);
	(void)sqlite3_close(store->db);
	free(store->marks.ids);
	free(store);
}

int store_begin(struct store *store, struct err *err)
{
	int r;

	if (store->in_transaction || store->is_reading)
		return err_set(err, ERR_SERVER, "a transaction is open already");
	r = statement_execute(store, "BEGIN IMMEDIATE", NULL, err);
	if (r < 0)
		return r;
	store->in_transaction = true;
	return 0;
}

int store_commit(struct store *store, struct err *err)
{
	const bool telling = store->note.set;
	int r = telling ? store_history_write_note(store, err) : 0;

	if (r == 0)
		r = statement_execute(store, "COMMIT", NULL, err);
	if (r < 0) {
		store_rollback(store);
		return r;
	}
	store->in_transaction = false;
	if (telling) {
		store->note.set = false;
		store->note.written = true;
	}
	return 0;
}

void store_rollback(struct store *store)
{
	/* Cleared first: SQLite may have rolled back by itself already. */
	store->in_transaction = false;
	store_history_forget_action(store);
	if (!sqlite3_get_autocommit(store->db))
		(void)statement_execute(store, "ROLLBACK", NULL, NULL);
}

bool store_in_transaction(const struct store *store)
{
	return store->in_transaction;
}

int store_read_begin(struct store *store, struct err *err)
{
	int r;

	if (store->in_transaction)
		return 0;
	if (store->is_reading)
		return err_set(err, ERR_SERVER, "a reading is open already");
	r = statement_execute(store, "BEGIN", NULL, err);
	store->is_reading = r >= 0;
	return r < 0 ? r : 0;
}

void store_read_end(struct store *store)
{
	if (!store->is_reading)
		return;
	store->is_reading = false;
	(void)statement_execute(store, "ROLLBACK", NULL, NULL);
}

uint64_t store_generation(const struct store *store)
{
	return store->generation;
}

uint64_t store_catalogue_generation(const struct store *store)
{
	return store->catalogue_generation;
}

/* A backup that is reported done is on the disk: the file, and its name in the folder. */
static int sync_backup(int fd, const char *path, struct err *err)
{
	const char *slash = strrchr(path, '/');
	char *folder AUTO_FREE = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
	int folder_fd AUTO_CLOSE = -1;

	if (!folder)
		return err_set(err, -ENOMEM, "out of memory");
	folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder_fd < 0 || fsync(fd) < 0 || fsync(folder_fd) < 0) {
		int saved = errno;

		return err_set(err, -saved, "%s: %s", path, strerror(saved));
	}
	return 0;
}

int store_backup(struct store *store, const char *path, struct err *err)
{
	int fd AUTO_CLOSE = -1;
	int r;

	if (store->in_transaction)
		return err_set(err, ERR_UNAVAILABLE, "a transaction is open");
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0) {
		int saved = errno;

		return err_set(err, saved == ENOSPC ? ERR_DISK_FULL : -saved, "%s: %s", path,
			       strerror(saved));
	}
	r = statement_execute(store, "VACUUM INTO ?1", BIND(B_TEXT(path)), err);
	if (r >= 0)
		r = sync_backup(fd, path, err);
	if (r < 0) {
		(void)unlink(path);
		return err_wrap(err, r, "backup");
	}
	return 0;
}

int store_check(struct store *store, struct err *err)
{
	static const char *const checks[] = {"PRAGMA integrity_check(1)",
					     "PRAGMA foreign_key_check"};

	for (size_t i = 0; i < ARRAY_SIZE(checks); i++) {
		sqlite3_stmt *statement AUTO_STATEMENT = NULL;
		int r = statement_open(store, checks[i], NULL, &statement, err);

		if (r == 0)
			r = statement_row(store, statement, err);
		if (r < 0)
			return r;
		if (r > 0 && strcmp(statement_text(statement, 0), "ok") != 0)
			return err_set(err, ERR_CORRUPT,
				       "the database is damaged (%s): restore it from a backup",
				       statement_text(statement, 0));
	}
	return 0;
}

unsigned store_schema_version(void)
{
	return (unsigned)migration_count;
}

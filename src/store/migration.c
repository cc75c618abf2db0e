#include "store/migration.h"

#include <stdint.h>
#include <stdio.h>

#include "store/statement.h"

static int execute(sqlite3 *db, const char *sql, struct err *err)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return statement_fail(db, err);
	return 0;
}

static int read_number(sqlite3 *db, const char *sql, int64_t *ret, struct err *err)
{
	sqlite3_stmt *statement = NULL;
	int r = 0;

	if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK ||
	    sqlite3_step(statement) != SQLITE_ROW)
		r = statement_fail(db, err);
	else
		*ret = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return r;
}

/* A file with tables in it is ours only when it says so. Both are read at one moment: another
 * process may be making them. */
static int check_owner(sqlite3 *db, struct err *err)
{
	int64_t application = 0;
	int64_t tables = 0;
	int r = execute(db, "BEGIN", err);

	if (r < 0)
		return r;
	r = read_number(db, "SELECT count(*) FROM sqlite_master", &tables, err);
	if (r == 0)
		r = read_number(db, "PRAGMA application_id", &application, err);
	(void)sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	if (r < 0)
		return r;
	if (application != MIGRATION_APPLICATION_ID && (application != 0 || tables != 0))
		return err_set(err, ERR_CORRUPT,
			       "this file is a database of another program: choose another path");
	return 0;
}

/* With the write lock held, so that a second process that waited finds the work done. */
static int step(sqlite3 *db, const struct migration *migration, struct err *err)
{
	char sql[128];
	int64_t version = 0;
	int r = read_number(db, "PRAGMA user_version", &version, err);

	if (r < 0 || version >= migration->version)
		return r;
	r = execute(db, migration->sql, err);
	if (r < 0)
		return r;
	(void)snprintf(sql, sizeof(sql), "PRAGMA application_id = %d; PRAGMA user_version = %u",
		       MIGRATION_APPLICATION_ID, migration->version);
	return execute(db, sql, err);
}

int migration_run(sqlite3 *db, const struct migration *migrations, size_t count, struct err *err)
{
	int64_t version = 0;
	int r = check_owner(db, err);

	if (r == 0)
		r = read_number(db, "PRAGMA user_version", &version, err);
	if (r < 0)
		return r;
	if (version < 0 || (uint64_t)version > count)
		return err_set(err, ERR_UNSUPPORTED,
			       "the database has schema %lld, this program knows up to %zu: "
			       "install the newer version again, or restore an older backup",
			       (long long)version, count);
	for (size_t i = (size_t)version; i < count; i++) {
		r = execute(db, "BEGIN IMMEDIATE", err);
		if (r < 0)
			return r;
		r = step(db, &migrations[i], err);
		if (r == 0)
			r = execute(db, "COMMIT", err);
		if (r < 0) {
			(void)sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
			return err_wrap(err, r, "migration %03u-%s", migrations[i].version,
					migrations[i].name);
		}
	}
	return 0;
}

// The schema's history: each step from one version to the next, embedded at build.
#pragma once

#include <sqlite3.h>
#include <stddef.h>

#include "base/err.h"

/* In the database's header, so that another program's file is never taken for ours ("Ippo"). */
#define MIGRATION_APPLICATION_ID 0x4970706f

struct migration {
	unsigned version; /* after it; PRAGMA user_version */
	const char *name;
	const char *sql;
};

extern const struct migration migration_all[]; /* made from migrations/NNN-name.sql */
extern const size_t migration_count;

/**
 * migration_run() - bring a database to the last of @migrations, each in a transaction of its own.
 *
 * Safe when several processes open a new database at once. Errors: ERR_UNSUPPORTED for a newer
 * database; ERR_CORRUPT for a file that is not ours; else what the step failed with, and the
 * database stays at the version before it.
 */
int migration_run(sqlite3 *db, const struct migration *migrations, size_t count, struct err *err);

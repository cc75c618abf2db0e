// The database: opening, migrating, transactions, backup. All SQL lives in this folder.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"

/*
 * One struct store is one connection, for one thread. Every call blocks for as long as SQLite
 * needs: microseconds for reads, an fsync for a commit.
 *
 * What all functions of the store can return, besides what each names: ERR_DISK_FULL,
 * ERR_UNAVAILABLE (another connection holds the write lock), ERR_CORRUPT, -EIO, -EROFS, -ENOMEM.
 * Lookups answer ERR_NOT_FOUND, and take a customer: a row of another customer is not found either;
 * customer 0 sees everybody's. Lists of the store come as {items, count, total}: items malloc'd and
 * freed by the _done function beside the list function; count on this page, total on all pages.
 */
struct store;

/** store_open() - open or make the database at @path, in the newest schema.
 * Errors: ERR_UNSUPPORTED when a newer version wrote it. */
int store_open(const char *path, struct store **ret, struct err *err);

/** store_close() - accepts NULL; an open transaction is rolled back. */
void store_close(struct store *store);
DEFINE_CLEANUP(struct store, store, store_close)

/** store_begin() - start a write transaction; they do not nest. */
int store_begin(struct store *store, struct err *err);
/** store_commit() - on failure the transaction is rolled back. */
int store_commit(struct store *store, struct err *err);
/** store_rollback() - safe when none is open. */
void store_rollback(struct store *store);
bool store_in_transaction(const struct store *store);

static inline void store_guard(struct store **store)
{
	if (*store)
		store_rollback(*store);
}

/* Ends a transaction with its scope. After store_begin() succeeded: STORE_GUARD(store); whatever
 * store_commit() has not committed at the end of the scope is rolled back. */
#define STORE_GUARD(store)                                                                         \
	struct store *guard CLEANUP(store_guard) __attribute__((unused)) = (store)

/** store_read_begin() - until store_read_end() all reads show the same moment, and the file is
 * locked once for all of them. Nothing may be written meanwhile. They do not nest; inside a
 * transaction it does nothing. */
int store_read_begin(struct store *store, struct err *err);
void store_read_end(struct store *store);

static inline void store_read_guard(struct store **store)
{
	store_read_end(*store);
}

/* Ends it with the scope, after store_read_begin() succeeded. */
#define STORE_READ_GUARD(store)                                                                    \
	struct store *reading CLEANUP(store_read_guard) __attribute__((unused)) = (store)

/** store_generation() - grows with every committed write of this connection. */
uint64_t store_generation(const struct store *store);
/** store_catalogue_generation() - grows when a plan, location or image changed: those are part of
 * every server's representation. */
uint64_t store_catalogue_generation(const struct store *store);

/** store_backup() - a whole, consistent copy into a new file @path (mode 0600), while in use.
 * Errors: -EEXIST. */
int store_backup(struct store *store, const char *path, struct err *err);

/** store_check() - SQLite's integrity and foreign key checks; ERR_CORRUPT with the first finding.
 */
int store_check(struct store *store, struct err *err);

/** store_schema_version() - of the newest schema this program knows. */
unsigned store_schema_version(void);

struct store_defaults_pool {
	const char *name;
	const char *prefix; /* "10.77.0.0/24", "fd00:1:2::/48" */
};

struct store_defaults_options {
	const struct store_defaults_pool *pools;
	size_t pool_count;
	int64_t now_ms;
};

/** store_defaults() - at first creation: the service's customer, the location "local", plans, and
 * the given pools. Does nothing when there is a customer already. */
int store_defaults(struct store *store, const struct store_defaults_options *options,
		   struct err *err);

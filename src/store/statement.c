#include "store/statement.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

static uint64_t hash_text(const char *text)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a */

	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
	return hash;
}

int statement_fail(sqlite3 *db, struct err *err)
{
	int extended = sqlite3_extended_errcode(db);
	const char *said = sqlite3_errmsg(db);

	switch (extended) {
	case SQLITE_CONSTRAINT_UNIQUE:
	case SQLITE_CONSTRAINT_PRIMARYKEY:
	case SQLITE_CONSTRAINT_ROWID:
		return err_set(err, ERR_UNIQUENESS, "there is such a one already");
	case SQLITE_CONSTRAINT_FOREIGNKEY:
		return err_set(err, ERR_IN_USE, "something else still belongs to it");
	default:
		break;
	}
	switch (extended & 0xff) {
	case SQLITE_FULL:
		return err_set(err, ERR_DISK_FULL,
			       "the disk with the database is full: free some space");
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return err_set(err, ERR_UNAVAILABLE, "the database is busy: try again");
	case SQLITE_CONSTRAINT:
		return err_set(err, ERR_INVALID_INPUT, "the database refused a value: %s", said);
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return err_set(err, ERR_CORRUPT,
			       "the database is damaged (%s): restore it from a backup", said);
	case SQLITE_NOMEM:
		return err_set(err, -ENOMEM, "out of memory");
	case SQLITE_READONLY:
		return err_set(err, -EROFS, "the database cannot be written: %s", said);
	case SQLITE_IOERR:
		if (sqlite3_system_errno(db) == ENOSPC)
			return err_set(err, ERR_DISK_FULL,
				       "the disk with the database is full: free some space");
		return err_set(err, -EIO, "reading or writing the database failed: %s (%s)", said,
			       strerror(sqlite3_system_errno(db)));
	case SQLITE_CANTOPEN:
		return err_set(err, -EIO, "the database cannot be opened: %s", said);
	default:
		return err_set(err, ERR_SERVER, "the database failed: %s", said);
	}
}

static struct statement_slot *find_slot(struct store *store, const char *sql, uint64_t hash)
{
	struct statement_slot *oldest = NULL;

	for (size_t i = 0; i < STATEMENT_CACHE_COUNT; i++) {
		struct statement_slot *slot = &store->slots[i];

		if (slot->hash == hash && slot->statement &&
		    strcmp(sqlite3_sql(slot->statement), sql) == 0)
			return slot;
	}
	for (size_t i = 0; i < STATEMENT_CACHE_COUNT; i++) {
		struct statement_slot *slot = &store->slots[i];

		if ((!oldest || slot->used < oldest->used) &&
		    (!slot->statement || !sqlite3_stmt_busy(slot->statement)))
			oldest = slot;
	}
	/* Never full of busy ones: no call has more than a few open at once. */
	assert(oldest);
	sqlite3_finalize(oldest->statement);
	*oldest = (struct statement_slot){0};
	return oldest;
}

static int bind_all(sqlite3_stmt *statement, const struct bind *binds)
{
	int r = SQLITE_OK;
	int at = 1;

	for (const struct bind *bind = binds; bind && bind->kind && r == SQLITE_OK; bind++, at++) {
		switch (bind->kind) {
		case 'i':
			r = sqlite3_bind_int64(statement, at, bind->integer);
			break;
		case 't':
			r = sqlite3_bind_text(statement, at, bind->data, -1, SQLITE_STATIC);
			break;
		case 'b':
			r = sqlite3_bind_blob64(statement, at, bind->data, bind->bytes,
						SQLITE_STATIC);
			break;
		case 'd':
			r = sqlite3_bind_double(statement, at, bind->number);
			break;
		default:
			r = sqlite3_bind_null(statement, at);
			break;
		}
	}
	assert(r != SQLITE_OK || at - 1 == sqlite3_bind_parameter_count(statement));
	return r;
}

int statement_open(struct store *store, const char *sql, const struct bind *binds,
		   sqlite3_stmt **ret, struct err *err)
{
	uint64_t hash = hash_text(sql);
	struct statement_slot *slot;

	/* A full disk can make SQLite roll back by itself; what follows must not be written alone.
	 */
	if (store->in_transaction && sqlite3_get_autocommit(store->db))
		return err_set(err, ERR_UNAVAILABLE,
			       "the change was given up after an earlier failure: try again");
	slot = find_slot(store, sql, hash);
	if (!slot->statement) {
		if (sqlite3_prepare_v3(store->db, sql, -1, SQLITE_PREPARE_PERSISTENT,
				       &slot->statement, NULL) != SQLITE_OK)
			return statement_fail(store->db, err);
		slot->hash = hash;
	}
	slot->used = ++store->uses;
	assert(!sqlite3_stmt_busy(slot->statement));
	if (bind_all(slot->statement, binds) != SQLITE_OK) {
		int r = statement_fail(store->db, err);

		sqlite3_clear_bindings(slot->statement);
		return r;
	}
	*ret = slot->statement;
	return 0;
}

void statement_put(sqlite3_stmt **statement)
{
	if (!*statement)
		return;
	sqlite3_reset(*statement);
	sqlite3_clear_bindings(*statement);
}

int statement_row(struct store *store, sqlite3_stmt *statement, struct err *err)
{
	switch (sqlite3_step(statement)) {
	case SQLITE_ROW:
		return 1;
	case SQLITE_DONE:
		return 0;
	default:
		return statement_fail(store->db, err);
	}
}

int statement_execute(struct store *store, const char *sql, const struct bind *binds,
		      struct err *err)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	int r = statement_open(store, sql, binds, &statement, err);

	while (r == 0) {
		r = statement_row(store, statement, err);
		if (r <= 0)
			break;
		r = 0;
	}
	if (r < 0)
		return r;
	return sqlite3_changes(store->db);
}

int statement_run(struct store *store, const char *sql, const struct bind *binds, struct err *err)
{
	int changed, r;

	if (!store->note.set || store->in_transaction || store->is_reading)
		return statement_execute(store, sql, binds, err);
	r = store_begin(store, err);
	if (r < 0)
		return r;
	STORE_GUARD(store);
	changed = statement_execute(store, sql, binds, err);
	if (changed <= 0)
		return changed; /* nothing happened that had to be told */
	r = store_commit(store, err);
	return r < 0 ? r : changed;
}

int statement_run_one(struct store *store, const char *what, const char *sql,
		      const struct bind *binds, struct err *err)
{
	int r = statement_run(store, sql, binds, err);

	if (r == 0)
		return err_set(err, ERR_NOT_FOUND, "%s not found", what);
	return r < 0 ? r : 0;
}

int statement_one(struct store *store, const char *what, const char *sql, const struct bind *binds,
		  sqlite3_stmt **ret, struct err *err)
{
	int r = statement_open(store, sql, binds, ret, err);

	if (r == 0)
		r = statement_row(store, *ret, err);
	if (r < 0)
		return r;
	return r == 0 ? err_set(err, ERR_NOT_FOUND, "%s not found", what) : 0;
}

int statement_number(struct store *store, const char *sql, const struct bind *binds, uint64_t *ret,
		     struct err *err)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	int r = statement_open(store, sql, binds, &statement, err);

	if (r == 0)
		r = statement_row(store, statement, err);
	if (r < 0)
		return r;
	*ret = r ? statement_u64(statement, 0) : 0;
	return 0;
}

int statement_begin(struct store *store, struct store **ret_guard, struct err *err)
{
	int r;

	*ret_guard = NULL;
	if (store_in_transaction(store))
		return 0;
	r = store_begin(store, err);
	if (r < 0)
		return r;
	*ret_guard = store;
	return 0;
}

int statement_commit(struct store **guard, struct err *err)
{
	struct store *store = steal_ptr(*guard);

	return store ? store_commit(store, err) : 0;
}

uint64_t statement_u64(sqlite3_stmt *statement, int column)
{
	return (uint64_t)sqlite3_column_int64(statement, column);
}

uint32_t statement_u32(sqlite3_stmt *statement, int column)
{
	return (uint32_t)sqlite3_column_int64(statement, column);
}

bool statement_bool(sqlite3_stmt *statement, int column)
{
	return sqlite3_column_int64(statement, column) != 0;
}

const char *statement_text(sqlite3_stmt *statement, int column)
{
	const char *text = (const char *)sqlite3_column_text(statement, column);

	return text ? text : "";
}

int statement_copy(sqlite3_stmt *statement, int column, char *out, size_t size)
{
	const char *text = statement_text(statement, column);
	size_t bytes = strlen(text);

	if (bytes >= size)
		return ERR_CORRUPT;
	memcpy(out, text, bytes + 1);
	return 0;
}

int statement_dup(sqlite3_stmt *statement, int column, char **ret)
{
	char *copy = NULL;

	if (sqlite3_column_type(statement, column) != SQLITE_NULL) {
		copy = strdup(statement_text(statement, column));
		if (!copy)
			return -ENOMEM;
	}
	*ret = copy;
	return 0;
}

int statement_blob(sqlite3_stmt *statement, int column, void *out, size_t bytes)
{
	const void *data = sqlite3_column_blob(statement, column);

	if (!data || (size_t)sqlite3_column_bytes(statement, column) != bytes)
		return ERR_CORRUPT;
	memcpy(out, data, bytes);
	return 0;
}

int statement_corrupt(const char *what, struct err *err)
{
	return err_set(err, ERR_CORRUPT,
		       "the database holds a damaged %s: restore it from a backup", what);
}

int statement_misread(const char *what, int code, struct err *err)
{
	return code == ERR_CORRUPT ? statement_corrupt(what, err)
				   : err_set(err, code, "out of memory");
}

void *statement_list_add(struct statement_list *list, size_t item_bytes)
{
	char *item;

	if (list->count == list->capacity) {
		size_t capacity = list->capacity ? list->capacity * 2 : 32;
		void *items = reallocarray(list->items, capacity, item_bytes);

		if (!items)
			return NULL;
		list->items = items;
		list->capacity = capacity;
	}
	item = (char *)list->items + list->count * item_bytes;
	memset(item, 0, item_bytes);
	list->count++;
	return item;
}

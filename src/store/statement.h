// Prepared statements, kept for reuse, and SQLite's errors in our words. Only for this folder.
#pragma once

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "model/history_line.h"
#include "store/store.h"

#define STATEMENT_CACHE_COUNT 192

struct statement_slot {
	sqlite3_stmt *statement;
	uint64_t hash; /* of its text */
	uint64_t used; /* when, in uses of the cache */
};

struct store {
	sqlite3 *db;
	uint64_t generation;
	uint64_t catalogue_generation;
	struct store *fleeting; /* a database in memory that ends with this one */
	bool in_transaction;    /* began and neither committed nor rolled back by us */
	bool is_reading;        /* inside store_read_begin() */
	uint64_t departures;    /* how many rows of server were deleted so far */
	struct {
		uint64_t customer_id;
		uint64_t departures;
		uint64_t *ids; /* of that customer's server 0, STEP, 2 * STEP, … in order */
		size_t count;
	} marks; /* see store_server_list.c */
	struct {
		bool set;     /* the next write that is committed is what `line` tells */
		bool written; /* ... and was */
		struct history_line line;
	} note; /* see store_history.h */
	uint64_t uses;
	struct statement_slot slots[STATEMENT_CACHE_COUNT];
};

/* One value for a placeholder. Texts and blobs are borrowed until the statement is put back. */
struct bind {
	char kind; /* i integer, t text, b blob, d number, n null; 0 ends the list */
	int64_t integer;
	double number;
	const void *data;
	size_t bytes;
};
/* Pointers that are NULL bind NULL, and so does the id 0. */
#define B_INT(value)                                                                               \
	{                                                                                          \
		.kind = 'i', .integer = (int64_t)(value)                                           \
	}
#define B_ID(value)                                                                                \
	{                                                                                          \
		.kind = (value) ? 'i' : 'n', .integer = (int64_t)(value)                           \
	}
#define B_TEXT(text)                                                                               \
	{                                                                                          \
		.kind = 't', .data = (text)                                                        \
	}
#define B_BLOB(pointer, len)                                                                       \
	{                                                                                          \
		.kind = 'b', .data = (pointer), .bytes = (len)                                     \
	}
#define B_NUMBER(value)                                                                            \
	{                                                                                          \
		.kind = 'd', .number = (value)                                                     \
	}
#define BIND(...) ((const struct bind[]){__VA_ARGS__, {.kind = 0}})

/** statement_open() - take a statement from the cache, or prepare it, and bind. The same text must
 * not be open twice. */
int statement_open(struct store *store, const char *sql, const struct bind *binds,
		   sqlite3_stmt **ret, struct err *err);
/** statement_put() - for the cleanup attribute: reset, back into the cache. */
void statement_put(sqlite3_stmt **statement);
#define AUTO_STATEMENT CLEANUP(statement_put)

/** statement_row() - 1: there is a row; 0: no more; negative: failed. */
int statement_row(struct store *store, sqlite3_stmt *statement, struct err *err);

/** statement_one() - statement_open() and its first row. Without one ERR_NOT_FOUND, "<what> not
 * found". */
int statement_one(struct store *store, const char *what, const char *sql, const struct bind *binds,
		  sqlite3_stmt **ret, struct err *err);

/** statement_execute() - open, run to the end, put back. Returns how many rows it changed, or
 * negative. Of no use but for what begins and ends transactions. */
int statement_execute(struct store *store, const char *sql, const struct bind *binds,
		      struct err *err);
/** statement_run() - the same. A write outside of a transaction gets one of its own when a line of
 * the history is to be written with it. */
int statement_run(struct store *store, const char *sql, const struct bind *binds, struct err *err);
/** statement_run_one() - the same, but ERR_NOT_FOUND with "no <what> ..." unless a row changed. */
int statement_run_one(struct store *store, const char *what, const char *sql,
		      const struct bind *binds, struct err *err);
/** statement_number() - the first column of the first row, 0 without a row. */
int statement_number(struct store *store, const char *sql, const struct bind *binds, uint64_t *ret,
		     struct err *err);

/** statement_begin() - a transaction of our own, unless the caller has one open: then *ret_guard
 * becomes NULL and statement_commit() does nothing. For a local with CLEANUP(store_guard). */
int statement_begin(struct store *store, struct store **ret_guard, struct err *err);
int statement_commit(struct store **guard, struct err *err);

/** statement_fail() - the error SQLite just had, in our codes. */
int statement_fail(sqlite3 *db, struct err *err);

/* Columns. A text that does not fit is a damaged database: ERR_CORRUPT. */
uint64_t statement_u64(sqlite3_stmt *statement, int column);
uint32_t statement_u32(sqlite3_stmt *statement, int column);
bool statement_bool(sqlite3_stmt *statement, int column);
const char *statement_text(sqlite3_stmt *statement, int column); /* "" for NULL */
int statement_copy(sqlite3_stmt *statement, int column, char *out, size_t size);
int statement_dup(sqlite3_stmt *statement, int column, char **ret); /* NULL for NULL */
int statement_blob(sqlite3_stmt *statement, int column, void *out, size_t bytes);
/** statement_corrupt() - err_set() for a row that cannot be what we wrote. */
int statement_corrupt(const char *what, struct err *err);
/** statement_misread() - err_set() for what reading a row came to: ERR_CORRUPT, or no memory. */
int statement_misread(const char *what, int code, struct err *err);

/* A list being read: grows an array of any item type. */
struct statement_list {
	void *items;
	size_t count;
	size_t capacity;
};
/** statement_list_add() - a zeroed new item, or NULL without memory. */
void *statement_list_add(struct statement_list *list, size_t item_bytes);

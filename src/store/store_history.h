// The operation history: written together with what it tells, read by pages, pruned by age.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/action.h"
#include "model/history_line.h"
#include "model/page.h"
#include "store/store.h"

/*
 * Theory of operation
 *
 * A line is written by the transaction that makes the change it tells, so that a crash at any
 * instant leaves both or neither. Whoever handles a request says beforehand who asks for what
 * (store_history_note()); the first transaction that is committed from then on gets the line as its
 * last write, and a single statement outside of a transaction gets a transaction around both. A
 * transaction that is rolled back takes its line along, and the note waits on.
 *
 * Ids have no gap, and each line's hash covers the one before it. Triggers refuse every change of a
 * line, and every deletion but that of the oldest ones up to the anchor; the anchor keeps id and
 * hash of the last line that went. The head keeps those of the newest, so that lines that were cut
 * off at the end are missed.
 */

/** store_history_note() - the next write that is committed is what @line tells. Id, time and hash
 * are set then. Copied; NULL: none is. */
void store_history_note(struct store *store, const struct history_line *line);
/** store_history_noted() - the note that waits, to be completed; NULL when none does. */
struct history_line *store_history_noted(struct store *store);
/** store_history_take() - forget the note. Return: whether it was written. @ret, which may be NULL,
 * gets it as it stood. */
bool store_history_take(struct store *store, struct history_line *ret);

/** store_history_append() - write a line now, in the open transaction or one of its own. Sets id,
 * time and hash. */
int store_history_append(struct store *store, struct history_line *line, struct err *err);

/* For store.c and the tables whose rows lines follow. */
int store_history_write_note(struct store *store, struct err *err);
void store_history_forget_action(struct store *store);
/** store_history_begin_action() - an action was recorded: the note is about it. */
void store_history_begin_action(struct store *store, const struct action *action);
/** store_history_end_action() - it has ended: a line like that of its beginning, with its result.
 */
int store_history_end_action(struct store *store, uint64_t action_id, struct err *err);

/** store_history_resource_name() - what a resource is called now; "" when @customer_id (0: anybody)
 * has no such one, or @type has no names. */
void store_history_resource_name(struct store *store, const char *type, uint64_t customer_id,
				 uint64_t id, char out[HISTORY_NAME_BYTES]);

/* What a list shows; zero or NULL leaves a condition out. All pointers are borrowed. */
struct store_history_filter {
	bool of_customer;          /* only lines of: */
	uint64_t customer_id;      /* 0: the service */
	const char *what;          /* server.poweron, or a group of them: server */
	const char *actor;         /* the name */
	const char *resource_type; /* with its id */
	uint64_t resource_id;
	uint64_t action_id;
	enum history_result result;
	int64_t from_ms;
	int64_t to_ms;   /* before it; 0: no end */
	uint64_t before; /* ids below */
	uint64_t after;  /* ids above */
	struct page page;
};

struct store_history {
	struct history_line *items;
	size_t count;
	uint64_t total; /* of all lines exactly; of a choice, STORE_HISTORY_COUNTED past the page */
};

#define STORE_HISTORY_COUNTED 10000

/** store_history_list() - newest first: in the order in which they were written, or by time when
 * that alone is asked for. */
int store_history_list(struct store *store, const struct store_history_filter *filter,
		       struct store_history *ret, struct err *err);
/** store_history_span() - the lines with ids above @filter->after and below @filter->before, newest
 * first, without page and total: for walking through all of them piece by piece. */
int store_history_span(struct store *store, const struct store_history_filter *filter,
		       struct store_history *ret, struct err *err);
void store_history_done(struct store_history *history);

/* The two ends of the chain. */
struct store_history_ends {
	uint64_t anchor_id; /* of the last line that was pruned; 0: none was */
	uint8_t anchor_hash[HISTORY_HASH_BYTES];
	uint64_t head_id; /* of the newest line; 0: there never was one */
	uint8_t head_hash[HISTORY_HASH_BYTES];
};
int store_history_ends(struct store *store, struct store_history_ends *ret, struct err *err);

/** store_history_prune() - delete at most @most of the oldest lines, as far as they are all older
 * than @before_ms. Return: how many, or negative. */
int store_history_prune(struct store *store, int64_t before_ms, unsigned most, struct err *err);

#define STORE_HISTORY_FINDINGS 16

enum store_history_problem {
	HISTORY_CHANGED = 1,   /* the line does not fit its hash */
	HISTORY_MISSING = 2,   /* lines from `id` to `last` are gone */
	HISTORY_NOT_HEAD = 3,  /* the head names another newest line */
	HISTORY_NOT_NOTED = 4, /* the line has another hash than the one that was noted */
};

/* Going through the whole chain, piece by piece; lines may be added and pruned meanwhile. Zeroed to
 * begin with, but for the noted line, if there is one. */
struct store_history_check {
	uint64_t noted_id; /* 0: none */
	uint8_t noted_hash[HISTORY_HASH_BYTES];

	bool begun;
	bool done;
	uint64_t first;                   /* the oldest line there was to be */
	uint64_t at;                      /* the last line that was looked at */
	uint8_t hash[HISTORY_HASH_BYTES]; /* its */
	uint64_t lines;                   /* looked at */
	bool noted_seen;
	struct store_history_ends ends; /* as of the last piece */
	uint64_t problems;
	struct {
		enum store_history_problem problem;
		uint64_t id;
		uint64_t last;
	} findings[STORE_HISTORY_FINDINGS]; /* the first ones */
};

/** store_history_check() - look at the next @most lines. Go on until @check->done. */
int store_history_check(struct store *store, struct store_history_check *check, unsigned most,
			struct err *err);
const char *store_history_problem_name(enum store_history_problem problem);

#include <assert.h>
#include <string.h>

#include "store/history_row.h"
#include "store/store_history.h"

static bool types_are_right(sqlite3_stmt *statement)
{
	static const char kinds[] = "iiiiitittittititb"; /* as HISTORY_COLUMNS */

	static_assert(sizeof(kinds) - 1 == 17, "a kind for each column");
	for (int i = 0; i < (int)sizeof(kinds) - 1; i++) {
		const int type = sqlite3_column_type(statement, i);

		if (kinds[i] == 'i' && type != SQLITE_INTEGER)
			return false;
		if (kinds[i] == 'b' && type != SQLITE_BLOB)
			return false;
		/* A NUL inside would hide what follows it. */
		if (kinds[i] == 't' &&
		    (type != SQLITE_TEXT || strlen(statement_text(statement, i)) !=
						    (size_t)sqlite3_column_bytes(statement, i)))
			return false;
	}
	return true;
}

int history_row_read(sqlite3_stmt *statement, struct history_line *ret)
{
	struct history_line line = {0};
	const int64_t actor = sqlite3_column_int64(statement, 3);
	const int64_t by_operator = sqlite3_column_int64(statement, 6);
	const int64_t result = sqlite3_column_int64(statement, 9);

	if (!types_are_right(statement) || actor < HISTORY_SESSION || actor > HISTORY_NOBODY ||
	    by_operator < 0 || by_operator > 1 || result < HISTORY_ACCEPTED ||
	    result > HISTORY_ERROR)
		return ERR_CORRUPT;
	line.id = statement_u64(statement, 0);
	line.time_ms = sqlite3_column_int64(statement, 1);
	line.customer_id = statement_u64(statement, 2);
	line.actor = (enum history_actor)actor;
	line.actor_id = statement_u64(statement, 4);
	line.by_operator = by_operator == 1;
	line.result = (enum history_result)result;
	line.resource_id = statement_u64(statement, 12);
	line.action_id = statement_u64(statement, 14);
	if (statement_copy(statement, 5, line.actor_name, sizeof(line.actor_name)) < 0 ||
	    statement_copy(statement, 7, line.peer, sizeof(line.peer)) < 0 ||
	    statement_copy(statement, 8, line.what, sizeof(line.what)) < 0 ||
	    statement_copy(statement, 10, line.error_code, sizeof(line.error_code)) < 0 ||
	    statement_copy(statement, 11, line.resource_type, sizeof(line.resource_type)) < 0 ||
	    statement_copy(statement, 13, line.resource_name, sizeof(line.resource_name)) < 0 ||
	    statement_copy(statement, 15, line.details, sizeof(line.details)) < 0 ||
	    statement_blob(statement, 16, line.hash, sizeof(line.hash)) < 0)
		return ERR_CORRUPT;
	*ret = line;
	return 0;
}

const char *store_history_problem_name(enum store_history_problem problem)
{
	switch (problem) {
	case HISTORY_CHANGED:
		return "changed";
	case HISTORY_MISSING:
		return "missing";
	case HISTORY_NOT_HEAD:
		return "not_head";
	case HISTORY_NOT_NOTED:
		return "not_noted";
	}
	return "unknown";
}

static void found(struct store_history_check *check, enum store_history_problem problem,
		  uint64_t id, uint64_t last)
{
	if (check->problems < STORE_HISTORY_FINDINGS) {
		check->findings[check->problems].problem = problem;
		check->findings[check->problems].id = id;
		check->findings[check->problems].last = last;
	}
	check->problems++;
}

static void compare_noted(struct store_history_check *check, uint64_t id,
			  const uint8_t hash[HISTORY_HASH_BYTES])
{
	if (id == 0 || id != check->noted_id || check->noted_seen)
		return;
	check->noted_seen = true;
	if (memcmp(hash, check->noted_hash, HISTORY_HASH_BYTES) != 0)
		found(check, HISTORY_NOT_NOTED, id, id);
}

static void look_at(struct store_history_check *check, sqlite3_stmt *statement)
{
	const uint64_t id = statement_u64(statement, 0);
	uint8_t hash[HISTORY_HASH_BYTES] = {0};
	struct history_line line;

	if (id > check->at + 1) {
		found(check, HISTORY_MISSING, check->at + 1, id - 1);
		/* What stood before it is unknown: it cannot be judged, only gone on from. */
		memset(check->hash, 0, sizeof(check->hash));
	}
	if (history_row_read(statement, &line) < 0) {
		found(check, HISTORY_CHANGED, id, id);
		(void)statement_blob(statement, 16, check->hash, sizeof(check->hash));
	} else {
		history_line_hash(&line, check->hash, hash);
		if (id == check->at + 1 && memcmp(hash, line.hash, sizeof(hash)) != 0)
			found(check, HISTORY_CHANGED, id, id);
		memcpy(check->hash, line.hash, sizeof(check->hash));
	}
	compare_noted(check, id, check->hash);
	check->at = id;
	check->lines++;
}

/* Where the chain begins, now or again: what was not looked at yet may have been pruned since. */
static void start(struct store_history_check *check)
{
	const struct store_history_ends *ends = &check->ends;

	if (!check->begun)
		check->first = ends->anchor_id + 1;
	if (!check->begun || ends->anchor_id > check->at) {
		check->at = ends->anchor_id;
		memcpy(check->hash, ends->anchor_hash, sizeof(check->hash));
		compare_noted(check, ends->anchor_id, ends->anchor_hash);
	}
	check->begun = true;
}

static void finish(struct store_history_check *check)
{
	const struct store_history_ends *ends = &check->ends;

	if (check->at < ends->head_id)
		found(check, HISTORY_MISSING, check->at + 1, ends->head_id);
	else if (check->at > ends->head_id ||
		 memcmp(check->hash, ends->head_hash, sizeof(check->hash)) != 0)
		found(check, HISTORY_NOT_HEAD, check->at, ends->head_id);
	/* One that was pruned properly cannot be compared; one above the head never was. */
	if (check->noted_id > ends->head_id)
		found(check, HISTORY_NOT_NOTED, check->noted_id, check->noted_id);
	check->done = true;
}

int store_history_check(struct store *store, struct store_history_check *check, unsigned most,
			struct err *err)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	unsigned left = most;
	int r = store_read_begin(store, err);

	if (r < 0)
		return r;
	STORE_READ_GUARD(store);
	r = store_history_ends(store, &check->ends, err);
	if (r < 0)
		return r;
	start(check);
	r = statement_open(store,
			   "SELECT " HISTORY_COLUMNS " FROM history WHERE id > ? ORDER BY id "
			   "LIMIT ?",
			   BIND(B_INT(check->at), B_INT(most)), &statement, err);
	while (r == 0 && (r = statement_row(store, statement, err)) > 0) {
		look_at(check, statement);
		left--;
		r = 0;
	}
	if (r < 0)
		return r;
	if (left > 0)
		finish(check);
	return 0;
}

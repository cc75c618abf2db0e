#include "store/store_first_step.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "store/statement.h"

static int read_side(sqlite3_stmt *statement, int column, struct first_step_side *side)
{
	side->result = (enum first_step_result)statement_u32(statement, column);
	side->time_ms = sqlite3_column_int64(statement, column + 3);
	if (statement_copy(statement, column + 1, side->reason, sizeof side->reason) < 0 ||
	    statement_copy(statement, column + 2, side->evidence, sizeof side->evidence) < 0)
		return ERR_CORRUPT;
	return 0;
}

static int read_findings(struct store *store, struct store_first_step *ret, struct err *err)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	int r = statement_open(store,
			       "SELECT item, verdict, verdict_ms, inside, inside_reason, "
			       "inside_evidence, inside_ms, outside, outside_reason, "
			       "outside_evidence, outside_ms FROM first_step_item WHERE "
			       "server_id = ?",
			       BIND(B_INT(ret->server_id)), &statement, err);

	while (r == 0 && (r = statement_row(store, statement, err)) > 0) {
		const uint32_t item = statement_u32(statement, 0);

		if (item < 1 || item > FIRST_STEP_COUNT ||
		    read_side(statement, 3, &ret->findings[item - 1].inside) < 0 ||
		    read_side(statement, 7, &ret->findings[item - 1].outside) < 0)
			return statement_corrupt("first step", err);
		ret->verdicts[item - 1] = (enum first_step_verdict)statement_u32(statement, 1);
		ret->verdict_ms[item - 1] = sqlite3_column_int64(statement, 2);
		r = 0;
	}
	return r;
}

static int read_whole(struct store *store, uint64_t server_id, struct store_first_step *ret,
		      struct err *err)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	int r = statement_one(
		store, "server",
		"SELECT s.inbound, f.why, f.changed_ms, f.since_ms, f.can_report, f.reported_ms, "
		"f.probed_ms, f.program, f.os, f.ssh_port, f.open_ports, s.created_ms, "
		"f.server_id IS NULL FROM server s LEFT JOIN first_step f ON f.server_id = s.id "
		"WHERE s.id = ?",
		BIND(B_INT(server_id)), &statement, err);

	if (r < 0)
		return r;
	memset(ret, 0, sizeof *ret);
	ret->server_id = server_id;
	ret->closed = statement_u32(statement, 0) == 1;
	if (statement_bool(statement, 12)) {
		ret->why = FIRST_STEP_OLDER;
		ret->changed_ms = ret->since_ms = sqlite3_column_int64(statement, 11);
		ret->ssh_port = 22;
		return 0;
	}
	ret->why = (enum first_step_why)statement_u32(statement, 1);
	ret->changed_ms = sqlite3_column_int64(statement, 2);
	ret->since_ms = sqlite3_column_int64(statement, 3);
	ret->reports = (enum store_first_step_reports)statement_u32(statement, 4);
	ret->reported_ms = sqlite3_column_int64(statement, 5);
	ret->probed_ms = sqlite3_column_int64(statement, 6);
	ret->ssh_port = (uint16_t)statement_u32(statement, 9);
	if (statement_copy(statement, 7, ret->program, sizeof ret->program) < 0 ||
	    statement_copy(statement, 8, ret->os, sizeof ret->os) < 0 ||
	    statement_copy(statement, 10, ret->open_ports, sizeof ret->open_ports) < 0)
		return statement_corrupt("first step", err);
	return 0;
}

int store_first_step_get(struct store *store, uint64_t server_id, struct store_first_step *ret,
			 struct err *err)
{
	int r = read_whole(store, server_id, ret, err);

	return r < 0 ? r : read_findings(store, ret, err);
}

int store_first_step_begin(struct store *store, uint64_t server_id, bool closed, uint16_t ssh_port,
			   int64_t now_ms, struct err *err)
{
	struct store *guard CLEANUP(store_guard) = NULL;
	int r = statement_begin(store, &guard, err);

	if (r == 0)
		r = statement_run(store, "DELETE FROM first_step_item WHERE server_id = ?",
				  BIND(B_INT(server_id)), err);
	if (r >= 0)
		r = statement_run(
			store,
			"INSERT OR REPLACE INTO first_step(server_id, why, changed_ms, since_ms, "
			"ssh_port) VALUES (?, ?, ?, ?, ?)",
			BIND(B_INT(server_id), B_INT(closed ? FIRST_STEP_WAITS : FIRST_STEP_OLDER),
			     B_INT(now_ms), B_INT(now_ms), B_INT(ssh_port)),
			err);
	if (r >= 0)
		r = statement_run_one(store, "server",
				      "UPDATE server SET inbound = ?, first_step_passed = 0, "
				      "first_step_known = 0 WHERE id = ?",
				      BIND(B_INT(closed ? 1 : 2), B_INT(server_id)), err);
	return r < 0 ? r : statement_commit(&guard, err);
}

static int put_whole(struct store *store, const struct store_first_step *first_step,
		     int64_t stale_ms, struct err *err)
{
	const int r = statement_run(
		store,
		"INSERT INTO first_step(server_id, why, changed_ms, since_ms, can_report, "
		"reported_ms, probed_ms, stale_ms, program, os, ssh_port, open_ports) VALUES (?1, "
		"?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) ON CONFLICT DO UPDATE SET "
		"can_report = ?5, reported_ms = ?6, probed_ms = ?7, stale_ms = ?8, program = ?9, "
		"os = ?10, ssh_port = ?11, open_ports = ?12",
		BIND(B_INT(first_step->server_id), B_INT(first_step->why),
		     B_INT(first_step->changed_ms), B_INT(first_step->since_ms),
		     B_INT(first_step->reports), B_INT(first_step->reported_ms),
		     B_INT(first_step->probed_ms), B_INT(stale_ms), B_TEXT(first_step->program),
		     B_TEXT(first_step->os), B_INT(first_step->ssh_port),
		     B_TEXT(first_step->open_ports)),
		err);

	return r < 0 ? r : 0;
}

static int put_item(struct store *store, const struct store_first_step *first_step, size_t i,
		    struct err *err)
{
	const struct first_step_side *inside = &first_step->findings[i].inside,
				     *outside = &first_step->findings[i].outside;
	const int r = statement_run(
		store,
		"INSERT OR REPLACE INTO first_step_item(server_id, item, verdict, verdict_ms, "
		"inside, inside_reason, inside_evidence, inside_ms, outside, outside_reason, "
		"outside_evidence, outside_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		BIND(B_INT(first_step->server_id), B_INT(i + 1), B_INT(first_step->verdicts[i]),
		     B_INT(first_step->verdict_ms[i]), B_INT(inside->result),
		     B_TEXT(inside->reason), B_TEXT(inside->evidence), B_INT(inside->time_ms),
		     B_INT(outside->result), B_TEXT(outside->reason), B_TEXT(outside->evidence),
		     B_INT(outside->time_ms)),
		err);

	return r < 0 ? r : 0;
}

static int add_change(struct store *store, const struct store_first_step *first_step, size_t i,
		      int64_t now_ms, struct err *err)
{
	int r = statement_run(store,
			      "INSERT INTO first_step_change(server_id, item, verdict, inside, "
			      "outside, time_ms) VALUES (?, ?, ?, ?, ?, ?)",
			      BIND(B_INT(first_step->server_id), B_INT(i + 1),
				   B_INT(first_step->verdicts[i]),
				   B_INT(first_step->findings[i].inside.result),
				   B_INT(first_step->findings[i].outside.result), B_INT(now_ms)),
			      err);

	if (r >= 0)
		r = statement_run(
			store,
			"DELETE FROM first_step_change WHERE server_id = ?1 AND id <= "
			"(SELECT id FROM first_step_change WHERE server_id = ?1 ORDER BY "
			"id DESC LIMIT 1 OFFSET ?2)",
			BIND(B_INT(first_step->server_id), B_INT(FIRST_STEP_CHANGES_KEPT)), err);
	return r < 0 ? r : 0;
}

/* The verdict as of now; true when it is another than the one before. */
static bool judge(struct store_first_step *first_step, size_t i, int64_t now_ms, int64_t *stale_ms)
{
	const enum first_step_item item = (enum first_step_item)(i + 1);
	const struct first_step_finding *finding = &first_step->findings[i];
	const enum first_step_verdict verdict = first_step_judge(item, finding, now_ms);
	const int64_t stale = first_step_stale_ms(item, finding, now_ms);

	if (stale > 0 && (*stale_ms == 0 || stale < *stale_ms))
		*stale_ms = stale;
	if (verdict == first_step->verdicts[i] && first_step->verdict_ms[i] != 0)
		return false;
	first_step->verdicts[i] = verdict;
	first_step->verdict_ms[i] = now_ms;
	return true;
}

int store_first_step_put(struct store *store, struct store_first_step *first_step, int64_t now_ms,
			 bool touch, struct err *err)
{
	struct store *guard CLEANUP(store_guard) = NULL;
	int64_t stale_ms = 0;
	unsigned passed = 0, known = 0;
	int r = statement_begin(store, &guard, err);

	for (size_t i = 0; r == 0 && i < FIRST_STEP_COUNT; i++) {
		const struct first_step_finding *finding = &first_step->findings[i];
		if (finding->inside.result == FIRST_STEP_UNSAID &&
		    finding->outside.result == FIRST_STEP_UNSAID)
			continue;
		if (judge(first_step, i, now_ms, &stale_ms))
			r = add_change(store, first_step, i, now_ms, err);
		if (r == 0)
			r = put_item(store, first_step, i, err);
		passed += first_step->verdicts[i] == FIRST_STEP_PASS;
		known++;
	}
	if (r == 0)
		r = put_whole(store, first_step, stale_ms, err);
	if (r == 0)
		r = statement_run(store,
				  "UPDATE server SET first_step_passed = ?2, first_step_known = ?3 "
				  "WHERE id = ?1 AND (?4 OR first_step_passed <> ?2 OR "
				  "first_step_known <> ?3)",
				  BIND(B_INT(first_step->server_id), B_INT(passed), B_INT(known),
				       B_INT(touch)),
				  err);
	return r < 0 ? r : statement_commit(&guard, err);
}

int store_first_step_open(struct store *store, uint64_t server_id, enum first_step_why why,
			  int64_t now_ms, struct err *err)
{
	struct store *guard CLEANUP(store_guard) = NULL;
	int r = statement_begin(store, &guard, err);

	if (r == 0)
		r = statement_run(store,
				  "UPDATE server SET inbound = 2 WHERE id = ? AND inbound = 1",
				  BIND(B_INT(server_id)), err);
	if (r == 0)
		return err_set(err, ERR_UNSUPPORTED,
			       "nothing is closed: this server can be reached already");
	if (r > 0)
		r = statement_run(store,
				  "UPDATE first_step SET why = ?, changed_ms = ? WHERE server_id "
				  "= ?",
				  BIND(B_INT(why), B_INT(now_ms), B_INT(server_id)), err);
	return r < 0 ? r : statement_commit(&guard, err);
}

static int list_ids(struct store *store, const char *sql, const struct bind *binds, uint64_t *ids,
		    size_t max, size_t *ret_count, struct err *err)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	size_t count = 0;
	int r = statement_open(store, sql, binds, &statement, err);

	while (r == 0 && count < max && (r = statement_row(store, statement, err)) > 0) {
		ids[count++] = statement_u64(statement, 0);
		r = 0;
	}
	if (r == 0)
		*ret_count = count;
	return r;
}

int store_first_step_late(struct store *store, int64_t before_ms, uint64_t *ids, size_t max,
			  size_t *ret_count, struct err *err)
{
	return list_ids(store,
			"SELECT id FROM server WHERE inbound = 1 AND first_started_ms > 0 AND "
			"first_started_ms < ? LIMIT ?",
			BIND(B_INT(before_ms), B_INT(max)), ids, max, ret_count, err);
}

int store_first_step_aged(struct store *store, int64_t now_ms, uint64_t *ids, size_t max,
			  size_t *ret_count, struct err *err)
{
	return list_ids(store,
			"SELECT server_id FROM first_step WHERE stale_ms > 0 AND stale_ms <= ? "
			"ORDER BY stale_ms LIMIT ?",
			BIND(B_INT(now_ms), B_INT(max)), ids, max, ret_count, err);
}

int store_first_step_due(struct store *store, int64_t before_ms, int64_t closed_before_ms,
			 uint64_t *ids, size_t max, size_t *ret_count, struct err *err)
{
	return list_ids(store,
			"SELECT s.id FROM server s JOIN first_step f ON f.server_id = s.id WHERE "
			"s.inbound = 1 AND s.status = 2 AND s.first_boot_done = 1 AND f.probed_ms "
			"< ?2 UNION SELECT f.server_id FROM first_step f JOIN server s ON s.id = "
			"f.server_id WHERE f.probed_ms > 0 AND f.probed_ms < ?1 AND s.status = 2 "
			"LIMIT ?3",
			BIND(B_INT(before_ms), B_INT(closed_before_ms), B_INT(max)), ids, max,
			ret_count, err);
}

int store_first_step_changes(struct store *store, uint64_t server_id,
			     struct store_first_step_changes *ret, struct err *err)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	struct statement_list list = {0};
	int r = statement_open(store,
			       "SELECT id, item, verdict, inside, outside, time_ms FROM "
			       "first_step_change WHERE server_id = ? ORDER BY id DESC",
			       BIND(B_INT(server_id)), &statement, err);

	while (r == 0 && (r = statement_row(store, statement, err)) > 0) {
		struct store_first_step_change *change = statement_list_add(&list, sizeof *change);

		if (change == NULL) {
			r = err_set(err, -ENOMEM, "out of memory");
			break;
		}
		change->id = statement_u64(statement, 0);
		change->item = (enum first_step_item)statement_u32(statement, 1);
		change->verdict = (enum first_step_verdict)statement_u32(statement, 2);
		change->inside = (enum first_step_result)statement_u32(statement, 3);
		change->outside = (enum first_step_result)statement_u32(statement, 4);
		change->time_ms = sqlite3_column_int64(statement, 5);
		r = 0;
	}
	if (r < 0) {
		free(list.items);
		return r;
	}
	*ret = (struct store_first_step_changes){list.items, list.count, list.count};
	return 0;
}

void store_first_step_changes_done(struct store_first_step_changes *changes)
{
	free(changes->items);
	*changes = (struct store_first_step_changes){0};
}

int store_first_step_key_of_others(struct store *store, uint64_t server_id, const char *blob,
				   uint64_t *ret, struct err *err)
{
	return statement_number(store,
				"SELECT count(*) FROM server WHERE id <> ? AND instr(host_keys, ?) "
				"> 0",
				BIND(B_INT(server_id), B_TEXT(blob)), ret, err);
}

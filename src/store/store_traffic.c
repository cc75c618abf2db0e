#include "store/store_traffic.h"

#include <time.h>

#include "base/cleanup.h"
#include "store/statement.h"

uint32_t store_traffic_month(int64_t now_ms)
{
	const time_t seconds = (time_t)(now_ms / 1000);
	struct tm tm = {0};

	(void)gmtime_r(&seconds, &tm);
	return (uint32_t)((tm.tm_year + 1900) * 100 + tm.tm_mon + 1);
}

/* What is more than at the last count; all of it when the counters began anew. */
static uint64_t growth(uint64_t before, uint64_t now, bool same_epoch)
{
	return same_epoch && now >= before ? now - before : now;
}

static int add(struct store *store, uint64_t server_id, uint32_t month, uint64_t in_bytes,
	       uint64_t out_bytes, struct err *err)
{
	int r = statement_run(
		store,
		"INSERT INTO server_traffic(server_id, month, in_bytes, out_bytes) "
		"VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
		"in_bytes = in_bytes + excluded.in_bytes, "
		"out_bytes = out_bytes + excluded.out_bytes",
		BIND(B_INT(server_id), B_INT(month), B_INT(in_bytes), B_INT(out_bytes)), err);

	return r < 0 ? r
		     : statement_run(store, "UPDATE server SET version = version + 1 WHERE id = ?",
				     BIND(B_INT(server_id)), err);
}

static int take(struct store *store, const struct store_count *count, uint32_t month,
		struct err *err)
{
	uint64_t server_id = 0, epoch = 0, in_bytes = 0, out_bytes = 0;
	bool is_known;
	int r;

	{
		sqlite3_stmt *statement AUTO_STATEMENT = NULL;
		r = statement_open(store,
				   "SELECT s.id, c.server_id IS NOT NULL, c.epoch, c.in_bytes, "
				   "c.out_bytes FROM server s LEFT JOIN server_counter c ON "
				   "c.server_id = s.id WHERE s.uuid = ?",
				   BIND(B_BLOB(count->uuid, UUID_BYTES)), &statement, err);
		if (r == 0)
			r = statement_row(store, statement, err);
		if (r <= 0)
			return r;
		server_id = statement_u64(statement, 0);
		is_known = statement_bool(statement, 1);
		epoch = statement_u64(statement, 2);
		in_bytes = statement_u64(statement, 3);
		out_bytes = statement_u64(statement, 4);
	}
	const bool same = is_known && epoch == count->epoch;
	const uint64_t more_in = growth(in_bytes, count->in_bytes, same),
		       more_out = growth(out_bytes, count->out_bytes, same);
	if (is_known && same && more_in == 0 && more_out == 0)
		return 0;
	r = statement_run(store,
			  "INSERT INTO server_counter(server_id, epoch, in_bytes, out_bytes) "
			  "VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET epoch = excluded.epoch, "
			  "in_bytes = excluded.in_bytes, out_bytes = excluded.out_bytes",
			  BIND(B_INT(server_id), B_INT(count->epoch), B_INT(count->in_bytes),
			       B_INT(count->out_bytes)),
			  err);
	return r < 0 ? r : add(store, server_id, month, more_in, more_out, err);
}

/* With a new month every server shows another figure, and what is too old goes. */
static int turn_month(struct store *store, uint32_t month, struct err *err)
{
	const uint32_t years = STORE_TRAFFIC_MONTHS / 12, oldest = month - years * 100;
	uint64_t last = 0;
	int r = statement_number(store, "SELECT value FROM setting WHERE key = 'traffic_month'",
				 NULL, &last, err);

	if (r < 0 || last == month)
		return r;
	r = statement_run(store,
			  "INSERT INTO setting(key, value) VALUES ('traffic_month', ?) ON CONFLICT "
			  "DO UPDATE SET value = excluded.value",
			  BIND(B_INT(month)), err);
	if (r >= 0)
		r = statement_run(store,
				  "UPDATE server SET version = version + 1 WHERE id IN (SELECT "
				  "server_id FROM server_traffic WHERE month = ?)",
				  BIND(B_INT(last)), err);
	if (r >= 0)
		r = statement_run(store, "DELETE FROM server_traffic WHERE month < ?",
				  BIND(B_INT(oldest)), err);
	return r < 0 ? r : 0;
}

int store_traffic_add(struct store *store, const struct store_count *counts, size_t count,
		      int64_t now_ms, struct err *err)
{
	struct store *guard CLEANUP(store_guard) = NULL;
	const uint32_t month = store_traffic_month(now_ms);
	int r = statement_begin(store, &guard, err);

	if (r == 0)
		r = turn_month(store, month, err);
	for (size_t i = 0; r >= 0 && i < count; i++)
		r = take(store, &counts[i], month, err);
	return r < 0 ? r : statement_commit(&guard, err);
}

int store_traffic_list(struct store *store, uint64_t server_id, struct store_traffic *ret,
		       size_t max, size_t *ret_count, struct err *err)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	size_t count = 0;
	int r = statement_open(store,
			       "SELECT month, in_bytes, out_bytes FROM server_traffic WHERE "
			       "server_id = ? ORDER BY month DESC LIMIT ?",
			       BIND(B_INT(server_id), B_INT(max)), &statement, err);

	while (r >= 0 && count < max && (r = statement_row(store, statement, err)) > 0)
		ret[count++] = (struct store_traffic){.month = statement_u32(statement, 0),
						      .in_bytes = statement_u64(statement, 1),
						      .out_bytes = statement_u64(statement, 2)};
	if (r < 0)
		return r;
	*ret_count = count;
	return 0;
}

int store_traffic_get(struct store *store, uint64_t server_id, uint32_t month,
		      struct store_traffic *ret, struct err *err)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	struct store_traffic traffic = {.month = month};
	int r = statement_open(store,
			       "SELECT in_bytes, out_bytes FROM server_traffic WHERE server_id = ? "
			       "AND month = ?",
			       BIND(B_INT(server_id), B_INT(month)), &statement, err);

	if (r == 0 && (r = statement_row(store, statement, err)) > 0) {
		traffic.in_bytes = statement_u64(statement, 0);
		traffic.out_bytes = statement_u64(statement, 1);
	}
	if (r < 0)
		return r;
	*ret = traffic;
	return 0;
}

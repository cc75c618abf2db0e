#include "store/store_post.h"

#include <inttypes.h>
#include <stdlib.h>

#include "store/query.h"

#define COLUMNS                                                                                    \
	"o.id, o.kind, o.customer_id, o.recipient, o.subject, o.created_ms, o.expires_ms, "        \
	"o.attempts, o.next_ms, o.state, o.changed_ms, o.error"
#define WHOLE "SELECT " COLUMNS ", o.body, o.secret FROM outbox o "

static int read_row(sqlite3_stmt *statement, void *item)
{
	struct post *post = item;

	post->id = statement_u64(statement, 0);
	post->kind = (enum post_kind)statement_u32(statement, 1);
	post->customer_id = statement_u64(statement, 2);
	post->created_ms = sqlite3_column_int64(statement, 5);
	post->expires_ms = sqlite3_column_int64(statement, 6);
	post->attempts = statement_u32(statement, 7);
	post->next_ms = sqlite3_column_int64(statement, 8);
	post->state = (enum post_state)statement_u32(statement, 9);
	post->changed_ms = sqlite3_column_int64(statement, 10);
	if ((post->kind != POST_MAIL && post->kind != POST_WEBHOOK) || post->state < POST_WAITING ||
	    post->state > POST_FAILED ||
	    statement_copy(statement, 3, post->recipient, sizeof post->recipient) < 0 ||
	    statement_copy(statement, 11, post->error, sizeof post->error) < 0)
		return ERR_CORRUPT;
	return statement_dup(statement, 4, &post->subject);
}

static int get(struct store *store, const char *sql, const struct bind *binds, struct post *ret,
	       struct err *err)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	struct post post CLEANUP(post_done) = {0};
	int r = statement_one(store, "message", sql, binds, &statement, err);

	if (r < 0)
		return r;
	if (read_row(statement, &post) < 0 || statement_dup(statement, 12, &post.body) < 0 ||
	    statement_copy(statement, 13, post.secret, sizeof post.secret) < 0)
		return statement_corrupt("message", err);
	*ret = post;
	post = (struct post){0};
	return 0;
}

static int check_room(struct store *store, const struct post *post, struct err *err)
{
	uint64_t waiting = 0, to_it = 0;
	int r = statement_number(store, "SELECT count(*) FROM outbox WHERE state = 1", NULL,
				 &waiting, err);

	if (r == 0)
		r = statement_number(
			store, "SELECT count(*) FROM outbox WHERE state = 1 AND recipient = ?",
			BIND(B_TEXT(post->recipient)), &to_it, err);
	if (r < 0)
		return r;
	if (waiting >= POST_WAITING_MAX)
		return err_set(err, ERR_LIMIT, "%d messages wait to be sent already",
			       POST_WAITING_MAX);
	return to_it < POST_RECIPIENT_MAX
		       ? 0
		       : err_set(err, ERR_LIMIT, "%d messages to that recipient wait already",
				 POST_RECIPIENT_MAX);
}

int store_post_add(struct store *store, struct post *post, struct err *err)
{
	int r;

	if ((r = post_check(post, err)) < 0 || (r = check_room(store, post, err)) < 0)
		return r;
	r = statement_run(store,
			  "INSERT INTO outbox(kind, customer_id, recipient, subject, body, secret, "
			  "created_ms, expires_ms, next_ms, state, changed_ms) "
			  "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?7, 1, ?7)",
			  BIND(B_INT(post->kind), B_ID(post->customer_id), B_TEXT(post->recipient),
			       B_TEXT(post->subject), B_TEXT(post->body), B_TEXT(post->secret),
			       B_INT(post->created_ms), B_INT(post->expires_ms)),
			  err);
	if (r < 0)
		return r;
	post->id = (uint64_t)sqlite3_last_insert_rowid(store->db);
	post->state = POST_WAITING;
	return 0;
}

int store_post_get(struct store *store, uint64_t customer_id, uint64_t id, struct post *ret,
		   struct err *err)
{
	return get(store, WHOLE "WHERE o.id = ?1 AND (?2 = 0 OR o.customer_id = ?2)",
		   BIND(B_INT(id), B_INT(customer_id)), ret, err);
}

static void add_conditions(struct query *query, uint64_t customer_id, enum post_state state)
{
	query_add(query, " FROM outbox o WHERE 1");
	if (customer_id != 0)
		query_where(query, " AND o.customer_id = ?", (struct bind)B_INT(customer_id));
	if (state != 0)
		query_where(query, " AND o.state = ?", (struct bind)B_INT(state));
}

int store_post_list(struct store *store, uint64_t customer_id, enum post_state state,
		    const struct page *page, struct store_posts *ret, struct err *err)
{
	struct query counting CLEANUP(query_done) = {0};
	struct query query CLEANUP(query_done) = {0};
	struct statement_list list = {0};
	uint64_t total = 0;
	int r;

	query_add(&counting, "SELECT count(*)");
	add_conditions(&counting, customer_id, state);
	if ((r = query_number(store, &counting, &total, err)) < 0)
		return r;
	query_add(&query, "SELECT " COLUMNS);
	add_conditions(&query, customer_id, state);
	query_add(&query, " ORDER BY o.id DESC");
	query_page(&query, page);
	r = query_read(store, &query, sizeof(struct post), read_row, "message", &list, err);
	*ret = (struct store_posts){list.items, list.count, total};
	if (r < 0)
		store_post_done(ret);
	return r;
}

void store_post_done(struct store_posts *posts)
{
	for (size_t i = 0; i < posts->count; i++)
		post_done(&posts->items[i]);
	free(posts->items);
	*posts = (struct store_posts){0};
}

int store_post_due(struct store *store, int64_t now_ms, enum post_kind first, struct post *ret,
		   struct err *err)
{
	return get(store,
		   WHOLE "WHERE o.state = 1 AND o.next_ms <= ? "
			 "ORDER BY o.kind = ? DESC, o.attempts, o.next_ms, o.id LIMIT 1",
		   BIND(B_INT(now_ms), B_INT(first)), ret, err);
}

int store_post_next(struct store *store, int64_t *ret_ms, struct err *err)
{
	uint64_t next_ms = 0;
	int r = statement_number(store, "SELECT min(next_ms) FROM outbox WHERE state = 1", NULL,
				 &next_ms, err);

	if (r == 0)
		*ret_ms = (int64_t)next_ms;
	return r;
}

int store_post_expire(struct store *store, int64_t now_ms, struct err *err)
{
	int r = statement_run(
		store,
		"UPDATE outbox SET state = 3, body = NULL, error = 'it is of no use "
		"any more', changed_ms = ?1 "
		"WHERE state <> 2 AND body IS NOT NULL AND expires_ms BETWEEN 1 AND ?1",
		BIND(B_INT(now_ms)), err);

	if (r < 0)
		return r;
	r = statement_run(store, "DELETE FROM outbox WHERE state <> 1 AND changed_ms < ?",
			  BIND(B_INT(now_ms - POST_KEPT_MS)), err);
	return r < 0 ? r : 0;
}

int store_post_try(struct store *store, uint64_t id, uint32_t attempts, int64_t next_ms,
		   int64_t now_ms, struct err *err)
{
	return statement_run_one(
		store, "message",
		"UPDATE outbox SET attempts = ?2, next_ms = ?3, changed_ms = ?4 WHERE id = ?1",
		BIND(B_INT(id), B_INT(attempts), B_INT(next_ms), B_INT(now_ms)), err);
}

int store_post_sent(struct store *store, uint64_t id, int64_t now_ms, struct err *err)
{
	return statement_run_one(store, "message",
				 "UPDATE outbox SET state = 2, body = NULL, secret = '', "
				 "error = '', changed_ms = ?2 WHERE id = ?1",
				 BIND(B_INT(id), B_INT(now_ms)), err);
}

int store_post_failed(struct store *store, uint64_t id, enum post_state state, const char *why,
		      int64_t now_ms, struct err *err)
{
	return statement_run_one(
		store, "message",
		"UPDATE outbox SET state = CASE WHEN body IS NULL THEN 3 ELSE ?2 END, error = "
		"CASE WHEN body IS NULL THEN error ELSE ?3 END, changed_ms = ?4 WHERE id = ?1",
		BIND(B_INT(id), B_INT(state), B_TEXT(why), B_INT(now_ms)), err);
}

int store_post_retry(struct store *store, uint64_t id, int64_t now_ms, struct err *err)
{
	return statement_run_one(store, "message that failed",
				 "UPDATE outbox SET state = 1, attempts = 0, next_ms = ?2, "
				 "changed_ms = ?2 "
				 "WHERE id = ?1 AND state = 3 AND body IS NOT NULL",
				 BIND(B_INT(id), B_INT(now_ms)), err);
}

int store_post_discard(struct store *store, uint64_t id, int64_t now_ms, struct err *err)
{
	return statement_run_one(store, "message that waits",
				 "UPDATE outbox SET state = 3, body = NULL, secret = '', error = "
				 "'it was discarded by an operator', changed_ms = ?2 "
				 "WHERE id = ?1 AND state <> 2 AND body IS NOT NULL",
				 BIND(B_INT(id), B_INT(now_ms)), err);
}

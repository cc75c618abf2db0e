#include "store/store_notice.h"

#include <stdlib.h>

#include "store/query.h"

/* Who asks is ?1. */
#define SELECT                                                                                     \
	"SELECT n.id, n.kind, n.pinned, n.title_ja, n.title_en, n.body_ja, n.body_en, "            \
	"n.starts_ms, n.ends_ms, n.published_ms, n.told_ms, n.edited_ms, n.withdrawn_ms, "         \
	"r.user_id IS NOT NULL OR u.id IS NULL OR n.told_ms <= u.created_ms "                      \
	"FROM notice n LEFT JOIN user u ON u.id = ?1 "                                             \
	"LEFT JOIN notice_read r ON r.user_id = ?1 AND r.notice_id = n.id "

static int read_row(sqlite3_stmt *statement, void *item)
{
	struct notice *notice = item;

	notice->id = statement_u64(statement, 0);
	notice->kind = (enum notice_kind)statement_u32(statement, 1);
	notice->pinned = statement_bool(statement, 2);
	notice->starts_ms = sqlite3_column_int64(statement, 7);
	notice->ends_ms = sqlite3_column_int64(statement, 8);
	notice->published_ms = sqlite3_column_int64(statement, 9);
	notice->told_ms = sqlite3_column_int64(statement, 10);
	notice->edited_ms = sqlite3_column_int64(statement, 11);
	notice->withdrawn_ms = sqlite3_column_int64(statement, 12);
	notice->read = statement_bool(statement, 13);
	if (notice->kind != NOTICE_ORDINARY && notice->kind != NOTICE_MAINTENANCE)
		return ERR_CORRUPT;
	int r = statement_dup(statement, 3, &notice->title_ja);
	if (r == 0)
		r = statement_dup(statement, 4, &notice->title_en);
	if (r == 0)
		r = statement_dup(statement, 5, &notice->body_ja);
	if (r == 0)
		r = statement_dup(statement, 6, &notice->body_en);
	return r;
}

int store_notice_insert(struct store *store, struct notice *notice, struct err *err)
{
	int r = statement_run(
		store,
		"INSERT INTO notice(kind, pinned, title_ja, title_en, body_ja, body_en, starts_ms, "
		"ends_ms, published_ms, told_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		BIND(B_INT(notice->kind), B_INT(notice->pinned), B_TEXT(notice->title_ja),
		     B_TEXT(notice->title_en), B_TEXT(notice->body_ja), B_TEXT(notice->body_en),
		     B_INT(notice->starts_ms), B_INT(notice->ends_ms), B_INT(notice->published_ms),
		     B_INT(notice->told_ms)),
		err);

	if (r < 0)
		return r;
	notice->id = (uint64_t)sqlite3_last_insert_rowid(store->db);
	return 0;
}

int store_notice_get(struct store *store, uint64_t user_id, uint64_t id, struct notice *ret,
		     struct err *err)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	struct notice notice CLEANUP(notice_done) = {0};
	int r = statement_one(store, "notice", SELECT "WHERE n.id = ?2",
			      BIND(B_INT(user_id), B_INT(id)), &statement, err);

	if (r < 0)
		return r;
	if (read_row(statement, &notice) < 0)
		return statement_corrupt("notice", err);
	*ret = notice;
	notice = (struct notice){0};
	return 0;
}

int store_notice_list(struct store *store, const struct store_notice_filter *filter,
		      struct store_notices *ret, struct err *err)
{
	struct query query CLEANUP(query_done) = {0};
	struct statement_list list = {0};
	uint64_t total = 0;
	int r = statement_number(store,
				 "SELECT count(*) FROM notice WHERE (withdrawn_ms > 0) = ?1 AND "
				 "(?2 = 0 OR kind = ?2) AND (?1 = 1 OR (published_ms > ?3) = ?4)",
				 BIND(B_INT(filter->withdrawn), B_INT(filter->kind),
				      B_INT(filter->now_ms), B_INT(filter->scheduled)),
				 &total, err);

	if (r < 0)
		return r;
	query_where(&query, SELECT, (struct bind)B_INT(filter->user_id));
	query_where(&query, "WHERE (n.withdrawn_ms > 0) = ?2",
		    (struct bind)B_INT(filter->withdrawn));
	query_where(&query, " AND (?3 = 0 OR n.kind = ?3)", (struct bind)B_INT(filter->kind));
	query_where(&query, " AND (?2 = 1 OR (n.published_ms > ?4)",
		    (struct bind)B_INT(filter->now_ms));
	query_where(&query, " = ?5)", (struct bind)B_INT(filter->scheduled));
	query_add(&query, " ORDER BY n.pinned = 1 AND (n.ends_ms = 0 OR n.ends_ms > ?4) DESC, "
			  "n.published_ms DESC, n.id DESC");
	query_page(&query, &filter->page);
	r = query_read(store, &query, sizeof(struct notice), read_row, "notice", &list, err);
	*ret = (struct store_notices){.items = list.items, .count = list.count, .total = total};
	if (r < 0)
		store_notice_done(ret);
	return r;
}

void store_notice_done(struct store_notices *notices)
{
	for (size_t i = 0; i < notices->count; i++)
		notice_done(&notices->items[i]);
	free(notices->items);
	*notices = (struct store_notices){0};
}

int store_notice_update(struct store *store, const struct notice *notice, struct err *err)
{
	return statement_run_one(
		store, "notice",
		"UPDATE notice SET kind = ?, pinned = ?, title_ja = ?, title_en = ?, body_ja = ?, "
		"body_en = ?, starts_ms = ?, ends_ms = ?, published_ms = ?, told_ms = ?, edited_ms "
		"= ?, "
		"withdrawn_ms = ? WHERE id = ?",
		BIND(B_INT(notice->kind), B_INT(notice->pinned), B_TEXT(notice->title_ja),
		     B_TEXT(notice->title_en), B_TEXT(notice->body_ja), B_TEXT(notice->body_en),
		     B_INT(notice->starts_ms), B_INT(notice->ends_ms), B_INT(notice->published_ms),
		     B_INT(notice->told_ms), B_INT(notice->edited_ms), B_INT(notice->withdrawn_ms),
		     B_INT(notice->id)),
		err);
}

int store_notice_forget_read(struct store *store, uint64_t id, struct err *err)
{
	int r = statement_run(store, "DELETE FROM notice_read WHERE notice_id = ?", BIND(B_INT(id)),
			      err);

	return r < 0 ? r : 0;
}

int store_notice_count_unread(struct store *store, uint64_t user_id, int64_t now_ms, uint64_t *ret,
			      struct err *err)
{
	return statement_number(
		store,
		"SELECT count(*) FROM notice n JOIN user u ON u.id = ?1 WHERE n.withdrawn_ms = 0 "
		"AND n.published_ms <= ?2 AND n.told_ms > u.created_ms AND NOT EXISTS (SELECT 1 "
		"FROM notice_read r WHERE "
		"r.user_id = ?1 AND r.notice_id = n.id)",
		BIND(B_INT(user_id), B_INT(now_ms)), ret, err);
}

int store_notice_mark_read(struct store *store, uint64_t user_id, uint64_t first, uint64_t last,
			   int64_t now_ms, struct err *err)
{
	int r = statement_run(store,
			      "INSERT OR IGNORE INTO notice_read(user_id, notice_id) SELECT ?1, id "
			      "FROM notice WHERE id BETWEEN ?2 AND ?3 AND withdrawn_ms = 0 AND "
			      "published_ms <= ?4",
			      BIND(B_INT(user_id), B_INT(first), B_INT(last), B_INT(now_ms)), err);

	return r < 0 ? r : 0;
}

int store_notice_appeared(struct store *store, int64_t after_ms, int64_t now_ms,
			  struct store_notice_appeared *ret, size_t max, size_t *ret_count,
			  struct err *err)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	size_t count = 0;
	int r = statement_open(store,
			       "SELECT id, published_ms FROM notice WHERE withdrawn_ms = 0 AND "
			       "published_ms > ? AND published_ms <= ? AND told_ms = published_ms "
			       "ORDER BY published_ms, id LIMIT ?",
			       BIND(B_INT(after_ms), B_INT(now_ms), B_INT(max)), &statement, err);

	if (r < 0)
		return r;
	while ((r = statement_row(store, statement, err)) > 0)
		ret[count++] = (struct store_notice_appeared){statement_u64(statement, 0),
							      sqlite3_column_int64(statement, 1)};
	if (r == 0)
		*ret_count = count;
	return r;
}

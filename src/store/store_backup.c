#include "store/store_backup.h"

#include "model/image.h"
#include "store/statement.h"

int store_backup_switch(struct store *store, uint64_t server_id, enum backup_window window,
			uint32_t percent, int64_t due_ms, struct err *err)
{
	return statement_run_one(
		store, "server",
		"UPDATE server SET backup_window = ?, backup_percent = ?, "
		"backup_due_ms = ? WHERE id = ?",
		BIND(B_INT(window), B_INT(percent), B_INT(due_ms), B_INT(server_id)), err);
}

int store_backup_put_due(struct store *store, uint64_t server_id, int64_t due_ms, struct err *err)
{
	return statement_run_one(store, "server",
				 "UPDATE server SET backup_due_ms = ? WHERE id = ?",
				 BIND(B_INT(due_ms), B_INT(server_id)), err);
}

static int read_ids(struct store *store, const char *sql, const struct bind *binds, uint64_t *ids,
		    size_t max, size_t *ret_count, struct err *err)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	size_t count = 0;
	int r = statement_open(store, sql, binds, &statement, err);

	while (r == 0 && count < max && (r = statement_row(store, statement, err)) == 1) {
		ids[count++] = statement_u64(statement, 0);
		r = 0;
	}
	if (r < 0)
		return r;
	*ret_count = count;
	return 0;
}

int store_backup_due(struct store *store, int64_t now_ms, uint64_t *ids, size_t max,
		     size_t *ret_count, struct err *err)
{
	return read_ids(store,
			"SELECT id FROM server WHERE backup_window <> 0 AND backup_due_ms <= ?1 "
			"AND locked_action_id = 0 ORDER BY backup_due_ms, id LIMIT ?2",
			BIND(B_INT(now_ms), B_INT(max)), ids, max, ret_count, err);
}

int store_backup_list(struct store *store, uint64_t server_id, size_t skip, uint64_t *ids,
		      size_t max, size_t *ret_count, struct err *err)
{
	return read_ids(store,
			"SELECT id FROM image WHERE bound_to = ?1 AND bound_to <> 0 AND type = ?2 "
			"AND status = ?3 AND protect_delete = 0 ORDER BY created_ms DESC, id DESC "
			"LIMIT ?4 OFFSET ?5",
			BIND(B_INT(server_id), B_INT(IMAGE_BACKUP), B_INT(IMAGE_AVAILABLE),
			     B_INT(max), B_INT(skip)),
			ids, max, ret_count, err);
}

int store_backup_unbind(struct store *store, uint64_t server_id, struct err *err)
{
	int r = statement_run(store,
			      "UPDATE image SET type = ?1, bound_to = 0 WHERE bound_to = ?2 AND "
			      "bound_to <> 0 AND protect_delete = 1",
			      BIND(B_INT(IMAGE_SNAPSHOT), B_INT(server_id)), err);

	return r < 0 ? r : 0;
}

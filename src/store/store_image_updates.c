#include "store/store_image_updates.h"

#include "store/statement.h"
#include "store/store_image.h"

int store_image_updates_put(struct store *store, uint64_t image_id, const char *packages,
			    int64_t due_ms, struct err *err)
{
	return statement_run(
		store,
		"INSERT INTO image_updates(image_id, packages, due_ms, unknown, "
		"unknown_ms) VALUES (?1, ?2, ?3, ?4, ?3)",
		BIND(B_INT(image_id), B_TEXT(packages), B_INT(due_ms), B_INT(IMAGE_NOT_YET)), err);
}

int store_image_updates_due(struct store *store, int64_t now_ms, uint64_t *ret_image_id,
			    struct buf *ret_packages, struct err *err)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	int r = statement_one(store, "look at an image",
			      "SELECT u.image_id, u.packages FROM image_updates u JOIN image i ON "
			      "i.id = u.image_id WHERE u.due_ms <= ?1 AND i.status = ?2 AND "
			      "(i.deprecated_ms = 0 OR u.due_ms = 0) ORDER BY u.due_ms LIMIT 1",
			      BIND(B_INT(now_ms), B_INT(IMAGE_AVAILABLE)), &statement, err);

	if (r == 0 && (r = buf_puts(ret_packages, statement_text(statement, 1))) < 0)
		return err_set(err, r, "out of memory");
	if (r == 0)
		*ret_image_id = statement_u64(statement, 0);
	return r;
}

int store_image_updates_ask(struct store *store, uint64_t image_id, struct err *err)
{
	return statement_run_one(store, "package list of the image",
				 "UPDATE image_updates SET due_ms = 0 WHERE image_id = ?",
				 BIND(B_INT(image_id)), err);
}

int store_image_updates_known(struct store *store, uint64_t image_id, uint64_t pending,
			      uint64_t security, int64_t now_ms, int64_t due_ms, struct err *err)
{
	return statement_run_one(
		store, "package list of the image",
		"UPDATE image_updates SET pending = ?, security = ?, checked_ms = ?, due_ms = ?, "
		"unknown = 0, unknown_ms = 0, text = '' WHERE image_id = ?",
		BIND(B_INT(pending), B_INT(security), B_INT(now_ms), B_INT(due_ms),
		     B_INT(image_id)),
		err);
}

int store_image_updates_unknown(struct store *store, uint64_t image_id, enum image_unknown why,
				const char *text, int64_t now_ms, int64_t due_ms, struct err *err)
{
	/* What nobody has looked at yet was unknown before, but for another reason. */
	return statement_run_one(
		store, "package list of the image",
		"UPDATE image_updates SET unknown_ms = CASE WHEN unknown IN (0, ?6) THEN ?1 ELSE "
		"unknown_ms END, unknown = ?2, text = ?3, due_ms = ?4 WHERE image_id = ?5",
		BIND(B_INT(now_ms), B_INT(why), B_TEXT(text), B_INT(due_ms), B_INT(image_id),
		     B_INT(IMAGE_NOT_YET)),
		err);
}

int store_image_old(struct store *store, int64_t born_ms, struct image *ret, struct err *err)
{
	uint64_t id = 0;
	int r = statement_number(
		store,
		"SELECT id FROM image WHERE type IN (?, ?) AND status = ? AND "
		"deprecated_ms = 0 AND told_ms = 0 AND "
		"CASE WHEN built_ms > 0 THEN built_ms ELSE created_ms END < ? "
		"ORDER BY id LIMIT 1",
		BIND(B_INT(IMAGE_SYSTEM), B_INT(IMAGE_APP), B_INT(IMAGE_AVAILABLE), B_INT(born_ms)),
		&id, err);

	if (r == 0 && id == 0)
		return ERR_NOT_FOUND;
	return r < 0 ? r : store_image_get(store, 0, id, ret, err);
}

int store_image_told(struct store *store, uint64_t image_id, int64_t now_ms, struct err *err)
{
	return statement_run_one(store, "image", "UPDATE image SET told_ms = ? WHERE id = ?",
				 BIND(B_INT(now_ms), B_INT(image_id)), err);
}

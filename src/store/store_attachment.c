#include "store/store_attachment.h"

#include <stdlib.h>

#include "store/query.h"

#define ATTACHMENTS                                                                                \
	"SELECT id, customer_id, message_id, author, by_operator, name, kind, bytes, received, "   \
	"created_ms, (SELECT m.thread_id FROM contact_message m WHERE m.id = message_id) "         \
	"FROM contact_attachment "

static int read_attachment(sqlite3_stmt *statement, void *item)
{
	struct attachment *attachment = item;

	attachment->id = statement_u64(statement, 0);
	attachment->customer_id = statement_u64(statement, 1);
	attachment->message_id = statement_u64(statement, 2);
	attachment->by_operator = statement_bool(statement, 4);
	attachment->kind = (enum attachment_kind)statement_u32(statement, 6);
	attachment->bytes = statement_u64(statement, 7);
	attachment->received = statement_u64(statement, 8);
	attachment->created_ms = sqlite3_column_int64(statement, 9);
	attachment->thread_id = statement_u64(statement, 10);
	return attachment->kind > ATTACHMENT_TEXT ||
			       statement_copy(statement, 3, attachment->author,
					      sizeof attachment->author) < 0 ||
			       statement_copy(statement, 5, attachment->name,
					      sizeof attachment->name) < 0
		       ? ERR_CORRUPT
		       : 0;
}

int store_attachment_insert(struct store *store, struct attachment *attachment, struct err *err)
{
	int r = statement_run(
		store,
		"INSERT INTO contact_attachment(customer_id, author, by_operator, name, kind, "
		"bytes, received, created_ms) VALUES (?, ?, ?, ?, 0, ?, 0, ?)",
		BIND(B_INT(attachment->customer_id), B_TEXT(attachment->author),
		     B_INT(attachment->by_operator), B_TEXT(attachment->name),
		     B_INT(attachment->bytes), B_INT(attachment->created_ms)),
		err);

	if (r < 0)
		return r;
	attachment->id = (uint64_t)sqlite3_last_insert_rowid(store->db);
	return 0;
}

int store_attachment_get(struct store *store, uint64_t customer_id, uint64_t id,
			 struct attachment *ret, struct err *err)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	struct attachment attachment = {0};
	int r = statement_open(store, ATTACHMENTS "WHERE id = ?1 AND (?2 = 0 OR customer_id = ?2)",
			       BIND(B_INT(id), B_INT(customer_id)), &statement, err);

	if (r == 0)
		r = statement_row(store, statement, err);
	if (r < 0)
		return r;
	if (r == 0)
		return err_set(err, ERR_NOT_FOUND, "attachment not found");
	if (read_attachment(statement, &attachment) < 0)
		return statement_corrupt("attachment", err);
	*ret = attachment;
	return 0;
}

int store_attachment_of(struct store *store, uint64_t message_id, struct store_attachments *ret,
			struct err *err)
{
	struct query query CLEANUP(query_done) = {0};
	struct statement_list list = {0};
	int r;

	query_where(&query, ATTACHMENTS "WHERE message_id = ? ORDER BY id",
		    (struct bind)B_INT(message_id));
	r = query_read(store, &query, sizeof(struct attachment), read_attachment, "attachment",
		       &list, err);
	*ret = (struct store_attachments){list.items, list.count};
	if (r < 0)
		store_attachment_done(ret);
	return r;
}

void store_attachment_done(struct store_attachments *attachments)
{
	free(attachments->items);
	*attachments = (struct store_attachments){0};
}

int store_attachment_add(struct store *store, struct attachment *attachment, const void *data,
			 size_t bytes, struct err *err)
{
	int r = statement_run(
		store, "INSERT INTO contact_piece(attachment_id, at, data) VALUES (?, ?, ?)",
		BIND(B_INT(attachment->id), B_INT(attachment->received), B_BLOB(data, bytes)), err);

	if (r >= 0)
		r = statement_run_one(
			store, "attachment",
			"UPDATE contact_attachment SET received = ? WHERE id = ?",
			BIND(B_INT(attachment->received + bytes), B_INT(attachment->id)), err);
	if (r < 0)
		return r;
	attachment->received += bytes;
	return 0;
}

int store_attachment_piece(struct store *store, uint64_t id, uint64_t at, struct buf *ret,
			   struct err *err)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	int r = statement_open(store,
			       "SELECT data FROM contact_piece WHERE attachment_id = ? AND at = ?",
			       BIND(B_INT(id), B_INT(at)), &statement, err);

	if (r == 0)
		r = statement_row(store, statement, err);
	if (r < 0)
		return r;
	if (r == 0)
		return err_set(err, ERR_NOT_FOUND, "no such piece of an attachment");
	return buf_append(ret, sqlite3_column_blob(statement, 0),
			  (size_t)sqlite3_column_bytes(statement, 0));
}

int store_attachment_set_whole(struct store *store, const struct attachment *attachment,
			       struct err *err)
{
	return statement_run_one(
		store, "attachment",
		"UPDATE contact_attachment SET name = ?, kind = ? WHERE id = ?",
		BIND(B_TEXT(attachment->name), B_INT(attachment->kind), B_INT(attachment->id)),
		err);
}

int store_attachment_send(struct store *store, uint64_t id, uint64_t message_id,
			  uint64_t customer_id, struct err *err)
{
	return statement_run_one(
		store, "attachment",
		"UPDATE contact_attachment SET message_id = ?, customer_id = ? WHERE id = ? "
		"AND message_id IS NULL AND kind <> 0",
		BIND(B_INT(message_id), B_INT(customer_id), B_INT(id)), err);
}

int store_attachment_delete(struct store *store, uint64_t id, struct err *err)
{
	return statement_run_one(store, "attachment", "DELETE FROM contact_attachment WHERE id = ?",
				 BIND(B_INT(id)), err);
}

int store_attachment_forget(struct store *store, int64_t before_ms, struct err *err)
{
	int r = statement_run(
		store, "DELETE FROM contact_attachment WHERE message_id IS NULL AND created_ms < ?",
		BIND(B_INT(before_ms)), err);

	return r < 0 ? r : 0;
}

int store_attachment_used(struct store *store, uint64_t customer_id, uint64_t *ret, struct err *err)
{
	return statement_number(store,
				"SELECT ifnull(sum(bytes), 0) FROM contact_attachment WHERE "
				"customer_id = ? AND by_operator = 0",
				BIND(B_INT(customer_id)), ret, err);
}

#include "store/store_image.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "store/query.h"

#define COLUMNS                                                                                    \
	"i.id, i.customer_id, i.type, i.status, i.name, i.description, i.os_flavor, "              \
	"i.os_version, i.architecture, i.default_user, i.file_bytes, i.virtual_bytes, "            \
	"i.checksum, i.protect_delete, i.created_ms, i.deprecated_ms, i.labels, i.built_ms, "      \
	"u.due_ms, u.checked_ms, u.pending, u.security, u.unknown, u.unknown_ms, u.text, "         \
	"i.from_server_id, i.from_server_name, i.bound_to"
#define TABLES " FROM image i LEFT JOIN image_updates u ON u.image_id = i.id"

static const char *const sort_columns[] = {
	[SORT_ID] = "i.id",
	[SORT_NAME] = "i.name",
	[SORT_CREATED] = "i.created_ms",
	[SORT_FINISHED] = NULL,
};

static int read_updates(sqlite3_stmt *statement, struct image_updates *updates)
{
	updates->due_ms = sqlite3_column_int64(statement, 18);
	updates->checked_ms = sqlite3_column_int64(statement, 19);
	updates->pending = statement_u64(statement, 20);
	updates->security = statement_u64(statement, 21);
	updates->unknown = (enum image_unknown)statement_u32(statement, 22);
	updates->unknown_ms = sqlite3_column_int64(statement, 23);
	return statement_copy(statement, 24, updates->text, sizeof updates->text);
}

static int read_row(sqlite3_stmt *statement, void *item)
{
	struct image *image = item;

	image->id = statement_u64(statement, 0);
	image->customer_id = statement_u64(statement, 1);
	image->type = (enum image_type)statement_u32(statement, 2);
	image->status = (enum image_status)statement_u32(statement, 3);
	image->file_bytes = statement_u64(statement, 10);
	image->virtual_bytes = statement_u64(statement, 11);
	image->has_checksum = sqlite3_column_type(statement, 12) != SQLITE_NULL;
	image->protect_delete = statement_bool(statement, 13);
	image->created_ms = sqlite3_column_int64(statement, 14);
	image->deprecated_ms = sqlite3_column_int64(statement, 15);
	image->built_ms = sqlite3_column_int64(statement, 17);
	image->from_server_id = statement_u64(statement, 25);
	image->bound_to = statement_u64(statement, 27);
	if (sqlite3_column_type(statement, 18) == SQLITE_NULL)
		image->updates.unknown = IMAGE_NO_LIST;
	else if (read_updates(statement, &image->updates) < 0)
		return ERR_CORRUPT;
	if (statement_copy(statement, 4, image->name, sizeof(image->name)) < 0 ||
	    statement_copy(statement, 5, image->description, sizeof(image->description)) < 0 ||
	    statement_copy(statement, 6, image->os_flavor, sizeof(image->os_flavor)) < 0 ||
	    statement_copy(statement, 7, image->os_version, sizeof(image->os_version)) < 0 ||
	    statement_copy(statement, 8, image->architecture, sizeof(image->architecture)) < 0 ||
	    statement_copy(statement, 9, image->default_user, sizeof(image->default_user)) < 0 ||
	    statement_copy(statement, 26, image->from_server_name,
			   sizeof(image->from_server_name)) < 0)
		return ERR_CORRUPT;
	if (image->has_checksum &&
	    statement_blob(statement, 12, image->checksum, sizeof(image->checksum)) < 0)
		return ERR_CORRUPT;
	return label_read(statement_text(statement, 16), &image->labels);
}

static int get(struct store *store, const char *sql, const struct bind *binds, struct image *ret,
	       struct err *err)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	struct image image CLEANUP(image_done) = {0};
	int r = statement_one(store, "image", sql, binds, &statement, err);

	if (r < 0)
		return r;
	r = read_row(statement, &image);
	if (r < 0)
		return statement_misread("image", r, err);
	*ret = image;
	memset(&image, 0, sizeof(image));
	return 0;
}

static const char *name_or_null(const struct image *image)
{
	return image->name[0] ? image->name : NULL;
}

int store_image_insert(struct store *store, struct image *image, struct err *err)
{
	struct buf labels CLEANUP(buf_done) = {0};
	int r = label_format(&image->labels, &labels);

	if (r < 0)
		return err_set(err, r, "out of memory");
	r = statement_run(
		store,
		"INSERT INTO image(customer_id, type, status, name, description, os_flavor, "
		"os_version, architecture, default_user, file_bytes, virtual_bytes, checksum, "
		"protect_delete, created_ms, deprecated_ms, labels, built_ms, from_server_id, "
		"from_server_name, bound_to) "
		"VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		BIND(B_ID(image->customer_id), B_INT(image->type), B_INT(image->status),
		     B_TEXT(name_or_null(image)), B_TEXT(image->description),
		     B_TEXT(image->os_flavor), B_TEXT(image->os_version),
		     B_TEXT(image->architecture), B_TEXT(image->default_user),
		     B_INT(image->file_bytes), B_INT(image->virtual_bytes),
		     B_BLOB(image->has_checksum ? image->checksum : NULL, sizeof(image->checksum)),
		     B_INT(image->protect_delete), B_INT(image->created_ms),
		     B_INT(image->deprecated_ms), B_TEXT(buf_str(&labels)), B_INT(image->built_ms),
		     B_INT(image->from_server_id), B_TEXT(image->from_server_name),
		     B_INT(image->bound_to)),
		err);
	if (r == ERR_UNIQUENESS)
		return err_set(err, r, "there is an image named %s already", image->name);
	if (r == ERR_IN_USE)
		return err_set(err, ERR_NOT_FOUND, "customer not found");
	if (r < 0)
		return r;
	image->id = (uint64_t)sqlite3_last_insert_rowid(store->db);
	return 0;
}

int store_image_get(struct store *store, uint64_t customer_id, uint64_t id, struct image *ret,
		    struct err *err)
{
	return get(store,
		   "SELECT " COLUMNS TABLES " WHERE i.id = ?1 AND (?2 = 0 OR "
		   "i.customer_id IS NULL OR i.customer_id = ?2)",
		   BIND(B_INT(id), B_INT(customer_id)), ret, err);
}

int store_image_get_by_name(struct store *store, uint64_t customer_id, const char *name,
			    struct image *ret, struct err *err)
{
	/* A customer's own image stands before one of the service. */
	return get(store,
		   "SELECT " COLUMNS TABLES " WHERE i.name = ?1 AND (?2 = 0 OR "
		   "i.customer_id IS NULL OR i.customer_id = ?2) "
		   "ORDER BY i.customer_id IS NULL, i.id LIMIT 1",
		   BIND(B_TEXT(name), B_INT(customer_id)), ret, err);
}

int store_image_get_rescue(struct store *store, struct image *ret, struct err *err)
{
	return get(store,
		   "SELECT " COLUMNS TABLES " WHERE i.type = ? AND i.status = ? "
		   "ORDER BY i.id DESC LIMIT 1",
		   BIND(B_INT(IMAGE_RESCUE), B_INT(IMAGE_AVAILABLE)), ret, err);
}

static void add_conditions(struct query *query, const struct store_image_filter *filter)
{
	query_add(query, TABLES " WHERE 1");
	query_where(query, " AND i.status <> ?", (struct bind)B_INT(IMAGE_DELETING));
	if (filter->customer_id)
		query_where(query, " AND (i.customer_id IS NULL OR i.customer_id = ?)",
			    (struct bind)B_INT(filter->customer_id));
	if (filter->name)
		query_where(query, " AND i.name = ?", (struct bind)B_TEXT(filter->name));
	if (filter->architecture)
		query_where(query, " AND i.architecture = ?",
			    (struct bind)B_TEXT(filter->architecture));
	/* No server is made from the rescue system: who looks for one of those does not see it. */
	if (!filter->types && !filter->name)
		query_where(query, " AND i.type <> ?", (struct bind)B_INT(IMAGE_RESCUE));
	if (filter->types)
		query_where(query, " AND (? >> i.type) & 1", (struct bind)B_INT(filter->types));
	if (filter->statuses)
		query_where(query, " AND (? >> i.status) & 1",
			    (struct bind)B_INT(filter->statuses));
	if (filter->bound_to)
		query_where(query, " AND i.bound_to = ?", (struct bind)B_INT(filter->bound_to));
	if (filter->without_deprecated)
		query_add(query, " AND i.deprecated_ms = 0");
}

static void end_item(void *item)
{
	image_done(item);
}

int store_image_list(struct store *store, const struct store_image_filter *filter,
		     struct store_images *ret, struct err *err)
{
	struct query counting CLEANUP(query_done) = {0};
	struct query query CLEANUP(query_done) = {0};
	struct statement_list list = {0};
	struct store_images images = {0};
	int r;

	query_add(&counting, "SELECT count(*)");
	add_conditions(&counting, filter);
	r = query_number(store, &counting, &images.total, err);
	if (r < 0)
		return r;
	query_add(&query, "SELECT " COLUMNS);
	add_conditions(&query, filter);
	query_order(&query, &filter->sort, sort_columns);
	if (!filter->selector)
		query_page(&query, &filter->page);
	r = query_read(store, &query, sizeof(struct image), read_row, "image", &list, err);
	images.items = list.items;
	images.count = list.count;
	if (r < 0) {
		store_image_done(&images);
		return r;
	}
	if (filter->selector)
		images.total = query_keep_page(images.items, &images.count, sizeof(struct image),
					       offsetof(struct image, labels), filter->selector,
					       &filter->page, end_item);
	*ret = images;
	return 0;
}

void store_image_done(struct store_images *images)
{
	for (size_t i = 0; i < images->count; i++)
		image_done(&images->items[i]);
	free(images->items);
	*images = (struct store_images){0};
}

int store_image_update(struct store *store, const struct image *image, struct err *err)
{
	struct buf labels CLEANUP(buf_done) = {0};
	int r = label_format(&image->labels, &labels);

	if (r < 0)
		return err_set(err, r, "out of memory");
	return statement_run_one(store, "image",
				 "UPDATE image SET description = ?, type = ?, labels = ?, "
				 "protect_delete = ?, deprecated_ms = ?, bound_to = ? WHERE id = ?",
				 BIND(B_TEXT(image->description), B_INT(image->type),
				      B_TEXT(buf_str(&labels)), B_INT(image->protect_delete),
				      B_INT(image->deprecated_ms), B_INT(image->bound_to),
				      B_INT(image->id)),
				 err);
}

int store_image_update_name(struct store *store, uint64_t id, const char *name, struct err *err)
{
	return statement_run_one(store, "image", "UPDATE image SET name = ? WHERE id = ?",
				 BIND(B_TEXT(name), B_INT(id)), err);
}

int store_image_update_status(struct store *store, uint64_t id, enum image_status status,
			      struct err *err)
{
	/* What is being deleted gives its name free for the next. */
	return statement_run_one(store, "image",
				 "UPDATE image SET status = ?1, "
				 "name = CASE WHEN ?1 = ?3 THEN NULL ELSE name END WHERE id = ?2",
				 BIND(B_INT(status), B_INT(id), B_INT(IMAGE_DELETING)), err);
}

int store_image_update_facts(struct store *store, uint64_t id, uint64_t file_bytes,
			     uint64_t virtual_bytes, const uint8_t *checksum, struct err *err)
{
	return statement_run_one(store, "image",
				 "UPDATE image SET file_bytes = ?, virtual_bytes = ?, "
				 "checksum = ifnull(?, checksum) WHERE id = ?",
				 BIND(B_INT(file_bytes), B_INT(virtual_bytes),
				      B_BLOB(checksum, IMAGE_CHECKSUM_BYTES), B_INT(id)),
				 err);
}

int store_image_delete(struct store *store, uint64_t id, struct err *err)
{
	int r = statement_run_one(store, "image", "DELETE FROM image WHERE id = ?", BIND(B_INT(id)),
				  err);

	if (r == ERR_IN_USE)
		return err_set(err, r,
			       "servers are made from this image: delete or rebuild those first");
	return r;
}

int store_image_release(struct store *store, uint64_t id, struct err *err)
{
	static const char *const sql[] = {
		"UPDATE server SET image_id = NULL WHERE image_id = ?",
		"UPDATE server_kept_disk SET image_id = NULL WHERE image_id = ?",
	};
	int r = 0;

	for (size_t i = 0; r >= 0 && i < sizeof(sql) / sizeof(*sql); i++)
		r = statement_run(store, sql[i], BIND(B_INT(id)), err);
	return r < 0 ? r : 0;
}

int store_image_count_servers(struct store *store, uint64_t id, uint64_t *ret, struct err *err)
{
	return statement_number(
		store,
		"SELECT (SELECT count(*) FROM server WHERE image_id = ?1) + (SELECT "
		"count(*) FROM server_kept_disk WHERE image_id = ?1)",
		BIND(B_INT(id)), ret, err);
}

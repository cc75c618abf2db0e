#include "store/store_sshkey.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "store/query.h"

#define COLUMNS "k.id, k.customer_id, k.name, k.fingerprint, k.public_key, k.created_ms, k.labels"

static const char *const sort_columns[] = {
	[SORT_ID] = "k.id",
	[SORT_NAME] = "k.name",
	[SORT_CREATED] = "k.created_ms",
	[SORT_FINISHED] = NULL,
};

static int read_row(sqlite3_stmt *statement, void *item)
{
	struct sshkey *key = item;
	int r;

	key->id = statement_u64(statement, 0);
	key->customer_id = statement_u64(statement, 1);
	key->created_ms = sqlite3_column_int64(statement, 5);
	if (statement_copy(statement, 2, key->name, sizeof(key->name)) < 0 ||
	    statement_copy(statement, 3, key->fingerprint, sizeof(key->fingerprint)) < 0)
		return ERR_CORRUPT;
	r = statement_dup(statement, 4, &key->public_key);
	if (r < 0)
		return r;
	return label_read(statement_text(statement, 6), &key->labels);
}

static int get(struct store *store, const char *sql, const struct bind *binds, struct sshkey *ret,
	       struct err *err)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	struct sshkey key CLEANUP(sshkey_done) = {0};
	int r = statement_one(store, "SSH key", sql, binds, &statement, err);

	if (r < 0)
		return r;
	r = read_row(statement, &key);
	if (r < 0)
		return statement_misread("SSH key", r, err);
	*ret = key;
	memset(&key, 0, sizeof(key));
	return 0;
}

/* Which of the two unique things was it? */
static int explain_uniqueness(struct store *store, const struct sshkey *key, struct err *err)
{
	uint64_t same = 0;
	int r = statement_number(
		store,
		"SELECT count(*) FROM ssh_key WHERE customer_id = ? AND "
		"fingerprint = ? AND id <> ?",
		BIND(B_INT(key->customer_id), B_TEXT(key->fingerprint), B_INT(key->id)), &same,
		err);

	if (r < 0)
		return r;
	if (same)
		return err_set(err, ERR_UNIQUENESS, "this SSH key is there already (%s)",
			       key->fingerprint);
	return err_set(err, ERR_UNIQUENESS, "there is an SSH key named %s already", key->name);
}

int store_sshkey_insert(struct store *store, struct sshkey *key, struct err *err)
{
	struct buf labels CLEANUP(buf_done) = {0};
	int r = label_format(&key->labels, &labels);

	if (r < 0)
		return err_set(err, r, "out of memory");
	r = statement_run(store,
			  "INSERT INTO ssh_key(customer_id, name, fingerprint, public_key, "
			  "created_ms, labels) VALUES (?, ?, ?, ?, ?, ?)",
			  BIND(B_INT(key->customer_id), B_TEXT(key->name), B_TEXT(key->fingerprint),
			       B_TEXT(key->public_key), B_INT(key->created_ms),
			       B_TEXT(buf_str(&labels))),
			  err);
	if (r == ERR_UNIQUENESS)
		return explain_uniqueness(store, key, err);
	if (r == ERR_IN_USE)
		return err_set(err, ERR_NOT_FOUND, "customer not found");
	if (r < 0)
		return r;
	key->id = (uint64_t)sqlite3_last_insert_rowid(store->db);
	return 0;
}

int store_sshkey_get(struct store *store, uint64_t customer_id, uint64_t id, struct sshkey *ret,
		     struct err *err)
{
	return get(store,
		   "SELECT " COLUMNS
		   " FROM ssh_key k WHERE k.id = ?1 AND (?2 = 0 OR k.customer_id = ?2)",
		   BIND(B_INT(id), B_INT(customer_id)), ret, err);
}

int store_sshkey_get_by_name(struct store *store, uint64_t customer_id, const char *name,
			     struct sshkey *ret, struct err *err)
{
	return get(store,
		   "SELECT " COLUMNS
		   " FROM ssh_key k WHERE k.name = ?1 AND (?2 = 0 OR k.customer_id = ?2) "
		   "ORDER BY k.id LIMIT 1",
		   BIND(B_TEXT(name), B_INT(customer_id)), ret, err);
}

static void add_conditions(struct query *query, const struct store_sshkey_filter *filter)
{
	query_add(query, " FROM ssh_key k WHERE 1");
	if (filter->customer_id)
		query_where(query, " AND k.customer_id = ?",
			    (struct bind)B_INT(filter->customer_id));
	if (filter->name)
		query_where(query, " AND k.name = ?", (struct bind)B_TEXT(filter->name));
	if (filter->fingerprint)
		query_where(query, " AND k.fingerprint = ?",
			    (struct bind)B_TEXT(filter->fingerprint));
}

static void end_item(void *item)
{
	sshkey_done(item);
}

int store_sshkey_list(struct store *store, const struct store_sshkey_filter *filter,
		      struct store_sshkeys *ret, struct err *err)
{
	struct query counting CLEANUP(query_done) = {0};
	struct query query CLEANUP(query_done) = {0};
	struct statement_list list = {0};
	struct store_sshkeys keys = {0};
	int r;

	query_add(&counting, "SELECT count(*)");
	add_conditions(&counting, filter);
	r = query_number(store, &counting, &keys.total, err);
	if (r < 0)
		return r;
	query_add(&query, "SELECT " COLUMNS);
	add_conditions(&query, filter);
	query_order(&query, &filter->sort, sort_columns);
	if (!filter->selector)
		query_page(&query, &filter->page);
	r = query_read(store, &query, sizeof(struct sshkey), read_row, "SSH key", &list, err);
	keys.items = list.items;
	keys.count = list.count;
	if (r < 0) {
		store_sshkey_done(&keys);
		return r;
	}
	if (filter->selector)
		keys.total = query_keep_page(keys.items, &keys.count, sizeof(struct sshkey),
					     offsetof(struct sshkey, labels), filter->selector,
					     &filter->page, end_item);
	*ret = keys;
	return 0;
}

void store_sshkey_done(struct store_sshkeys *keys)
{
	for (size_t i = 0; i < keys->count; i++)
		sshkey_done(&keys->items[i]);
	free(keys->items);
	*keys = (struct store_sshkeys){0};
}

int store_sshkey_update(struct store *store, const struct sshkey *key, struct err *err)
{
	struct buf labels CLEANUP(buf_done) = {0};
	int r = label_format(&key->labels, &labels);

	if (r < 0)
		return err_set(err, r, "out of memory");
	r = statement_run_one(
		store, "SSH key", "UPDATE ssh_key SET name = ?, labels = ? WHERE id = ?",
		BIND(B_TEXT(key->name), B_TEXT(buf_str(&labels)), B_INT(key->id)), err);
	if (r == ERR_UNIQUENESS)
		return err_set(err, r, "there is an SSH key named %s already", key->name);
	return r;
}

int store_sshkey_delete(struct store *store, uint64_t customer_id, uint64_t id, struct err *err)
{
	return statement_run_one(
		store, "SSH key",
		"DELETE FROM ssh_key WHERE id = ?1 AND (?2 = 0 OR customer_id = ?2)",
		BIND(B_INT(id), B_INT(customer_id)), err);
}

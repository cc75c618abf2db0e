#include "store/store_customer.h"

#include <stdlib.h>
#include <string.h>

#include "store/query.h"

#define COLUMNS                                                                                    \
	"c.id, c.name, c.suspended, c.suspended_ms, c.suspension_reason, c.created_ms, "           \
	"c.server_limit, c.core_limit, c.memory_limit_mib, c.disk_limit_gb, c.address_limit, "     \
	"c.ssh_key_limit, c.token_limit, c.member_limit, c.snapshot_limit, c.smtp_open"

static const char *const sort_columns[] = {
	[SORT_ID] = "c.id",
	[SORT_NAME] = "c.name",
	[SORT_CREATED] = "c.created_ms",
	[SORT_FINISHED] = NULL,
};

static int read_row(sqlite3_stmt *statement, void *item)
{
	struct customer *customer = item;

	customer->id = statement_u64(statement, 0);
	customer->suspended = statement_bool(statement, 2);
	customer->suspended_ms = sqlite3_column_int64(statement, 3);
	customer->created_ms = sqlite3_column_int64(statement, 5);
	customer->smtp_open = statement_bool(statement, 6 + QUOTA_COUNT);
	for (int i = 0; i < QUOTA_COUNT; i++)
		customer->limits.of[i] = statement_u64(statement, 6 + i);
	if (statement_copy(statement, 4, customer->suspension_reason,
			   sizeof(customer->suspension_reason)) < 0)
		return ERR_CORRUPT;
	return statement_copy(statement, 1, customer->name, sizeof(customer->name));
}

static int get(struct store *store, const char *sql, const struct bind *binds, struct customer *ret,
	       struct err *err)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	struct customer customer = {0};
	int r = statement_one(store, "customer", sql, binds, &statement, err);

	if (r < 0)
		return r;
	if (read_row(statement, &customer) < 0)
		return statement_corrupt("customer", err);
	*ret = customer;
	return 0;
}

int store_customer_insert(struct store *store, struct customer *customer, struct err *err)
{
	const uint64_t *limits = customer->limits.of;
	int r = statement_run(
		store,
		"INSERT INTO customer(name, suspended, suspended_ms, suspension_reason, "
		"created_ms, server_limit, core_limit, memory_limit_mib, disk_limit_gb, "
		"address_limit, ssh_key_limit, token_limit, member_limit, snapshot_limit, "
		"smtp_open) "
		"VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		BIND(B_TEXT(customer->name), B_INT(customer->suspended),
		     B_INT(customer->suspended_ms), B_TEXT(customer->suspension_reason),
		     B_INT(customer->created_ms), B_INT(limits[QUOTA_SERVERS]),
		     B_INT(limits[QUOTA_CORES]), B_INT(limits[QUOTA_MEMORY_MIB]),
		     B_INT(limits[QUOTA_DISK_GB]), B_INT(limits[QUOTA_ADDRESSES]),
		     B_INT(limits[QUOTA_SSH_KEYS]), B_INT(limits[QUOTA_TOKENS]),
		     B_INT(limits[QUOTA_MEMBERS]), B_INT(limits[QUOTA_SNAPSHOTS]),
		     B_INT(customer->smtp_open)),
		err);

	if (r == ERR_UNIQUENESS)
		return err_set(err, r, "there is a customer named %s already", customer->name);
	if (r < 0)
		return r;
	customer->id = (uint64_t)sqlite3_last_insert_rowid(store->db);
	return 0;
}

int store_customer_get(struct store *store, uint64_t id, struct customer *ret, struct err *err)
{
	return get(store, "SELECT " COLUMNS " FROM customer c WHERE c.id = ?", BIND(B_INT(id)), ret,
		   err);
}

int store_customer_get_by_name(struct store *store, const char *name, struct customer *ret,
			       struct err *err)
{
	return get(store, "SELECT " COLUMNS " FROM customer c WHERE c.name = ?", BIND(B_TEXT(name)),
		   ret, err);
}

static void add_conditions(struct query *query, const struct store_customer_filter *filter)
{
	query_add(query, " FROM customer c WHERE 1");
	if (filter->name)
		query_where(query, " AND c.name = ?", (struct bind)B_TEXT(filter->name));
	if (filter->part)
		query_where(query, " AND instr(lower(c.name), lower(?)) > 0",
			    (struct bind)B_TEXT(filter->part));
	if (filter->active != filter->suspended)
		query_where(query, " AND c.suspended = ?", (struct bind)B_INT(filter->suspended));
	if (filter->user_id)
		query_where(query,
			    " AND EXISTS (SELECT 1 FROM membership m WHERE m.customer_id = c.id "
			    "AND m.user_id = ?)",
			    (struct bind)B_INT(filter->user_id));
}

int store_customer_list(struct store *store, const struct store_customer_filter *filter,
			const struct sort *sort, const struct page *page,
			struct store_customers *ret, struct err *err)
{
	struct query counting CLEANUP(query_done) = {0};
	struct query query CLEANUP(query_done) = {0};
	struct statement_list list = {0};
	uint64_t total = 0;
	int r;

	query_add(&counting, "SELECT count(*)");
	add_conditions(&counting, filter);
	r = query_number(store, &counting, &total, err);
	if (r < 0)
		return r;
	query_add(&query, "SELECT " COLUMNS);
	add_conditions(&query, filter);
	query_order(&query, sort, sort_columns);
	query_page(&query, page);
	r = query_read(store, &query, sizeof(struct customer), read_row, "customer", &list, err);
	if (r < 0) {
		free(list.items);
		return r;
	}
	*ret = (struct store_customers){.items = list.items, .count = list.count, .total = total};
	return 0;
}

void store_customer_done(struct store_customers *customers)
{
	free(customers->items);
	*customers = (struct store_customers){0};
}

int store_customer_update(struct store *store, const struct customer *customer, struct err *err)
{
	const uint64_t *limits = customer->limits.of;
	int r = statement_run_one(
		store, "customer",
		"UPDATE customer SET name = ?, suspended = ?, suspended_ms = ?, "
		"suspension_reason = ?, server_limit = ?, core_limit = ?, memory_limit_mib = ?, "
		"disk_limit_gb = ?, address_limit = ?, ssh_key_limit = ?, token_limit = ?, "
		"member_limit = ?, snapshot_limit = ?, smtp_open = ? WHERE id = ?",
		BIND(B_TEXT(customer->name), B_INT(customer->suspended),
		     B_INT(customer->suspended_ms), B_TEXT(customer->suspension_reason),
		     B_INT(limits[QUOTA_SERVERS]), B_INT(limits[QUOTA_CORES]),
		     B_INT(limits[QUOTA_MEMORY_MIB]), B_INT(limits[QUOTA_DISK_GB]),
		     B_INT(limits[QUOTA_ADDRESSES]), B_INT(limits[QUOTA_SSH_KEYS]),
		     B_INT(limits[QUOTA_TOKENS]), B_INT(limits[QUOTA_MEMBERS]),
		     B_INT(limits[QUOTA_SNAPSHOTS]), B_INT(customer->smtp_open),
		     B_INT(customer->id)),
		err);

	if (r == ERR_UNIQUENESS)
		return err_set(err, r, "there is a customer named %s already", customer->name);
	return r;
}

int store_customer_delete(struct store *store, uint64_t id, struct err *err)
{
	int r;

	if (id == ACCOUNT_SERVICE_CUSTOMER_ID)
		return err_set(err, ERR_IN_USE, "the service's own customer cannot be deleted");
	r = statement_run_one(store, "customer", "DELETE FROM customer WHERE id = ?",
			      BIND(B_INT(id)), err);
	if (r == ERR_IN_USE)
		return err_set(err, r, "the customer has servers or images: delete those first");
	return r;
}

int store_customer_get_note(struct store *store, uint64_t id, char **ret, struct err *err)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	int r = statement_open(store, "SELECT note FROM customer WHERE id = ?", BIND(B_INT(id)),
			       &statement, err);

	if (r == 0)
		r = statement_row(store, statement, err);
	if (r < 0)
		return r;
	return r == 0 ? err_set(err, ERR_NOT_FOUND, "customer not found")
		      : statement_dup(statement, 0, ret);
}

int store_customer_set_note(struct store *store, uint64_t id, const char *note, struct err *err)
{
	return statement_run_one(store, "customer", "UPDATE customer SET note = ? WHERE id = ?",
				 BIND(B_TEXT(note), B_INT(id)), err);
}

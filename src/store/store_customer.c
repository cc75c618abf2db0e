#include "store/store_customer.h"

#include <stdlib.h>
#include <string.h>

#include "store/query.h"

#define COLUMNS "c.id, c.name, c.server_limit, c.suspended, c.created_ms"

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
	customer->server_limit = statement_u32(statement, 2);
	customer->suspended = statement_bool(statement, 3);
	customer->created_ms = sqlite3_column_int64(statement, 4);
	return statement_copy(statement, 1, customer->name, sizeof(customer->name));
}

static int get(struct store *store, const char *sql, const struct bind *binds, struct customer *ret,
	       struct err *err)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	struct customer customer = {0};
	int r = statement_open(store, sql, binds, &statement, err);

	if (r == 0)
		r = statement_row(store, statement, err);
	if (r < 0)
		return r;
	if (r == 0)
		return err_set(err, ERR_NOT_FOUND, "customer not found");
	if (read_row(statement, &customer) < 0)
		return statement_corrupt("customer", err);
	*ret = customer;
	return 0;
}

int store_customer_insert(struct store *store, struct customer *customer, struct err *err)
{
	int r = statement_run(store,
			      "INSERT INTO customer(name, server_limit, suspended, created_ms) "
			      "VALUES (?, ?, ?, ?)",
			      BIND(B_TEXT(customer->name), B_INT(customer->server_limit),
				   B_INT(customer->suspended), B_INT(customer->created_ms)),
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

static void add_conditions(struct query *query, const char *name, uint64_t user_id)
{
	query_add(query, " FROM customer c WHERE 1");
	if (name)
		query_where(query, " AND c.name = ?", (struct bind)B_TEXT(name));
	if (user_id)
		query_where(query,
			    " AND EXISTS (SELECT 1 FROM membership m WHERE m.customer_id = c.id "
			    "AND m.user_id = ?)",
			    (struct bind)B_INT(user_id));
}

int store_customer_list(struct store *store, const char *name, uint64_t user_id,
			const struct sort *sort, const struct page *page,
			struct store_customers *ret, struct err *err)
{
	struct query counting CLEANUP(query_done) = {0};
	struct query query CLEANUP(query_done) = {0};
	struct statement_list list = {0};
	uint64_t total = 0;
	int r;

	query_add(&counting, "SELECT count(*)");
	add_conditions(&counting, name, user_id);
	r = query_number(store, &counting, &total, err);
	if (r < 0)
		return r;
	query_add(&query, "SELECT " COLUMNS);
	add_conditions(&query, name, user_id);
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
	int r = statement_run_one(store, "customer",
				  "UPDATE customer SET name = ?, server_limit = ?, suspended = ? "
				  "WHERE id = ?",
				  BIND(B_TEXT(customer->name), B_INT(customer->server_limit),
				       B_INT(customer->suspended), B_INT(customer->id)),
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

#include "store/store_plan.h"

#include <stdlib.h>

#include "store/query.h"

#define COLUMNS                                                                                    \
	"id, name, description, cores, memory_mib, disk_gb, storage, currency, "                   \
	"price_monthly_minor, price_initial_minor, dns_zones, created_ms, deprecated_ms, "         \
	"traffic_bytes, bandwidth_in, bandwidth_out"

static const char *const sort_columns[] = {
	[SORT_ID] = "id",
	[SORT_NAME] = "name",
	[SORT_CREATED] = "created_ms",
	[SORT_FINISHED] = NULL,
};

static int read_row(sqlite3_stmt *statement, void *item)
{
	struct plan *plan = item;

	plan->id = statement_u64(statement, 0);
	plan->cores = statement_u32(statement, 3);
	plan->memory_mib = statement_u32(statement, 4);
	plan->disk_gb = statement_u32(statement, 5);
	plan->storage = (enum plan_storage)statement_u32(statement, 6);
	plan->price_monthly_minor = sqlite3_column_int64(statement, 8);
	plan->price_initial_minor = sqlite3_column_int64(statement, 9);
	plan->dns_zones = statement_u32(statement, 10);
	plan->created_ms = sqlite3_column_int64(statement, 11);
	plan->deprecated_ms = sqlite3_column_int64(statement, 12);
	plan->traffic_bytes = statement_u64(statement, 13);
	plan->bandwidth_in = statement_u32(statement, 14);
	plan->bandwidth_out = statement_u32(statement, 15);
	if (statement_copy(statement, 1, plan->name, sizeof(plan->name)) < 0 ||
	    statement_copy(statement, 2, plan->description, sizeof(plan->description)) < 0 ||
	    statement_copy(statement, 7, plan->currency, sizeof(plan->currency)) < 0)
		return ERR_CORRUPT;
	return 0;
}

static int get(struct store *store, const char *sql, const struct bind *binds, struct plan *ret,
	       struct err *err)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	struct plan plan = {0};
	int r = statement_one(store, "server type", sql, binds, &statement, err);

	if (r < 0)
		return r;
	if (read_row(statement, &plan) < 0)
		return statement_corrupt("server type", err);
	*ret = plan;
	return 0;
}

int store_plan_insert(struct store *store, struct plan *plan, struct err *err)
{
	int r = statement_run(
		store,
		"INSERT INTO server_type(name, description, cores, memory_mib, disk_gb, storage, "
		"currency, price_monthly_minor, price_initial_minor, dns_zones, created_ms, "
		"deprecated_ms, traffic_bytes, bandwidth_in, bandwidth_out) "
		"VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		BIND(B_TEXT(plan->name), B_TEXT(plan->description), B_INT(plan->cores),
		     B_INT(plan->memory_mib), B_INT(plan->disk_gb), B_INT(plan->storage),
		     B_TEXT(plan->currency), B_INT(plan->price_monthly_minor),
		     B_INT(plan->price_initial_minor), B_INT(plan->dns_zones),
		     B_INT(plan->created_ms), B_INT(plan->deprecated_ms),
		     B_INT(plan->traffic_bytes), B_INT(plan->bandwidth_in),
		     B_INT(plan->bandwidth_out)),
		err);

	if (r == ERR_UNIQUENESS)
		return err_set(err, r, "there is a server type named %s already", plan->name);
	if (r < 0)
		return r;
	plan->id = (uint64_t)sqlite3_last_insert_rowid(store->db);
	return 0;
}

int store_plan_get(struct store *store, uint64_t id, struct plan *ret, struct err *err)
{
	return get(store, "SELECT " COLUMNS " FROM server_type WHERE id = ?", BIND(B_INT(id)), ret,
		   err);
}

int store_plan_get_by_name(struct store *store, const char *name, struct plan *ret, struct err *err)
{
	return get(store, "SELECT " COLUMNS " FROM server_type WHERE name = ?", BIND(B_TEXT(name)),
		   ret, err);
}

int store_plan_list(struct store *store, const char *name, const struct sort *sort,
		    const struct page *page, struct store_plans *ret, struct err *err)
{
	struct query query CLEANUP(query_done) = {0};
	struct statement_list list = {0};
	uint64_t total = 0;
	int r = statement_number(store,
				 "SELECT count(*) FROM server_type WHERE ?1 IS NULL OR name = ?1",
				 BIND(B_TEXT(name)), &total, err);

	if (r < 0)
		return r;
	query_where(&query, "SELECT " COLUMNS " FROM server_type WHERE (?1 IS NULL OR name = ?1)",
		    (struct bind)B_TEXT(name));
	query_order(&query, sort, sort_columns);
	query_page(&query, page);
	r = query_read(store, &query, sizeof(struct plan), read_row, "server type", &list, err);
	if (r < 0) {
		free(list.items);
		return r;
	}
	*ret = (struct store_plans){.items = list.items, .count = list.count, .total = total};
	return 0;
}

void store_plan_done(struct store_plans *plans)
{
	free(plans->items);
	*plans = (struct store_plans){0};
}

int store_plan_update(struct store *store, const struct plan *plan, struct err *err)
{
	int r = statement_run_one(
		store, "server type",
		"UPDATE server_type SET name = ?, description = ?, cores = ?, memory_mib = ?, "
		"disk_gb = ?, storage = ?, currency = ?, price_monthly_minor = ?, "
		"price_initial_minor = ?, dns_zones = ?, deprecated_ms = ?, traffic_bytes = ?, "
		"bandwidth_in = ?, bandwidth_out = ? WHERE id = ?",
		BIND(B_TEXT(plan->name), B_TEXT(plan->description), B_INT(plan->cores),
		     B_INT(plan->memory_mib), B_INT(plan->disk_gb), B_INT(plan->storage),
		     B_TEXT(plan->currency), B_INT(plan->price_monthly_minor),
		     B_INT(plan->price_initial_minor), B_INT(plan->dns_zones),
		     B_INT(plan->deprecated_ms), B_INT(plan->traffic_bytes),
		     B_INT(plan->bandwidth_in), B_INT(plan->bandwidth_out), B_INT(plan->id)),
		err);

	if (r == ERR_UNIQUENESS)
		return err_set(err, r, "there is a server type named %s already", plan->name);
	return r;
}

int store_plan_delete(struct store *store, uint64_t id, struct err *err)
{
	int r = statement_run_one(store, "server type", "DELETE FROM server_type WHERE id = ?",
				  BIND(B_INT(id)), err);

	if (r == ERR_IN_USE)
		return err_set(err, r, "servers have this type: change or delete those first");
	return r;
}

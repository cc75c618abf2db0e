#include "store/store_membership.h"

#include <stdlib.h>

#include "store/query.h"

#define COLUMNS "m.user_id, u.name, m.role, u.disabled"
#define FROM    " FROM membership m JOIN user u ON u.id = m.user_id"

int store_membership_set(struct store *store, uint64_t user_id, uint64_t customer_id,
			 enum role role, struct err *err)
{
	int r;

	if (role == ROLE_NONE)
		r = statement_run(store,
				  "DELETE FROM membership WHERE user_id = ? AND customer_id = ?",
				  BIND(B_INT(user_id), B_INT(customer_id)), err);
	else
		r = statement_run(store,
				  "INSERT INTO membership(user_id, customer_id, role) VALUES "
				  "(?, ?, ?) ON CONFLICT DO UPDATE SET role = excluded.role",
				  BIND(B_INT(user_id), B_INT(customer_id), B_INT(role)), err);
	if (r == ERR_IN_USE)
		return err_set(err, ERR_NOT_FOUND, "user or customer not found");
	return r < 0 ? r : 0;
}

int store_membership_role(struct store *store, uint64_t user_id, uint64_t customer_id,
			  enum role *ret, struct err *err)
{
	uint64_t role = 0;
	int r = statement_number(
		store, "SELECT role FROM membership WHERE user_id = ? AND customer_id = ?",
		BIND(B_INT(user_id), B_INT(customer_id)), &role, err);

	if (r < 0)
		return r;
	if (role > ROLE_OWNER)
		return statement_corrupt("membership", err);
	*ret = (enum role)role;
	return 0;
}

int store_membership_first(struct store *store, uint64_t user_id, struct membership *ret,
			   struct err *err)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	int r = statement_open(store,
			       "SELECT customer_id, role FROM membership WHERE user_id = ? "
			       "ORDER BY customer_id LIMIT 1",
			       BIND(B_INT(user_id)), &statement, err);

	if (r == 0)
		r = statement_row(store, statement, err);
	if (r < 0)
		return r;
	if (r == 0)
		return err_set(err, ERR_NOT_FOUND, "the user belongs to no customer");
	*ret = (struct membership){
		.user_id = user_id,
		.customer_id = statement_u64(statement, 0),
		.role = (enum role)statement_u32(statement, 1),
	};
	return 0;
}

static int read_row(sqlite3_stmt *statement, void *item)
{
	struct member *member = item;

	member->user_id = statement_u64(statement, 0);
	member->role = (enum role)statement_u32(statement, 2);
	member->disabled = statement_bool(statement, 3);
	if (member->role > ROLE_OWNER)
		return ERR_CORRUPT;
	return statement_copy(statement, 1, member->name, sizeof(member->name));
}

int store_membership_get(struct store *store, uint64_t customer_id, uint64_t user_id,
			 struct member *ret, struct err *err)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	struct member member = {0};
	int r = statement_one(store, "member",
			      "SELECT " COLUMNS FROM " WHERE m.customer_id = ? AND m.user_id = ?",
			      BIND(B_INT(customer_id), B_INT(user_id)), &statement, err);

	if (r < 0)
		return r;
	if (read_row(statement, &member) < 0)
		return statement_corrupt("membership", err);
	*ret = member;
	return 0;
}

static void add_conditions(struct query *query, uint64_t customer_id, const char *name)
{
	query_where(query, FROM " WHERE m.customer_id = ?", (struct bind)B_INT(customer_id));
	if (name)
		query_where(query, " AND u.name = ?", (struct bind)B_TEXT(name));
}

int store_membership_list(struct store *store, uint64_t customer_id, const char *name,
			  const struct page *page, struct store_members *ret, struct err *err)
{
	struct query counting CLEANUP(query_done) = {0};
	struct query query CLEANUP(query_done) = {0};
	struct statement_list list = {0};
	uint64_t total = 0;
	int r;

	query_add(&counting, "SELECT count(*)");
	add_conditions(&counting, customer_id, name);
	r = query_number(store, &counting, &total, err);
	if (r < 0)
		return r;
	query_add(&query, "SELECT " COLUMNS);
	add_conditions(&query, customer_id, name);
	query_add(&query, " ORDER BY u.name, m.user_id");
	query_page(&query, page);
	r = query_read(store, &query, sizeof(struct member), read_row, "membership", &list, err);
	if (r < 0) {
		free(list.items);
		return r;
	}
	*ret = (struct store_members){.items = list.items, .count = list.count, .total = total};
	return 0;
}

void store_membership_done(struct store_members *members)
{
	free(members->items);
	*members = (struct store_members){0};
}

int store_membership_count_owners(struct store *store, uint64_t customer_id, uint64_t *ret,
				  struct err *err)
{
	return statement_number(store,
				"SELECT count(*)" FROM
				" WHERE m.customer_id = ? AND m.role = ? AND u.disabled = 0",
				BIND(B_INT(customer_id), B_INT(ROLE_OWNER)), ret, err);
}

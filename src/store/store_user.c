#include "store/store_user.h"

#include <stdlib.h>
#include <string.h>

#include "store/query.h"

#define COLUMNS                                                                                    \
	"u.id, u.name, u.password_hash, u.service, u.disabled, u.created_ms, "                     \
	"EXISTS (SELECT 1 FROM second_step x WHERE x.user_id = u.id AND x.confirmed_ms > 0)"

static int read_row(sqlite3_stmt *statement, void *item)
{
	struct user *user = item;

	user->id = statement_u64(statement, 0);
	user->service = statement_bool(statement, 3);
	user->disabled = statement_bool(statement, 4);
	user->created_ms = sqlite3_column_int64(statement, 5);
	user->two_step = statement_bool(statement, 6);
	if (statement_copy(statement, 1, user->name, sizeof(user->name)) < 0)
		return ERR_CORRUPT;
	return statement_copy(statement, 2, user->password_hash, sizeof(user->password_hash));
}

static int get(struct store *store, const char *sql, const struct bind *binds, struct user *ret,
	       struct err *err)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	struct user user = {0};
	int r = statement_one(store, "user", sql, binds, &statement, err);

	if (r < 0)
		return r;
	if (read_row(statement, &user) < 0)
		return statement_corrupt("user", err);
	*ret = user;
	return 0;
}

int store_user_insert(struct store *store, struct user *user, struct err *err)
{
	int r = statement_run(
		store,
		"INSERT INTO user(name, password_hash, service, disabled, created_ms) "
		"VALUES (?, ?, ?, ?, ?)",
		BIND(B_TEXT(user->name), B_TEXT(user->password_hash), B_INT(user->service),
		     B_INT(user->disabled), B_INT(user->created_ms)),
		err);

	if (r == ERR_UNIQUENESS)
		return err_set(err, r, "there is a user named %s already", user->name);
	if (r < 0)
		return r;
	user->id = (uint64_t)sqlite3_last_insert_rowid(store->db);
	return 0;
}

int store_user_get(struct store *store, uint64_t id, struct user *ret, struct err *err)
{
	return get(store, "SELECT " COLUMNS " FROM user u WHERE u.id = ?", BIND(B_INT(id)), ret,
		   err);
}

int store_user_get_by_name(struct store *store, const char *name, struct user *ret, struct err *err)
{
	return get(store, "SELECT " COLUMNS " FROM user u WHERE u.name = ?", BIND(B_TEXT(name)),
		   ret, err);
}

static void add_conditions(struct query *query, const char *name, uint64_t customer_id)
{
	query_add(query, " FROM user u WHERE 1");
	if (name)
		query_where(query, " AND u.name = ?", (struct bind)B_TEXT(name));
	if (customer_id)
		query_where(query,
			    " AND EXISTS (SELECT 1 FROM membership m WHERE m.user_id = u.id AND "
			    "m.customer_id = ?)",
			    (struct bind)B_INT(customer_id));
}

int store_user_list(struct store *store, const char *name, uint64_t customer_id,
		    const struct page *page, struct store_users *ret, struct err *err)
{
	struct query counting CLEANUP(query_done) = {0};
	struct query query CLEANUP(query_done) = {0};
	struct statement_list list = {0};
	uint64_t total = 0;
	int r;

	query_add(&counting, "SELECT count(*)");
	add_conditions(&counting, name, customer_id);
	r = query_number(store, &counting, &total, err);
	if (r < 0)
		return r;
	query_add(&query, "SELECT " COLUMNS);
	add_conditions(&query, name, customer_id);
	query_add(&query, " ORDER BY u.id");
	query_page(&query, page);
	r = query_read(store, &query, sizeof(struct user), read_row, "user", &list, err);
	if (r < 0) {
		free(list.items);
		return r;
	}
	*ret = (struct store_users){.items = list.items, .count = list.count, .total = total};
	return 0;
}

void store_user_done(struct store_users *users)
{
	free(users->items);
	*users = (struct store_users){0};
}

/* Both statements or none, also when the caller has no transaction open. */
static int update_and_end_sessions(struct store *store, const char *sql, const struct bind *binds,
				   uint64_t id, uint64_t keep_session_id, struct err *err)
{
	struct store *guard CLEANUP(store_guard) = NULL;
	int r = statement_begin(store, &guard, err);

	if (r < 0)
		return r;
	r = statement_run_one(store, "user", sql, binds, err);
	if (r == 0)
		r = statement_run(store, "DELETE FROM session WHERE user_id = ? AND id <> ?",
				  BIND(B_INT(id), B_INT(keep_session_id)), err);
	if (r < 0)
		return r;
	return statement_commit(&guard, err);
}

int store_user_update_password(struct store *store, uint64_t id, const char *password_hash,
			       uint64_t keep_session_id, struct err *err)
{
	return update_and_end_sessions(store, "UPDATE user SET password_hash = ? WHERE id = ?",
				       BIND(B_TEXT(password_hash), B_INT(id)), id, keep_session_id,
				       err);
}

int store_user_update_disabled(struct store *store, uint64_t id, bool disabled, struct err *err)
{
	if (!disabled)
		return statement_run_one(store, "user", "UPDATE user SET disabled = 0 WHERE id = ?",
					 BIND(B_INT(id)), err);
	return update_and_end_sessions(store, "UPDATE user SET disabled = 1 WHERE id = ?",
				       BIND(B_INT(id)), id, 0, err);
}

int store_user_delete(struct store *store, uint64_t id, struct err *err)
{
	return statement_run_one(store, "user", "DELETE FROM user WHERE id = ?", BIND(B_INT(id)),
				 err);
}

int store_user_count_service(struct store *store, uint64_t *ret, struct err *err)
{
	return statement_number(store,
				"SELECT count(*) FROM user WHERE service = 1 AND disabled = 0",
				NULL, ret, err);
}

int store_user_find_orphan(struct store *store, uint64_t id, char ret_name[NAME_LABEL_BYTES],
			   struct err *err)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	int r = statement_open(
		store,
		"SELECT c.name FROM membership m JOIN customer c ON c.id = m.customer_id "
		"WHERE m.user_id = ?1 AND m.role = ?2 AND (c.server_count > 0 OR EXISTS "
		"(SELECT 1 FROM image i WHERE i.customer_id = c.id)) AND NOT EXISTS "
		"(SELECT 1 FROM membership o JOIN user u ON u.id = o.user_id WHERE "
		"o.customer_id = c.id AND o.role = ?2 AND o.user_id <> ?1 AND u.disabled = 0) "
		"ORDER BY c.id LIMIT 1",
		BIND(B_INT(id), B_INT(ROLE_OWNER)), &statement, err);

	if (r == 0)
		r = statement_row(store, statement, err);
	if (r <= 0)
		return r;
	r = statement_copy(statement, 0, ret_name, NAME_LABEL_BYTES);
	return r < 0 ? statement_corrupt("customer", err) : 1;
}

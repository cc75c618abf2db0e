#include "store/store_location.h"

#include <stdlib.h>

#include "store/query.h"

#define COLUMNS                                                                                    \
	"id, name, description, country, city, network_zone, latitude, longitude, created_ms"

static const char *const sort_columns[] = {
	[SORT_ID] = "id",
	[SORT_NAME] = "name",
	[SORT_CREATED] = "created_ms",
	[SORT_FINISHED] = NULL,
};

static int read_row(sqlite3_stmt *statement, void *item)
{
	struct location *location = item;

	location->id = statement_u64(statement, 0);
	location->latitude = sqlite3_column_double(statement, 6);
	location->longitude = sqlite3_column_double(statement, 7);
	location->created_ms = sqlite3_column_int64(statement, 8);
	if (statement_copy(statement, 1, location->name, sizeof(location->name)) < 0 ||
	    statement_copy(statement, 2, location->description, sizeof(location->description)) <
		    0 ||
	    statement_copy(statement, 3, location->country, sizeof(location->country)) < 0 ||
	    statement_copy(statement, 4, location->city, sizeof(location->city)) < 0 ||
	    statement_copy(statement, 5, location->network_zone, sizeof(location->network_zone)) <
		    0)
		return ERR_CORRUPT;
	return 0;
}

static int get(struct store *store, const char *sql, const struct bind *binds, struct location *ret,
	       struct err *err)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	struct location location = {0};
	int r = statement_one(store, "location", sql, binds, &statement, err);

	if (r < 0)
		return r;
	if (read_row(statement, &location) < 0)
		return statement_corrupt("location", err);
	*ret = location;
	return 0;
}

int store_location_insert(struct store *store, struct location *location, struct err *err)
{
	int r = statement_run(
		store,
		"INSERT INTO location(name, description, country, city, network_zone, latitude, "
		"longitude, created_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
		BIND(B_TEXT(location->name), B_TEXT(location->description),
		     B_TEXT(location->country), B_TEXT(location->city),
		     B_TEXT(location->network_zone), B_NUMBER(location->latitude),
		     B_NUMBER(location->longitude), B_INT(location->created_ms)),
		err);

	if (r == ERR_UNIQUENESS)
		return err_set(err, r, "there is a location named %s already", location->name);
	if (r < 0)
		return r;
	location->id = (uint64_t)sqlite3_last_insert_rowid(store->db);
	return 0;
}

int store_location_get(struct store *store, uint64_t id, struct location *ret, struct err *err)
{
	return get(store, "SELECT " COLUMNS " FROM location WHERE id = ?", BIND(B_INT(id)), ret,
		   err);
}

int store_location_get_by_name(struct store *store, const char *name, struct location *ret,
			       struct err *err)
{
	return get(store, "SELECT " COLUMNS " FROM location WHERE name = ?", BIND(B_TEXT(name)),
		   ret, err);
}

int store_location_list(struct store *store, const char *name, const struct sort *sort,
			const struct page *page, struct store_locations *ret, struct err *err)
{
	struct query query CLEANUP(query_done) = {0};
	struct statement_list list = {0};
	uint64_t total = 0;
	int r = statement_number(store,
				 "SELECT count(*) FROM location WHERE ?1 IS NULL OR name = ?1",
				 BIND(B_TEXT(name)), &total, err);

	if (r < 0)
		return r;
	query_where(&query, "SELECT " COLUMNS " FROM location WHERE (?1 IS NULL OR name = ?1)",
		    (struct bind)B_TEXT(name));
	query_order(&query, sort, sort_columns);
	query_page(&query, page);
	r = query_read(store, &query, sizeof(struct location), read_row, "location", &list, err);
	if (r < 0) {
		free(list.items);
		return r;
	}
	*ret = (struct store_locations){.items = list.items, .count = list.count, .total = total};
	return 0;
}

void store_location_done(struct store_locations *locations)
{
	free(locations->items);
	*locations = (struct store_locations){0};
}

int store_location_update(struct store *store, const struct location *location, struct err *err)
{
	int r = statement_run_one(
		store, "location",
		"UPDATE location SET name = ?, description = ?, country = ?, city = ?, "
		"network_zone = ?, latitude = ?, longitude = ? WHERE id = ?",
		BIND(B_TEXT(location->name), B_TEXT(location->description),
		     B_TEXT(location->country), B_TEXT(location->city),
		     B_TEXT(location->network_zone), B_NUMBER(location->latitude),
		     B_NUMBER(location->longitude), B_INT(location->id)),
		err);

	if (r == ERR_UNIQUENESS)
		return err_set(err, r, "there is a location named %s already", location->name);
	return r;
}

int store_location_delete(struct store *store, uint64_t id, struct err *err)
{
	int r = statement_run_one(store, "location", "DELETE FROM location WHERE id = ?",
				  BIND(B_INT(id)), err);

	if (r == ERR_IN_USE)
		return err_set(err, r,
			       "the location has servers or address pools: delete those first");
	return r;
}

#include "store/store_name_server.h"

#include <stdlib.h>
#include <string.h>

#include "store/query.h"

#define COLUMNS "id, name, address, port, secret, created_ms"

static int read_row(sqlite3_stmt *statement, void *item)
{
	struct name_server_row *server = item;

	server->id = statement_u64(statement, 0);
	server->port = (uint16_t)statement_u32(statement, 3);
	server->created_ms = sqlite3_column_int64(statement, 5);
	if (statement_copy(statement, 1, server->name, sizeof server->name) < 0 ||
	    statement_copy(statement, 2, server->address, sizeof server->address) < 0 ||
	    statement_copy(statement, 4, server->secret, sizeof server->secret) < 0)
		return ERR_CORRUPT;
	return 0;
}

int store_name_server_insert(struct store *store, struct name_server_row *server, struct err *err)
{
	uint64_t count = 0;
	int r = statement_number(store, "SELECT count(*) FROM name_server", NULL, &count, err);

	if (r == 0 && count >= NAME_SERVER_MAX)
		return err_set(err, ERR_LIMIT, "there are at most %d further name servers",
			       NAME_SERVER_MAX);
	if (r == 0)
		r = statement_run(store,
				  "INSERT INTO name_server(name, address, port, secret, "
				  "created_ms) VALUES (?, ?, ?, ?, ?)",
				  BIND(B_TEXT(server->name), B_TEXT(server->address),
				       B_INT(server->port), B_TEXT(server->secret),
				       B_INT(server->created_ms)),
				  err);
	if (r == ERR_UNIQUENESS)
		return err_set(err, r, "there is a name server %.200s already", server->name);
	if (r < 0)
		return r;
	server->id = (uint64_t)sqlite3_last_insert_rowid(store->db);
	return 0;
}

int store_name_server_get(struct store *store, uint64_t id, struct name_server_row *ret,
			  struct err *err)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	struct name_server_row server = {0};
	int r = statement_one(store, "name server",
			      "SELECT " COLUMNS " FROM name_server WHERE id = ?", BIND(B_INT(id)),
			      &statement, err);

	if (r < 0)
		return r;
	if (read_row(statement, &server) < 0)
		return statement_corrupt("name server", err);
	*ret = server;
	return 0;
}

int store_name_server_list(struct store *store, struct store_name_servers *ret, struct err *err)
{
	struct query query CLEANUP(query_done) = {0};
	struct statement_list list = {0};
	int r;

	query_add(&query, "SELECT " COLUMNS " FROM name_server ORDER BY id");
	r = query_read(store, &query, sizeof(struct name_server_row), read_row, "name server",
		       &list, err);
	*ret = (struct store_name_servers){list.items, list.count};
	if (r < 0)
		store_name_server_done(ret);
	return r;
}

void store_name_server_done(struct store_name_servers *servers)
{
	if (servers->items != NULL)
		explicit_bzero(servers->items, servers->count * sizeof *servers->items);
	free(servers->items);
	*servers = (struct store_name_servers){0};
}

int store_name_server_set_secret(struct store *store, uint64_t id, const char *secret,
				 struct err *err)
{
	return statement_run_one(store, "name server",
				 "UPDATE name_server SET secret = ? WHERE id = ?",
				 BIND(B_TEXT(secret), B_INT(id)), err);
}

int store_name_server_delete(struct store *store, uint64_t id, struct err *err)
{
	return statement_run_one(store, "name server", "DELETE FROM name_server WHERE id = ?",
				 BIND(B_INT(id)), err);
}

int store_name_server_give(struct store *store, const char *name, struct err *err)
{
	const int r = statement_run(store, "INSERT OR IGNORE INTO name_given(name) VALUES (?)",
				    BIND(B_TEXT(name)), err);

	return r < 0 ? r : 0;
}

static int read_name(sqlite3_stmt *statement, void *item)
{
	return statement_copy(statement, 0, item, NAME_DNS_BYTES);
}

int store_name_server_given(struct store *store, struct store_zone_names *ret, struct err *err)
{
	struct query query CLEANUP(query_done) = {0};
	struct statement_list list = {0};
	int r;

	query_add(&query, "SELECT name FROM name_given ORDER BY name");
	r = query_read(store, &query, NAME_DNS_BYTES, read_name, "name", &list, err);
	*ret = (struct store_zone_names){list.items, list.count};
	if (r < 0)
		store_zone_names_done(ret);
	return r;
}

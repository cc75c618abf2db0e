#include "store/store_seed.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "store/statement.h"

int store_seed_put(struct store *store, const struct store_seed *seed, struct err *err)
{
	int r = statement_run(
		store,
		"INSERT INTO server_seed(server_id, user_data, password_hash, "
		"created_ms, ssh_port, log_days, open_ports, updates, user, "
		"authorized_keys) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
		"user_data = excluded.user_data, password_hash = "
		"excluded.password_hash, created_ms = excluded.created_ms, "
		"ssh_port = excluded.ssh_port, log_days = excluded.log_days, "
		"open_ports = excluded.open_ports, updates = excluded.updates, "
		"user = excluded.user, authorized_keys = excluded.authorized_keys",
		BIND(B_INT(seed->server_id), B_BLOB(seed->user_data, seed->user_data_bytes),
		     B_TEXT(seed->password_hash), B_INT(seed->created_ms), B_INT(seed->ssh_port),
		     B_INT(seed->log_days), B_TEXT(seed->open_ports ? seed->open_ports : ""),
		     B_INT(seed->updates), B_TEXT(seed->user ? seed->user : ""),
		     B_TEXT(seed->authorized_keys ? seed->authorized_keys : "")),
		err);

	if (r == ERR_IN_USE)
		return err_set(err, ERR_NOT_FOUND, "server not found");
	return r < 0 ? r : 0;
}

int store_seed_get(struct store *store, uint64_t server_id, struct store_seed *ret, struct err *err)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	struct store_seed seed CLEANUP(store_seed_done) = {.server_id = server_id};
	int r = statement_open(store,
			       "SELECT user_data, password_hash, created_ms, ssh_port, log_days, "
			       "open_ports, updates, user, authorized_keys FROM server_seed "
			       "WHERE server_id = ?",
			       BIND(B_INT(server_id)), &statement, err);

	if (r == 0)
		r = statement_row(store, statement, err);
	if (r < 0)
		return r;
	if (r == 0)
		return err_set(err, ERR_NOT_FOUND, "this server's seed is gone");
	if (sqlite3_column_type(statement, 0) != SQLITE_NULL) {
		const void *data = sqlite3_column_blob(statement, 0);

		seed.user_data_bytes = (size_t)sqlite3_column_bytes(statement, 0);
		/* One byte more: an empty document is not the same as none. */
		seed.user_data = malloc(seed.user_data_bytes + 1);
		if (!seed.user_data)
			return err_set(err, -ENOMEM, "out of memory");
		if (data)
			memcpy(seed.user_data, data, seed.user_data_bytes);
		((char *)seed.user_data)[seed.user_data_bytes] = '\0';
	}
	seed.ssh_port = (uint16_t)statement_u32(statement, 3);
	seed.log_days = statement_u32(statement, 4);
	seed.updates = statement_u32(statement, 6);
	if (statement_dup(statement, 1, &seed.password_hash) < 0 ||
	    statement_dup(statement, 5, &seed.open_ports) < 0 ||
	    statement_dup(statement, 7, &seed.user) < 0 ||
	    statement_dup(statement, 8, &seed.authorized_keys) < 0)
		return err_set(err, -ENOMEM, "out of memory");
	seed.created_ms = sqlite3_column_int64(statement, 2);
	*ret = seed;
	seed = (struct store_seed){0};
	return 0;
}

int store_seed_delete(struct store *store, uint64_t server_id, struct err *err)
{
	int r = statement_run(store, "DELETE FROM server_seed WHERE server_id = ?",
			      BIND(B_INT(server_id)), err);

	return r < 0 ? r : 0;
}

void store_seed_done(struct store_seed *seed)
{
	/* The customer may have put secrets into it. */
	if (seed->user_data)
		explicit_bzero(seed->user_data, seed->user_data_bytes);
	if (seed->password_hash)
		explicit_bzero(seed->password_hash, strlen(seed->password_hash));
	free(seed->user_data);
	free(seed->password_hash);
	free(seed->open_ports);
	free(seed->user);
	free(seed->authorized_keys);
	*seed = (struct store_seed){0};
}

#include "store/store_setting.h"

#include <errno.h>

#include "store/statement.h"

int store_setting_get(struct store *store, const char *key, char **ret, struct err *err)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	int r = statement_open(store, "SELECT value FROM setting WHERE key = ?", BIND(B_TEXT(key)),
			       &statement, err);

	if (r == 0)
		r = statement_row(store, statement, err);
	if (r < 0)
		return r;
	if (r == 0)
		return err_set(err, ERR_NOT_FOUND, "setting %s not found", key);
	if (statement_dup(statement, 0, ret) < 0)
		return err_set(err, -ENOMEM, "out of memory");
	return 0;
}

int store_setting_set(struct store *store, const char *key, const char *value, struct err *err)
{
	int r;

	if (value)
		r = statement_run(store,
				  "INSERT INTO setting(key, value) VALUES (?, ?) ON CONFLICT DO "
				  "UPDATE SET value = excluded.value",
				  BIND(B_TEXT(key), B_TEXT(value)), err);
	else
		r = statement_run(store, "DELETE FROM setting WHERE key = ?", BIND(B_TEXT(key)),
				  err);
	return r < 0 ? r : 0;
}

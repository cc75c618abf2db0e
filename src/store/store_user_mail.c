#include "store/store_user_mail.h"

#include <stdio.h>

#include "store/statement.h"

#define COLUMNS "user_id, address, wanted, expires_ms, language, changed_ms"

static int read_row(sqlite3_stmt *statement, struct user_mail *mail)
{
	mail->user_id = statement_u64(statement, 0);
	mail->expires_ms = sqlite3_column_int64(statement, 3);
	mail->changed_ms = sqlite3_column_int64(statement, 5);
	if (statement_copy(statement, 1, mail->address, sizeof mail->address) < 0 ||
	    statement_copy(statement, 2, mail->wanted, sizeof mail->wanted) < 0)
		return ERR_CORRUPT;
	return statement_copy(statement, 4, mail->language, sizeof mail->language);
}

static int get(struct store *store, const char *sql, const struct bind *binds,
	       struct user_mail *ret, struct err *err)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	struct user_mail mail = {0};
	int r = statement_open(store, sql, binds, &statement, err);

	if (r == 0)
		r = statement_row(store, statement, err);
	if (r < 0)
		return r;
	if (r == 0)
		return err_set(err, ERR_NOT_FOUND, "no such mail address");
	if (read_row(statement, &mail) < 0)
		return statement_corrupt("mail address", err);
	*ret = mail;
	return 0;
}

int store_user_mail_get(struct store *store, uint64_t user_id, struct user_mail *ret,
			struct err *err)
{
	return get(store, "SELECT " COLUMNS " FROM user_mail WHERE user_id = ?",
		   BIND(B_INT(user_id)), ret, err);
}

int store_user_mail_want(struct store *store, const struct user_mail *mail,
			 const uint8_t hash[SECRET_HASH_BYTES], struct err *err)
{
	int r = statement_run(
		store,
		"INSERT INTO user_mail(user_id, wanted, hash, expires_ms, language, changed_ms) "
		"VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT(user_id) DO UPDATE SET "
		"wanted = excluded.wanted, hash = excluded.hash, expires_ms = excluded.expires_ms, "
		"language = excluded.language, changed_ms = excluded.changed_ms",
		BIND(B_INT(mail->user_id), B_TEXT(mail->wanted), B_BLOB(hash, SECRET_HASH_BYTES),
		     B_INT(mail->expires_ms), B_TEXT(mail->language), B_INT(mail->changed_ms)),
		err);

	return r < 0 ? r : 0;
}

int store_user_mail_confirm(struct store *store, const uint8_t hash[SECRET_HASH_BYTES],
			    int64_t now_ms, struct user_mail *ret, char ret_old[POST_ADDRESS_BYTES],
			    struct err *err)
{
	struct store *guard CLEANUP(store_guard) = NULL;
	struct user_mail before, after;
	int r = statement_begin(store, &guard, err);

	if (r < 0 ||
	    (r = get(store, "SELECT " COLUMNS " FROM user_mail WHERE hash = ? AND expires_ms > ?",
		     BIND(B_BLOB(hash, SECRET_HASH_BYTES), B_INT(now_ms)), &before, err)) < 0)
		return r;
	r = statement_run_one(store, "mail address",
			      "UPDATE user_mail SET address = wanted, wanted = '', hash = NULL, "
			      "expires_ms = 0, changed_ms = ? WHERE user_id = ?",
			      BIND(B_INT(now_ms), B_INT(before.user_id)), err);
	if (r < 0 || (r = store_user_mail_get(store, before.user_id, &after, err)) < 0 ||
	    (r = statement_commit(&guard, err)) < 0)
		return r;
	*ret = after;
	(void)snprintf(ret_old, POST_ADDRESS_BYTES, "%s", before.address);
	return 0;
}

int store_user_mail_language(struct store *store, uint64_t user_id, const char *language,
			     int64_t now_ms, struct err *err)
{
	return statement_run_one(store, "mail address",
				 "UPDATE user_mail SET language = ?, changed_ms = ? "
				 "WHERE user_id = ?",
				 BIND(B_TEXT(language), B_INT(now_ms), B_INT(user_id)), err);
}

int store_user_mail_delete(struct store *store, uint64_t user_id, struct err *err)
{
	int r = statement_run(store, "DELETE FROM user_mail WHERE user_id = ?",
			      BIND(B_INT(user_id)), err);

	return r < 0 ? r : 0;
}

int store_user_mail_find(struct store *store, const char *address,
			 uint64_t ret[STORE_USER_MAIL_MAX], size_t *ret_count, struct err *err)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	size_t count = 0;
	int r = statement_open(store,
			       "SELECT user_id FROM user_mail WHERE address = ?1 COLLATE NOCASE "
			       "AND address <> '' ORDER BY user_id LIMIT 5",
			       BIND(B_TEXT(address)), &statement, err);

	while (r == 0 && count < STORE_USER_MAIL_MAX &&
	       (r = statement_row(store, statement, err)) == 1) {
		ret[count++] = statement_u64(statement, 0);
		r = 0;
	}
	if (r < 0)
		return r;
	*ret_count = count;
	return 0;
}

int store_user_mail_members(struct store *store, uint64_t customer_id,
			    struct user_mail ret[STORE_USER_MAIL_MEMBERS], size_t *ret_count,
			    struct err *err)
{
	sqlite3_stmt *statement AUTO_STATEMENT = NULL;
	size_t count = 0;
	int r = statement_open(
		store,
		"SELECT m.user_id, m.address, m.language FROM membership s JOIN user u ON u.id = "
		"s.user_id JOIN user_mail m ON m.user_id = s.user_id WHERE s.customer_id = ? AND "
		"m.address <> '' AND u.disabled = 0 ORDER BY s.user_id LIMIT ?",
		BIND(B_INT(customer_id), B_INT(STORE_USER_MAIL_MEMBERS)), &statement, err);

	while (r == 0 && (r = statement_row(store, statement, err)) > 0) {
		struct user_mail *one = &ret[count++];

		*one = (struct user_mail){.user_id = statement_u64(statement, 0)};
		r = 0;
		if (statement_copy(statement, 1, one->address, sizeof one->address) < 0 ||
		    statement_copy(statement, 2, one->language, sizeof one->language) < 0)
			return statement_corrupt("mail address", err);
	}
	if (r == 0)
		*ret_count = count;
	return r;
}

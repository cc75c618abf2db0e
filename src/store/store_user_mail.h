// Where people get mail, in the database.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "model/user_mail.h"
#include "store/store.h"

#define STORE_USER_MAIL_MAX     5 /* people that one address is looked up for */
#define STORE_USER_MAIL_MEMBERS 20

/** store_user_mail_get() - ERR_NOT_FOUND: that person has none, confirmed or not. */
int store_user_mail_get(struct store *store, uint64_t user_id, struct user_mail *ret,
			struct err *err);
/** store_user_mail_want() - an address that waits to be confirmed with the link whose key has
 * @hash; the one before that waited is forgotten, the confirmed one stays. */
int store_user_mail_want(struct store *store, const struct user_mail *mail,
			 const uint8_t hash[SECRET_HASH_BYTES], struct err *err);
/** store_user_mail_confirm() - one atomic statement: a link works once. ERR_NOT_FOUND. @ret_old:
 * the address that was confirmed before, or "". */
int store_user_mail_confirm(struct store *store, const uint8_t hash[SECRET_HASH_BYTES],
			    int64_t now_ms, struct user_mail *ret, char ret_old[POST_ADDRESS_BYTES],
			    struct err *err);
int store_user_mail_language(struct store *store, uint64_t user_id, const char *language,
			     int64_t now_ms, struct err *err);
/** store_user_mail_delete() - no error when there is none. */
int store_user_mail_delete(struct store *store, uint64_t user_id, struct err *err);
/** store_user_mail_find() - who reads what is sent to a confirmed address, the oldest first. */
int store_user_mail_find(struct store *store, const char *address,
			 uint64_t ret[STORE_USER_MAIL_MAX], size_t *ret_count, struct err *err);
/** store_user_mail_members() - members of an account that have a confirmed address and may sign in.
 */
int store_user_mail_members(struct store *store, uint64_t customer_id,
			    struct user_mail ret[STORE_USER_MAIL_MEMBERS], size_t *ret_count,
			    struct err *err);

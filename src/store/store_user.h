// People who sign in, and whose accounts they belong to.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "model/account.h"
#include "model/page.h"
#include "store/store.h"

struct store_users {
	struct user *items;
	size_t count;
	uint64_t total;
};

int store_user_insert(struct store *store, struct user *user, struct err *err);
int store_user_get(struct store *store, uint64_t id, struct user *ret, struct err *err);
int store_user_get_by_name(struct store *store, const char *name, struct user *ret,
			   struct err *err);
/** store_user_list() - @name NULL: all; @customer_id 0: all, else its members. */
int store_user_list(struct store *store, const char *name, uint64_t customer_id,
		    const struct page *page, struct store_users *ret, struct err *err);
void store_user_done(struct store_users *users);
/** store_user_update_password() - all other sessions of the user end in the same moment;
 * @keep_session_id 0: every one. */
int store_user_update_password(struct store *store, uint64_t id, const char *password_hash,
			       uint64_t keep_session_id, struct err *err);
/** store_user_update_disabled() - true ends all of the user's sessions. */
int store_user_update_disabled(struct store *store, uint64_t id, bool disabled, struct err *err);
/** store_user_delete() - tokens they made are not theirs any more: delete those before. */
int store_user_delete(struct store *store, uint64_t id, struct err *err);
/** store_user_find_orphan() - an account that has servers or images and would be without an owner
 * who may sign in. Return: 1 with its name, 0 for none, or negative. */
int store_user_find_orphan(struct store *store, uint64_t id, char ret_name[NAME_LABEL_BYTES],
			   struct err *err);
/** store_user_count_service() - how many enabled operators of the service there are. */
int store_user_count_service(struct store *store, uint64_t *ret, struct err *err);

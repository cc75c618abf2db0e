// Who belongs to which account, and what each may do there.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "model/account.h"
#include "model/page.h"
#include "store/store.h"

struct store_members {
	struct member *items;
	size_t count;
	uint64_t total;
};

/** store_membership_set() - ROLE_NONE removes it. */
int store_membership_set(struct store *store, uint64_t user_id, uint64_t customer_id,
			 enum role role, struct err *err);
/** store_membership_role() - ROLE_NONE when not a member. */
int store_membership_role(struct store *store, uint64_t user_id, uint64_t customer_id,
			  enum role *ret, struct err *err);
/** store_membership_first() - the oldest account: where a new session begins. ERR_NOT_FOUND. */
int store_membership_first(struct store *store, uint64_t user_id, struct membership *ret,
			   struct err *err);
int store_membership_get(struct store *store, uint64_t customer_id, uint64_t user_id,
			 struct member *ret, struct err *err);
/** store_membership_list() - an account's people, by name. @name NULL: all. */
int store_membership_list(struct store *store, uint64_t customer_id, const char *name,
			  const struct page *page, struct store_members *ret, struct err *err);
void store_membership_done(struct store_members *members);
/** store_membership_count_owners() - those who can still sign in. */
int store_membership_count_owners(struct store *store, uint64_t customer_id, uint64_t *ret,
				  struct err *err);

// One-time invitations in the database: only the hashes of their keys.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "model/account.h"
#include "model/page.h"
#include "store/store.h"

struct store_invitations {
	struct invitation *items;
	size_t count;
	uint64_t total;
};

int store_invitation_insert(struct store *store, struct invitation *invitation, struct err *err);
/** store_invitation_find() - one that can still be redeemed. */
int store_invitation_find(struct store *store, const uint8_t hash[SECRET_HASH_BYTES],
			  int64_t now_ms, struct invitation *ret, struct err *err);
/** store_invitation_redeem() - one atomic statement: of any number of attempts exactly one wins,
 * the others get ERR_NOT_FOUND. Make the user in the same transaction, then set whom it made with
 * store_invitation_update_user(). */
int store_invitation_redeem(struct store *store, const uint8_t hash[SECRET_HASH_BYTES],
			    int64_t now_ms, struct invitation *ret, struct err *err);
int store_invitation_update_user(struct store *store, uint64_t id, uint64_t user_id,
				 struct err *err);
int store_invitation_list(struct store *store, uint64_t customer_id, const struct page *page,
			  struct store_invitations *ret, struct err *err);
void store_invitation_done(struct store_invitations *invitations);
/** store_invitation_get() - one that was not redeemed; @customer_id 0: to any account. */
int store_invitation_get(struct store *store, uint64_t customer_id, uint64_t id,
			 struct invitation *ret, struct err *err);
int store_invitation_delete(struct store *store, uint64_t id, struct err *err);
/** store_invitation_count_open() - of operators of the service, still redeemable. */
int store_invitation_count_open(struct store *store, int64_t now_ms, uint64_t *ret,
				struct err *err);

// One-time links for a new password, in the database: only the hashes of their keys.
#pragma once

#include <stdint.h>

#include "base/secret.h"
#include "store/store.h"

/** store_password_reset_insert() - the user's earlier links lead nowhere from then on. */
int store_password_reset_insert(struct store *store, uint64_t user_id,
				const uint8_t hash[SECRET_HASH_BYTES], int64_t now_ms,
				int64_t expires_ms, uint64_t *ret_id, struct err *err);
/** store_password_reset_add() - the same, but the user's earlier links stay: whoever asks for one
 * by mail may be a stranger, who must not take away what an operator gave. */
int store_password_reset_add(struct store *store, uint64_t user_id,
			     const uint8_t hash[SECRET_HASH_BYTES], int64_t now_ms,
			     int64_t expires_ms, uint64_t *ret_id, struct err *err);
/** store_password_reset_find() - whose password it sets, if it still can. ERR_NOT_FOUND. */
int store_password_reset_find(struct store *store, const uint8_t hash[SECRET_HASH_BYTES],
			      int64_t now_ms, uint64_t *ret_user_id, struct err *err);
/** store_password_reset_redeem() - one atomic statement: of any number of attempts exactly one
 * wins, the others get ERR_NOT_FOUND. */
int store_password_reset_redeem(struct store *store, const uint8_t hash[SECRET_HASH_BYTES],
				int64_t now_ms, uint64_t *ret_user_id, struct err *err);
/** store_password_reset_delete() - those of the user, and all that have expired. */
int store_password_reset_delete(struct store *store, uint64_t user_id, int64_t now_ms,
				struct err *err);

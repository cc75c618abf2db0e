// Passkeys in the database, and the challenges that wait for an answer in memory.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/secret.h"
#include "model/passkey.h"
#include "store/store.h"

#define STORE_PASSKEY_CHALLENGES_PER_PEER 64
#define STORE_PASSKEY_CHALLENGES          16384

struct store_passkeys {
	struct passkey *items;
	size_t count;
};

/** store_passkey_insert() - sets @passkey->id. Errors: ERR_LIMIT when the person has PASSKEY_MAX,
 * ERR_UNIQUENESS when anybody has the credential, ERR_NOT_FOUND (no such person). */
int store_passkey_insert(struct store *store, struct passkey *passkey, struct err *err);
/** store_passkey_find() - whoever's it is, by the device's name for it. ERR_NOT_FOUND. */
int store_passkey_find(struct store *store, const uint8_t *credential, size_t bytes,
		       struct passkey *ret, struct err *err);
/** store_passkey_get() - ERR_NOT_FOUND also when it is another's than @user_id's. */
int store_passkey_get(struct store *store, uint64_t user_id, uint64_t id, struct passkey *ret,
		      struct err *err);
/** store_passkey_list() - all of a person, the oldest first. */
int store_passkey_list(struct store *store, uint64_t user_id, struct store_passkeys *ret,
		       struct err *err);
void store_passkey_done(struct store_passkeys *passkeys);
/** store_passkey_use() - one atomic statement: the counter goes on, and it was used now.
 * ERR_NOT_FOUND when @counter is not past that of the last signature (0 and 0: nobody counts). */
int store_passkey_use(struct store *store, uint64_t id, uint32_t counter, int64_t now_ms,
		      struct err *err);
/**
 * store_passkey_delete() - nobody is left without a way in: ERR_LAST_PASSKEY when it is the only
 * one of somebody without a password. ERR_NOT_FOUND also when it is another's.
 * @link_will_do: not when there is a one-time link with which they can come in at @now_ms.
 */
int store_passkey_delete(struct store *store, uint64_t user_id, uint64_t id, bool link_will_do,
			 int64_t now_ms, struct err *err);

/* --- challenges: they end with the process --- */

/**
 * store_passkey_challenge_insert() - remember that one was given out.
 * @holder: who alone may answer it: a session, or what a one-time link is for; 0: anybody.
 * @peer: one address that asks again and again loses its own oldest ones only.
 */
int store_passkey_challenge_insert(struct store *store, const uint8_t hash[SECRET_HASH_BYTES],
				   enum passkey_purpose purpose, uint64_t holder, const char *peer,
				   int64_t now_ms, struct err *err);
/** store_passkey_challenge_redeem() - one atomic statement: of any number of answers one wins, the
 * others get ERR_NOT_FOUND. */
int store_passkey_challenge_redeem(struct store *store, const uint8_t hash[SECRET_HASH_BYTES],
				   enum passkey_purpose purpose, uint64_t holder, int64_t now_ms,
				   struct err *err);

// People's passwords: argon2id on worker threads, and a delay that grows with wrong ones.
#pragma once

#include "core/core.h"
#include "model/account.h"

struct password_guard;

int password_guard_new(struct core *core, struct password_guard **ret, struct err *err);
void password_guard_free(struct password_guard *guard);

/**
 * password_guard_delay() - how long this account and address must wait before the next try.
 * Grows with wrong tries from one address on one account and more slowly with those on the account
 * from anywhere, so that nobody can lock its owner out. Milliseconds; 0: go on.
 */
int64_t password_guard_delay(struct password_guard *guard, const char *account, const char *peer);
void password_guard_note(struct password_guard *guard, const char *account, const char *peer,
			 bool right);

/**
 * password_verify() - compare on a worker thread; @done is called on the loop's thread.
 * @hash: NULL for an unknown user, "" for one who has no password; then as much work is done, and
 * the answer is no.
 * Errors: ERR_UNAVAILABLE when too many wait already.
 */
int password_verify(struct password_guard *guard, const char *password, const char *hash,
		    void (*done)(void *context, bool right), void *context, struct err *err);

/** password_hash() - the same for a new password; @hash is "" when there was no memory. */
int password_hash(struct password_guard *guard, const char *password,
		  void (*done)(void *context, const char *hash), void *context, struct err *err);

#define GUEST_HASH_BYTES 256
/** password_hash_guest() - crypt(5), SHA-512: for a generated password of a server. */
int password_hash_guest(const char *password, char out[GUEST_HASH_BYTES]);

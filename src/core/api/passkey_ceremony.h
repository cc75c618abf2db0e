// What every use of a passkey has in common (WebAuthn Level 2, sections 7.1 and 7.2): a challenge
// is given out, and what a browser answers is read and checked as far as that goes without knowing
// whose it is.
#pragma once

#include "core/api/request.h"
#include "core/auth/passkey.h"
#include "store/store_passkey.h"

/**
 * passkey_ceremony_ask() - answer with a challenge for one that is there.
 * @holder: who alone may answer; see store_passkey_challenge_insert().
 * @passkeys: which may sign; NULL: any.
 * Errors: ERR_PASSKEY_SITE.
 */
int passkey_ceremony_ask(struct request *request, enum passkey_purpose purpose, uint64_t holder,
			 const struct store_passkeys *passkeys, struct err *err);
/**
 * passkey_ceremony_ask_new() - the same for a new one of @name, whom devices know by @handle.
 * @passkeys: those that are there; the device that has one of them makes no other. NULL: none.
 */
int passkey_ceremony_ask_new(struct request *request, enum passkey_purpose purpose, uint64_t holder,
			     const uint8_t handle[PASSKEY_HANDLE_BYTES], const char *name,
			     const struct store_passkeys *passkeys, struct err *err);

/** passkey_ceremony_read() - what a device signed, out of the body. ERR_INVALID_INPUT. */
int passkey_ceremony_read(struct request *request, struct passkey_answer *ret, struct err *err);
/** passkey_ceremony_check() - for a challenge of ours, which is used up by it, and said on a page
 * of ours. Errors: ERR_PASSKEY_*. */
int passkey_ceremony_check(struct request *request, enum passkey_purpose purpose, uint64_t holder,
			   const struct passkey_answer *answer, struct passkey_site *ret_site,
			   struct err *err);
/**
 * passkey_ceremony_take_new() - a new passkey out of the body, read, checked and noted.
 * @name_field: where the body has its name.
 * @ret: all but its id and whose it is.
 * Errors: ERR_INVALID_INPUT, ERR_PASSKEY_*.
 */
int passkey_ceremony_take_new(struct request *request, enum passkey_purpose purpose,
			      uint64_t holder, const char *name_field, struct passkey *ret,
			      struct err *err);

// A passkey: what is kept of a credential that somebody's device holds (WebAuthn Level 2).
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "model/name.h"

#define PASSKEY_MAX              10   /* of one person */
#define PASSKEY_CREDENTIAL_BYTES 1023 /* WebAuthn section 4, "Credential ID" */
#define PASSKEY_KEY_BYTES        512  /* as libfido2 holds it; RS256 takes 259 */
#define PASSKEY_CHALLENGE_BYTES  32
#define PASSKEY_CHALLENGE_MS     (INT64_C(3) * 60 * 1000)
#define PASSKEY_HANDLE_BYTES     32

struct passkey {
	uint64_t id;
	uint64_t user_id;
	char name[NAME_LABEL_BYTES];
	uint8_t credential[PASSKEY_CREDENTIAL_BYTES];
	size_t credential_bytes;
	int32_t algorithm; /* of COSE: -7 ES256, -8 EdDSA, -257 RS256 */
	uint8_t key[PASSKEY_KEY_BYTES];
	size_t key_bytes;
	uint32_t counter; /* of signatures; 0: this authenticator does not count */
	int64_t created_ms;
	int64_t last_used_ms; /* 0: never */
};

/* What a challenge was given for; it is good for nothing else. */
enum passkey_purpose {
	PASSKEY_ADD = 1,
	PASSKEY_SIGN_IN,
	PASSKEY_PROVE,
	PASSKEY_JOIN,  /* the first one of who uses an invitation */
	PASSKEY_RESET, /* of who has a link instead of a password */
};

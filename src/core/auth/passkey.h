// Passkeys (WebAuthn Level 2): what a browser says for a device is read and checked here.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "model/account.h"
#include "model/passkey.h"

#define PASSKEY_SITE_BYTES      300
#define PASSKEY_CLIENT_BYTES    4096 /* browsers say 150 to 300 */
#define PASSKEY_DATA_BYTES      2048 /* of an authenticator, with a key of RS256 */
#define PASSKEY_SIGNATURE_BYTES 512

/* For whom passkeys are made: a relying party. */
struct passkey_site {
	char id[PASSKEY_SITE_BYTES];     /* the host's name */
	char origin[PASSKEY_SITE_BYTES]; /* as browsers write it */
};

/* clientDataJSON: what the browser itself says. */
struct passkey_client {
	char type[32];
	uint8_t challenge[PASSKEY_CHALLENGE_BYTES];
	char origin[PASSKEY_SITE_BYTES];
	bool cross_origin; /* in a frame of another site */
};

/* All that a browser sends when a device has signed, decoded. */
struct passkey_answer {
	uint8_t client[PASSKEY_CLIENT_BYTES];
	size_t client_bytes;
	uint8_t data[PASSKEY_DATA_BYTES]; /* authenticatorData */
	size_t data_bytes;
	uint8_t credential[PASSKEY_CREDENTIAL_BYTES];
	size_t credential_bytes;
	uint8_t signature[PASSKEY_SIGNATURE_BYTES];
	size_t signature_bytes;
};

/** passkey_setup() - once at start, before files are out of reach: libcrypto reads its own. */
int passkey_setup(void);

/** passkey_site() - out of the service's public address. ERR_PASSKEY_SITE when that is a bare IP
 * address or not https: browsers make no passkeys for these. */
int passkey_site(const char *url, struct passkey_site *ret, struct err *err);
/** passkey_handle() - what devices know a person by; tells nothing about them. */
void passkey_handle(const struct user *user, uint8_t out[PASSKEY_HANDLE_BYTES]);

/** passkey_read_client() - ERR_PASSKEY_DATA. */
int passkey_read_client(const uint8_t *text, size_t bytes, struct passkey_client *ret,
			struct err *err);
/** passkey_check_client() - said on a page of ours, for making one or for signing. Errors:
 * ERR_PASSKEY_DATA, ERR_PASSKEY_ORIGIN. */
int passkey_check_client(const struct passkey_site *site, const struct passkey_client *client,
			 bool making, struct err *err);
/** passkey_check_data() - made for us, somebody was there, and the device knew them. Errors:
 * ERR_PASSKEY_DATA, ERR_PASSKEY_UNVERIFIED. */
int passkey_check_data(const struct passkey_site *site, const uint8_t *data, size_t bytes,
		       struct err *err);
/** passkey_read_made() - the credential and key of a new one, into @ret; the rest of it is left as
 * it was. No attestation is asked for and none is looked at. ERR_PASSKEY_DATA. */
int passkey_read_made(const struct passkey_site *site, const struct passkey_answer *answer,
		      struct passkey *ret, struct err *err);
/**
 * passkey_verify() - is @answer signed by the holder of @known's key?
 * @known: NULL for an unknown one; then about as much work is done, and the answer is no.
 * @ret_counter: of the signature.
 * Errors: ERR_WRONG_PASSKEY.
 */
int passkey_verify(const struct passkey_site *site, const struct passkey *known,
		   const struct passkey_answer *answer, uint32_t *ret_counter, struct err *err);

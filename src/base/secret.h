// Secrets: zeroed when freed, compared in constant time, kept at rest only as hashes.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SECRET_HASH_BYTES       32
#define SECRET_TOKEN_BYTES      32 /* 256 random bits */
#define SECRET_TOKEN_TEXT_BYTES 65 /* as the clients send it: 64 characters and the NUL */

/* Text nobody but its user may see. The logger has no way to print this type. */
struct secret {
	char *text;
	size_t len;
};

/** secret_setup() - once at start; 0 or -EIO. Initialises libsodium. */
int secret_setup(void);
int secret_set(struct secret *secret, const char *text, size_t len); /* copies */
void secret_done(struct secret *secret);
/** secret_make_token() - 64 characters of [A-Za-z0-9], at least 256 bits. */
int secret_make_token(struct secret *ret);
/** secret_make_password() - for people to type: 20 characters without look-alikes, over 100 bits.
 */
int secret_make_password(struct secret *ret);
/** secret_hash() - BLAKE2b-256 of high-entropy tokens (never of passwords people choose). */
void secret_hash(const char *text, size_t len, uint8_t ret[SECRET_HASH_BYTES]);
bool secret_equal(const void *a, const void *b, size_t bytes);
/** secret_random() - @bytes random bytes. */
void secret_random(void *out, size_t bytes);

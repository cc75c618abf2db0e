// A customer's SSH public key, and the strict reading of one authorized_keys line.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "model/label.h"
#include "model/name.h"

#define SSHKEY_MAX_TEXT_BYTES ((size_t)8192) /* of a line as given */
#define SSHKEY_MAX_BLOB_BYTES ((size_t)4096)
#define SSHKEY_MIN_RSA_BITS   2048
#define SSHKEY_MAX_RSA_BITS   16384
#define SSHKEY_MD5_BYTES      48 /* "aa:bb:…", and the NUL */
#define SSHKEY_SHA256_BYTES   52 /* "SHA256:" and 43 characters */
#define SSHKEY_TYPE_BYTES     40
#define SSHKEY_COMMENT_BYTES  256

/* What a line says. `struct sshkey_public p CLEANUP(sshkey_public_done) = {0};` is empty. */
struct sshkey_public {
	char type[SSHKEY_TYPE_BYTES]; /* ssh-ed25519, ssh-rsa, ecdsa-sha2-…, sk-… */
	unsigned bits;
	char fingerprint[SSHKEY_MD5_BYTES];
	char sha256[SSHKEY_SHA256_BYTES];
	char comment[SSHKEY_COMMENT_BYTES];
	char *text; /* normal form: type, space, base64, and space, comment if there is one */
};

/* A stored key. `struct sshkey k CLEANUP(sshkey_done) = {0};` is a valid empty one. */
struct sshkey {
	uint64_t id;
	uint64_t customer_id;
	char name[NAME_LABEL_BYTES];
	char fingerprint[SSHKEY_MD5_BYTES];
	char *public_key;
	int64_t created_ms;
	struct labels labels;
};

void sshkey_done(struct sshkey *key);
void sshkey_public_done(struct sshkey_public *key);

/**
 * sshkey_parse() - read one public key line (RFC 4253 section 6.6, RFC 5656, RFC 8709).
 *
 * Options before the type, more than one line, control characters, a blob that does not match its
 * type to the last byte, and weak keys are refused. A newline at the end and spaces around are not.
 * Errors: ERR_INVALID_INPUT with what is wrong, -ENOMEM.
 */
int sshkey_parse(const char *text, size_t bytes, struct sshkey_public *ret, struct err *err);

// The public keys a server identifies itself with over SSH, as it told them itself.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "model/sshkey.h"

#define HOST_KEY_MAX_COUNT 4
#define HOST_KEY_MAX_BYTES ((size_t)1024) /* of one, as text */

/* One of a list; slices of its text. */
struct host_key {
	const char *type; /* ssh-ed25519, ecdsa-sha2-nistp256, … */
	size_t type_bytes;
	const char *blob; /* base64 */
	size_t blob_bytes;
	const char *sha256; /* "SHA256:…" */
	size_t sha256_bytes;
};

/**
 * host_key_add() - put the key of one line ("ssh-ed25519 AAAA…", a comment is dropped) into a list.
 * @list: "" or what this made before. A key of the same type gives way to the new one.
 * @ret: the new list, malloc'd.
 *
 * The line comes from a guest and is hostile. Errors: ERR_INVALID_INPUT (sshkey_parse(), a list
 * that is full), -ENOMEM.
 */
int host_key_add(const char *list, const char *line, char **ret, struct err *err);

/** host_key_next() - the next key of a list; @at begins as the list itself. False at its end. */
bool host_key_next(const char **at, struct host_key *ret);

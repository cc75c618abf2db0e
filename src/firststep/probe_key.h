// A key that the host's probe tries to log in with: valid for root, who is refused all the same,
// and for the owner.
#pragma once

#include "firststep/accounts.h"
#include "firststep/tree.h"

#define PROBE_KEY_MAX_SECONDS 600

/**
 * probe_key_allow() - authorise a throw-away key.
 * @blob: base64 of an ssh-ed25519 key, and nothing else.
 * @account: root, or a user with sudo: their folder is written to with their own rights.
 *
 * sshd itself stops accepting it after @seconds (rounded up to a minute), whatever happens here,
 * and even where root may log in it opens no shell, no terminal and no port. Return: 0, -EINVAL (no
 * such key, or authorized_keys is no ordinary file), another -errno.
 */
int probe_key_allow(const struct tree *tree, const struct account *account, const char *blob,
		    unsigned seconds);
/** probe_key_remove() - as before; fine when there is none. */
int probe_key_remove(const struct tree *tree, const struct account *account);

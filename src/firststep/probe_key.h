// A key that the host's probe tries to log in as root with: it has to be valid, and refused all the
// same.
#pragma once

#include "firststep/tree.h"

#define PROBE_KEY_MINUTES 2

/**
 * probe_key_allow() - authorise a throw-away key for root, for PROBE_KEY_MINUTES.
 * @key: "ssh-ed25519 BASE64" and nothing else.
 *
 * sshd itself stops accepting it then (expiry-time), whatever happens here, and even where root may
 * log in it opens no shell, no terminal and no port.
 * Return: 0, -EINVAL (no such key, or authorized_keys is no ordinary file), another -errno.
 */
int probe_key_allow(const struct tree *tree, const char *key);
/** probe_key_remove() - as before; fine when there is none. */
int probe_key_remove(const struct tree *tree);

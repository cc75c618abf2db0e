// The public halves of SSH's host keys, for whoever has to know this server by them.
#pragma once

#include <stddef.h>

#include "firststep/tree.h"

#define HOST_KEYS_MAX       8
#define HOST_KEY_TYPE_BYTES 48
#define HOST_KEY_BLOB_BYTES 1536 /* base64 of an RSA key of 8192 bits, and the NUL */

struct host_keys {
	struct {
		char type[HOST_KEY_TYPE_BYTES];
		char blob[HOST_KEY_BLOB_BYTES];
	} list[HOST_KEYS_MAX];
	size_t count;
};

/** host_keys_load() - of /etc/ssh/ssh_host_*_key.pub; what is no such file is passed over. */
void host_keys_load(const struct tree *tree, struct host_keys *ret);
/** host_key_split() - "type base64 comment" into its first two words. 0 or -EINVAL. */
int host_key_split(const char *line, char type[HOST_KEY_TYPE_BYTES],
		   char blob[HOST_KEY_BLOB_BYTES]);

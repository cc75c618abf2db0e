// Fingerprints of SSH's host keys, as ssh-keygen -l shows them.
#pragma once

#include <stddef.h>

#include "firststep/tree.h"

#define HOST_KEYS_MAX 8

struct host_keys {
	struct {
		char type[48];
		char fingerprint[64]; /* SHA256:... */
	} list[HOST_KEYS_MAX];
	size_t count;
};

/** host_keys_load() - of /etc/ssh/ssh_host_*_key.pub; what is no such file is passed over. */
void host_keys_load(const struct tree *tree, struct host_keys *ret);
/** host_key_fingerprint() - of "type base64 comment". 0 or -EINVAL. */
int host_key_fingerprint(const char *line, char type[48], char fingerprint[64]);

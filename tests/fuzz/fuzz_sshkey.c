// Any line as an SSH public key: what is taken is one line, and its normal form is its own.
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "model/sshkey.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sshkey_public key CLEANUP(sshkey_public_done) = {0};
	struct sshkey_public again CLEANUP(sshkey_public_done) = {0};
	struct err err = {0};

	if (sshkey_parse((const char *)data, size, &key, &err) < 0) {
		if (err.text[0] == '\0')
			abort();
		return 0;
	}
	/* It goes into authorized_keys as it is. */
	if (strpbrk(key.text, "\r\n") != NULL)
		abort();
	if (strncmp(key.text, key.type, strlen(key.type)) != 0 ||
	    sshkey_parse(key.text, strlen(key.text), &again, NULL) < 0 ||
	    strcmp(key.text, again.text) != 0 || strcmp(key.sha256, again.sha256) != 0 ||
	    strcmp(key.fingerprint, again.fingerprint) != 0)
		abort();
	return 0;
}

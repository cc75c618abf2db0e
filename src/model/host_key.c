// A list is text: a line for each key, "type base64 SHA256:…", in the order in which they came.
#include "model/host_key.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"

static bool take_word(const char **at, char end, const char **ret, size_t *ret_bytes)
{
	const char *stop = strchr(*at, end);

	if (stop == NULL || stop == *at)
		return false;
	*ret = *at;
	*ret_bytes = (size_t)(stop - *at);
	*at = stop + 1;
	return true;
}

bool host_key_next(const char **at, struct host_key *ret)
{
	return take_word(at, ' ', &ret->type, &ret->type_bytes) &&
	       take_word(at, ' ', &ret->blob, &ret->blob_bytes) &&
	       take_word(at, '\n', &ret->sha256, &ret->sha256_bytes);
}

static bool is_of_type(const struct host_key *key, const char *type)
{
	return strlen(type) == key->type_bytes && memcmp(type, key->type, key->type_bytes) == 0;
}

int host_key_add(const char *list, const char *line, char **ret, struct err *err)
{
	struct sshkey_public key CLEANUP(sshkey_public_done) = {0};
	struct buf out CLEANUP(buf_done) = {0};
	struct host_key old;
	size_t count = 0;
	int code = sshkey_parse(line, strlen(line), &key, err);

	if (code < 0)
		return code;
	while (host_key_next(&list, &old)) {
		if (is_of_type(&old, key.type))
			continue;
		count++;
		(void)buf_printf(&out, "%.*s %.*s %.*s\n", (int)old.type_bytes, old.type,
				 (int)old.blob_bytes, old.blob, (int)old.sha256_bytes, old.sha256);
	}
	/* The normal form is "type base64" and a comment, which nobody needs. */
	const char *blob = key.text + strlen(key.type) + 1;
	const size_t blob_bytes = strcspn(blob, " ");
	if (count >= HOST_KEY_MAX_COUNT || blob_bytes > HOST_KEY_MAX_BYTES)
		return err_set(err, ERR_INVALID_INPUT,
			       "a server has at most %d host keys of %zu bytes", HOST_KEY_MAX_COUNT,
			       HOST_KEY_MAX_BYTES);
	(void)buf_printf(&out, "%s %.*s %s\n", key.type, (int)blob_bytes, blob, key.sha256);
	*ret = buf_steal(&out);
	return *ret != NULL ? 0 : err_set(err, -ENOMEM, "no memory for a host key");
}

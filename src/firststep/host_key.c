#include "firststep/host_key.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

static const char type_letters[] =
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-@.";
static const char blob_letters[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";

int host_key_split(const char *line, char type[HOST_KEY_TYPE_BYTES], char blob[HOST_KEY_BLOB_BYTES])
{
	const size_t type_bytes = strspn(line, type_letters);

	if (type_bytes == 0 || type_bytes >= HOST_KEY_TYPE_BYTES || line[type_bytes] != ' ')
		return -EINVAL;
	const char *key = line + type_bytes + 1;
	const size_t blob_bytes = strspn(key, blob_letters);
	if (blob_bytes == 0 || blob_bytes >= HOST_KEY_BLOB_BYTES ||
	    strchr(" \r\n", key[blob_bytes]) == NULL)
		return -EINVAL;
	memcpy(type, line, type_bytes);
	type[type_bytes] = '\0';
	memcpy(blob, key, blob_bytes);
	blob[blob_bytes] = '\0';
	return 0;
}

void host_keys_load(const struct tree *tree, struct host_keys *ret)
{
	struct tree_names names CLEANUP(tree_names_done) = {0};

	*ret = (struct host_keys){0};
	(void)tree_list(tree, "/etc/ssh", "ssh_host_*_key.pub", &names);
	for (size_t i = 0; i < names.count && ret->count < HOST_KEYS_MAX; i++) {
		struct buf text CLEANUP(buf_done) = {0};
		char path[320];
		(void)snprintf(path, sizeof path, "/etc/ssh/%.200s", names.names[i]);
		if (tree_read(tree, path, &text) == 0 &&
		    host_key_split(buf_str(&text), ret->list[ret->count].type,
				   ret->list[ret->count].blob) == 0)
			ret->count++;
	}
}

#include "firststep/host_key.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "firststep/sha256.h"

#define BLOB_MAX_BYTES 4096

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static int decode(const char *text, size_t len, uint8_t *out, size_t *ret_bytes)
{
	uint32_t bits = 0;
	unsigned held = 0;
	size_t bytes = 0;

	while (len > 0 && text[len - 1] == '=')
		len--;
	for (size_t i = 0; i < len; i++) {
		const char *at = text[i] != '\0' ? strchr(alphabet, text[i]) : NULL;
		if (at == NULL || bytes == BLOB_MAX_BYTES)
			return -EINVAL;
		bits = bits << 6 | (uint32_t)(at - alphabet);
		held += 6;
		if (held >= 8) {
			held -= 8;
			out[bytes++] = (uint8_t)(bits >> held);
		}
	}
	*ret_bytes = bytes;
	return 0;
}

int host_key_fingerprint(const char *line, char type[48], char fingerprint[64])
{
	uint8_t blob[BLOB_MAX_BYTES], hash[SHA256_BYTES + 1] = {0};
	const size_t type_len = strcspn(line, " \n");
	size_t bytes;

	if (type_len == 0 || type_len >= 48 || line[type_len] != ' ')
		return -EINVAL;
	const char *key = line + type_len + 1;
	if (decode(key, strcspn(key, " \r\n"), blob, &bytes) < 0 || bytes < 4 + type_len ||
	    memcmp(blob + 4, line, type_len) != 0)
		return -EINVAL;
	sha256(blob, bytes, hash);
	memcpy(type, line, type_len);
	type[type_len] = '\0';
	memcpy(fingerprint, "SHA256:", 7);
	/* 32 bytes are 43 letters without the "=" that ssh-keygen leaves out too. */
	for (size_t i = 0; i < 43; i++) {
		const size_t bit = i * 6;
		const unsigned two = (unsigned)hash[bit / 8] << 8 | hash[bit / 8 + 1];
		fingerprint[7 + i] = alphabet[(two >> (10 - bit % 8)) & 63];
	}
	fingerprint[50] = '\0';
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
		    host_key_fingerprint(buf_str(&text), ret->list[ret->count].type,
					 ret->list[ret->count].fingerprint) == 0)
			ret->count++;
	}
}

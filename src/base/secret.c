#include "base/secret.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

int secret_setup(void)
{
	return sodium_init() < 0 ? -EIO : 0;
}

int secret_set(struct secret *secret, const char *text, size_t len)
{
	char *copy = malloc(len + 1);

	if (copy == NULL)
		return -ENOMEM;
	memcpy(copy, text, len);
	copy[len] = '\0';
	secret_done(secret);
	*secret = (struct secret){copy, len};
	return 0;
}

void secret_done(struct secret *secret)
{
	if (secret->text != NULL)
		sodium_memzero(secret->text, secret->len);
	free(secret->text);
	*secret = (struct secret){0};
}

static int make_text(struct secret *ret, size_t len, const char *alphabet)
{
	const uint32_t letters = (uint32_t)strlen(alphabet);
	char *text = malloc(len + 1);

	if (text == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < len; i++)
		text[i] = alphabet[randombytes_uniform(letters)];
	text[len] = '\0';
	secret_done(ret);
	*ret = (struct secret){text, len};
	return 0;
}

int secret_make_token(struct secret *ret)
{
	/* log2(62) * 64 = 381 bits */
	return make_text(ret, SECRET_TOKEN_TEXT_BYTES - 1,
			 "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789");
}

int secret_make_password(struct secret *ret)
{
	/* log2(56) * 20 = 116 bits */
	return make_text(ret, 20, "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789");
}

void secret_hash(const char *text, size_t len, uint8_t ret[SECRET_HASH_BYTES])
{
	(void)crypto_generichash(ret, SECRET_HASH_BYTES, (const unsigned char *)text, len, NULL, 0);
}

bool secret_equal(const void *a, const void *b, size_t bytes)
{
	return sodium_memcmp(a, b, bytes) == 0;
}

void secret_random(void *out, size_t bytes)
{
	randombytes_buf(out, bytes);
}

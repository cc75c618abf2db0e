/*
 * A public key line is "type base64 [comment]". The blob inside repeats the type and carries the
 * numbers of the key, each as a 32-bit big-endian length and bytes (RFC 4251 section 5). What sshd
 * would ignore or misread is refused here, because the line is written into authorized_keys of a
 * guest: one line with one key and no options, or nothing.
 */
#include "model/sshkey.h"

#include <errno.h>
#include <openssl/evp.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/parse.h"

#define MAX_APPLICATION_BYTES 256

struct blob {
	const uint8_t *at;
	const uint8_t *end;
};

struct field {
	const uint8_t *data;
	size_t bytes;
};

enum kind { KIND_ED25519, KIND_RSA, KIND_ECDSA };

static const struct type {
	const char *name;
	enum kind kind;
	bool hardware;     /* a security key's: an application follows */
	const char *curve; /* ECDSA */
	unsigned bits;
} types[] = {
	{"ssh-ed25519", KIND_ED25519, false, NULL, 256},
	{"ssh-rsa", KIND_RSA, false, NULL, 0},
	{"ecdsa-sha2-nistp256", KIND_ECDSA, false, "nistp256", 256},
	{"ecdsa-sha2-nistp384", KIND_ECDSA, false, "nistp384", 384},
	{"ecdsa-sha2-nistp521", KIND_ECDSA, false, "nistp521", 521},
	{"sk-ssh-ed25519@openssh.com", KIND_ED25519, true, NULL, 256},
	{"sk-ecdsa-sha2-nistp256@openssh.com", KIND_ECDSA, true, "nistp256", 256},
};

void sshkey_done(struct sshkey *key)
{
	free(key->public_key);
	label_done(&key->labels);
	memset(key, 0, sizeof(*key));
}

void sshkey_public_done(struct sshkey_public *key)
{
	free(key->text);
	memset(key, 0, sizeof(*key));
}

static bool read_field(struct blob *blob, struct field *ret)
{
	size_t left = (size_t)(blob->end - blob->at);
	size_t bytes;

	if (left < 4)
		return false;
	bytes = (size_t)blob->at[0] << 24 | (size_t)blob->at[1] << 16 | (size_t)blob->at[2] << 8 |
		blob->at[3];
	if (bytes > left - 4)
		return false;
	*ret = (struct field){.data = blob->at + 4, .bytes = bytes};
	blob->at += 4 + bytes;
	return true;
}

static bool field_is(const struct field *field, const char *text)
{
	return field->bytes == strlen(text) && memcmp(field->data, text, field->bytes) == 0;
}

/* A positive mpint in its shortest form (RFC 4251 section 5); its length in bits, 0 if malformed.
 */
static unsigned mpint_bits(const struct field *field)
{
	const uint8_t *data = field->data;
	size_t bytes = field->bytes;
	unsigned bits;

	if (bytes == 0 || data[0] & 0x80 || bytes > SSHKEY_MAX_BLOB_BYTES)
		return 0;
	if (data[0] == 0) {
		if (bytes == 1 || !(data[1] & 0x80))
			return 0;
		data++;
		bytes--;
	}
	bits = (unsigned)bytes * 8;
	for (uint8_t mask = 0x80; mask && !(data[0] & mask); mask >>= 1)
		bits--;
	return bits;
}

static int check_rsa(struct blob *blob, unsigned *ret_bits, struct err *err)
{
	struct field exponent;
	struct field modulus;
	unsigned bits;

	if (!read_field(blob, &exponent) || !read_field(blob, &modulus))
		return err_set(err, ERR_INVALID_INPUT, "the key is cut short");
	bits = mpint_bits(&modulus);
	if (mpint_bits(&exponent) < 2 || !(exponent.data[exponent.bytes - 1] & 1) || bits == 0 ||
	    !(modulus.data[modulus.bytes - 1] & 1))
		return err_set(err, ERR_INVALID_INPUT, "the numbers of the RSA key are not valid");
	if (bits < SSHKEY_MIN_RSA_BITS)
		return err_set(err, ERR_INVALID_INPUT,
			       "the RSA key has %u bits, at least %d are needed: make a new one "
			       "with ssh-keygen -t ed25519",
			       bits, SSHKEY_MIN_RSA_BITS);
	if (bits > SSHKEY_MAX_RSA_BITS)
		return err_set(err, ERR_INVALID_INPUT, "the RSA key has more than %d bits",
			       SSHKEY_MAX_RSA_BITS);
	*ret_bits = bits;
	return 0;
}

static int check_ed25519(struct blob *blob, struct err *err)
{
	struct field point;

	if (!read_field(blob, &point) || point.bytes != 32)
		return err_set(err, ERR_INVALID_INPUT, "the Ed25519 key does not have 32 bytes");
	return 0;
}

static int check_ecdsa(struct blob *blob, const struct type *type, struct err *err)
{
	size_t coordinate = (type->bits + 7) / 8;
	struct field curve;
	struct field point;

	if (!read_field(blob, &curve) || !field_is(&curve, type->curve))
		return err_set(err, ERR_INVALID_INPUT, "the key's curve is not that of its type");
	if (!read_field(blob, &point) || point.bytes != 1 + 2 * coordinate || point.data[0] != 4)
		return err_set(err, ERR_INVALID_INPUT,
			       "the key's point is not in the uncompressed form of its curve");
	return 0;
}

static int check_blob(const struct type *type, const uint8_t *data, size_t bytes,
		      unsigned *ret_bits, struct err *err)
{
	struct blob blob = {.at = data, .end = data + bytes};
	unsigned bits = type->bits;
	struct field name;
	struct field application;
	int r = 0;

	if (!read_field(&blob, &name) || !field_is(&name, type->name))
		return err_set(err, ERR_INVALID_INPUT,
			       "the key is damaged: its inside is not of type %s", type->name);
	switch (type->kind) {
	case KIND_ED25519:
		r = check_ed25519(&blob, err);
		break;
	case KIND_RSA:
		r = check_rsa(&blob, &bits, err);
		break;
	case KIND_ECDSA:
		r = check_ecdsa(&blob, type, err);
		break;
	}
	if (r < 0)
		return r;
	if (type->hardware && (!read_field(&blob, &application) || application.bytes == 0 ||
			       application.bytes > MAX_APPLICATION_BYTES))
		return err_set(err, ERR_INVALID_INPUT, "the security key names no application");
	if (blob.at != blob.end)
		return err_set(err, ERR_INVALID_INPUT, "the key has more bytes than its type");
	*ret_bits = bits;
	return 0;
}

static int fingerprints(const uint8_t *blob, size_t bytes, struct sshkey_public *key,
			struct err *err)
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned digest_bytes;

	if (EVP_Digest(blob, bytes, digest, &digest_bytes, EVP_md5(), NULL) != 1 ||
	    digest_bytes != 16)
		return err_set(err, ERR_SERVER, "MD5 is not available in this system's OpenSSL");
	for (unsigned i = 0; i < 16; i++)
		(void)snprintf(key->fingerprint + (size_t)3 * i, 4, i < 15 ? "%02x:" : "%02x",
			       digest[i]);
	if (EVP_Digest(blob, bytes, digest, &digest_bytes, EVP_sha256(), NULL) != 1)
		return err_set(err, ERR_SERVER,
			       "SHA-256 is not available in this system's OpenSSL");
	memcpy(key->sha256, "SHA256:", 7);
	(void)sodium_bin2base64(key->sha256 + 7, sizeof(key->sha256) - 7, digest, digest_bytes,
				sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
	return 0;
}

static int check_line(const char *text, size_t bytes, struct err *err)
{
	if (bytes == 0)
		return err_set(err, ERR_INVALID_INPUT, "the public key is empty");
	if (bytes > SSHKEY_MAX_TEXT_BYTES)
		return err_set(err, ERR_INVALID_INPUT, "the public key is longer than %zu bytes",
			       SSHKEY_MAX_TEXT_BYTES);
	if (memmem(text, bytes, "PRIVATE KEY", 11))
		return err_set(err, ERR_INVALID_INPUT,
			       "this is a private key: keep it secret, and give the line of the "
			       ".pub file instead");
	if (memmem(text, bytes, "BEGIN SSH2 PUBLIC KEY", 21))
		return err_set(err, ERR_INVALID_INPUT,
			       "this key is in the form of RFC 4716: convert it with "
			       "ssh-keygen -i -f FILE");
	if (memchr(text, '\n', bytes) || memchr(text, '\r', bytes))
		return err_set(err, ERR_INVALID_INPUT, "give one key on one line");
	for (size_t i = 0; i < bytes; i++)
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
			return err_set(err, ERR_INVALID_INPUT,
				       "the public key holds a control character");
	return 0;
}

static const struct type *find_type(const char *text, size_t bytes)
{
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (strlen(types[i].name) == bytes && memcmp(types[i].name, text, bytes) == 0)
			return &types[i];
	return NULL;
}

static size_t word_bytes(const char *text, size_t bytes)
{
	const char *space = memchr(text, ' ', bytes);

	return space ? (size_t)(space - text) : bytes;
}

static void skip(const char **text, size_t *left, size_t bytes)
{
	*text += bytes;
	*left -= bytes;
	while (*left > 0 && **text == ' ') {
		(*text)++;
		(*left)--;
	}
}

int sshkey_parse(const char *text, size_t bytes, struct sshkey_public *ret, struct err *err)
{
	struct sshkey_public key CLEANUP(sshkey_public_done) = {0};
	uint8_t blob[SSHKEY_MAX_BLOB_BYTES];
	size_t blob_bytes;
	const char *end;
	int r;

	while (bytes > 0 && (text[bytes - 1] == '\n' || text[bytes - 1] == '\r'))
		bytes--;
	while (bytes > 0 && text[bytes - 1] == ' ')
		bytes--;
	skip(&text, &bytes, 0);
	r = check_line(text, bytes, err);
	if (r < 0)
		return r;

	size_t word = word_bytes(text, bytes);
	const struct type *type = find_type(text, word);

	if (!type)
		return err_set(err, ERR_INVALID_INPUT,
			       "the line must begin with the key's type: ssh-ed25519, ssh-rsa, "
			       "ecdsa-sha2-nistp256/384/521 or sk-…; options before it and other "
			       "types are not taken");
	memcpy(key.type, type->name, strlen(type->name) + 1);
	skip(&text, &bytes, word);

	const char *base64 = text;

	word = word_bytes(text, bytes);
	if (word == 0 ||
	    sodium_base642bin(blob, sizeof(blob), text, word, NULL, &blob_bytes, &end,
			      sodium_base64_VARIANT_ORIGINAL) != 0 ||
	    end != text + word)
		return err_set(err, ERR_INVALID_INPUT,
			       "the key after its type is not valid base64: was it cut off?");
	skip(&text, &bytes, word);
	r = check_blob(type, blob, blob_bytes, &key.bits, err);
	if (r < 0)
		return r;
	if (bytes >= sizeof(key.comment) || !parse_utf8(text, bytes))
		return err_set(err, ERR_INVALID_INPUT,
			       "the comment after the key must be UTF-8 of at most %zu bytes",
			       sizeof(key.comment) - 1);
	memcpy(key.comment, text, bytes);
	r = fingerprints(blob, blob_bytes, &key, err);
	if (r < 0)
		return r;
	if (asprintf(&key.text, "%s %.*s%s%s", type->name, (int)word, base64, bytes ? " " : "",
		     key.comment) < 0) {
		key.text = NULL;
		return err_set(err, -ENOMEM, "out of memory");
	}
	*ret = key;
	memset(&key, 0, sizeof(key));
	return 0;
}

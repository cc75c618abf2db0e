/*
 * Theory of operation
 *
 * The browser vouches for clientDataJSON, the device for authenticatorData, and the signature
 * covers both. libfido2 reads the device's part (CBOR, COSE keys) and verifies signatures; this
 * file reads the browser's part, and says which check failed. What libfido2 checks again (the hash
 * of the relying party's id, presence, verification) is checked here first for that reason alone.
 *
 * Of a new passkey nothing is signed when no attestation is asked for: that the device holds the
 * key is shown when it is first used, and whoever adds one has proved who they are.
 */
#include "core/auth/passkey.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <fido.h>
#include <fido/eddsa.h>
#include <fido/es256.h>
#include <fido/rs256.h>
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/secret.h"

#define HASH_BYTES    crypto_hash_sha256_BYTES
#define FLAGS_AT      HASH_BYTES       /* authenticatorData: WebAuthn section 6.1 */
#define DATA_MIN      (HASH_BYTES + 5) /* hash, flags, counter */
#define FLAG_PRESENT  0x01
#define FLAG_VERIFIED 0x04
#define FLAG_MADE     0x40
#define FLAG_EXTENDED 0x80

static void free_cred(fido_cred_t **cred)
{
	fido_cred_free(cred);
}

static void free_assert(fido_assert_t **assertion)
{
	fido_assert_free(assertion);
}

/* --- whose passkeys --- */

static bool is_address(const char *host)
{
	uint8_t bytes[sizeof(struct in6_addr)];

	return *host == '[' || inet_pton(AF_INET, host, bytes) == 1;
}

int passkey_site(const char *url, struct passkey_site *ret, struct err *err)
{
	static const char scheme[] = "https://";
	struct passkey_site site = {0};
	const char *authority = url + sizeof scheme - 1, *port;
	size_t len, port_len;

	if (strncmp(url, scheme, sizeof scheme - 1) != 0)
		return err_set(err, ERR_PASSKEY_SITE,
			       "passkeys need a service whose address begins with https://");
	len = *authority == '[' ? strcspn(authority, "]/") + 1 : strcspn(authority, ":/");
	if (len == 0 || len >= sizeof site.id)
		return err_set(err, ERR_PASSKEY_SITE, "the service's address has no host");
	for (size_t i = 0; i < len; i++)
		site.id[i] = (char)tolower((unsigned char)authority[i]);
	if (is_address(site.id))
		return err_set(err, ERR_PASSKEY_SITE,
			       "there are no passkeys for a bare IP address: the service needs a "
			       "name (url in the settings)");
	port = authority + len;
	port_len = *port == ':' ? strcspn(port, "/") : 0;
	if (port_len == 4 && memcmp(port, ":443", 4) == 0)
		port_len = 0; /* browsers leave it out */
	if (len + port_len + sizeof scheme > sizeof site.origin)
		return err_set(err, ERR_PASSKEY_SITE, "the service's address is too long");
	memcpy(site.origin, scheme, sizeof scheme - 1);
	memcpy(site.origin + sizeof scheme - 1, site.id, len);
	memcpy(site.origin + sizeof scheme - 1 + len, port, port_len);
	*ret = site;
	return 0;
}

void passkey_handle(const struct user *user, uint8_t out[PASSKEY_HANDLE_BYTES])
{
	char text[96];
	const int len = snprintf(text, sizeof text, "passkey handle\n%llu\n%lld",
				 (unsigned long long)user->id, (long long)user->created_ms);

	_Static_assert(PASSKEY_HANDLE_BYTES == SECRET_HASH_BYTES, "one is the other");
	secret_hash(text, (size_t)len, out);
}

/* --- what the browser says --- */

static void free_json(json_t **json)
{
	json_decref(*json);
}

/* Text without a NUL in it that fits; false also for what is none. */
static bool take_text(const json_t *object, const char *key, char *out, size_t size)
{
	const json_t *value = json_object_get(object, key);
	const char *text = json_string_value(value);

	if (text == NULL || strlen(text) != json_string_length(value) || strlen(text) >= size)
		return false;
	memcpy(out, text, strlen(text) + 1);
	return true;
}

static bool take_challenge(const json_t *object, uint8_t out[PASSKEY_CHALLENGE_BYTES])
{
	const json_t *value = json_object_get(object, "challenge");
	const char *text = json_string_value(value), *end;
	size_t bytes = 0;

	return text != NULL &&
	       sodium_base642bin(out, PASSKEY_CHALLENGE_BYTES, text, json_string_length(value),
				 NULL, &bytes, &end,
				 sodium_base64_VARIANT_URLSAFE_NO_PADDING) == 0 &&
	       bytes == PASSKEY_CHALLENGE_BYTES && end == text + json_string_length(value);
}

int passkey_read_client(const uint8_t *text, size_t bytes, struct passkey_client *ret,
			struct err *err)
{
	struct passkey_client client = {0};
	json_t *object CLEANUP(free_json) = NULL;
	const json_t *cross;

	if (bytes <= PASSKEY_CLIENT_BYTES)
		object = json_loadb((const char *)text, bytes, JSON_REJECT_DUPLICATES, NULL);
	cross = json_object_get(object, "crossOrigin");
	if (!json_is_object(object) ||
	    !take_text(object, "type", client.type, sizeof client.type) ||
	    !take_text(object, "origin", client.origin, sizeof client.origin) ||
	    !take_challenge(object, client.challenge) || (cross != NULL && !json_is_boolean(cross)))
		return err_set(err, ERR_PASSKEY_DATA,
			       "client_data is not what a browser says of a passkey");
	client.cross_origin = json_is_true(cross);
	*ret = client;
	return 0;
}

int passkey_check_client(const struct passkey_site *site, const struct passkey_client *client,
			 bool making, struct err *err)
{
	if (strcmp(client->type, making ? "webauthn.create" : "webauthn.get") != 0)
		return err_set(err, ERR_PASSKEY_DATA, "client_data is of another kind: %s",
			       client->type);
	if (client->cross_origin || strcmp(client->origin, site->origin) != 0)
		return err_set(err, ERR_PASSKEY_ORIGIN,
			       "passkeys work at %.100s only, and not in a frame", site->origin);
	return 0;
}

/* --- what the device says --- */

int passkey_check_data(const struct passkey_site *site, const uint8_t *data, size_t bytes,
		       struct err *err)
{
	uint8_t hash[HASH_BYTES];

	(void)crypto_hash_sha256(hash, (const uint8_t *)site->id, strlen(site->id));
	if (bytes < DATA_MIN || memcmp(data, hash, sizeof hash) != 0)
		return err_set(err, ERR_PASSKEY_DATA, "this passkey is not for %.100s", site->id);
	if ((data[FLAGS_AT] & FLAG_PRESENT) == 0 || (data[FLAGS_AT] & FLAG_VERIFIED) == 0)
		return err_set(err, ERR_PASSKEY_UNVERIFIED,
			       "the device must ask who you are: a PIN, a finger, a face");
	return 0;
}

/* Does the key make a key at all (a point on the curve, say)? */
static bool is_usable(const struct passkey *passkey)
{
	EVP_PKEY *key = NULL;
	es256_pk_t *es256;
	eddsa_pk_t *eddsa;
	rs256_pk_t *rs256;

	switch (passkey->algorithm) {
	case COSE_ES256:
		es256 = es256_pk_new();
		if (es256 != NULL &&
		    es256_pk_from_ptr(es256, passkey->key, passkey->key_bytes) == FIDO_OK)
			key = es256_pk_to_EVP_PKEY(es256);
		es256_pk_free(&es256);
		break;
	case COSE_EDDSA:
		eddsa = eddsa_pk_new();
		if (eddsa != NULL &&
		    eddsa_pk_from_ptr(eddsa, passkey->key, passkey->key_bytes) == FIDO_OK)
			key = eddsa_pk_to_EVP_PKEY(eddsa);
		eddsa_pk_free(&eddsa);
		break;
	case COSE_RS256:
		rs256 = rs256_pk_new();
		if (rs256 != NULL &&
		    rs256_pk_from_ptr(rs256, passkey->key, passkey->key_bytes) == FIDO_OK)
			key = rs256_pk_to_EVP_PKEY(rs256);
		rs256_pk_free(&rs256);
		break;
	default:
		break;
	}
	EVP_PKEY_free(key);
	return key != NULL;
}

/*
 * Keys as COSE writes them, in the one form that CTAP2 allows (WebAuthn section 6.5.1.1). Whatever
 * is of another form stays away from libcbor, which takes memory for as many items as an array says
 * it has before it looks for them: a few bytes would take all there is.
 */
struct shape {
	int algorithm;
	size_t bytes;
	struct {
		size_t at, bytes;
		uint8_t is[16];
	} parts[3];
};

static const struct shape shapes[] = {
	{COSE_ES256,
	 77,
	 {{0, 10, {0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20}},
	  {42, 3, {0x22, 0x58, 0x20}}}},
	{COSE_EDDSA, 42, {{0, 10, {0xa4, 0x01, 0x01, 0x03, 0x27, 0x20, 0x06, 0x21, 0x58, 0x20}}}},
	{COSE_RS256,
	 272,
	 {{0, 11, {0xa4, 0x01, 0x03, 0x03, 0x39, 0x01, 0x00, 0x20, 0x59, 0x01, 0x00}},
	  {267, 5, {0x21, 0x43, 0x01, 0x00, 0x01}}}},
};

static bool has_shape(const struct shape *shape, const uint8_t *key, size_t bytes)
{
	if (bytes < shape->bytes)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(shape->parts); i++)
		if (memcmp(key + shape->parts[i].at, shape->parts[i].is, shape->parts[i].bytes) !=
		    0)
			return false;
	return true;
}

/* Of which kind the key is, and where it ends: WebAuthn section 6.5.1. NULL: of none we take. */
static const struct shape *find_key(const uint8_t *data, size_t bytes, size_t *ret_end)
{
	size_t at = DATA_MIN + 16 + 2; /* behind them the credential */

	if (bytes < at || (data[FLAGS_AT] & FLAG_MADE) == 0)
		return NULL;
	at += (size_t)data[at - 2] << 8 | data[at - 1];
	if (at > bytes)
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(shapes); i++)
		if (has_shape(&shapes[i], data + at, bytes - at)) {
			*ret_end = at + shapes[i].bytes;
			return &shapes[i];
		}
	return NULL;
}

/* Extensions that a device adds by itself say nothing to us, and nothing of this is signed: they
 * are left out. */
int passkey_read_made(const struct passkey_site *site, const struct passkey_answer *answer,
		      struct passkey *ret, struct err *err)
{
	fido_cred_t *cred CLEANUP(free_cred) = fido_cred_new();
	struct passkey made = *ret;
	uint8_t data[PASSKEY_DATA_BYTES];
	size_t end = 0;
	const struct shape *shape = find_key(answer->data, answer->data_bytes, &end);

	if (cred == NULL)
		return -ENOMEM;
	if (shape == NULL)
		goto none;
	memcpy(data, answer->data, end);
	data[FLAGS_AT] &= (uint8_t)~FLAG_EXTENDED;
	if (fido_cred_set_type(cred, shape->algorithm) != FIDO_OK ||
	    fido_cred_set_rp(cred, site->id, NULL) != FIDO_OK ||
	    fido_cred_set_clientdata(cred, answer->client, answer->client_bytes) != FIDO_OK ||
	    fido_cred_set_fmt(cred, "none") != FIDO_OK ||
	    fido_cred_set_authdata_raw(cred, data, end) != FIDO_OK)
		goto none;
	made.algorithm = shape->algorithm;
	made.credential_bytes = fido_cred_id_len(cred);
	made.key_bytes = fido_cred_pubkey_len(cred);
	made.counter = fido_cred_sigcount(cred);
	if (fido_cred_id_ptr(cred) == NULL || fido_cred_pubkey_ptr(cred) == NULL ||
	    made.credential_bytes == 0 || made.credential_bytes > sizeof made.credential ||
	    made.key_bytes == 0 || made.key_bytes > sizeof made.key)
		goto none;
	memcpy(made.credential, fido_cred_id_ptr(cred), made.credential_bytes);
	memcpy(made.key, fido_cred_pubkey_ptr(cred), made.key_bytes);
	if (!is_usable(&made))
		goto none;
	*ret = made;
	return 0;
none:
	return err_set(
		err, ERR_PASSKEY_DATA,
		"authenticator_data has no key of a kind that is taken: ES256, EdDSA, RS256");
}

static int verify_with(const fido_assert_t *assertion, const struct passkey *known)
{
	int code = FIDO_ERR_INTERNAL;
	es256_pk_t *es256;
	eddsa_pk_t *eddsa;
	rs256_pk_t *rs256;

	switch (known->algorithm) {
	case COSE_ES256:
		es256 = es256_pk_new();
		if (es256 != NULL &&
		    (code = es256_pk_from_ptr(es256, known->key, known->key_bytes)) == FIDO_OK)
			code = fido_assert_verify(assertion, 0, COSE_ES256, es256);
		es256_pk_free(&es256);
		break;
	case COSE_EDDSA:
		eddsa = eddsa_pk_new();
		if (eddsa != NULL &&
		    (code = eddsa_pk_from_ptr(eddsa, known->key, known->key_bytes)) == FIDO_OK)
			code = fido_assert_verify(assertion, 0, COSE_EDDSA, eddsa);
		eddsa_pk_free(&eddsa);
		break;
	case COSE_RS256:
		rs256 = rs256_pk_new();
		if (rs256 != NULL &&
		    (code = rs256_pk_from_ptr(rs256, known->key, known->key_bytes)) == FIDO_OK)
			code = fido_assert_verify(assertion, 0, COSE_RS256, rs256);
		rs256_pk_free(&rs256);
		break;
	default:
		break;
	}
	return code;
}

/* A key that is nobody's, for an unknown passkey: the base point of P-256. Everybody can sign for
 * it, so that what comes of it is not looked at. */
static const struct passkey nobodys = {
	.algorithm = COSE_ES256,
	.key = {0x6b, 0x17, 0xd1, 0xf2, 0xe1, 0x2c, 0x42, 0x47, 0xf8, 0xbc, 0xe6, 0xe5, 0x63,
		0xa4, 0x40, 0xf2, 0x77, 0x03, 0x7d, 0x81, 0x2d, 0xeb, 0x33, 0xa0, 0xf4, 0xa1,
		0x39, 0x45, 0xd8, 0x98, 0xc2, 0x96, 0x4f, 0xe3, 0x42, 0xe2, 0xfe, 0x1a, 0x7f,
		0x9b, 0x8e, 0xe7, 0xeb, 0x4a, 0x7c, 0x0f, 0x9e, 0x16, 0x2b, 0xce, 0x33, 0x57,
		0x6b, 0x31, 0x5e, 0xce, 0xcb, 0xb6, 0x40, 0x68, 0x37, 0xbf, 0x51, 0xf5},
	.key_bytes = 64,
};

int passkey_verify(const struct passkey_site *site, const struct passkey *known,
		   const struct passkey_answer *answer, uint32_t *ret_counter, struct err *err)
{
	fido_assert_t *assertion CLEANUP(free_assert) = fido_assert_new();
	int code;

	if (assertion == NULL)
		return -ENOMEM;
	/* No extension is asked for: then nothing stands behind the counter, and nothing of a
	 * stranger's is read as CBOR. */
	if (answer->data_bytes != DATA_MIN ||
	    (answer->data[FLAGS_AT] & (FLAG_MADE | FLAG_EXTENDED)) != 0 ||
	    fido_assert_set_rp(assertion, site->id) != FIDO_OK ||
	    fido_assert_set_clientdata(assertion, answer->client, answer->client_bytes) !=
		    FIDO_OK ||
	    fido_assert_set_count(assertion, 1) != FIDO_OK ||
	    fido_assert_set_up(assertion, FIDO_OPT_TRUE) != FIDO_OK ||
	    fido_assert_set_uv(assertion, FIDO_OPT_TRUE) != FIDO_OK ||
	    fido_assert_set_authdata_raw(assertion, 0, answer->data, answer->data_bytes) !=
		    FIDO_OK ||
	    fido_assert_set_sig(assertion, 0, answer->signature, answer->signature_bytes) !=
		    FIDO_OK)
		code = FIDO_ERR_INVALID_ARGUMENT;
	else
		code = verify_with(assertion, known != NULL ? known : &nobodys);
	if (known == NULL || code != FIDO_OK)
		return err_set(err, ERR_WRONG_PASSKEY, "this passkey is not known here");
	*ret_counter = fido_assert_sigcount(assertion, 0);
	return 0;
}

int passkey_setup(void)
{
	struct passkey_answer answer = {.client = "{}", .client_bytes = 2, .signature_bytes = 1};
	const struct passkey_site site = {.id = "localhost"};
	uint32_t counter;

	fido_init(FIDO_DISABLE_U2F_FALLBACK);
	(void)crypto_hash_sha256(answer.data, (const uint8_t *)site.id, strlen(site.id));
	answer.data[FLAGS_AT] = FLAG_PRESENT | FLAG_VERIFIED;
	answer.data_bytes = DATA_MIN;
	(void)passkey_verify(&site, NULL, &answer, &counter, NULL);
	return is_usable(&nobodys) ? 0 : -EIO;
}

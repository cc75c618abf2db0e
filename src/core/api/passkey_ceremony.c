#include "core/api/passkey_ceremony.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/secret.h"
#include "core/api/note.h"

#define BASE64 sodium_base64_VARIANT_URLSAFE_NO_PADDING

/* --- challenges --- */

static json_t *base64(const uint8_t *bytes, size_t count)
{
	char text[sodium_base64_ENCODED_LEN(PASSKEY_CREDENTIAL_BYTES, BASE64)];

	return json_string(sodium_bin2base64(text, sizeof text, bytes, count, BASE64));
}

static json_t *render_credentials(const struct store_passkeys *passkeys)
{
	json_t *credentials = json_array();

	for (size_t i = 0; i < passkeys->count; i++)
		(void)json_array_append_new(
			credentials,
			base64(passkeys->items[i].credential, passkeys->items[i].credential_bytes));
	return credentials;
}

/* Steals @user. */
static int ask(struct request *request, enum passkey_purpose purpose, uint64_t holder, json_t *user,
	       const struct store_passkeys *passkeys, struct err *err)
{
	uint8_t random[PASSKEY_CHALLENGE_BYTES], hash[SECRET_HASH_BYTES];
	const int64_t now_ms = clock_now_ms();
	struct passkey_site site;
	json_t *made;
	int code = passkey_site(request->core->config->url, &site, err);

	secret_random(random, sizeof random);
	secret_hash((const char *)random, sizeof random, hash);
	if (code == 0)
		code = store_passkey_challenge_insert(request->core->store, hash, purpose, holder,
						      request->http->peer, now_ms, err);
	if (code < 0) {
		json_decref(user);
		return code;
	}
	made = json_pack("{s:o, s:s, s:s, s:o}", "challenge", base64(random, sizeof random), "site",
			 site.id, "origin", site.origin, "expires",
			 json_time(now_ms + PASSKEY_CHALLENGE_MS));
	if (user != NULL)
		(void)json_object_set_new(made, "user", user);
	if (passkeys != NULL)
		(void)json_object_set_new(made, "credentials", render_credentials(passkeys));
	return request_answer(request, 201, "passkey_challenge", made);
}

int passkey_ceremony_ask(struct request *request, enum passkey_purpose purpose, uint64_t holder,
			 const struct store_passkeys *passkeys, struct err *err)
{
	return ask(request, purpose, holder, NULL, passkeys, err);
}

int passkey_ceremony_ask_new(struct request *request, enum passkey_purpose purpose, uint64_t holder,
			     const uint8_t handle[PASSKEY_HANDLE_BYTES], const char *name,
			     const struct store_passkeys *passkeys, struct err *err)
{
	static const struct store_passkeys none = {0};

	return ask(request, purpose, holder,
		   json_pack("{s:o, s:s}", "handle", base64(handle, PASSKEY_HANDLE_BYTES), "name",
			     name),
		   passkeys != NULL ? passkeys : &none, err);
}

/* --- answers --- */

static int take_bytes(struct request *request, const char *key, uint8_t *out, size_t size,
		      size_t *ret_bytes, struct err *err)
{
	const char *text = NULL, *end = NULL;
	int code = body_need_text(request, key, &text, err);

	if (code < 0)
		return code;
	if (sodium_base642bin(out, size, text, strlen(text), NULL, ret_bytes, &end, BASE64) != 0 ||
	    *end != '\0' || *ret_bytes == 0)
		return request_invalid(request, err, key,
				       "must be base64url without padding, of at most %zu bytes",
				       size);
	return 0;
}

/* What comes of making one and of signing alike. */
static int take_data(struct request *request, struct passkey_answer *ret, struct err *err)
{
	const int code = take_bytes(request, "client_data", ret->client, sizeof ret->client,
				    &ret->client_bytes, err);

	return code < 0 ? code
			: take_bytes(request, "authenticator_data", ret->data, sizeof ret->data,
				     &ret->data_bytes, err);
}

int passkey_ceremony_read(struct request *request, struct passkey_answer *ret, struct err *err)
{
	int code;

	if ((code = take_data(request, ret, err)) < 0 ||
	    (code = take_bytes(request, "credential", ret->credential, sizeof ret->credential,
			       &ret->credential_bytes, err)) < 0)
		return code;
	return take_bytes(request, "signature", ret->signature, sizeof ret->signature,
			  &ret->signature_bytes, err);
}

int passkey_ceremony_check(struct request *request, enum passkey_purpose purpose, uint64_t holder,
			   const struct passkey_answer *answer, struct passkey_site *ret_site,
			   struct err *err)
{
	const bool making =
		purpose == PASSKEY_ADD || purpose == PASSKEY_JOIN || purpose == PASSKEY_RESET;
	struct passkey_client client;
	uint8_t hash[SECRET_HASH_BYTES];
	int code;

	if ((code = passkey_site(request->core->config->url, ret_site, err)) < 0 ||
	    (code = passkey_read_client(answer->client, answer->client_bytes, &client, err)) < 0)
		return code;
	secret_hash((const char *)client.challenge, sizeof client.challenge, hash);
	code = store_passkey_challenge_redeem(request->core->store, hash, purpose, holder,
					      clock_now_ms(), err);
	if (code == ERR_NOT_FOUND)
		return err_set(err, ERR_PASSKEY_CHALLENGE,
			       "this challenge was answered before, has expired, or never was");
	if (code < 0 || (code = passkey_check_client(ret_site, &client, making, err)) < 0)
		return code;
	return passkey_check_data(ret_site, answer->data, answer->data_bytes, err);
}

int passkey_ceremony_take_new(struct request *request, enum passkey_purpose purpose,
			      uint64_t holder, const char *name_field, struct passkey *ret,
			      struct err *err)
{
	struct passkey_answer answer = {0}; /* the credential is in the data; nothing is signed */
	struct passkey_site site;
	const char *name = NULL;
	int code;

	if ((code = body_need_text(request, name_field, &name, err)) < 0)
		return code;
	if ((code = name_check_free(name, err)) < 0)
		return request_field(request, name_field, code, err);
	if ((code = take_data(request, &answer, err)) < 0 ||
	    (code = passkey_ceremony_check(request, purpose, holder, &answer, &site, err)) < 0 ||
	    (code = passkey_read_made(&site, &answer, ret, err)) < 0)
		return code;
	(void)snprintf(ret->name, sizeof ret->name, "%s", name);
	ret->created_ms = clock_now_ms();
	note_detail(request, "passkey", json_string(ret->name));
	return 0;
}

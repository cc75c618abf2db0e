#include "web/handshake.h"

#include <openssl/evp.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"

/* 16 bytes in base64: 22 characters and two of padding. */
#define KEY_BYTES  24
#define KEY_DIGITS 22
#define SHA1_BYTES 20

static bool slice_is(const struct slice *slice, const char *text)
{
	return slice->len == strlen(text) && memcmp(slice->data, text, slice->len) == 0;
}

/* The only field of this name; NULL when there is none or more than one. */
static const struct slice *only_field(const struct http_head *head, const char *name)
{
	const struct slice *found = NULL;

	for (size_t i = 0; i < head->field_count; i++) {
		const struct http_field *field = &head->fields[i];
		if (field->name.len != strlen(name) ||
		    strncasecmp((const char *)field->name.data, name, field->name.len) != 0)
			continue;
		if (found != NULL)
			return NULL;
		found = &field->value;
	}
	return found;
}

/* A field that may stand more than once, as a list (RFC 9110 section 5.3). */
static bool any_field_has(const struct http_head *head, const char *name, const char *word)
{
	for (size_t i = 0; i < head->field_count; i++) {
		const struct http_field *field = &head->fields[i];
		if (field->name.len == strlen(name) &&
		    strncasecmp((const char *)field->name.data, name, field->name.len) == 0 &&
		    http_list_has(&field->value, word))
			return true;
	}
	return false;
}

static bool is_key(const struct slice *key)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	if (key->len != KEY_BYTES || key->data[KEY_DIGITS] != '=' ||
	    key->data[KEY_DIGITS + 1] != '=')
		return false;
	for (size_t i = 0; i < KEY_DIGITS; i++)
		if (memchr(digits, key->data[i], sizeof digits - 1) == NULL)
			return false;
	return true;
}

static bool make_accept(const struct slice *key, char accept[HANDSHAKE_ACCEPT_BYTES])
{
	static const char magic[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
	uint8_t text[KEY_BYTES + sizeof magic - 1], digest[EVP_MAX_MD_SIZE];
	unsigned bytes = 0;

	memcpy(text, key->data, KEY_BYTES);
	memcpy(text + KEY_BYTES, magic, sizeof magic - 1);
	if (EVP_Digest(text, sizeof text, digest, &bytes, EVP_sha1(), NULL) != 1 ||
	    bytes != SHA1_BYTES)
		return false;
	(void)EVP_EncodeBlock((unsigned char *)accept, digest, SHA1_BYTES);
	return true;
}

enum handshake_result handshake_check(const struct http_head *head, struct handshake *ret)
{
	const struct slice *key = only_field(head, "sec-websocket-key");
	const struct slice *version = only_field(head, "sec-websocket-version");
	struct handshake handshake = {0};

	if (!slice_is(&head->method, "GET") || head->minor == 0 || head->content_length > 0 ||
	    head->chunked || !any_field_has(head, "upgrade", "websocket") ||
	    !any_field_has(head, "connection", "upgrade") || key == NULL || !is_key(key) ||
	    version == NULL)
		return HANDSHAKE_NONE;
	if (!slice_is(version, "13"))
		return HANDSHAKE_VERSION;
	if (!make_accept(key, handshake.accept))
		return HANDSHAKE_NONE;
	handshake.binary = any_field_has(head, "sec-websocket-protocol", "binary");
	*ret = handshake;
	return HANDSHAKE_VALID;
}

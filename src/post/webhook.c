/*
 * Theory of operation. Who names a URL decides where this machine connects to. So: the address is
 * looked at when the socket is made, after names have been resolved, and that very address is the
 * one connected to; no redirect is followed, no proxy asked, no other protocol spoken; what comes
 * back is counted and thrown away; and what is told of a failure tells nothing about addresses that
 * are not public.
 */
#include "post/webhook.h"

#include <curl/curl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/parse.h"
#include "base/secret.h"
#include "post/reach.h"

#define CONNECT_TIMEOUT_S  5L
#define RESPONSE_MAX_BYTES 4096
#define HEADERS_MAX_BYTES  16384

struct calling {
	const struct config *config;
	size_t body_bytes;
	size_t header_bytes;
	bool refused;
};

void webhook_sign(const char *secret, uint64_t time_s, const char *body,
		  char out[WEBHOOK_SIGNATURE_BYTES])
{
	crypto_auth_hmacsha256_state state;
	unsigned char mac[crypto_auth_hmacsha256_BYTES];
	char time_text[24], hex[2 * sizeof mac + 1];

	(void)snprintf(time_text, sizeof time_text, "%" PRIu64 ".", time_s);
	(void)crypto_auth_hmacsha256_init(&state, (const unsigned char *)secret, strlen(secret));
	(void)crypto_auth_hmacsha256_update(&state, (const unsigned char *)time_text,
					    strlen(time_text));
	(void)crypto_auth_hmacsha256_update(&state, (const unsigned char *)body, strlen(body));
	(void)crypto_auth_hmacsha256_final(&state, mac);
	format_hex(mac, sizeof mac, hex);
	(void)snprintf(out, WEBHOOK_SIGNATURE_BYTES, "t=%" PRIu64 ",v1=%s", time_s, hex);
	sodium_memzero(&state, sizeof state);
}

static curl_socket_t open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct calling *calling = context;

	if (purpose != CURLSOCKTYPE_IPCXN)
		return CURL_SOCKET_BAD;
	if (!reach_is_allowed(&address->addr, &calling->config->webhook_allow)) {
		calling->refused = true;
		return CURL_SOCKET_BAD;
	}
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static size_t count_body(char *data, size_t size, size_t count, void *context)
{
	struct calling *calling = context;

	calling->body_bytes += size * count;
	return calling->body_bytes <= RESPONSE_MAX_BYTES ? size * count : 0;
}

static size_t count_header(char *data, size_t size, size_t count, void *context)
{
	struct calling *calling = context;

	calling->header_bytes += size * count;
	return calling->header_bytes <= HEADERS_MAX_BYTES ? size * count : 0;
}

static struct curl_slist *add(struct curl_slist *headers, const char *text)
{
	struct curl_slist *more = headers != NULL ? curl_slist_append(headers, text) : NULL;

	if (more == NULL)
		curl_slist_free_all(headers);
	return more;
}

static struct curl_slist *make_headers(const struct post_message *message)
{
	struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
	char text[160], signature[WEBHOOK_SIGNATURE_BYTES];

	headers = add(headers, "Expect:");
	headers = add(headers, "Accept:");
	/* The same for every attempt: who gets it twice can tell. */
	(void)snprintf(text, sizeof text, "Ippo-Delivery: %" PRIu64 "-%" PRIu64, message->id,
		       message->created_ms);
	headers = add(headers, text);
	if (message->secret[0] == '\0')
		return headers;
	webhook_sign(message->secret, (uint64_t)time(NULL), message->body, signature);
	(void)snprintf(text, sizeof text, "Ippo-Signature: %s", signature);
	return add(headers, text);
}

static void set_up(CURL *curl, const struct post_message *message, struct calling *calling,
		   struct curl_slist *headers)
{
	(void)curl_easy_setopt(curl, CURLOPT_URL, message->recipient);
	(void)curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	(void)curl_easy_setopt(curl, CURLOPT_PROXY, "");
	(void)curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
	(void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	(void)curl_easy_setopt(curl, CURLOPT_USERAGENT, "ippo/" IPPO_VERSION);
	(void)curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	(void)curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
			       (curl_off_t)strlen(message->body));
	(void)curl_easy_setopt(curl, CURLOPT_POSTFIELDS, message->body);
	(void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, count_body);
	(void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, calling);
	(void)curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, count_header);
	(void)curl_easy_setopt(curl, CURLOPT_HEADERDATA, calling);
	(void)curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	(void)curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, calling);
	(void)curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, CONNECT_TIMEOUT_S);
	(void)curl_easy_setopt(curl, CURLOPT_TIMEOUT, WEBHOOK_TIMEOUT_S);
}

static void judge(CURLcode code, long status, const struct calling *calling, struct outcome *ret)
{
	/* What it says after that is of no interest, nor whether it ever ends. */
	if (status >= 200 && status < 300 &&
	    (code == CURLE_OK || calling->body_bytes > RESPONSE_MAX_BYTES))
		outcome_set(ret, POST_DELIVERED, "%s", "");
	else if (calling->refused && status == 0)
		outcome_set(ret, POST_NEVER, "the URL leads to an address that is not public");
	else if (status >= 300 && status < 400)
		outcome_set(ret, POST_NEVER, "answered %ld: redirects are not followed", status);
	else if (status == 410)
		outcome_set(ret, POST_NEVER, "answered 410: it is gone for good");
	else if (status != 0)
		outcome_set(ret, POST_LATER, "answered %ld", status);
	else
		outcome_set(ret, POST_LATER, "%s", curl_easy_strerror(code));
}

void webhook_send(const struct config *config, const struct post_message *message,
		  struct outcome *ret)
{
	struct calling calling = {.config = config};
	struct curl_slist *headers = make_headers(message);
	CURL *curl = curl_easy_init();
	long status = 0;

	if (curl == NULL || headers == NULL) {
		outcome_set(ret, POST_LATER, "no memory to send");
	} else {
		set_up(curl, message, &calling, headers);
		const CURLcode code = curl_easy_perform(curl);
		(void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
		judge(code, status, &calling, ret);
	}
	curl_slist_free_all(headers);
	curl_easy_cleanup(curl);
}

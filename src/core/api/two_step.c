/*
 * /v1/me/two_step: the second step of signing in, begun, confirmed with a first code, and switched
 * off. An operator takes it away from somebody who has lost everything.
 */
#include <errno.h>
#include <inttypes.h>
#include <liboath/oath.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/secret.h"
#include "core/api/entering.h"
#include "core/api/note.h"
#include "core/api/router.h"
#include "core/auth/authenticate.h"
#include "core/auth/second_step.h"
#include "store/store_second_step.h"
#include "store/store_session.h"
#include "store/store_user.h"

static int get(struct request *request, struct err *err)
{
	struct second_step step = {0};
	uint64_t left = 0;
	int code = store_second_step_get(request->core->store, request->who.user_id, &step, err);

	if (code == 0 && step.confirmed_ms > 0)
		code = store_second_step_count_recovery(request->core->store, request->who.user_id,
							&left, err);
	const int64_t since_ms = step.confirmed_ms;
	explicit_bzero(&step, sizeof step);
	if (code < 0 && code != ERR_NOT_FOUND)
		return code;
	return request_answer(request, 200, "two_step",
			      json_pack("{s:b, s:o, s:I}", "enabled", since_ms > 0, "since",
					json_time(since_ms), "recovery_codes_left",
					(json_int_t)left));
}

/* --- switching it on --- */

/* otpauth://totp/ISSUER:ACCOUNT?…, with the issuer in both places as authenticators want it. They
 * take the first colon for the end of the issuer, however it is written, so no port is in it. What
 * is special in a name or a host is written in percent. */
static void add_escaped(struct buf *uri, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		const char c = text[i];
		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		    strchr("-._", c) != NULL)
			(void)buf_putc(uri, c);
		else
			(void)buf_printf(uri, "%%%02X", (unsigned char)c);
	}
}

static void add_host(struct buf *uri, const char *host)
{
	if (*host == '[') /* an IPv6 address is nothing but colons */
		return;
	(void)buf_printf(uri, "%%20");
	add_escaped(uri, host, strcspn(host, "/:"));
}

static json_t *render_begun(struct request *request, const struct user *user, const char *secret)
{
	struct buf uri CLEANUP(buf_done) = {0};
	const char *url = request->core->config->url;
	const char *host = strstr(url, "://") != NULL ? strstr(url, "://") + 3 : url;
	json_t *made;

	(void)buf_printf(&uri, "otpauth://totp/Ippo");
	add_host(&uri, host);
	(void)buf_printf(&uri, ":");
	add_escaped(&uri, user->name, strlen(user->name));
	(void)buf_printf(&uri, "?secret=%s&issuer=Ippo", secret);
	add_host(&uri, host);
	(void)buf_printf(&uri, "&algorithm=SHA1&digits=%d&period=%d", SECOND_STEP_DIGITS,
			 SECOND_STEP_PERIOD_S);
	made = json_pack("{s:s, s:s}", "secret", secret, "uri", buf_str(&uri));
	explicit_bzero(uri.data, uri.len);
	return made;
}

static int begin(struct request *request, struct err *err)
{
	struct second_step step = {.user_id = request->who.user_id, .created_ms = clock_now_ms()};
	struct user user;
	char *text = NULL;
	size_t len = 0;
	int code = store_user_get(request->core->store, request->who.user_id, &user, err);

	if (code < 0)
		return code;
	note_about(request, "user", user.id, user.name);
	secret_random(step.secret, sizeof step.secret);
	if (oath_base32_encode((const char *)step.secret, sizeof step.secret, &text, &len) !=
	    OATH_OK)
		return -ENOMEM;
	code = store_second_step_begin(request->core->store, &step, err);
	if (code == 0)
		code = request_answer(request, 201, "two_step", render_begun(request, &user, text));
	explicit_bzero(&step, sizeof step);
	explicit_bzero(text, len);
	free(text);
	return code;
}

/* Ten of them into the database, as hashes, and into the answer. Steals nothing. */
static int make_recovery(struct request *request, json_t **ret, struct err *err)
{
	uint8_t hashes[SECOND_STEP_RECOVERY_CODES][SECRET_HASH_BYTES];
	uint8_t random[SECOND_STEP_RECOVERY_LENGTH];
	char text[SECOND_STEP_CODE_BYTES], shown[SECOND_STEP_SHOWN_BYTES];
	json_t *codes = json_array();
	int code;

	for (size_t i = 0; i < SECOND_STEP_RECOVERY_CODES; i++) {
		secret_random(random, sizeof random);
		second_step_recovery(random, text);
		secret_hash(text, strlen(text), hashes[i]);
		second_step_show(text, shown);
		(void)json_array_append_new(codes, json_string(shown));
	}
	explicit_bzero(random, sizeof random);
	explicit_bzero(text, sizeof text);
	explicit_bzero(shown, sizeof shown);
	code = store_second_step_set_recovery(request->core->store, request->who.user_id,
					      (const uint8_t(*)[SECRET_HASH_BYTES])hashes,
					      SECOND_STEP_RECOVERY_CODES, err);
	if (code < 0)
		json_decref(codes);
	else
		*ret = codes;
	return code;
}

/* In one transaction: it is on, there are recovery codes, and other sessions, which have shown a
 * password alone, must prove themselves anew. */
static int store_confirmed(struct request *request, uint64_t at, json_t **ret, struct err *err)
{
	struct store *store = request->core->store;
	const uint64_t user_id = request->who.user_id;
	json_t *codes = NULL;
	int code = store_begin(store, err);

	if (code < 0)
		return code;
	STORE_GUARD(store);
	if ((code = store_second_step_confirm(store, user_id, at, clock_now_ms(), err)) < 0 ||
	    (code = make_recovery(request, &codes, err)) < 0)
		return code;
	if ((code = store_session_doubt_others(store, user_id, request->who.session_id, err)) < 0 ||
	    (code = store_commit(store, err)) < 0) {
		json_decref(codes);
		return code;
	}
	*ret = codes;
	return 0;
}

/* A wrong code here guesses nothing: whoever asks was shown the secret. It is not counted. */
static int confirm(struct request *request, struct err *err)
{
	char text[SECOND_STEP_CODE_BYTES];
	const char *typed = NULL;
	struct second_step step;
	json_t *codes = NULL;
	uint64_t at = 0;
	int code;

	note_about(request, "user", request->who.user_id, request->who_name);
	if ((code = body_need_text(request, "code", &typed, err)) < 0)
		return code;
	code = store_second_step_get(request->core->store, request->who.user_id, &step, err);
	if (code == ERR_NOT_FOUND)
		return err_set(err, code, "begin with POST /v1/me/two_step");
	if (code < 0)
		return code;
	if (step.confirmed_ms > 0)
		return err_set(err, ERR_UNIQUENESS, "two-step verification is on already");
	if (second_step_read(typed, text) == SECOND_STEP_TIMED)
		at = second_step_match(&step, text, clock_now_ms() / 1000);
	explicit_bzero(&step, sizeof step);
	if (at == 0)
		return err_set(err, ERR_WRONG_CODE,
			       "this code is wrong; is the clock of the authenticator right?");
	if ((code = store_confirmed(request, at, &codes, err)) < 0)
		return code;
	return request_answer(request, 200, "recovery_codes", codes);
}

/* --- once it is on --- */

static int find_enabled(struct request *request, uint64_t user_id, struct err *err)
{
	struct user user;
	int code = store_user_get(request->core->store, user_id, &user, err);

	if (code == ERR_NOT_FOUND)
		return err_set(err, code, "there is no user %" PRIu64, user_id);
	if (code < 0)
		return code;
	note_about(request, "user", user.id, user.name);
	return user.two_step ? 0 : err_set(err, ERR_NOT_FOUND, "two-step verification is not on");
}

static int renew_recovery(struct request *request, struct err *err)
{
	json_t *codes = NULL;
	int code;

	if ((code = find_enabled(request, request->who.user_id, err)) < 0 ||
	    (code = make_recovery(request, &codes, err)) < 0)
		return code;
	return request_answer(request, 200, "recovery_codes", codes);
}

static int remove_step(struct request *request, uint64_t user_id, struct err *err)
{
	int code;

	if ((code = find_enabled(request, user_id, err)) < 0 ||
	    (code = store_second_step_delete(request->core->store, user_id, err)) < 0)
		return code;
	request->status = 204;
	return 0;
}

static int switch_off(struct request *request, struct err *err)
{
	return remove_step(request, request->who.user_id, err);
}

static int take_away(struct request *request, struct err *err)
{
	return remove_step(request, request->id, err);
}

const struct route two_step_routes[] = {
	{"GET", "/me/two_step", ACCESS_PERSON, get},
	{"POST", "/me/two_step", ACCESS_PERSON, begin, "user.begin_two_step", ROUTE_NEEDS_PROOF},
	{"DELETE", "/me/two_step", ACCESS_PERSON, switch_off, "user.disable_two_step",
	 ROUTE_NEEDS_PROOF},
	{"POST", "/me/two_step/confirm", ACCESS_PERSON, confirm, "user.enable_two_step",
	 ROUTE_NEEDS_PROOF},
	{"POST", "/me/two_step/recovery_codes", ACCESS_PERSON, renew_recovery,
	 "user.renew_recovery_codes", ROUTE_NEEDS_PROOF},
	{"DELETE", "/users/{id}/two_step", ACCESS_SERVICE, take_away, "user.remove_two_step",
	 ROUTE_NEEDS_PROOF},
	{NULL, NULL, 0, NULL},
};

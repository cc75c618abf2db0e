/*
 * A person's own password: changed by themselves, who know the old one, or set anew with a one-time
 * link, which also takes a passkey instead; then there is no password any more. Each ends every
 * session of that person, with the consoles and streams that hang on them, and begins one new one.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/secret.h"
#include "core/api/entering.h"
#include "core/api/note.h"
#include "core/api/passkey_ceremony.h"
#include "core/api/router.h"
#include "core/auth/authenticate.h"
#include "core/auth/common_password.h"
#include "core/auth/password.h"
#include "core/auth/second_step.h"
#include "core/events.h"
#include "store/store_passkey.h"
#include "store/store_password_reset.h"
#include "store/store_user.h"

/* What is remembered while passwords are compared and hashed on another thread. */
struct change {
	struct request *request;
	struct user user;
	struct session session;
	char password[ACCOUNT_PASSWORD_MAX_BYTES + 1];
	uint8_t link[SECRET_HASH_BYTES]; /* of a reset */
	struct secret code;              /* of the second step, as typed */
	struct passkey *passkey;         /* instead of a password; NULL: with one */
	bool by_link;
};

static void forget(struct change *change)
{
	secret_done(&change->code);
	explicit_bzero(change, sizeof *change);
	free(change);
}

static void finish(struct change *change, int code, struct err *err)
{
	router_finish(change->request, code, err);
	forget(change);
}

static int take_new_password(struct request *request, struct change *change, struct err *err)
{
	const char *password = NULL;
	int code;

	if ((code = body_need_text(request, "password", &password, err)) < 0)
		return code;
	if ((code = common_password_check(change->user.name, password, err)) < 0)
		return request_field(request, "password", code, err);
	(void)snprintf(change->password, sizeof change->password, "%s", password);
	return 0;
}

/* In one transaction: the link, if it was by one, is used up; the password is the new one; the old
 * sessions are gone, and there is a new one. */
static int store_change(struct change *change, struct err *err)
{
	struct request *request = change->request;
	struct store *store = request->core->store;
	uint64_t user_id = change->user.id;
	int code = store_begin(store, err);

	if (code < 0)
		return code;
	STORE_GUARD(store);
	if (change->by_link) {
		code = store_password_reset_redeem(store, change->link, clock_now_ms(), &user_id,
						   err);
		if (code == ERR_NOT_FOUND)
			return err_set(err, code, "this link was used already; ask for another");
	}
	if (code == 0 && user_id != change->user.id)
		code = err_set(err, ERR_SERVER, "the link is another person's");
	if (code < 0 ||
	    (code = store_user_update_password(store, user_id, change->user.password_hash, 0,
					       err)) < 0 ||
	    (change->passkey != NULL &&
	     (code = store_passkey_insert(store, change->passkey, err)) < 0) ||
	    (code = store_password_reset_delete(store, user_id, clock_now_ms(), err)) < 0 ||
	    (code = authenticate_make_session(request, &change->session, err)) < 0)
		return code;
	note_person(request, &change->user);
	if (!request->acts_for)
		note_customer(request, change->session.customer_id);
	note_about(request, "user", user_id, change->user.name);
	return store_commit(store, err);
}

static int answer(struct change *change)
{
	return request_answer(change->request, 200, "session",
			      json_pack("{s:o}", "user", entering_render_user(&change->user)));
}

static void on_hashed(void *context, const char *hash)
{
	struct change *change = context;
	struct request *request = change->request;
	struct core *core = request->core;
	struct err err = {0};
	int code;

	(void)snprintf(change->user.password_hash, sizeof change->user.password_hash, "%s", hash);
	if (*hash == '\0') {
		finish(change,
		       err_set(&err, ERR_UNAVAILABLE,
			       "not enough memory to hash the password; try again"),
		       &err);
		return;
	}
	/* A link replaces the password, never the second step. */
	code = change->by_link ? second_step_ask(core, &change->user, change->session.peer,
						 change->code.text, &err)
			       : 0;
	if (code == 0) {
		note_resume(request);
		code = store_change(change, &err);
		note_pause(request);
	}
	if (code == 0)
		code = answer(change);
	finish(change, code, &err);
	if (code == 0)
		events_check_rights(core->events);
}

/* --- by oneself --- */

static void on_verified(void *context, bool right)
{
	struct change *change = context;
	struct err err = {0};
	int code;

	password_guard_note(change->request->core->passwords, change->user.name,
			    change->session.peer, right);
	if (!right) {
		note_wrong_sign_in(change->request->core, &change->user, change->session.peer,
				   false);
		code = err_set(&err, ERR_WRONG_PASSWORD, "the present password is wrong");
	} else {
		code = password_hash(change->request->core->passwords, change->password, on_hashed,
				     change, &err);
	}
	if (code < 0)
		finish(change, code, &err);
}

static int begin_change(struct request *request, struct change *change, struct err *err)
{
	const char *current = NULL;
	int code;

	change->request = request;
	change->session.user_id = request->who.user_id;
	change->session.customer_id = request->who.customer_id;
	entering_place(request, &change->session);
	if ((code = store_user_get(request->core->store, request->who.user_id, &change->user,
				   err)) < 0)
		return code;
	const bool has_one = change->user.password_hash[0] != '\0';
	if ((has_one && (code = body_need_text(request, "current_password", &current, err)) < 0) ||
	    (code = take_new_password(request, change, err)) < 0)
		return code;
	/* The password alone is no proof for who has a second step; who has none has a passkey. */
	if (change->user.two_step || !has_one) {
		if ((code = entering_check_proof(request, err)) < 0)
			return code;
		change->session.proved_ms = request->who.proved_ms;
	}
	if (!has_one)
		return password_hash(request->core->passwords, change->password, on_hashed, change,
				     err);
	if (strlen(current) > ACCOUNT_PASSWORD_MAX_BYTES)
		return err_set(err, ERR_WRONG_PASSWORD, "the present password is wrong");
	/* A session somebody else sits at must not be a way to guess it. */
	if ((code = entering_check_tries(request, change->user.name, err)) < 0)
		return code;
	return password_verify(request->core->passwords, current, change->user.password_hash,
			       on_verified, change, err);
}

static int change_own(struct request *request, struct err *err)
{
	struct change *change = calloc(1, sizeof *change);
	int code;

	if (change == NULL)
		return -ENOMEM;
	if ((code = begin_change(request, change, err)) == 0)
		return REQUEST_LATER;
	forget(change);
	return code;
}

/* --- by a link --- */

static int create_link(struct request *request, struct err *err)
{
	const int64_t now_ms = clock_now_ms(), expires_ms = now_ms + ACCOUNT_RESET_MS;
	struct secret key CLEANUP(secret_done) = {0};
	struct buf link CLEANUP(buf_done) = {0};
	struct store *store = request->core->store;
	uint8_t hash[SECRET_HASH_BYTES];
	struct user user;
	uint64_t id;
	int code = store_user_get(store, request->id, &user, err);

	if (code == ERR_NOT_FOUND)
		return err_set(err, code, "there is no user %" PRIu64, request->id);
	if (code < 0)
		return code;
	if (secret_make_token(&key) < 0)
		return err_set(err, ERR_SERVER, "cannot make a link");
	secret_hash(key.text, key.len, hash);
	note_about(request, "user", user.id, user.name);
	if ((code = store_password_reset_insert(store, user.id, hash, now_ms, expires_ms, &id,
						err)) < 0)
		return code;
	/* Behind the #: browsers send that part to nobody, so it is in no log. */
	(void)buf_printf(&link, "%s/#/new-password/%s", request->core->config->url, key.text);
	request->status = 201;
	request->reply = json_pack("{s:{s:o, s:o}, s:s}", "password_reset", "user",
				   entering_render_user(&user), "expires", json_time(expires_ms),
				   "link", buf_str(&link));
	explicit_bzero(link.data, link.len);
	return 0;
}

static int take_link(struct request *request, struct change *change, struct err *err)
{
	const char *key = NULL;
	uint64_t user_id;
	int code;

	change->request = request;
	change->by_link = true;
	entering_place(request, &change->session);
	if ((code = entering_check_origin(request, err)) < 0 ||
	    (code = body_need_text(request, "key", &key, err)) < 0)
		return code;
	secret_hash(key, strlen(key), change->link);
	code = store_password_reset_find(request->core->store, change->link, clock_now_ms(),
					 &user_id, err);
	if (code == ERR_NOT_FOUND)
		return err_set(err, code,
			       "this link was used already, has expired, or never was; ask for "
			       "another");
	return code < 0 ? code : store_user_get(request->core->store, user_id, &change->user, err);
}

static int check_link(struct request *request, struct err *err)
{
	struct change change = {0};
	int code = take_link(request, &change, err);

	return code < 0 ? code
			: request_answer(
				  request, 200, "password_reset",
				  json_pack("{s:o}", "user", entering_render_user(&change.user)));
}

/* Whose it is may come in, and has said a code where one is needed. */
static int take_entrance(struct request *request, struct change *change, struct err *err)
{
	const char *second = NULL;
	int code;

	if ((code = take_link(request, change, err)) < 0 ||
	    (code = body_text(request, "code", &second, err)) < 0)
		return code;
	if (change->user.disabled)
		return err_set(err, ERR_FORBIDDEN,
			       "this person may not sign in; write to the operator");
	if (change->user.two_step && (second == NULL || *second == '\0'))
		return second_step_ask(request->core, &change->user, change->session.peer, NULL,
				       err);
	if (second != NULL && secret_set(&change->code, second, strlen(second)) < 0)
		return -ENOMEM;
	change->session.user_id = change->user.id;
	return entering_first_customer(request, &change->user, &change->session, err);
}

static int begin_redeem(struct request *request, struct change *change, struct err *err)
{
	int code;

	if ((code = take_entrance(request, change, err)) < 0 ||
	    (code = take_new_password(request, change, err)) < 0)
		return code;
	return password_hash(request->core->passwords, change->password, on_hashed, change, err);
}

static int redeem_link(struct request *request, struct err *err)
{
	struct change *change = calloc(1, sizeof *change);
	int code;

	if (change == NULL)
		return -ENOMEM;
	if ((code = begin_redeem(request, change, err)) == 0)
		return REQUEST_LATER;
	forget(change);
	return code;
}

/* --- by a link, with a passkey instead of a password --- */

static int challenge(struct request *request, struct err *err)
{
	struct store_passkeys passkeys CLEANUP(store_passkey_done) = {0};
	uint8_t handle[PASSKEY_HANDLE_BYTES];
	struct change change = {0};
	int code;

	if ((code = take_link(request, &change, err)) < 0 ||
	    (code = store_passkey_list(request->core->store, change.user.id, &passkeys, err)) < 0)
		return code;
	if (passkeys.count >= PASSKEY_MAX)
		return err_set(err, ERR_LIMIT,
			       "a person has at most %d passkeys; set a password and remove one",
			       PASSKEY_MAX);
	passkey_handle(&change.user, handle);
	return passkey_ceremony_ask_new(request, PASSKEY_RESET, change.user.id, handle,
					change.user.name, &passkeys, err);
}

/* The code comes first: with a wrong one nothing else is used up, and the device is asked once. */
static int redeem_by_passkey(struct request *request, struct err *err)
{
	struct passkey passkey = {0};
	struct change change = {.passkey = &passkey};
	int code = take_entrance(request, &change, err);

	if (code == 0) {
		note_pause(request);
		code = second_step_ask(request->core, &change.user, change.session.peer,
				       change.code.text, err);
		note_resume(request);
	}
	secret_done(&change.code);
	if (code < 0 || (code = passkey_ceremony_take_new(request, PASSKEY_RESET, change.user.id,
							  "passkey_name", &passkey, err)) < 0)
		return code;
	passkey.user_id = change.user.id;
	change.user.password_hash[0] = '\0';
	if ((code = store_change(&change, err)) < 0 || (code = answer(&change)) < 0)
		return code;
	events_check_rights(request->core->events);
	return 0;
}

const struct route password_routes[] = {
	{"PUT", "/me/password", ACCESS_PERSON, change_own, "user.change_password"},
	{"POST", "/users/{id}/password_reset", ACCESS_SERVICE, create_link, "user.reset_password",
	 ROUTE_NEEDS_PROOF},
	{"POST", "/password_resets/check", ACCESS_PUBLIC, check_link, ROUTE_CHANGES_NOTHING},
	{"POST", "/password_resets/redeem", ACCESS_PUBLIC, redeem_link, "user.set_password"},
	{"POST", "/password_resets/redeem/passkey", ACCESS_PUBLIC, redeem_by_passkey,
	 "user.set_passkey"},
	{"POST", "/password_resets/redeem/passkey/challenge", ACCESS_PUBLIC, challenge,
	 ROUTE_CHANGES_NOTHING},
	{NULL, NULL, 0, NULL},
};

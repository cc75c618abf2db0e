/*
 * Passkeys (WebAuthn): made, listed and removed by whoever is signed in, used to sign in without a
 * name or a password and to show once more who one is, and taken away by an operator.
 *
 * Whatever a device signs holds a challenge of ours. It is redeemed before anything else of the
 * answer is looked at, so that each answer is tried once.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "core/api/entering.h"
#include "core/api/note.h"
#include "core/api/passkey_ceremony.h"
#include "core/api/router.h"
#include "core/auth/passkey.h"
#include "core/auth/password.h"
#include "store/store_passkey.h"
#include "store/store_session.h"
#include "store/store_user.h"

#define GUARD_BYTES    (ACCOUNT_PEER_BYTES + 16)
#define UNKNOWN_REASON "this passkey lets nobody in here"

/* --- challenges --- */

static int challenge_to_add(struct request *request, struct err *err)
{
	struct store_passkeys passkeys CLEANUP(store_passkey_done) = {0};
	uint8_t handle[PASSKEY_HANDLE_BYTES];
	struct user user;
	int code;

	if ((code = store_user_get(request->core->store, request->who.user_id, &user, err)) < 0 ||
	    (code = store_passkey_list(request->core->store, user.id, &passkeys, err)) < 0)
		return code;
	if (passkeys.count >= PASSKEY_MAX)
		return err_set(err, ERR_LIMIT, "a person has at most %d passkeys; remove one first",
			       PASSKEY_MAX);
	passkey_handle(&user, handle);
	return passkey_ceremony_ask_new(request, PASSKEY_ADD, request->who.session_id, handle,
					user.name, &passkeys, err);
}

static int challenge_to_prove(struct request *request, struct err *err)
{
	struct store_passkeys passkeys CLEANUP(store_passkey_done) = {0};
	int code = store_passkey_list(request->core->store, request->who.user_id, &passkeys, err);

	if (code < 0)
		return code;
	if (passkeys.count == 0)
		return err_set(err, ERR_NOT_FOUND, "you have no passkey");
	return passkey_ceremony_ask(request, PASSKEY_PROVE, request->who.session_id, &passkeys,
				    err);
}

/* Whoever asks may be signed in already; whose it is is not known before the answer. */
static int challenge_to_sign_in(struct request *request, struct err *err)
{
	int code = entering_check_origin(request, err);

	return code < 0 ? code : passkey_ceremony_ask(request, PASSKEY_SIGN_IN, 0, NULL, err);
}

/* --- answers --- */

/* Whose it is, and that it is signed by them. Its counter goes on, before and without the line that
 * the history gets of the request. @user_id: whose alone is looked for; 0: anybody's.
 * @ret_passkey: also when it fails; id 0: unknown. */
static int recognise(struct request *request, const struct passkey_site *site,
		     const struct passkey_answer *answer, uint64_t user_id,
		     struct passkey *ret_passkey, struct err *err)
{
	struct store *store = request->core->store;
	uint32_t counter = 0;
	int code = store_passkey_find(store, answer->credential, answer->credential_bytes,
				      ret_passkey, err);

	if (code < 0 && code != ERR_NOT_FOUND)
		return code;
	const bool known = code == 0 && (user_id == 0 || user_id == ret_passkey->user_id);
	code = passkey_verify(site, known ? ret_passkey : NULL, answer, &counter, err);
	if (code < 0)
		return code;
	note_pause(request);
	code = store_passkey_use(store, ret_passkey->id, counter, clock_now_ms(), err);
	note_resume(request);
	if (code == ERR_NOT_FOUND)
		return err_set(err, ERR_PASSKEY_COUNTER,
			       "the passkey %s has signed more than this before: it may have been "
			       "copied; remove it",
			       ret_passkey->name);
	return code;
}

/* Passkeys cannot be guessed; the delay bounds the work that one address makes. No person has such
 * a name. */
static void name_guard(const struct request *request, char out[GUARD_BYTES])
{
	(void)snprintf(out, GUARD_BYTES, "passkey of %s", request->http->peer);
}

/* Return: @code. */
static int note_failure(struct request *request, const struct user *user, int code)
{
	char guard[GUARD_BYTES];

	name_guard(request, guard);
	password_guard_note(request->core->passwords, guard, request->http->peer, false);
	if (code == ERR_PASSKEY_COUNTER)
		note_copied_passkey(request->core, user, request->http->peer);
	else
		note_wrong_sign_in(request->core, user, request->http->peer, false);
	return code;
}

static int check_tries(const struct request *request, struct err *err)
{
	char guard[GUARD_BYTES];

	name_guard(request, guard);
	return entering_check_tries(request, guard, err);
}

static void forgive(struct request *request)
{
	char guard[GUARD_BYTES];

	name_guard(request, guard);
	password_guard_note(request->core->passwords, guard, request->http->peer, true);
}

/* --- signing in --- */

static int find_who(struct request *request, struct user *ret, bool *ret_known, struct err *err)
{
	struct passkey_answer answer = {0};
	struct passkey passkey = {0};
	struct passkey_site site;
	int code;

	if ((code = passkey_ceremony_read(request, &answer, err)) < 0 ||
	    (code = passkey_ceremony_check(request, PASSKEY_SIGN_IN, 0, &answer, &site, err)) < 0)
		return code;
	code = recognise(request, &site, &answer, 0, &passkey, err);
	*ret_known = passkey.id != 0 &&
		     store_user_get(request->core->store, passkey.user_id, ret, NULL) == 0;
	if (code == ERR_WRONG_PASSKEY || (code == 0 && (!*ret_known || ret->disabled)))
		return err_set(err, ERR_UNAUTHORIZED, UNKNOWN_REASON);
	if (code == 0)
		note_detail(request, "passkey", json_string(passkey.name));
	return code;
}

/* The device asked for a PIN or a finger: it is both steps, and no code is asked for. */
static int sign_in(struct request *request, struct err *err)
{
	struct session session = {0};
	struct user user;
	bool known = false;
	int code;

	if ((code = entering_check_origin(request, err)) < 0)
		return code;
	if ((code = check_tries(request, err)) < 0) {
		note_wrong_sign_in(request->core, NULL, request->http->peer, true);
		return code;
	}
	code = find_who(request, &user, &known, err);
	if (code == ERR_INVALID_INPUT || code == ERR_PASSKEY_SITE)
		return code;
	if (code < 0)
		return note_failure(request, known ? &user : NULL, code);
	forgive(request);
	entering_place(request, &session);
	note_person(request, &user);
	return entering_sign_in(request, &user, &session, err);
}

static int prove(struct request *request, struct err *err)
{
	struct passkey_answer answer = {0};
	struct passkey passkey = {0};
	struct passkey_site site;
	struct user user;
	int code;

	if ((code = store_user_get(request->core->store, request->who.user_id, &user, err)) < 0 ||
	    (code = check_tries(request, err)) < 0 ||
	    (code = passkey_ceremony_read(request, &answer, err)) < 0)
		return code;
	code = passkey_ceremony_check(request, PASSKEY_PROVE, request->who.session_id, &answer,
				      &site, err);
	if (code == 0)
		code = recognise(request, &site, &answer, user.id, &passkey, err);
	if (code < 0)
		return note_failure(request, &user, code);
	forgive(request);
	note_about(request, "session", request->who.session_id, "");
	note_detail(request, "passkey", json_string(passkey.name));
	code = store_session_prove(request->core->store, request->who.session_id, clock_now_ms(),
				   err);
	if (code == ERR_NOT_FOUND)
		return err_set(err, ERR_UNAUTHORIZED, "you are signed out: sign in again");
	request->status = 204;
	return code;
}

/* --- one's own --- */

static json_t *render(const struct passkey *passkey)
{
	return json_pack("{s:I, s:s, s:o, s:o}", "id", (json_int_t)passkey->id, "name",
			 passkey->name, "created", json_time(passkey->created_ms), "last_used",
			 json_time(passkey->last_used_ms));
}

static int list_of(struct request *request, uint64_t user_id, struct err *err)
{
	struct store_passkeys passkeys CLEANUP(store_passkey_done) = {0};
	struct list_query query CLEANUP(list_query_done) = {0};
	json_t *items;
	int code;

	if ((code = request_list(request, 0, &query, err)) < 0 ||
	    (code = store_passkey_list(request->core->store, user_id, &passkeys, err)) < 0)
		return code;
	items = json_array();
	const uint64_t first = (uint64_t)(query.page.number - 1) * query.page.entries;
	for (uint64_t i = first; i < passkeys.count && i < first + query.page.entries; i++)
		(void)json_array_append_new(items, render(&passkeys.items[i]));
	return request_answer_list(request, "passkeys", items, &query.page, passkeys.count);
}

static int list(struct request *request, struct err *err)
{
	return list_of(request, request->who.user_id, err);
}

static int add(struct request *request, struct err *err)
{
	struct passkey passkey = {.user_id = request->who.user_id};
	int code = passkey_ceremony_take_new(request, PASSKEY_ADD, request->who.session_id, "name",
					     &passkey, err);

	if (code < 0)
		return code;
	note_about(request, "user", request->who.user_id, request->who_name);
	if ((code = store_passkey_insert(request->core->store, &passkey, err)) < 0)
		return code;
	return request_answer(request, 201, "passkey", render(&passkey));
}

/* The last one of somebody without a password stays, unless a link is there to come in with. */
static int remove_from(struct request *request, const struct user *user, uint64_t id,
		       bool link_will_do, struct err *err)
{
	struct passkey passkey;
	int code = store_passkey_get(request->core->store, user->id, id, &passkey, err);

	if (code == ERR_NOT_FOUND)
		return err_set(err, code, "there is no passkey %" PRIu64, id);
	if (code < 0)
		return code;
	note_about(request, "user", user->id, user->name);
	note_detail(request, "passkey", json_string(passkey.name));
	code = store_passkey_delete(request->core->store, user->id, id, link_will_do,
				    clock_now_ms(), err);
	if (code == ERR_LAST_PASSKEY)
		return err_set(err, code,
			       link_will_do
				       ? "%s has no password and no other passkey: make a link "
					 "for another way in first"
				       : "you have no password and no other passkey than %s: "
					 "add one of them first",
			       link_will_do ? user->name : passkey.name);
	request->status = 204;
	return code;
}

static int remove_own(struct request *request, struct err *err)
{
	struct user user;
	int code = store_user_get(request->core->store, request->who.user_id, &user, err);

	return code < 0 ? code : remove_from(request, &user, request->id, false, err);
}

/* --- another's, by an operator --- */

static int find_user(struct request *request, struct user *ret, struct err *err)
{
	int code = store_user_get(request->core->store, request->id, ret, err);

	return code == ERR_NOT_FOUND ? err_set(err, code, "there is no user %" PRIu64, request->id)
				     : code;
}

static int list_others(struct request *request, struct err *err)
{
	struct user user;
	int code = find_user(request, &user, err);

	return code < 0 ? code : list_of(request, user.id, err);
}

static int take_away(struct request *request, struct err *err)
{
	struct user user;
	int code = find_user(request, &user, err);

	return code < 0 ? code : remove_from(request, &user, request->second_id, true, err);
}

const struct route passkey_routes[] = {
	{"GET", "/me/passkeys", ACCESS_PERSON, list},
	{"POST", "/me/passkeys", ACCESS_PERSON, add, "user.add_passkey", ROUTE_NEEDS_PROOF},
	{"POST", "/me/passkeys/challenge", ACCESS_PERSON, challenge_to_add, ROUTE_CHANGES_NOTHING,
	 ROUTE_NEEDS_PROOF},
	{"DELETE", "/me/passkeys/{id}", ACCESS_PERSON, remove_own, "user.delete_passkey",
	 ROUTE_NEEDS_PROOF},
	{"POST", "/sessions/passkey", ACCESS_PUBLIC, sign_in, "session.create_by_passkey"},
	{"POST", "/sessions/passkey/challenge", ACCESS_PUBLIC, challenge_to_sign_in,
	 ROUTE_CHANGES_NOTHING},
	{"POST", "/sessions/current/proof/passkey", ACCESS_PERSON, prove,
	 "session.prove_by_passkey"},
	{"POST", "/sessions/current/proof/passkey/challenge", ACCESS_PERSON, challenge_to_prove,
	 ROUTE_CHANGES_NOTHING},
	{"GET", "/users/{id}/passkeys", ACCESS_SERVICE_READ, list_others},
	{"DELETE", "/users/{id}/passkeys/{id2}", ACCESS_SERVICE, take_away, "user.remove_passkey",
	 ROUTE_NEEDS_PROOF},
	{NULL, NULL, 0, NULL},
};

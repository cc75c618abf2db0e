// /v1/invitations: one-time links with which people come to an account.
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
#include "core/auth/common_password.h"
#include "core/auth/password.h"
#include "core/events.h"
#include "store/store_customer.h"
#include "store/store_invitation.h"
#include "store/store_membership.h"
#include "store/store_passkey.h"
#include "store/store_quota.h"
#include "store/store_session.h"
#include "store/store_user.h"

/* Somebody new; remembered while the password is being hashed on another thread. */
struct joining {
	struct request *request;
	struct user user;
	struct session session;
	uint8_t invitation[SECRET_HASH_BYTES];
	struct passkey *passkey; /* instead of a password; NULL: with one */
};

static json_t *render(struct request *request, const struct invitation *invitation)
{
	struct customer customer = {0};

	(void)store_customer_get(request->core->store, invitation->customer_id, &customer, NULL);
	return json_pack("{s:I, s:b, s:{s:I, s:s}, s:s, s:s, s:o, s:o, s:o}", "id",
			 (json_int_t)invitation->id, "operator", invitation->service, "customer",
			 "id", (json_int_t)customer.id, "name", customer.name, "role",
			 role_name(invitation->role), "name", invitation->user_name, "created",
			 json_time(invitation->created_ms), "expires",
			 json_time(invitation->expires_ms), "redeemed",
			 json_time(invitation->redeemed_ms));
}

/* Owners see those to their account, operators of the service all, or those of one customer. */
static uint64_t whose(const struct request *request)
{
	return request->who.service && !request->acts_for ? 0 : request->who.customer_id;
}

static int list(struct request *request, struct err *err)
{
	struct list_query query CLEANUP(list_query_done) = {0};
	struct store_invitations invitations = {0};
	json_t *items;
	int code;

	if ((code = request_list(request, SORT_RESOURCE, &query, err)) < 0 ||
	    (code = store_invitation_list(request->core->store, whose(request), &query.page,
					  &invitations, err)) < 0)
		return code;
	items = json_array();
	for (size_t i = 0; i < invitations.count; i++)
		(void)json_array_append_new(items, render(request, &invitations.items[i]));
	const uint64_t total = invitations.total;
	store_invitation_done(&invitations);
	return request_answer_list(request, "invitations", items, &query.page, total);
}

/* Only operators of the service invite operators, and to accounts that are not theirs. */
static int take(struct request *request, struct invitation *invitation, struct err *err)
{
	int64_t customer_id = (int64_t)request->who.customer_id;
	const char *role = NULL, *name = NULL;
	struct customer customer;
	int code;

	if ((code = body_bool(request, "operator", &invitation->service, err)) < 0 ||
	    (code = body_number(request, "customer", 1, INT64_MAX, &customer_id, err)) < 0 ||
	    (code = body_text(request, "role", &role, err)) < 0 ||
	    (code = body_text(request, "name", &name, err)) < 0)
		return code;
	if (invitation->service && !request->who.service)
		return err_set(err, ERR_FORBIDDEN,
			       "only operators of the service invite operators");
	if ((uint64_t)customer_id != request->who.customer_id && !request->who.service)
		return request_invalid(request, err, "customer", "there is no such customer");
	if (store_customer_get(request->core->store, (uint64_t)customer_id, &customer, NULL) < 0)
		return request_invalid(request, err, "customer", "there is no such customer");
	invitation->customer_id = customer.id;
	/* A new account begins with its owner; to one that has people, the right is to be said. */
	if (role == NULL && !request->who.service)
		return request_invalid(request, err, "role",
				       "is missing: reader, operator or owner");
	if (role != NULL && role_parse(role, &invitation->role) < 0)
		return request_invalid(request, err, "role", "must be reader, operator or owner");
	if (name != NULL && *name != '\0') {
		if ((code = name_check_person(name, err)) < 0)
			return request_field(request, "name", code, err);
		(void)snprintf(invitation->user_name, sizeof invitation->user_name, "%s", name);
	}
	return 0;
}

static int create(struct request *request, struct err *err)
{
	const int64_t now_ms = clock_now_ms();
	struct invitation invitation = {.role = ROLE_OWNER,
					.created_ms = now_ms,
					.expires_ms = now_ms + ACCOUNT_INVITATION_MS};
	struct secret key CLEANUP(secret_done) = {0};
	struct buf link CLEANUP(buf_done) = {0};
	struct store *store = request->core->store;
	int code;

	if ((code = take(request, &invitation, err)) < 0)
		return code;
	if (secret_make_token(&key) < 0)
		return err_set(err, ERR_SERVER, "cannot make an invitation");
	secret_hash(key.text, key.len, invitation.hash);
	if ((code = store_begin(store, err)) < 0)
		return code;
	STORE_GUARD(store);
	if ((code = store_quota_check_one(store, invitation.customer_id, QUOTA_MEMBERS, err)) < 0 ||
	    (code = store_invitation_insert(store, &invitation, err)) < 0)
		return code;
	note_about(request, "invitation", invitation.id, invitation.user_name);
	note_customer(request, invitation.customer_id);
	note_detail(request, "operator", json_boolean(invitation.service));
	note_detail(request, "role", json_string(role_name(invitation.role)));
	if ((code = store_commit(store, err)) < 0)
		return code;
	/* Behind the #: browsers send that part to nobody, so it is in no log. */
	(void)buf_printf(&link, "%s/#/invitation/%s", request->core->config->url, key.text);
	request->status = 201;
	request->reply = json_pack("{s:o, s:s}", "invitation", render(request, &invitation), "link",
				   buf_str(&link));
	explicit_bzero(link.data, link.len);
	return 0;
}

static int find(struct request *request, struct invitation *ret, struct err *err)
{
	int code =
		store_invitation_get(request->core->store, whose(request), request->id, ret, err);

	return code == ERR_NOT_FOUND
		       ? err_set(err, code, "there is no invitation %" PRIu64, request->id)
		       : code;
}

static int get(struct request *request, struct err *err)
{
	struct invitation invitation;
	int code = find(request, &invitation, err);

	return code < 0 ? code
			: request_answer(request, 200, "invitation", render(request, &invitation));
}

/* A link that nobody has used leads nowhere from now on. */
static int delete (struct request *request, struct err *err)
{
	struct invitation invitation;
	int code = find(request, &invitation, err);

	if (code < 0)
		return code;
	note_about(request, "invitation", invitation.id, invitation.user_name);
	note_customer(request, invitation.customer_id);
	request->status = 204;
	return store_invitation_delete(request->core->store, invitation.id, err);
}

static int take_key(struct request *request, uint8_t hash[SECRET_HASH_BYTES],
		    struct invitation *ret, struct err *err)
{
	const char *key = NULL;
	int code;

	if ((code = entering_check_origin(request, err)) < 0 ||
	    (code = body_need_text(request, "key", &key, err)) < 0)
		return code;
	secret_hash(key, strlen(key), hash);
	code = store_invitation_find(request->core->store, hash, clock_now_ms(), ret, err);
	return code == ERR_NOT_FOUND ? err_set(err, code,
					       "this invitation was used already, has expired, or "
					       "never was; ask for another")
				     : code;
}

static int check(struct request *request, struct err *err)
{
	uint8_t hash[SECRET_HASH_BYTES];
	struct invitation invitation;
	int code = take_key(request, hash, &invitation, err);

	return code < 0 ? code
			: request_answer(request, 200, "invitation", render(request, &invitation));
}

/* Of any number that try at once, one. */
static int use_up(struct store *store, const uint8_t hash[SECRET_HASH_BYTES],
		  struct invitation *ret, struct err *err)
{
	int code = store_invitation_redeem(store, hash, clock_now_ms(), ret, err);

	return code == ERR_NOT_FOUND
		       ? err_set(err, code, "this invitation was used already; ask for another")
		       : code;
}

static void note_redeemed(struct request *request, const struct invitation *invitation)
{
	note_customer(request, invitation->customer_id);
	note_about(request, "invitation", invitation->id, "");
	note_detail(request, "operator", json_boolean(invitation->service));
	note_detail(request, "role", json_string(role_name(invitation->role)));
}

/* In one transaction: the invitation is used up, the person is made, and belongs to the account. */
static int make_user(struct joining *joining, struct err *err)
{
	struct store *store = joining->request->core->store;
	struct invitation invitation;
	int code = store_begin(store, err);

	if (code < 0)
		return code;
	STORE_GUARD(store);
	if ((code = use_up(store, joining->invitation, &invitation, err)) < 0 ||
	    (code = store_quota_check_one(store, invitation.customer_id, QUOTA_MEMBERS, err)) < 0)
		return code;
	joining->user.service = invitation.service;
	joining->user.created_ms = clock_now_ms();
	if ((code = store_user_insert(store, &joining->user, err)) < 0)
		return code == ERR_UNIQUENESS
			       ? err_set(err, code,
					 "somebody has the name %s already; choose another",
					 joining->user.name)
			       : code;
	if (joining->passkey != NULL) {
		joining->passkey->user_id = joining->user.id;
		if ((code = store_passkey_insert(store, joining->passkey, err)) < 0)
			return code;
	}
	if ((code = store_membership_set(store, joining->user.id, invitation.customer_id,
					 invitation.role, err)) < 0 ||
	    (code = store_invitation_update_user(store, invitation.id, joining->user.id, err)) < 0)
		return code;
	note_person(joining->request, &joining->user);
	note_redeemed(joining->request, &invitation);
	return store_commit(store, err);
}

/* Two changes: there is a new person, and that person is signed in. */
static int join(struct joining *joining, struct err *err)
{
	struct request *request = joining->request;
	int code = make_user(joining, err);

	if (code < 0)
		return code;
	note_what(request,
		  joining->passkey != NULL ? "session.create_by_passkey" : "session.create");
	return entering_sign_in(request, &joining->user, &joining->session, err);
}

static void on_hashed(void *context, const char *hash)
{
	struct joining *joining = context;
	struct err err = {0};
	int code = 0;

	(void)snprintf(joining->user.password_hash, sizeof joining->user.password_hash, "%s", hash);
	if (*hash == '\0')
		code = err_set(&err, ERR_UNAVAILABLE,
			       "not enough memory to hash the password; try again");
	if (code == 0) {
		note_resume(joining->request);
		code = join(joining, &err);
		note_pause(joining->request);
	}
	router_finish(joining->request, code, &err);
	explicit_bzero(joining, sizeof *joining);
	free(joining);
}

static int take_name(struct request *request, char out[NAME_PERSON_BYTES], struct err *err)
{
	const char *name = NULL;
	struct user other;
	int code = body_need_text(request, "name", &name, err);

	if (code < 0)
		return code;
	if ((code = name_check_person(name, err)) < 0)
		return request_field(request, "name", code, err);
	/* Asked here for a quick answer; the insert asks again. */
	if (store_user_get_by_name(request->core->store, name, &other, NULL) == 0)
		return err_set(err, ERR_UNIQUENESS,
			       "somebody has the name %s already; choose another", name);
	(void)snprintf(out, NAME_PERSON_BYTES, "%s", name);
	return 0;
}

/* By somebody new, who chooses a name and a password. */
static int redeem(struct request *request, struct err *err)
{
	struct joining *joining = calloc(1, sizeof *joining);
	const char *password = NULL;
	struct invitation invitation;
	int code;

	if (joining == NULL)
		return -ENOMEM;
	joining->request = request;
	entering_place(request, &joining->session);
	if ((code = take_key(request, joining->invitation, &invitation, err)) < 0 ||
	    (code = body_need_text(request, "password", &password, err)) < 0 ||
	    (code = take_name(request, joining->user.name, err)) < 0)
		goto fail;
	if ((code = common_password_check(joining->user.name, password, err)) < 0) {
		code = request_field(request, "password", code, err);
		goto fail;
	}
	if ((code = password_hash(request->core->passwords, password, on_hashed, joining, err)) < 0)
		goto fail;
	return REQUEST_LATER;
fail:
	free(joining);
	return code;
}

/* --- with a passkey instead of a password --- */

/* The person has no number yet: devices know them by what this invitation alone gives, so that a
 * second try takes the place of the first. */
static void make_handle(const uint8_t invitation[SECRET_HASH_BYTES],
			uint8_t out[PASSKEY_HANDLE_BYTES])
{
	static const char words[] = "passkey handle of an invitation\n";
	uint8_t text[sizeof words - 1 + SECRET_HASH_BYTES];

	_Static_assert(PASSKEY_HANDLE_BYTES == SECRET_HASH_BYTES, "one is the other");
	memcpy(text, words, sizeof words - 1);
	memcpy(text + sizeof words - 1, invitation, SECRET_HASH_BYTES);
	secret_hash((const char *)text, sizeof text, out);
}

static int challenge(struct request *request, struct err *err)
{
	uint8_t hash[SECRET_HASH_BYTES], handle[PASSKEY_HANDLE_BYTES];
	char name[NAME_PERSON_BYTES];
	struct invitation invitation;
	int code;

	if ((code = take_key(request, hash, &invitation, err)) < 0 ||
	    (code = take_name(request, name, err)) < 0)
		return code;
	make_handle(hash, handle);
	return passkey_ceremony_ask_new(request, PASSKEY_JOIN, invitation.id, handle, name, NULL,
					err);
}

static int redeem_by_passkey(struct request *request, struct err *err)
{
	struct passkey passkey = {0};
	struct joining joining = {.request = request, .passkey = &passkey};
	struct invitation invitation;
	int code;

	entering_place(request, &joining.session);
	if ((code = take_key(request, joining.invitation, &invitation, err)) < 0 ||
	    (code = take_name(request, joining.user.name, err)) < 0 ||
	    (code = passkey_ceremony_take_new(request, PASSKEY_JOIN, invitation.id, "passkey_name",
					      &passkey, err)) < 0)
		return code;
	return join(&joining, err);
}

/* By somebody who is signed in: one more account to work for. */
static int accept_invitation(struct request *request, struct err *err)
{
	struct store *store = request->core->store;
	uint8_t hash[SECRET_HASH_BYTES];
	struct invitation invitation;
	enum role role = ROLE_NONE;
	int code;

	if ((code = take_key(request, hash, &invitation, err)) < 0)
		return code;
	if (invitation.service)
		return err_set(err, ERR_FORBIDDEN,
			       "an operator of the service needs a user name for that alone: sign "
			       "out, and open the link again");
	if ((code = store_begin(store, err)) < 0)
		return code;
	STORE_GUARD(store);
	if ((code = store_membership_role(store, request->who.user_id, invitation.customer_id,
					  &role, err)) < 0)
		return code;
	if (role != ROLE_NONE)
		return err_set(err, ERR_UNIQUENESS, "you belong to this account already");
	if ((code = use_up(store, hash, &invitation, err)) < 0 ||
	    (code = store_quota_check_one(store, invitation.customer_id, QUOTA_MEMBERS, err)) < 0 ||
	    (code = store_membership_set(store, request->who.user_id, invitation.customer_id,
					 invitation.role, err)) < 0 ||
	    (code = store_invitation_update_user(store, invitation.id, request->who.user_id, err)) <
		    0 ||
	    (code = store_session_update_customer(store, request->who.session_id,
						  invitation.customer_id, err)) < 0)
		return code;
	note_redeemed(request, &invitation);
	if ((code = store_commit(store, err)) < 0)
		return code;
	events_check_rights(request->core->events);
	return request_answer(request, 201, "invitation", render(request, &invitation));
}

const struct route invitation_routes[] = {
	{"GET", "/invitations", ACCESS_READ, list},
	{"POST", "/invitations", ACCESS_ACCOUNT, create, "invitation.create", ROUTE_NEEDS_PROOF},
	{"GET", "/invitations/{id}", ACCESS_READ, get},
	{"DELETE", "/invitations/{id}", ACCESS_ACCOUNT, delete, "invitation.delete"},
	{"POST", "/invitations/check", ACCESS_PUBLIC, check, ROUTE_CHANGES_NOTHING},
	{"POST", "/invitations/redeem", ACCESS_PUBLIC, redeem, "invitation.redeem"},
	{"POST", "/invitations/redeem/passkey", ACCESS_PUBLIC, redeem_by_passkey,
	 "invitation.redeem_by_passkey"},
	{"POST", "/invitations/redeem/passkey/challenge", ACCESS_PUBLIC, challenge,
	 ROUTE_CHANGES_NOTHING},
	{"POST", "/invitations/accept", ACCESS_PERSON, accept_invitation, "invitation.accept"},
	{NULL, NULL, 0, NULL},
};

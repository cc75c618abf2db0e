// /v1/sessions and invitations: coming in, and going out.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/secret.h"
#include "core/api/note.h"
#include "core/api/router.h"
#include "core/auth/authenticate.h"
#include "core/auth/password.h"
#include "core/events.h"
#include "store/store_customer.h"
#include "store/store_invitation.h"
#include "store/store_session.h"
#include "store/store_user.h"

/* What is remembered while a password is being hashed on another thread. */
struct entering {
	struct request *request;
	struct user user;
	bool known;
	char peer[64];
	uint8_t invitation[SECRET_HASH_BYTES];
};

/* A page of another site must not sign anybody in or out. */
static int check_origin(const struct request *request, struct err *err)
{
	if (http_request_header(request->http, "origin") != NULL &&
	    !authenticate_is_own_origin(request))
		return err_set(err, ERR_FORBIDDEN, "this request did not come from the panel");
	return 0;
}

static json_t *render_user(const struct user *user)
{
	return json_pack("{s:I, s:s, s:b}", "id", (json_int_t)user->id, "name", user->name,
			 "operator", user->service);
}

/* Signed in: a session, its cookie, and who it is. */
static int enter(struct request *request, const struct user *user, struct err *err)
{
	struct membership first;
	int code = store_user_first_customer(request->core->store, user->id, &first, err);

	if (code == ERR_NOT_FOUND && user->service) {
		first.customer_id = ACCOUNT_SERVICE_CUSTOMER_ID;
		code = 0;
	}
	if (code < 0)
		return err_set(err, ERR_FORBIDDEN, "this person belongs to no account any more");
	note_customer(request, first.customer_id);
	if ((code = authenticate_make_session(request, user->id, first.customer_id, err)) < 0)
		return code;
	return request_answer(request, 201, "session",
			      json_pack("{s:o}", "user", render_user(user)));
}

static void on_verified(void *context, bool right)
{
	struct entering *entering = context;
	struct request *request = entering->request;
	struct err err = {0};
	int code;

	right = right && !entering->user.disabled;
	password_guard_note(request->core->passwords, entering->user.name, entering->peer, right);
	if (right) {
		note_resume(request);
		note_person(request, &entering->user);
		code = enter(request, &entering->user, &err);
		note_pause(request);
	} else {
		note_wrong_sign_in(request->core, entering->known ? &entering->user : NULL,
				   entering->peer, false);
		code = err_set(&err, ERR_UNAUTHORIZED, "the name or the password is wrong");
	}
	router_finish(request, code, &err);
	explicit_bzero(entering, sizeof *entering);
	free(entering);
}

static int sign_in(struct request *request, struct err *err)
{
	const char *name = NULL, *password = NULL;
	struct entering *entering;
	int64_t wait_ms;
	int code;

	if ((code = check_origin(request, err)) < 0 ||
	    (code = body_need_text(request, "name", &name, err)) < 0 ||
	    (code = body_need_text(request, "password", &password, err)) < 0)
		return code;
	if (strlen(name) >= NAME_PERSON_BYTES || strlen(password) > ACCOUNT_PASSWORD_MAX_BYTES)
		return err_set(err, ERR_UNAUTHORIZED, "the name or the password is wrong");
	wait_ms = password_guard_delay(request->core->passwords, name, request->http->peer);
	if (wait_ms > 0) {
		struct user user;
		const bool known =
			store_user_get_by_name(request->core->store, name, &user, NULL) == 0;
		note_wrong_sign_in(request->core, known ? &user : NULL, request->http->peer, true);
		return err_set(err, ERR_RATE_LIMIT,
			       "too many wrong tries; try again in %lld seconds",
			       (long long)(wait_ms + 999) / 1000);
	}
	entering = calloc(1, sizeof *entering);
	if (entering == NULL)
		return -ENOMEM;
	entering->request = request;
	(void)snprintf(entering->peer, sizeof entering->peer, "%s", request->http->peer);
	entering->known =
		store_user_get_by_name(request->core->store, name, &entering->user, NULL) == 0;
	/* The guard counts unknown names as well: nothing tells them from known ones. */
	if (!entering->known)
		(void)snprintf(entering->user.name, sizeof entering->user.name, "%s", name);
	code = password_verify(request->core->passwords, password,
			       entering->known ? entering->user.password_hash : NULL, on_verified,
			       entering, err);
	if (code < 0) {
		free(entering);
		return code;
	}
	return REQUEST_LATER;
}

static int sign_out(struct request *request, struct err *err)
{
	int code = 0;

	if (request->who.session_id == 0)
		note_nothing(request);
	else
		note_about(request, "session", request->who.session_id, "");
	if (request->who.session_id != 0)
		code = store_session_delete(request->core->store, request->who.session_id, err);
	if (code < 0)
		return code;
	events_end_session(request->core->events, request->who.session_id);
	authenticate_clear_cookie(request);
	request->status = 204;
	return 0;
}

/* --- invitations --- */

static json_t *render_invitation(struct request *request, const struct invitation *invitation)
{
	struct customer customer = {0};

	(void)store_customer_get(request->core->store, invitation->customer_id, &customer, NULL);
	return json_pack("{s:I, s:b, s:{s:I, s:s}, s:s, s:s, s:o, s:o}", "id",
			 (json_int_t)invitation->id, "operator", invitation->service, "customer",
			 "id", (json_int_t)customer.id, "name", customer.name, "role",
			 role_name(invitation->role), "name", invitation->user_name, "created",
			 json_time(invitation->created_ms), "expires",
			 json_time(invitation->expires_ms));
}

static int list_invitations(struct request *request, struct err *err)
{
	struct list_query query CLEANUP(list_query_done) = {0};
	struct store_invitations invitations = {0};
	json_t *items;
	int code;

	if ((code = request_list(request, SORT_RESOURCE, &query, err)) < 0 ||
	    (code = store_invitation_list(request->core->store, 0, &query.page, &invitations,
					  err)) < 0)
		return code;
	items = json_array();
	for (size_t i = 0; i < invitations.count; i++)
		(void)json_array_append_new(items,
					    render_invitation(request, &invitations.items[i]));
	const uint64_t total = invitations.total;
	store_invitation_done(&invitations);
	return request_answer_list(request, "invitations", items, &query.page, total);
}

static int create_invitation(struct request *request, struct err *err)
{
	const int64_t now_ms = clock_now_ms();
	struct invitation invitation = {.customer_id = request->who.customer_id,
					.role = ROLE_OWNER,
					.created_ms = now_ms,
					.expires_ms = now_ms + ACCOUNT_INVITATION_MS};
	struct secret key CLEANUP(secret_done) = {0};
	struct buf link CLEANUP(buf_done) = {0};
	struct store *store = request->core->store;
	int64_t customer_id = (int64_t)request->who.customer_id;
	struct customer customer;
	int code;

	if ((code = body_bool(request, "operator", &invitation.service, err)) < 0 ||
	    (code = body_number(request, "customer", 1, INT64_MAX, &customer_id, err)) < 0)
		return code;
	if (store_customer_get(request->core->store, (uint64_t)customer_id, &customer, NULL) < 0)
		return request_invalid(request, err, "customer", "there is no such customer");
	invitation.customer_id = customer.id;
	if (secret_make_token(&key) < 0)
		return err_set(err, ERR_SERVER, "cannot make an invitation");
	secret_hash(key.text, key.len, invitation.hash);
	if ((code = store_begin(store, err)) < 0)
		return code;
	STORE_GUARD(store);
	if ((code = store_invitation_insert(store, &invitation, err)) < 0)
		return code;
	note_about(request, "invitation", invitation.id, "");
	note_customer(request, invitation.customer_id);
	note_detail(request, "operator", json_boolean(invitation.service));
	if ((code = store_commit(store, err)) < 0)
		return code;
	/* Behind the #: browsers send that part to nobody, so it is in no log. */
	(void)buf_printf(&link, "%s/#/invitation/%s", request->core->config->url, key.text);
	request->status = 201;
	request->reply = json_pack("{s:o, s:s}", "invitation",
				   render_invitation(request, &invitation), "link", buf_str(&link));
	explicit_bzero(link.data, link.len);
	return 0;
}

static int take_key(struct request *request, uint8_t hash[SECRET_HASH_BYTES],
		    struct invitation *ret, struct err *err)
{
	const char *key = NULL;
	int code;

	if ((code = check_origin(request, err)) < 0 ||
	    (code = body_need_text(request, "key", &key, err)) < 0)
		return code;
	secret_hash(key, strlen(key), hash);
	code = store_invitation_find(request->core->store, hash, clock_now_ms(), ret, err);
	return code == ERR_NOT_FOUND ? err_set(err, code,
					       "this invitation was used already, has expired, or "
					       "never was; ask for another")
				     : code;
}

static int check_invitation(struct request *request, struct err *err)
{
	uint8_t hash[SECRET_HASH_BYTES];
	struct invitation invitation;
	int code = take_key(request, hash, &invitation, err);

	return code < 0 ? code
			: request_answer(request, 200, "invitation",
					 render_invitation(request, &invitation));
}

/* In one transaction: the invitation is used up, the person is made, and belongs to the account. */
static int make_user(struct entering *entering, struct err *err)
{
	struct store *store = entering->request->core->store;
	struct invitation invitation;
	int code = store_begin(store, err);

	if (code < 0)
		return code;
	STORE_GUARD(store);
	code = store_invitation_redeem(store, entering->invitation, clock_now_ms(), &invitation,
				       err);
	if (code == ERR_NOT_FOUND)
		return err_set(err, code, "this invitation was used already; ask for another");
	if (code < 0)
		return code;
	entering->user.service = invitation.service;
	entering->user.created_ms = clock_now_ms();
	if ((code = store_user_insert(store, &entering->user, err)) < 0)
		return code == ERR_UNIQUENESS
			       ? err_set(err, code,
					 "somebody has the name %s already; choose another",
					 entering->user.name)
			       : code;
	if ((code = store_user_set_role(store, entering->user.id, invitation.customer_id,
					invitation.role, err)) < 0 ||
	    (code = store_invitation_update_user(store, invitation.id, entering->user.id, err)) < 0)
		return code;
	note_person(entering->request, &entering->user);
	note_customer(entering->request, invitation.customer_id);
	note_about(entering->request, "invitation", invitation.id, "");
	note_detail(entering->request, "operator", json_boolean(invitation.service));
	return store_commit(store, err);
}

/* Two changes: there is a new person, and that person is signed in. */
static int join(struct entering *entering, struct err *err)
{
	struct request *request = entering->request;
	int code;

	note_resume(request);
	code = make_user(entering, err);
	if (code == 0) {
		note_what(request, "session.create");
		code = enter(request, &entering->user, err);
	}
	note_pause(request);
	return code;
}

static void on_hashed(void *context, const char *hash)
{
	struct entering *entering = context;
	struct err err = {0};
	int code;

	(void)snprintf(entering->user.password_hash, sizeof entering->user.password_hash, "%s",
		       hash);
	if (*hash == '\0')
		code = err_set(&err, ERR_UNAVAILABLE,
			       "not enough memory to hash the password; try again");
	else
		code = join(entering, &err);
	router_finish(entering->request, code, &err);
	explicit_bzero(entering, sizeof *entering);
	free(entering);
}

static int redeem(struct request *request, struct err *err)
{
	struct entering *entering = calloc(1, sizeof *entering);
	const char *name = NULL, *password = NULL;
	struct invitation invitation;
	struct user other;
	int code;

	if (entering == NULL)
		return -ENOMEM;
	entering->request = request;
	if ((code = take_key(request, entering->invitation, &invitation, err)) < 0 ||
	    (code = body_need_text(request, "name", &name, err)) < 0 ||
	    (code = body_need_text(request, "password", &password, err)) < 0)
		goto fail;
	if ((code = name_check_person(name, err)) < 0) {
		code = request_field(request, "name", code, err);
		goto fail;
	}
	if ((code = account_check_password(name, password, err)) < 0) {
		code = request_field(request, "password", code, err);
		goto fail;
	}
	/* Asked here for a quick answer; the insert asks again. */
	if (store_user_get_by_name(request->core->store, name, &other, NULL) == 0) {
		code = err_set(err, ERR_UNIQUENESS,
			       "somebody has the name %s already; choose another", name);
		goto fail;
	}
	(void)snprintf(entering->user.name, sizeof entering->user.name, "%s", name);
	if ((code = password_hash(request->core->passwords, password, on_hashed, entering, err)) <
	    0)
		goto fail;
	return REQUEST_LATER;
fail:
	free(entering);
	return code;
}

const struct route session_routes[] = {
	{"POST", "/sessions", ACCESS_PUBLIC, sign_in, "session.create"},
	{"DELETE", "/sessions/current", ACCESS_READ, sign_out, "session.delete"},
	{"GET", "/invitations", ACCESS_SERVICE_READ, list_invitations},
	{"POST", "/invitations", ACCESS_SERVICE, create_invitation, "invitation.create"},
	{"POST", "/invitations/check", ACCESS_PUBLIC, check_invitation, ROUTE_CHANGES_NOTHING},
	{"POST", "/invitations/redeem", ACCESS_PUBLIC, redeem, "invitation.redeem"},
	{NULL, NULL, 0, NULL},
};

// /v1/sessions: coming in, going out, and where one is signed in.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "core/api/entering.h"
#include "core/api/note.h"
#include "core/api/router.h"
#include "core/auth/authenticate.h"
#include "core/auth/password.h"
#include "core/auth/second_step.h"
#include "core/events.h"
#include "store/store_customer.h"
#include "store/store_membership.h"
#include "store/store_session.h"
#include "store/store_user.h"

/* What is remembered while a password is being compared on another thread. */
struct sign_in {
	struct request *request;
	struct user user;
	struct session session;
	struct secret code; /* of the second step, as typed */
	bool known;
};

static void forget(struct sign_in *sign_in)
{
	secret_done(&sign_in->code);
	explicit_bzero(sign_in, sizeof *sign_in);
	free(sign_in);
}

/* The password was right. It alone does not make up for wrong tries: those of codes count too. */
static int come_in(struct sign_in *sign_in, struct err *err)
{
	struct request *request = sign_in->request;
	int code = second_step_ask(request->core, &sign_in->user, sign_in->session.peer,
				   sign_in->code.text, err);

	if (code < 0)
		return code;
	password_guard_note(request->core->passwords, sign_in->user.name, sign_in->session.peer,
			    true);
	note_resume(request);
	note_person(request, &sign_in->user);
	code = entering_sign_in(request, &sign_in->user, &sign_in->session, err);
	note_pause(request);
	return code;
}

static void on_verified(void *context, bool right)
{
	struct sign_in *sign_in = context;
	struct request *request = sign_in->request;
	struct err err = {0};
	int code;

	if (right && !sign_in->user.disabled) {
		code = come_in(sign_in, &err);
	} else {
		password_guard_note(request->core->passwords, sign_in->user.name,
				    sign_in->session.peer, false);
		note_wrong_sign_in(request->core, sign_in->known ? &sign_in->user : NULL,
				   sign_in->session.peer, false);
		code = err_set(&err, ERR_UNAUTHORIZED, "the name or the password is wrong");
	}
	router_finish(request, code, &err);
	forget(sign_in);
}

static int create(struct request *request, struct err *err)
{
	const char *name = NULL, *password = NULL, *second = NULL;
	struct sign_in *sign_in;
	int code;

	if ((code = entering_check_origin(request, err)) < 0 ||
	    (code = body_need_text(request, "name", &name, err)) < 0 ||
	    (code = body_need_text(request, "password", &password, err)) < 0 ||
	    (code = body_text(request, "code", &second, err)) < 0)
		return code;
	if (strlen(name) >= NAME_PERSON_BYTES || strlen(password) > ACCOUNT_PASSWORD_MAX_BYTES)
		return err_set(err, ERR_UNAUTHORIZED, "the name or the password is wrong");
	code = entering_check_tries(request, name, err);
	if (code < 0) {
		struct user user;
		const bool known =
			store_user_get_by_name(request->core->store, name, &user, NULL) == 0;
		note_wrong_sign_in(request->core, known ? &user : NULL, request->http->peer, true);
		return code;
	}
	sign_in = calloc(1, sizeof *sign_in);
	if (sign_in == NULL)
		return -ENOMEM;
	sign_in->request = request;
	entering_place(request, &sign_in->session);
	if (second != NULL && secret_set(&sign_in->code, second, strlen(second)) < 0) {
		free(sign_in);
		return -ENOMEM;
	}
	sign_in->known =
		store_user_get_by_name(request->core->store, name, &sign_in->user, NULL) == 0;
	/* The guard counts unknown names as well: nothing tells them from known ones. */
	if (!sign_in->known)
		(void)snprintf(sign_in->user.name, sizeof sign_in->user.name, "%s", name);
	code = password_verify(request->core->passwords, password,
			       sign_in->known ? sign_in->user.password_hash : NULL, on_verified,
			       sign_in, err);
	if (code < 0) {
		forget(sign_in);
		return code;
	}
	return REQUEST_LATER;
}

static json_t *render(struct request *request, const struct session *session)
{
	struct customer customer = {0};

	(void)store_customer_get(request->core->store, session->customer_id, &customer, NULL);
	return json_pack("{s:I, s:b, s:s, s:s, s:{s:I, s:s}, s:o, s:o, s:o, s:o}", "id",
			 (json_int_t)session->id, "current", session->id == request->who.session_id,
			 "address", session->peer, "client", session->client, "customer", "id",
			 (json_int_t)customer.id, "name", customer.name, "created",
			 json_time(session->created_ms), "last_used",
			 json_time(session->last_used_ms), "proved", json_time(session->proved_ms),
			 "expires", json_time(session->expires_ms));
}

static int list(struct request *request, struct err *err)
{
	struct list_query query CLEANUP(list_query_done) = {0};
	struct store_sessions sessions = {0};
	json_t *items;
	int code;

	if ((code = request_list(request, 0, &query, err)) < 0 ||
	    (code = store_session_list(request->core->store, request->who.user_id, clock_now_ms(),
				       &query.page, &sessions, err)) < 0)
		return code;
	items = json_array();
	for (size_t i = 0; i < sessions.count; i++)
		(void)json_array_append_new(items, render(request, &sessions.items[i]));
	const uint64_t total = sessions.total;
	store_session_done(&sessions);
	return request_answer_list(request, "sessions", items, &query.page, total);
}

/* One of one's own; another's is as unknown as one that never was. */
static int end(struct request *request, struct err *err)
{
	int code = store_session_delete_of_user(request->core->store, request->who.user_id,
						request->id, err);

	if (code == ERR_NOT_FOUND)
		return err_set(err, code, "you have no session %llu",
			       (unsigned long long)request->id);
	if (code < 0)
		return code;
	events_check_rights(request->core->events);
	if (request->id == request->who.session_id)
		authenticate_clear_cookie(request);
	request->status = 204;
	return 0;
}

/* All of one's own but this one. */
static int end_others(struct request *request, struct err *err)
{
	int code = store_session_delete_others(request->core->store, request->who.user_id,
					       request->who.session_id, err);

	if (code < 0)
		return code;
	events_check_rights(request->core->events);
	request->status = 204;
	return 0;
}

static int end_current(struct request *request, struct err *err)
{
	int code;

	note_about(request, "session", request->who.session_id, "");
	if ((code = store_session_delete(request->core->store, request->who.session_id, err)) < 0)
		return code;
	events_check_rights(request->core->events);
	authenticate_clear_cookie(request);
	request->status = 204;
	return 0;
}

/* Where somebody may work: in accounts they belong to; operators of the service in every one. */
static int check_may_switch(struct request *request, uint64_t customer_id, struct err *err)
{
	struct customer customer;
	enum role role = ROLE_NONE;
	int code;

	if (request->who.service) {
		code = store_customer_get(request->core->store, customer_id, &customer, err);
		return code == ERR_NOT_FOUND
			       ? request_invalid(request, err, "customer",
						 "there is no account with this number")
			       : code;
	}
	if ((code = store_membership_role(request->core->store, request->who.user_id, customer_id,
					  &role, err)) < 0)
		return code;
	return role != ROLE_NONE ? 0
				 : request_invalid(request, err, "customer",
						   "you belong to no account with this number");
}

/* Work for another account. An operator's changes there are told in its history as theirs. */
static int switch_customer(struct request *request, struct err *err)
{
	int64_t customer_id = 0;
	int code;

	if ((code = body_number(request, "customer", 1, INT64_MAX, &customer_id, err)) < 0)
		return code;
	if (customer_id == 0)
		return request_invalid(request, err, "customer", "is missing");
	note_about(request, "session", request->who.session_id, "");
	if ((code = check_may_switch(request, (uint64_t)customer_id, err)) < 0)
		return code;
	note_customer(request, (uint64_t)customer_id);
	if ((code = store_session_update_customer(request->core->store, request->who.session_id,
						  (uint64_t)customer_id, err)) < 0)
		return code;
	events_check_rights(request->core->events);
	request->status = 204;
	return 0;
}

const struct route session_routes[] = {
	{"POST", "/sessions", ACCESS_PUBLIC, create, "session.create"},
	{"GET", "/sessions", ACCESS_PERSON, list},
	{"DELETE", "/sessions", ACCESS_PERSON, end_others, "session.end_others"},
	{"PUT", "/sessions/current", ACCESS_PERSON, switch_customer, "session.switch"},
	{"DELETE", "/sessions/current", ACCESS_PERSON, end_current, "session.delete"},
	{"DELETE", "/sessions/{id}", ACCESS_PERSON, end, "session.end"},
	{NULL, NULL, 0, NULL},
};

#include "core/api/entering.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "core/api/note.h"
#include "core/auth/authenticate.h"
#include "core/auth/password.h"
#include "store/store_membership.h"
#include "store/store_user.h"

int entering_check_origin(const struct request *request, struct err *err)
{
	if (http_request_header(request->http, "origin") != NULL &&
	    !authenticate_is_own_origin(request))
		return err_set(err, ERR_FORBIDDEN, "this request did not come from the panel");
	return 0;
}

int entering_check_proof(const struct request *request, struct err *err)
{
	const int64_t most_ms = (int64_t)request->core->config->proof_minutes * 60 * 1000;

	if (request->who.via != PRINCIPAL_SESSION || most_ms == 0 ||
	    clock_now_ms() - request->who.proved_ms < most_ms)
		return 0;
	return err_set(err, ERR_PROOF_REQUIRED,
		       "show once more that it is you: POST /v1/sessions/current/proof");
}

int entering_check_tries(const struct request *request, const char *name, struct err *err)
{
	const int64_t wait_ms =
		password_guard_delay(request->core->passwords, name, request->http->peer);

	return wait_ms == 0 ? 0
			    : err_set(err, ERR_RATE_LIMIT,
				      "too many wrong tries; try again in %lld seconds",
				      (long long)(wait_ms + 999) / 1000);
}

void entering_place(const struct request *request, struct session *session)
{
	const char *client = http_request_header(request->http, "user-agent");
	size_t len = 0;

	(void)snprintf(session->peer, sizeof session->peer, "%s", request->http->peer);
	/* Whoever comes names the program; only what is harmless in a terminal is kept. */
	for (; client != NULL && *client != '\0' && len + 1 < sizeof session->client; client++)
		session->client[len++] = *client >= ' ' && *client <= '~' ? *client : '?';
	session->client[len] = '\0';
}

json_t *entering_render_user(const struct user *user)
{
	return json_pack("{s:I, s:s, s:b}", "id", (json_int_t)user->id, "name", user->name,
			 "operator", user->service);
}

int entering_first_customer(struct request *request, const struct user *user,
			    struct session *session, struct err *err)
{
	struct membership first = {0};
	int code = store_membership_first(request->core->store, user->id, &first, err);

	if (code == ERR_NOT_FOUND && user->service) {
		first.customer_id = ACCOUNT_SERVICE_CUSTOMER_ID;
		code = 0;
	}
	if (code < 0)
		return err_set(err, ERR_FORBIDDEN, "this person belongs to no account any more");
	session->customer_id = first.customer_id;
	return 0;
}

int entering_sign_in(struct request *request, const struct user *user, struct session *session,
		     struct err *err)
{
	struct store *store = request->core->store;
	int code = entering_first_customer(request, user, session, err);

	if (code < 0)
		return code;
	session->user_id = user->id;
	note_customer(request, session->customer_id);
	if ((code = store_begin(store, err)) < 0)
		return code;
	STORE_GUARD(store);
	if ((code = authenticate_make_session(request, session, err)) < 0)
		return code;
	note_about(request, "session", session->id, "");
	if ((code = store_commit(store, err)) < 0)
		return code;
	return request_answer(request, 201, "session",
			      json_pack("{s:o}", "user", entering_render_user(user)));
}

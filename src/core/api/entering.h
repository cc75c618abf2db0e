// A person comes in: what a sign-in, an invitation and a new password have in common.
#pragma once

#include "core/api/request.h"
#include "model/account.h"

/** entering_check_origin() - a page of another site must not sign anybody in or out.
 * ERR_FORBIDDEN. */
int entering_check_origin(const struct request *request, struct err *err);

/** entering_check_proof() - a session must have proved lately who sits at it: proof_minutes of the
 * settings. Tokens and the local socket are asked nothing. ERR_PROOF_REQUIRED. */
int entering_check_proof(const struct request *request, struct err *err);

/** entering_check_tries() - ERR_RATE_LIMIT while wrong passwords of @name from here slow down. */
int entering_check_tries(const struct request *request, const char *name, struct err *err);

/** entering_place() - from where and with which program @session is opened. The headers are gone
 * once a handler has said REQUEST_LATER: ask before. */
void entering_place(const struct request *request, struct session *session);

/** entering_render_user() - {"id", "name", "operator"}. */
json_t *entering_render_user(const struct user *user);

/** entering_first_customer() - the account a new session works for: the oldest of the user's, into
 * @session. ERR_FORBIDDEN when the person belongs to none any more. */
int entering_first_customer(struct request *request, const struct user *user,
			    struct session *session, struct err *err);

/**
 * entering_sign_in() - a session, its cookie, and who it is, as the answer.
 * @session: peer and client. In a transaction of its own. Errors as entering_first_customer().
 */
int entering_sign_in(struct request *request, const struct user *user, struct session *session,
		     struct err *err);

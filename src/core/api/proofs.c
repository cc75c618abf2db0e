// /v1/sessions/current/proof: whoever sits at a session shows once more who they are.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/secret.h"
#include "core/api/entering.h"
#include "core/api/note.h"
#include "core/api/router.h"
#include "core/auth/password.h"
#include "core/auth/second_step.h"
#include "store/store_session.h"
#include "store/store_user.h"

/* What is remembered while the password is being compared on another thread. */
struct proof {
	struct request *request;
	struct user user;
	struct session session; /* peer */
	struct secret code;     /* as typed */
};

static void forget(struct proof *proof)
{
	secret_done(&proof->code);
	explicit_bzero(proof, sizeof *proof);
	free(proof);
}

static int prove(struct proof *proof, struct err *err)
{
	struct request *request = proof->request;
	int code = second_step_ask(request->core, &proof->user, proof->session.peer,
				   proof->code.text, err);

	if (code < 0)
		return code;
	password_guard_note(request->core->passwords, proof->user.name, proof->session.peer, true);
	note_resume(request);
	note_about(request, "session", request->who.session_id, "");
	code = store_session_prove(request->core->store, request->who.session_id, clock_now_ms(),
				   err);
	note_pause(request);
	if (code == ERR_NOT_FOUND)
		return err_set(err, ERR_UNAUTHORIZED, "you are signed out: sign in again");
	request->status = 204;
	return code;
}

static void on_verified(void *context, bool right)
{
	struct proof *proof = context;
	struct core *core = proof->request->core;
	struct err err = {0};
	int code;

	if (right) {
		code = prove(proof, &err);
	} else {
		password_guard_note(core->passwords, proof->user.name, proof->session.peer, false);
		note_wrong_sign_in(core, &proof->user, proof->session.peer, false);
		code = err_set(&err, ERR_WRONG_PASSWORD, "the password is wrong");
	}
	router_finish(proof->request, code, &err);
	forget(proof);
}

static int begin(struct request *request, struct proof *proof, struct err *err)
{
	const char *password = NULL, *second = NULL;
	int code;

	proof->request = request;
	entering_place(request, &proof->session);
	if ((code = store_user_get(request->core->store, request->who.user_id, &proof->user, err)) <
		    0 ||
	    (code = body_need_text(request, "password", &password, err)) < 0 ||
	    (code = body_text(request, "code", &second, err)) < 0)
		return code;
	if (strlen(password) > ACCOUNT_PASSWORD_MAX_BYTES)
		return err_set(err, ERR_WRONG_PASSWORD, "the password is wrong");
	if ((code = entering_check_tries(request, proof->user.name, err)) < 0)
		return code;
	if (second != NULL && secret_set(&proof->code, second, strlen(second)) < 0)
		return -ENOMEM;
	return password_verify(request->core->passwords, password, proof->user.password_hash,
			       on_verified, proof, err);
}

static int create(struct request *request, struct err *err)
{
	struct proof *proof = calloc(1, sizeof *proof);
	int code;

	if (proof == NULL)
		return -ENOMEM;
	if ((code = begin(request, proof, err)) == 0)
		return REQUEST_LATER;
	forget(proof);
	return code;
}

const struct route proof_routes[] = {
	{"POST", "/sessions/current/proof", ACCESS_PERSON, create, "session.prove"},
	{NULL, NULL, 0, NULL},
};

// How a handler begins an action on the path's server.
#pragma once

#include "core/actions/engine.h"
#include "core/api/request.h"

/** server_actions_submit() - find the server, submit, commit, begin; the action into *ret. Who and
 * which server are filled in. Free with action_done(). */
int server_actions_submit(struct request *request, struct action_request *wanted,
			  struct action *ret, struct err *err);

/** server_actions_answer() - the same, answered with 201 and the action. */
int server_actions_answer(struct request *request, struct action_request *wanted, struct err *err);

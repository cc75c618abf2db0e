// `first_step` of a create and a rebuild: what is chosen for the first boot.
#pragma once

#include "base/secret.h"
#include "core/actions/engine.h"
#include "core/api/request.h"
#include "core/auth/password.h"
#include "model/first_choice.h"

/* `struct first_choices c CLEANUP(first_choices_done) = {0};` is a valid one: the usual. */
struct first_choices {
	uint16_t ssh_port; /* 0: not chosen */
	uint32_t log_days; /* 0: not chosen */
	enum first_choice_updates updates;
	char open_ports[FIRST_CHOICE_OPEN_BYTES]; /* "80/tcp,443/tcp" */
	const char *user;                         /* borrowed from the body; NULL: not chosen */
	char hash[GUEST_HASH_BYTES];              /* of the console's password; "": not chosen */
};

void first_choices_done(struct first_choices *choices);
/**
 * first_choices_take() - every field is looked at, an unknown one refused.
 * Errors: ERR_INVALID_INPUT with the field ("first_step.ssh_port").
 */
int first_choices_take(struct request *request, struct first_choices *ret, struct err *err);
/** first_choices_put() - into what is asked of the engine (which borrows), and into the history. */
void first_choices_put(struct request *request, const struct first_choices *choices,
		       struct action_request *wanted);

// The second step of signing in: time-based codes (RFC 6238) and recovery codes.
#pragma once

#include "core/api/request.h"
#include "model/account.h"
#include "model/second_step.h"

/** second_step_setup() - once at start; 0 or -EIO. */
int second_step_setup(void);

/** second_step_match() - whose time step's code @code is: of the one at @now_s, or of
 * SECOND_STEP_WINDOW before and after. 0: of none that is not used up. Does not block. */
uint64_t second_step_match(const struct second_step *step, const char *code, int64_t now_s);

/**
 * second_step_ask() - after the right password: the person's code, which is used up by it.
 * Does nothing for somebody who has no second step. No transaction may be open; wrong codes are
 * counted, in memory beside wrong passwords, in the database, and in the history.
 * @text: as typed; NULL or "": none came.
 * @peer: from where.
 * Errors: ERR_CODE_REQUIRED, ERR_WRONG_CODE, ERR_RATE_LIMIT.
 */
int second_step_ask(struct core *core, const struct user *user, const char *peer, const char *text,
		    struct err *err);
/** second_step_wrong() - one wrong code, counted; see second_step_ask(). Return: ERR_WRONG_CODE. */
int second_step_wrong(struct core *core, const struct user *user, const char *peer,
		      struct err *err);
/** second_step_may_try() - ERR_RATE_LIMIT while wrong ones slow down. */
int second_step_may_try(const struct second_step *step, struct err *err);

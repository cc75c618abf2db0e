// Whether a zone's name is its owner's: looked for in the public DNS, where that is required.
#pragma once

#include "core/core.h"
#include "model/zone.h"

struct proofs;

int proofs_new(struct core *core, struct proofs **ret, struct err *err);
/** proofs_start() - look again at those that wait, from time to time. */
void proofs_start(struct proofs *proofs);
/** proofs_require() - @zone, which is to be made, waits for a proof when one is required of it. */
void proofs_require(const struct proofs *proofs, struct zone *zone);

/** @code: 0 when all was looked at and what came of it is kept, whatever that is. */
typedef void proofs_reply(void *context, int code, struct err *err);

/**
 * proofs_check() - look now. One whose time is over gets another week first.
 *
 * @reply is called exactly once, not from inside; when this fails, never.
 * Errors: ERR_UNAVAILABLE (no resolver, or too much is asked already), -ENOMEM.
 */
int proofs_check(struct proofs *proofs, const struct zone *zone, proofs_reply *reply, void *context,
		 struct err *err);
/** proofs_give_up() - another account takes the name of a zone that was never proven. Within a
 * transaction. */
int proofs_give_up(struct proofs *proofs, const struct zone *zone, struct err *err);
/** proofs_accept() - the proof was found, or is not needed any more. Within a transaction.
 * @by: "txt", "delegation", "operator". */
int proofs_accept(struct proofs *proofs, struct zone *zone, const char *by, struct err *err);

// Somebody has forgotten their password: a one-time link by mail.
#pragma once

#include "core/core.h"

#define FORGOTTEN_TEXT_BYTES 256

/**
 * forgotten_ask() - have a link sent to whom @text names or whose confirmed address it is, if there
 * is such a person.
 *
 * Whether there is tells nobody: the same is answered at once, and all that depends on it is done
 * later, at a moment nobody knows. @peer: for the history. Errors: ERR_RATE_LIMIT, by where it
 * comes from alone; -ENOMEM.
 */
int forgotten_ask(struct core *core, const char *text, const char *peer, struct err *err);

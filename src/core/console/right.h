// Whether somebody may still have a console: asked before it opens, and again and again while it
// is.
#pragma once

#include "core/core.h"
#include "model/ticket.h"
#include "wire/console_message.h"

/**
 * right_ask() - does everything that this ticket was made for still hold: session or token, user,
 * role, customer, server and its incarnation?
 * @ret_code: on refusal, what a console ends with: CONSOLE_CUT or CONSOLE_DELETED.
 * Return: 0; ERR_FORBIDDEN, ERR_TOKEN_READONLY, ERR_GONE with a text for people; or the store's
 * error with CONSOLE_CUT: who cannot be asked about has no right.
 */
int right_ask(struct core *core, const struct ticket *ticket, enum console_close_code *ret_code,
	      struct err *err);

// Tickets and cookies of consoles: made for somebody who has the right, and taken back once.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/secret.h"
#include "core/core.h"
#include "model/server.h"
#include "model/ticket.h"

#define ENTRANCE_COOKIE_BYTES 256 /* of a Set-Cookie field's value, with the NUL */

/** entrance_make_ticket() - @ticket says for whom and where; use and expiry are set here. */
int entrance_make_ticket(struct core *core, const struct ticket *ticket, struct secret *ret,
			 struct err *err);

/** entrance_make_cookie() - lets the page of that ticket come back; the value of Set-Cookie. */
int entrance_make_cookie(struct core *core, const struct ticket *ticket,
			 char out[ENTRANCE_COOKIE_BYTES], struct err *err);

/** entrance_redeem() - a ticket's text; afterwards it is worth nothing, also where it was presented
 * at the wrong place. Errors: ERR_NOT_FOUND (unknown, used, late), ERR_FORBIDDEN (another place).
 */
int entrance_redeem(struct core *core, const char *text, const struct ticket_place *place,
		    struct ticket *ret, struct err *err);

/** entrance_has_cookie() - did the browser send one for this console? */
bool entrance_has_cookie(const char *cookies, uint64_t server_id, uint8_t kind);

/** entrance_redeem_cookie() - the same as entrance_redeem() for the cookie among @cookies. */
int entrance_redeem_cookie(struct core *core, const char *cookies, const struct ticket_place *place,
			   struct ticket *ret, struct err *err);

/** entrance_bind() - the part of a ticket that is the server's. */
void entrance_bind(struct ticket *ticket, const struct server *server);

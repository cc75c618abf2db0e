#include "model/ticket.h"

#include <string.h>

int ticket_check(const struct ticket *ticket, const struct ticket_place *place, struct err *err)
{
	const bool from_page = *ticket->origin != '\0';

	if (ticket->server_id != place->server_id || ticket->kind != place->kind)
		return err_set(err, ERR_FORBIDDEN, "this ticket is for another console");
	if (from_page && (place->origin == NULL || strcmp(ticket->origin, place->origin) != 0))
		return err_set(err, ERR_FORBIDDEN, "this ticket is for another page");
	/* A browser says where it comes from; what does not is no browser and has no cookies. */
	if (ticket->use == TICKET_COOKIE && !from_page)
		return err_set(err, ERR_FORBIDDEN, "this cookie came from no page");
	if (ticket->who.session_id != 0 && ticket->who.session_id != place->session_id)
		return err_set(err, ERR_FORBIDDEN, "this ticket is for another session");
	if (place->token_id != 0 && ticket->who.token_id != place->token_id)
		return err_set(err, ERR_FORBIDDEN, "this ticket is for another token");
	return 0;
}

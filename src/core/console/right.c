#include "core/console/right.h"

#include <string.h>

#include "base/clock.h"
#include "core/auth/authenticate.h"
#include "store/store_standing.h"

static int judge(struct core *core, const struct ticket *ticket, const struct store_standing *now,
		 struct err *err)
{
	struct principal who = ticket->who;

	if (!now->holder)
		return err_set(err, ERR_FORBIDDEN, "%s",
			       who.via == PRINCIPAL_TOKEN ? "the token has expired or was deleted"
							  : "the session has ended: sign in again");
	if (who.via == PRINCIPAL_LOCAL && !authenticate_is_operator(core, ticket->uid, ticket->gid))
		return err_set(err, ERR_FORBIDDEN, "this user is no operator any more");
	if (now->suspended && !now->service)
		return err_set(err, ERR_SUSPENDED,
			       "this account is suspended; write to the operator");
	who.readonly = now->readonly;
	who.service = now->service;
	who.role = now->role;
	return role_allow(&who, ticket->mode == CONSOLE_CONTROL ? RIGHT_POWER : RIGHT_READ, err);
}

int right_ask(struct core *core, const struct ticket *ticket, enum console_close_code *ret_code,
	      struct err *err)
{
	struct store_standing now;
	int code = store_standing_get(core->store, &ticket->who, ticket->server_id, clock_now_ms(),
				      &now, err);

	*ret_code = CONSOLE_CUT;
	if (code < 0 || (code = judge(core, ticket, &now, err)) < 0)
		return code;
	if (now.server && now.generation == ticket->generation &&
	    memcmp(now.uuid, ticket->uuid, sizeof now.uuid) == 0 &&
	    now.customer_id == ticket->who.customer_id && now.status != SERVER_DELETING &&
	    now.status != SERVER_REBUILDING)
		return 0;
	*ret_code = CONSOLE_DELETED;
	return err_set(err, ERR_GONE, "the server was deleted, rebuilt or handed over");
}

#include "core/console/console_line.h"

#include <inttypes.h>
#include <stdio.h>

#include "store/store_history.h"
#include "wire/console_message.h"

static void begin(const struct store_console_line *row, const struct ticket *claim,
		  const char *what, struct history_line *ret)
{
	*ret = (struct history_line){.customer_id = row->customer_id,
				     .actor = HISTORY_SYSTEM,
				     .resource_type = "server",
				     .resource_id = row->server_id,
				     .result = HISTORY_SUCCESS};
	(void)snprintf(ret->what, sizeof ret->what, "%s", what);
	(void)snprintf(ret->resource_name, sizeof ret->resource_name, "%s", row->server_name);
	if (claim == NULL)
		return;
	ret->by_operator = claim->by_operator;
	switch (claim->who.via) {
	case PRINCIPAL_SESSION:
		ret->actor = HISTORY_SESSION;
		ret->actor_id = row->user_id;
		break;
	case PRINCIPAL_TOKEN:
		ret->actor = HISTORY_TOKEN;
		ret->actor_id = row->token_id;
		break;
	case PRINCIPAL_LOCAL:
		ret->actor = HISTORY_LOCAL;
		ret->actor_id = claim->uid;
		break;
	}
	(void)snprintf(ret->actor_name, sizeof ret->actor_name, "%s", row->name);
	(void)snprintf(ret->peer, sizeof ret->peer, "%s", row->peer);
}

int console_line_open(struct store *store, const struct store_console_line *row,
		      const struct ticket *claim, struct err *err)
{
	struct history_line line;

	begin(row, claim, "console.open", &line);
	(void)snprintf(line.details, sizeof line.details,
		       "{\"console\":%" PRIu64 ",\"kind\":\"%s\",\"mode\":\"%s\"}", row->id,
		       console_kind_name(row->kind), console_mode_name(row->mode));
	return store_history_append(store, &line, err);
}

int console_line_close(struct store *store, const struct store_console_line *row,
		       const struct ticket *claim, struct err *err)
{
	const int64_t open_ms = row->closed_ms - row->opened_ms;
	struct history_line line;

	begin(row, claim, "console.close", &line);
	/* Whatever else ended it is no failure of the console. */
	if (row->code == CONSOLE_LOST) {
		line.result = HISTORY_ERROR;
		(void)snprintf(line.error_code, sizeof line.error_code, "%s",
			       err_name(ERR_HYPERVISOR));
	}
	(void)snprintf(line.details, sizeof line.details,
		       "{\"bytes_in\":%" PRIu64 ",\"bytes_out\":%" PRIu64 ",\"console\":%" PRIu64
		       ",\"ended\":\"%s\",\"kind\":\"%s\",\"seconds\":%" PRId64 "}",
		       row->bytes_in, row->bytes_out, row->id, console_code_name(row->code),
		       console_kind_name(row->kind), open_ms > 0 ? open_ms / 1000 : 0);
	return store_history_append(store, &line, err);
}

// Further name servers: told to Knot, named in new zones, and configured by a text to print.
#pragma once

#include "core/core.h"
#include "store/store_name_server.h"
#include "wire/dns_message.h"

/** name_servers_fill() - all of them into @job. */
int name_servers_fill(struct store *store, struct dns_job *job, struct err *err);

/**
 * name_servers_config() - the whole knot.conf of @server, appended to @out.
 * @primary: where it fetches from, "192.0.2.53@53" in Knot's form.
 * @with_secret: else a mark stands in its place.
 */
int name_servers_config(const struct core *core, const struct name_server_row *server,
			const char *primary, bool with_secret, struct buf *out);

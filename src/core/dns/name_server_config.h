// What a further name server's machine is told: a whole configuration, to print.
#pragma once

#include "base/buf.h"
#include "base/ip.h"
#include "core/core.h"
#include "store/store_name_server.h"

enum name_server_format { NAME_SERVER_KNOT = 1, NAME_SERVER_BIND, NAME_SERVER_NSD };

/** name_server_config_format() - "knot", "bind" or "nsd"; NULL is knot. -EINVAL. */
int name_server_config_format(const char *word, enum name_server_format *ret);

struct name_server_primary {
	char address[IP_TEXT_BYTES];
	uint16_t port;
};

/**
 * name_server_config_write() - the whole configuration of @server, appended to @out.
 * @primary: where it fetches from.
 * @with_secret: else a mark stands in its place.
 */
int name_server_config_write(const struct core *core, const struct name_server_row *server,
			     enum name_server_format format,
			     const struct name_server_primary *primary, bool with_secret,
			     struct buf *out, struct err *err);

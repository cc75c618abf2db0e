// Starts Knot DNS, the name server, with a configuration and a folder of its own, and keeps it up.
#pragma once

#include <uv.h>

#include "base/config.h"

struct name_server;

/**
 * name_server_new() - write its settings and start it, where [dns] says on what it listens.
 *
 * What core adds to its settings while it runs (zones, keys) lies in its own database and stays
 * there, unless [dns] has changed: then core tells it everything again. One that an ippod left
 * behind that was killed is ended first. *ret is NULL where there is none.
 */
int name_server_new(uv_loop_t *loop, const struct config *config, struct name_server **ret,
		    struct err *err);
/** name_server_stop() - ask it to end; @ended is called when it has, or has been killed. */
void name_server_stop(struct name_server *server, void (*ended)(void *context), void *context);
void name_server_free(struct name_server *server);

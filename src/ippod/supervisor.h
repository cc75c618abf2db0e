// Starts the three children, tells them their neighbours, and restarts whichever of them ends.
#pragma once

#include <uv.h>

#include "base/config.h"

struct supervisor;

struct supervisor_sockets {
	int https;
	int local;
	int lock; /* of the state folder: children hold it too, so that no other ippod's meet them
		   */
};

/**
 * supervisor_new() - start all children.
 * @config, @config_path: borrowed for its life. @sockets: borrowed; duplicated for each child.
 */
int supervisor_new(uv_loop_t *loop, const struct config *config, const char *config_path,
		   const struct supervisor_sockets *sockets, struct supervisor **ret,
		   struct err *err);

/** supervisor_stop() - ask all children to end, kill those that have not within 10 s; then
 * uv_stop(). */
void supervisor_stop(struct supervisor *supervisor);
void supervisor_free(struct supervisor *supervisor);

// Verbs from core: decoded, judged again, run on the worker pool, answered. Events go the other
// way.
#pragma once

#include <uv.h>

#include "base/config.h"
#include "host/driver.h"

struct dispatch;

/** dispatch_new() - @loop, @config: borrowed. Makes the driver that the settings name. */
int dispatch_new(uv_loop_t *loop, const struct config *config, struct dispatch **ret,
		 struct err *err);
void dispatch_free(struct dispatch *dispatch);

/** dispatch_connect() - answer core on this channel from now on; @fd is owned. */
void dispatch_connect(struct dispatch *dispatch, int fd);

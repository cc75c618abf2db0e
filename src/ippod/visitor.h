// A program that is started when core asks for it and ends by itself: ippo-metrics, ippo-post,
// ippo-probe.
#pragma once

#include <uv.h>

#include "base/config.h"

struct visitor;

/* Core's end of the channel, which the handler owns. */
typedef void visitor_started(void *context, int fd);

/** visitor_new() - @program: its name in the programs' folder; borrowed, as all else. */
int visitor_new(uv_loop_t *loop, const char *program, const struct config *config,
		const char *config_path, int lock_fd, visitor_started *started, void *context,
		struct visitor **ret);
/** visitor_want() - start one, or when one still runs: as soon as it has ended. */
void visitor_want(struct visitor *visitor);
/** visitor_free() - one that runs ends when core's end of its channel is closed. */
void visitor_free(struct visitor *visitor);

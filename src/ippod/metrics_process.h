// ippo-metrics, which is started when core asks for it and ends by itself.
#pragma once

#include <uv.h>

#include "base/config.h"

struct metrics_process;

/* Core's end of the channel, which the handler owns. */
typedef void metrics_process_started(void *context, int fd);

int metrics_process_new(uv_loop_t *loop, const struct config *config, const char *config_path,
			int lock_fd, metrics_process_started *started, void *context,
			struct metrics_process **ret);
/** metrics_process_want() - start one, or when one still runs: as soon as it has ended. */
void metrics_process_want(struct metrics_process *metrics);
/** metrics_process_free() - one that runs ends when core's end of its channel is closed. */
void metrics_process_free(struct metrics_process *metrics);

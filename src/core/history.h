// What the history needs besides being written: its oldest lines go, its head is in the log.
#pragma once

#include "core/core.h"

struct history;

int history_new(struct core *core, struct history **ret, struct err *err);
/** history_stop() - the service is stopping: what is remembered only is written now. */
void history_stop(struct history *history);
/** history_free() - the loop must run once more for libuv to close the timer. */
void history_free(struct history *history);

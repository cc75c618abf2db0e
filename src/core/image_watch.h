// How old images are and what waits for them: looked at daily, and when somebody asks.
#pragma once

#include "core/core.h"

/** image_watch_start() - from now on, once, for as long as the loop runs. */
void image_watch_start(struct core *core);

// Notices that are to appear later: when their time has come, those who look are told.
#pragma once

#include "core/core.h"

/** notice_clock_start() - from now on, once, for as long as the loop runs. */
void notice_clock_start(struct core *core);

// The servers of suspended customers are off: shut down, and stopped when that does not help. Those
// that were stopped so are started when the suspension is lifted.
#pragma once

#include "core/core.h"

struct suspension;

int suspension_new(struct core *core, struct suspension **ret, struct err *err);
/** suspension_begin() - a customer was suspended, or is no more: with the loop's next turn, not
 * some seconds later.
 */
void suspension_begin(struct suspension *suspension);
/** suspension_free() - the loop must run once more for libuv to close the timer. */
void suspension_free(struct suspension *suspension);

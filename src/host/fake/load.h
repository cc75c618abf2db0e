// What guests that are not there would have used of a machine.
#pragma once

#include <stdint.h>

#include "wire/host_message.h"

/** load_of() - what the server has used from @started_ms (0: long ago) until @now_ms. By its UUID
 * some are idle and some are busy; counters never go back within a run. */
void load_of(const uint8_t uuid[UUID_BYTES], int64_t started_ms, int64_t now_ms,
	     struct host_sample *ret);

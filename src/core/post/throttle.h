// How often something may be asked for within a while, by whom or about whom. In memory.
#pragma once

#include <stdbool.h>
#include <stdint.h>

/**
 * throttle_take() - one more by @who; false: that is too many.
 * @what: the kind of thing, with a window of its own. @most: within @window_ms since the first.
 * Two that share a place share a window: both get less. A restart forgets.
 */
bool throttle_take(const char *what, const char *who, unsigned most, int64_t window_ms);

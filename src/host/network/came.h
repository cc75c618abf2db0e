// From where connections were made that a filter has marked.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/ip.h"

/**
 * came_list() - the sources of established connections of TCP to @port that carry @mark, each once.
 * Blocks while the kernel tells its table of connections, of which it picks those itself.
 */
int came_list(uint32_t mark, uint16_t port, struct ip *ret, size_t max, size_t *ret_count,
	      struct err *err);

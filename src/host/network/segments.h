// The ports of all servers in private networks: plugged in, looked after, and cleared away.
#pragma once

#include <stddef.h>

#include "base/err.h"
#include "wire/host_message.h"

/** segments_plumb() - every port of one server; its rules are in force by now. Errors: as of
 * segment_plumb(). */
int segments_plumb(const char *instance, const struct host_network *server, struct err *err);
/** segments_clean() - what no server has any more goes: taps, and bridges without one. */
void segments_clean(const char *instance, const struct host_network *servers, size_t count);
/** segments_check() - is each port where it belongs? One that somebody has pulled out or deleted is
 * plugged in again. Return: 0, 1 when one was, or a negative code. */
int segments_check(const char *instance, const struct host_network *servers, size_t count,
		   struct err *err);

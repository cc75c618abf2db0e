// Which ports of TCP a server answers at, by connecting to each.
#pragma once

#include "base/ip.h"
#include "wire/probe_message.h"

/** scan_all() - every port. @timeout_ms: without an answer for so long a port is closed. Ends by
 * itself within SCAN_MAX_MS, then with done == 0. */
#define SCAN_MAX_MS 90000
void scan_all(const struct ip *ip, unsigned timeout_ms, struct probe_scan *ret);

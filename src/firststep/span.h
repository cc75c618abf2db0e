// systemd's time spans: "90day", "3month 1w", "3600" (systemd.time(7)).
#pragma once

#include <stdint.h>

/** span_parse() - whole seconds; -EINVAL, or -ERANGE past what fits. "infinity" is 0, as journald
 * takes 0 for no limit. */
int span_parse(const char *text, uint64_t *ret_seconds);

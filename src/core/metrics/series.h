// What clients may ask of a server's measurements, under which names, and in which units.
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "base/err.h"
#include "core/metrics/window.h"
#include "wire/metrics_message.h"

/**
 * series_parse() - "cpu" or "cpu,disk": adds to *types.
 * @types: bits 1 << enum host_statistic. Errors: ERR_INVALID_INPUT names the one that is none.
 */
int series_parse(const char *text, uint32_t *types, struct err *err);

/** series_json() - {NAME: {"values": [[seconds, "number"], …]}}: rows put together to the window's
 * step. What is not known is no point. */
json_t *series_json(uint32_t types, const struct window *window, const struct metrics_rows *rows);

/**
 * series_uneven() - hcloud-cli 1.30 draws by asciigraph, which divides by the greatest less the
 * least value and panics where they are the same: a server that is idle. So that it prints, the
 * last point of such a series is greater by a thousand millionth, and one that stands alone gets
 * its step's beginning.
 */
void series_uneven(json_t *all, uint32_t step_s);

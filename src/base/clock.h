// Wall and monotonic time in milliseconds, and RFC 3339 text.
#pragma once

#include <stdint.h>

#define CLOCK_TEXT_BYTES 32

int64_t clock_now_ms(void);  /* since 1970-01-01T00:00:00Z */
int64_t clock_mono_ms(void); /* for durations only */
/** clock_format() - RFC 3339 section 5.6 in UTC, whole seconds: 2026-01-02T03:04:05+00:00. */
void clock_format(int64_t ms, char out[CLOCK_TEXT_BYTES]);

#include "base/clock.h"

#include <stdio.h>
#include <time.h>

static int64_t read_clock_ms(clockid_t id)
{
	struct timespec now;

	(void)clock_gettime(id, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t clock_now_ms(void)
{
	return read_clock_ms(CLOCK_REALTIME);
}

int64_t clock_mono_ms(void)
{
	return read_clock_ms(CLOCK_MONOTONIC);
}

void clock_format(int64_t ms, char out[CLOCK_TEXT_BYTES])
{
	time_t seconds = (time_t)(ms / 1000);
	struct tm tm;

	(void)gmtime_r(&seconds, &tm);
	(void)strftime(out, CLOCK_TEXT_BYTES, "%Y-%m-%dT%H:%M:%S+00:00", &tm);
}

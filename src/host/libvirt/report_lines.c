#include <string.h>

#include "host/libvirt/report.h"

#define MINUTE_MS 60000

static bool is_within_rate(struct report_lines *lines, int64_t now_ms)
{
	const int64_t minute = now_ms / MINUTE_MS;

	if (minute != lines->minute) {
		lines->minute = minute;
		lines->this_minute = 0;
	}
	return lines->this_minute++ < REPORT_LINES_PER_MINUTE;
}

void report_lines_take(struct report_lines *lines, const char *data, size_t bytes, int64_t now_ms,
		       void (*say)(void *context, const char *line), void *context)
{
	for (size_t i = 0; i < bytes; i++) {
		const char c = data[i];
		if (c == '\n') {
			lines->line[lines->len] = '\0';
			if (!lines->too_long && lines->len > 0 && is_within_rate(lines, now_ms))
				say(context, lines->line);
			lines->len = 0;
			lines->too_long = false;
		} else if (lines->len == REPORT_LINE_MAX_BYTES ||
			   (c != '\r' && (c < ' ' || c > '~'))) {
			/* Too long, or not a line of ours at all. */
			lines->too_long = true;
		} else if (c != '\r') {
			lines->line[lines->len++] = c;
		}
	}
}

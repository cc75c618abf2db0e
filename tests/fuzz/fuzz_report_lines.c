// Whatever a guest writes to its report port: only whole, short, printable lines come out of it.
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "host/libvirt/report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct said {
	unsigned count;
	uint8_t digest;
};

static void say(void *context, const char *line)
{
	struct said *said = context;
	const size_t len = strlen(line);

	if (len == 0 || len > REPORT_LINE_MAX_BYTES)
		abort();
	for (size_t i = 0; i < len; i++) {
		if (line[i] < ' ' || line[i] > '~')
			abort();
		said->digest = (uint8_t)(said->digest * 31 + (uint8_t)line[i]);
	}
	said->count++;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct report_lines whole = {0}, parts = {0};
	struct said first = {0}, second = {0};

	report_lines_take(&whole, (const char *)data, size, 1000, say, &first);
	for (size_t i = 0; i < size; i++)
		report_lines_take(&parts, (const char *)data + i, 1, 1000, say, &second);
	if (first.count != second.count || first.digest != second.digest ||
	    first.count > REPORT_LINES_PER_MINUTE)
		abort();
	return 0;
}

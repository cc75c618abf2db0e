// A resolver's answer as ippo-probe reads it: one byte for the type asked for, then the message.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "probe/ask.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct probe_question question = {.name = "below.example"};
	struct probe_names names = {0};
	uint8_t *copy;

	if (bytes < 13 || bytes > UINT16_MAX)
		return 0;
	question.type = data[0];
	question.exact = bytes % 2;
	/* Of exactly that size, so that a byte too far is seen. */
	if ((copy = malloc(bytes - 1)) == NULL)
		return 0;
	memcpy(copy, data + 1, bytes - 1);
	ask_read(&question, copy, bytes - 1, &names);
	if (names.status > PROBE_NAME_FOUND || strlen(names.records) >= sizeof names.records ||
	    strlen(names.why) >= sizeof names.why ||
	    (names.status == PROBE_NAME_FOUND) != (names.records[0] != '\0') ||
	    (names.status == PROBE_NAME_FAILED) != (names.why[0] != '\0'))
		abort();
	free(copy);
	return 0;
}

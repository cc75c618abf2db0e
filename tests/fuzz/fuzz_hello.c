// What an SSH server says first, as the probe reads it.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "probe/hello.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct hello hello;
	/* Of exactly that size, so that a byte too far is seen. */
	uint8_t *copy = malloc(bytes > 0 ? bytes : 1);

	if (copy == NULL)
		return 0;
	memcpy(copy, data, bytes);
	const enum hello_progress progress = hello_read(copy, bytes, &hello);
	if (strlen(hello.banner) >= sizeof hello.banner ||
	    strlen(hello.weak) >= sizeof hello.weak ||
	    (progress == HELLO_WHOLE) != hello.algorithms)
		abort();
	for (const char *at = hello.banner; *at != '\0'; at++)
		if (*at < ' ' || *at > '~')
			abort();
	free(copy);
	return 0;
}

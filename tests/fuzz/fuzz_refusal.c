// Any message of the kernel about a refused packet, whose bytes are a stranger's.
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "host/network/refusals.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct refusal refusal;

	if (refusals_read(data, size, &refusal) == 0 && refusal.source.family != 4 &&
	    refusal.source.family != 6)
		abort();
	return 0;
}

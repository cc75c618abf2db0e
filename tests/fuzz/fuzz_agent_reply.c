// Whatever a guest answers in its agent's place.
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "host/libvirt/agent_reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *text = malloc(size + 1);
	int64_t pid = 0;

	if (text == NULL)
		return 0;
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	if (agent_reply_pid(text, &pid) == 0 && pid <= 0)
		abort();
	/* One that is not even an object is nobody's success. */
	if ((agent_reply_is_done(text) || agent_reply_exit(text) != AGENT_EXIT_NOT_YET) &&
	    strchr(text, '{') == NULL)
		abort();
	return 0;
}

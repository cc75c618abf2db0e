// Any bytes as a WebSocket's: parts within their message's limit, the same however they are cut.
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "web/websocket.h"

#define MAX_MESSAGE 4097

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A sum of what was said; the code is mixed in at the end. */
static uint64_t take_all(const uint8_t *data, size_t size, size_t step)
{
	struct websocket websocket = {.max_message_bytes = MAX_MESSAGE};
	struct websocket_part part;
	uint8_t *copy = malloc(size + 1); /* it is unmasked in place */
	size_t at = 0, bytes;
	size_t message = 0;
	uint64_t sum = 0;
	int code;

	if (copy == NULL)
		return 0;
	if (size > 0)
		memcpy(copy, data, size);
	do {
		bytes = size - at < step ? size - at : step;
		websocket_feed(&websocket, copy + at, bytes);
		at += bytes;
		while ((code = websocket_take(&websocket, &part)) == 1) {
			if (part.opcode >= WEBSOCKET_CLOSE) {
				if (part.bytes > WEBSOCKET_MAX_CONTROL_BYTES || !part.first ||
				    !part.last)
					abort();
				(void)websocket_close_code(part.data, part.bytes);
			} else {
				message = part.first ? part.bytes : message + part.bytes;
				if (message > MAX_MESSAGE)
					abort();
			}
			for (size_t i = 0; i < part.bytes; i++)
				sum = sum * 31 + part.data[i];
			if (part.last)
				sum = sum * 31 + part.opcode;
		}
	} while (code == 0 && at < size);
	free(copy);
	return sum * 31 + (code < 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t whole = take_all(data, size, SIZE_MAX);

	if (take_all(data, size, 1) != whole || take_all(data, size, 13) != whole)
		abort();
	return 0;
}

// Any bytes as a WebSocket's: parts within their message's limit, the same however they are cut.
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "web/websocket.h"

#define MAX_MESSAGE 4097

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct source {
	const uint8_t *data;
	size_t left, step;
};

static ssize_t read_source(void *context, uint8_t *data, size_t bytes)
{
	struct source *source = context;

	if (bytes > source->left)
		bytes = source->left;
	if (bytes > source->step)
		bytes = source->step;
	if (bytes > 0)
		memcpy(data, source->data, bytes);
	source->data += bytes;
	source->left -= bytes;
	return (ssize_t)bytes;
}

/* A sum of what was said; the code is mixed in at the end. */
static uint64_t take_all(const uint8_t *data, size_t size, size_t step)
{
	struct source source = {data, size, step};
	struct websocket websocket;
	struct websocket_part part;
	size_t message = 0;
	uint64_t sum = 0;
	int code;

	websocket_init(&websocket, read_source, &source, MAX_MESSAGE);
	do {
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
	} while (code == 0 && source.left > 0);
	websocket_done(&websocket);
	return sum * 31 + (code < 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t whole = take_all(data, size, SIZE_MAX);

	if (take_all(data, size, 1) != whole || take_all(data, size, 13) != whole)
		abort();
	return 0;
}

// Any bytes as a console's first frame: what is accepted is a ticket of the right form and a mode.
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/console/first_frame.h"
#include "wire/console_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct first_frame frame;
	const struct first_frame before = {.mode = 77};
	struct err err = {0};

	memset(&frame, 0, sizeof(frame));
	frame.mode = 77;
	if (first_frame_parse(data, size, &frame, &err) < 0) {
		/* Refused with a word, and nothing written. */
		if (err.text[0] == '\0' || memcmp(&frame, &before, sizeof(frame)) != 0)
			abort();
		return 0;
	}
	if (size > CONSOLE_FIRST_FRAME_BYTES || frame.mode > CONSOLE_CONTROL)
		abort();
	if (frame.ticket[0] != '\0' && strlen(frame.ticket) != SECRET_TOKEN_TEXT_BYTES - 1)
		abort();
	if (frame.from > INT64_MAX && frame.from != CONSOLE_FROM_NOW)
		abort();
	return 0;
}

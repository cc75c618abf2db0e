// Any bytes as a viewer's: what comes out in view mode is harmless messages and nothing else.
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "web/rfb_filter.h"

#define HELLO_BYTES 14

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t filter(const uint8_t *data, size_t size, bool view, size_t step, uint8_t *out)
{
	struct rfb_filter rfb;
	size_t total = 0, bytes, part;
	bool input = false;
	int code = 0;

	rfb_filter_init(&rfb, view);
	for (size_t at = 0; at < size && code == 0; at += part) {
		part = size - at < step ? size - at : step;
		code = rfb_filter_take(&rfb, data + at, part, out + total, &bytes, &input);
		total += bytes;
	}
	if (total > size)
		abort();
	return total;
}

/* The same as @expected when each piece is filtered where it lies. */
static void check_in_place(const uint8_t *data, size_t size, bool view, size_t step,
			   const uint8_t *expected, size_t expected_bytes)
{
	uint8_t *place = malloc(RFB_HELD_BYTES + size);
	struct rfb_filter rfb;
	size_t total = 0, bytes, part;
	bool input = false;
	int code = 0;

	if (place == NULL)
		return;
	memcpy(place + RFB_HELD_BYTES, data, size);
	rfb_filter_init(&rfb, view);
	for (size_t at = 0; at < size && code == 0; at += part) {
		uint8_t *from = place + RFB_HELD_BYTES + at, *out = from - rfb.held_bytes;
		part = size - at < step ? size - at : step;
		code = rfb_filter_take(&rfb, from, part, out, &bytes, &input);
		if (total + bytes > expected_bytes || memcmp(out, expected + total, bytes) != 0)
			abort();
		total += bytes;
	}
	if (total != expected_bytes)
		abort();
	free(place);
}

/* A reader of its own of what the server would get; it is told nothing by the filter. */
static void check_harmless(const uint8_t *data, size_t size)
{
	size_t at = HELLO_BYTES, bytes;

	if (size > 0 &&
	    memcmp(data, "RFB 003.008\n\1\1", size < HELLO_BYTES ? size : HELLO_BYTES) != 0)
		abort();
	while (at < size) {
		switch (data[at]) {
		case 0:
			bytes = 20;
			break;
		case 2:
			bytes = size - at < 4 ? size - at
					      : 4 + 4 * (size_t)(data[at + 2] << 8 | data[at + 3]);
			break;
		case 3:
		case 150:
			bytes = 10;
			break;
		case 248:
			bytes = size - at < 9 ? size - at : 9 + (size_t)data[at + 8];
			break;
		default:
			abort();
		}
		at += bytes;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *whole = malloc(size + RFB_HELD_BYTES), *cut = malloc(size + RFB_HELD_BYTES);

	if (whole != NULL && cut != NULL) {
		for (int view = 0; view <= 1; view++) {
			size_t bytes = filter(data, size, view, SIZE_MAX, whole);
			if (filter(data, size, view, 1, cut) != bytes ||
			    memcmp(whole, cut, bytes) != 0)
				abort();
			check_in_place(data, size, view, 1, whole, bytes);
			check_in_place(data, size, view, 9, whole, bytes);
			if (view)
				check_harmless(whole, bytes);
		}
	}
	free(whole);
	free(cut);
	return 0;
}

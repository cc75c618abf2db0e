// Any bytes as the picture of a screen: a PNG within its limit, or an error.
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "host/console/screen.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct source {
	const uint8_t *at;
	size_t left;
};

static int read_source(void *context, void *data, size_t bytes)
{
	struct source *source = context;
	const size_t give = source->left < bytes ? source->left : bytes;

	memcpy(data, source->at, give);
	source->at += give;
	source->left -= give;
	return (int)give;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct source source = {data, size};
	struct buf png CLEANUP(buf_done) = {0};
	struct err err = {0};
	const int code = screen_encode(read_source, &source, &png, &err);

	if (png.len > SCREEN_MAX_PNG_BYTES || (code == 0 && memcmp(png.data, "\x89PNG", 4) != 0) ||
	    (code < 0 && err.text[0] == '\0'))
		abort();
	return 0;
}

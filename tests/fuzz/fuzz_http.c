// Any bytes as a request, and as a chunked body: bounded, inside the bytes, however they are cut.
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "web/http.h"
#include "wire/http_message.h"

#define BODY_MAX_BYTES 256

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_slice(const struct slice *slice, const uint8_t *data, size_t bytes)
{
	if (slice->data < data || slice->len > bytes || slice->data + slice->len > data + bytes)
		abort();
}

static void check_chunks(const uint8_t *data, size_t size)
{
	struct buf whole CLEANUP(buf_done) = {.max = BODY_MAX_BYTES};
	struct buf parts CLEANUP(buf_done) = {.max = BODY_MAX_BYTES};
	struct http_chunks at_once = {0}, in_parts = {0};
	size_t used, used_parts = 0, step;
	const int code = http_chunks_take(&at_once, data, size, &used, &whole);
	int last = 0;

	while (used_parts < size && last == 0) {
		step = 0;
		last = http_chunks_take(&in_parts, data + used_parts, 1, &step, &parts);
		used_parts += step;
	}
	/* A body past its limit is cut where the read was; all else agrees to the byte. */
	if (last != code || whole.len > BODY_MAX_BYTES)
		abort();
	if (code >= 0 && (used != used_parts || whole.len != parts.len ||
			  (whole.len > 0 && memcmp(whole.data, parts.data, whole.len) != 0)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct http_head head, again;
	const int used = http_head_parse(data, size, &head);

	check_chunks(data, size);
	if (used <= 0) {
		if (used < 0 && strcmp(http_reason((unsigned)-used), "Unknown") == 0)
			abort();
		return 0;
	}
	if ((size_t)used > size || (size_t)used > HTTP_MAX_HEAD_BYTES ||
	    head.field_count > HTTP_MAX_FIELDS || head.target.len > HTTP_MAX_TARGET_BYTES ||
	    head.target.data[0] != '/' || (head.chunked && head.content_length != 0))
		abort();
	check_slice(&head.method, data, (size_t)used);
	check_slice(&head.target, data, (size_t)used);
	for (size_t i = 0; i < head.field_count; i++) {
		check_slice(&head.fields[i].name, data, (size_t)used);
		check_slice(&head.fields[i].value, data, (size_t)used);
		if (memchr(head.fields[i].value.data, '\n', head.fields[i].value.len) != NULL)
			abort();
	}
	/* What follows the head does not change it, and a byte less is not yet one. */
	if (http_head_parse(data, (size_t)used, &again) != used ||
	    http_head_parse(data, (size_t)used - 1, &again) != 0)
		abort();
	check_chunks(data + used, size - (size_t)used);
	return 0;
}

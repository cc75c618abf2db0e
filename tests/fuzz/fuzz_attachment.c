// Any bytes as a file and as its name: judged without a crash, and what comes out is harmless.
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/parse.h"
#include "model/attachment.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum attachment_kind kind = ATTACHMENT_UNKNOWN;
	char name[ATTACHMENT_NAME_BYTES], again[ATTACHMENT_NAME_BYTES];
	char *text AUTO_FREE = malloc(size + 1);

	if (!text)
		return 0;
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	if (attachment_judge(data, size, &kind, NULL) == 0 && attachment_type(kind) == NULL)
		abort();
	if (attachment_take_name(text, name, NULL) < 0)
		return 0;
	if (!parse_utf8(name, strlen(name)) || strpbrk(name, "/\\\r\n\"") != NULL)
		abort();
	/* What was taken once is taken as it is. */
	if (attachment_take_name(name, again, NULL) < 0 || strcmp(name, again) != 0)
		abort();
	attachment_end_name(name, kind);
	attachment_end_name(again, kind);
	if (strcmp(name, again) != 0)
		abort();
	return 0;
}

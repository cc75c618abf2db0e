// A guest's report of its first step: the lines it comes in, and the report itself.
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "core/first_step/inbox.h"
#include "core/first_step/report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void read_report(const char *text, size_t bytes)
{
	struct store_first_step *first_step = calloc(1, sizeof *first_step);
	struct err err = {0};

	if (first_step == NULL)
		return;
	if (report_read(text, bytes, 1000, first_step, &err) == 0)
		for (size_t i = 0; i < FIRST_STEP_COUNT; i++) {
			const struct first_step_side *side = &first_step->findings[i].inside;
			json_t *evidence = json_loads(side->evidence, 0, NULL);
			if (*side->evidence != '\0' && !json_is_array(evidence))
				abort();
			json_decref(evidence);
		}
	free(first_step);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	static const uint8_t uuid[UUID_BYTES] = {1};
	struct inbox *inbox = inbox_new();
	struct buf text CLEANUP(buf_done) = {0};
	char *copy = malloc(bytes + 1), *rest = NULL;
	uint64_t ask = 0;

	if (inbox == NULL || copy == NULL) {
		inbox_free(inbox);
		free(copy);
		return 0;
	}
	read_report((const char *)data, bytes);
	memcpy(copy, data, bytes);
	copy[bytes] = '\0';
	for (char *line = strtok_r(copy, "\n", &rest); line != NULL;
	     line = strtok_r(NULL, "\n", &rest))
		if (inbox_take(inbox, uuid, line, 1000, &ask, &text) == INBOX_REPORT)
			read_report(buf_str(&text), text.len);
	inbox_free(inbox);
	free(copy);
	return 0;
}

// Any text as a label selector: parsed within its bounds, and judged without a crash.
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "model/label_selector.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct label_selector selector CLEANUP(label_selector_done) = {0};
	struct labels labels CLEANUP(label_done) = {0};
	struct labels none = {0};
	char *text AUTO_FREE = malloc(size + 1);

	if (!text)
		return 0;
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	if (label_selector_parse(text, &selector, NULL) < 0)
		return 0;
	if (selector.count > LABEL_SELECTOR_MAX_REQUIREMENTS)
		abort();
	for (size_t i = 0; i < selector.count; i++) {
		const struct label_requirement *each = &selector.items[i];

		/* What was parsed must be made of valid labels, ready for a query. */
		if (label_check_key(each->key, strlen(each->key), NULL) < 0)
			abort();
		for (size_t v = 0; v < each->value_count; v++)
			if (label_check_value(each->values[v], strlen(each->values[v]), NULL) < 0)
				abort();
		(void)label_set(&labels, each->key, each->value_count ? each->values[0] : "", NULL);
	}
	(void)label_selector_match(&selector, &labels);
	(void)label_selector_match(&selector, &none);
	return 0;
}

// The label_selector of list requests: k, !k, k=v, k==v, k!=v, k in (a,b), k notin (a,b).
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "model/label.h"

#define LABEL_SELECTOR_MAX_BYTES        2048
#define LABEL_SELECTOR_MAX_REQUIREMENTS 16
#define LABEL_SELECTOR_MAX_VALUES       32 /* in all its sets together */

enum label_operator {
	LABEL_EXISTS, /* k */
	LABEL_ABSENT, /* !k */
	LABEL_IN,     /* k=v, k==v, k in (…): has one of the values */
	LABEL_NOT_IN, /* k!=v, k notin (…): has none of them; also true when k is absent */
};

struct label_requirement {
	enum label_operator op;
	char *key;
	char **values;
	size_t value_count;
};

/* All must hold; none at all matches everything. */
struct label_selector {
	struct label_requirement *items;
	size_t count;
};

/** label_selector_parse() - 0, ERR_INVALID_INPUT with place and reason, -ENOMEM. Spaces around
 * tokens are allowed, an empty text matches everything. */
int label_selector_parse(const char *text, struct label_selector *ret, struct err *err);
bool label_selector_match(const struct label_selector *selector, const struct labels *labels);
void label_selector_done(struct label_selector *selector);

// What came of an attempt to send, in words that may be shown.
#pragma once

#include <stddef.h>

#include "wire/post_message.h"

struct outcome {
	enum post_outcome kind;
	char reason[POST_MESSAGE_REASON_BYTES]; /* printable ASCII; "" when delivered */
};

/** outcome_set() - what does not fit is cut off, what is not printable is a question mark: parts of
 * it may be the words of a stranger's server. */
void outcome_set(struct outcome *outcome, enum post_outcome kind, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

// Labels: small key and value pairs that customers put on their resources.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

#define LABEL_MAX_COUNT        64
#define LABEL_MAX_PREFIX_BYTES 253
#define LABEL_MAX_NAME_BYTES   63
#define LABEL_MAX_KEY_BYTES    (LABEL_MAX_PREFIX_BYTES + 1 + LABEL_MAX_NAME_BYTES)
#define LABEL_MAX_VALUE_BYTES  63

struct label {
	char *key;
	char *value;
};

/* Sorted by key. `struct labels l CLEANUP(label_done) = {0};` is a valid empty set. */
struct labels {
	struct label *items;
	size_t count;
};

void label_done(struct labels *labels);

/** Each returns 0 or ERR_INVALID_INPUT with the reason. Lengths need not be NUL-terminated. */
int label_check_key(const char *key, size_t bytes, struct err *err);
int label_check_value(const char *value, size_t bytes, struct err *err);

/** label_set() - add, or replace the value of a key already there; copies both.
 * Errors: ERR_INVALID_INPUT (form, or more than LABEL_MAX_COUNT), -ENOMEM. */
int label_set(struct labels *labels, const char *key, const char *value, struct err *err);

/** label_get() - the value of a key, or NULL. Borrowed. */
const char *label_get(const struct labels *labels, const char *key);

int label_copy(const struct labels *from, struct labels *ret);
bool label_equal(const struct labels *a, const struct labels *b);

/** label_format() - "a=b,c=" for the store; label_read() is its exact inverse (0, ERR_CORRUPT,
 * -ENOMEM). */
int label_format(const struct labels *labels, struct buf *out);
int label_read(const char *text, struct labels *ret);

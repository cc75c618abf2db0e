// What is installed in an image: dpkg's status in short, with when and for which release it was
// written.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define PACKAGE_LIST_MAX_BYTES      ((size_t)160 * 1024) /* with its escapes it fits a request */
#define PACKAGE_LIST_CODENAME_BYTES 32

struct package_list {
	int64_t built_ms;
	char codename[PACKAGE_LIST_CODENAME_BYTES]; /* of the release: "bookworm" */
	size_t status_at;                           /* where dpkg's status begins in the text */
	size_t count;                               /* packages */
};

/**
 * package_list_parse() - a head "Built:" (RFC 3339) and "Codename:", an empty line, and
 * paragraphs as deb-control(5) has them, one line a field, of the fields that decide what apt would
 * upgrade. ASCII alone. It is handed to apt, so nothing else is in it.
 * Errors: ERR_INVALID_INPUT, which names the line.
 */
int package_list_parse(const char *text, struct package_list *ret, struct err *err);

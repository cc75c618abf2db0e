// The `sort` of list requests: field, field:asc, field:desc; repeatable.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum sort_field {
	SORT_ID = 1,
	SORT_NAME = 2,
	SORT_CREATED = 3,
	SORT_STATUS = 4,
	SORT_COMMAND = 5,
	SORT_PROGRESS = 6,
	SORT_STARTED = 7,
	SORT_FINISHED = 8,
};

/* Sets of fields, for sort_add(). */
#define SORT_BIT(field) (1U << (field))
#define SORT_RESOURCE   (SORT_BIT(SORT_ID) | SORT_BIT(SORT_NAME) | SORT_BIT(SORT_CREATED))
#define SORT_RRSET      (SORT_BIT(SORT_ID) | SORT_BIT(SORT_NAME))
#define SORT_ACTION                                                                                \
	(SORT_BIT(SORT_ID) | SORT_BIT(SORT_COMMAND) | SORT_BIT(SORT_STATUS) |                      \
	 SORT_BIT(SORT_PROGRESS) | SORT_BIT(SORT_STARTED) | SORT_BIT(SORT_FINISHED))

#define SORT_MAX_KEYS 8

struct sort_key {
	enum sort_field field;
	bool descending;
};

struct sort {
	struct sort_key keys[SORT_MAX_KEYS];
	size_t count; /* 0: by id */
};

/** sort_add() - one `sort` value; a field named twice keeps its first place. Errors:
 * ERR_INVALID_INPUT for a field not in @allowed. */
int sort_add(struct sort *sort, const char *text, uint32_t allowed, struct err *err);

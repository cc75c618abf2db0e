// What the operators tell everybody who uses the service, in both languages.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define NOTICE_TITLE_MAX 120  /* characters */
#define NOTICE_BODY_MAX  4000 /* characters */
#define NOTICE_AHEAD_MS                                                                            \
	(INT64_C(366) * 24 * 3600 * 1000) /* that one may be written before it appears */

enum notice_kind { NOTICE_ORDINARY = 1, NOTICE_MAINTENANCE = 2 };

struct notice {
	uint64_t id;
	enum notice_kind kind;
	bool pinned;
	char *title_ja; /* all four texts are owned */
	char *title_en;
	char *body_ja;
	char *body_en;
	int64_t starts_ms; /* of a maintenance; 0 otherwise */
	int64_t ends_ms;
	int64_t published_ms; /* from then on it is shown */
	int64_t told_ms; /* when everybody was last told: whoever read it before has not read it */
	int64_t edited_ms;    /* 0: never */
	int64_t withdrawn_ms; /* 0: it is shown */
	bool read;            /* by whoever it was read for */
};

void notice_done(struct notice *notice);

const char *notice_kind_name(enum notice_kind kind);
/** notice_kind_parse() - -EINVAL for what is none. */
int notice_kind_parse(const char *text, enum notice_kind *ret);

/**
 * notice_check() - plain text within its bounds, and a window exactly where there is a maintenance.
 * @ret_field: on failure, the API's name of what is wrong.
 */
int notice_check(const struct notice *notice, const char **ret_field, struct err *err);

/** notice_is_plain() - UTF-8 text of 1 to @max characters that is not blank, without control
 * characters; @lines: with tabs and line feeds. */
bool notice_is_plain(const char *text, size_t max, bool lines);

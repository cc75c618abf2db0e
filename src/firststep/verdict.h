// What a check found: pass, fail or unknown, why, and the evidence.
#pragma once

#include <stddef.h>

#include "firststep/reasons.h"

#define EVIDENCE_MAX 16

enum result { RESULT_PASS, RESULT_FAIL, RESULT_UNKNOWN };

/* Safe to print: no control characters, valid UTF-8. */
struct evidence {
	char source[192]; /* a file with its line, a command, or a table of the kernel */
	char text[256];
};

struct verdict {
	enum result result;
	enum reason reason;
	struct evidence evidence[EVIDENCE_MAX];
	size_t count;
	size_t left_out; /* more evidence than fits */
};

const char *result_name(enum result result);
/** verdict_add() - evidence; what is not fit for a terminal becomes "?". */
void verdict_add(struct verdict *verdict, const char *source, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/** verdict_fail(), verdict_doubt() - the first failure stays; a doubt never replaces one. */
void verdict_fail(struct verdict *verdict, enum reason reason);
void verdict_doubt(struct verdict *verdict, enum reason reason);
/** verdict_unreadable() - doubt because of an -errno of reading @path. */
void verdict_unreadable(struct verdict *verdict, const char *path, int code);
/** evidence_clean() - make @text harmless for terminals, in place; cuts at a whole character. */
void evidence_clean(char *text);

// What a guest reports of its first step: `firststep report`, read as the hostile text it may be.
#pragma once

#include "base/err.h"
#include "store/store_first_step.h"

#define REPORT_VERSION 1

/**
 * report_read() - a whole report, into @first_step: the inside of every item it names, its program,
 * system and settings. What it does not name stays. Errors: ERR_INVALID_INPUT, and then nothing has
 * changed.
 */
int report_read(const char *text, size_t bytes, int64_t now_ms, struct store_first_step *first_step,
		struct err *err);

/** report_clean() - printable text of whole UTF-8 characters: what is neither becomes "?"; cut to
 * @size - 1 bytes. */
void report_clean(const char *text, char *out, size_t size);

#include "firststep/verdict.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/parse.h"

const char *result_name(enum result result)
{
	static const char *const names[] = {"pass", "fail", "unknown"};

	return names[result];
}

/* Bytes of the character at @at, 0 when it is none, or none to show. */
static size_t character(const unsigned char *at)
{
	size_t bytes = 1;

	if (at[0] >= 0xC2)
		bytes = at[0] >= 0xF0 ? 4 : at[0] >= 0xE0 ? 3 : 2;
	for (size_t i = 1; i < bytes; i++)
		if ((at[i] & 0xC0) != 0x80)
			return 0;
	if (!parse_utf8(at, bytes) || at[0] < 0x20 || at[0] == 0x7F)
		return 0;
	if (at[0] == 0xC2 && at[1] < 0xA0) /* C1 controls */
		return 0;
	/* U+200B to U+200F, U+2028 to U+202E, U+2066 to U+2069, U+FEFF: unseen, or turn the text.
	 */
	if (at[0] == 0xE2 && at[1] == 0x80 &&
	    ((at[2] >= 0x8B && at[2] <= 0x8F) || (at[2] >= 0xA8 && at[2] <= 0xAE)))
		return 0;
	if (at[0] == 0xE2 && at[1] == 0x81 && at[2] >= 0xA6 && at[2] <= 0xA9)
		return 0;
	if (at[0] == 0xEF && at[1] == 0xBB && at[2] == 0xBF)
		return 0;
	return bytes;
}

void evidence_clean(char *text)
{
	for (char *at = text; *at != '\0';) {
		const size_t bytes = character((const unsigned char *)at);
		if (bytes == 0)
			*at = *at == '\t' ? ' ' : '?';
		at += bytes == 0 ? 1 : bytes;
	}
}

void verdict_add(struct verdict *verdict, const char *source, const char *format, ...)
{
	va_list args;

	if (verdict->count == EVIDENCE_MAX) {
		verdict->left_out++;
		return;
	}
	struct evidence *evidence = &verdict->evidence[verdict->count++];
	(void)snprintf(evidence->source, sizeof evidence->source, "%s", source);
	va_start(args, format);
	(void)vsnprintf(evidence->text, sizeof evidence->text, format, args);
	va_end(args);
	evidence_clean(evidence->source);
	evidence_clean(evidence->text);
}

void verdict_fail(struct verdict *verdict, enum reason reason)
{
	if (verdict->result == RESULT_FAIL)
		return;
	verdict->result = RESULT_FAIL;
	verdict->reason = reason;
}

void verdict_doubt(struct verdict *verdict, enum reason reason)
{
	if (verdict->result != RESULT_PASS)
		return;
	verdict->result = RESULT_UNKNOWN;
	verdict->reason = reason;
}

void verdict_unreadable(struct verdict *verdict, const char *path, int code)
{
	verdict_add(verdict, path, "%s", strerror(-code));
	verdict_doubt(verdict,
		      code == -EACCES || code == -EPERM ? REASON_NEEDS_ROOT : REASON_UNREADABLE);
}

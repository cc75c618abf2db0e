#include "model/second_step.h"

#include <string.h>

#define FREE_TRIES   5
#define WAIT_MS      1000
#define MOST_WAIT_MS 30000

/* No l and o, which look like 1 and 0; those are not in it either. */
static const char alphabet[] = "abcdefghijkmnpqrstuvwxyz23456789";

enum second_step_kind second_step_read(const char *text, char out[SECOND_STEP_CODE_BYTES])
{
	size_t len = 0, digits = 0;

	for (; *text != '\0'; text++) {
		if (*text == ' ' || *text == '-' || *text == '\t')
			continue;
		if (len + 1 == SECOND_STEP_CODE_BYTES)
			break;
		out[len++] = *text >= 'A' && *text <= 'Z' ? (char)(*text - 'A' + 'a') : *text;
		digits += *text >= '0' && *text <= '9';
	}
	out[len] = '\0';
	if (*text == '\0' && len == SECOND_STEP_DIGITS && digits == len)
		return SECOND_STEP_TIMED;
	if (*text == '\0' && len == SECOND_STEP_RECOVERY_LENGTH && strspn(out, alphabet) == len)
		return SECOND_STEP_RECOVERY;
	out[0] = '\0';
	return SECOND_STEP_NOTHING;
}

void second_step_recovery(const uint8_t random[SECOND_STEP_RECOVERY_LENGTH],
			  char out[SECOND_STEP_CODE_BYTES])
{
	for (size_t i = 0; i < SECOND_STEP_RECOVERY_LENGTH; i++)
		out[i] = alphabet[random[i] % (sizeof alphabet - 1)];
	out[SECOND_STEP_RECOVERY_LENGTH] = '\0';
}

void second_step_show(const char code[SECOND_STEP_CODE_BYTES], char out[SECOND_STEP_SHOWN_BYTES])
{
	size_t len = 0;

	for (size_t i = 0; code[i] != '\0'; i++) {
		if (i > 0 && i % 4 == 0)
			out[len++] = '-';
		out[len++] = code[i];
	}
	out[len] = '\0';
}

int64_t second_step_wait(const struct second_step *step, int64_t now_ms)
{
	int64_t wait_ms = WAIT_MS;

	if (step->wrong < FREE_TRIES)
		return 0;
	for (uint32_t i = FREE_TRIES; i < step->wrong && wait_ms < MOST_WAIT_MS; i++)
		wait_ms *= 2;
	if (wait_ms > MOST_WAIT_MS)
		wait_ms = MOST_WAIT_MS;
	/* A clock that was set back must not keep anybody out. */
	if (now_ms < step->wrong_ms)
		return 0;
	wait_ms -= now_ms - step->wrong_ms;
	return wait_ms > 0 ? wait_ms : 0;
}

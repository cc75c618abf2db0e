#include "core/api/json_text.h"

#include <string.h>

#include "base/clock.h"

#define NUMBER_BYTES 20

static void escape(struct buf *out, unsigned char c)
{
	static const char letters[] = {['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f',
				       ['\r'] = 'r', ['"'] = '"',  ['\\'] = '\\'};

	if (c < sizeof letters && letters[c] != '\0') {
		(void)buf_putc(out, '\\');
		(void)buf_putc(out, letters[c]);
	} else {
		(void)buf_printf(out, "\\u%04x", c);
	}
}

void json_text_string(struct buf *out, const char *text)
{
	const char *at = text;

	(void)buf_putc(out, '"');
	for (; *at != '\0'; at++) {
		const unsigned char c = (unsigned char)*at;
		if (c >= ' ' && c != '"' && c != '\\')
			continue;
		(void)buf_append(out, text, (size_t)(at - text));
		escape(out, c);
		text = at + 1;
	}
	(void)buf_append(out, text, (size_t)(at - text));
	(void)buf_putc(out, '"');
}

void json_text_number(struct buf *out, uint64_t number)
{
	char digits[NUMBER_BYTES];
	size_t at = sizeof digits;

	do
		digits[--at] = (char)('0' + number % 10);
	while ((number /= 10) > 0);
	(void)buf_append(out, digits + at, sizeof digits - at);
}

void json_text_bool(struct buf *out, bool value)
{
	(void)buf_puts(out, value ? "true" : "false");
}

void json_text_time(struct buf *out, int64_t ms)
{
	char text[CLOCK_TEXT_BYTES];

	if (ms == 0) {
		(void)buf_puts(out, "null");
		return;
	}
	clock_format(ms, text);
	json_text_string(out, text);
}

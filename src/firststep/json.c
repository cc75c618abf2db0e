#include "firststep/json.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "base/parse.h"

static void quote(struct buf *out, const char *text)
{
	(void)buf_putc(out, '"');
	while (*text != '\0') {
		const unsigned char c = (unsigned char)*text;
		size_t bytes = c < 0x80 ? 1 : c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : 2;
		if (strnlen(text, bytes) < bytes || !parse_utf8(text, bytes)) {
			(void)buf_putc(out, '?');
			bytes = 1;
		} else if (c == '"' || c == '\\') {
			(void)buf_printf(out, "\\%c", c);
		} else if (c < 0x20 || c == 0x7F) {
			(void)buf_printf(out, "\\u%04x", c);
		} else {
			(void)buf_append(out, text, bytes);
		}
		text += bytes;
	}
	(void)buf_putc(out, '"');
}

static void begin(struct json *json, const char *key)
{
	if (json->has_members[json->depth])
		(void)buf_putc(json->out, ',');
	json->has_members[json->depth] = 1;
	if (key != NULL) {
		quote(json->out, key);
		(void)buf_putc(json->out, ':');
	}
}

void json_open(struct json *json, const char *key, char bracket)
{
	assert(json->depth < JSON_DEPTH_MAX);
	begin(json, key);
	(void)buf_putc(json->out, bracket);
	json->has_members[++json->depth] = 0;
}

void json_close(struct json *json, char bracket)
{
	assert(json->depth > 0);
	json->depth--;
	(void)buf_putc(json->out, bracket);
}

void json_text(struct json *json, const char *key, const char *text)
{
	begin(json, key);
	quote(json->out, text);
}

void json_number(struct json *json, const char *key, int64_t number)
{
	begin(json, key);
	(void)buf_printf(json->out, "%" PRId64, number);
}

void json_bool(struct json *json, const char *key, int value)
{
	begin(json, key);
	(void)buf_puts(json->out, value ? "true" : "false");
}

#include "core/first_step/report.h"

#include <ctype.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/parse.h"

#define EVIDENCE_MAX     16
#define SOURCE_MAX_BYTES 192
#define TEXT_MAX_BYTES   256

static void put_json(json_t **json)
{
	json_decref(*json);
}

/* A whole character at @text that may be shown, or 0. C1 controls and what turns the direction of
 * writing are none. */
static size_t character(const char *text)
{
	const unsigned char *at = (const unsigned char *)text;
	const size_t bytes = *at < 0x80 ? 1 : *at >= 0xf0 ? 4 : *at >= 0xe0 ? 3 : 2;

	if (bytes == 1)
		return *at >= ' ' && *at != 0x7f;
	if (strnlen(text, bytes) < bytes || !parse_utf8(text, bytes))
		return 0;
	if (at[0] == 0xc2 && at[1] < 0xa0)
		return 0;
	if (at[0] == 0xe2 && ((at[1] == 0x80 && (at[2] >= 0xaa && at[2] <= 0xae)) ||
			      (at[1] == 0x81 && (at[2] >= 0xa6 && at[2] <= 0xa9)) ||
			      (at[1] == 0x80 && (at[2] == 0x8e || at[2] == 0x8f))))
		return 0;
	return bytes;
}

void report_clean(const char *text, char *out, size_t size)
{
	size_t len = 0;

	while (*text != '\0') {
		const size_t bytes = character(text);
		if (len + (bytes != 0 ? bytes : 1) >= size)
			break;
		if (bytes == 0)
			out[len++] = '?';
		else
			memcpy(out + len, text, bytes);
		len += bytes;
		text += bytes != 0 ? bytes : 1;
	}
	out[len] = '\0';
}

static bool is_word(const char *text, size_t max)
{
	const size_t len = strlen(text);

	if (len == 0 || len > max)
		return false;
	for (; *text != '\0'; text++)
		if (!islower((unsigned char)*text) && !isdigit((unsigned char)*text) &&
		    *text != '_')
			return false;
	return true;
}

/* As many as fit into the room there is. */
static void read_evidence(const json_t *list, struct first_step_side *side)
{
	json_t *kept CLEANUP(put_json) = json_array();
	const json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
	{
		char source[SOURCE_MAX_BYTES], text[TEXT_MAX_BYTES];
		const char *source_said = json_string_value(json_object_get(item, "source"));
		const char *text_said = json_string_value(json_object_get(item, "text"));
		AUTO_FREE char *whole = NULL;
		if (i >= EVIDENCE_MAX || source_said == NULL || text_said == NULL)
			break;
		report_clean(source_said, source, sizeof source);
		report_clean(text_said, text, sizeof text);
		(void)json_array_append_new(
			kept, json_pack("{s:s, s:s}", "source", source, "text", text));
		whole = json_dumps(kept, JSON_COMPACT);
		if (whole == NULL || strlen(whole) >= sizeof side->evidence)
			break;
		memcpy(side->evidence, whole, strlen(whole) + 1);
	}
}

static enum first_step_result read_result(const char *word)
{
	static const struct {
		const char *word;
		enum first_step_result result;
	} results[] = {
		{"pass", FIRST_STEP_GOOD}, {"fail", FIRST_STEP_BAD}, {"unknown", FIRST_STEP_DOUBT}};

	for (size_t i = 0; i < ARRAY_SIZE(results); i++)
		if (word != NULL && strcmp(word, results[i].word) == 0)
			return results[i].result;
	return FIRST_STEP_UNSAID;
}

/* What a newer firststep has and we do not know is passed over; monitoring is not a guest's to
 * say. */
static void read_item(const json_t *json, int64_t now_ms, struct store_first_step *first_step)
{
	const char *id = json_string_value(json_object_get(json, "id"));
	const char *reason = json_string_value(json_object_get(json, "reason"));
	const enum first_step_result result =
		read_result(json_string_value(json_object_get(json, "verdict")));
	const enum first_step_item item = id != NULL ? first_step_find(id) : 0;
	struct first_step_side side = {.result = result, .time_ms = now_ms};

	if (item == 0 || item == FIRST_STEP_MONITORING || result == FIRST_STEP_UNSAID)
		return;
	if (reason != NULL && is_word(reason, sizeof side.reason - 1))
		(void)snprintf(side.reason, sizeof side.reason, "%s", reason);
	read_evidence(json_object_get(json, "evidence"), &side);
	first_step->findings[item - 1].inside = side;
}

/* "80/tcp" or "8000-8010/tcp", without its end; nothing else is a port of TCP. */
static bool is_tcp(const char *word, size_t bytes, char *out, size_t size)
{
	const size_t len = bytes > 4 ? bytes - 4 : 0;
	uint64_t first, last;
	char *dash;

	if (len == 0 || len >= size || memcmp(word + len, "/tcp", 4) != 0)
		return false;
	memcpy(out, word, len);
	out[len] = '\0';
	if ((dash = strchr(out, '-')) != NULL)
		*dash = '\0';
	if (parse_u64(out, 1, 65535, &first) < 0 ||
	    (dash != NULL && parse_u64(dash + 1, first, 65535, &last) < 0))
		return false;
	if (dash != NULL)
		*dash = '-';
	return true;
}

/* What its owner chose there: the port of SSH, and the ports that are to be open beside it. */
static void read_settings(const json_t *settings, struct store_first_step *first_step)
{
	const json_t *port = json_object_get(settings, "ssh_port"),
		     *open = json_object_get(settings, "open");
	const json_int_t number = json_integer_value(port);
	char text[FIRST_STEP_PORTS_BYTES] = "", one[16];
	size_t len = 0, bytes;

	if (json_is_integer(port) && number >= 1 && number <= 65535)
		first_step->ssh_port = (uint16_t)number;
	if (!json_is_string(open))
		return;
	for (const char *at = json_string_value(open); *at != '\0';
	     at += bytes + (at[bytes] == ',')) {
		bytes = strcspn(at, ",");
		if (is_tcp(at, bytes, one, sizeof one) && len + strlen(one) + 2 < sizeof text)
			len += (size_t)snprintf(text + len, sizeof text - len, "%s%s",
						len > 0 ? " " : "", one);
	}
	memcpy(first_step->open_ports, text, sizeof text);
}

int report_read(const char *text, size_t bytes, int64_t now_ms, struct store_first_step *first_step,
		struct err *err)
{
	json_t *root CLEANUP(put_json) = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, NULL);
	const json_t *items = json_object_get(root, "items"), *item;
	const char *program = json_string_value(json_object_get(root, "program"));
	const char *os = json_string_value(json_object_get(root, "os"));
	size_t i;

	if (!json_is_object(root) || !json_is_array(items) ||
	    json_integer_value(json_object_get(root, "version")) != REPORT_VERSION)
		return err_set(err, ERR_INVALID_INPUT, "a report that is none");
	/* Of another system than the one that runs there: an image's tree, say. */
	if (json_is_false(json_object_get(root, "live")))
		return err_set(err, ERR_INVALID_INPUT, "a report of a tree, not of a system");
	report_clean(program != NULL ? program : "", first_step->program,
		     sizeof first_step->program);
	report_clean(os != NULL ? os : "", first_step->os, sizeof first_step->os);
	json_array_foreach(items, i, item)
	{
		if (i < (size_t)4 * FIRST_STEP_COUNT)
			read_item(item, now_ms, first_step);
	}
	read_settings(json_object_get(root, "settings"), first_step);
	first_step->reported_ms = now_ms;
	first_step->reports = FIRST_STEP_REPORTS;
	return 0;
}

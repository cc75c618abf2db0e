#include "wire/package_list.h"

#include <stdbool.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/parse.h"

#define LINE_MAX_BYTES ((size_t)16 * 1024)

static const char *const fields[] = {
	"Package",    "Status",       "Essential",      "Protected",   "Source", "Version",
	"Provides",   "Architecture", "Depends",        "Pre-Depends", "Breaks", "Conflicts",
	"Multi-Arch", "Replaces",     "Installed-Size", "Priority",
};

/* The value of "@field: value", of which *ret_len bytes; NULL: it is another line. */
static const char *value_of(const char *line, size_t len, const char *field, size_t *ret_len)
{
	const size_t name = strlen(field);

	if (len < name + 2 || memcmp(line, field, name) != 0 || line[name] != ':' ||
	    line[name + 1] != ' ')
		return NULL;
	*ret_len = len - name - 2;
	return line + name + 2;
}

static bool is_plain(const char *line, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (line[i] < ' ' || line[i] > '~')
			return false;
	return len <= LINE_MAX_BYTES;
}

static bool is_field(const char *line, size_t len)
{
	size_t value;

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		if (value_of(line, len, fields[i], &value) != NULL)
			return true;
	return false;
}

static bool take_built(const char *line, size_t len, struct package_list *list)
{
	char text[40];
	size_t bytes;
	const char *value = value_of(line, len, "Built", &bytes);

	if (value == NULL || bytes >= sizeof text)
		return false;
	memcpy(text, value, bytes);
	text[bytes] = '\0';
	return parse_time(text, &list->built_ms) == 0 && list->built_ms > 0;
}

static bool take_codename(const char *line, size_t len, struct package_list *list)
{
	size_t bytes;
	const char *value = value_of(line, len, "Codename", &bytes);

	if (value == NULL || bytes == 0 || bytes >= sizeof list->codename ||
	    strspn(value, "abcdefghijklmnopqrstuvwxyz0123456789") < bytes)
		return false;
	memcpy(list->codename, value, bytes);
	list->codename[bytes] = '\0';
	return true;
}

static int refuse(struct err *err, size_t line, const char *what)
{
	return err_set(err, ERR_INVALID_INPUT, "line %zu of the package list: %s", line, what);
}

int package_list_parse(const char *text, struct package_list *ret, struct err *err)
{
	struct package_list list = {0};
	const char *line = text;
	bool inside = false; /* a paragraph */
	size_t number = 0, len, value;

	if (strlen(text) > PACKAGE_LIST_MAX_BYTES)
		return err_set(err, ERR_INVALID_INPUT, "the package list is longer than %zu bytes",
			       PACKAGE_LIST_MAX_BYTES);
	for (; *line != '\0'; line += len + (line[len] == '\n')) {
		len = strcspn(line, "\n");
		number++;
		if (!is_plain(line, len))
			return refuse(err, number, "it is not plain ASCII, or too long");
		if (number == 1 && !take_built(line, len, &list))
			return refuse(err, number, "it must be \"Built: \" and a time");
		if (number == 2 && !take_codename(line, len, &list))
			return refuse(err, number, "it must be \"Codename: \" and a release");
		if (number == 3 && len > 0)
			return refuse(err, number, "it must be empty");
		if (number == 3)
			list.status_at = (size_t)(line - text) + 1;
		if (number <= 3)
			continue;
		if (len > 0 && !is_field(line, len))
			return refuse(err, number, "such a field has no place in it");
		if (len > 0 && !inside && value_of(line, len, "Package", &value) == NULL)
			return refuse(err, number, "a paragraph begins with \"Package: \"");
		list.count += len > 0 && !inside;
		inside = len > 0;
	}
	if (list.count == 0)
		return refuse(err, number, "there is no package in it");
	*ret = list;
	return 0;
}

#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

int err_set(struct err *err, int code, const char *format, ...)
{
	va_list args;

	if (err == NULL)
		return code;
	err->code = code;
	va_start(args, format);
	(void)vsnprintf(err->text, sizeof err->text, format, args);
	va_end(args);
	return code;
}

int err_wrap(struct err *err, int code, const char *format, ...)
{
	char earlier[sizeof err->text];
	va_list args;
	size_t used;

	if (err == NULL)
		return code;
	memcpy(earlier, err->text, sizeof earlier);
	err->code = code;
	va_start(args, format);
	(void)vsnprintf(err->text, sizeof err->text, format, args);
	va_end(args);
	used = strlen(err->text);
	if (earlier[0] != '\0' && used + 3 < sizeof err->text)
		(void)snprintf(err->text + used, sizeof err->text - used, ": %.*s",
			       (int)(sizeof err->text - used - 3), earlier);
	return code;
}

static const struct {
	int code;
	const char *name;
} names[] = {
#define X(name, number, text) {number, text},
	ERR_LIST(X)
#undef X
};

const char *err_name(int code)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i].code == code)
			return names[i].name;
	return "server_error";
}

int err_from_name(const char *name)
{
	for (size_t i = 0; name != NULL && i < ARRAY_SIZE(names); i++)
		if (strcmp(names[i].name, name) == 0)
			return names[i].code;
	return ERR_SERVER;
}

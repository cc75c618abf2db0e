#include "firststep/span.h"

#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "base/cleanup.h"

static const struct {
	const char *name;
	uint64_t seconds;
} units[] = {
	{"seconds", 1},   {"second", 1},       {"sec", 1},          {"s", 1},
	{"minutes", 60},  {"minute", 60},      {"min", 60},         {"m", 60},
	{"hours", 3600},  {"hour", 3600},      {"hr", 3600},        {"h", 3600},
	{"days", 86400},  {"day", 86400},      {"d", 86400},        {"weeks", 604800},
	{"week", 604800}, {"w", 604800},       {"months", 2629800}, {"month", 2629800},
	{"M", 2629800},   {"years", 31557600}, {"year", 31557600},  {"y", 31557600},
};

static int unit_of(const char **at, uint64_t *ret)
{
	size_t len = 0;

	while (isalpha((unsigned char)(*at)[len]))
		len++;
	if (len == 0) {
		*ret = 1;
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (strlen(units[i].name) == len && strncmp(units[i].name, *at, len) == 0) {
			*ret = units[i].seconds;
			*at += len;
			return 0;
		}
	return -EINVAL;
}

int span_parse(const char *text, uint64_t *ret_seconds)
{
	uint64_t total = 0;

	if (strcmp(text, "infinity") == 0) {
		*ret_seconds = 0;
		return 0;
	}
	do {
		uint64_t number = 0, unit;
		text += strspn(text, " \t");
		if (!isdigit((unsigned char)*text))
			return -EINVAL;
		for (; isdigit((unsigned char)*text); text++)
			if (__builtin_mul_overflow(number, 10, &number) ||
			    __builtin_add_overflow(number, (uint64_t)(*text - '0'), &number))
				return -ERANGE;
		text += strspn(text, " \t");
		if (unit_of(&text, &unit) < 0)
			return -EINVAL;
		if (__builtin_mul_overflow(number, unit, &number) ||
		    __builtin_add_overflow(total, number, &total))
			return -ERANGE;
		text += strspn(text, " \t");
	} while (*text != '\0');
	*ret_seconds = total;
	return 0;
}

#include "post/outcome.h"

#include <stdarg.h>
#include <stdio.h>

void outcome_set(struct outcome *outcome, enum post_outcome kind, const char *format, ...)
{
	va_list args;

	outcome->kind = kind;
	va_start(args, format);
	(void)vsnprintf(outcome->reason, sizeof outcome->reason, format, args);
	va_end(args);
	for (char *c = outcome->reason; *c != '\0'; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
}

#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

#define LOG_LINE_BYTES 1024

static const char *program = "ippo";
static enum log_level shown = LOG_LEVEL_INFO;
static int journal;

void log_init(const char *name, enum log_level level)
{
	program = name;
	shown = level;
}

void log_set_journal(int on)
{
	journal = on;
}

void log_line(enum log_level level, const char *format, ...)
{
	char line[LOG_LINE_BYTES], time[CLOCK_TEXT_BYTES];
	va_list args;
	int used, added;

	if (level > shown)
		return;
	if (journal) {
		used = snprintf(line, sizeof line, "<%d>%s: ", (int)level, program);
	} else {
		clock_format(clock_now_ms(), time);
		used = snprintf(line, sizeof line, "%s %s: ", time, program);
	}
	va_start(args, format);
	added = vsnprintf(line + used, sizeof line - (size_t)used - 1, format, args);
	va_end(args);
	if (added < 0)
		return;
	size_t len = strlen(line);
	/* One event is one line, whatever a name from outside contains. */
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
			line[i] = '?';
	line[len++] = '\n';
	/* One write, so that lines of several processes do not mix. */
	if (write(STDERR_FILENO, line, len) < 0)
		return;
}

#include "model/backup.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"

#define HOUR_MS    (INT64_C(3600) * 1000)
#define DAY_MS     (24 * HOUR_MS)
#define NIGHT_HOUR 3

static const char *const names[] = {
	[BACKUP_22_02] = "22-02", [BACKUP_02_06] = "02-06", [BACKUP_06_10] = "06-10",
	[BACKUP_10_14] = "10-14", [BACKUP_14_18] = "14-18", [BACKUP_18_22] = "18-22",
};

const char *backup_window_name(enum backup_window window)
{
	return (size_t)window < ARRAY_SIZE(names) ? names[window] : NULL;
}

int backup_window_parse(const char *text, enum backup_window *ret)
{
	for (size_t i = BACKUP_22_02; i < ARRAY_SIZE(names); i++)
		if (strcmp(names[i], text) == 0) {
			*ret = (enum backup_window)i;
			return 0;
		}
	return -EINVAL;
}

/* Of the day; the first window begins on the day before. */
static int64_t begins_at(enum backup_window window)
{
	return ((int64_t)window * 4 + 18) % 24 * HOUR_MS;
}

static int64_t of_day(int64_t ms)
{
	const int64_t rest = ms % DAY_MS;

	return rest < 0 ? rest + DAY_MS : rest;
}

enum backup_window backup_window_at_night(int offset_minutes)
{
	const int64_t night_ms = of_day(NIGHT_HOUR * HOUR_MS - (int64_t)offset_minutes * 60 * 1000);

	for (size_t i = BACKUP_22_02; i < ARRAY_SIZE(names); i++)
		if (backup_window_has((enum backup_window)i, night_ms))
			return (enum backup_window)i;
	return BACKUP_22_02;
}

int64_t backup_window_next(enum backup_window window, int64_t now_ms)
{
	int64_t next_ms = now_ms - of_day(now_ms) + begins_at(window);

	while (next_ms <= now_ms)
		next_ms += DAY_MS;
	return next_ms;
}

bool backup_window_has(enum backup_window window, int64_t ms)
{
	return of_day(ms - begins_at(window)) < BACKUP_WINDOW_MS;
}

int64_t backup_minor(int64_t monthly_minor, uint32_t percent)
{
	/* MONEY_MAX_MINOR times 100 is far from overflow. */
	return monthly_minor * (int64_t)percent / 100;
}

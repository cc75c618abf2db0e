// Backups of a server by the day: in which hours, and what they cost.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define BACKUP_KEPT        7 /* of a server; the oldest goes when a new one is whole */
#define BACKUP_WINDOW_MS   (INT64_C(4) * 3600 * 1000)
#define BACKUP_MAX_PERCENT 100

/* Four hours each, of UTC. */
enum backup_window {
	BACKUP_NONE = 0,
	BACKUP_22_02 = 1,
	BACKUP_02_06 = 2,
	BACKUP_06_10 = 3,
	BACKUP_10_14 = 4,
	BACKUP_14_18 = 5,
	BACKUP_18_22 = 6,
};

/** backup_window_name() - the API's word, "22-02"; NULL of BACKUP_NONE. Static storage. */
const char *backup_window_name(enum backup_window window);
int backup_window_parse(const char *text, enum backup_window *ret);

/** backup_window_at_night() - the one in which it is about three o'clock where clocks are
 * @offset_minutes east of UTC. */
enum backup_window backup_window_at_night(int offset_minutes);

/** backup_window_next() - when @window begins the next time after @now_ms. */
int64_t backup_window_next(enum backup_window window, int64_t now_ms);
/** backup_window_has() - does @ms lie in it? */
bool backup_window_has(enum backup_window window, int64_t ms);

/** backup_minor() - what @percent of a plan's monthly price come to, rounded down. */
int64_t backup_minor(int64_t monthly_minor, uint32_t percent);

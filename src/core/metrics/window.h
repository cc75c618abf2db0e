// Which of the kept averages answer a question about a time, and how many of them make a point.
#pragma once

#include <stdint.h>

#include "base/err.h"

#define WINDOW_MAX_POINTS 1500
#define WINDOW_AIM_POINTS 500 /* when nobody says how fine */
#define WINDOW_MAX_DAYS   400

struct window {
	uint64_t start_s;
	uint64_t end_s;
	uint32_t archive_s; /* step of the archive that is read */
	uint32_t step_s;    /* of the points: a multiple of it */
};

/**
 * window_choose() - the finest archive that still has the beginning.
 * @step_s: wished for; 0: so that there are at most WINDOW_AIM_POINTS. Finer than what is kept is
 * answered with what is kept.
 * Errors: ERR_INVALID_INPUT with a text for people when there would be more than
 * WINDOW_MAX_POINTS.
 */
int window_choose(uint64_t start_s, uint64_t end_s, uint64_t now_s, uint32_t step_s,
		  struct window *ret, struct err *err);

#include "core/metrics/window.h"

#include <inttypes.h>

#include "wire/metrics_message.h"

#define SPARE_ROWS 4 /* at the edges */

static const struct metrics_archive *choose_archive(uint64_t start_s, uint64_t end_s,
						    uint64_t now_s)
{
	const uint64_t age_s = now_s > start_s ? now_s - start_s : 0;
	const struct metrics_archive *archive = metrics_archives;

	while (archive != &metrics_archives[METRICS_ARCHIVES - 1] &&
	       (age_s > (uint64_t)archive->step_s * archive->rows ||
		(end_s - start_s) / archive->step_s > METRICS_MAX_ROWS - SPARE_ROWS))
		archive++;
	return archive;
}

int window_choose(uint64_t start_s, uint64_t end_s, uint64_t now_s, uint32_t step_s,
		  struct window *ret, struct err *err)
{
	const struct metrics_archive *archive = choose_archive(start_s, end_s, now_s);
	const uint64_t span_s = end_s - start_s;
	uint64_t each = step_s / archive->step_s;

	if (step_s == 0)
		each = (span_s + (uint64_t)archive->step_s * WINDOW_AIM_POINTS - 1) /
		       ((uint64_t)archive->step_s * WINDOW_AIM_POINTS);
	if (each == 0)
		each = 1;
	if (span_s / (each * archive->step_s) > WINDOW_MAX_POINTS)
		return err_set(err, ERR_INVALID_INPUT,
			       "there would be more than %d points; ask for a step of %" PRIu64
			       " s or more",
			       WINDOW_MAX_POINTS, span_s / WINDOW_MAX_POINTS + archive->step_s);
	*ret = (struct window){.start_s = start_s,
			       .end_s = end_s,
			       .archive_s = archive->step_s,
			       .step_s = (uint32_t)(each * archive->step_s)};
	return 0;
}

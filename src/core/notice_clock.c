/*
 * Theory of operation. What is shown is decided by each question for itself, with its own clock: a
 * notice appears at its time whether or not anybody looks here. This only tells the open streams,
 * which read again then. Who connects later reads everything anyway, so nothing has to be kept.
 */
#include "core/notice_clock.h"

#include "base/clock.h"
#include "core/events.h"
#include "store/store_notice.h"

#define TURN_MS 500
#define MANY    32 /* at one turn; the rest at the next */

static uv_timer_t timer;
static int64_t told_until_ms;

static void on_turn(uv_timer_t *handle)
{
	const struct core *core = handle->data;
	const int64_t now_ms = clock_now_ms();
	struct store_notice_appeared appeared[MANY];
	size_t count = 0;

	if (store_notice_appeared(core->store, told_until_ms, now_ms, appeared, MANY, &count,
				  NULL) < 0)
		return; /* at the next turn */
	for (size_t i = 0; i < count; i++)
		events_notice_changed(core->events, appeared[i].id, "published");
	/* A clock that was set back tells some twice, which does no harm. */
	told_until_ms = count == MANY ? appeared[MANY - 1].published_ms : now_ms;
}

void notice_clock_start(struct core *core)
{
	told_until_ms = clock_now_ms();
	(void)uv_timer_init(&core->loop, &timer);
	timer.data = core;
	(void)uv_timer_start(&timer, on_turn, TURN_MS, TURN_MS);
}

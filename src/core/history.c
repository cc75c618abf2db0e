#include "core/history.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/parse.h"
#include "core/api/note.h"
#include "store/store_history.h"

#define DAY_MS      (INT64_C(24) * 3600 * 1000)
#define TURN_MS     250  /* how soon wrong sign-ins are in the history */
#define PRUNE_LINES 100  /* at once: some 10 ms, and the service answers in between */
#define FIRST_MS    5000 /* after the start */

struct history {
	struct core *core;
	uv_timer_t timer;
	int64_t next_day_ms; /* monotonic: when the day's work is due */
	bool pruning;
	uint64_t pruned; /* in this run */
};

/* An operator who keeps the log elsewhere can compare: what was cut off and forged again cannot
 * have this hash. */
static void log_head(const struct history *history)
{
	char hash[2 * HISTORY_HASH_BYTES + 1];
	struct store_history_ends ends;
	struct err err = {0};

	if (store_history_ends(history->core->store, &ends, &err) < 0) {
		log_error("%s", err.text);
		return;
	}
	format_hex(ends.head_hash, sizeof ends.head_hash, hash);
	log_info("history: head %" PRIu64 ":%s", ends.head_id, hash);
}

static void tell_pruned(struct history *history)
{
	struct history_line line = {
		.actor = HISTORY_SYSTEM, .what = "history.prune", .result = HISTORY_SUCCESS};
	struct store_history_ends ends;
	struct err err = {0};

	history->pruning = false;
	if (history->pruned == 0)
		return;
	if (store_history_ends(history->core->store, &ends, &err) < 0)
		ends.anchor_id = 0;
	(void)snprintf(line.details, sizeof line.details,
		       "{\"days\":%u,\"last\":%" PRIu64 ",\"lines\":%" PRIu64 "}",
		       history->core->config->history_days, ends.anchor_id, history->pruned);
	if (store_history_append(history->core->store, &line, &err) < 0)
		log_error("%s", err.text);
	log_info("history: %" PRIu64 " lines older than %u days are gone", history->pruned,
		 history->core->config->history_days);
	history->pruned = 0;
}

static void prune(struct history *history)
{
	const int64_t age_ms = (int64_t)history->core->config->history_days * DAY_MS;
	struct err err = {0};
	int count = store_history_prune(history->core->store, clock_now_ms() - age_ms, PRUNE_LINES,
					&err);

	if (count < 0) {
		log_error("pruning the history: %s", err.text);
		count = 0;
	}
	history->pruned += (uint64_t)count;
	if (count < PRUNE_LINES)
		tell_pruned(history);
}

static void on_turn(uv_timer_t *timer)
{
	struct history *history = timer->data;

	note_write(history->core, false);
	if (clock_mono_ms() >= history->next_day_ms) {
		history->next_day_ms = clock_mono_ms() + DAY_MS;
		history->pruning = history->core->config->history_days != 0;
		log_head(history);
	}
	if (history->pruning)
		prune(history);
}

int history_new(struct core *core, struct history **ret, struct err *err)
{
	struct history *history = calloc(1, sizeof *history);

	if (history == NULL)
		return err_set(err, -ENOMEM, "no memory");
	history->core = core;
	history->next_day_ms = clock_mono_ms() + FIRST_MS;
	(void)uv_timer_init(&core->loop, &history->timer);
	history->timer.data = history;
	(void)uv_timer_start(&history->timer, on_turn, TURN_MS, TURN_MS);
	*ret = history;
	return 0;
}

void history_stop(struct history *history)
{
	(void)uv_timer_stop(&history->timer);
	note_write(history->core, true);
	log_head(history);
}

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void history_free(struct history *history)
{
	if (history != NULL)
		uv_close((uv_handle_t *)&history->timer, on_closed);
}

#include "core/first_step/check.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "core/events.h"
#include "store/store_action.h"

struct check *check_find(const struct checks *checks, uint64_t server_id)
{
	for (struct check *check = checks->list; check != NULL; check = check->next)
		if (check->server_id == server_id && !check->over)
			return check;
	return NULL;
}

void check_drop(struct check *check)
{
	struct check **at = &check->checks->list;

	while (*at != check)
		at = &(*at)->next;
	*at = check->next;
	check->checks->count--;
	explicit_bzero(check, sizeof *check);
	free(check);
}

int check_step(struct check *check, enum check_step step, struct err *err)
{
	struct store *store = check->checks->core->store;
	const int64_t now_ms = clock_now_ms();
	int code = 0;

	if (step > 0)
		code = store_action_finish_step(store, check->action_id, step - 1, ACTION_STEP_DONE,
						now_ms, err);
	if (code == 0)
		code = store_action_start_step(store, check->action_id, step, now_ms, err);
	if (code == 0)
		code = store_action_update_progress(store, check->action_id,
						    (uint8_t)(step * 100 / STEPS), err);
	return code;
}

void check_tell(struct check *check)
{
	events_action_changed(check->checks->core->events, check->action_id);
}

/* Forgets it now, or when the answer that is under way has come. */
static void leave(struct check *check, bool is_answered)
{
	check->over = true;
	if (is_answered || (check->phase != PHASE_PROBE && !check->asking))
		check_drop(check);
}

void check_fail(struct check *check, int code, const char *text, bool is_answered)
{
	struct store *store = check->checks->core->store;
	struct err err = {0};

	if (store_action_finish(store, check->action_id, ACTION_ERROR, err_name(code), text,
				clock_now_ms(), &err) < 0 &&
	    err.code != ERR_GONE)
		log_error("action %" PRIu64 ": %s", check->action_id, err.text);
	check_tell(check);
	leave(check, is_answered);
}

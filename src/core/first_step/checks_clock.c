// What comes with time: ends of waiting, age, and checks that are due.
#include "core/first_step/check.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "core/events.h"
#include "store/store_server.h"

#define LATE_TICKS 5  /* between two looks for closed ones whose time is over */
#define DUE_TICKS  60 /* between two looks for those that are due */
#define DAY_MS     (INT64_C(24) * 3600 * 1000)
#define AT_ONCE    8 /* begun by themselves at a time */
#define IDS_MAX    64

static void end_of_waiting(struct checks *checks)
{
	const int64_t most_ms = (int64_t)checks->core->config->first_step_minutes * 60000;
	struct store *store = checks->core->store;
	uint64_t ids[IDS_MAX];
	size_t count = 0;
	struct err err = {0};

	if (most_ms == 0)
		return;
	if (store_first_step_late(store, clock_now_ms() - most_ms, ids, IDS_MAX, &count, &err) < 0)
		log_error("%s", err.text);
	for (size_t i = 0; i < count; i++) {
		struct server server CLEANUP(server_done) = {0};
		int code = store_server_get(store, 0, ids[i], &server, &err);
		if (code == 0)
			code = store_begin(store, &err);
		if (code == 0)
			code = judging_open(store, &server, FIRST_STEP_TIMEOUT, &err);
		if (code == 0)
			code = store_commit(store, &err);
		store_rollback(store);
		if (code == 0)
			checks_opened(checks, ids[i]);
		else
			log_error("server %" PRIu64 ": %s", ids[i], err.text);
	}
}

static void note_age(struct checks *checks)
{
	struct store *store = checks->core->store;
	AUTO_FREE struct store_first_step *first_step = calloc(1, sizeof *first_step);
	uint64_t ids[IDS_MAX];
	size_t count = 0;
	struct err err = {0};

	if (first_step == NULL ||
	    store_first_step_aged(store, clock_now_ms(), ids, IDS_MAX, &count, &err) < 0)
		return;
	for (size_t i = 0; i < count; i++) {
		if (store_first_step_get(store, ids[i], first_step, &err) == 0 &&
		    store_first_step_put(store, first_step, clock_now_ms(), true, &err) == 0)
			events_server_changed(checks->core->events, ids[i]);
		else
			log_error("server %" PRIu64 ": %s", ids[i], err.text);
	}
}

static void begin_due(struct checks *checks)
{
	const int64_t now_ms = clock_now_ms();
	uint64_t ids[AT_ONCE];
	size_t count = 0;
	struct err err = {0};

	if (!checks_possible(checks->core->config) || checks->count >= AT_ONCE)
		return;
	if (store_first_step_due(checks->core->store, now_ms - DAY_MS, now_ms - CHECK_AGAIN_MS, ids,
				 AT_ONCE - checks->count, &count, &err) < 0)
		log_error("%s", err.text);
	for (size_t i = 0; i < count; i++)
		if (check_find(checks, ids[i]) == NULL)
			checks_begin(checks, ids[i]);
}

static void end_of_stopped(struct checks *checks)
{
	struct check *next;

	for (struct check *check = checks->list; check != NULL; check = next) {
		struct server server CLEANUP(server_done) = {0};
		next = check->next;
		if (check->over || (store_server_get(checks->core->store, 0, check->server_id,
						     &server, NULL) == 0 &&
				    server.status == SERVER_RUNNING && !server.rescue_running))
			continue;
		check_fail(check, ERR_SERVER_NOT_RUNNING, "the server is not running any more",
			   false);
	}
}

void checks_tick(uv_timer_t *timer)
{
	struct checks *checks = timer->data;

	end_of_stopped(checks);
	checks_turn(checks);
	checks->ticks++;
	if (checks->ticks % LATE_TICKS == 0)
		end_of_waiting(checks);
	if (checks->ticks % DUE_TICKS == 0) {
		note_age(checks);
		begin_due(checks);
	}
}

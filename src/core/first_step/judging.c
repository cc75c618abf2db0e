// What follows from what a guest said of itself and the probe saw.
#include "core/first_step/check.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "core/actions/engine.h"
#include "core/events.h"
#include "core/first_step/outside.h"
#include "core/metrics/metrics.h"
#include "store/store_action.h"
#include "store/store_alert.h"
#include "store/store_history.h"
#include "store/store_server.h"

static int read_monitoring(struct checks *checks, const struct server *server, int64_t now_ms,
			   struct store_first_step *first_step, struct err *err)
{
	static const enum alert_kind kinds[] = {ALERT_METRIC, ALERT_STOPPED_UNEXPECTEDLY,
						ALERT_STOPPED_ITSELF};
	struct metrics_state state;
	int64_t sampled_ms = 0;
	uint64_t count = 0;

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct store_alert_rules rules CLEANUP(store_alert_rule_done) = {0};
		int code = store_alert_stop_rules(checks->core->store, server->id, kinds[i], &rules,
						  err);
		if (code < 0)
			return code;
		count += rules.count;
	}
	metrics_state(checks->core->metrics, &state);
	for (size_t i = 0; i < state.count; i++)
		if (state.latest[i].server_id == server->id)
			sampled_ms = (int64_t)state.sampled_s * 1000;
	outside_monitoring(sampled_ms, count, now_ms, first_step);
	return 0;
}

int judging_open(struct store *store, const struct server *server, enum first_step_why why,
		 struct err *err)
{
	const int64_t now_ms = clock_now_ms();
	struct history_line line = {.customer_id = server->customer_id,
				    .actor = HISTORY_SYSTEM,
				    .what = "server.open_inbound",
				    .result = HISTORY_SUCCESS,
				    .resource_type = "server",
				    .resource_id = server->id};
	int code = store_first_step_open(store, server->id, why, now_ms, err);

	(void)snprintf(line.resource_name, sizeof line.resource_name, "%s", server->name);
	(void)snprintf(line.details, sizeof line.details, "{\"reason\":\"%s\"}",
		       first_step_why_name(why));
	if (code == 0)
		log_info("server %" PRIu64 ": open from outside (%s)", server->id,
			 first_step_why_name(why));
	return code < 0 ? code : store_history_append(store, &line, err);
}

/* Inside the transaction: what follows from what is known now. */
int judging_settle(struct checks *checks, const struct server *server,
		   struct store_first_step *first_step, bool *ret_opened, struct err *err)
{
	struct store *store = checks->core->store;
	const bool can_report = first_step->reports == FIRST_STEP_REPORTS;
	const int64_t now_ms = clock_now_ms();
	int code = store_first_step_put(store, first_step, now_ms, true, err);

	*ret_opened = false;
	if (code < 0 || !first_step->closed || !server->first_boot_done ||
	    !first_step_may_open(first_step->findings, can_report, first_step->since_ms))
		return code;
	code = judging_open(store, server, can_report ? FIRST_STEP_PROVEN : FIRST_STEP_PROBED, err);
	*ret_opened = code == 0;
	return code;
}

void checks_opened(struct checks *checks, uint64_t server_id)
{
	engine_refresh_network(checks->core->engine, server_id);
	events_server_changed(checks->core->events, server_id);
}

static bool key_is_shared(struct checks *checks, const struct server *server, const char *blob)
{
	uint64_t others = 0;

	return blob[0] != '\0' &&
	       store_first_step_key_of_others(checks->core->store, server->id, blob, &others,
					      NULL) == 0 &&
	       others > 0;
}

int judging_end(struct check *check, const struct probe_answer *answer, bool *ret_opened,
		struct err *err)
{
	struct checks *checks = check->checks;
	struct store *store = checks->core->store;
	AUTO_FREE struct store_first_step *first_step = calloc(1, sizeof *first_step);
	struct server server CLEANUP(server_done) = {0};
	const int64_t now_ms = clock_now_ms();
	int code = first_step != NULL ? store_begin(store, err) : -ENOMEM;

	if (code < 0)
		return code;
	STORE_GUARD(store);
	if ((code = store_server_get(store, 0, check->server_id, &server, err)) < 0 ||
	    (code = store_first_step_get(store, check->server_id, first_step, err)) < 0 ||
	    (code = check_step(check, STEP_JUDGE, err)) < 0 ||
	    (code = read_monitoring(checks, &server, now_ms, first_step, err)) < 0)
		return code;
	if (answer != NULL)
		outside_read(answer, &check->look, &server,
			     key_is_shared(checks, &server, answer->host_key), now_ms, first_step);
	if ((code = judging_settle(checks, &server, first_step, ret_opened, err)) < 0 ||
	    (code = store_action_finish_step(store, check->action_id, STEP_JUDGE, ACTION_STEP_DONE,
					     now_ms, err)) < 0 ||
	    (code = store_action_finish(store, check->action_id, ACTION_SUCCESS, NULL, NULL, now_ms,
					err)) < 0)
		return code;
	return store_commit(store, err);
}

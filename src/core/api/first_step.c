// /v1/servers/{id}/first_step, and the actions about it: check again, open the host's edge.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "core/api/render.h"
#include "core/api/router.h"
#include "core/api/server_actions.h"
#include "core/api/servers.h"
#include "core/events.h"
#include "core/first_step/checks.h"
#include "store/store_first_step.h"
#include "store/store_server.h"

static json_t *render_side(const struct first_step_side *side)
{
	json_t *evidence;

	if (side->result == FIRST_STEP_UNSAID)
		return json_null();
	evidence = json_loads(side->evidence, 0, NULL);
	return json_pack("{s:s, s:s, s:o, s:o}", "result", first_step_result_name(side->result),
			 "reason", side->reason, "time", json_time(side->time_ms), "evidence",
			 evidence != NULL ? evidence : json_array());
}

static json_t *render_items(const struct store_first_step *first_step, int64_t now_ms,
			    unsigned *ret_passed)
{
	json_t *items = json_array();

	for (size_t i = 0; i < FIRST_STEP_COUNT; i++) {
		const enum first_step_item item = (enum first_step_item)(i + 1);
		const struct first_step_finding *finding = &first_step->findings[i];
		const enum first_step_verdict verdict = first_step_judge(item, finding, now_ms);
		*ret_passed += verdict == FIRST_STEP_PASS;
		(void)json_array_append_new(items,
					    json_pack("{s:s, s:s, s:o, s:b, s:o, s:o}", "id",
						      first_step_id(item), "verdict",
						      first_step_verdict_name(verdict), "since",
						      json_time(first_step->verdict_ms[i]),
						      "needs_outside", first_step_has_outside(item),
						      "inside", render_side(&finding->inside),
						      "outside", render_side(&finding->outside)));
	}
	return items;
}

static json_t *render_changes(const struct store_first_step_changes *changes)
{
	json_t *list = json_array();

	for (size_t i = 0; i < changes->count; i++) {
		const struct store_first_step_change *change = &changes->items[i];
		const char *id = first_step_id(change->item);
		(void)json_array_append_new(
			list, json_pack("{s:s, s:s, s:s, s:s, s:o}", "item", id != NULL ? id : "",
					"verdict", first_step_verdict_name(change->verdict),
					"inside", first_step_result_name(change->inside), "outside",
					first_step_result_name(change->outside), "time",
					json_time(change->time_ms)));
	}
	return list;
}

static json_t *render_ports(const char *ports)
{
	json_t *list = json_array();

	for (size_t len; *ports != '\0'; ports += len + (ports[len] == ' ')) {
		len = strcspn(ports, " ");
		(void)json_array_append_new(list, json_stringn(ports, len));
	}
	return list;
}

static json_t *render_edge(const struct core *core, const struct server *server,
			   const struct store_first_step *first_step)
{
	const int64_t minutes = core->config->first_step_minutes;
	const bool has_end = first_step->closed && minutes > 0 && server->first_started_ms > 0;

	return json_pack("{s:s, s:s, s:o, s:o}", "state", first_step->closed ? "closed" : "open",
			 "reason", first_step_why_name(first_step->why), "since",
			 json_time(first_step->changed_ms), "opens",
			 json_time(has_end ? server->first_started_ms + minutes * 60000 : 0));
}

static json_t *render_guest(const struct store_first_step *first_step)
{
	return json_pack("{s:o, s:s, s:s, s:o}", "reports",
			 first_step->reports == FIRST_STEP_REPORTS_UNKNOWN
				 ? json_null()
				 : json_boolean(first_step->reports == FIRST_STEP_REPORTS),
			 "program", first_step->program, "os", first_step->os, "reported",
			 json_time(first_step->reported_ms));
}

static int get_first_step(struct request *request, struct err *err)
{
	struct server server CLEANUP(server_done) = {0};
	struct store_first_step_changes changes CLEANUP(store_first_step_changes_done) = {0};
	AUTO_FREE struct store_first_step *first_step = calloc(1, sizeof *first_step);
	struct store *store = request->core->store;
	unsigned passed = 0;
	json_t *items;
	int code = servers_find(request, &server, err);

	if (first_step == NULL)
		return err_set(err, -ENOMEM, "no memory");
	if (code < 0 || (code = store_first_step_get(store, server.id, first_step, err)) < 0 ||
	    (code = store_first_step_changes(store, server.id, &changes, err)) < 0)
		return code;
	items = render_items(first_step, clock_now_ms(), &passed);
	return request_answer(request, 200, "first_step",
			      json_pack("{s:i, s:i, s:o, s:o, s:o, s:i, s:o, s:o, s:o}", "passed",
					(int)passed, "total", FIRST_STEP_COUNT, "inbound",
					render_edge(request->core, &server, first_step), "guest",
					render_guest(first_step), "probed",
					json_time(first_step->probed_ms), "ssh_port",
					(int)first_step->ssh_port, "open_ports",
					render_ports(first_step->open_ports), "items", items,
					"changes", render_changes(&changes)));
}

static int check(struct request *request, struct err *err)
{
	struct server server CLEANUP(server_done) = {0};
	struct action action CLEANUP(action_done) = {0};
	struct core *core = request->core;
	struct store *store = core->store;
	int code = servers_find(request, &server, err);

	if (code < 0 || (code = store_begin(store, err)) < 0)
		return code;
	STORE_GUARD(store);
	if ((code = checks_submit(core->checks, &server, request->who.user_id, &action, err)) < 0)
		return code;
	if ((code = store_commit(store, err)) < 0) {
		checks_withdraw(core->checks, action.id);
		return code;
	}
	checks_kick(core->checks);
	events_action_changed(core->events, action.id);
	return request_answer(request, 201, "action", render_action(&action));
}

static int open_inbound(struct request *request, struct err *err)
{
	struct action_request wanted = {.command = ACTION_OPEN_INBOUND, .fd = -1};
	struct action action CLEANUP(action_done) = {0};
	int code = server_actions_submit(request, &wanted, &action, err);

	if (code < 0)
		return code;
	checks_opened(request->core->checks, action.server_id);
	return request_answer(request, 201, "action", render_action(&action));
}

const struct route first_step_routes[] = {
	{"GET", "/servers/{id}/first_step", ACCESS_READ, get_first_step, NULL},
	{"POST", "/servers/{id}/actions/check_first_step", ACCESS_POWER, check,
	 "server.check_first_step"},
	{"POST", "/servers/{id}/actions/open_inbound", ACCESS_MANAGE, open_inbound,
	 "server.open_inbound"},
	{NULL, NULL, 0, NULL},
};

// Changes of firewalls: in force once every server of the customer has the filter it shall have.
#include "core/actions/task.h"

#include "store/store_firewall.h"

#define LOOK_AGAIN_MS 100

/* The filters themselves are brought to the host by filters.c, whether an action waits or not: what
 * was asked for stays asked for, however this ends. */
int filters_applied_run(struct task *task, struct err *err)
{
	uint64_t pending = 0;
	int r = store_filter_pending_of(task->engine->store, task->customer_id, &pending, err);

	if (r < 0)
		return r;
	task->wake_ms = LOOK_AGAIN_MS;
	return pending == 0 ? STEP_DONE : STEP_WAIT;
}

static const struct step steps[] = {
	{.name = "apply", .flags = STEP_KEEP, .run = filters_applied_run}};

static int accept_firewall(struct engine *engine, const struct action_request *request,
			   struct server *server, struct action *action, struct task_params *params,
			   struct err *err)
{
	(void)engine;
	(void)server;
	(void)params;
	if (action_add_resource(action, ACTION_RESOURCE_FIREWALL, request->firewall_id) < 0 ||
	    (request->about_server_id != 0 &&
	     action_add_resource(action, ACTION_RESOURCE_SERVER, request->about_server_id) < 0))
		return err_set(err, ERR_SERVER, "too many resources");
	return 0;
}

const struct command firewall_rules_command = {.command = ACTION_SET_FIREWALL_RULES,
					       .steps = steps,
					       .step_count = ARRAY_SIZE(steps),
					       .accept = accept_firewall};
const struct command firewall_apply_command = {.command = ACTION_APPLY_FIREWALL,
					       .steps = steps,
					       .step_count = ARRAY_SIZE(steps),
					       .accept = accept_firewall};
const struct command firewall_remove_command = {.command = ACTION_REMOVE_FIREWALL,
						.steps = steps,
						.step_count = ARRAY_SIZE(steps),
						.accept = accept_firewall};

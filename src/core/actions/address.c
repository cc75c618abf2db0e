// An address goes to a server, or from it. The row says so at once; the host follows.
#include "core/actions/task.h"

#include "store/store_ip.h"

int address_add_resource(const struct action_request *request, struct action *action,
			 struct err *err)
{
	const enum action_resource_type type = request->address_kind == ADDRESS_PRIMARY
						       ? ACTION_RESOURCE_ADDRESS
						       : ACTION_RESOURCE_FLOATING_IP;

	return action_add_resource(action, type, request->address_id) < 0
		       ? err_set(err, ERR_SERVER, "too many resources")
		       : 0;
}

/* @server: of a floating address none, since no action of a server has to wait for it. */
static int accept_move(struct engine *engine, const struct action_request *request,
		       struct server *server, struct action *action, struct task_params *params,
		       struct err *err)
{
	const bool takes = request->command == ACTION_ASSIGN_FLOATING_IP ||
			   request->command == ACTION_ASSIGN_PRIMARY_IP;
	const uint64_t to = !takes ? 0 : server->id != 0 ? server->id : request->about_server_id;
	int r = address_add_resource(request, action, err);

	(void)params;
	if (r == 0 && server->id == 0 && request->about_server_id != 0 &&
	    action_add_resource(action, ACTION_RESOURCE_SERVER, request->about_server_id) < 0)
		r = err_set(err, ERR_SERVER, "too many resources");
	return r < 0 ? r : store_ip_assign(engine->store, request->address_id, to, err);
}

static const struct step floating_steps[] = {
	{.name = "apply", .flags = STEP_KEEP, .run = filters_applied_run}};

/* Of a server that is off. What fails here is right again with the next sync. */
static const struct step primary_steps[] = {{.name = "network",
					     .flags = STEP_KEEP,
					     .run = verb_network_set,
					     .answered = verb_network_answered}};

const struct command floating_assign_command = {.command = ACTION_ASSIGN_FLOATING_IP,
						.steps = floating_steps,
						.step_count = ARRAY_SIZE(floating_steps),
						.accept = accept_move};
const struct command floating_unassign_command = {.command = ACTION_UNASSIGN_FLOATING_IP,
						  .steps = floating_steps,
						  .step_count = ARRAY_SIZE(floating_steps),
						  .accept = accept_move};
const struct command primary_assign_command = {.command = ACTION_ASSIGN_PRIMARY_IP,
					       .steps = primary_steps,
					       .step_count = ARRAY_SIZE(primary_steps),
					       .accept = accept_move};
const struct command primary_unassign_command = {.command = ACTION_UNASSIGN_PRIMARY_IP,
						 .steps = primary_steps,
						 .step_count = ARRAY_SIZE(primary_steps),
						 .accept = accept_move};

// A server goes into a private network, or out of it; and what changes about networks alone.
#include "core/actions/task.h"

#include <inttypes.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "store/store_network.h"
#include "store/store_port.h"

#define LOOK_AGAIN_MS 100

static int add_resource(const struct action_request *request, struct action *action,
			struct err *err)
{
	return action_add_resource(action, ACTION_RESOURCE_NETWORK, request->network_id) < 0
		       ? err_set(err, ERR_SERVER, "too many resources")
		       : 0;
}

/* Over in the transaction of whoever asks, who writes it: no host is asked. */
static int accept_written(struct engine *engine, const struct action_request *request,
			  struct server *server, struct action *action, struct task_params *params,
			  struct err *err)
{
	(void)engine;
	(void)server;
	(void)params;
	return add_resource(request, action, err);
}

const struct command add_subnet_command = {.command = ACTION_ADD_SUBNET, .accept = accept_written};
const struct command delete_subnet_command = {.command = ACTION_DELETE_SUBNET,
					      .accept = accept_written};
const struct command ip_range_command = {.command = ACTION_CHANGE_IP_RANGE,
					 .accept = accept_written};

/* --- into a network --- */

static int attach_accept(struct engine *engine, const struct action_request *request,
			 struct server *server, struct action *action, struct task_params *params,
			 struct err *err)
{
	struct private_port port = *request->port;
	int r = store_port_insert(engine->store, &port, clock_now_ms(), err);

	(void)server;
	params->port_id = port.id;
	return r < 0 ? r : add_resource(request, action, err);
}

static int network_undo(struct task *task, struct err *err)
{
	int r = store_port_leave(task->engine->store, task->params.port_id, true, err);

	return r < 0 ? r : verb_network_set(task, err);
}

static int define_undo(struct task *task, struct err *err)
{
	int r = store_port_leave(task->engine->store, task->params.port_id, true, err);

	return r < 0 ? r : verb_define(task, err);
}

/* The wire with its checks first, then the card that is plugged into it. */
static const struct step attach_steps[] = {
	{.name = "network",
	 .run = verb_network_set,
	 .answered = verb_network_answered,
	 .undo = network_undo},
	{.name = "define", .flags = STEP_UNDO_ONCE, .run = verb_define, .undo = define_undo},
};

static int attach_failed(struct task *task, struct err *err)
{
	int r = store_port_delete(task->engine->store, task->params.port_id, err);

	return r < 0 && r != ERR_NOT_FOUND ? r : task_end_restore(task, err);
}

const struct command attach_command = {
	.command = ACTION_ATTACH_TO_NETWORK,
	.steps = attach_steps,
	.step_count = ARRAY_SIZE(attach_steps),
	.accept = attach_accept,
	.failed = attach_failed,
};

/* --- out of it --- */

static int detach_accept(struct engine *engine, const struct action_request *request,
			 struct server *server, struct action *action, struct task_params *params,
			 struct err *err)
{
	int r = store_port_leave(engine->store, request->port->id, true, err);

	(void)server;
	params->port_id = request->port->id;
	return r < 0 ? r : add_resource(request, action, err);
}

/* A guest may keep the card that it is asked to let go of; the wire behind it is gone all the
 * same. */
static const struct step detach_steps[] = {
	{.name = "define", .run = verb_define},
	{.name = "network",
	 .flags = STEP_MUST,
	 .run = verb_network_set,
	 .answered = verb_network_answered},
};

static int detach_succeeded(struct task *task, struct err *err)
{
	int r = store_port_delete(task->engine->store, task->params.port_id, err);

	return r < 0 && r != ERR_NOT_FOUND ? r : task_end_power(task, err);
}

static int detach_failed(struct task *task, struct err *err)
{
	int r = store_port_leave(task->engine->store, task->params.port_id, false, err);

	return r < 0 && r != ERR_NOT_FOUND ? r : task_end_restore(task, err);
}

const struct command detach_command = {
	.command = ACTION_DETACH_FROM_NETWORK,
	.steps = detach_steps,
	.step_count = ARRAY_SIZE(detach_steps),
	.accept = detach_accept,
	.succeeded = detach_succeeded,
	.failed = detach_failed,
};

/* --- further addresses in it --- */

static int alias_accept(struct engine *engine, const struct action_request *request,
			struct server *server, struct action *action, struct task_params *params,
			struct err *err)
{
	int r = store_port_set_aliases(engine->store, request->port, err);

	(void)server;
	(void)params;
	return r < 0 ? r : add_resource(request, action, err);
}

/* What fails here is right again with the next sync. */
static const struct step alias_steps[] = {{.name = "network",
					   .flags = STEP_KEEP,
					   .run = verb_network_set,
					   .answered = verb_network_answered}};

const struct command alias_command = {
	.command = ACTION_CHANGE_ALIAS_IPS,
	.steps = alias_steps,
	.step_count = ARRAY_SIZE(alias_steps),
	.accept = alias_accept,
};

/* --- away with it --- */

/* Whoever asks has asked each server that is in it to leave, in the same transaction. */
static int delete_accept(struct engine *engine, const struct action_request *request,
			 struct server *server, struct action *action, struct task_params *params,
			 struct err *err)
{
	(void)engine;
	(void)server;
	params->network_id = request->network_id;
	return add_resource(request, action, err);
}

static int delete_run(struct task *task, struct err *err)
{
	struct store_members members CLEANUP(store_port_done) = {0};
	int r = store_port_of_network(task->engine->store, task->params.network_id, &members, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < members.count; i++)
		if (!members.items[i].leaving)
			return err_set(err, ERR_IN_USE,
				       "server %" PRIu64 " could not be taken out of the network: "
				       "what failed is in its history",
				       members.items[i].server_id);
	task->wake_ms = LOOK_AGAIN_MS;
	return members.count == 0 ? STEP_DONE : STEP_WAIT;
}

static const struct step delete_steps[] = {
	{.name = "servers", .flags = STEP_KEEP, .run = delete_run}};

static int delete_succeeded(struct task *task, struct err *err)
{
	int r = store_network_delete(task->engine->store, task->params.network_id, err);

	return r == ERR_NOT_FOUND ? 0 : r;
}

const struct command network_delete_command = {
	.command = ACTION_DELETE_NETWORK,
	.steps = delete_steps,
	.step_count = ARRAY_SIZE(delete_steps),
	.accept = delete_accept,
	.succeeded = delete_succeeded,
};

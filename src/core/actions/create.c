#include "core/actions/task.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "model/first_choice.h"
#include "store/store_contract.h"
#include "store/store_first_step.h"
#include "store/store_server.h"

static int image_run(struct task *task, struct err *err)
{
	struct server server CLEANUP(server_done) = {0};
	int r = task_server(task, &server, err);

	return r ? r : verb_image(task, HOST_IMAGE_FACTS, server.image_id, err);
}

static int volume_verb(struct task *task, uint16_t type, struct err *err)
{
	struct server server CLEANUP(server_done) = {0};
	int r = task_server(task, &server, err);

	return r ? r
		 : verb_volume(task, type, server.volume_generation, server.image_id,
			       disk_bytes(server.disk_gb), err);
}

static int volume_run(struct task *task, struct err *err)
{
	return volume_verb(task, HOST_VOLUME_CREATE, err);
}

static int volume_undo(struct task *task, struct err *err)
{
	return volume_verb(task, HOST_VOLUME_DELETE, err);
}

static int seed_run(struct task *task, struct err *err)
{
	struct server server CLEANUP(server_done) = {0};
	int r = task_server(task, &server, err);

	return r ? r : verb_seed_create(task, server.volume_generation, server.image_id, err);
}

static int seed_answered(struct task *task, struct reader *answer, struct err *err)
{
	(void)answer;
	return store_server_update_seed(task->engine->store, task->server_id, true, err);
}

static int start_entered(struct task *task, struct err *err)
{
	return store_server_update_status(task->engine->store, task->server_id, SERVER_STARTING,
					  err);
}

/* A synchronisation of networks takes all servers with a row, whatever step they are at. So the
 * network is the first to come, and undone last, in the transaction that ends the action. */
static const struct step create_steps[] = {
	{.name = "network",
	 .run = verb_network_set,
	 .answered = verb_network_answered,
	 .undo = verb_network_clear},
	{.name = "image", .run = image_run},
	{.name = "volume", .wanted = task_wants_overlay, .run = volume_run, .undo = volume_undo},
	{.name = "copy",
	 .flags = STEP_SLOW | STEP_COPY,
	 .wanted = task_wants_copy,
	 .run = volume_run,
	 .undo = volume_undo},
	{.name = "seed", .run = seed_run, .answered = seed_answered, .undo = verb_seed_delete},
	{.name = "define", .run = verb_define, .undo = verb_undefine},
	{.name = "start",
	 .wanted = task_wants_start,
	 .entered = start_entered,
	 .run = verb_start,
	 .answered = verb_started},
};

static int create_accept(struct engine *engine, const struct action_request *request,
			 struct server *server, struct action *action, struct task_params *params,
			 struct err *err)
{
	const uint16_t ssh_port =
		request->ssh_port != 0 ? request->ssh_port : FIRST_CHOICE_SSH_PORT;
	int r = verb_check_image(engine, server->image_id, server->disk_gb, err);

	(void)action;
	params->start = request->start;
	verb_use_image(engine, server->image_id, params);
	if (r == 0 && request->start)
		r = verb_admit_memory(engine, server, err);
	if (r == 0)
		r = verb_put_seed(engine, request, server->id, err);
	if (r == 0)
		r = store_first_step_begin(engine->store, server->id, engine->limits.close_inbound,
					   ssh_port, clock_now_ms(), err);
	if (r == 0)
		r = store_server_update_ssh_port(engine->store, server->id, ssh_port, err);
	if (r == 0)
		r = store_server_update_updates(engine->store, server->id, request->updates, err);
	if (r == 0)
		r = store_server_update_desired(
			engine->store, server->id,
			request->start ? SERVER_DESIRED_ON : SERVER_DESIRED_OFF, err);
	return r;
}

/* Nothing of a server that never was remains: its name and addresses are free again. */
static int create_failed(struct task *task, struct err *err)
{
	int r = engine_set_gone(task->engine, task->uuid, true, err);

	if (r == 0)
		r = store_contract_void(task->engine->store, task->server_id, err);
	if (r == 0)
		r = store_server_delete(task->engine->store, task->server_id, err);
	task->server_gone = r == 0;
	return r;
}

const struct command create_command = {
	.command = ACTION_CREATE_SERVER,
	.steps = create_steps,
	.step_count = ARRAY_SIZE(create_steps),
	.accept = create_accept,
	.failed = create_failed,
};

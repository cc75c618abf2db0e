/*
 * Theory of operation
 *
 * The new disk is made beside the old one. Until the domain is defined with the new disk the server
 * is its old self and everything can be undone; the transaction that records the end of "define"
 * also makes the new disk the server's own, and from there on the action only goes forward. A start
 * that fails then leaves a whole, stopped server with the new system.
 *
 * The one thing an undo cannot bring back is the user-data of an old disk that had not yet finished
 * its first boot: it was replaced by the request's. Keys and network are made again.
 */
#include "core/actions/task.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "model/first_choice.h"
#include "store/store_first_step.h"
#include "store/store_seed.h"
#include "store/store_server.h"

static bool wants_start(const struct task *task)
{
	return task->params.start;
}

static bool was_on(const struct task *task)
{
	return task->params.before != SERVER_OFF;
}

static uint32_t next_generation(const struct task *task)
{
	return task->params.generation + 1;
}

static int volume_run(struct task *task, struct err *err)
{
	struct server server CLEANUP(server_done) = {0};
	int r = task_server(task, &server, err);

	return r ? r
		 : verb_volume(task, HOST_VOLUME_CREATE, next_generation(task),
			       task->params.image_id, disk_bytes(server.disk_gb), err);
}

static int volume_undo(struct task *task, struct err *err)
{
	return verb_volume(task, HOST_VOLUME_DELETE, next_generation(task), task->params.image_id,
			   0, err);
}

static int seed_run(struct task *task, struct err *err)
{
	return verb_seed_create(task, next_generation(task), task->params.image_id, err);
}

static int seed_undo(struct task *task, struct err *err)
{
	struct server server CLEANUP(server_done) = {0};
	int r = task_server(task, &server, err);

	if (r)
		return r;
	if (server.seed)
		return verb_seed_create(task, task->params.generation, server.image_id, err);
	return verb_seed_delete(task, err);
}

static int define_run(struct task *task, struct err *err)
{
	const struct domain_shape shape = {.generation = next_generation(task),
					   .image_id = task->params.image_id,
					   .seed = true};

	return verb_define_as(task, &shape, err);
}

static int define_answered(struct task *task, struct reader *answer, struct err *err)
{
	struct store *store = task->engine->store;
	struct server server CLEANUP(server_done) = {0};
	struct store_seed seed CLEANUP(store_seed_done) = {0};
	uint16_t ssh_port = FIRST_CHOICE_SSH_PORT;
	int r = task_server(task, &server, err);

	(void)answer;
	if (r == 0)
		r = store_seed_get(store, task->server_id, &seed, err);
	if (r == 0 && seed.ssh_port != 0)
		ssh_port = seed.ssh_port;
	if (r == 0)
		r = store_server_update_disk(store, task->server_id, task->params.image_id,
					     next_generation(task), server.disk_gb, err);
	if (r == 0)
		r = store_server_update_first_boot(store, task->server_id, 0, false, err);
	if (r == 0)
		r = store_server_update_seed(store, task->server_id, true, err);
	/* What was proven was the old system. */
	if (r == 0)
		r = store_first_step_begin(store, task->server_id,
					   task->engine->limits.close_inbound, ssh_port,
					   clock_now_ms(), err);
	if (r == 0)
		r = store_server_update_ssh_port(store, task->server_id, ssh_port, err);
	return r;
}

static int define_undo(struct task *task, struct err *err)
{
	struct server server CLEANUP(server_done) = {0};
	int r = task_server(task, &server, err);

	const struct domain_shape shape = {.generation = task->params.generation,
					   .image_id = server.image_id,
					   .seed = server.seed,
					   .rescue = server.rescue_running};

	return r ? r : verb_define_as(task, &shape, err);
}

static int old_volume_run(struct task *task, struct err *err)
{
	return verb_volume(task, HOST_VOLUME_DELETE, task->params.generation, 0, 0, err);
}

static const struct step rebuild_steps[] = {
	{.name = "stop",
	 .flags = STEP_ABSENT | STEP_UNDO_ONCE,
	 .wanted = was_on,
	 .run = verb_stop,
	 .undo = verb_start},
	{.name = "volume", .run = volume_run, .undo = volume_undo},
	{.name = "seed", .run = seed_run, .undo = seed_undo},
	{.name = "define",
	 .flags = STEP_UNDO_ONCE,
	 .run = define_run,
	 .answered = define_answered,
	 .undo = define_undo},
	{.name = "network", .flags = STEP_MUST, .run = verb_network_set},
	{.name = "old_volume", .flags = STEP_MUST | STEP_ABSENT, .run = old_volume_run},
	{.name = "start",
	 .flags = STEP_KEEP,
	 .wanted = wants_start,
	 .run = verb_start,
	 .answered = verb_started},
};

static int rebuild_accept(struct engine *engine, const struct action_request *request,
			  struct server *server, struct action *action, struct task_params *params,
			  struct err *err)
{
	int r = verb_check_image(engine, request->image_id, server->disk_gb, err);

	if (r == 0)
		r = verb_put_seed(engine, request, server->id, err);
	if (r == 0)
		r = action_add_resource(action, ACTION_RESOURCE_IMAGE, request->image_id);
	params->image_id = request->image_id;
	params->generation = server->volume_generation;
	params->start = params->before == SERVER_RUNNING;
	return r;
}

static int rebuild_failed(struct task *task, struct err *err)
{
	struct store *store = task->engine->store;
	struct server server CLEANUP(server_done) = {0};
	int r = task_server(task, &server, err);

	if (r)
		return r;
	if (server.volume_generation == task->params.generation)
		return task_end_restore(task, err);
	r = store_server_update_status(store, task->server_id,
				       task->has_power ? task->power : SERVER_OFF, err);
	return r ? r : store_server_update_desired(store, task->server_id, SERVER_DESIRED_OFF, err);
}

static int rebuild_succeeded(struct task *task, struct err *err)
{
	enum server_status status = task->params.start ? SERVER_RUNNING : SERVER_OFF;

	return store_server_update_status(task->engine->store, task->server_id,
					  task->has_power ? task->power : status, err);
}

const struct command rebuild_command = {
	.command = ACTION_REBUILD_SERVER,
	.steps = rebuild_steps,
	.step_count = ARRAY_SIZE(rebuild_steps),
	.accept = rebuild_accept,
	.succeeded = rebuild_succeeded,
	.failed = rebuild_failed,
};

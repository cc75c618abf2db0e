#include "core/actions/images.h"
#include "core/actions/task.h"

#include "base/cleanup.h"
#include "store/store_kept_disk.h"
#include "store/store_server.h"

static int volume_run(struct task *task, struct err *err)
{
	struct server server CLEANUP(server_done) = {0};
	int r = task_server(task, &server, err);

	return r ? r
		 : verb_volume(task, HOST_VOLUME_DELETE, server.volume_generation, server.image_id,
			       0, err);
}

static bool has_kept(const struct task *task)
{
	return task->params.kept != 0;
}

static int kept_volume_run(struct task *task, struct err *err)
{
	return verb_volume(task, HOST_VOLUME_DELETE, task->params.kept, 0, 0, err);
}

/* Only the first step may fail: then the server is still whole. From there on there is no way back.
 * The network goes last, see create. */
static const struct step delete_steps[] = {
	{.name = "stop", .flags = STEP_ABSENT, .run = verb_stop},
	{.name = "undefine", .flags = STEP_MUST | STEP_ABSENT, .run = verb_undefine},
	{.name = "volume", .flags = STEP_MUST | STEP_ABSENT, .run = volume_run},
	{.name = "kept_volume",
	 .flags = STEP_MUST | STEP_ABSENT,
	 .wanted = has_kept,
	 .run = kept_volume_run},
	{.name = "seed", .flags = STEP_MUST | STEP_ABSENT, .run = verb_seed_delete},
	{.name = "network", .flags = STEP_MUST | STEP_ABSENT, .run = verb_network_clear},
};

static int delete_accept(struct engine *engine, const struct action_request *request,
			 struct server *server, struct action *action, struct task_params *params,
			 struct err *err)
{
	struct store_kept_disk disk CLEANUP(store_kept_disk_done) = {0};
	int r = store_kept_disk_get(engine->store, server->id, &disk, err);

	(void)request;
	(void)action;
	if (r != 0 && r != ERR_NOT_FOUND)
		return r;
	params->kept = disk.generation;
	return store_server_update_desired(engine->store, server->id, SERVER_DESIRED_OFF, err);
}

static int delete_succeeded(struct task *task, struct err *err)
{
	int r = engine_set_gone(task->engine, task->uuid, true, err);

	if (r == 0)
		r = images_drop_backups(task->engine, task->server_id, "its server was deleted",
					err);
	if (r == 0)
		r = store_server_delete(task->engine->store, task->server_id, err);
	task->server_gone = r == 0;
	return r;
}

const struct command delete_command = {
	.command = ACTION_DELETE_SERVER,
	.steps = delete_steps,
	.step_count = ARRAY_SIZE(delete_steps),
	.accept = delete_accept,
	.succeeded = delete_succeeded,
};

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
 *
 * An old disk that shall be kept gets its row in that same transaction, and is just not deleted;
 * see kept_disk.c.
 */
#include "core/actions/task.h"

#include <inttypes.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "model/first_choice.h"
#include "store/store_first_step.h"
#include "store/store_kept_disk.h"
#include "store/store_quota.h"
#include "store/store_seed.h"
#include "store/store_server.h"

#define DAY_MS ((int64_t)24 * 3600 * 1000)

static bool wants_deletion(const struct task *task)
{
	return !task->params.keep_disk;
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
	const int64_t now_ms = clock_now_ms();
	int r = task_server(task, &server, err);

	(void)answer;
	if (r == 0)
		r = store_seed_get(store, task->server_id, &seed, err);
	if (r == 0 && seed.ssh_port != 0)
		ssh_port = seed.ssh_port;
	if (r == 0 && task->params.keep_disk)
		r = store_kept_disk_put(store, task->server_id, now_ms,
					now_ms + SERVER_KEPT_DISK_DAYS * DAY_MS, err);
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
					   task->engine->limits.close_inbound, ssh_port, now_ms,
					   err);
	if (r == 0)
		r = store_server_update_ssh_port(store, task->server_id, ssh_port, err);
	if (r == 0)
		r = store_server_update_updates(store, task->server_id, seed.updates, err);
	if (r == 0 && seed.user && *seed.user)
		r = store_server_update_user(store, task->server_id, seed.user, err);
	if (r == 0 && seed.authorized_keys && *seed.authorized_keys)
		r = store_server_set_keys(store, task->server_id, seed.authorized_keys, err);
	return r;
}

int rebuild_old_volume(struct task *task, struct err *err)
{
	return verb_volume(task, HOST_VOLUME_DELETE, task->params.generation, 0, 0, err);
}

/* What takes long is done while the server still runs. */
static const struct step rebuild_steps[] = {
	{.name = "copy",
	 .flags = STEP_SLOW | STEP_COPY,
	 .wanted = task_wants_copy,
	 .run = volume_run,
	 .undo = volume_undo},
	{.name = "stop",
	 .flags = STEP_ABSENT | STEP_UNDO_ONCE,
	 .wanted = task_was_on,
	 .run = verb_stop,
	 .undo = verb_start},
	{.name = "volume", .wanted = task_wants_overlay, .run = volume_run, .undo = volume_undo},
	{.name = "seed", .run = seed_run, .undo = seed_undo},
	{.name = "define",
	 .flags = STEP_UNDO_ONCE,
	 .run = define_run,
	 .answered = define_answered,
	 .undo = verb_define},
	{.name = "network", .flags = STEP_MUST, .run = verb_network_set},
	{.name = "old_volume",
	 .flags = STEP_MUST | STEP_ABSENT,
	 .wanted = wants_deletion,
	 .run = rebuild_old_volume},
	{.name = "start",
	 .flags = STEP_KEEP,
	 .wanted = task_wants_start,
	 .run = verb_start,
	 .answered = verb_started},
};

/* A disk put aside takes its room for days; the host's is everybody's. */
static int check_keep(struct engine *engine, const struct server *server, struct err *err)
{
	const struct host_facts *facts = engine_host_facts(engine);
	const uint64_t need_bytes = disk_bytes(server->disk_gb);
	struct store_kept_disk disk CLEANUP(store_kept_disk_done) = {0};
	struct quotas more = {0};
	int r = store_kept_disk_get(engine->store, server->id, &disk, NULL);

	if (r == 0)
		return err_set(err, ERR_IN_USE,
			       "server %s has a disk put aside already: delete that one first, or "
			       "do not keep this one",
			       server->name);
	if (r != ERR_NOT_FOUND)
		return err_set(err, r, "cannot look for a disk put aside");
	if (server->seed)
		return err_set(err, ERR_UNSUPPORTED,
			       "the system on the disk of server %s has not ended its first boot, "
			       "and could not end it later: do not keep it, or wait",
			       server->name);
	if (facts && facts->pool_free_bytes < need_bytes)
		return err_set(err, ERR_DISK_FULL,
			       "the host has no room to keep the old disk: %" PRIu64
			       " GiB are free, and the new one may take %" PRIu32,
			       facts->pool_free_bytes >> 30, server->disk_gb);
	more.of[QUOTA_DISK_GB] = server->disk_gb;
	r = store_quota_check(engine->store, server->customer_id, &more, err);
	return r == ERR_LIMIT ? err_wrap(err, r, "the old disk cannot be kept") : r;
}

static int rebuild_accept(struct engine *engine, const struct action_request *request,
			  struct server *server, struct action *action, struct task_params *params,
			  struct err *err)
{
	int r = verb_check_image(engine, request->image_id, server->disk_gb, err);

	if (r == 0 && request->keep_disk)
		r = check_keep(engine, server, err);
	if (r == 0)
		r = verb_put_seed(engine, request, server->id, err);
	if (r == 0)
		r = action_add_resource(action, ACTION_RESOURCE_IMAGE, request->image_id);
	verb_use_image(engine, request->image_id, params);
	params->generation = server->volume_generation;
	params->keep_disk = request->keep_disk;
	params->start = params->before == SERVER_RUNNING;
	return r;
}

int rebuild_failed(struct task *task, struct err *err)
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

int rebuild_succeeded(struct task *task, struct err *err)
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

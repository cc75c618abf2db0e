/*
 * Theory of operation
 *
 * A disk that a rebuild puts aside stays the file it is: the volume of a lower generation. What
 * keeps it is its row (store_kept_disk.h), written in the transaction that gives the server its new
 * disk. Going back is a rebuild whose new disk is there already; the transaction that records the
 * end of "define" makes it the server's own again and takes the row away. The disk that was in use
 * meanwhile is deleted. A volume that neither is in use nor has a row is nobody's, and goes with
 * the next sweep: so whatever a crash interrupts, one of the two disks is the server's, and none is
 * left over.
 */
#include "core/actions/task.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "store/store_first_step.h"
#include "store/store_history.h"
#include "store/store_kept_disk.h"
#include "store/store_server.h"

#define EXPIRE_AT_ONCE 16

static int find(struct engine *engine, const struct server *server, struct store_kept_disk *ret,
		struct err *err)
{
	int r = store_kept_disk_get(engine->store, server->id, ret, err);

	if (r == ERR_NOT_FOUND)
		return err_set(err, r, "server %s has no disk put aside", server->name);
	return r;
}

/* --- going back --- */

/* A server that grew meanwhile has its old disk grow too; and here it shows whether it is there. */
static int volume_run(struct task *task, struct err *err)
{
	struct server server CLEANUP(server_done) = {0};
	int r = task_server(task, &server, err);

	return r ? r
		 : verb_volume(task, HOST_VOLUME_GROW, task->params.kept, task->params.image_id,
			       disk_bytes(server.disk_gb), err);
}

static int define_run(struct task *task, struct err *err)
{
	const struct domain_shape shape = {.generation = task->params.kept,
					   .image_id = task->params.image_id};

	return verb_define_as(task, &shape, err);
}

static int define_answered(struct task *task, struct reader *answer, struct err *err)
{
	struct store *store = task->engine->store;
	struct server server CLEANUP(server_done) = {0};
	int r = store_kept_disk_restore(store, task->server_id, err);

	(void)answer;
	if (r == 0)
		r = task_server(task, &server, err);
	/* It was safe days ago: what that means today is to be proven. */
	if (r == 0)
		r = store_first_step_begin(store, task->server_id,
					   task->engine->limits.close_inbound, server.ssh_port,
					   clock_now_ms(), err);
	return r;
}

static const struct step restore_steps[] = {
	{.name = "stop",
	 .flags = STEP_ABSENT | STEP_UNDO_ONCE,
	 .wanted = task_was_on,
	 .run = verb_stop,
	 .undo = verb_start},
	{.name = "volume", .run = volume_run},
	{.name = "define",
	 .flags = STEP_UNDO_ONCE,
	 .run = define_run,
	 .answered = define_answered,
	 .undo = verb_define},
	{.name = "seed", .flags = STEP_MUST | STEP_ABSENT, .run = verb_seed_delete},
	{.name = "network", .flags = STEP_MUST, .run = verb_network_set},
	{.name = "old_volume", .flags = STEP_MUST | STEP_ABSENT, .run = rebuild_old_volume},
	{.name = "start",
	 .flags = STEP_KEEP,
	 .wanted = task_wants_start,
	 .run = verb_start,
	 .answered = verb_started},
};

static int restore_accept(struct engine *engine, const struct action_request *request,
			  struct server *server, struct action *action, struct task_params *params,
			  struct err *err)
{
	struct store_kept_disk disk CLEANUP(store_kept_disk_done) = {0};
	int r = find(engine, server, &disk, err);

	(void)request;
	if (r)
		return r;
	params->kept = disk.generation;
	params->image_id = disk.image_id;
	params->generation = server->volume_generation;
	params->start = params->before == SERVER_RUNNING;
	return disk.image_id ? action_add_resource(action, ACTION_RESOURCE_IMAGE, disk.image_id)
			     : 0;
}

const struct command kept_restore_command = {
	.command = ACTION_RESTORE_KEPT_DISK,
	.steps = restore_steps,
	.step_count = ARRAY_SIZE(restore_steps),
	.accept = restore_accept,
	.succeeded = rebuild_succeeded,
	.failed = rebuild_failed,
};

/* --- its end --- */

static int kept_volume_run(struct task *task, struct err *err)
{
	return verb_volume(task, HOST_VOLUME_DELETE, task->params.kept, 0, 0, err);
}

static int kept_volume_answered(struct task *task, struct reader *answer, struct err *err)
{
	(void)answer;
	return store_kept_disk_delete(task->engine->store, task->server_id, err);
}

static const struct step delete_steps[] = {
	{.name = "kept_volume",
	 .flags = STEP_MUST | STEP_ABSENT,
	 .run = kept_volume_run,
	 .answered = kept_volume_answered},
};

static int delete_accept(struct engine *engine, const struct action_request *request,
			 struct server *server, struct action *action, struct task_params *params,
			 struct err *err)
{
	struct store_kept_disk disk CLEANUP(store_kept_disk_done) = {0};
	int r = find(engine, server, &disk, err);

	(void)request;
	(void)action;
	params->kept = disk.generation;
	return r;
}

const struct command kept_delete_command = {
	.command = ACTION_DELETE_KEPT_DISK,
	.steps = delete_steps,
	.step_count = ARRAY_SIZE(delete_steps),
	.accept = delete_accept,
};

/* For the history: nobody asked for it today. */
static void note(struct store *store, const struct server *server)
{
	struct history_line line = {.customer_id = server->customer_id,
				    .actor = HISTORY_SYSTEM,
				    .what = "server.delete_kept_disk",
				    .result = HISTORY_SUCCESS,
				    .resource_type = "server",
				    .resource_id = server->id,
				    .details = "{\"reason\":\"its time is over\"}"};

	(void)snprintf(line.resource_name, sizeof(line.resource_name), "%s", server->name);
	store_history_note(store, &line);
}

static int expire(struct engine *engine, uint64_t server_id, struct err *err)
{
	struct store *store = engine->store;
	struct action action CLEANUP(action_done) = {0};
	struct server server CLEANUP(server_done) = {0};
	struct action_request request = {
		.command = ACTION_DELETE_KEPT_DISK, .server_id = server_id, .fd = -1};
	int r = store_server_get(store, 0, server_id, &server, err);

	if (r)
		return r;
	request.customer_id = server.customer_id;
	note(store, &server);
	r = store_begin(store, err);
	if (r == 0)
		r = engine_submit(engine, &request, &action, err);
	if (r == 0)
		r = store_commit(store, err);
	store_rollback(store);
	(void)store_history_take(store, NULL);
	return r;
}

void kept_disk_expire(struct engine *engine)
{
	uint64_t ids[EXPIRE_AT_ONCE];
	struct err err = {0};
	size_t count = 0;

	if (store_kept_disk_expired(engine->store, clock_now_ms(), ids, EXPIRE_AT_ONCE, &count,
				    &err) < 0) {
		log_error("disks put aside: %s", err.text);
		return;
	}
	for (size_t i = 0; i < count; i++)
		if (expire(engine, ids[i], &err) < 0)
			log_error("server %" PRIu64 ": its disk put aside is not deleted: %s",
				  ids[i], err.text);
	if (count)
		engine_kick(engine);
}

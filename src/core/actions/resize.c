#include "core/actions/task.h"

#include <inttypes.h>

#include "base/cleanup.h"
#include "store/store_plan.h"
#include "store/store_quota.h"
#include "store/store_server.h"

static bool wants_growth(const struct task *task)
{
	return task->params.upgrade_disk;
}

static int plans(struct task *task, struct server *server, struct plan *plan, struct err *err)
{
	int r = task_server(task, server, err);

	return r ? r : store_plan_get(task->engine->store, task->params.server_type_id, plan, err);
}

static int grow_run(struct task *task, struct err *err)
{
	struct server server CLEANUP(server_done) = {0};
	struct plan plan;
	int r = plans(task, &server, &plan, err);

	if (r)
		return r;
	if (plan.disk_gb <= server.disk_gb)
		return STEP_DONE;
	return verb_volume(task, HOST_VOLUME_GROW, server.volume_generation, server.image_id,
			   disk_bytes(plan.disk_gb), err);
}

/* A disk that grew stays so, whatever becomes of the rest: it cannot be made smaller again. */
static int grow_answered(struct task *task, struct reader *answer, struct err *err)
{
	struct server server CLEANUP(server_done) = {0};
	struct plan plan;
	int r = plans(task, &server, &plan, err);

	(void)answer;
	return r ? r
		 : store_server_update_type(task->engine->store, task->server_id,
					    server.server_type_id, plan.disk_gb, err);
}

static int define_run(struct task *task, struct err *err)
{
	struct server server CLEANUP(server_done) = {0};
	int r = task_server(task, &server, err);

	const struct domain_shape shape = {.server_type_id = task->params.server_type_id,
					   .generation = server.volume_generation,
					   .image_id = server.image_id,
					   .seed = server.seed};

	return r ? r : verb_define_as(task, &shape, err);
}

static int define_answered(struct task *task, struct reader *answer, struct err *err)
{
	struct server server CLEANUP(server_done) = {0};
	int r = task_server(task, &server, err);

	(void)answer;
	return r ? r
		 : store_server_update_type(task->engine->store, task->server_id,
					    task->params.server_type_id, server.disk_gb, err);
}

static const struct step resize_steps[] = {
	{.name = "grow", .wanted = wants_growth, .run = grow_run, .answered = grow_answered},
	{.name = "define",
	 .flags = STEP_UNDO_ONCE,
	 .run = define_run,
	 .answered = define_answered,
	 .undo = verb_define},
};

static uint64_t growth(uint64_t from, uint64_t to)
{
	return to > from ? to - from : 0;
}

/* Of what the account may have. From here on until the end the larger plan counts. */
static int check_quota(struct engine *engine, const struct server *server, const struct plan *plan,
		       bool upgrade_disk, struct err *err)
{
	struct plan before;
	struct quotas more = {0};
	int r = store_plan_get(engine->store, server->server_type_id, &before, err);

	if (r)
		return r;
	more.of[QUOTA_CORES] = growth(before.cores, plan->cores);
	more.of[QUOTA_MEMORY_MIB] = growth(before.memory_mib, plan->memory_mib);
	if (upgrade_disk)
		more.of[QUOTA_DISK_GB] = growth(server->disk_gb, plan->disk_gb);
	return store_quota_check(engine->store, server->customer_id, &more, err);
}

static int resize_accept(struct engine *engine, const struct action_request *request,
			 struct server *server, struct action *action, struct task_params *params,
			 struct err *err)
{
	struct plan plan;
	int r = store_plan_get(engine->store, request->server_type_id, &plan, err);

	(void)action;
	if (r == ERR_NOT_FOUND)
		return err_set(err, ERR_INVALID_INPUT, "there is no such server type");
	if (r)
		return r;
	if (plan.id == server->server_type_id)
		return err_set(err, ERR_INVALID_SERVER_TYPE, "the server has this type already");
	if (plan.disk_gb < server->disk_gb)
		return err_set(err, ERR_INVALID_SERVER_TYPE,
			       "the server's disk has %" PRIu32 " GB and %s only %" PRIu32
			       ": a disk cannot shrink; choose a type with a disk as large",
			       server->disk_gb, plan.name, plan.disk_gb);
	params->server_type_id = plan.id;
	params->upgrade_disk = request->upgrade_disk;
	return check_quota(engine, server, &plan, request->upgrade_disk, err);
}

const struct command resize_command = {
	.command = ACTION_CHANGE_SERVER_TYPE,
	.steps = resize_steps,
	.step_count = ARRAY_SIZE(resize_steps),
	.accept = resize_accept,
};

#include "core/actions/task.h"

#include <inttypes.h>

#include "base/cleanup.h"
#include "store/store_image.h"

static int delete_run(struct task *task, struct err *err)
{
	return verb_image(task, HOST_IMAGE_DELETE, task->params.image_id, err);
}

static const struct step delete_steps[] = {
	{.name = "delete", .flags = STEP_MUST | STEP_ABSENT, .run = delete_run},
};

static int delete_accept(struct engine *engine, const struct action_request *request,
			 struct server *server, struct action *action, struct task_params *params,
			 struct err *err)
{
	struct image image CLEANUP(image_done) = {0};
	uint64_t servers = 0;
	int r = store_image_get(engine->store, 0, request->image_id, &image, err);

	(void)server;
	if (r == 0)
		r = store_image_count_servers(engine->store, image.id, &servers, err);
	if (r)
		return r;
	if (image.protect_delete)
		return err_set(err, ERR_PROTECTED,
			       "image %s is protected from deletion: lift the protection first",
			       image.name);
	if (image.status != IMAGE_AVAILABLE)
		return err_set(err, ERR_LOCKED, "image %s is %s: wait until that is over",
			       image.name, image_status_name(image.status));
	if (servers)
		return err_set(err, ERR_IN_USE,
			       "%" PRIu64 " servers are made from image %s: delete or rebuild "
			       "them first",
			       servers, image.name);
	/* A rebuild is about to use it, though its server still has another one. */
	for (const struct task *task = engine->tasks; task; task = task->next)
		if (task->params.image_id == image.id)
			return err_set(err, ERR_IN_USE, "a server is being rebuilt from image %s",
				       image.name);
	params->image_id = image.id;
	r = store_image_update_status(engine->store, image.id, IMAGE_DELETING, err);
	return r ? r : action_add_resource(action, ACTION_RESOURCE_IMAGE, image.id);
}

static int delete_succeeded(struct task *task, struct err *err)
{
	int r = store_image_delete(task->engine->store, task->params.image_id, err);

	return r == ERR_NOT_FOUND ? 0 : r;
}

const struct command image_delete_command = {
	.command = ACTION_DELETE_IMAGE,
	.steps = delete_steps,
	.step_count = ARRAY_SIZE(delete_steps),
	.accept = delete_accept,
	.succeeded = delete_succeeded,
};

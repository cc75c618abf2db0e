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

/* One that nothing makes any more may go like any other. */
static bool is_made(const struct engine *engine, uint64_t image_id)
{
	for (const struct task *task = engine->tasks; task; task = task->next)
		if (task->params.image_id == image_id)
			return true;
	return false;
}

static int delete_accept(struct engine *engine, const struct action_request *request,
			 struct server *server, struct action *action, struct task_params *params,
			 struct err *err)
{
	struct image image CLEANUP(image_done) = {0};
	char label[IMAGE_LABEL_BYTES];
	const char *name;
	uint64_t servers = 0;
	int r = store_image_get(engine->store, 0, request->image_id, &image, err);

	(void)server;
	if (r == 0 && !image_is_whole(&image))
		r = store_image_count_servers(engine->store, image.id, &servers, err);
	if (r)
		return r;
	name = image_label(&image, label);
	if (image.protect_delete)
		return err_set(err, ERR_PROTECTED,
			       "image %s is protected from deletion: lift the protection first",
			       name);
	if (image.status == IMAGE_DELETING ||
	    (image.status == IMAGE_CREATING && is_made(engine, image.id)))
		return err_set(err, ERR_LOCKED, "image %s is %s: wait until that is over", name,
			       image_status_name(image.status));
	if (servers)
		return err_set(err, ERR_IN_USE,
			       "%" PRIu64 " servers are made from image %s: delete or rebuild "
			       "them first",
			       servers, name);
	/* It is about to be used, or is being copied. */
	for (const struct task *task = engine->tasks; task; task = task->next)
		if (task->params.image_id == image.id)
			return err_set(err, ERR_IN_USE, "a server is being made from image %s",
				       name);
	params->image_id = image.id;
	if (image_is_whole(&image) && (r = store_image_release(engine->store, image.id, err)) < 0)
		return r;
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

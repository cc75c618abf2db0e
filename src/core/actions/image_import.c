#include "core/actions/task.h"

#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "store/store_image.h"

/* After a restart of the process a file that was handed over is gone: all that is left is to look
 * whether the host had already taken it in. */
static int import_run(struct task *task, struct err *err)
{
	struct host_image_import import = {.image_id = task->params.image_id,
					   .source = HOST_IMAGE_FROM_URL,
					   .has_checksum = task->params.has_checksum};
	struct buf body CLEANUP(buf_done) = {0};

	if (task->params.from_file && task->fd < 0)
		return verb_image(task, HOST_IMAGE_FACTS, task->params.image_id, err);
	if (task->params.from_file) {
		import.source = HOST_IMAGE_FROM_FD;
		(void)lseek(task->fd, 0, SEEK_SET); /* an earlier try may have read from it */
	}
	memcpy(import.url, task->params.url, sizeof(import.url));
	memcpy(import.checksum, task->params.checksum, sizeof(import.checksum));
	host_image_import_write(&body, &import);
	return task_ask(task, HOST_IMAGE_IMPORT, &body, err);
}

static int import_answered(struct task *task, struct reader *answer, struct err *err)
{
	struct store *store = task->engine->store;
	struct host_image_facts facts;
	int r;

	if (host_image_facts_read(answer, &facts) || reader_done(answer))
		return err_set(err, ERR_PROTOCOL, "the host's answer cannot be read");
	r = store_image_update_facts(store, task->params.image_id, facts.file_bytes,
				     facts.virtual_bytes, facts.checksum, err);
	return r ? r
		 : store_image_update_status(store, task->params.image_id, IMAGE_AVAILABLE, err);
}

static int image_undo(struct task *task, struct err *err)
{
	return verb_image(task, HOST_IMAGE_DELETE, task->params.image_id, err);
}

static const struct step import_steps[] = {
	{.name = "import",
	 .flags = STEP_SLOW,
	 .run = import_run,
	 .answered = import_answered,
	 .undo = image_undo},
};

static int import_accept(struct engine *engine, const struct action_request *request,
			 struct server *server, struct action *action, struct task_params *params,
			 struct err *err)
{
	struct image image CLEANUP(image_done) = {0};
	int r = store_image_get(engine->store, 0, request->image_id, &image, err);

	(void)server;
	if (r)
		return r;
	params->image_id = request->image_id;
	params->from_file = !request->url;
	if (request->url) {
		if (strlen(request->url) >= sizeof(params->url))
			return err_set(err, ERR_INVALID_INPUT, "the URL is too long");
		memcpy(params->url, request->url, strlen(request->url) + 1);
	}
	if (request->checksum) {
		params->has_checksum = true;
		memcpy(params->checksum, request->checksum, HOST_CHECKSUM_BYTES);
	}
	r = store_image_update_status(engine->store, request->image_id, IMAGE_CREATING, err);
	return r ? r : action_add_resource(action, ACTION_RESOURCE_IMAGE, request->image_id);
}

static int import_succeeded(struct task *task, struct err *err)
{
	(void)task;
	(void)err;
	return 0;
}

static int import_failed(struct task *task, struct err *err)
{
	int r = store_image_delete(task->engine->store, task->params.image_id, err);

	return r == ERR_NOT_FOUND ? 0 : r;
}

const struct command import_command = {
	.command = ACTION_IMPORT_IMAGE,
	.steps = import_steps,
	.step_count = ARRAY_SIZE(import_steps),
	.accept = import_accept,
	.succeeded = import_succeeded,
	.failed = import_failed,
};

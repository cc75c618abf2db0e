/*
 * Theory of operation
 *
 * An image of a server's disk is a row from the moment it was asked for, creating; the host makes
 * the file, as of one instant, and answers when it is whole. The transaction that records that
 * makes the row available, and has the oldest backups deleted that are more than are kept. What
 * fails leaves neither row nor file: the undo has the host delete whatever there is under that id.
 * A host that is asked again after a crash answers from the file when it was made, and begins anew
 * when it was not.
 *
 * The server is locked meanwhile, so that the disk stays the one that was asked for, but goes on
 * running, may end by itself, and has its state written down as it comes.
 */
#include "core/actions/images.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "core/actions/task.h"
#include "store/store_backup.h"
#include "store/store_history.h"
#include "store/store_image.h"
#include "store/store_server.h"

#define MANY_BACKUPS 64

uint64_t image_base(struct store *store, uint64_t image_id)
{
	struct image image CLEANUP(image_done) = {0};

	if (image_id == 0 || store_image_get(store, 0, image_id, &image, NULL) < 0)
		return 0;
	return image_is_whole(&image) ? 0 : image_id;
}

int images_of_server(struct store *store, const struct server *server, enum image_type type,
		     struct image *ret, struct err *err)
{
	struct image from CLEANUP(image_done) = {0};
	char now[CLOCK_TEXT_BYTES];
	int r = server->image_id != 0 ? store_image_get(store, 0, server->image_id, &from, err)
				      : ERR_NOT_FOUND;

	if (r < 0 && r != ERR_NOT_FOUND)
		return r;
	*ret = (struct image){.customer_id = server->customer_id,
			      .type = type,
			      .status = IMAGE_CREATING,
			      .architecture = "x86",
			      .os_flavor = "unknown",
			      .virtual_bytes = disk_bytes(server->disk_gb),
			      .created_ms = clock_now_ms(),
			      .from_server_id = server->id,
			      .bound_to = type == IMAGE_BACKUP ? server->id : 0};
	(void)snprintf(ret->from_server_name, sizeof(ret->from_server_name), "%s", server->name);
	clock_format(ret->created_ms, now);
	(void)snprintf(ret->description, sizeof(ret->description), "%s %.10s %.5s", server->name,
		       now, now + 11);
	if (r == ERR_NOT_FOUND) {
		(void)snprintf(ret->default_user, sizeof(ret->default_user), "%s", server->user);
		return 0;
	}
	/* What the system inside knows as its own user stays so. */
	memcpy(ret->os_flavor, from.os_flavor, sizeof(ret->os_flavor));
	memcpy(ret->os_version, from.os_version, sizeof(ret->os_version));
	memcpy(ret->default_user, from.default_user, sizeof(ret->default_user));
	return 0;
}

/* --- the oldest goes --- */

/* For the history: nobody asked for it today. */
static int note_deletion(struct store *store, const struct image *image, uint64_t action_id,
			 const char *reason, struct err *err)
{
	struct history_line line = {.customer_id = image->customer_id,
				    .actor = HISTORY_SYSTEM,
				    .what = "image.delete",
				    .result = HISTORY_ACCEPTED,
				    .action_id = action_id,
				    .resource_type = "image",
				    .resource_id = image->id};

	(void)snprintf(line.resource_name, sizeof(line.resource_name), "%s", image->description);
	(void)snprintf(line.details, sizeof(line.details), "{\"reason\":\"%s\"}", reason);
	return store_history_append(store, &line, err);
}

/* In the caller's transaction. One that is being read just now stays until the next time. */
static int delete_one(struct engine *engine, uint64_t image_id, const char *reason, struct err *err)
{
	struct image image CLEANUP(image_done) = {0};
	struct action action CLEANUP(action_done) = {0};
	struct action_request request = {
		.command = ACTION_DELETE_IMAGE, .image_id = image_id, .fd = -1};
	int r = store_image_get(engine->store, 0, image_id, &image, err);

	if (r < 0)
		return r;
	request.customer_id = image.customer_id;
	r = engine_submit(engine, &request, &action, err);
	if (r == ERR_IN_USE || r == ERR_LOCKED || r == ERR_PROTECTED)
		return 0;
	return r < 0 ? r : note_deletion(engine->store, &image, action.id, reason, err);
}

static int delete_beyond(struct engine *engine, uint64_t server_id, size_t kept, const char *reason,
			 struct err *err)
{
	uint64_t ids[MANY_BACKUPS];
	size_t count = 0;
	int r = store_backup_list(engine->store, server_id, kept, ids, MANY_BACKUPS, &count, err);

	for (size_t i = 0; r == 0 && i < count; i++)
		r = delete_one(engine, ids[i], reason, err);
	return r;
}

int images_drop_backups(struct engine *engine, uint64_t server_id, const char *reason,
			struct err *err)
{
	int r = store_backup_unbind(engine->store, server_id, err);

	return r < 0 ? r : delete_beyond(engine, server_id, 0, reason, err);
}

/* --- the action --- */

static int create_run(struct task *task, struct err *err)
{
	struct server server CLEANUP(server_done) = {0};
	struct buf body CLEANUP(buf_done) = {0};
	struct host_image_disk disk = {.image_id = task->params.image_id};
	int r = task_server(task, &server, err);

	if (r)
		return r;
	memcpy(disk.uuid, server.uuid, UUID_BYTES);
	disk.generation = server.volume_generation;
	disk.base_id = image_base(task->engine->store, server.image_id);
	host_image_disk_write(&body, &disk);
	return task_ask(task, HOST_IMAGE_CREATE, &body, err);
}

static int create_answered(struct task *task, struct reader *answer, struct err *err)
{
	struct store *store = task->engine->store;
	struct host_image_facts facts;
	int r;

	if (host_image_facts_read(answer, &facts) || reader_done(answer))
		return err_set(err, ERR_PROTOCOL, "the host's answer cannot be read");
	r = store_image_update_facts(store, task->params.image_id, facts.file_bytes,
				     facts.virtual_bytes, NULL, err);
	if (r == 0)
		r = store_image_update_status(store, task->params.image_id, IMAGE_AVAILABLE, err);
	return r ? r
		 : delete_beyond(task->engine, task->server_id, BACKUP_KEPT,
				 "newer backups are there", err);
}

static int create_undo(struct task *task, struct err *err)
{
	return verb_image(task, HOST_IMAGE_DELETE, task->params.image_id, err);
}

static const struct step create_steps[] = {
	{.name = "copy",
	 .flags = STEP_SLOW | STEP_COPY,
	 .run = create_run,
	 .answered = create_answered,
	 .undo = create_undo},
};

static int create_accept(struct engine *engine, const struct action_request *request,
			 struct server *server, struct action *action, struct task_params *params,
			 struct err *err)
{
	(void)engine;
	(void)server;
	params->image_id = request->image_id;
	return action_add_resource(action, ACTION_RESOURCE_IMAGE, request->image_id) < 0
		       ? err_set(err, ERR_SERVER, "too many resources")
		       : 0;
}

/* Its state is what the host said meanwhile, whatever it was at the beginning. */
static int create_succeeded(struct task *task, struct err *err)
{
	(void)task;
	(void)err;
	return 0;
}

static int create_failed(struct task *task, struct err *err)
{
	struct store *store = task->engine->store;
	struct image image CLEANUP(image_done) = {0};
	int r = store_image_get(store, 0, task->params.image_id, &image, err);

	if (r == ERR_NOT_FOUND)
		return 0;
	if (r == 0 && image.type == IMAGE_BACKUP)
		r = backup_failed(store, task->server_id, err);
	return r ? r : store_image_delete(store, image.id, err);
}

const struct command image_create_command = {
	.command = ACTION_CREATE_IMAGE,
	.steps = create_steps,
	.step_count = ARRAY_SIZE(create_steps),
	.accept = create_accept,
	.succeeded = create_succeeded,
	.failed = create_failed,
};

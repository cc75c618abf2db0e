/*
 * Theory of operation. When a server's next backup is due stands in its row, a moment within its
 * window that is drawn anew each day, so that those of many servers lie apart. Each sweep begins
 * those whose time has come, the longest due first, and no more than the host copies at once. The
 * transaction that begins one sets the next day's. One that fails is tried again half an hour later
 * while its window lasts; one that could not begin within it (the service was down, something else
 * was being done to the server) is left out, with a line in the history.
 */
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "core/actions/images.h"
#include "core/actions/task.h"
#include "store/store_backup.h"
#include "store/store_history.h"
#include "store/store_image.h"
#include "store/store_server.h"

#define AGAIN_MS (INT64_C(30) * 60 * 1000)
#define LAST_MS  (INT64_C(30) * 60 * 1000) /* of a window, in which none begins by itself */

/* Some moment of the window's next time. */
static int64_t draw(enum backup_window window, int64_t now_ms)
{
	const uint32_t span_s = (uint32_t)((BACKUP_WINDOW_MS - LAST_MS) / 1000);

	return backup_window_next(window, now_ms) + (int64_t)randombytes_uniform(span_s) * 1000;
}

int backup_failed(struct store *store, uint64_t server_id, struct err *err)
{
	struct server server CLEANUP(server_done) = {0};
	const int64_t again_ms = clock_now_ms() + AGAIN_MS;
	int r = store_server_get(store, 0, server_id, &server, err);

	if (r || server.backup_window == BACKUP_NONE ||
	    !backup_window_has(server.backup_window, again_ms))
		return r;
	return store_backup_put_due(store, server_id, again_ms, err);
}

/* --- each day's --- */

static int append_line(struct store *store, const struct server *server, uint64_t action_id,
		       const char *reason, struct err *err)
{
	struct history_line line = {.customer_id = server->customer_id,
				    .actor = HISTORY_SYSTEM,
				    .what = "server.create_image",
				    .result = action_id ? HISTORY_ACCEPTED : HISTORY_ERROR,
				    .action_id = action_id,
				    .resource_type = "server",
				    .resource_id = server->id};

	(void)snprintf(line.resource_name, sizeof(line.resource_name), "%s", server->name);
	(void)snprintf(line.details, sizeof(line.details),
		       "{\"reason\":\"%s\",\"type\":\"backup\"}", reason);
	if (!action_id)
		(void)snprintf(line.error_code, sizeof(line.error_code), "%s",
			       err_name(ERR_TIMEOUT));
	return store_history_append(store, &line, err);
}

/* In the transaction of begin(). */
static int submit(struct engine *engine, const struct server *server, struct err *err)
{
	struct image image CLEANUP(image_done) = {0};
	struct action action CLEANUP(action_done) = {0};
	struct action_request request = {.command = ACTION_CREATE_IMAGE,
					 .server_id = server->id,
					 .customer_id = server->customer_id,
					 .fd = -1};
	int r = images_of_server(engine->store, server, IMAGE_BACKUP, &image, err);

	if (r == 0)
		r = store_image_insert(engine->store, &image, err);
	request.image_id = image.id;
	if (r == 0)
		r = engine_submit(engine, &request, &action, err);
	return r ? r : append_line(engine->store, server, action.id, "the day's backup", err);
}

static int begin(struct engine *engine, uint64_t server_id, struct err *err)
{
	struct store *store = engine->store;
	struct server server CLEANUP(server_done) = {0};
	const int64_t now_ms = clock_now_ms();
	int r = store_begin(store, err);

	if (r)
		return r;
	STORE_GUARD(store);
	r = store_server_get(store, 0, server_id, &server, err);
	if (r == 0)
		r = store_backup_put_due(store, server_id, draw(server.backup_window, now_ms), err);
	if (r == 0)
		r = backup_window_has(server.backup_window, now_ms)
			    ? submit(engine, &server, err)
			    : append_line(store, &server, 0, "its hours were over", err);
	return r ? r : store_commit(store, err);
}

static size_t copies(const struct engine *engine)
{
	size_t count = 0;

	for (const struct task *task = engine->tasks; task; task = task->next)
		count += task->command->command == ACTION_CREATE_IMAGE;
	return count;
}

void backups_begin(struct engine *engine)
{
	uint64_t ids[ENGINE_COPIES_AT_ONCE];
	const size_t running = copies(engine);
	size_t count = 0;
	struct err err = {0};

	if (running >= ENGINE_COPIES_AT_ONCE)
		return;
	if (store_backup_due(engine->store, clock_now_ms(), ids, ENGINE_COPIES_AT_ONCE - running,
			     &count, &err) < 0) {
		log_error("backups: %s", err.text);
		return;
	}
	for (size_t i = 0; i < count; i++)
		if (begin(engine, ids[i], &err) < 0)
			log_error("server %" PRIu64 ": its backup is not begun: %s", ids[i],
				  err.text);
	if (count)
		engine_kick(engine);
}

/* --- switching --- */

static int enable_accept(struct engine *engine, const struct action_request *request,
			 struct server *server, struct action *action, struct task_params *params,
			 struct err *err)
{
	uint32_t percent = request->backup_percent;

	(void)action;
	(void)params;
	/* Who has them goes on at the price that was said. */
	if (server->backup_window != BACKUP_NONE)
		percent = server->backup_percent;
	return store_backup_switch(engine->store, server->id, request->backup_window, percent,
				   draw(request->backup_window, clock_now_ms()), err);
}

const struct command enable_backup_command = {
	.command = ACTION_ENABLE_BACKUP,
	.accept = enable_accept,
};

static int disable_accept(struct engine *engine, const struct action_request *request,
			  struct server *server, struct action *action, struct task_params *params,
			  struct err *err)
{
	int r = store_backup_switch(engine->store, server->id, BACKUP_NONE, 0, 0, err);

	(void)request;
	(void)action;
	(void)params;
	return r ? r : images_drop_backups(engine, server->id, "backups were switched off", err);
}

const struct command disable_backup_command = {
	.command = ACTION_DISABLE_BACKUP,
	.accept = disable_accept,
};

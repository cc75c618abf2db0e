// /v1/servers/{id}/actions/create_image, enable_backup, disable_backup: what is kept of a server.
#include <string.h>

#include "base/cleanup.h"
#include "core/actions/images.h"
#include "core/api/note.h"
#include "core/api/render.h"
#include "core/api/router.h"
#include "core/api/server_actions.h"
#include "core/api/servers.h"
#include "core/events.h"
#include "store/store_image.h"
#include "store/store_quota.h"

static int take_type(struct request *request, const struct server *server, enum image_type *ret,
		     struct err *err)
{
	const char *text = NULL;
	int code = body_text(request, "type", &text, err);

	if (code < 0)
		return code;
	*ret = IMAGE_SNAPSHOT;
	if (text != NULL &&
	    (image_type_parse(text, ret) < 0 || (*ret != IMAGE_SNAPSHOT && *ret != IMAGE_BACKUP)))
		return request_invalid(request, err, "type", "must be snapshot or backup");
	if (*ret == IMAGE_BACKUP && server->backup_window == BACKUP_NONE)
		return err_set(err, ERR_UNSUPPORTED,
			       "server %s has no backups: switch them on first, or make a snapshot",
			       server->name);
	return 0;
}

static int take_image(struct request *request, const struct server *server, struct image *ret,
		      struct err *err)
{
	struct labels labels CLEANUP(label_done) = {0};
	const char *description = NULL;
	enum image_type type;
	bool has_labels;
	int code;

	if ((code = take_type(request, server, &type, err)) < 0 ||
	    (code = body_text(request, "description", &description, err)) < 0 ||
	    (code = body_labels(request, &labels, &has_labels, err)) < 0 ||
	    (code = images_of_server(request->core->store, server, type, ret, err)) < 0)
		return code;
	if (description != NULL && strlen(description) >= sizeof ret->description)
		return request_invalid(request, err, "description", "is too long");
	if (description != NULL && *description != '\0')
		(void)snprintf(ret->description, sizeof ret->description, "%s", description);
	ret->labels = labels;
	labels = (struct labels){0};
	return request_field(request, "description", image_check(ret, err), err);
}

/* All in one transaction, the caller's. */
static int insert(struct request *request, const struct server *server, struct image *image,
		  struct action *ret, struct err *err)
{
	struct store *store = request->core->store;
	struct action_request wanted = {.command = ACTION_CREATE_IMAGE,
					.server_id = server->id,
					.customer_id = server->customer_id,
					.user_id = request->who.user_id,
					.fd = -1};
	int code = image->type == IMAGE_SNAPSHOT
			   ? store_quota_check_one(store, server->customer_id, QUOTA_SNAPSHOTS, err)
			   : 0;

	if (code < 0 || (code = store_image_insert(store, image, err)) < 0)
		return code;
	wanted.image_id = image->id;
	note_detail(request, "type", json_string(image_type_name(image->type)));
	note_detail(request, "image", json_integer((json_int_t)image->id));
	return engine_submit(request->core->engine, &wanted, ret, err);
}

static int create_image(struct request *request, struct err *err)
{
	struct server server CLEANUP(server_done) = {0};
	struct image image CLEANUP(image_done) = {0};
	struct action action CLEANUP(action_done) = {0};
	struct store *store = request->core->store;
	int code;

	if ((code = servers_find(request, &server, err)) < 0 ||
	    (code = take_image(request, &server, &image, err)) < 0 ||
	    (code = store_begin(store, err)) < 0)
		return code;
	STORE_GUARD(store);
	if ((code = insert(request, &server, &image, &action, err)) < 0 ||
	    (code = store_commit(store, err)) < 0)
		return code;
	engine_kick(request->core->engine);
	events_server_changed(request->core->events, server.id);
	events_action_changed(request->core->events, action.id);
	request->status = 201;
	request->reply = json_pack("{s:o, s:o}", "image", render_image(&image), "action",
				   render_action(&action));
	return 0;
}

/* Clients of the API name no hours: then it is night where the service's days begin. */
static int enable_backup(struct request *request, struct err *err)
{
	struct server server CLEANUP(server_done) = {0};
	struct action_request wanted = {
		.command = ACTION_ENABLE_BACKUP,
		.backup_window = backup_window_at_night(request->core->terms.offset_minutes),
		.backup_percent = request->core->config->backup_percentage,
		.fd = -1};
	const char *window = NULL;
	int code;

	if ((code = servers_find(request, &server, err)) < 0 ||
	    (code = body_text(request, "backup_window", &window, err)) < 0)
		return code;
	if (window == NULL && server.backup_window != BACKUP_NONE)
		wanted.backup_window = server.backup_window;
	if (window != NULL && backup_window_parse(window, &wanted.backup_window) < 0)
		return request_invalid(
			request, err, "backup_window",
			"must be 22-02, 02-06, 06-10, 10-14, 14-18 or 18-22, in UTC");
	note_detail(request, "backup_window",
		    json_string(backup_window_name(wanted.backup_window)));
	return server_actions_answer(request, &wanted, err);
}

static int disable_backup(struct request *request, struct err *err)
{
	struct action_request wanted = {.command = ACTION_DISABLE_BACKUP, .fd = -1};

	return server_actions_answer(request, &wanted, err);
}

const struct route server_image_routes[] = {
	{"POST", "/servers/{id}/actions/create_image", ACCESS_MANAGE, create_image,
	 "server.create_image"},
	{"POST", "/servers/{id}/actions/enable_backup", ACCESS_MANAGE, enable_backup,
	 "server.enable_backup"},
	{"POST", "/servers/{id}/actions/disable_backup", ACCESS_MANAGE, disable_backup,
	 "server.disable_backup", ROUTE_NEEDS_PROOF},
	{NULL, NULL, 0, NULL},
};

// /v1/images: what servers are made from.
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/parse.h"
#include "core/actions/engine.h"
#include "core/api/note.h"
#include "core/api/render.h"
#include "core/api/router.h"
#include "core/events.h"
#include "store/store_image.h"
#include "store/store_image_updates.h"
#include "store/store_quota.h"
#include "wire/package_list.h"

#define BUILD_AHEAD_MS (INT64_C(3600) * 1000) /* that another machine's clock may be */

/* Operators also learn what was said when it could not be counted, and whether a look is due. */
static json_t *render(const struct request *request, const struct image *image)
{
	json_t *object = render_image(image), *updates = json_object_get(object, "updates");

	if (!request->who.service)
		return object;
	(void)json_object_set_new(updates, "message",
				  image->updates.text[0] != '\0' ? json_string(image->updates.text)
								 : json_null());
	(void)json_object_set_new(updates, "looking",
				  json_boolean(image->updates.unknown != IMAGE_NO_LIST &&
					       image->updates.due_ms <= clock_now_ms()));
	return object;
}

static int take_words(struct request *request, struct store_image_filter *filter, struct err *err)
{
	const char *text;
	size_t at = 0;

	while ((text = request_query_next(request, "type", &at)) != NULL) {
		enum image_type type;
		if (image_type_parse(text, &type) < 0)
			return request_invalid(request, err, "type",
					       "must be system, app, snapshot, backup or rescue");
		filter->types |= 1U << type;
	}
	at = 0;
	while ((text = request_query_next(request, "status", &at)) != NULL) {
		enum image_status status;
		if (image_status_parse(text, &status) < 0)
			return request_invalid(request, err, "status",
					       "must be available or creating");
		filter->statuses |= 1U << status;
	}
	return 0;
}

static int take_bound_to(struct request *request, struct store_image_filter *filter,
			 struct err *err)
{
	const char *text = request_query(request, "bound_to");

	if (text != NULL && parse_u64(text, 1, INT64_MAX, &filter->bound_to) < 0)
		return request_invalid(request, err, "bound_to", "must be the id of a server");
	return 0;
}

static int list(struct request *request, struct err *err)
{
	struct list_query query CLEANUP(list_query_done) = {0};
	struct store_images images = {0};
	struct store_image_filter filter = {.customer_id = request->who.customer_id,
					    .name = request_query(request, "name"),
					    .architecture = request_query(request, "architecture")};
	json_t *items;
	int code;

	if ((code = request_list(request, SORT_RESOURCE, &query, err)) < 0 ||
	    (code = take_words(request, &filter, err)) < 0 ||
	    (code = take_bound_to(request, &filter, err)) < 0)
		return code;
	filter.selector = query.has_selector ? &query.selector : NULL;
	filter.sort = query.sort;
	filter.page = query.page;
	if ((code = store_image_list(request->core->store, &filter, &images, err)) < 0)
		return code;
	items = json_array();
	for (size_t i = 0; i < images.count; i++)
		(void)json_array_append_new(items, render(request, &images.items[i]));
	const uint64_t total = images.total;
	store_image_done(&images);
	return request_answer_list(request, "images", items, &query.page, total);
}

/* What was answered to be deleted is gone, though its file may go a moment later. */
static int find(struct request *request, struct image *ret, struct err *err)
{
	int code = store_image_get(request->core->store, request->who.customer_id, request->id, ret,
				   err);

	if (code == 0 && ret->status == IMAGE_DELETING)
		code = ERR_NOT_FOUND;
	return code == ERR_NOT_FOUND ? err_set(err, code, "there is no image %llu",
					       (unsigned long long)request->id)
				     : code;
}

/* A customer's own, by the customer; the service's by its operators, in the service's history. */
static int find_to_change(struct request *request, struct image *ret, struct err *err)
{
	int code = find(request, ret, err);

	if (code < 0)
		return code;
	if (ret->customer_id == 0 && !request->who.service)
		return err_set(err, ERR_FORBIDDEN,
			       "image %s is the service's: only its operators change it",
			       ret->name);
	note_about(request, "image", ret->id, ret->name[0] != '\0' ? ret->name : ret->description);
	note_customer(request, ret->customer_id);
	return 0;
}

static int get(struct request *request, struct err *err)
{
	struct image image CLEANUP(image_done) = {0};
	int code = find(request, &image, err);

	return code < 0 ? code : request_answer(request, 200, "image", render(request, &image));
}

static int take_text(struct request *request, const char *key, char *out, size_t size,
		     struct err *err)
{
	const char *text = NULL;
	int code = body_text(request, key, &text, err);

	if (code < 0 || text == NULL)
		return code;
	if (strlen(text) >= size)
		return request_invalid(request, err, key, "is too long");
	(void)snprintf(out, size, "%s", text);
	return 0;
}

static int take_packages(struct request *request, struct image *image, const char **ret_packages,
			 struct err *err)
{
	struct package_list list;
	int code = body_text(request, "packages", ret_packages, err);

	if (code < 0 || *ret_packages == NULL)
		return code;
	if ((code = package_list_parse(*ret_packages, &list, err)) < 0)
		return request_field(request, "packages", code, err);
	if (list.built_ms > image->created_ms + BUILD_AHEAD_MS)
		return request_invalid(request, err, "packages", "was built in the future");
	image->built_ms = list.built_ms;
	return 0;
}

static int take_image(struct request *request, struct image *image, const char **ret_url,
		      struct err *err)
{
	const char *name = NULL, *checksum = NULL, *type = NULL;
	int code;

	if ((code = body_need_text(request, "name", &name, err)) < 0 ||
	    (code = take_text(request, "name", image->name, sizeof image->name, err)) < 0 ||
	    (code = take_text(request, "description", image->description, sizeof image->description,
			      err)) < 0 ||
	    (code = take_text(request, "os_flavor", image->os_flavor, sizeof image->os_flavor,
			      err)) < 0 ||
	    (code = take_text(request, "os_version", image->os_version, sizeof image->os_version,
			      err)) < 0 ||
	    (code = take_text(request, "default_user", image->default_user,
			      sizeof image->default_user, err)) < 0 ||
	    (code = body_text(request, "url", ret_url, err)) < 0 ||
	    (code = body_text(request, "type", &type, err)) < 0 ||
	    (code = body_text(request, "checksum", &checksum, err)) < 0)
		return code;
	if (type != NULL && (image_type_parse(type, &image->type) < 0 ||
			     (image->type != IMAGE_SYSTEM && image->type != IMAGE_APP &&
			      image->type != IMAGE_RESCUE)))
		return request_invalid(request, err, "type", "must be system, app or rescue");
	if (checksum != NULL) {
		if ((code = image_parse_checksum(checksum, image->checksum, err)) < 0)
			return request_field(request, "checksum", code, err);
		image->has_checksum = true;
	}
	if (*ret_url != NULL && (code = image_check_url(*ret_url, err)) < 0)
		return request_field(request, "url", code, err);
	return request_field(request, "name", image_check(image, err), err);
}

/* What the name says, unless the request says otherwise: "debian-12" is Debian 12 and has a user
 * debian. */
static void guess_from_name(const char *name, struct image *image)
{
	const size_t len = name != NULL ? strcspn(name, "-") : 0;

	if (len == 0 || len >= sizeof image->os_flavor || len >= sizeof image->default_user)
		return;
	(void)snprintf(image->os_flavor, sizeof image->os_flavor, "%.*s", (int)len, name);
	(void)snprintf(image->default_user, sizeof image->default_user, "%.*s", (int)len, name);
	if (name[len] == '-' && strlen(name + len + 1) < sizeof image->os_version)
		(void)snprintf(image->os_version, sizeof image->os_version, "%s", name + len + 1);
}

static int import(struct request *request, struct err *err)
{
	struct image image CLEANUP(image_done) = {.type = IMAGE_SYSTEM,
						  .status = IMAGE_CREATING,
						  .architecture = "x86",
						  .created_ms = clock_now_ms()};
	struct action action CLEANUP(action_done) = {0};
	struct store *store = request->core->store;
	AUTO_CLOSE int fd = exchange_steal_fd(request->exchange);
	struct action_request wanted = {.command = ACTION_IMPORT_IMAGE,
					.customer_id = request->who.customer_id,
					.user_id = request->who.user_id};
	const char *packages = NULL;
	int code;

	guess_from_name(json_string_value(json_object_get(request->body, "name")), &image);
	if ((code = take_image(request, &image, &wanted.url, err)) < 0 ||
	    (code = take_packages(request, &image, &packages, err)) < 0)
		return code;
	if ((wanted.url == NULL) == (fd < 0))
		return request_invalid(
			request, err, "url",
			"give a url, or hand over a file: ippo image import NAME --file FILE");
	if ((code = store_begin(store, err)) < 0)
		return code;
	STORE_GUARD(store);
	if ((code = store_image_insert(store, &image, err)) < 0)
		return code == ERR_UNIQUENESS
			       ? err_set(err, code, "there is an image named %s already",
					 image.name)
			       : code;
	if (packages != NULL &&
	    (code = store_image_updates_put(store, image.id, packages, image.created_ms, err)) < 0)
		return code;
	image.updates =
		(struct image_updates){.unknown = packages != NULL ? IMAGE_NOT_YET : IMAGE_NO_LIST,
				       .unknown_ms = packages != NULL ? image.created_ms : 0,
				       .due_ms = image.created_ms};
	note_about(request, "image", image.id, image.name);
	note_detail(request, "from", json_string(fd < 0 ? "url" : "file"));
	wanted.image_id = image.id;
	wanted.checksum = image.has_checksum ? image.checksum : NULL;
	wanted.fd = fd;
	if ((code = engine_submit(request->core->engine, &wanted, &action, err)) < 0)
		return code;
	(void)steal_fd(&fd); /* the engine's from here on */
	if ((code = store_commit(store, err)) < 0)
		return code;
	engine_kick(request->core->engine);
	request->status = 201;
	request->reply = json_pack("{s:o, s:o}", "image", render(request, &image), "action",
				   render_action(&action));
	return 0;
}

/* Out of the way: deleted, or, while servers are made from it, kept as deprecated under another
 * name. */
static int retire(struct request *request, struct image *older, struct err *err)
{
	struct store *store = request->core->store;
	struct action action CLEANUP(action_done) = {0};
	struct action_request wanted = {.command = ACTION_DELETE_IMAGE,
					.customer_id = request->who.customer_id,
					.user_id = request->who.user_id,
					.image_id = older->id,
					.fd = -1};
	char name[NAME_SLUG_BYTES];
	uint64_t servers = 0;
	int code = store_image_count_servers(store, older->id, &servers, err);

	if (code < 0)
		return code;
	if (older->protect_delete)
		return err_set(err, ERR_PROTECTED,
			       "image %s is protected from deletion: lift the protection first",
			       older->name);
	if (servers == 0)
		return engine_submit(request->core->engine, &wanted, &action, err);
	older->deprecated_ms = clock_now_ms();
	(void)snprintf(name, sizeof name, "%.40s-%llu", older->name, (unsigned long long)older->id);
	code = store_image_update(store, older, err);
	return code < 0 ? code : store_image_update_name(store, older->id, name, err);
}

/* Takes over the name of an older image: new servers are made from this one from now on. All in one
 * transaction, the caller's. */
static int replace(struct request *request, struct image *image, const char *name, struct err *err)
{
	struct image older CLEANUP(image_done) = {0};
	int code = store_image_get_by_name(request->core->store, request->who.customer_id, name,
					   &older, err);

	if (code == ERR_NOT_FOUND)
		return request_invalid(request, err, "replaces", "names no image");
	if (code < 0)
		return code;
	if (older.id == image->id)
		return request_invalid(request, err, "replaces", "is this image itself");
	if (image->status != IMAGE_AVAILABLE)
		return err_set(err, ERR_LOCKED, "the image is not there yet");
	memcpy(image->name, older.name, sizeof image->name);
	note_detail(request, "replaces", json_integer((json_int_t)older.id));
	code = retire(request, &older, err);
	return code < 0
		       ? code
		       : store_image_update_name(request->core->store, image->id, image->name, err);
}

/* A backup may become a snapshot, which stays when its server goes. */
static int take_type(struct request *request, struct image *image, struct err *err)
{
	const char *text = NULL;
	enum image_type type = image->type;
	int code = body_text(request, "type", &text, err);

	if (code < 0 || text == NULL)
		return code;
	if (!image_is_whole(image) || image_type_parse(text, &type) < 0 ||
	    (type != image->type && type != IMAGE_SNAPSHOT))
		return request_invalid(request, err, "type",
				       "can be changed from backup to snapshot, and no other way");
	if (type == image->type)
		return 0;
	note_detail(request, "type", json_string(text));
	image->type = type;
	image->bound_to = 0;
	return 0;
}

/* In the transaction of the change. */
static int check_room(struct request *request, const struct image *image, enum image_type before,
		      struct err *err)
{
	return image->type != before
		       ? store_quota_check_one(request->core->store, image->customer_id,
					       QUOTA_SNAPSHOTS, err)
		       : 0;
}

static int update(struct request *request, struct err *err)
{
	struct image image CLEANUP(image_done) = {0};
	struct labels labels CLEANUP(label_done) = {0};
	struct store *store = request->core->store;
	const char *replaces = NULL;
	bool has_labels;
	int code;

	if ((code = find_to_change(request, &image, err)) < 0)
		return code;
	const enum image_type before = image.type;
	if ((code = take_text(request, "description", image.description, sizeof image.description,
			      err)) < 0 ||
	    (code = take_type(request, &image, err)) < 0 ||
	    (code = body_text(request, "replaces", &replaces, err)) < 0 ||
	    (code = body_labels(request, &labels, &has_labels, err)) < 0)
		return code;
	if (replaces != NULL && image.customer_id != 0)
		return request_invalid(request, err, "replaces", "is for images of the service");
	if (has_labels) {
		label_done(&image.labels);
		image.labels = labels;
		labels = (struct labels){0};
	}
	if ((code = image_check(&image, err)) < 0)
		return request_field(request, "description", code, err);
	if ((code = store_begin(store, err)) < 0)
		return code;
	STORE_GUARD(store);
	if ((code = check_room(request, &image, before, err)) < 0 ||
	    (code = store_image_update(store, &image, err)) < 0 ||
	    (replaces != NULL && (code = replace(request, &image, replaces, err)) < 0) ||
	    (code = store_commit(store, err)) < 0)
		return code;
	engine_kick(request->core->engine);
	return request_answer(request, 200, "image", render(request, &image));
}

static int delete (struct request *request, struct err *err)
{
	struct image image CLEANUP(image_done) = {0};
	struct action action CLEANUP(action_done) = {0};
	struct store *store = request->core->store;
	struct action_request wanted = {.command = ACTION_DELETE_IMAGE,
					.customer_id = request->who.customer_id,
					.user_id = request->who.user_id,
					.image_id = request->id,
					.fd = -1};
	int code;

	if ((code = find_to_change(request, &image, err)) < 0 ||
	    (code = store_begin(store, err)) < 0)
		return code;
	STORE_GUARD(store);
	if (image.customer_id != 0)
		wanted.customer_id = image.customer_id;
	if ((code = engine_submit(request->core->engine, &wanted, &action, err)) < 0 ||
	    (code = store_commit(store, err)) < 0)
		return code;
	engine_kick(request->core->engine);
	request->status = 204;
	return 0;
}

static int change_protection(struct request *request, struct err *err)
{
	struct image image CLEANUP(image_done) = {0};
	int code;

	if ((code = find_to_change(request, &image, err)) < 0 ||
	    (code = body_bool(request, "delete", &image.protect_delete, err)) < 0)
		return code;
	note_detail(request, "delete", json_boolean(image.protect_delete));
	if ((code = store_image_update(request->core->store, &image, err)) < 0)
		return code;
	return request_answer(request, 200, "image", render(request, &image));
}

/* The same as an action, as clients of the API ask for it. */
static int act_on_protection(struct request *request, struct err *err)
{
	struct image image CLEANUP(image_done) = {0};
	struct action action CLEANUP(action_done) = {0};
	struct store *store = request->core->store;
	struct action_request wanted = {.command = ACTION_CHANGE_PROTECTION,
					.user_id = request->who.user_id,
					.image_id = request->id,
					.fd = -1};
	int code;

	if ((code = find_to_change(request, &image, err)) < 0 ||
	    (code = body_bool(request, "delete", &image.protect_delete, err)) < 0)
		return code;
	note_detail(request, "delete", json_boolean(image.protect_delete));
	wanted.customer_id = image.customer_id != 0 ? image.customer_id : request->who.customer_id;
	if ((code = store_begin(store, err)) < 0)
		return code;
	STORE_GUARD(store);
	if ((code = store_image_update(store, &image, err)) < 0 ||
	    (code = engine_submit(request->core->engine, &wanted, &action, err)) < 0 ||
	    (code = store_commit(store, err)) < 0)
		return code;
	engine_kick(request->core->engine);
	return request_answer(request, 201, "action", render_action(&action));
}

/* The look itself takes minutes: it is due from now on, and `updates.looking` says until when. */
static int check_updates(struct request *request, struct err *err)
{
	struct image image CLEANUP(image_done) = {0};
	int code = find(request, &image, err);

	if (code == 0 && image.updates.unknown == IMAGE_NO_LIST)
		code = err_set(
			err, ERR_UNSUPPORTED,
			"it is not known what is installed in this image: its recipe told no "
			"package list");
	if (code < 0)
		return code;
	note_about(request, "image", image.id, image.name);
	if ((code = store_image_updates_ask(request->core->store, image.id, err)) < 0)
		return code;
	image.updates.due_ms = 0;
	return request_answer(request, 202, "image", render(request, &image));
}

const struct route image_routes[] = {
	{"GET", "/images", ACCESS_READ, list},
	{"POST", "/images", ACCESS_SERVICE, import, "image.import"},
	{"GET", "/images/{id}", ACCESS_READ, get},
	{"PUT", "/images/{id}", ACCESS_MANAGE, update, "image.update"},
	{"DELETE", "/images/{id}", ACCESS_MANAGE, delete, "image.delete", ROUTE_NEEDS_PROOF},
	{"POST", "/images/{id}/actions/check_updates", ACCESS_SERVICE, check_updates,
	 "image.check_updates"},
	{"PUT", "/images/{id}/protection", ACCESS_MANAGE, change_protection,
	 "image.change_protection"},
	{"POST", "/images/{id}/actions/change_protection", ACCESS_MANAGE, act_on_protection,
	 "image.change_protection"},
	{NULL, NULL, 0, NULL},
};

// /v1/servers/{id}/actions/…, and DELETE: what may be done to a server.
#include "core/api/server_actions.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/secret.h"
#include "core/api/first_choices.h"
#include "core/api/note.h"
#include "core/api/render.h"
#include "core/api/router.h"
#include "core/api/servers.h"
#include "core/auth/password.h"
#include "core/events.h"
#include "core/seed.h"
#include "model/user_data.h"
#include "store/store_server.h"

int server_actions_submit(struct request *request, struct action_request *action,
			  struct action *ret, struct err *err)
{
	struct server server CLEANUP(server_done) = {0};
	struct store *store = request->core->store;
	int code = servers_find(request, &server, err);

	if (code < 0)
		return code;
	action->server_id = server.id;
	action->customer_id = server.customer_id;
	action->user_id = request->who.user_id;
	if ((code = store_begin(store, err)) < 0)
		return code;
	STORE_GUARD(store);
	if ((code = engine_submit(request->core->engine, action, ret, err)) < 0 ||
	    (code = store_commit(store, err)) < 0)
		return code;
	engine_kick(request->core->engine);
	events_server_changed(request->core->events, server.id);
	events_action_changed(request->core->events, ret->id);
	return 0;
}

int server_actions_answer(struct request *request, struct action_request *wanted, struct err *err)
{
	struct action action CLEANUP(action_done) = {0};
	int code = server_actions_submit(request, wanted, &action, err);

	return code < 0 ? code : request_answer(request, 201, "action", render_action(&action));
}

static int plain(struct request *request, enum action_command command, struct err *err)
{
	struct action_request wanted = {.command = command, .fd = -1};

	return server_actions_answer(request, &wanted, err);
}

static int power_on(struct request *request, struct err *err)
{
	return plain(request, ACTION_START_SERVER, err);
}

static int power_off(struct request *request, struct err *err)
{
	return plain(request, ACTION_STOP_SERVER, err);
}

static int shut_down(struct request *request, struct err *err)
{
	return plain(request, ACTION_SHUTDOWN_SERVER, err);
}

static int reboot(struct request *request, struct err *err)
{
	return plain(request, ACTION_REBOOT_SERVER, err);
}

static int reset(struct request *request, struct err *err)
{
	return plain(request, ACTION_RESET_SERVER, err);
}

static int delete (struct request *request, struct err *err)
{
	int code = plain(request, ACTION_DELETE_SERVER, err);

	if (code == 0)
		request->status = 200;
	return code;
}

static int change_type(struct request *request, struct err *err)
{
	struct action_request wanted = {.command = ACTION_CHANGE_SERVER_TYPE, .fd = -1};
	struct plan plan;
	int code = servers_take_plan(request, &plan, err);

	if (code < 0 || (code = body_bool(request, "upgrade_disk", &wanted.upgrade_disk, err)) < 0)
		return code;
	wanted.server_type_id = plan.id;
	note_detail(request, "server_type", json_string(plan.name));
	note_detail(request, "upgrade_disk", json_boolean(wanted.upgrade_disk));
	return server_actions_answer(request, &wanted, err);
}

static int rebuild(struct request *request, struct err *err)
{
	struct image image CLEANUP(image_done) = {0};
	struct action action CLEANUP(action_done) = {0};
	struct secret password CLEANUP(secret_done) = {0};
	struct first_choices first CLEANUP(first_choices_done) = {0};
	struct server server CLEANUP(server_done) = {0};
	AUTO_FREE char *keys = NULL;
	struct buf new_keys CLEANUP(buf_done) = {0};
	size_t key_count = 0;
	char hash[GUEST_HASH_BYTES] = "";
	char label[IMAGE_LABEL_BYTES];
	const char *user_data = NULL;
	struct action_request wanted = {.command = ACTION_REBUILD_SERVER, .fd = -1};
	int code = servers_find(request, &server, err);

	if (code < 0 || (code = servers_take_image(request, &image, err)) < 0 ||
	    (code = body_text(request, "user_data", &user_data, err)) < 0 ||
	    (code = body_bool(request, "keep_disk", &wanted.keep_disk, err)) < 0 ||
	    (code = servers_take_keys(request, &new_keys, &key_count, err)) < 0 ||
	    (code = first_choices_take(request, &first, err)) < 0)
		return code;
	if (user_data != NULL && *user_data != '\0') {
		wanted.user_data = user_data;
		wanted.user_data_bytes = strlen(user_data);
		code = user_data_check(user_data, wanted.user_data_bytes, err);
		if (code == 0)
			code = seed_check_user_data(user_data, wanted.user_data_bytes, err);
		if (code < 0)
			return request_field(request, "user_data", code, err);
	}
	if (key_count > 0)
		wanted.new_keys = buf_str(&new_keys);
	/* A server that was made without a key needs a password again. */
	if (first.hash[0] == '\0' && key_count == 0 &&
	    (store_server_get_keys(request->core->store, server.id, &keys, NULL) < 0 ||
	     *keys == '\0')) {
		if (secret_make_password(&password) < 0 ||
		    password_hash_guest(password.text, hash) < 0)
			return err_set(err, ERR_SERVER, "cannot make a password");
		wanted.password_hash = hash;
	}
	wanted.image_id = image.id;
	note_detail(request, "image", json_string(image_label(&image, label)));
	if (wanted.keep_disk)
		note_detail(request, "keep_disk", json_true());
	if (first.user != NULL)
		note_detail(request, "user", json_string(first.user));
	if (key_count > 0)
		note_detail(request, "ssh_keys", json_integer((json_int_t)key_count));
	first_choices_put(request, &first, &wanted);
	code = server_actions_submit(request, &wanted, &action, err);
	explicit_bzero(hash, sizeof hash);
	if (code < 0)
		return code;
	request->status = 201;
	request->reply = json_pack("{s:o, s:s?}", "action", render_action(&action), "root_password",
				   password.text);
	return 0;
}

static int reset_password(struct request *request, struct err *err)
{
	struct action action CLEANUP(action_done) = {0};
	struct secret password CLEANUP(secret_done) = {0};
	char hash[GUEST_HASH_BYTES];
	struct action_request wanted = {
		.command = ACTION_RESET_PASSWORD, .password_hash = hash, .fd = -1};
	int code;

	if (secret_make_password(&password) < 0 || password_hash_guest(password.text, hash) < 0)
		return err_set(err, ERR_SERVER, "cannot make a password");
	code = server_actions_submit(request, &wanted, &action, err);
	explicit_bzero(hash, sizeof hash);
	if (code < 0)
		return code;
	request->status = 201;
	request->reply = json_pack("{s:o, s:s}", "action", render_action(&action), "root_password",
				   password.text);
	return 0;
}

static int change_protection(struct request *request, struct err *err)
{
	static const char *const keys[] = {"delete", "rebuild"};
	struct action_request wanted = {.command = ACTION_CHANGE_PROTECTION, .fd = -1};
	int *const values[] = {&wanted.protect_delete, &wanted.protect_rebuild};

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		const json_t *value = json_object_get(request->body, keys[i]);
		bool on = false;
		int code = body_bool(request, keys[i], &on, err);
		if (code < 0)
			return code;
		*values[i] = value == NULL || json_is_null(value) ? -1 : on;
		if (*values[i] >= 0)
			note_detail(request, keys[i], json_boolean(on));
	}
	return server_actions_answer(request, &wanted, err);
}

static int change_guest_agent(struct request *request, struct err *err)
{
	struct action_request wanted = {.command = ACTION_CHANGE_GUEST_AGENT, .fd = -1};
	const json_t *value = json_object_get(request->body, "enabled");
	bool enabled = false;
	int code = body_bool(request, "enabled", &enabled, err);

	if (code < 0)
		return code;
	if (!json_is_boolean(value))
		return request_invalid(request, err, "enabled", "must be true or false");
	wanted.agent_off = !enabled;
	note_detail(request, "enabled", json_boolean(enabled));
	return server_actions_answer(request, &wanted, err);
}

/*
 * Clients expect a root password in the answer. There is none: the rescue system takes keys alone,
 * those that are named or else those the server was made with.
 */
static int enable_rescue(struct request *request, struct err *err)
{
	struct server server CLEANUP(server_done) = {0};
	struct action action CLEANUP(action_done) = {0};
	struct buf keys CLEANUP(buf_done) = {0};
	AUTO_FREE char *own = NULL;
	struct action_request wanted = {.command = ACTION_ENABLE_RESCUE, .fd = -1};
	const char *type = NULL;
	size_t count = 0;
	int code;

	if ((code = servers_find(request, &server, err)) < 0 ||
	    (code = body_text(request, "type", &type, err)) < 0 ||
	    (code = servers_take_keys(request, &keys, &count, err)) < 0 ||
	    (code = store_server_get_keys(request->core->store, server.id, &own, err)) < 0)
		return code;
	if (type != NULL && strcmp(type, "linux64") != 0)
		return request_invalid(request, err, "type", "must be linux64");
	wanted.keys = count > 0 ? buf_str(&keys) : own;
	if (*wanted.keys == '\0')
		return request_invalid(request, err, "ssh_keys",
				       "the rescue system lets in keys alone, and the server was "
				       "made without one: name one");
	if ((code = server_actions_submit(request, &wanted, &action, err)) < 0)
		return code;
	request->status = 201;
	request->reply = json_pack("{s:o, s:n}", "action", render_action(&action), "root_password");
	return 0;
}

static int restore_kept_disk(struct request *request, struct err *err)
{
	return plain(request, ACTION_RESTORE_KEPT_DISK, err);
}

static int delete_kept_disk(struct request *request, struct err *err)
{
	return plain(request, ACTION_DELETE_KEPT_DISK, err);
}

static int disable_rescue(struct request *request, struct err *err)
{
	return plain(request, ACTION_DISABLE_RESCUE, err);
}

/* What clients may ask for and this service does not do: said plainly, about a server that exists.
 */
static int refuse(struct request *request, struct err *err)
{
	struct server server CLEANUP(server_done) = {0};
	int code = servers_find(request, &server, err);

	return code < 0 ? code
			: err_set(err, ERR_UNSUPPORTED, "this service does not offer %s",
				  request->segments[3]);
}

#define ACTION(name, access, handler)                                                              \
	{                                                                                          \
		"POST", "/servers/{id}/actions/" name, access, handler, "server." name             \
	}
#define NOT_OFFERED(name)                                                                          \
	{                                                                                          \
		"POST", "/servers/{id}/actions/" name, ACCESS_MANAGE, refuse,                      \
			ROUTE_CHANGES_NOTHING                                                      \
	}

const struct route server_action_routes[] = {
	{"DELETE", "/servers/{id}", ACCESS_MANAGE, delete, "server.delete", ROUTE_NEEDS_PROOF},
	ACTION("poweron", ACCESS_POWER, power_on),
	ACTION("poweroff", ACCESS_POWER, power_off),
	ACTION("shutdown", ACCESS_POWER, shut_down),
	ACTION("reboot", ACCESS_POWER, reboot),
	ACTION("reset", ACCESS_POWER, reset),
	ACTION("change_type", ACCESS_MANAGE, change_type),
	{"POST", "/servers/{id}/actions/rebuild", ACCESS_MANAGE, rebuild, "server.rebuild",
	 ROUTE_NEEDS_PROOF},
	{"POST", "/servers/{id}/actions/restore_kept_disk", ACCESS_MANAGE, restore_kept_disk,
	 "server.restore_kept_disk", ROUTE_NEEDS_PROOF},
	{"POST", "/servers/{id}/actions/delete_kept_disk", ACCESS_MANAGE, delete_kept_disk,
	 "server.delete_kept_disk", ROUTE_NEEDS_PROOF},
	ACTION("reset_password", ACCESS_MANAGE, reset_password),
	ACTION("enable_rescue", ACCESS_MANAGE, enable_rescue),
	ACTION("disable_rescue", ACCESS_MANAGE, disable_rescue),
	ACTION("change_protection", ACCESS_MANAGE, change_protection),
	ACTION("change_guest_agent", ACCESS_MANAGE, change_guest_agent),
	NOT_OFFERED("attach_iso"),
	NOT_OFFERED("detach_iso"),
	NOT_OFFERED("add_to_placement_group"),
	NOT_OFFERED("remove_from_placement_group"),
	{NULL, NULL, 0, NULL},
};

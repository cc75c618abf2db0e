/*
 * DELETE /v1/networks/{id}. Clients know an answer without a body and without an action, after
 * which the network is no more and its name is free. Servers that are in it are taken out first,
 * each by an action of its own, and one more waits for them; all of these begin in one transaction
 * or none does. The answer comes when that one has ended, however it was begun: who asks again
 * meanwhile waits for it too, and an answer that never came, as a process was killed, changes
 * nothing about the end.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "core/actions/engine.h"
#include "core/api/networks.h"
#include "core/api/note.h"
#include "core/api/router.h"
#include "core/events.h"
#include "store/store_action.h"
#include "store/store_history.h"
#include "store/store_network.h"
#include "store/store_port.h"

#define LOOK_MS 50
#define WAIT_MS 30000 /* less than what web keeps a connection for that says nothing */

/* The action that deletes it now; 0: none. */
static int find_deletion(struct request *request, uint64_t id, uint64_t *ret, struct err *err)
{
	const struct store_action_filter running = {.statuses = 1U << ACTION_RUNNING,
						    .resource_type = ACTION_RESOURCE_NETWORK,
						    .resource_id = id};
	struct store_actions actions CLEANUP(store_action_done) = {0};
	const int code = store_action_list(request->core->store, &running, &actions, err);

	*ret = 0;
	for (size_t i = 0; code == 0 && i < actions.count; i++)
		if (actions.items[i].command == ACTION_DELETE_NETWORK)
			*ret = actions.items[i].id;
	return code;
}

int networks_check_stays(struct request *request, const struct private_network *network,
			 struct err *err)
{
	uint64_t deletion = 0;
	const int code = find_deletion(request, network->id, &deletion, err);

	return code == 0 && deletion != 0
		       ? err_set(err, ERR_LOCKED, "network %.100s is being deleted", network->name)
		       : code;
}

/* --- beginning --- */

/* The history of each server tells who asked for that, as it does when it is asked for alone. */
static int note_leaving(struct store *store, const struct private_port *port,
			const struct action *action, struct err *err)
{
	const struct history_line *note = store_history_noted(store);
	struct history_line line;
	char ip[IP_TEXT_BYTES];

	if (note == NULL)
		return 0;
	line = *note;
	ip_format(&port->ip, ip);
	(void)snprintf(line.what, sizeof line.what, "server.detach_from_network");
	(void)snprintf(line.resource_type, sizeof line.resource_type, "server");
	line.resource_id = port->server_id;
	store_history_resource_name(store, "server", 0, port->server_id, line.resource_name);
	line.action_id = action->id;
	line.result = HISTORY_ACCEPTED;
	(void)snprintf(line.details, sizeof line.details, "{\"network\":%" PRIu64 ",\"ip\":\"%s\"}",
		       port->network_id, ip);
	return store_history_append(store, &line, err);
}

/* Each member is asked to leave; the transaction is the caller's. */
static int empty(struct request *request, const struct private_network *network,
		 const struct store_members *members, struct err *err)
{
	json_t *servers = json_array();

	for (size_t i = 0; i < members->count; i++) {
		const struct action_request leave = {.command = ACTION_DETACH_FROM_NETWORK,
						     .server_id = members->items[i].server_id,
						     .customer_id = network->customer_id,
						     .user_id = request->who.user_id,
						     .network_id = network->id,
						     .port = &members->items[i],
						     .fd = -1};
		struct action action CLEANUP(action_done) = {0};
		int code = engine_submit(request->core->engine, &leave, &action, err);

		if (code == 0)
			code = note_leaving(request->core->store, leave.port, &action, err);
		if (code < 0) {
			json_decref(servers);
			return err_wrap(err, code, "server %" PRIu64 ", which is in this network",
					leave.server_id);
		}
		(void)json_array_append_new(servers, json_integer((json_int_t)leave.server_id));
	}
	note_detail(request, "servers", servers);
	return 0;
}

static int begin(struct request *request, const struct private_network *network,
		 const struct store_members *members, uint64_t *ret, struct err *err)
{
	const struct action_request wanted = {.command = ACTION_DELETE_NETWORK,
					      .network_id = network->id,
					      .customer_id = network->customer_id,
					      .user_id = request->who.user_id,
					      .fd = -1};
	struct action action CLEANUP(action_done) = {0};
	struct store *store = request->core->store;
	int code = store_begin(store, err);

	if (code < 0)
		return code;
	STORE_GUARD(store);
	/* In this order: the request's own line is about the first action. */
	if ((code = engine_submit(request->core->engine, &wanted, &action, err)) < 0 ||
	    (code = empty(request, network, members, err)) < 0 ||
	    (code = store_commit(store, err)) < 0)
		return code;
	engine_kick(request->core->engine);
	for (size_t i = 0; i < members->count; i++)
		events_server_changed(request->core->events, members->items[i].server_id);
	events_action_changed(request->core->events, action.id);
	*ret = action.id;
	return 0;
}

/* --- waiting --- */

struct waiting {
	uv_timer_t timer;
	struct request *request;
	uint64_t action_id;
	int64_t until_ms; /* monotonic */
};

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static void finish(struct waiting *waiting, int code, const struct err *err)
{
	waiting->request->status = 204;
	router_finish(waiting->request, code, err);
	uv_close((uv_handle_t *)&waiting->timer, on_closed);
}

static void look(uv_timer_t *timer)
{
	struct waiting *waiting = timer->data;
	struct action action CLEANUP(action_done) = {0};
	struct err err = {0};
	int code = store_action_get(waiting->request->core->store, 0, waiting->action_id, &action,
				    &err);

	if (code == 0 && action.status == ACTION_RUNNING) {
		if (clock_mono_ms() < waiting->until_ms)
			return;
		code = err_set(
			&err, ERR_TIMEOUT,
			"its servers are still being taken out of it; it goes as soon as they "
			"are, and who asks again waits for that");
	}
	if (code == 0 && action.status == ACTION_ERROR)
		code = err_set(&err, ERR_IN_USE, "%s", action.error_text);
	finish(waiting, code, &err);
}

static int wait_for(struct request *request, uint64_t action_id, struct err *err)
{
	struct waiting *waiting = calloc(1, sizeof *waiting);

	if (waiting == NULL)
		return err_set(err, ERR_SERVER, "no memory");
	waiting->request = request;
	waiting->action_id = action_id;
	waiting->until_ms = clock_mono_ms() + WAIT_MS;
	(void)uv_timer_init(&request->core->loop, &waiting->timer);
	waiting->timer.data = waiting;
	(void)uv_timer_start(&waiting->timer, look, LOOK_MS, LOOK_MS);
	return REQUEST_LATER;
}

int networks_delete(struct request *request, struct err *err)
{
	struct private_network network CLEANUP(private_network_done) = {0};
	struct store_members members CLEANUP(store_port_done) = {0};
	struct store *store = request->core->store;
	uint64_t deletion = 0;
	int code = networks_find(request, request->id, &network, err);

	if (code < 0 || (code = find_deletion(request, network.id, &deletion, err)) < 0)
		return code;
	note_about(request, "network", network.id, network.name);
	if (deletion != 0) {
		note_nothing(request);
		return wait_for(request, deletion, err);
	}
	if (network.protect_delete)
		return err_set(err, ERR_PROTECTED,
			       "%.100s is protected from deletion: lift the protection first",
			       network.name);
	if ((code = store_port_of_network(store, network.id, &members, err)) < 0)
		return code;
	if (members.count > 0)
		return (code = begin(request, &network, &members, &deletion, err)) < 0
			       ? code
			       : wait_for(request, deletion, err);
	if ((code = store_network_delete(store, network.id, err)) < 0)
		return code;
	request->status = 204;
	return 0;
}

// /v1/networks/{id}/actions: subnets, a wider range, protection. Over as soon as they are asked.
#include "base/cleanup.h"
#include "core/actions/engine.h"
#include "core/api/networks.h"
#include "core/api/note.h"
#include "core/api/render.h"
#include "core/api/router.h"
#include "core/events.h"
#include "store/store_network.h"
#include "store/store_port.h"

static int find(struct request *request, struct private_network *ret, struct err *err)
{
	const int code = networks_find(request, request->id, ret, err);

	if (code == 0)
		note_about(request, "network", ret->id, ret->name);
	return code;
}

/* What is written with an action that is over at once. */
struct change {
	enum action_command command;
	int (*write)(struct store *store, const struct private_network *network,
		     const struct subnet *subnet, struct err *err);
	const struct subnet *subnet;
};

static int submit(struct request *request, const struct private_network *network,
		  const struct change *change, struct err *err)
{
	const struct action_request wanted = {.command = change->command,
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
	if ((code = change->write(store, network, change->subnet, err)) < 0 ||
	    (code = engine_submit(request->core->engine, &wanted, &action, err)) < 0 ||
	    (code = store_commit(store, err)) < 0)
		return code;
	events_action_changed(request->core->events, action.id);
	return request_answer(request, 201, "action", render_action(&action));
}

static void note_range(struct request *request, const struct ip *range)
{
	char text[IP_TEXT_BYTES];

	ip_format_prefix(range, text);
	note_detail(request, "ip_range", json_string(text));
}

static int write_subnet(struct store *store, const struct private_network *network,
			const struct subnet *subnet, struct err *err)
{
	return store_network_add_subnet(store, network->id, subnet, err);
}

static int add_subnet(struct request *request, struct err *err)
{
	struct private_network network CLEANUP(private_network_done) = {0};
	struct subnet subnet = {0};
	int code;

	if ((code = find(request, &network, err)) < 0 ||
	    (code = networks_take_subnet(request, request->body, "ip_range", &network, &subnet,
					 err)) < 0)
		return code;
	note_range(request, &subnet.range);
	return submit(request, &network, &(struct change){ACTION_ADD_SUBNET, write_subnet, &subnet},
		      err);
}

static int delete_subnet(struct request *request, struct err *err)
{
	struct private_network network CLEANUP(private_network_done) = {0};
	const struct subnet *found = NULL;
	struct ip range = {0};
	int code;

	if ((code = find(request, &network, err)) < 0 ||
	    (code = networks_take_range(request, "ip_range", &range, err)) < 0)
		return code;
	for (size_t i = 0; i < network.subnet_count; i++)
		if (ip_equal(&network.subnets[i].range, &range))
			found = &network.subnets[i];
	if (found == NULL)
		return request_invalid(request, err, "ip_range", "the network has no such subnet");
	note_range(request, &range);
	return submit(request, &network,
		      &(struct change){ACTION_DELETE_SUBNET, store_network_delete_subnet, found},
		      err);
}

static int write_network(struct store *store, const struct private_network *network,
			 const struct subnet *subnet, struct err *err)
{
	(void)subnet;
	return store_network_update(store, network, err);
}

/* Two networks of one server must not share addresses, or it would not know which is meant. */
static int check_members(struct request *request, const struct private_network *network,
			 struct err *err)
{
	struct store_members members CLEANUP(store_port_done) = {0};
	struct store *store = request->core->store;
	int code = store_port_of_network(store, network->id, &members, err);

	for (size_t i = 0; code == 0 && i < members.count; i++) {
		struct store_ports ports = {0};
		code = store_port_of_server(store, members.items[i].server_id, &ports, err);
		for (size_t n = 0; code == 0 && n < ports.count; n++)
			if (ports.items[n].network_id != network->id &&
			    pool_overlap(&ports.items[n].range, &network->range))
				code = err_set(err, ERR_NETWORKS_OVERLAP,
					       "a server of this network is in another one that "
					       "has addresses of that range");
	}
	return code;
}

static int change_ip_range(struct request *request, struct err *err)
{
	struct private_network network CLEANUP(private_network_done) = {0};
	struct ip range = {0};
	int code;

	if ((code = find(request, &network, err)) < 0 ||
	    (code = networks_take_range(request, "ip_range", &range, err)) < 0)
		return code;
	if (range.family == 0)
		return request_invalid(request, err, "ip_range",
				       "Missing data for required field.");
	code = private_network_check_range(&range, err);
	if (code == 0)
		code = private_network_check_growth(&network.range, &range, err);
	network.range = range;
	if ((code = request_field(request, "ip_range", code, err)) < 0 ||
	    (code = check_members(request, &network, err)) < 0)
		return code;
	note_range(request, &range);
	return submit(request, &network,
		      &(struct change){ACTION_CHANGE_IP_RANGE, write_network, NULL}, err);
}

static int change_protection(struct request *request, struct err *err)
{
	struct private_network network CLEANUP(private_network_done) = {0};
	int code;

	if ((code = find(request, &network, err)) < 0 ||
	    (code = body_bool(request, "delete", &network.protect_delete, err)) < 0)
		return code;
	note_detail(request, "delete", json_boolean(network.protect_delete));
	return submit(request, &network,
		      &(struct change){ACTION_CHANGE_PROTECTION, write_network, NULL}, err);
}

/* Said plainly, about a network that exists. */
static int refuse_route(struct request *request, struct err *err)
{
	struct private_network network CLEANUP(private_network_done) = {0};
	const int code = networks_find(request, request->id, &network, err);

	return code < 0 ? code
			: err_set(err, ERR_UNSUPPORTED,
				  "networks have no routes here: a server sends with its own "
				  "addresses alone, so none can pass on what others send");
}

const struct route network_action_routes[] = {
	{"POST", "/networks/{id}/actions/add_subnet", ACCESS_MANAGE, add_subnet,
	 "network.add_subnet"},
	{"POST", "/networks/{id}/actions/delete_subnet", ACCESS_MANAGE, delete_subnet,
	 "network.delete_subnet"},
	{"POST", "/networks/{id}/actions/change_ip_range", ACCESS_MANAGE, change_ip_range,
	 "network.change_ip_range"},
	{"POST", "/networks/{id}/actions/change_protection", ACCESS_MANAGE, change_protection,
	 "network.change_protection"},
	{"POST", "/networks/{id}/actions/add_route", ACCESS_MANAGE, refuse_route,
	 ROUTE_CHANGES_NOTHING},
	{"POST", "/networks/{id}/actions/delete_route", ACCESS_MANAGE, refuse_route,
	 ROUTE_CHANGES_NOTHING},
	{NULL, NULL, 0, NULL},
};

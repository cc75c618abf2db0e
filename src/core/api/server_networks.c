// A server's place in private networks: /v1/servers/{id}/actions/attach_to_network and its kind.
#include <inttypes.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/secret.h"
#include "core/actions/engine.h"
#include "core/api/networks.h"
#include "core/api/note.h"
#include "core/api/render.h"
#include "core/api/router.h"
#include "core/api/server_actions.h"
#include "core/api/servers.h"
#include "store/store_location.h"
#include "store/store_network.h"
#include "store/store_port.h"

/* Every address that somebody has in a network, but @except's aliases. */
struct taken {
	struct ip items[PRIVATE_NETWORK_ADDRESSES_MOST];
	size_t count;
};

static int load_taken(struct store *store, uint64_t network_id, uint64_t except_port_id,
		      struct taken *ret, struct err *err)
{
	struct store_members members CLEANUP(store_port_done) = {0};
	int code = store_port_of_network(store, network_id, &members, err);

	ret->count = 0;
	for (size_t i = 0; code == 0 && i < members.count && i < PRIVATE_NETWORK_SERVERS_MOST;
	     i++) {
		const struct private_port *port = &members.items[i];
		ret->items[ret->count++] = port->ip;
		for (size_t n = 0; port->id != except_port_id && n < port->alias_count; n++)
			ret->items[ret->count++] = port->aliases[n];
	}
	return code;
}

static bool is_taken(const struct taken *taken, const struct ip *ip)
{
	for (size_t i = 0; i < taken->count; i++)
		if (ip_equal(&taken->items[i], ip))
			return true;
	return false;
}

static int zone_of(struct request *request, const struct server *server, struct location *ret,
		   struct err *err)
{
	return store_location_get(request->core->store, server->location_id, ret, err);
}

static int take_address(struct request *request, const struct private_network *network,
			const struct location *location, const struct taken *taken,
			const char *field, const char *text, struct ip *ret, struct err *err)
{
	struct ip ip;
	int code;

	if (text == NULL || ip_parse(text, &ip) < 0 || ip.family != 4)
		return request_invalid(request, err, field, "must be an IPv4 address");
	code = private_network_check_address(network, location->network_zone, &ip, err);
	if (code < 0)
		return request_field(request, field, code, err);
	if (is_taken(taken, &ip))
		return err_set(err, ERR_IP_NOT_AVAILABLE, "%s is taken in this network", text);
	*ret = ip;
	return 0;
}

static int take_aliases(struct request *request, const struct private_network *network,
			const struct location *location, const json_t *aliases, struct taken *taken,
			struct private_port *port, struct err *err)
{
	const json_t *item;
	size_t i;

	port->alias_count = 0;
	if (aliases == NULL || json_is_null(aliases))
		return 0;
	if (!json_is_array(aliases))
		return request_invalid(request, err, "alias_ips", "must be a list of addresses");
	if (json_array_size(aliases) > PRIVATE_NETWORK_ALIASES_MOST)
		return err_set(err, ERR_LIMIT, "a server has at most %d alias IPs in a network",
			       PRIVATE_NETWORK_ALIASES_MOST);
	json_array_foreach(aliases, i, item)
	{
		struct ip *const place = &port->aliases[port->alias_count];
		const int code = take_address(request, network, location, taken, "alias_ips",
					      json_string_value(item), place, err);
		if (code < 0)
			return code;
		if (taken->count < PRIVATE_NETWORK_ADDRESSES_MOST)
			taken->items[taken->count++] = *place;
		port->alias_count++;
	}
	return 0;
}

int networks_take_aliases(struct request *request, const struct private_network *network,
			  const struct server *server, const json_t *aliases,
			  struct private_port *port, struct err *err)
{
	struct location location;
	struct taken taken;
	int code;

	if ((code = zone_of(request, server, &location, err)) < 0 ||
	    (code = load_taken(request->core->store, network->id, port->id, &taken, err)) < 0)
		return code;
	return take_aliases(request, network, &location, aliases, &taken, port, err);
}

static int check_others(struct request *request, const struct private_network *network,
			const struct server *server, struct err *err)
{
	struct store_ports ports = {0};
	int code = store_port_of_server(request->core->store, server->id, &ports, err);

	for (size_t i = 0; code == 0 && i < ports.count; i++) {
		if (ports.items[i].network_id == network->id)
			return err_set(err, ERR_SERVER_ATTACHED,
				       "server %s is in this network already", server->name);
		if (pool_overlap(&ports.items[i].range, &network->range))
			return err_set(err, ERR_NETWORKS_OVERLAP,
				       "server %s is in another network that has addresses of "
				       "this one",
				       server->name);
	}
	return code;
}

int networks_plug(struct request *request, const struct private_network *network,
		  const struct server *server, const char *ip, const json_t *aliases,
		  struct private_port *ret, struct err *err)
{
	struct private_port port = {
		.network_id = network->id, .server_id = server->id, .range = network->range};
	struct location location;
	struct taken taken;
	int code;

	if ((code = networks_check_stays(request, network, err)) < 0 ||
	    (code = check_others(request, network, server, err)) < 0 ||
	    (code = zone_of(request, server, &location, err)) < 0 ||
	    (code = load_taken(request->core->store, network->id, 0, &taken, err)) < 0)
		return code;
	code = ip != NULL
		       ? take_address(request, network, &location, &taken, "ip", ip, &port.ip, err)
		       : private_network_choose(network, location.network_zone, taken.items,
						taken.count, &port.ip, err);
	if (code < 0)
		return code;
	if (taken.count < PRIVATE_NETWORK_ADDRESSES_MOST)
		taken.items[taken.count++] = port.ip;
	if ((code = take_aliases(request, network, &location, aliases, &taken, &port, err)) < 0)
		return code;
	/* A locally administered unicast MAC address. */
	secret_random(port.mac, sizeof port.mac);
	port.mac[0] = (uint8_t)((port.mac[0] & 0xfc) | 0x02);
	*ret = port;
	return 0;
}

/* --- the actions --- */

static int submit(struct request *request, enum action_command command,
		  const struct private_network *network, const struct private_port *port,
		  struct err *err)
{
	struct action_request wanted = {
		.command = command, .network_id = network->id, .port = port, .fd = -1};
	struct action action CLEANUP(action_done) = {0};
	char ip[IP_TEXT_BYTES];
	int code;

	ip_format(&port->ip, ip);
	note_detail(request, "network", json_integer((json_int_t)network->id));
	note_detail(request, "ip", json_string(ip));
	code = server_actions_submit(request, &wanted, &action, err);
	return code < 0 ? code : request_answer(request, 201, "action", render_action(&action));
}

static int attach(struct request *request, struct err *err)
{
	struct private_network network CLEANUP(private_network_done) = {0};
	struct server server CLEANUP(server_done) = {0};
	struct private_port port;
	const char *ip = NULL;
	int code;

	if ((code = servers_find(request, &server, err)) < 0 ||
	    (code = networks_take(request, &network, err)) < 0 ||
	    (code = body_text(request, "ip", &ip, err)) < 0 ||
	    (code = networks_plug(request, &network, &server, ip,
				  json_object_get(request->body, "alias_ips"), &port, err)) < 0)
		return code;
	return submit(request, ACTION_ATTACH_TO_NETWORK, &network, &port, err);
}

/* The server's port in the network that the body names. */
static int take_port(struct request *request, struct server *server,
		     struct private_network *network, struct private_port *ret, struct err *err)
{
	struct store_ports ports = {0};
	int code;

	if ((code = servers_find(request, server, err)) < 0 ||
	    (code = networks_take(request, network, err)) < 0 ||
	    (code = store_port_of_server(request->core->store, server->id, &ports, err)) < 0)
		return code;
	for (size_t i = 0; i < ports.count; i++)
		if (ports.items[i].network_id == network->id) {
			*ret = ports.items[i];
			return 0;
		}
	return request_invalid(request, err, "network", "server %s is not in this network",
			       server->name);
}

static int detach(struct request *request, struct err *err)
{
	struct private_network network CLEANUP(private_network_done) = {0};
	struct server server CLEANUP(server_done) = {0};
	struct private_port port;
	const int code = take_port(request, &server, &network, &port, err);

	return code < 0 ? code : submit(request, ACTION_DETACH_FROM_NETWORK, &network, &port, err);
}

static int change_aliases(struct request *request, struct err *err)
{
	struct private_network network CLEANUP(private_network_done) = {0};
	struct server server CLEANUP(server_done) = {0};
	struct private_port port;
	int code = take_port(request, &server, &network, &port, err);

	if (code == 0)
		code = networks_take_aliases(request, &network, &server,
					     json_object_get(request->body, "alias_ips"), &port,
					     err);
	return code < 0 ? code : submit(request, ACTION_CHANGE_ALIAS_IPS, &network, &port, err);
}

const struct route server_network_routes[] = {
	{"POST", "/servers/{id}/actions/attach_to_network", ACCESS_MANAGE, attach,
	 "server.attach_to_network"},
	{"POST", "/servers/{id}/actions/detach_from_network", ACCESS_MANAGE, detach,
	 "server.detach_from_network"},
	{"POST", "/servers/{id}/actions/change_alias_ips", ACCESS_MANAGE, change_aliases,
	 "server.change_alias_ips"},
	{NULL, NULL, 0, NULL},
};

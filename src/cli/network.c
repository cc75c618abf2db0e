// ippo network: private networks of the account, and the servers that are in them.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "cli/api.h"
#include "cli/print.h"
#include "cli/request.h"

#define PATH_BYTES 96

static void network_row(struct table *table, const json_t *network)
{
	char id[24], servers[24];

	(void)snprintf(id, sizeof id, "%lld", (long long)json_number(network, "id"));
	(void)snprintf(servers, sizeof servers, "%zu",
		       json_array_size(json_object_get(network, "servers")));
	table_row(table, id, json_text(network, "name"), json_text(network, "ip_range"), servers);
}

static int list(struct invocation *invocation)
{
	return request_list(invocation, "/networks", "networks", "ID NAME RANGE SERVERS",
			    network_row, "There are no private networks.");
}

static void print_network(const json_t *network)
{
	const json_t *subnets = json_object_get(network, "subnets"), *subnet;
	const json_t *servers = json_object_get(network, "servers"), *server;
	size_t i;

	print_field("Number", "%lld", (long long)json_number(network, "id"));
	print_field("Name", "%s", json_text(network, "name"));
	print_field("Range", "%s", json_text(network, "ip_range"));
	json_array_foreach(subnets, i, subnet)
		print_field("Subnet", "%s in %s", json_text(subnet, "ip_range"),
			    json_text(subnet, "network_zone"));
	json_array_foreach(servers, i, server)
		print_field("Server", "%lld", (long long)json_integer_value(server));
	if (json_is_true(json_at(network, "protection.delete")))
		print_field("Protected", "from deletion");
}

static int show(struct invocation *invocation)
{
	return request_show(invocation, "networks", "networks", "network", print_network);
}

static int find(struct invocation *invocation, const char *name, json_t **ret, struct err *err)
{
	return api_find(invocation->api, "networks", "networks", "network", name, ret, err);
}

/* Where the account's servers are; the service has one network zone, or the person names it. */
static int take_zone(struct invocation *invocation, json_t *body, struct err *err)
{
	const char *zone = option_text(invocation, "zone");
	json_t *locations = NULL;
	int code = 0;

	if (zone == NULL &&
	    (code = api_list(invocation->api, "/locations", "locations", &locations, err)) == 0)
		zone = json_text(json_array_get(locations, 0), "network_zone");
	if (code == 0)
		(void)json_object_set_new(body, "network_zone", json_string(zone));
	json_decref(locations);
	return code;
}

static int create(struct invocation *invocation)
{
	const char *range = option_text(invocation, "range");
	json_t *reply = NULL, *subnet = json_pack("{s:s}", "type", "cloud"), *body;
	struct err err = {0};
	int code = take_zone(invocation, subnet, &err);

	body = json_pack("{s:s, s:s, s:[o]}", "name", invocation->positionals[0], "ip_range",
			 range != NULL ? range : "10.0.0.0/16", "subnets", subnet);
	request_add_labels(invocation, body);
	if (code == 0)
		code = api_call(invocation->api, "POST", "/networks", body, -1, &reply, &err);
	json_decref(body);
	return request_finish_made(invocation, reply, code, &err, "network.id");
}

/* Finds it, and does something to it. Steals @body. */
static int act_on(struct invocation *invocation, const char *action, json_t *body)
{
	struct err err = {0};
	json_t *network = NULL, *reply = NULL;
	char path[PATH_BYTES];
	int code = find(invocation, invocation->positionals[0], &network, &err);

	if (code == 0) {
		(void)snprintf(path, sizeof path, "/networks/%lld/actions/%s",
			       (long long)json_number(network, "id"), action);
		code = api_call(invocation->api, "POST", path, body, -1, &reply, &err);
	}
	json_decref(body);
	json_decref(network);
	return code < 0 ? print_failure(&err) : request_finish(invocation, reply, NULL, true);
}

static int add_subnet(struct invocation *invocation)
{
	json_t *body = json_pack("{s:s}", "type", "cloud");
	struct err err = {0};
	const int code = take_zone(invocation, body, &err);

	if (code < 0) {
		json_decref(body);
		return print_failure(&err);
	}
	if (invocation->positional_count > 1)
		(void)json_object_set_new(body, "ip_range",
					  json_string(invocation->positionals[1]));
	return act_on(invocation, "add_subnet", body);
}

static int delete_subnet(struct invocation *invocation)
{
	return act_on(invocation, "delete_subnet",
		      json_pack("{s:s}", "ip_range", invocation->positionals[1]));
}

static int change_range(struct invocation *invocation)
{
	return act_on(invocation, "change_ip_range",
		      json_pack("{s:s}", "ip_range", invocation->positionals[1]));
}

static int protect(struct invocation *invocation)
{
	return act_on(invocation, "change_protection", json_pack("{s:b}", "delete", 1));
}

static int unprotect(struct invocation *invocation)
{
	return act_on(invocation, "change_protection", json_pack("{s:b}", "delete", 0));
}

static int rename_network(struct invocation *invocation)
{
	json_t *network = NULL, *reply = NULL,
	       *body = json_pack("{s:s}", "name", invocation->positionals[1]);
	struct err err = {0};
	char path[PATH_BYTES];
	int code = find(invocation, invocation->positionals[0], &network, &err);

	if (code == 0) {
		(void)snprintf(path, sizeof path, "/networks/%lld",
			       (long long)json_number(network, "id"));
		code = api_call(invocation->api, "PUT", path, body, -1, &reply, &err);
	}
	json_decref(body);
	json_decref(network);
	if (code < 0)
		return print_failure(&err);
	if (invocation->json)
		print_json(reply);
	json_decref(reply);
	return EXIT_OK;
}

static bool has_number(const json_t *numbers, long long number)
{
	const json_t *each;
	size_t i;

	json_array_foreach(numbers, i, each)
	{
		if (json_integer_value(each) == number)
			return true;
	}
	return false;
}

/* What its deletion is for the servers that are in it, by their names. */
static int tell_loss(struct invocation *invocation, const json_t *network, struct buf *out,
		     struct err *err)
{
	const json_t *members = json_object_get(network, "servers");
	json_t *servers = NULL, *server;
	size_t i;
	int code = 0;

	if (json_array_size(members) > 0)
		code = api_list(invocation->api, "/servers", "servers", &servers, err);
	if (json_array_size(members) > 0 && code == 0)
		(void)buf_printf(out,
				 "These servers are taken out of it first, and reach each other "
				 "there no more:\n");
	json_array_foreach(servers, i, server)
	{
		if (has_number(members, json_number(server, "id")))
			(void)buf_printf(out, "  %s\n", json_text(server, "name"));
	}
	(void)buf_printf(out, "Its subnets are gone with it.");
	json_decref(servers);
	return code;
}

static int delete (struct invocation *invocation)
{
	struct buf loss CLEANUP(buf_done) = {0};
	struct err err = {0};
	json_t *network = NULL;
	int code = find(invocation, invocation->positionals[0], &network, &err);

	if (code == 0)
		code = tell_loss(invocation, network, &loss, &err);
	json_decref(network);
	return code < 0 ? print_failure(&err)
			: request_delete(invocation, "networks", "networks", "network",
					 buf_str(&loss));
}

/* --- servers --- */

/* The system that runs does not know its new card; one that is installed afterwards does. */
static void print_inside(const struct invocation *invocation, const json_t *server,
			 const json_t *network)
{
	const json_t *ports = json_object_get(server, "private_net"), *port;
	const char *range = strchr(json_text(network, "ip_range"), '/');
	size_t i;

	if (invocation->json || invocation->quiet)
		return;
	json_array_foreach(ports, i, port)
	{
		if (json_number(port, "network") != json_number(network, "id"))
			continue;
		(void)printf("%s\n", json_text(port, "ip"));
		(void)fprintf(stderr,
			      "On the server, until its next start (its card has the address %s):\n"
			      "  card=$(ip -br link | awk '/%s/ { print $1 }')\n"
			      "  sudo ip addr add %s%s dev $card && sudo ip link set $card up\n"
			      "The manual's page on private networks says how it stays.\n",
			      json_text(port, "mac_address"), json_text(port, "mac_address"),
			      json_text(port, "ip"), range != NULL ? range : "");
	}
}

/* The aliases that were named, as `alias_ips`. */
static json_t *aliases_of(const struct invocation *invocation)
{
	json_t *aliases = json_array();
	const char *alias;
	size_t at = 0;

	while ((alias = option_next(invocation, "alias", &at)) != NULL)
		(void)json_array_append_new(aliases, json_string(alias));
	return aliases;
}

static int find_both(struct invocation *invocation, json_t **server, json_t **network,
		     struct err *err)
{
	const int code = api_find(invocation->api, "servers", "servers", "server",
				  invocation->positionals[0], server, err);

	return code < 0 ? code : find(invocation, invocation->positionals[1], network, err);
}

/* Steals @body. @tell_inside: what is to be done on the server now. */
static int act_on_server(struct invocation *invocation, const char *action, json_t *body,
			 bool tell_inside)
{
	json_t *server = NULL, *network = NULL, *reply = NULL;
	struct err err = {0};
	char path[PATH_BYTES];
	int code = find_both(invocation, &server, &network, &err);

	if (code == 0) {
		(void)json_object_set_new(body, "network",
					  json_integer(json_number(network, "id")));
		(void)snprintf(path, sizeof path, "/servers/%lld/actions/%s",
			       (long long)json_number(server, "id"), action);
		code = api_call(invocation->api, "POST", path, body, -1, &reply, &err);
	}
	json_decref(body);
	const bool waits = !option_given(invocation, "no-wait");
	code = code < 0 ? print_failure(&err) : request_finish(invocation, reply, NULL, waits);
	if (code == EXIT_OK && waits && tell_inside) {
		json_decref(server);
		server = NULL;
		if (api_find(invocation->api, "servers", "servers", "server",
			     invocation->positionals[0], &server, &err) == 0)
			print_inside(invocation, server, network);
	}
	json_decref(server);
	json_decref(network);
	return code;
}

static int attach(struct invocation *invocation)
{
	json_t *body = json_pack("{s:o}", "alias_ips", aliases_of(invocation));
	const char *ip = option_text(invocation, "ip");

	if (ip != NULL)
		(void)json_object_set_new(body, "ip", json_string(ip));
	return act_on_server(invocation, "attach_to_network", body, true);
}

static int detach(struct invocation *invocation)
{
	return act_on_server(invocation, "detach_from_network", json_object(), false);
}

static int change_aliases(struct invocation *invocation)
{
	return act_on_server(invocation, "change_alias_ips",
			     json_pack("{s:o}", "alias_ips", aliases_of(invocation)), false);
}

static const struct option_rule create_options[] = {
	{"range", "RANGE", "its addresses; 10.0.0.0/16 when none is named", false},
	{"zone", "ZONE", "network zone of its first subnet; that of the first location", false},
	{"label", "KEY=VALUE", "a label, may be given several times", true},
	{NULL, NULL, NULL, false},
};
static const struct option_rule subnet_options[] = {
	{"zone", "ZONE", "its network zone; that of the first location", false},
	{NULL, NULL, NULL, false},
};
static const struct option_rule delete_options[] = {
	{"yes", NULL, "do not ask", false},
	{NULL, NULL, NULL, false},
};
static const struct option_rule attach_options[] = {
	{"ip", "ADDRESS", "its address there; the lowest free one when none is named", false},
	{"alias", "ADDRESS", "a further address, may be given several times", true},
	{"no-wait", NULL, "do not wait for the end", false},
	{NULL, NULL, NULL, false},
};
static const struct option_rule alias_options[] = {
	{"alias", "ADDRESS", "one that it has from now on, may be given several times", true},
	{"no-wait", NULL, "do not wait for the end", false},
	{NULL, NULL, NULL, false},
};
static const struct option_rule detach_options[] = {
	{"no-wait", NULL, "do not wait for the end", false},
	{NULL, NULL, NULL, false},
};

const struct command network_commands[] = {
	{"network", "list", "", "List the private networks", NULL, list},
	{"network", "show", "NAME", "Show one private network", NULL, show},
	{"network", "create", "NAME", "Make a private network with one subnet", create_options,
	 create},
	{"network", "add-subnet", "NAME [RANGE]",
	 "Give it another subnet; without RANGE the first free /24", subnet_options, add_subnet},
	{"network", "delete-subnet", "NAME RANGE", "Take a subnet away in which nobody is", NULL,
	 delete_subnet},
	{"network", "change-range", "NAME RANGE", "Make its range larger", NULL, change_range},
	{"network", "rename", "NAME NEW-NAME", "Give another name", NULL, rename_network},
	{"network", "protect", "NAME", "Refuse deletion", NULL, protect},
	{"network", "unprotect", "NAME", "Allow deletion", NULL, unprotect},
	{"network", "delete", "NAME", "Delete a private network; servers in it are taken out first",
	 delete_options, delete},
	{"server", "attach-network", "NAME NETWORK", "Put it into a private network",
	 attach_options, attach},
	{"server", "detach-network", "NAME NETWORK", "Take it out of a private network",
	 detach_options, detach},
	{"server", "change-alias-ips", "NAME NETWORK",
	 "Further addresses in a private network: those named, or none", alias_options,
	 change_aliases},
	{NULL, NULL, NULL, NULL, NULL, NULL},
};

// ippo floating-ip and ippo primary-ip: the account's addresses, and the servers they belong to.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "cli/api.h"
#include "cli/print.h"
#include "cli/request.h"

#define PATH_BYTES 96

/* What differs between the two. */
struct kind {
	const char *collection;
	const char *one;
	const char *words;
	const char *home;   /* the field of its location */
	const char *server; /* ... and of its server */
};

static const struct kind *kind_of(const struct invocation *invocation)
{
	static const struct kind floating = {"floating_ips", "floating_ip", "floating IP",
					     "home_location", "server"},
				 primary = {"primary_ips", "primary_ip", "primary IP", "location",
					    "assignee_id"};

	return strcmp(invocation->command->noun, "floating-ip") == 0 ? &floating : &primary;
}

static void address_row(struct table *table, const json_t *address)
{
	const json_t *server = json_object_get(address, "home_location") != NULL
				       ? json_object_get(address, "server")
				       : json_object_get(address, "assignee_id");
	char id[24], holder[24] = "-";

	(void)snprintf(id, sizeof id, "%lld", (long long)json_number(address, "id"));
	if (json_is_integer(server))
		(void)snprintf(holder, sizeof holder, "%lld",
			       (long long)json_integer_value(server));
	table_row(table, id, json_text(address, "name"), json_text(address, "ip"), holder);
}

static int list(struct invocation *invocation)
{
	const struct kind *kind = kind_of(invocation);
	char path[PATH_BYTES], empty[PATH_BYTES];

	(void)snprintf(path, sizeof path, "/%s", kind->collection);
	(void)snprintf(empty, sizeof empty, "There are no %ss.", kind->words);
	return request_list(invocation, path, kind->collection, "ID NAME ADDRESS SERVER",
			    address_row, empty);
}

static void print_address(const json_t *address)
{
	const json_t *names = json_object_get(address, "dns_ptr"), *name;
	const bool floats = json_object_get(address, "home_location") != NULL;
	const json_t *server = json_object_get(address, floats ? "server" : "assignee_id");
	size_t i;

	print_field("Number", "%lld", (long long)json_number(address, "id"));
	print_field("Name", "%s", json_text(address, "name"));
	print_field("Address", "%s", json_text(address, "ip"));
	if (floats && *json_text(address, "description") != '\0')
		print_field("Description", "%s", json_text(address, "description"));
	print_field("Location", "%s",
		    json_text(address, floats ? "home_location.name" : "location.name"));
	if (json_is_integer(server))
		print_field("Server", "%lld", (long long)json_integer_value(server));
	else
		print_field("Server", "none: it answers nowhere");
	if (!floats)
		print_field("Goes with its server", "%s",
			    json_is_true(json_object_get(address, "auto_delete")) ? "yes" : "no");
	json_array_foreach(names, i, name) print_field(
		"Reverse name", "%s %s", json_text(name, "ip"), json_text(name, "dns_ptr"));
}

static int show(struct invocation *invocation)
{
	const struct kind *kind = kind_of(invocation);

	return request_show(invocation, kind->collection, kind->collection, kind->one,
			    print_address);
}

static int find(struct invocation *invocation, json_t **ret, struct err *err)
{
	const struct kind *kind = kind_of(invocation);

	return api_find(invocation->api, kind->collection, kind->collection, kind->one,
			invocation->positionals[0], ret, err);
}

static int find_server(struct invocation *invocation, const char *name, json_int_t *ret,
		       struct err *err)
{
	json_t *server = NULL;
	const int code =
		api_find(invocation->api, "servers", "servers", "server", name, &server, err);

	if (code == 0)
		*ret = json_number(server, "id");
	json_decref(server);
	return code;
}

/* A floating address does nothing until the system on the server knows it. */
static void print_inside(const struct invocation *invocation, const char *ip)
{
	const bool is_network = strchr(ip, '/') != NULL;
	char address[64];

	if (invocation->json || invocation->quiet ||
	    strcmp(invocation->command->noun, "floating-ip") != 0)
		return;
	(void)snprintf(address, sizeof address, "%.*s%s", (int)strcspn(ip, "/"), ip,
		       is_network ? "1/128" : "/32");
	(void)fprintf(stderr,
		      "On the server, until its next start: sudo ip addr add %s dev eth0\n"
		      "The manual's page on floating IPs says how it stays.\n",
		      address);
}

static int create(struct invocation *invocation)
{
	const struct kind *kind = kind_of(invocation);
	const char *location = option_text(invocation, "location"),
		   *server = option_text(invocation, "server"),
		   *description = option_text(invocation, "description");
	json_t *reply = NULL, *body = json_pack("{s:s, s:s}", "name", invocation->positionals[0],
						"type", invocation->positionals[1]);
	struct err err = {0};
	json_int_t id = 0;
	char path[PATH_BYTES];
	int code = 0;

	if (location != NULL)
		(void)json_object_set_new(body, kind->home, json_string(location));
	if (description != NULL)
		(void)json_object_set_new(body, "description", json_string(description));
	request_add_labels(invocation, body);
	if (server != NULL && (code = find_server(invocation, server, &id, &err)) == 0)
		(void)json_object_set_new(body, kind->server, json_integer(id));
	(void)snprintf(path, sizeof path, "/%s", kind->collection);
	if (code == 0)
		code = api_call(invocation->api, "POST", path, body, -1, &reply, &err);
	json_decref(body);
	if (code < 0)
		return print_failure(&err);
	if (!invocation->json) {
		(void)snprintf(path, sizeof path, "%s.ip", kind->one);
		(void)printf("%s\n", json_text(reply, path));
		if (server != NULL)
			print_inside(invocation, json_text(reply, path));
	}
	return request_finish(invocation, reply, NULL, true);
}

static int act(struct invocation *invocation, const json_t *address, const char *action,
	       json_t *body)
{
	const struct kind *kind = kind_of(invocation);
	char path[PATH_BYTES];
	struct err err = {0};
	json_t *reply = NULL;

	(void)snprintf(path, sizeof path, "/%s/%lld/actions/%s", kind->collection,
		       (long long)json_number(address, "id"), action);
	const int code = api_call(invocation->api, "POST", path, body, -1, &reply, &err);
	json_decref(body);
	if (code < 0)
		return print_failure(&err);
	return request_finish(invocation, reply, NULL, true);
}

/* Finds it, and does something to it. Steals @body. */
static int act_on(struct invocation *invocation, const char *action, json_t *body)
{
	struct err err = {0};
	json_t *address = NULL;
	int code = find(invocation, &address, &err);

	if (code < 0) {
		json_decref(body);
		return print_failure(&err);
	}
	code = act(invocation, address, action, body);
	json_decref(address);
	return code;
}

static int assign(struct invocation *invocation)
{
	struct err err = {0};
	json_t *address = NULL;
	json_int_t id = 0;
	int code = find(invocation, &address, &err);

	if (code == 0)
		code = find_server(invocation, invocation->positionals[1], &id, &err);
	if (code < 0) {
		json_decref(address);
		return print_failure(&err);
	}
	code = act(invocation, address, "assign",
		   json_pack("{s:I}", kind_of(invocation)->server, id));
	if (code == EXIT_OK)
		print_inside(invocation, json_text(address, "ip"));
	json_decref(address);
	return code;
}

static int unassign(struct invocation *invocation)
{
	return act_on(invocation, "unassign", json_object());
}

static int reverse_name(struct invocation *invocation)
{
	const char *name = invocation->positional_count > 2 ? invocation->positionals[2] : NULL;

	return act_on(invocation, "change_dns_ptr",
		      json_pack("{s:s, s:s?}", "ip", invocation->positionals[1], "dns_ptr", name));
}

static int protect(struct invocation *invocation)
{
	return act_on(invocation, "change_protection", json_pack("{s:b}", "delete", 1));
}

static int unprotect(struct invocation *invocation)
{
	return act_on(invocation, "change_protection", json_pack("{s:b}", "delete", 0));
}

static int change(struct invocation *invocation, json_t *body)
{
	const struct kind *kind = kind_of(invocation);
	json_t *address = NULL, *reply = NULL;
	struct err err = {0};
	char path[PATH_BYTES];
	int code = find(invocation, &address, &err);

	(void)snprintf(path, sizeof path, "/%s/%lld", kind->collection,
		       (long long)json_number(address, "id"));
	if (code == 0)
		code = api_call(invocation->api, "PUT", path, body, -1, &reply, &err);
	json_decref(body);
	json_decref(address);
	if (code < 0)
		return print_failure(&err);
	if (invocation->json)
		print_json(reply);
	json_decref(reply);
	return EXIT_OK;
}

static int rename_address(struct invocation *invocation)
{
	return change(invocation, json_pack("{s:s}", "name", invocation->positionals[1]));
}

static int keep(struct invocation *invocation)
{
	return change(invocation, json_pack("{s:b}", "auto_delete", 0));
}

static int delete (struct invocation *invocation)
{
	const struct kind *kind = kind_of(invocation);

	return request_delete(invocation, kind->collection, kind->collection, kind->one,
			      "Somebody else may get this address.");
}

static const struct option_rule create_options[] = {
	{"location", "NAME", "where it is at home; needed without --server", false},
	{"server", "NAME", "give it to this server at once", false},
	{"description", "TEXT", "what it is for", false},
	{"label", "KEY=VALUE", "a label, may be given several times", false},
	{NULL, NULL, NULL, false},
};
static const struct option_rule primary_options[] = {
	{"location", "NAME", "where it is at home; needed without --server", false},
	{"server", "NAME", "give it to this server at once; it must be off", false},
	{"label", "KEY=VALUE", "a label, may be given several times", false},
	{NULL, NULL, NULL, false},
};
static const struct option_rule delete_options[] = {
	{"yes", NULL, "do not ask", false},
	{NULL, NULL, NULL, false},
};

const struct command address_commands[] = {
	{"floating-ip", "list", "", "List the floating IPs", NULL, list},
	{"floating-ip", "show", "NAME", "Show one floating IP", NULL, show},
	{"floating-ip", "create", "NAME TYPE",
	 "Reserve an address and print it; TYPE is ipv4 or ipv6", create_options, create},
	{"floating-ip", "assign", "NAME SERVER",
	 "Give it to a server, from whichever has it now, in one step", NULL, assign},
	{"floating-ip", "unassign", "NAME", "Take it from its server; it stays reserved", NULL,
	 unassign},
	{"floating-ip", "rename", "NAME NEW-NAME", "Give another name", NULL, rename_address},
	{"floating-ip", "reverse-name", "NAME ADDRESS [HOST-NAME]",
	 "Give an address a reverse name, or the usual one", NULL, reverse_name},
	{"floating-ip", "protect", "NAME", "Refuse deletion", NULL, protect},
	{"floating-ip", "unprotect", "NAME", "Allow deletion", NULL, unprotect},
	{"floating-ip", "delete", "NAME", "Give the address back", delete_options, delete},
	{"primary-ip", "list", "", "List the primary IPs", NULL, list},
	{"primary-ip", "show", "NAME", "Show one primary IP", NULL, show},
	{"primary-ip", "create", "NAME TYPE",
	 "Reserve an address and print it; TYPE is ipv4 or ipv6", primary_options, create},
	{"primary-ip", "assign", "NAME SERVER", "Give it to a server that is off and has none",
	 NULL, assign},
	{"primary-ip", "unassign", "NAME", "Take it from its server, which must be off", NULL,
	 unassign},
	{"primary-ip", "keep", "NAME", "Keep it when its server is deleted", NULL, keep},
	{"primary-ip", "rename", "NAME NEW-NAME", "Give another name", NULL, rename_address},
	{"primary-ip", "reverse-name", "NAME ADDRESS [HOST-NAME]",
	 "Give an address a reverse name, or the usual one", NULL, reverse_name},
	{"primary-ip", "protect", "NAME", "Refuse deletion", NULL, protect},
	{"primary-ip", "unprotect", "NAME", "Allow deletion", NULL, unprotect},
	{"primary-ip", "delete", "NAME", "Give the address back", delete_options, delete},
	{NULL, NULL, NULL, NULL, NULL, NULL},
};

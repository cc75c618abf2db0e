// ippo name-server: further name servers, which fetch every zone from here.
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/parse.h"
#include "cli/api.h"
#include "cli/cli.h"
#include "cli/print.h"
#include "cli/request.h"

static void row(struct table *table, const json_t *server)
{
	char id[24], port[24];

	(void)snprintf(id, sizeof id, "%lld", (long long)json_number(server, "id"));
	(void)snprintf(port, sizeof port, "%lld", (long long)json_number(server, "port"));
	table_row(table, id, json_text(server, "name"), json_text(server, "address"), port,
		  json_text(server, "created"));
}

static int list(struct invocation *invocation)
{
	return request_list(invocation, "/name_servers", "name_servers",
			    "ID NAME ADDRESS PORT CREATED", row,
			    "There are no further name servers. `ippo name-server add NAME "
			    "ADDRESS` makes one known.");
}

/* The configuration alone on the standard output: it goes into a file. */
static int print_config(struct invocation *invocation, json_t *reply, int code,
			const struct err *err)
{
	if (code < 0)
		return print_failure(err);
	if (invocation->json)
		print_json(reply);
	else
		(void)fputs(json_text(reply, "config"), stdout);
	json_decref(reply);
	return EXIT_OK;
}

static int add(struct invocation *invocation)
{
	const char *port = option_text(invocation, "port");
	struct err err = {0};
	json_t *reply = NULL, *body;
	uint64_t number = 0;
	int code;

	if (port != NULL && parse_u64(port, 1, UINT16_MAX, &number) < 0) {
		(void)fputs("ippo: --port is a number from 1 to 65535\n", stderr);
		return EXIT_USAGE;
	}
	body = json_pack("{s:s, s:s, s:s*, s:s*}", "name", invocation->positionals[0], "address",
			 invocation->positionals[1], "primary", option_text(invocation, "primary"),
			 "format", option_text(invocation, "format"));
	if (port != NULL)
		(void)json_object_set_new(body, "port", json_integer((json_int_t)number));
	code = api_call(invocation->api, "POST", "/name_servers", body, -1, &reply, &err);
	json_decref(body);
	if (code == 0 && !invocation->json && !invocation->quiet)
		(void)fputs("The key is shown this once.\n", stderr);
	return print_config(invocation, reply, code, &err);
}

/* The lists' own search wants ?name=, which there is no need for with so few. */
static int find(struct invocation *invocation, json_int_t *ret_id, struct err *err)
{
	const char *wanted = invocation->positionals[0];
	json_t *all = NULL, *server;
	uint64_t number = 0;
	size_t i;
	int code = api_call(invocation->api, "GET", "/name_servers", NULL, -1, &all, err);

	if (code < 0)
		return code;
	(void)parse_u64(wanted, 1, INT64_MAX, &number);
	code = err_set(err, ERR_NOT_FOUND, "there is no name server %s", wanted);
	json_array_foreach(json_object_get(all, "name_servers"), i, server)
	{
		if (strcmp(json_text(server, "name"), wanted) != 0 &&
		    json_number(server, "id") != (json_int_t)number)
			continue;
		*ret_id = json_number(server, "id");
		code = 0;
	}
	json_decref(all);
	return code;
}

static int config(struct invocation *invocation)
{
	struct buf path CLEANUP(buf_done) = {0};
	const char *primary = option_text(invocation, "primary");
	const char *format = option_text(invocation, "format");
	AUTO_FREE char *at = primary != NULL ? api_escape(primary) : NULL;
	AUTO_FREE char *word = format != NULL ? api_escape(format) : NULL;
	struct err err = {0};
	json_t *reply = NULL;
	json_int_t id = 0;
	int code = find(invocation, &id, &err);

	if (code == 0) {
		(void)buf_printf(&path, "/name_servers/%lld/config", (long long)id);
		if (word != NULL)
			(void)buf_printf(&path, "?format=%s", word);
		if (at != NULL)
			(void)buf_printf(&path, "%cprimary=%s", word != NULL ? '&' : '?', at);
		code = api_call(invocation->api, "GET", buf_str(&path), NULL, -1, &reply, &err);
	}
	return print_config(invocation, reply, code, &err);
}

static int renew_key(struct invocation *invocation)
{
	struct buf path CLEANUP(buf_done) = {0};
	struct err err = {0};
	json_t *reply = NULL, *body;
	json_int_t id = 0;
	int code = find(invocation, &id, &err);

	if (code < 0)
		return print_failure(&err);
	body = json_pack("{s:s*, s:s*}", "primary", option_text(invocation, "primary"), "format",
			 option_text(invocation, "format"));
	(void)buf_printf(&path, "/name_servers/%lld/actions/renew_key", (long long)id);
	code = api_call(invocation->api, "POST", buf_str(&path), body, -1, &reply, &err);
	json_decref(body);
	return print_config(invocation, reply, code, &err);
}

static void print_state(const json_t *state)
{
	print_field("State", "%s", json_text(state, "status"));
	if (json_is_string(json_at(state, "zone")))
		print_field("Asked for", "%s", json_text(state, "zone"));
	if (json_is_integer(json_at(state, "serial")))
		print_field("Serial", "%lld", (long long)json_number(state, "serial"));
	if (json_is_integer(json_at(state, "expected")))
		print_field("Expected", "%lld", (long long)json_number(state, "expected"));
	if (json_is_string(json_at(state, "reason")))
		print_field("Reason", "%s", json_text(state, "reason"));
}

static int show(struct invocation *invocation)
{
	struct buf path CLEANUP(buf_done) = {0};
	struct err err = {0};
	json_t *reply = NULL;
	json_int_t id = 0;
	int code = find(invocation, &id, &err);

	if (code == 0) {
		(void)buf_printf(&path, "/name_servers/%lld/state", (long long)id);
		code = api_call(invocation->api, "GET", buf_str(&path), NULL, -1, &reply, &err);
	}
	if (code < 0)
		return print_failure(&err);
	if (invocation->json)
		print_json(json_object_get(reply, "state"));
	else
		print_state(json_object_get(reply, "state"));
	json_decref(reply);
	return EXIT_OK;
}

static int zones(struct invocation *invocation)
{
	struct err err = {0};
	json_t *reply = NULL;

	if (api_call(invocation->api, "GET", "/name_servers/zones", NULL, -1, &reply, &err) < 0)
		return print_failure(&err);
	if (invocation->json) {
		print_json(json_object_get(reply, "zones"));
	} else {
		print_field("Zones", "%lld", (long long)json_number(reply, "zones.total"));
		print_field("Outdated", "%lld", (long long)json_number(reply, "zones.outdated"));
		print_field("Protected", "%lld", (long long)json_number(reply, "zones.protected"));
		print_field("With others", "%lld",
			    (long long)json_number(reply, "zones.elsewhere"));
	}
	json_decref(reply);
	return EXIT_OK;
}

static int update_zones(struct invocation *invocation)
{
	struct err err = {0};
	json_t *reply = NULL;

	if (!request_confirmed(invocation, "all zones",
			       "The NS records of those that are outdated become these name "
			       "servers; each can be taken back to its version before."))
		return EXIT_USAGE;
	if (api_call(invocation->api, "POST", "/name_servers/actions/update_zones", NULL, -1,
		     &reply, &err) < 0)
		return print_failure(&err);
	if (invocation->json)
		print_json(reply);
	else
		(void)printf("%lld zones are updated.\n", (long long)json_number(reply, "updated"));
	json_decref(reply);
	return EXIT_OK;
}

static int delete (struct invocation *invocation)
{
	struct buf path CLEANUP(buf_done) = {0};
	struct err err = {0};
	json_int_t id = 0;
	int code = find(invocation, &id, &err);

	if (code < 0)
		return print_failure(&err);
	if (!request_confirmed(invocation, invocation->positionals[0],
			       "It gets no zone from now on."))
		return EXIT_USAGE;
	(void)buf_printf(&path, "/name_servers/%lld", (long long)id);
	code = api_call(invocation->api, "DELETE", buf_str(&path), NULL, -1, NULL, &err);
	return code < 0 ? print_failure(&err) : EXIT_OK;
}

#define FORMAT_OPTION                                                                              \
	{                                                                                          \
		"format", "knot|bind|nsd", "for which name server; knot without", false            \
	}

static const struct option_rule primary_options[] = {
	FORMAT_OPTION,
	{"primary", "ADDRESS[:PORT]",
	 "where it reaches the first name server; as [dns] says without", false},
	{NULL, NULL, NULL, false},
};
static const struct option_rule add_options[] = {
	FORMAT_OPTION,
	{"port", "PORT", "at which it answers; 53 without", false},
	{"primary", "ADDRESS[:PORT]",
	 "where it reaches the first name server; as [dns] says without", false},
	{NULL, NULL, NULL, false},
};
static const struct option_rule delete_options[] = {
	{"yes", NULL, "do not ask", false},
	{NULL, NULL, NULL, false},
};

const struct command name_server_commands[] = {
	{"name-server", "list", "", "List the further name servers", NULL, list},
	{"name-server", "add", "NAME ADDRESS",
	 "Make one known that fetches every zone; prints its configuration, with the key this once",
	 add_options, add},
	{"name-server", "config", "NAME", "Print its configuration again, without the key",
	 primary_options, config},
	{"name-server", "renew-key", "NAME",
	 "Make another key and print the configuration with it; the old one works no more",
	 primary_options, renew_key},
	{"name-server", "show", "NAME", "Ask it now whether it follows: the newest zone's serial",
	 NULL, show},
	{"name-server", "zones", "", "Count the zones whose NS records are not these name servers",
	 NULL, zones},
	{"name-server", "update-zones", "",
	 "Give zones that name only servers of this service those there are now", delete_options,
	 update_zones},
	{"name-server", "delete", "NAME", "Let it fetch no more", delete_options, delete},
	{NULL, NULL, NULL, NULL, NULL, NULL},
};

// ippo host: the machine that servers run on, and its maintenance.
#include <stdio.h>
#include <string.h>

#include "cli/api.h"
#include "cli/print.h"
#include "cli/request.h"

static void host_row(struct table *table, const json_t *host)
{
	const bool cared_for = json_is_object(json_object_get(host, "maintenance"));
	char id[24], cpus[24], memory[24], servers[24];

	(void)snprintf(id, sizeof id, "%lld", (long long)json_number(host, "id"));
	(void)snprintf(cpus, sizeof cpus, "%lld", (long long)json_number(host, "cpus"));
	(void)snprintf(memory, sizeof memory, "%lld", (long long)json_number(host, "memory_mib"));
	(void)snprintf(servers, sizeof servers, "%lld", (long long)json_number(host, "servers"));
	table_row(table, id, json_text(host, "name"),
		  cared_for ? "maintenance" : json_text(host, "status"),
		  json_text(host, "virtualization"), cpus, memory, servers,
		  json_text(host, "hypervisor"));
}

static int host_list(struct invocation *invocation)
{
	return request_list(invocation, "/hosts", "hosts",
			    "ID NAME STATUS VIRTUALIZATION CPUS MEMORY-MIB SERVERS SOFTWARE",
			    host_row, "There are no hosts.");
}

static void host_print(const json_t *host)
{
	const json_t *maintenance = json_object_get(host, "maintenance");
	const char *reason = json_text(host, "virtualization_reason");
	const double gib = 1024.0 * 1024 * 1024;

	print_field("Name", "%s", json_text(host, "name"));
	print_field("Status", "%s", json_text(host, "status"));
	print_field("Last seen", "%s", json_text(host, "last_seen"));
	if (json_is_object(maintenance))
		print_field("Maintenance", "since %s: %s", json_text(maintenance, "since"),
			    json_text(maintenance, "reason"));
	print_field("Virtualization", "%s", json_text(host, "virtualization"));
	if (*reason != '\0' && strcmp(reason, "-") != 0)
		print_field("", "%s", reason);
	print_field("Software", "%s", json_text(host, "hypervisor"));
	print_field("Servers", "%lld, %lld running", (long long)json_number(host, "servers"),
		    (long long)json_number(host, "servers_running"));
	print_field("CPUs", "%lld", (long long)json_number(host, "cpus"));
	print_field("Memory", "%lld MiB, %lld of them for running servers",
		    (long long)json_number(host, "memory_mib"),
		    (long long)json_number(host, "memory_servers_mib"));
	print_field("Storage", "%.1f GiB, %.1f free", (double)json_number(host, "pool_bytes") / gib,
		    (double)json_number(host, "pool_free_bytes") / gib);
}

/* There is one host so far, so its name may be left out: *ret is borrowed from @hosts. */
static int find(struct invocation *invocation, const char *name, json_t **ret_hosts,
		const json_t **ret)
{
	struct err err = {0};
	const json_t *host;
	size_t i;

	if (api_list(invocation->api, "/hosts", "hosts", ret_hosts, &err) < 0)
		return print_failure(&err);
	json_array_foreach(*ret_hosts, i, host)
	{
		if (name != NULL && strcmp(name, json_text(host, "name")) != 0)
			continue;
		*ret = host;
		return EXIT_OK;
	}
	(void)fprintf(stderr, "ippo: there is no host %s; `ippo host list` shows what there is\n",
		      name != NULL ? name : "");
	return EXIT_NOT_FOUND;
}

static void show(const struct invocation *invocation, const json_t *host)
{
	if (invocation->json)
		print_json(host);
	else
		host_print(host);
}

static int host_show(struct invocation *invocation)
{
	json_t *hosts = NULL;
	const json_t *host = NULL;
	int code = find(invocation, invocation->positionals[0], &hosts, &host);

	if (code == EXIT_OK)
		show(invocation, host);
	json_decref(hosts);
	return code;
}

static int host_maintenance(struct invocation *invocation)
{
	const char *word = invocation->positionals[0], *reason = option_text(invocation, "reason");
	const bool on = strcmp(word, "on") == 0;
	json_t *hosts = NULL, *reply = NULL;
	const json_t *host = NULL;
	struct err err = {0};
	char path[48];
	int code;

	if (!on && strcmp(word, "off") != 0) {
		(void)fprintf(stderr, "ippo: maintenance is on or off, not \"%s\"\n", word);
		return EXIT_USAGE;
	}
	if (on == (reason == NULL)) {
		(void)fputs(on ? "ippo: say what customers are told: --reason TEXT\n"
			       : "ippo: --reason goes with on\n",
			    stderr);
		return EXIT_USAGE;
	}
	code = find(invocation, invocation->positionals[1], &hosts, &host);
	if (code == EXIT_OK) {
		(void)snprintf(path, sizeof path, "/hosts/%lld",
			       (long long)json_number(host, "id"));
		json_t *body = on ? json_pack("{s:{s:s}}", "maintenance", "reason", reason)
				  : json_pack("{s:n}", "maintenance");
		code = body == NULL ? EXIT_USAGE
		       : api_call(invocation->api, "PUT", path, body, -1, &reply, &err) < 0
			       ? print_failure(&err)
			       : EXIT_OK;
		json_decref(body);
	}
	if (code == EXIT_OK)
		show(invocation, json_object_get(reply, "host"));
	json_decref(reply);
	json_decref(hosts);
	return code;
}

static const struct option_rule maintenance_options[] = {
	{"reason", "TEXT", "what customers are told who want a new server", false},
	{NULL, NULL, NULL, false},
};

const struct command host_commands[] = {
	{"host", "list", "", "List the hosts", NULL, host_list},
	{"host", "show", "[NAME]", "Show a host: what it has, and whether it is in maintenance",
	 NULL, host_show},
	{"host", "maintenance", "ON-OR-OFF [NAME]",
	 "on: no new servers are made, the others go on; off: as before", maintenance_options,
	 host_maintenance},
	{NULL, NULL, NULL, NULL, NULL, NULL},
};

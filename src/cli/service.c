// ippo action, health, ca and completion: the service itself.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/config.h"
#include "base/parse.h"
#include "cli/api.h"
#include "cli/print.h"
#include "cli/request.h"

static void action_row(struct table *table, const json_t *action)
{
	char id[24], progress[24], resource[64] = "";
	const json_t *first = json_array_get(json_object_get(action, "resources"), 0);

	(void)snprintf(id, sizeof id, "%lld", (long long)json_number(action, "id"));
	(void)snprintf(progress, sizeof progress, "%lld%%",
		       (long long)json_number(action, "progress"));
	if (first != NULL)
		(void)snprintf(resource, sizeof resource, "%s %lld", json_text(first, "type"),
			       (long long)json_number(first, "id"));
	table_row(table, id, json_text(action, "command"), json_text(action, "status"), progress,
		  resource, json_text(action, "started"), json_text(action, "error.code"));
}

static int action_list(struct invocation *invocation)
{
	return request_list(invocation, "/actions?sort=id:desc", "actions",
			    "ID COMMAND STATUS PROGRESS ON STARTED ERROR", action_row,
			    "Nothing has been done yet.");
}

static void action_print(const json_t *action)
{
	print_field("ID", "%lld", (long long)json_number(action, "id"));
	print_field("Command", "%s", json_text(action, "command"));
	print_field("Status", "%s, %lld%%", json_text(action, "status"),
		    (long long)json_number(action, "progress"));
	print_field("Started", "%s", json_text(action, "started"));
	print_field("Finished", "%s", json_text(action, "finished"));
	if (json_is_object(json_object_get(action, "error")))
		print_field("Error", "%s (%s)", json_text(action, "error.message"),
			    json_text(action, "error.code"));
}

static int action_show(struct invocation *invocation)
{
	return request_show(invocation, "actions", "actions", "action", action_print);
}

static int action_wait(struct invocation *invocation)
{
	struct err err = {0};
	uint64_t id;

	if (parse_u64(invocation->positionals[0], 1, INT64_MAX, &id) < 0) {
		(void)fputs(
			"ippo: an action is named by its number; `ippo action list` shows them\n",
			stderr);
		return EXIT_USAGE;
	}
	if (api_wait(invocation->api, (int64_t)id, invocation->quiet, &err) == 0)
		return EXIT_OK;
	int code = print_failure(&err);
	return code == EXIT_REFUSED_BY_SERVICE ? EXIT_ACTION_FAILED : code;
}

static int health(struct invocation *invocation)
{
	struct err err = {0};
	json_t *reply = NULL;

	if (api_call(invocation->api, "GET", "/health", NULL, -1, &reply, &err) < 0)
		return print_failure(&err);
	const json_t *state = json_object_get(reply, "health");
	const bool ok = strcmp(json_text(state, "status"), "ok") == 0;
	if (invocation->json) {
		print_json(state);
	} else {
		const char *key;
		json_t *value;
		json_object_foreach(json_object_get(reply, "health"), key, value)
		{
			char *text = json_is_string(value) ? strdup(json_string_value(value))
							   : json_dumps(value, JSON_ENCODE_ANY);
			print_field(key, "%s", text);
			free(text);
		}
	}
	json_decref(reply);
	return ok ? EXIT_OK : EXIT_REFUSED_BY_SERVICE;
}

static int ca_path(struct invocation *invocation)
{
	char path[CONFIG_PATH_BYTES + 16];
	struct config config;
	struct err err = {0};

	if (config_load(invocation->config_path, &config, &err) < 0)
		return print_failure(&err);
	(void)snprintf(path, sizeof path, "%s/ca/ca.pem", config.state_dir);
	if (access(path, R_OK) < 0) {
		(void)fprintf(stderr,
			      "ippo: no CA at %s: %s. It is made at the service's first start\n",
			      path, strerror(errno));
		return EXIT_NOT_FOUND;
	}
	(void)puts(path);
	return EXIT_OK;
}

static int completion(struct invocation *invocation)
{
	if (strcmp(invocation->positionals[0], "bash") != 0) {
		(void)fputs("ippo: there is completion for bash alone\n", stderr);
		return EXIT_USAGE;
	}
	help_completion_bash();
	return EXIT_OK;
}

const struct command service_commands[] = {
	{"action", "list", "", "List what was asked for, newest first", NULL, action_list},
	{"action", "show", "ID", "Show one action", NULL, action_show},
	{"action", "wait", "ID", "Wait for its end", NULL, action_wait},
	{"health", NULL, "", "Say whether the service is well, and how it virtualizes", NULL,
	 health},
	{"ca", "path", "", "Print where the CA certificate lies", NULL, ca_path},
	{"completion", NULL, "SHELL", "Print a completion script; SHELL is bash", NULL, completion,
	 true},
	{NULL, NULL, NULL, NULL, NULL, NULL},
};

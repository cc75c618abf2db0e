// ippo action, health, ca, backup, restore and completion: the service itself.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
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

static int load_config(const struct invocation *invocation, struct config *ret)
{
	struct err err = {0};

	return config_load(invocation->config_path, ret, &err) < 0 ? print_failure(&err) : 0;
}

static int ca_path(struct invocation *invocation)
{
	char path[CONFIG_PATH_BYTES + 16];
	struct config config;
	int code = load_config(invocation, &config);

	if (code != 0)
		return code;
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

/* Runs tar and waits. Returns an exit code. */
static int run_tar(char *const arguments[])
{
	int status;
	pid_t child = fork();

	if (child == 0) {
		(void)execvp("tar", arguments);
		_exit(127);
	}
	if (child < 0 || waitpid(child, &status, 0) < 0 || !WIFEXITED(status) ||
	    WEXITSTATUS(status) != 0) {
		(void)fputs("ippo: tar failed\n", stderr);
		return EXIT_REFUSED_BY_SERVICE;
	}
	return EXIT_OK;
}

#define WORD(text) ((char *)(uintptr_t)(text))

/*
 * A backup is a tar of what cannot be made again: a consistent copy of the database (made by core,
 * handed over through a descriptor, so nothing is read under its feet), the certificate authority
 * and the server certificate. With --disks, the images and disks too; stop the servers first for
 * clean file systems.
 */
static int backup(struct invocation *invocation)
{
	char copy_dir[] = "/tmp/ippo-backup-XXXXXX";
	char copy[sizeof copy_dir + 32], core_dir[sizeof copy_dir + 16];
	struct config config;
	struct err err = {0};
	int code = load_config(invocation, &config);

	if (code != 0)
		return code;
	if (!api_is_local(invocation->api) || geteuid() != 0) {
		(void)fputs("ippo: a backup is made by root on the service's own machine\n",
			    stderr);
		return EXIT_NO_RIGHT;
	}
	if (mkdtemp(copy_dir) == NULL) {
		(void)fprintf(stderr, "ippo: cannot make a folder in /tmp: %s\n", strerror(errno));
		return EXIT_REFUSED_BY_SERVICE;
	}
	(void)snprintf(core_dir, sizeof core_dir, "%s/core", copy_dir);
	(void)snprintf(copy, sizeof copy, "%s/core/ippo.db", copy_dir);
	(void)mkdir(core_dir, 0700);
	AUTO_CLOSE int fd = open(copy, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 || api_call(invocation->api, "POST", "/backups", NULL, fd, NULL, &err) < 0) {
		code = fd < 0 ? EXIT_REFUSED_BY_SERVICE : print_failure(&err);
	} else {
		(void)umask(077);
		char *arguments[] = {WORD("tar"),
				     WORD("-czf"),
				     WORD(invocation->positionals[0]),
				     WORD("-C"),
				     copy_dir,
				     WORD("core"),
				     WORD("-C"),
				     config.state_dir,
				     WORD("ca"),
				     WORD("web"),
				     option_given(invocation, "disks") ? WORD("host") : NULL,
				     NULL};
		code = run_tar(arguments);
	}
	(void)unlink(copy);
	(void)rmdir(core_dir);
	(void)rmdir(copy_dir);
	if (code == EXIT_OK && !invocation->quiet)
		(void)printf(
			"Saved to %s. It holds the CA's key: keep it as you keep a password.\n",
			invocation->positionals[0]);
	return code;
}

static int restore(struct invocation *invocation)
{
	char database[CONFIG_PATH_BYTES + 32];
	struct config config;
	struct err err = {0};
	json_t *reply = NULL;
	int code = load_config(invocation, &config);

	if (code != 0)
		return code;
	if (geteuid() != 0) {
		(void)fputs("ippo: a state is restored by root on the service's own machine\n",
			    stderr);
		return EXIT_NO_RIGHT;
	}
	if (api_call(invocation->api, "GET", "/health", NULL, -1, &reply, &err) == 0) {
		json_decref(reply);
		(void)fputs("ippo: the service runs; stop it first (make down, or systemctl stop "
			    "ippod)\n",
			    stderr);
		return EXIT_REFUSED_BY_SERVICE;
	}
	(void)snprintf(database, sizeof database, "%s/core/ippo.db", config.state_dir);
	if (access(database, F_OK) == 0 && !option_given(invocation, "yes")) {
		(void)fprintf(stderr,
			      "ippo: %s exists and would be replaced; give --yes to go on\n",
			      database);
		return EXIT_USAGE;
	}
	/* A journal of the old database must never be played into the restored one. */
	static const char *const journals[] = {"-wal", "-shm"};
	for (size_t i = 0; i < ARRAY_SIZE(journals); i++) {
		char journal[sizeof database + 8];
		(void)snprintf(journal, sizeof journal, "%s%s", database, journals[i]);
		(void)unlink(journal);
	}
	char *arguments[] = {WORD("tar"), WORD("-xzf"),     WORD(invocation->positionals[0]),
			     WORD("-C"),  config.state_dir, WORD("--no-same-owner"),
			     NULL};
	code = run_tar(arguments);
	if (code == EXIT_OK && !invocation->quiet)
		(void)puts(
			"Restored. Start the service; it sets owners and compares with what runs.");
	return code;
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

static const struct option_rule backup_options[] = {
	{"disks", NULL, "images and disks too", false},
	{NULL, NULL, NULL, false},
};
static const struct option_rule restore_options[] = {
	{"yes", NULL, "replace what is there", false},
	{NULL, NULL, NULL, false},
};

const struct command service_commands[] = {
	{"action", "list", "", "List what was asked for, newest first", NULL, action_list},
	{"action", "show", "ID", "Show one action", NULL, action_show},
	{"action", "wait", "ID", "Wait for its end", NULL, action_wait},
	{"health", NULL, "", "Say whether the service is well, and how it virtualizes", NULL,
	 health},
	{"ca", "path", "", "Print where the CA certificate lies", NULL, ca_path},
	{"backup", NULL, "FILE", "Save the state of the service", backup_options, backup},
	{"restore", NULL, "FILE", "Bring a saved state back, while the service is stopped",
	 restore_options, restore},
	{"completion", NULL, "SHELL", "Print a completion script; SHELL is bash", NULL, completion},
	{NULL, NULL, NULL, NULL, NULL, NULL},
};

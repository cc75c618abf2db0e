#include "model/action.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

static const struct {
	enum action_command command;
	const char *name;
} commands[] = {
#define X(command, number, text) {command, text},
	ACTION_COMMAND_LIST(X)
#undef X
};

static const char *const status_names[] = {
	[ACTION_RUNNING] = "running", [ACTION_SUCCESS] = "success", [ACTION_ERROR] = "error"};

void action_done(struct action *action)
{
	free(action->params);
	memset(action, 0, sizeof(*action));
}

const char *action_command_name(enum action_command command)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (commands[i].command == command)
			return commands[i].name;
	return "unknown";
}

int action_command_parse(const char *text, enum action_command *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		if (strcmp(commands[i].name, text) == 0) {
			*ret = commands[i].command;
			return 0;
		}
	}
	return -EINVAL;
}

const char *action_status_name(enum action_status status)
{
	if (status < ACTION_RUNNING || status > ACTION_ERROR)
		return "unknown";
	return status_names[status];
}

int action_status_parse(const char *text, enum action_status *ret)
{
	for (size_t i = ACTION_RUNNING; i <= ACTION_ERROR; i++) {
		if (strcmp(status_names[i], text) == 0) {
			*ret = (enum action_status)i;
			return 0;
		}
	}
	return -EINVAL;
}

const char *action_resource_name(enum action_resource_type type)
{
	switch (type) {
	case ACTION_RESOURCE_SERVER:
		return "server";
	case ACTION_RESOURCE_IMAGE:
		return "image";
	case ACTION_RESOURCE_ADDRESS:
		return "primary_ip";
	case ACTION_RESOURCE_ZONE:
		return "zone";
	case ACTION_RESOURCE_FIREWALL:
		return "firewall";
	case ACTION_RESOURCE_FLOATING_IP:
		return "floating_ip";
	case ACTION_RESOURCE_NETWORK:
		return "network";
	}
	return "unknown";
}

int action_add_resource(struct action *action, enum action_resource_type type, uint64_t id)
{
	if (action->resource_count >= ACTION_MAX_RESOURCES)
		return -ENOSPC;
	action->resources[action->resource_count++] =
		(struct action_resource){.type = type, .id = id};
	return 0;
}

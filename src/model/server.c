#include "model/server.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define BIT(status) (1U << (status))
#define ANY         (BIT(SERVER_STATUS_COUNT) - 1)

static const char *const status_names[SERVER_STATUS_COUNT] = {
	[SERVER_INITIALIZING] = "initializing",
	[SERVER_STARTING] = "starting",
	[SERVER_RUNNING] = "running",
	[SERVER_STOPPING] = "stopping",
	[SERVER_OFF] = "off",
	[SERVER_DELETING] = "deleting",
	[SERVER_REBUILDING] = "rebuilding",
	[SERVER_MIGRATING] = "migrating",
	[SERVER_UNKNOWN] = "unknown",
};

/* The state machine: in which states a command may begin, and what is said where it may not. A
 * state that only ever holds while an action has the lock is listed where a failed action may have
 * left it behind. */
static const struct rule {
	enum action_command command;
	uint32_t allowed; /* bits of enum server_status */
	int code;
	const char *refusal; /* follows "the server is <status>" */
} rules[] = {
	{ACTION_CREATE_SERVER, BIT(SERVER_INITIALIZING), ERR_UNSUPPORTED, "it exists already"},
	{ACTION_START_SERVER, BIT(SERVER_OFF) | BIT(SERVER_RUNNING) | BIT(SERVER_UNKNOWN),
	 ERR_UNSUPPORTED, "wait until it is off"},
	{ACTION_STOP_SERVER,
	 BIT(SERVER_RUNNING) | BIT(SERVER_STARTING) | BIT(SERVER_STOPPING) | BIT(SERVER_OFF) |
		 BIT(SERVER_UNKNOWN),
	 ERR_UNSUPPORTED, "wait until that is over"},
	{ACTION_SHUTDOWN_SERVER,
	 BIT(SERVER_RUNNING) | BIT(SERVER_STARTING) | BIT(SERVER_STOPPING) | BIT(SERVER_OFF) |
		 BIT(SERVER_UNKNOWN),
	 ERR_UNSUPPORTED, "wait until that is over"},
	{ACTION_REBOOT_SERVER, BIT(SERVER_RUNNING) | BIT(SERVER_UNKNOWN), ERR_UNSUPPORTED,
	 "only a running server can be rebooted; start it first"},
	{ACTION_RESET_SERVER, BIT(SERVER_RUNNING) | BIT(SERVER_STOPPING) | BIT(SERVER_UNKNOWN),
	 ERR_UNSUPPORTED, "only a running server can be reset; start it first"},
	{ACTION_DELETE_SERVER, ANY, ERR_UNSUPPORTED, "it cannot be deleted now"},
	{ACTION_REBUILD_SERVER, ANY & ~(BIT(SERVER_INITIALIZING) | BIT(SERVER_DELETING)),
	 ERR_UNSUPPORTED, "it cannot be rebuilt now"},
	{ACTION_RESTORE_KEPT_DISK, ANY & ~(BIT(SERVER_INITIALIZING) | BIT(SERVER_DELETING)),
	 ERR_UNSUPPORTED, "its disk cannot be replaced now"},
	{ACTION_DELETE_KEPT_DISK, ANY & ~BIT(SERVER_DELETING), ERR_UNSUPPORTED,
	 "nothing of it can be changed any more"},
	{ACTION_CREATE_IMAGE, BIT(SERVER_RUNNING) | BIT(SERVER_OFF), ERR_UNSUPPORTED,
	 "an image is made of one that runs or is off; wait until that is over"},
	{ACTION_ENABLE_BACKUP, ANY & ~BIT(SERVER_DELETING), ERR_UNSUPPORTED,
	 "nothing of it can be changed any more"},
	{ACTION_DISABLE_BACKUP, ANY & ~BIT(SERVER_DELETING), ERR_UNSUPPORTED,
	 "nothing of it can be changed any more"},
	{ACTION_CHANGE_SERVER_TYPE, BIT(SERVER_OFF), ERR_SERVER_NOT_STOPPED,
	 "shut it down before changing its plan"},
	{ACTION_ASSIGN_PRIMARY_IP, BIT(SERVER_OFF), ERR_SERVER_NOT_STOPPED,
	 "switch it off first: a system takes its own addresses over as it starts"},
	{ACTION_UNASSIGN_PRIMARY_IP, BIT(SERVER_OFF), ERR_SERVER_NOT_STOPPED,
	 "switch it off first: a system takes its own addresses over as it starts"},
	{ACTION_CHANGE_DNS_PTR, ANY & ~BIT(SERVER_DELETING), ERR_UNSUPPORTED,
	 "nothing of it can be changed any more"},
	{ACTION_CHANGE_PROTECTION, ANY & ~BIT(SERVER_DELETING), ERR_UNSUPPORTED,
	 "nothing of it can be changed any more"},
	{ACTION_RESET_PASSWORD, BIT(SERVER_RUNNING), ERR_UNSUPPORTED,
	 "the password can only be reset while it runs; start it first"},
	{ACTION_OPEN_INBOUND, ANY & ~BIT(SERVER_DELETING), ERR_UNSUPPORTED,
	 "nothing of it can be changed any more"},
	{ACTION_CHANGE_GUEST_AGENT,
	 ANY & ~(BIT(SERVER_DELETING) | BIT(SERVER_INITIALIZING) | BIT(SERVER_REBUILDING)),
	 ERR_UNSUPPORTED, "wait until that is over"},
	{ACTION_ATTACH_TO_NETWORK,
	 ANY & ~(BIT(SERVER_DELETING) | BIT(SERVER_INITIALIZING) | BIT(SERVER_REBUILDING)),
	 ERR_UNSUPPORTED, "wait until that is over"},
	{ACTION_DETACH_FROM_NETWORK,
	 ANY & ~(BIT(SERVER_DELETING) | BIT(SERVER_INITIALIZING) | BIT(SERVER_REBUILDING)),
	 ERR_UNSUPPORTED, "wait until that is over"},
	{ACTION_CHANGE_ALIAS_IPS,
	 ANY & ~(BIT(SERVER_DELETING) | BIT(SERVER_INITIALIZING) | BIT(SERVER_REBUILDING)),
	 ERR_UNSUPPORTED, "wait until that is over"},
	{ACTION_ENABLE_RESCUE, ANY & ~BIT(SERVER_DELETING), ERR_UNSUPPORTED,
	 "nothing of it can be changed any more"},
	{ACTION_DISABLE_RESCUE, ANY & ~BIT(SERVER_DELETING), ERR_UNSUPPORTED,
	 "nothing of it can be changed any more"},
	{ACTION_CHECK_FIRST_STEP, BIT(SERVER_RUNNING), ERR_SERVER_NOT_RUNNING,
	 "only a running server can be checked; start it first"},
	{ACTION_REQUEST_CONSOLE, ANY & ~(BIT(SERVER_DELETING) | BIT(SERVER_REBUILDING)), ERR_LOCKED,
	 "there is a console again when that is over"},
};

void server_done(struct server *server)
{
	label_done(&server->labels);
	free(server->dns_ptrs);
	free(server->host_keys);
	free(server->rescue_host_keys);
	memset(server, 0, sizeof(*server));
}

const char *server_status_name(enum server_status status)
{
	return (unsigned)status < SERVER_STATUS_COUNT ? status_names[status] : "unknown";
}

int server_status_parse(const char *text, enum server_status *ret)
{
	for (unsigned i = 0; i < SERVER_STATUS_COUNT; i++) {
		if (strcmp(status_names[i], text) == 0) {
			*ret = (enum server_status)i;
			return 0;
		}
	}
	return -EINVAL;
}

int server_admit(const struct server *server, enum action_command locked_by,
		 enum action_command command, struct err *err)
{
	const struct rule *rule = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(rules) && !rule; i++)
		if (rules[i].command == command)
			rule = &rules[i];
	if (!rule)
		return err_set(err, ERR_UNSUPPORTED, "%s is not done to a server",
			       action_command_name(command));
	/* The way out of every mistake is open while something else goes on. */
	if (server->locked_action_id && command != ACTION_REQUEST_CONSOLE &&
	    !(command == ACTION_STOP_SERVER && locked_by == ACTION_SHUTDOWN_SERVER))
		return err_set(err, ERR_LOCKED,
			       "server %s is busy with action %llu (%s): wait until it ends",
			       server->name, (unsigned long long)server->locked_action_id,
			       action_command_name(locked_by));
	if (command == ACTION_DELETE_SERVER && server->protect_delete)
		return err_set(err, ERR_PROTECTED,
			       "server %s is protected from deletion: lift the protection first",
			       server->name);
	/* Both take the disk that is in use away. */
	if ((command == ACTION_REBUILD_SERVER || command == ACTION_RESTORE_KEPT_DISK) &&
	    server->protect_rebuild)
		return err_set(err, ERR_PROTECTED,
			       "server %s is protected from rebuilding: lift the protection first",
			       server->name);
	if (!(rule->allowed & BIT(server->status)))
		return err_set(err, rule->code, "server %s is %s: %s", server->name,
			       server_status_name(server->status), rule->refusal);
	return 0;
}

enum server_status server_status_during(enum action_command command, enum server_status now)
{
	switch (command) {
	case ACTION_CREATE_SERVER:
		return SERVER_INITIALIZING;
	case ACTION_START_SERVER:
		return now == SERVER_RUNNING ? SERVER_RUNNING : SERVER_STARTING;
	case ACTION_STOP_SERVER:
	case ACTION_SHUTDOWN_SERVER:
		return now == SERVER_OFF ? SERVER_OFF : SERVER_STOPPING;
	case ACTION_DELETE_SERVER:
		return SERVER_DELETING;
	case ACTION_REBUILD_SERVER:
	case ACTION_RESTORE_KEPT_DISK:
		return SERVER_REBUILDING;
	case ACTION_CHANGE_SERVER_TYPE:
		return SERVER_MIGRATING;
	case ACTION_REBOOT_SERVER:
	case ACTION_RESET_SERVER:
	case ACTION_CHANGE_DNS_PTR:
	case ACTION_CHANGE_PROTECTION:
	case ACTION_RESET_PASSWORD:
	case ACTION_IMPORT_IMAGE:
	case ACTION_DELETE_IMAGE:
	case ACTION_REQUEST_CONSOLE:
	case ACTION_CHECK_FIRST_STEP:
	case ACTION_OPEN_INBOUND:
	case ACTION_CHANGE_GUEST_AGENT:
	case ACTION_ENABLE_RESCUE:
	case ACTION_DISABLE_RESCUE:
	case ACTION_DELETE_KEPT_DISK:
	case ACTION_CREATE_IMAGE:
	case ACTION_ENABLE_BACKUP:
	case ACTION_DISABLE_BACKUP:
		ACTION_CASES_OF_ZONES
		ACTION_CASES_OF_NETWORKS
	case ACTION_SET_FIREWALL_RULES:
	case ACTION_APPLY_FIREWALL:
	case ACTION_REMOVE_FIREWALL:
	case ACTION_ASSIGN_FLOATING_IP:
	case ACTION_UNASSIGN_FLOATING_IP:
	case ACTION_ASSIGN_PRIMARY_IP:
	case ACTION_UNASSIGN_PRIMARY_IP:
		return now;
	}
	return now;
}

enum server_status server_status_after(enum action_command command, enum server_status before,
				       enum server_desired desired)
{
	switch (command) {
	case ACTION_CREATE_SERVER:
	case ACTION_REBUILD_SERVER:
	case ACTION_RESTORE_KEPT_DISK:
		return desired == SERVER_DESIRED_ON ? SERVER_RUNNING : SERVER_OFF;
	case ACTION_START_SERVER:
	case ACTION_REBOOT_SERVER:
	case ACTION_RESET_SERVER:
		return SERVER_RUNNING;
	case ACTION_STOP_SERVER:
	case ACTION_SHUTDOWN_SERVER:
	case ACTION_CHANGE_SERVER_TYPE:
		return SERVER_OFF;
	case ACTION_DELETE_SERVER:
		return SERVER_DELETING;
	case ACTION_CHANGE_DNS_PTR:
	case ACTION_CHANGE_PROTECTION:
	case ACTION_RESET_PASSWORD:
	case ACTION_IMPORT_IMAGE:
	case ACTION_DELETE_IMAGE:
	case ACTION_REQUEST_CONSOLE:
	case ACTION_CHECK_FIRST_STEP:
	case ACTION_OPEN_INBOUND:
	case ACTION_CHANGE_GUEST_AGENT:
	case ACTION_ENABLE_RESCUE:
	case ACTION_DISABLE_RESCUE:
	case ACTION_DELETE_KEPT_DISK:
	case ACTION_CREATE_IMAGE:
	case ACTION_ENABLE_BACKUP:
	case ACTION_DISABLE_BACKUP:
		ACTION_CASES_OF_ZONES
		ACTION_CASES_OF_NETWORKS
	case ACTION_SET_FIREWALL_RULES:
	case ACTION_APPLY_FIREWALL:
	case ACTION_REMOVE_FIREWALL:
	case ACTION_ASSIGN_FLOATING_IP:
	case ACTION_UNASSIGN_FLOATING_IP:
	case ACTION_ASSIGN_PRIMARY_IP:
	case ACTION_UNASSIGN_PRIMARY_IP:
		return before;
	}
	return before;
}

enum server_desired server_desired_after(enum action_command command, enum server_desired now)
{
	switch (command) {
	case ACTION_START_SERVER:
	case ACTION_REBOOT_SERVER:
	case ACTION_RESET_SERVER:
		return SERVER_DESIRED_ON;
	case ACTION_STOP_SERVER:
	case ACTION_SHUTDOWN_SERVER:
	case ACTION_DELETE_SERVER:
		return SERVER_DESIRED_OFF;
	case ACTION_CREATE_SERVER:
	case ACTION_REBUILD_SERVER:
	case ACTION_CHANGE_SERVER_TYPE:
	case ACTION_CHANGE_DNS_PTR:
	case ACTION_CHANGE_PROTECTION:
	case ACTION_RESET_PASSWORD:
	case ACTION_IMPORT_IMAGE:
	case ACTION_DELETE_IMAGE:
	case ACTION_REQUEST_CONSOLE:
	case ACTION_CHECK_FIRST_STEP:
	case ACTION_OPEN_INBOUND:
	case ACTION_CHANGE_GUEST_AGENT:
	case ACTION_ENABLE_RESCUE:
	case ACTION_DISABLE_RESCUE:
	case ACTION_DELETE_KEPT_DISK:
	case ACTION_CREATE_IMAGE:
	case ACTION_ENABLE_BACKUP:
	case ACTION_DISABLE_BACKUP:
	case ACTION_RESTORE_KEPT_DISK:
		ACTION_CASES_OF_ZONES
		ACTION_CASES_OF_NETWORKS
	case ACTION_SET_FIREWALL_RULES:
	case ACTION_APPLY_FIREWALL:
	case ACTION_REMOVE_FIREWALL:
	case ACTION_ASSIGN_FLOATING_IP:
	case ACTION_UNASSIGN_FLOATING_IP:
	case ACTION_ASSIGN_PRIMARY_IP:
	case ACTION_UNASSIGN_PRIMARY_IP:
		return now;
	}
	return now;
}

void server_default_dns_ptr(const struct ip *ip, char *out, size_t size)
{
	const uint8_t *b = ip->bytes;

	if (ip->family == 4) {
		(void)snprintf(out, size, "static.%u.%u.%u.%u.in-addr.invalid", b[3], b[2], b[1],
			       b[0]);
		return;
	}
	/* Sixteen digits name the /64; the rest belongs to the customer. */
	(void)snprintf(out, size, "static.%02x%02x-%02x%02x-%02x%02x-%02x%02x.ip6.invalid", b[0],
		       b[1], b[2], b[3], b[4], b[5], b[6], b[7]);
}

const char *server_dns_ptr(const struct server *server, const struct ip *ip)
{
	for (size_t i = 0; i < server->dns_ptr_count; i++)
		if (ip_equal(&server->dns_ptrs[i].ip, ip))
			return server->dns_ptrs[i].name;
	return NULL;
}

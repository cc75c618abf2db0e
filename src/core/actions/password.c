#include "core/actions/task.h"

#include <string.h>

#include "base/cleanup.h"

/* The hash is in memory alone. After a restart of the process it is gone, and so is the password
 * the customer was shown: the action fails instead of pretending. */
static int password_run(struct task *task, struct err *err)
{
	struct host_password password = {.user = "root"};
	struct buf body CLEANUP(buf_done) = {0};

	if (!task->password_hash)
		return err_set(err, ERR_SERVER,
			       "the service was restarted before the password was set; ask for "
			       "another one");
	memcpy(password.uuid, task->uuid, UUID_BYTES);
	(void)snprintf(password.hash, sizeof(password.hash), "%s", task->password_hash);
	host_password_write(&body, &password);
	return task_ask(task, HOST_PASSWORD_SET, &body, err);
}

static const struct step password_steps[] = {
	{.name = "password", .run = password_run},
};

static int password_accept(struct engine *engine, const struct action_request *request,
			   struct server *server, struct action *action, struct task_params *params,
			   struct err *err)
{
	(void)engine;
	(void)action;
	(void)params;
	if (server->agent_off)
		return err_set(
			err, ERR_AGENT_OFF,
			"the guest agent of this server is switched off, and nothing else can "
			"set a password inside it: switch it on first");
	if (!request->password_hash ||
	    strlen(request->password_hash) >= sizeof(((struct host_password *)NULL)->hash))
		return err_set(err, ERR_SERVER, "no usable password hash");
	return 0;
}

const struct command password_command = {
	.command = ACTION_RESET_PASSWORD,
	.steps = password_steps,
	.step_count = ARRAY_SIZE(password_steps),
	.accept = password_accept,
};

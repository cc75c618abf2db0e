#include "core/actions/task.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "store/store_server.h"

/*
 * Which system boots is decided by the domain's definition, and QEMU reads that when it starts. So
 * a reboot or a reset into the rescue system, or out of it, goes by way of off.
 */
static bool is_cold(const struct task *task)
{
	return task->params.cold;
}

static bool is_warm(const struct task *task)
{
	return !task->params.cold;
}

static void plan_boot(enum action_command command, const struct server *server,
		      struct task_params *params)
{
	if (command == ACTION_START_SERVER)
		params->cold = server->status != SERVER_RUNNING;
	else if (command == ACTION_REBOOT_SERVER || command == ACTION_RESET_SERVER)
		params->cold = server->rescue_armed || server->rescue_running;
	params->rescue = params->cold && server->rescue_armed;
}

static int power_accept(struct engine *engine, const struct action_request *request,
			struct server *server, struct action *action, struct task_params *params,
			struct err *err)
{
	int r = 0;

	(void)action;
	plan_boot(request->command, server, params);
	if (request->command == ACTION_START_SERVER && server->status != SERVER_RUNNING)
		r = verb_admit_memory(engine, server, err);
	return r ? r
		 : store_server_update_desired(
			   engine->store, server->id,
			   server_desired_after(request->command, server->desired), err);
}

/* A start puts in place whatever a restart of the machine or a lost file took away. */
static const struct step start_steps[] = {
	{.name = "network", .entered = verb_boot_entered, .run = verb_network_set},
	{.name = "define", .run = verb_define},
	{.name = "start", .run = verb_start, .answered = verb_started},
};

const struct command start_command = {
	.command = ACTION_START_SERVER,
	.steps = start_steps,
	.step_count = ARRAY_SIZE(start_steps),
	.accept = power_accept,
};

static const struct step stop_steps[] = {
	{.name = "stop", .flags = STEP_ABSENT, .run = verb_stop},
};

const struct command stop_command = {
	.command = ACTION_STOP_SERVER,
	.steps = stop_steps,
	.step_count = ARRAY_SIZE(stop_steps),
	.accept = power_accept,
};

/* What a waiting shutdown asks next. */
enum shutdown_phase { SHUTDOWN_ASK = 0, SHUTDOWN_LOOK = 1 };

/*
 * Asks the guest, waits, looks whether the domain is off (an event may have been lost with a
 * process), asks again. Once a forced stop has taken over the lock it only waits for that to
 * succeed.
 */
static int shutdown_run(struct task *task, struct err *err)
{
	const struct engine_limits *limits = &task->engine->limits;
	struct server server CLEANUP(server_done) = {0};
	int r = task_server(task, &server, err);

	if (r)
		return r;
	if (server.status == SERVER_OFF)
		return STEP_DONE;
	if (clock_now_ms() - task->step_started_ms >= (int64_t)limits->shutdown_most_ms)
		return err_set(err, ERR_TIMEOUT,
			       "the guest did not shut down within %u s; stop it by force "
			       "(poweroff), or try again",
			       limits->shutdown_most_ms / 1000);
	if (server.locked_action_id != task->action_id) {
		task->wake_ms = limits->shutdown_repeat_ms;
		return STEP_WAIT;
	}
	return verb_uuid(
		task, task->phase == SHUTDOWN_LOOK ? HOST_DOMAIN_STATE : HOST_DOMAIN_SHUTDOWN, err);
}

static int shutdown_answered(struct task *task, struct reader *answer, struct err *err)
{
	struct server server CLEANUP(server_done) = {0};
	int r = task_server(task, &server, err);

	if (r)
		return r;
	if (task->phase == SHUTDOWN_LOOK) {
		uint8_t state = reader_u8(answer);

		if (reader_done(answer))
			return err_set(err, ERR_PROTOCOL, "the host's answer cannot be read");
		if (state == HOST_DOMAIN_OFF || state == HOST_DOMAIN_CRASHED ||
		    state == HOST_DOMAIN_ABSENT) {
			task->has_power = true;
			task->power = SERVER_OFF;
			return STEP_DONE;
		}
		task->phase = SHUTDOWN_ASK;
		task->wake_ms = 1;
		return STEP_WAIT;
	}
	if (server.status == SERVER_OFF)
		return STEP_DONE;
	task->phase = SHUTDOWN_LOOK;
	task->wake_ms = task->engine->limits.shutdown_repeat_ms;
	return STEP_WAIT;
}

static const struct step shutdown_steps[] = {
	{.name = "shutdown", .run = shutdown_run, .answered = shutdown_answered},
};

const struct command shutdown_command = {
	.command = ACTION_SHUTDOWN_SERVER,
	.steps = shutdown_steps,
	.step_count = ARRAY_SIZE(shutdown_steps),
	.accept = power_accept,
};

#define OFF_STEP 1 /* of a reboot and a reset by way of off: after it the server is off */

static int reboot_run(struct task *task, struct err *err)
{
	return verb_uuid(task, HOST_DOMAIN_REBOOT, err);
}

static const struct step reboot_steps[] = {
	{.name = "reboot", .wanted = is_warm, .run = reboot_run},
	{.name = "shutdown", .wanted = is_cold, .run = shutdown_run, .answered = shutdown_answered},
	{.name = "network",
	 .wanted = is_cold,
	 .entered = verb_boot_entered,
	 .run = verb_network_set},
	{.name = "define", .wanted = is_cold, .run = verb_define},
	{.name = "start", .wanted = is_cold, .run = verb_start, .answered = verb_started},
};

/* What was switched off on the way, and then not on, is off: no event says so once more. */
static int boot_failed(struct task *task, struct err *err)
{
	if (task->params.cold && !task->has_power && task->results[OFF_STEP] == ACTION_STEP_DONE) {
		task->has_power = true;
		task->power = SERVER_OFF;
	}
	return task_end_restore(task, err);
}

const struct command reboot_command = {
	.command = ACTION_REBOOT_SERVER,
	.steps = reboot_steps,
	.step_count = ARRAY_SIZE(reboot_steps),
	.accept = power_accept,
	.failed = boot_failed,
};

static int reset_run(struct task *task, struct err *err)
{
	return verb_uuid(task, HOST_DOMAIN_RESET, err);
}

static const struct step reset_steps[] = {
	{.name = "reset", .wanted = is_warm, .run = reset_run},
	{.name = "stop", .flags = STEP_ABSENT, .wanted = is_cold, .run = verb_stop},
	{.name = "network",
	 .wanted = is_cold,
	 .entered = verb_boot_entered,
	 .run = verb_network_set},
	{.name = "define", .wanted = is_cold, .run = verb_define},
	{.name = "start", .wanted = is_cold, .run = verb_start, .answered = verb_started},
};

const struct command reset_command = {
	.command = ACTION_RESET_SERVER,
	.steps = reset_steps,
	.step_count = ARRAY_SIZE(reset_steps),
	.accept = power_accept,
	.failed = boot_failed,
};

/*
 * Theory of operation
 *
 * An action is a row, a table of steps in the program, and one row per step. A task is the action
 * in memory; it can be rebuilt from the rows at any instant, which is all that surviving a crash
 * takes. Forward:
 *
 *	start of step n recorded → run() asks a verb → answer → one transaction: what the answer
 *	means, end of step n, start of step n+1 (or the end of the action)
 *
 * A crash before the transaction repeats the verb (all are idempotent), one after it goes on.
 * A failure is recorded the same way; from then on the task walks down from the failed step
 * (which may have taken effect although it failed), undoing and recording each, and the last of
 * those transactions ends the action with the reason kept since. An undo is never given up.
 *
 * What only says "not now" (the host process has gone, the hypervisor cannot be reached) is tried
 * again with growing pauses for limits.unreachable_ms, then it is a failure too. A commit that
 * fails changes nothing in memory: the step is simply run again.
 */
#include "core/actions/task.h"

#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "core/reconcile.h"
#include "store/store_action.h"
#include "store/store_server.h"

#define REFUSED_TRIES     3 /* of a step the hypervisor refused: it may have been killed under it */
#define PROGRESS_PAUSE_MS 1000
#define VERB_TIMEOUT_MS   300000
#define SLOW_TIMEOUT_MS   900000
#define COPY_TIMEOUT_MS   (12 * 3600 * 1000)
#define SHORT_TEXT_BYTES  128

static const struct command *const commands[] = {
	&create_command,          &delete_command,
	&start_command,           &stop_command,
	&shutdown_command,        &reboot_command,
	&reset_command,           &rebuild_command,
	&resize_command,          &password_command,
	&import_command,          &image_delete_command,
	&dns_ptr_command,         &protection_command,
	&console_command,         &open_command,
	&agent_command,           &enable_rescue_command,
	&disable_rescue_command,  &firewall_rules_command,
	&firewall_apply_command,  &firewall_remove_command,
	&floating_assign_command, &floating_unassign_command,
	&primary_assign_command,  &primary_unassign_command,
	&add_subnet_command,      &delete_subnet_command,
	&ip_range_command,        &attach_command,
	&detach_command,          &alias_command,
	&network_delete_command,  &kept_restore_command,
	&kept_delete_command,     &image_create_command,
	&enable_backup_command,   &disable_backup_command,
};

const struct command *command_find(enum action_command command)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (commands[i]->command == command)
			return commands[i];
	return NULL;
}

void task_free(struct task *task)
{
	if (!task)
		return;
	if (task->password_hash) {
		sodium_memzero(task->password_hash, strlen(task->password_hash));
		free(task->password_hash);
	}
	if (task->fd >= 0)
		(void)close(task->fd);
	free(task);
}

static const struct step *step_at(const struct task *task)
{
	return &task->command->steps[task->at];
}

static bool wanted(const struct task *task, size_t at)
{
	const struct step *step = &task->command->steps[at];

	return !step->wanted || step->wanted(task);
}

static bool undoable(const struct task *task, size_t at)
{
	enum action_step_result result = task->results[at];

	return task->command->steps[at].undo && wanted(task, at) &&
	       (result == ACTION_STEP_STARTED || result == ACTION_STEP_DONE ||
		result == ACTION_STEP_FAILED);
}

/* next_undo() - the highest undoable step below @from, or SIZE_MAX. */
static size_t next_undo(const struct task *task, size_t from)
{
	while (from--)
		if (undoable(task, from))
			return from;
	return SIZE_MAX;
}

int task_load(struct engine *engine, const struct action *action, struct err *err)
{
	struct store_action_steps steps;
	const struct command *command = command_find(action->command);
	struct task *task;
	struct task **at;
	bool same;
	int r;

	r = store_action_get_steps(engine->store, action->id, &steps, err);
	if (r)
		return r;
	same = command && steps.count == command->step_count;
	for (size_t i = 0; same && i < steps.count; i++)
		same = strcmp(steps.items[i].name, command->steps[i].name) == 0;
	if (!same)
		return err_set(err, ERR_UNSUPPORTED,
			       "the service was upgraded while this action ran; ask again");
	task = calloc(1, sizeof(*task));
	if (!task)
		return err_set(err, -ENOMEM, "out of memory");
	task->engine = engine;
	task->command = command;
	task->action_id = action->id;
	task->server_id = action->server_id;
	task->customer_id = action->customer_id;
	task->progress = action->progress;
	task->fd = -1;
	r = task_params_read(action->params, &task->params, err);
	if (r == 0 && task->server_id) {
		struct server server CLEANUP(server_done) = {0};

		r = store_server_get(engine->store, 0, task->server_id, &server, err);
		memcpy(task->uuid, server.uuid, sizeof(task->uuid));
	}
	if (r) {
		task_free(task);
		return r;
	}
	for (size_t i = 0; i < steps.count; i++)
		task->results[i] = steps.items[i].result;
	task->undoing = action->undoing;
	if (task->undoing) {
		task->at = next_undo(task, steps.count);
		task->nothing_left = task->at == SIZE_MAX;
	} else {
		while (task->at < steps.count && task->results[task->at] == ACTION_STEP_DONE)
			task->at++;
		task->nothing_left = task->at == steps.count;
		if (!task->nothing_left)
			task->step_started_ms = steps.items[task->at].started_ms;
	}
	for (at = &engine->tasks; *at && (*at)->action_id < task->action_id; at = &(*at)->next)
		;
	task->next = *at;
	*at = task;
	return 0;
}

struct task *task_of(struct engine *engine, uint64_t server_id)
{
	struct task *found = NULL;

	for (struct task *task = engine->tasks; task; task = task->next)
		if (task->server_id == server_id)
			found = task;
	return found;
}

static void unlink_task(struct task *task)
{
	for (struct task **at = &task->engine->tasks; *at; at = &(*at)->next)
		if (*at == task) {
			*at = task->next;
			return;
		}
}

static void pause_task(struct task *task)
{
	const struct engine_limits *limits = &task->engine->limits;
	uint64_t pause = limits->retry_first_ms;

	for (unsigned i = 1; i < task->attempts && pause < limits->retry_most_ms; i++)
		pause *= 2;
	if (pause > limits->retry_most_ms)
		pause = limits->retry_most_ms;
	task->state = TASK_RETRY;
	task->wake_at_ms = clock_mono_ms() + (int64_t)pause;
}

/* The rows could not be written: what is in memory still says what the rows say. */
static void store_failed(struct task *task, const struct err *err)
{
	log_error("action %" PRIu64 ": cannot record its progress: %s", task->action_id, err->text);
	task->attempts++;
	pause_task(task);
}

/* end_rows() - the last writes of an action, inside a transaction. */
static int end_rows(struct task *task, bool failed, struct err *err)
{
	struct store *store = task->engine->store;
	const struct command *command = task->command;
	int r = 0;

	if (failed)
		r = command->failed ? command->failed(task, err) : task_end_restore(task, err);
	else
		r = command->succeeded ? command->succeeded(task, err) : task_end_power(task, err);
	if (r == 0 && task->server_id && !task->server_gone)
		r = store_server_unlock(store, task->server_id, task->action_id, err);
	if (r == 0 || r == ERR_NOT_FOUND)
		r = store_action_finish(store, task->action_id,
					failed ? ACTION_ERROR : ACTION_SUCCESS, NULL, NULL,
					clock_now_ms(), err);
	return r;
}

/* ended() - after the commit of end_rows(): tell, and forget the task. */
static void ended(struct task *task, bool failed)
{
	struct engine *engine = task->engine;

	if (failed)
		log_warning("action %" PRIu64 " (%s) failed", task->action_id,
			    action_command_name(task->command->command));
	else
		log_debug("action %" PRIu64 " (%s) done", task->action_id,
			  action_command_name(task->command->command));
	unlink_task(task);
	if (task->server_id)
		reconcile_touch(engine->reconcile, task->uuid);
	if (task->server_gone) {
		if (engine->hooks.server_deleted)
			engine->hooks.server_deleted(engine->hooks.context, task->server_id,
						     task->customer_id);
	} else if (task->server_id) {
		engine_tell_server(engine, task->server_id);
	}
	if (task->params.image_id && !task->server_id && engine->hooks.image_changed)
		engine->hooks.image_changed(engine->hooks.context, task->params.image_id);
	engine_tell_action(engine, task->action_id);
	if (task->server_id && !task->server_gone)
		reconcile_settle(engine->reconcile, task->server_id);
	task_free(task);
	engine_kick(engine);
}

/* begin_step() - in a transaction: record the start of step @at, passing over those not wanted;
 * sets *ret_at to the step started, or step_count. */
static int begin_step(struct task *task, size_t at, int64_t now, size_t *ret_at, struct err *err)
{
	struct store *store = task->engine->store;
	size_t before = task->at;
	int r = 0;

	while (r == 0 && at < task->command->step_count && !wanted(task, at)) {
		r = store_action_finish_step(store, task->action_id, (uint32_t)at, ACTION_STEP_DONE,
					     now, err);
		at++;
	}
	if (r == 0 && at < task->command->step_count) {
		r = store_action_start_step(store, task->action_id, (uint32_t)at, now, err);
		task->at = at;
		if (r == 0 && task->command->steps[at].entered)
			r = task->command->steps[at].entered(task, err);
		task->at = before;
	}
	*ret_at = at;
	return r;
}

static void now_at(struct task *task, size_t at, int64_t now)
{
	for (size_t i = task->at; i < at && i < task->command->step_count; i++)
		task->results[i] = ACTION_STEP_DONE;
	task->at = at;
	task->state = TASK_READY;
	task->phase = 0;
	task->attempts = 0;
	task->blocked_since_ms = 0;
	task->nothing_left = at == task->command->step_count;
	if (!task->nothing_left) {
		task->results[at] = ACTION_STEP_STARTED;
		task->step_started_ms = now;
	}
}

/* step_ended() - inside a transaction already begun by the caller when @in_transaction. */
static void step_ended(struct task *task, bool in_transaction)
{
	struct engine *engine = task->engine;
	struct store *store = engine->store;
	struct err err = {0};
	int64_t now = clock_now_ms();
	size_t next = task->at;
	uint8_t progress = 0;
	int r = in_transaction ? 0 : store_begin(store, &err);

	if (r == 0)
		r = store_action_finish_step(store, task->action_id, (uint32_t)task->at,
					     ACTION_STEP_DONE, now, &err);
	if (r == 0)
		r = begin_step(task, task->at + 1, now, &next, &err);
	if (r == 0 && next == task->command->step_count) {
		r = end_rows(task, false, &err);
	} else if (r == 0) {
		progress = (uint8_t)(next * 100 / task->command->step_count);
		r = store_action_update_progress(store, task->action_id, progress, &err);
	}
	if (r == 0)
		r = store_commit(store, &err);
	if (r) {
		store_rollback(store);
		store_failed(task, &err);
		return;
	}
	now_at(task, next, now);
	if (next == task->command->step_count) {
		ended(task, false);
		return;
	}
	task->progress = progress;
	engine_tell_action(engine, task->action_id);
	if (step_at(task)->entered)
		engine_tell_server(engine, task->server_id);
	engine_kick(engine);
}

/* undone() - one step is undone, or none was left to undo. */
static void undone(struct task *task)
{
	struct engine *engine = task->engine;
	struct store *store = engine->store;
	struct err err = {0};
	size_t next = task->nothing_left ? SIZE_MAX : next_undo(task, task->at);
	int r = store_begin(store, &err);

	if (r == 0 && !task->nothing_left)
		r = store_action_finish_step(store, task->action_id, (uint32_t)task->at,
					     ACTION_STEP_UNDONE, clock_now_ms(), &err);
	if (r == 0 && next == SIZE_MAX)
		r = end_rows(task, true, &err);
	if (r == 0)
		r = store_commit(store, &err);
	if (r) {
		store_rollback(store);
		store_failed(task, &err);
		return;
	}
	if (next == SIZE_MAX) {
		ended(task, true);
		return;
	}
	task->results[task->at] = ACTION_STEP_UNDONE;
	task->at = next;
	task->state = TASK_READY;
	task->attempts = 0;
	engine_kick(engine);
}

/* give_up() - the step failed for good: record it, and turn round. */
static void give_up(struct task *task, int code, const char *text)
{
	struct engine *engine = task->engine;
	struct store *store = engine->store;
	struct err err = {0};
	bool keep = step_at(task)->flags & STEP_KEEP;
	/* A step that was never begun, as the host never was there, has nothing to be undone. */
	enum action_step_result before = task->results[task->at];
	size_t from = before == ACTION_STEP_WAITING ? task->at : task->at + 1;
	size_t next;
	int r = store_begin(store, &err);

	log_warning("action %" PRIu64 " (%s): step %s failed: %s: %s", task->action_id,
		    action_command_name(task->command->command), step_at(task)->name,
		    err_name(code), text);
	if (r == 0)
		r = store_action_finish_step(store, task->action_id, (uint32_t)task->at,
					     ACTION_STEP_FAILED, clock_now_ms(), &err);
	if (r == 0)
		r = store_action_fail(store, task->action_id, err_name(code), text, &err);
	task->results[task->at] = ACTION_STEP_FAILED;
	next = keep ? SIZE_MAX : next_undo(task, from);
	if (r == 0 && next == SIZE_MAX)
		r = end_rows(task, true, &err);
	if (r == 0)
		r = store_commit(store, &err);
	if (r) {
		store_rollback(store);
		task->results[task->at] = before;
		store_failed(task, &err);
		return;
	}
	task->undoing = true;
	if (next == SIZE_MAX) {
		ended(task, true);
		return;
	}
	task->at = next;
	task->state = TASK_READY;
	task->attempts = 0;
	task->blocked_since_ms = 0;
	engine_kick(engine);
}

static bool passing(int code)
{
	return code == ERR_UNAVAILABLE || code == ERR_HYPERVISOR || code == -EAGAIN ||
	       code == -EBUSY || code == -ENOMEM || code == -EINTR;
}

static void step_failed(struct task *task, int code, const char *text)
{
	const struct engine_limits *limits = &task->engine->limits;
	int64_t now = clock_mono_ms();
	char words[sizeof(((struct err *)NULL)->text)];

	task->attempts++;
	if (task->undoing) {
		if (!passing(code) && (step_at(task)->flags & STEP_UNDO_ONCE) &&
		    task->attempts >= REFUSED_TRIES) {
			undone(task);
			return;
		}
		if (task->attempts == 1)
			log_warning("action %" PRIu64 ": undo of %s is tried again: %s",
				    task->action_id, step_at(task)->name, text);
		pause_task(task);
		return;
	}
	if (!task->blocked_since_ms)
		task->blocked_since_ms = now;
	if (step_at(task)->flags & STEP_MUST) {
		pause_task(task);
	} else if (passing(code)) {
		if (now - task->blocked_since_ms < (int64_t)limits->unreachable_ms) {
			pause_task(task);
			return;
		}
		(void)snprintf(words, sizeof(words),
			       "the host could not be used for %u s: %.*s; try again when it is "
			       "back",
			       limits->unreachable_ms / 1000, SHORT_TEXT_BYTES, text);
		give_up(task, ERR_HYPERVISOR, words);
	} else if (code == ERR_HYPERVISOR_FAILED && task->attempts < REFUSED_TRIES) {
		pause_task(task);
	} else {
		give_up(task, code, text);
	}
}

static void wait_for(struct task *task)
{
	task->state = TASK_WAIT;
	task->attempts = 0;
	task->blocked_since_ms = 0;
	task->wake_at_ms = task->wake_ms ? clock_mono_ms() + task->wake_ms : INT64_MAX;
	engine_kick(task->engine);
}

static void on_answer(void *context, int code, const char *text, struct reader *answer, bool more)
{
	struct task *task = context;
	struct engine *engine = task->engine;
	struct store *store = engine->store;
	const struct step *step = step_at(task);
	struct err err = {0};
	int r;

	if (more)
		return;
	task->call_id = 0;
	task->state = TASK_READY;
	if (task->holds_slot) {
		task->holds_slot = false;
		engine->slots_used--;
	}
	if (task->holds_copy) {
		task->holds_copy = false;
		engine->copies_used--;
	}
	engine_kick(engine);
	if (code == ERR_NOT_FOUND && (task->undoing || (step->flags & STEP_ABSENT)))
		code = 0;
	if (code) {
		step_failed(task, code, text);
		return;
	}
	if (task->undoing) {
		undone(task);
		return;
	}
	r = store_begin(store, &err);
	if (r) {
		store_failed(task, &err);
		return;
	}
	r = step->answered ? step->answered(task, answer, &err) : STEP_DONE;
	if (r == STEP_DONE) {
		step_ended(task, true);
		return;
	}
	store_rollback(store);
	if (r == STEP_WAIT)
		wait_for(task);
	else
		step_failed(task, r, err.text);
}

int task_ask(struct task *task, uint16_t type, const struct buf *body, struct err *err)
{
	const bool copy = (step_at(task)->flags & STEP_COPY) && !task->undoing;
	const bool slow = step_at(task)->flags & STEP_SLOW;
	/* The action's file goes with the verb that reads it, and with no other: an undo has none.
	 */
	int fd = type == HOST_IMAGE_IMPORT ? task->fd : -1;
	int r;

	r = host_client_call(task->engine->client, type, body, 0, fd,
			     copy   ? COPY_TIMEOUT_MS
			     : slow ? SLOW_TIMEOUT_MS
				    : VERB_TIMEOUT_MS,
			     on_answer, task, &task->call_id, err);
	if (r)
		return r;
	task->state = TASK_ASKED;
	task->holds_slot = !slow;
	task->engine->slots_used += task->holds_slot;
	task->holds_copy = copy;
	task->engine->copies_used += copy;
	return STEP_ASKED;
}

bool task_was_on(const struct task *task)
{
	return task->params.before != SERVER_OFF;
}

bool task_wants_start(const struct task *task)
{
	return task->params.start;
}

bool task_wants_overlay(const struct task *task)
{
	return !task->params.whole;
}

bool task_wants_copy(const struct task *task)
{
	return task->params.whole;
}

int task_server(struct task *task, struct server *ret, struct err *err)
{
	return store_server_get(task->engine->store, 0, task->server_id, ret, err);
}

int task_end_power(struct task *task, struct err *err)
{
	struct server server CLEANUP(server_done) = {0};
	enum server_status status;
	int r;

	if (!task->server_id)
		return 0;
	r = task_server(task, &server, err);
	if (r)
		return r == ERR_NOT_FOUND ? 0 : r;
	if (server.locked_action_id != task->action_id)
		return 0; /* another action has taken over: the status is its business */
	status = task->has_power ? task->power
				 : server_status_after(task->command->command, task->params.before,
						       server.desired);
	return store_server_update_status(task->engine->store, task->server_id, status, err);
}

int task_end_restore(struct task *task, struct err *err)
{
	struct store *store = task->engine->store;
	struct server server CLEANUP(server_done) = {0};
	int r;

	if (!task->server_id)
		return 0;
	r = task_server(task, &server, err);
	if (r)
		return r == ERR_NOT_FOUND ? 0 : r;
	if (server.locked_action_id != task->action_id)
		return 0;
	r = store_server_update_status(store, task->server_id,
				       task->has_power ? task->power : task->params.before, err);
	return r ? r
		 : store_server_update_desired(store, task->server_id, task->params.desired, err);
}

static void run_forward(struct task *task)
{
	struct store *store = task->engine->store;
	struct err err = {0};
	int r;

	if (task->results[task->at] == ACTION_STEP_WAITING) {
		int64_t now = clock_now_ms();
		size_t at = task->at;

		r = store_begin(store, &err);
		if (r == 0)
			r = begin_step(task, task->at, now, &at, &err);
		if (r == 0 && at == task->command->step_count)
			r = end_rows(task, false, &err);
		if (r == 0)
			r = store_commit(store, &err);
		if (r) {
			store_rollback(store);
			store_failed(task, &err);
			return;
		}
		now_at(task, at, now);
		if (task->nothing_left) {
			ended(task, false);
			return;
		}
	}
	r = step_at(task)->run(task, &err);
	switch (r) {
	case STEP_DONE:
		step_ended(task, false);
		break;
	case STEP_ASKED:
		break;
	case STEP_WAIT:
		wait_for(task);
		break;
	default:
		step_failed(task, r, err.text);
		break;
	}
}

static void run_undo(struct task *task)
{
	struct err err = {0};
	int r;

	if (task->nothing_left) {
		undone(task);
		return;
	}
	r = step_at(task)->undo(task, &err);
	if (r == STEP_DONE)
		undone(task);
	else if (r < 0)
		step_failed(task, r, err.text);
}

/* An action whose rows say that all is done but the end: only a change of the program does that. */
static void run_end(struct task *task)
{
	struct store *store = task->engine->store;
	struct err err = {0};
	int r = store_begin(store, &err);

	if (r == 0)
		r = end_rows(task, false, &err);
	if (r == 0)
		r = store_commit(store, &err);
	if (r) {
		store_rollback(store);
		store_failed(task, &err);
		return;
	}
	ended(task, false);
}

static void run_task(struct task *task)
{
	task->state = TASK_READY;
	if (task->nothing_left) {
		if (task->undoing)
			run_undo(task);
		else
			run_end(task);
		return;
	}
	if (!reconcile_ready(task->engine->reconcile)) {
		step_failed(task, ERR_UNAVAILABLE, reconcile_why(task->engine->reconcile));
		return;
	}
	if (task->undoing)
		run_undo(task);
	else
		run_forward(task);
}

static bool has_slot(const struct engine *engine)
{
	return engine->slots_used < engine->limits.verbs_at_once;
}

static bool may_run(const struct task *task, int64_t now)
{
	const struct engine *engine = task->engine;

	if (task->state == TASK_ASKED || (task->state != TASK_READY && task->wake_at_ms > now))
		return false;
	if (task->server_id && engine_has_job(engine, task->server_id))
		return false;
	if (!task->nothing_left && !task->undoing && (step_at(task)->flags & STEP_COPY) &&
	    engine->copies_used >= ENGINE_COPIES_AT_ONCE)
		return false;
	return task->nothing_left || has_slot(engine) || (step_at(task)->flags & STEP_SLOW);
}

static void on_job_answer(void *context, int code, const char *text, struct reader *answer,
			  bool more)
{
	struct job *job = context;
	struct engine *engine = job->engine;

	(void)answer;
	if (more)
		return;
	engine->slots_used--;
	for (struct job **at = &engine->jobs; *at; at = &(*at)->next)
		if (*at == job) {
			*at = job->next;
			break;
		}
	if (code)
		log_warning("cleaning up on the host (verb %#x): %s", job->type, text);
	if (job->finished)
		job->finished(engine, job, code);
	buf_done(&job->body);
	free(job);
	engine_kick(engine);
}

static void run_jobs(struct engine *engine)
{
	struct job *next;

	for (struct job *job = engine->jobs; job; job = next) {
		struct task *task = job->server_id ? task_of(engine, job->server_id) : NULL;
		struct err err = {0};

		next = job->next;
		if (job->asked || !has_slot(engine) || (task && task->state == TASK_ASKED))
			continue;
		engine->slots_used++;
		job->asked = true;
		if (host_client_call(engine->client, job->type, &job->body, 0, -1, VERB_TIMEOUT_MS,
				     on_job_answer, job, &job->call_id, &err)) {
			struct reader none;

			reader_init(&none, "", 0);
			on_job_answer(job, ERR_UNAVAILABLE, err.text, &none, false);
		}
	}
}

void task_turn(struct engine *engine)
{
	int64_t now = clock_mono_ms();
	int64_t first = INT64_MAX;
	struct task *next;

	(void)uv_timer_stop(&engine->timers->turn);
	for (struct task *task = engine->tasks; task; task = next) {
		next = task->next;
		if (may_run(task, now))
			run_task(task);
	}
	run_jobs(engine);
	for (struct task *task = engine->tasks; task; task = task->next) {
		if ((task->state == TASK_WAIT || task->state == TASK_RETRY) &&
		    task->wake_at_ms < first)
			first = task->wake_at_ms;
		else if (may_run(task, now))
			first = now;
	}
	if (first == INT64_MAX || uv_is_active((uv_handle_t *)&engine->timers->turn))
		return; /* nothing to wait for, or somebody has kicked meanwhile */
	now = clock_mono_ms();
	engine_turn_in(engine, first > now ? (uint64_t)(first - now) : 0);
}

void task_wake(struct engine *engine, uint64_t server_id)
{
	for (struct task *task = engine->tasks; task; task = task->next)
		if (task->server_id == server_id && task->state == TASK_WAIT)
			task->state = TASK_READY;
	engine_kick(engine);
}

void task_hurry(struct engine *engine)
{
	for (struct task *task = engine->tasks; task; task = task->next)
		if (task->state == TASK_RETRY) {
			task->state = TASK_READY;
			task->attempts = 0;
		}
	engine_kick(engine);
}

void task_progress(struct engine *engine, uint64_t call_id, uint8_t percent)
{
	int64_t now = clock_mono_ms();

	for (struct task *task = engine->tasks; task; task = task->next) {
		size_t count = task->command->step_count;
		uint8_t progress;

		if (!task->call_id || task->call_id != call_id || task->undoing ||
		    now - task->progress_ms < PROGRESS_PAUSE_MS)
			continue;
		progress = (uint8_t)((task->at * 100 + percent) / count);
		if (progress <= task->progress || progress > 99)
			continue;
		if (store_action_update_progress(engine->store, task->action_id, progress, NULL))
			continue;
		task->progress = progress;
		task->progress_ms = now;
		engine_tell_action(engine, task->action_id);
	}
}

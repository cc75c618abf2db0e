#include "core/actions/engine.h"

#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "core/actions/guest_report.h"
#include "core/actions/task.h"
#include "core/reconcile.h"
#include "store/store_action.h"
#include "store/store_server.h"
#include "store/store_setting.h"

#define RESOLV_CONF    "/etc/resolv.conf"
#define GONE_KEY_BYTES (sizeof("gone.") + UUID_TEXT_BYTES)

static const struct engine_limits default_limits = {
	.verbs_at_once = 4,
	.retry_first_ms = 250,
	.retry_most_ms = 5000,
	.unreachable_ms = 300000,
	.shutdown_repeat_ms = 15000,
	.shutdown_most_ms = 120000,
	.sweep_ms = 60000,
	.seed_most_ms = 1800000,
	.settle_ms = 45000,
	.memory_reserve_mib = 512,
};

static void set_limits(struct engine_limits *limits, const struct engine_limits *asked)
{
	*limits = default_limits;
	if (!asked)
		return;
#define TAKE(field)                                                                                \
	if (asked->field)                                                                          \
	limits->field = asked->field
	TAKE(verbs_at_once);
	TAKE(retry_first_ms);
	TAKE(retry_most_ms);
	TAKE(unreachable_ms);
	TAKE(shutdown_repeat_ms);
	TAKE(shutdown_most_ms);
	TAKE(sweep_ms);
	TAKE(seed_most_ms);
	TAKE(settle_ms);
	TAKE(memory_reserve_mib);
	TAKE(close_inbound);
#undef TAKE
}

void engine_tell_server(struct engine *engine, uint64_t server_id)
{
	if (server_id && engine->hooks.server_changed)
		engine->hooks.server_changed(engine->hooks.context, server_id);
}

void engine_tell_action(struct engine *engine, uint64_t action_id)
{
	if (engine->hooks.action_changed)
		engine->hooks.action_changed(engine->hooks.context, action_id);
}

static void gone_key(const uint8_t uuid[UUID_BYTES], char key[GONE_KEY_BYTES])
{
	char text[UUID_TEXT_BYTES];

	format_uuid(uuid, text);
	(void)snprintf(key, GONE_KEY_BYTES, "gone.%s", text);
}

bool engine_is_gone(struct engine *engine, const uint8_t uuid[UUID_BYTES])
{
	char key[GONE_KEY_BYTES];
	char *value AUTO_FREE = NULL;

	gone_key(uuid, key);
	return store_setting_get(engine->store, key, &value, NULL) == 0;
}

int engine_set_gone(struct engine *engine, const uint8_t uuid[UUID_BYTES], bool gone,
		    struct err *err)
{
	char key[GONE_KEY_BYTES];
	char now[CLOCK_TEXT_BYTES];

	gone_key(uuid, key);
	clock_format(clock_now_ms(), now);
	if (gone)
		reconcile_note_gone(engine->reconcile, uuid);
	return store_setting_set(engine->store, key, gone ? now : NULL, err);
}

/* settled() - what the host's word means for the status of a server, given what runs on it. */
static enum server_status settled(const struct engine *engine, const struct server *server,
				  enum host_domain_state state)
{
	struct task *task = NULL;
	enum server_status status = server->status;

	switch (state) {
	case HOST_DOMAIN_RUNNING:
	case HOST_DOMAIN_PAUSED:
		status = SERVER_RUNNING;
		break;
	case HOST_DOMAIN_STOPPING:
		status = SERVER_STOPPING;
		break;
	case HOST_DOMAIN_OFF:
	case HOST_DOMAIN_CRASHED:
		status = SERVER_OFF;
		break;
	case HOST_DOMAIN_ABSENT:
		status = SERVER_UNKNOWN;
		break;
	}
	for (task = engine->tasks; task; task = task->next)
		if (task->action_id == server->locked_action_id)
			break;
	if (!task)
		return server->locked_action_id ? server->status : status;
	switch (task->command->command) {
	case ACTION_STOP_SERVER:
	case ACTION_SHUTDOWN_SERVER:
		/* A guest on its way down is still running for libvirt. */
		return status == SERVER_RUNNING || status == SERVER_UNKNOWN ? server->status
									    : status;
	case ACTION_START_SERVER:
	case ACTION_REBOOT_SERVER:
	case ACTION_RESET_SERVER:
	case ACTION_RESET_PASSWORD:
		/* Paused is how a start begins; absent or off is what it begins from. */
		return state == HOST_DOMAIN_RUNNING ? SERVER_RUNNING : server->status;
	/* It goes on as it likes meanwhile. */
	case ACTION_CREATE_IMAGE:
		return status;
	case ACTION_CREATE_SERVER:
		return state == HOST_DOMAIN_RUNNING && server->status == SERVER_STARTING
			       ? SERVER_RUNNING
			       : server->status;
	case ACTION_DELETE_SERVER:
	case ACTION_REBUILD_SERVER:
	case ACTION_CHANGE_SERVER_TYPE:
	case ACTION_CHANGE_DNS_PTR:
	case ACTION_CHANGE_PROTECTION:
	case ACTION_IMPORT_IMAGE:
	case ACTION_DELETE_IMAGE:
	case ACTION_REQUEST_CONSOLE:
	case ACTION_CHECK_FIRST_STEP:
	case ACTION_OPEN_INBOUND:
	case ACTION_CHANGE_GUEST_AGENT:
	case ACTION_ENABLE_RESCUE:
	case ACTION_DISABLE_RESCUE:
	case ACTION_RESTORE_KEPT_DISK:
	case ACTION_DELETE_KEPT_DISK:
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
		break;
	}
	return server->status;
}

static void note_power(struct engine *engine, uint64_t server_id, enum host_domain_state state)
{
	for (struct task *task = engine->tasks; task; task = task->next) {
		if (task->server_id != server_id)
			continue;
		/* Only what is an end: on the way there the model's word is better. */
		if (state == HOST_DOMAIN_RUNNING || state == HOST_DOMAIN_OFF ||
		    state == HOST_DOMAIN_CRASHED) {
			task->has_power = true;
			task->power = state == HOST_DOMAIN_RUNNING ? SERVER_RUNNING : SERVER_OFF;
		}
	}
}

/* Nobody asked for it, and it is no longer on. */
static bool is_surprise(const struct server *server, enum server_status status)
{
	return !server->rescue_running &&
	       (server->status == SERVER_RUNNING || server->status == SERVER_STOPPING) &&
	       (status == SERVER_OFF || status == SERVER_UNKNOWN) &&
	       server->desired == SERVER_DESIRED_ON && server->locked_action_id == 0;
}

static int record_power(struct engine *engine, const struct server *server,
			enum server_status status, enum host_domain_state state, struct err *err)
{
	struct store *store = engine->store;
	int r;

	if (engine->hooks.server_stopped == NULL || !is_surprise(server, status))
		return store_server_update_status(store, server->id, status, err);
	r = store_begin(store, err);
	if (r)
		return r;
	STORE_GUARD(store);
	r = store_server_update_status(store, server->id, status, err);
	if (r == 0)
		r = engine->hooks.server_stopped(engine->hooks.context, server,
						 state == HOST_DOMAIN_OFF, err);
	return r ? r : store_commit(store, err);
}

/* A rescue system that ends, by a reboot or by switching itself off, makes way for the server's own
 * system. */
static bool makes_way(const struct server *server, enum server_status status,
		      enum host_domain_state state)
{
	return server->rescue_running && state == HOST_DOMAIN_OFF && status == SERVER_OFF &&
	       server->desired == SERVER_DESIRED_ON && server->locked_action_id == 0;
}

void engine_power(struct engine *engine, const struct server *server, enum host_domain_state state)
{
	enum server_status status;
	struct err err = {0};

	note_power(engine, server->id, state);
	status = settled(engine, server, state);
	if (status != server->status) {
		if (record_power(engine, server, status, state, &err))
			log_error("server %" PRIu64 ": cannot record its state: %s", server->id,
				  err.text);
		else
			engine_tell_server(engine, server->id);
		if (makes_way(server, status, state))
			reconcile_start(engine, server,
					"{\"reason\":\"the rescue system has ended\"}");
	}
	task_wake(engine, server->id);
	reconcile_settle(engine->reconcile, server->id);
}

static void on_up(void *context, const struct host_facts *facts)
{
	struct engine *engine = context;

	log_info("host %s: %s, %u cpus, %" PRIu64 " MiB memory, %s", facts->hostname,
		 facts->virtualization, facts->cpus, facts->memory_mib, facts->hypervisor);
	reconcile_up(engine->reconcile);
}

static void on_down(void *context)
{
	struct engine *engine = context;

	log_warning("host: not usable at the moment; actions wait");
	reconcile_down(engine->reconcile);
}

static void on_lost(void *context)
{
	struct engine *engine = context;

	if (engine->hooks.host_lost)
		engine->hooks.host_lost(engine->hooks.context);
}

static void on_domain(void *context, const uint8_t uuid[UUID_BYTES], enum host_domain_state state,
		      int64_t time_ms)
{
	struct engine *engine = context;
	struct server server CLEANUP(server_done) = {0};
	struct err err = {0};

	(void)time_ms;
	reconcile_touch(engine->reconcile, uuid);
	if (store_server_get_by_uuid(engine->store, uuid, &server, &err) == 0)
		engine_power(engine, &server, state);
	else if (err.code != ERR_NOT_FOUND)
		log_error("an event of the host is lost: %s", err.text);
}

static void on_progress(void *context, uint64_t id, uint8_t percent)
{
	task_progress(context, id, percent);
}

static void on_console(void *context, uint64_t console_id, enum host_console_end end)
{
	struct engine *engine = context;

	if (engine->hooks.console_ended)
		engine->hooks.console_ended(engine->hooks.context, console_id, end);
}

static void on_dropped(void *context)
{
	struct engine *engine = context;

	if (engine->hooks.host_dropped)
		engine->hooks.host_dropped(engine->hooks.context);
}

static const struct host_client_events client_events = {
	.up = on_up,
	.down = on_down,
	.lost = on_lost,
	.domain = on_domain,
	.report = guest_report_take,
	.progress = on_progress,
	.console = on_console,
	.dropped = on_dropped,
};

static void on_turn(uv_timer_t *timer)
{
	task_turn(timer->data);
}

void engine_turn_in(struct engine *engine, uint64_t ms)
{
	(void)uv_timer_start(&engine->timers->turn, on_turn, ms, 0);
}

static void timers_closed(uv_handle_t *handle)
{
	free(handle->data);
}

int engine_new(uv_loop_t *loop, struct store *store, const struct engine_hooks *hooks,
	       const struct engine_limits *limits, struct engine **ret, struct err *err)
{
	struct engine *engine = calloc(1, sizeof(*engine));
	int r = -ENOMEM;

	if (!engine)
		return err_set(err, -ENOMEM, "out of memory");
	engine->loop = loop;
	engine->store = store;
	if (hooks)
		engine->hooks = *hooks;
	set_limits(&engine->limits, limits);
	engine->resolver_count = seed_read_resolvers(RESOLV_CONF, engine->resolvers);
	engine->timers = calloc(1, sizeof(*engine->timers));
	if (!engine->timers) {
		(void)err_set(err, -ENOMEM, "out of memory");
		goto failed;
	}
	(void)uv_timer_init(loop, &engine->timers->turn);
	engine->timers->turn.data = engine;
	r = host_client_new(loop, &client_events, engine, &engine->client, err);
	if (r)
		goto failed;
	r = reconcile_new(engine, &engine->reconcile, err);
	if (r)
		goto failed;
	*ret = engine;
	return 0;
failed:
	engine_free(engine);
	return r;
}

static void staged_free(struct staged *staged)
{
	if (staged->password_hash) {
		sodium_memzero(staged->password_hash, strlen(staged->password_hash));
		free(staged->password_hash);
	}
	if (staged->fd >= 0)
		(void)close(staged->fd);
	free(staged);
}

void engine_free(struct engine *engine)
{
	if (!engine)
		return;
	host_client_free(engine->client); /* first: nothing calls back from here on */
	reconcile_free(engine->reconcile);
	while (engine->tasks) {
		struct task *task = engine->tasks;

		engine->tasks = task->next;
		task_free(task);
	}
	while (engine->jobs) {
		struct job *job = engine->jobs;

		engine->jobs = job->next;
		buf_done(&job->body);
		free(job);
	}
	while (engine->staged) {
		struct staged *staged = engine->staged;

		engine->staged = staged->next;
		staged_free(staged);
	}
	if (engine->timers) {
		engine->timers->turn.data = engine->timers;
		uv_close((uv_handle_t *)&engine->timers->turn, timers_closed);
	}
	free(engine);
}

/* drop_action() - an action that cannot be taken up: its end is recorded all the same. */
static int drop_action(struct engine *engine, const struct action *action, const struct err *why,
		       struct err *err)
{
	struct store *guard CLEANUP(store_guard) = NULL;
	int r = store_begin(engine->store, err);

	if (r)
		return r;
	guard = engine->store;
	log_error("action %" PRIu64 " (%s) cannot be resumed: %s", action->id,
		  action_command_name(action->command), why->text);
	if (action->server_id) {
		r = store_server_unlock(engine->store, action->server_id, action->id, err);
		if (r && r != ERR_NOT_FOUND)
			return r;
	}
	r = store_action_finish(engine->store, action->id, ACTION_ERROR, err_name(why->code),
				why->text, clock_now_ms(), err);
	return r ? r : store_commit(engine->store, err);
}

int engine_start(struct engine *engine, struct err *err)
{
	struct store_action_filter filter = {.statuses = 1U << ACTION_RUNNING};
	struct store_actions actions CLEANUP(store_action_done) = {0};
	int r = store_action_list(engine->store, &filter, &actions, err);

	for (size_t i = 0; r == 0 && i < actions.count; i++) {
		struct err why = {0};

		/* Not the engine's: core/first_step/checks.c ends it. */
		if (actions.items[i].command == ACTION_CHECK_FIRST_STEP)
			continue;

		if (task_load(engine, &actions.items[i], &why) == 0)
			continue;
		r = drop_action(engine, &actions.items[i], &why, err);
	}
	if (r)
		return err_wrap(err, r, "taking up the actions of before");
	if (actions.count)
		log_info("%zu actions of before are taken up", actions.count);
	engine_kick(engine);
	return 0;
}

int engine_connect(struct engine *engine, int fd, struct err *err)
{
	return host_client_connect(engine->client, fd, err);
}

static int take_staged(struct engine *engine, struct staged *staged, struct err *err)
{
	struct action action CLEANUP(action_done) = {0};
	struct task *task;
	int r;

	r = store_action_get(engine->store, 0, staged->action_id, &action, err);
	if (r == ERR_NOT_FOUND)
		return 0; /* rolled back by the caller */
	if (r)
		return r;
	engine_tell_server(engine, action.server_id);
	engine_tell_action(engine, action.id);
	if (action.status != ACTION_RUNNING)
		return 0;
	r = task_load(engine, &action, err);
	if (r)
		return drop_action(engine, &action, err, NULL);
	for (task = engine->tasks; task->action_id != action.id; task = task->next)
		;
	task->password_hash = steal_ptr(staged->password_hash);
	task->fd = steal_fd(&staged->fd);
	if (task->server_id)
		task_wake(engine, task->server_id); /* a waiting shutdown sees who came after it */
	return 0;
}

void engine_kick(struct engine *engine)
{
	if (!store_in_transaction(engine->store)) {
		while (engine->staged) {
			struct staged *staged = engine->staged;
			struct err err = {0};

			engine->staged = staged->next;
			if (take_staged(engine, staged, &err)) {
				log_error("action %" PRIu64 " waits for the next start: %s",
					  staged->action_id, err.text);
			}
			staged_free(staged);
		}
	}
	engine_turn_in(engine, 0);
}

static int stage(struct engine *engine, const struct action_request *request, uint64_t action_id,
		 struct err *err)
{
	struct staged *staged = calloc(1, sizeof(*staged));
	struct staged **at = &engine->staged;

	if (!staged)
		return err_set(err, -ENOMEM, "out of memory");
	staged->action_id = action_id;
	staged->fd = -1;
	if (request->command == ACTION_RESET_PASSWORD && request->password_hash) {
		staged->password_hash = strdup(request->password_hash);
		if (!staged->password_hash) {
			free(staged);
			return err_set(err, -ENOMEM, "out of memory");
		}
	}
	if (request->command == ACTION_IMPORT_IMAGE && !request->url)
		staged->fd = request->fd;
	/* An older one of the same id was of a transaction that was rolled back. */
	while (*at) {
		struct staged *other = *at;

		if (other->action_id == action_id) {
			*at = other->next;
			staged_free(other);
		} else {
			at = &other->next;
		}
	}
	*at = staged;
	return 0;
}

static int locked_by(struct engine *engine, const struct server *server, enum action_command *ret,
		     struct err *err)
{
	struct action action CLEANUP(action_done) = {0};
	int r;

	*ret = ACTION_CREATE_SERVER;
	if (!server->locked_action_id)
		return 0;
	r = store_action_get(engine->store, 0, server->locked_action_id, &action, err);
	if (r == 0)
		*ret = action.command;
	return r;
}

/* begin_server() - what every action on a server writes at its beginning. */
static int begin_server(struct engine *engine, const struct server *server,
			const struct action *action, struct err *err)
{
	enum server_status status = server_status_during(action->command, server->status);
	int r;

	r = store_server_lock(engine->store, server->id, action->id, server->locked_action_id, err);
	if (r == 0 && status != server->status)
		r = store_server_update_status(engine->store, server->id, status, err);
	return r;
}

int engine_submit(struct engine *engine, const struct action_request *request, struct action *ret,
		  struct err *err)
{
	const struct command *command = command_find(request->command);
	struct server server CLEANUP(server_done) = {0};
	struct action action CLEANUP(action_done) = {0};
	struct task_params params = {0};
	enum action_command holder = ACTION_CREATE_SERVER;
	int64_t now = clock_now_ms();
	int r = 0;

	if (!command || !store_in_transaction(engine->store))
		return err_set(err, ERR_SERVER, "not an action, or outside of a transaction");
	action.command = request->command;
	action.status = ACTION_RUNNING;
	action.started_ms = now;
	action.customer_id = request->customer_id;
	action.user_id = request->user_id;
	action.server_id = request->server_id;
	if (request->server_id) {
		r = store_server_get(engine->store, 0, request->server_id, &server, err);
		if (r == 0)
			r = locked_by(engine, &server, &holder, err);
		if (r == 0 && request->command != ACTION_CREATE_SERVER)
			r = server_admit(&server, holder, request->command, err);
		if (r == 0)
			r = action_add_resource(&action, ACTION_RESOURCE_SERVER, server.id);
		params.before = server.status;
		params.desired = server.desired;
	}
	if (r == 0)
		r = command->accept(engine, request, &server, &action, &params, err);
	if (r)
		return r;
	action.params = task_params_write(&params);
	if (!action.params)
		return err_set(err, -ENOMEM, "out of memory");
	r = store_action_insert(engine->store, &action, err);
	for (size_t i = 0; r == 0 && i < command->step_count; i++)
		r = store_action_insert_step(engine->store, action.id, (uint32_t)i,
					     command->steps[i].name, err);
	if (r == 0 && command->step_count && server.id)
		r = begin_server(engine, &server, &action, err);
	if (r == 0 && !command->step_count)
		r = store_action_finish(engine->store, action.id, ACTION_SUCCESS, NULL, NULL, now,
					err);
	if (r == 0)
		r = store_action_get(engine->store, 0, action.id, ret, err);
	if (r == 0)
		r = stage(engine, request, action.id, err);
	if (r)
		action_done(ret);
	return r;
}

int engine_admit(struct engine *engine, uint64_t memory_mib, uint64_t except_server_id,
		 struct err *err)
{
	const struct host_facts *facts = host_client_facts(engine->client);
	uint64_t reserve = engine->limits.memory_reserve_mib;
	uint64_t used = 0;
	uint64_t usable;
	int r;

	if (!facts)
		return 0;
	r = store_server_memory_mib(engine->store, except_server_id, &used, err);
	if (r)
		return r;
	usable = facts->memory_mib > reserve ? facts->memory_mib - reserve : 0;
	if (used <= usable && memory_mib <= usable - used)
		return 0;
	return err_set(err, ERR_UNAVAILABLE_RESOURCE,
		       "not enough memory on the host: the server needs %" PRIu64 " MiB, %" PRIu64
		       " of %" PRIu64 " MiB are free; stop another server or choose a smaller plan",
		       memory_mib, used < usable ? usable - used : 0, usable);
}

const struct host_facts *engine_host_facts(const struct engine *engine)
{
	return host_client_facts(engine->client);
}

int64_t engine_host_seen_ms(const struct engine *engine)
{
	return host_client_seen_ms(engine->client);
}

struct host_client *engine_host(struct engine *engine)
{
	return engine->client;
}

bool engine_host_up(const struct engine *engine)
{
	return host_client_up(engine->client);
}

size_t engine_strangers(const struct engine *engine)
{
	return reconcile_strangers(engine->reconcile);
}

size_t engine_running(const struct engine *engine)
{
	size_t count = 0;

	for (const struct task *task = engine->tasks; task; task = task->next)
		count++;
	return count;
}

int engine_job(struct engine *engine, uint64_t server_id, const uint8_t uuid[UUID_BYTES],
	       uint16_t type, struct buf *body,
	       void (*finished)(struct engine *engine, struct job *job, int code))
{
	struct job *job = body->error ? NULL : calloc(1, sizeof(*job));
	struct job **at = &engine->jobs;

	if (!job) {
		buf_done(body);
		return -ENOMEM;
	}
	job->engine = engine;
	job->server_id = server_id;
	if (uuid)
		memcpy(job->uuid, uuid, UUID_BYTES);
	job->type = type;
	job->body = *body;
	memset(body, 0, sizeof(*body));
	job->finished = finished;
	while (*at)
		at = &(*at)->next;
	*at = job;
	engine_kick(engine);
	return 0;
}

bool engine_has_job(const struct engine *engine, uint64_t server_id)
{
	for (const struct job *job = engine->jobs; job; job = job->next)
		if (job->server_id == server_id)
			return true;
	return false;
}

/* What one verb could not, all of it will: as soon as the host can. */
static void network_told(struct engine *engine, struct job *job, int code)
{
	(void)job;
	if (code < 0)
		reconcile_sync(engine->reconcile);
}

void engine_refresh_network(struct engine *engine, uint64_t server_id)
{
	struct server server CLEANUP(server_done) = {0};
	struct buf body CLEANUP(buf_done) = {0};

	if (store_server_get(engine->store, 0, server_id, &server, NULL) < 0)
		return;
	if (network_body(engine->store, &server, &body, NULL) < 0 ||
	    engine_job(engine, server_id, server.uuid, HOST_NETWORK_SET, &body, network_told) < 0)
		reconcile_sync(engine->reconcile);
}

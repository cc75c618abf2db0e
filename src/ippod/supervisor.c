/*
 * Theory of operation. Each child has a control channel. Each pair of neighbours has a channel of
 * its own, made here and handed to both over their control channels; when a child is started
 * (again), a new channel is made for each neighbour that runs, and the neighbour drops the old one
 * when it gets the new. So nobody is restarted because of somebody else.
 */
#include "ippod/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/cursor.h"
#include "base/log.h"
#include "ippod/name_server.h"
#include "ippod/visitor.h"
#include "wire/channel.h"
#include "wire/supervision_message.h"

#define BACKOFF_FIRST_MS          100
#define BACKOFF_MAX_MS            5000
#define HEALTHY_AFTER_MS          30000
#define PING_EVERY_MS             5000
#define SILENCE_MAX_MS            30000
#define STOP_GRACE_MS             10000
#define QUICK_DEATHS_BEFORE_ALARM 5
#define RECONNECT_AFTER_MS        500

enum { WEB, CORE, HOST, CHILDREN };

static const struct {
	const char *name;
	const char *program;
	const char *socket; /* what it listens on, or NULL */
	int neighbours[2];  /* -1: none */
} roles[CHILDREN] = {
	[WEB] = {"web", "ippo-web", "https", {CORE, -1}},
	[CORE] = {"core", "ippo-core", "local", {WEB, HOST}},
	[HOST] = {"host", "ippo-host", NULL, {CORE, -1}},
};

struct child_process {
	struct supervisor *supervisor;
	int role;
	uv_process_t process;
	uv_timer_t restart;
	uv_timer_t reconnect; /* with core */
	struct channel *control;
	bool running;
	bool ready;
	unsigned restarts;
	unsigned quick_deaths;
	uint64_t backoff_ms;
	int64_t started_ms; /* monotonic */
	int64_t started_wall_ms;
	int64_t heard_ms;
};

struct supervisor {
	uv_loop_t *loop;
	const struct config *config;
	const char *config_path;
	struct supervisor_sockets sockets;
	struct child_process children[CHILDREN];
	struct visitor *metrics;
	struct visitor *post;
	struct visitor *probe;
	struct visitor *lookups;
	struct visitor *dns;
	struct name_server *names; /* NULL: none */
	bool names_ended;
	uv_timer_t ping;
	uv_timer_t grace;
	bool stopping;
	bool announced;
};

static void start(struct child_process *child);

static int send_named_fd(struct channel *control, uint16_t type, const char *name, int fd)
{
	struct buf body CLEANUP(buf_done) = {0};

	write_text(&body, name);
	return channel_send(control, type, 0, 0, body.data, body.len, &fd, 1);
}

/* A new channel between two children that run. */
static void connect_pair(struct child_process *child, struct child_process *neighbour)
{
	int pair[2];

	(void)uv_timer_stop(&child->reconnect);
	(void)uv_timer_stop(&neighbour->reconnect);
	if (channel_pair(pair) < 0) {
		log_error("cannot connect %s and %s: %s", roles[child->role].name,
			  roles[neighbour->role].name, strerror(errno));
		return;
	}
	(void)send_named_fd(child->control, SUPERVISION_CONNECT, roles[neighbour->role].name,
			    pair[0]);
	(void)send_named_fd(neighbour->control, SUPERVISION_CONNECT, roles[child->role].name,
			    pair[1]);
}

static void connect_neighbours(struct child_process *child)
{
	for (size_t i = 0; i < ARRAY_SIZE(roles[child->role].neighbours); i++) {
		const int role = roles[child->role].neighbours[i];
		if (role >= 0 && child->supervisor->children[role].running)
			connect_pair(child, &child->supervisor->children[role]);
	}
}

/* Not at once: two that fall out over every message must not keep the machine busy. */
static void on_reconnect_due(uv_timer_t *timer)
{
	struct child_process *neighbour = timer->data;
	struct child_process *core = &neighbour->supervisor->children[CORE];

	if (core->running && neighbour->running && !core->supervisor->stopping)
		connect_pair(core, neighbour);
}

static int on_reconnect(void *context, struct channel *channel, struct message *message)
{
	struct child_process *child = context;
	char name[16];
	struct reader reader;

	reader_init(&reader, message->body, message->body_bytes);
	reader_text(&reader, name, sizeof name);
	if (reader_done(&reader) < 0 || child->role != CORE)
		return ERR_PROTOCOL;
	for (int role = 0; role < CHILDREN; role++) {
		struct child_process *neighbour = &child->supervisor->children[role];
		if (role == CORE || strcmp(roles[role].name, name) != 0)
			continue;
		/* One that has died is connected when it is started again. */
		if (neighbour->running)
			(void)uv_timer_start(&neighbour->reconnect, on_reconnect_due,
					     RECONNECT_AFTER_MS, 0);
		return 0;
	}
	return ERR_PROTOCOL;
}

/* One that comes and goes runs: core gets its end of the channel. */
static void hand_to_core(const struct supervisor *supervisor, const char *name, int fd)
{
	const struct child_process *core = &supervisor->children[CORE];

	if (core->running && core->control != NULL)
		(void)send_named_fd(core->control, SUPERVISION_CONNECT, name, fd);
	else
		(void)close(fd);
}

static void on_metrics_started(void *context, int fd)
{
	hand_to_core(context, "metrics", fd);
}

static void on_probe_started(void *context, int fd)
{
	hand_to_core(context, "probe", fd);
}

static void on_lookups_started(void *context, int fd)
{
	hand_to_core(context, "lookups", fd);
}

static void on_post_started(void *context, int fd)
{
	hand_to_core(context, "post", fd);
}

static void on_dns_started(void *context, int fd)
{
	hand_to_core(context, "dns", fd);
}

static int want(const struct child_process *asking, struct visitor *visitor)
{
	if (asking->role != CORE)
		return ERR_PROTOCOL;
	if (!asking->supervisor->stopping)
		visitor_want(visitor);
	return 0;
}

static int on_metrics(void *context, struct channel *channel, struct message *message)
{
	const struct child_process *child = context;

	return want(child, child->supervisor->metrics);
}

static int on_probe(void *context, struct channel *channel, struct message *message)
{
	const struct child_process *child = context;

	return want(child, child->supervisor->probe);
}

static int on_lookups(void *context, struct channel *channel, struct message *message)
{
	const struct child_process *child = context;

	return want(child, child->supervisor->lookups);
}

static int on_post(void *context, struct channel *channel, struct message *message)
{
	const struct child_process *child = context;

	return want(child, child->supervisor->post);
}

static int on_dns(void *context, struct channel *channel, struct message *message)
{
	const struct child_process *child = context;

	return want(child, child->supervisor->dns);
}

static int on_pong(void *context, struct channel *channel, struct message *message)
{
	((struct child_process *)context)->heard_ms = clock_mono_ms();
	return 0;
}

/* To systemd, where it started us (sd_notify(3)'s protocol): the service is up. */
static void announce_ready(void)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	static const char text[] = "READY=1";

	if (path == NULL || strlen(path) >= sizeof address.sun_path)
		return;
	memcpy(address.sun_path, path, strlen(path));
	if (address.sun_path[0] == '@')
		address.sun_path[0] = '\0';
	AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd >= 0)
		(void)sendto(fd, text, sizeof text - 1, MSG_NOSIGNAL, (struct sockaddr *)&address,
			     (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path)));
}

static int on_ready(void *context, struct channel *channel, struct message *message)
{
	struct child_process *child = context;
	struct supervisor *supervisor = child->supervisor;
	bool all = true;

	child->ready = true;
	child->heard_ms = clock_mono_ms();
	log_info("%s is ready (pid %d)", roles[child->role].program, child->process.pid);
	for (int role = 0; role < CHILDREN; role++)
		all = all && supervisor->children[role].ready;
	if (all && !supervisor->announced) {
		supervisor->announced = true;
		log_info("serving %s", supervisor->config->url);
		announce_ready();
	}
	return 0;
}

static int on_health(void *context, struct channel *channel, struct message *message)
{
	const struct child_process *asking = context;
	struct buf body CLEANUP(buf_done) = {0};
	json_t *all = json_array();

	for (int role = 0; role < CHILDREN; role++) {
		const struct child_process *child = &asking->supervisor->children[role];
		char since[CLOCK_TEXT_BYTES];
		clock_format(child->started_wall_ms, since);
		(void)json_array_append_new(
			all, json_pack("{s:s, s:b, s:b, s:i, s:i, s:s}", "name",
				       roles[role].program, "running", child->running, "ready",
				       child->ready, "pid", child->running ? child->process.pid : 0,
				       "restarts", (int)child->restarts, "since", since));
	}
	AUTO_FREE char *text = json_dumps(all, JSON_COMPACT);
	json_decref(all);
	write_text(&body, text);
	return channel_send(channel, SUPERVISION_HEALTH, 0, message->id, body.data, body.len, NULL,
			    0);
}

/* A child that broke its control channel is of no use: end it, and its exit brings the next one. */
static void on_control_closed(void *context, struct channel *channel, const struct err *why)
{
	struct child_process *child = context;

	if (child->running && !child->supervisor->stopping)
		(void)uv_process_kill(&child->process, SIGKILL);
}

static const struct message_rule rules[] = {
	{SUPERVISION_PONG, 0, on_pong},       {SUPERVISION_READY, 0, on_ready},
	{SUPERVISION_HEALTH, 0, on_health},   {SUPERVISION_RECONNECT, 0, on_reconnect},
	{SUPERVISION_METRICS, 0, on_metrics}, {SUPERVISION_POST, 0, on_post},
	{SUPERVISION_PROBE, 0, on_probe},     {SUPERVISION_DNS, 0, on_dns},
	{SUPERVISION_LOOKUPS, 0, on_lookups}, {0, 0, NULL},
};
static const struct channel_events control_events = {.rules = rules, .closed = on_control_closed};

static void on_restart_due(uv_timer_t *timer)
{
	start(timer->data);
}

static void schedule_restart(struct child_process *child)
{
	if (clock_mono_ms() - child->started_ms > HEALTHY_AFTER_MS) {
		child->backoff_ms = BACKOFF_FIRST_MS;
		child->quick_deaths = 0;
	}
	if (++child->quick_deaths == QUICK_DEATHS_BEFORE_ALARM)
		log_error(
			"%s keeps ending right after its start; see its messages above. Trying on",
			roles[child->role].program);
	child->restarts++;
	(void)uv_timer_start(&child->restart, on_restart_due, child->backoff_ms, 0);
	child->backoff_ms =
		child->backoff_ms * 2 < BACKOFF_MAX_MS ? child->backoff_ms * 2 : BACKOFF_MAX_MS;
}

static void stop_when_all_ended(struct supervisor *supervisor)
{
	for (int role = 0; role < CHILDREN; role++)
		if (supervisor->children[role].running)
			return;
	if (supervisor->names == NULL || supervisor->names_ended)
		uv_stop(supervisor->loop);
}

static void on_names_ended(void *context)
{
	struct supervisor *supervisor = context;

	supervisor->names_ended = true;
	stop_when_all_ended(supervisor);
}

static void on_closed_process(uv_handle_t *handle)
{
	struct child_process *child = handle->data;
	struct supervisor *supervisor = child->supervisor;

	child->running = false;
	if (!supervisor->stopping) {
		schedule_restart(child);
		return;
	}
	stop_when_all_ended(supervisor);
}

static void on_child_exit(uv_process_t *process, int64_t status, int signal)
{
	struct child_process *child = process->data;

	if (child->supervisor->stopping)
		log_info("%s has ended", roles[child->role].program);
	else if (signal != 0)
		log_warning("%s (pid %d) was ended by signal %d", roles[child->role].program,
			    process->pid, signal);
	else
		log_warning("%s (pid %d) ended with status %d", roles[child->role].program,
			    process->pid, (int)status);
	child->ready = false;
	(void)uv_timer_stop(&child->reconnect);
	channel_free(child->control);
	child->control = NULL;
	uv_close((uv_handle_t *)process, on_closed_process);
}

static int spawn(struct child_process *child, int control_fd)
{
	char program[CONFIG_PATH_BYTES + 32];
	char *arguments[] = {program, (char *)(uintptr_t) "--config",
			     (char *)(uintptr_t)child->supervisor->config_path, NULL};
	uv_stdio_container_t stdio[] = {
		{.flags = UV_IGNORE},
		{.flags = UV_INHERIT_FD, .data.fd = STDERR_FILENO},
		{.flags = UV_INHERIT_FD, .data.fd = STDERR_FILENO},
		{.flags = UV_INHERIT_FD, .data.fd = control_fd},
		{.flags = UV_INHERIT_FD, .data.fd = child->supervisor->sockets.lock},
	};
	const uv_process_options_t options = {.exit_cb = on_child_exit,
					      .file = program,
					      .args = arguments,
					      .stdio = stdio,
					      .stdio_count = ARRAY_SIZE(stdio)};

	(void)snprintf(program, sizeof program, "%s/%s", child->supervisor->config->program_dir,
		       roles[child->role].program);
	return uv_spawn(child->supervisor->loop, &child->process, &options);
}

static void start(struct child_process *child)
{
	struct supervisor *supervisor = child->supervisor;
	struct err err = {0};
	int pair[2];
	int code = channel_pair(pair);

	child->started_ms = child->heard_ms = clock_mono_ms();
	child->started_wall_ms = clock_now_ms();
	if (code == 0) {
		code = spawn(child, pair[1]);
		(void)close(pair[1]);
		if (code < 0)
			(void)close(pair[0]);
		else
			code = channel_new(supervisor->loop, pair[0], &control_events, child,
					   &child->control, &err);
	}
	child->process.data = child;
	if (code < 0) {
		log_error("cannot start %s/%s: %s", supervisor->config->program_dir,
			  roles[child->role].program,
			  *err.text != '\0' ? err.text : uv_strerror(code));
		/* uv_spawn() has initialised the handle even when it failed. */
		uv_close((uv_handle_t *)&child->process, on_closed_process);
		return;
	}
	child->running = true;
	if (roles[child->role].socket != NULL) {
		int listening =
			child->role == WEB ? supervisor->sockets.https : supervisor->sockets.local;
		(void)send_named_fd(child->control, SUPERVISION_LISTEN, roles[child->role].socket,
				    fcntl(listening, F_DUPFD_CLOEXEC, 0));
	}
	connect_neighbours(child);
}

static void on_ping_due(uv_timer_t *timer)
{
	struct supervisor *supervisor = timer->data;

	for (int role = 0; role < CHILDREN; role++) {
		struct child_process *child = &supervisor->children[role];
		if (!child->running || child->control == NULL)
			continue;
		if (clock_mono_ms() - child->heard_ms > SILENCE_MAX_MS) {
			log_error("%s (pid %d) has not answered for %d s; starting it again",
				  roles[role].program, child->process.pid, SILENCE_MAX_MS / 1000);
			(void)uv_process_kill(&child->process, SIGKILL);
		} else {
			(void)channel_send(child->control, SUPERVISION_PING, 0, 0, NULL, 0, NULL,
					   0);
		}
	}
}

int supervisor_new(uv_loop_t *loop, const struct config *config, const char *config_path,
		   const struct supervisor_sockets *sockets, struct supervisor **ret,
		   struct err *err)
{
	struct supervisor *supervisor = calloc(1, sizeof *supervisor);

	if (supervisor == NULL)
		return err_set(err, -ENOMEM, "no memory");
	supervisor->loop = loop;
	supervisor->config = config;
	supervisor->config_path = config_path;
	supervisor->sockets = *sockets;
	if (visitor_new(loop, "ippo-metrics", config, config_path, sockets->lock,
			on_metrics_started, supervisor, &supervisor->metrics) < 0 ||
	    visitor_new(loop, "ippo-post", config, config_path, sockets->lock, on_post_started,
			supervisor, &supervisor->post) < 0 ||
	    visitor_new(loop, "ippo-probe", config, config_path, sockets->lock, on_probe_started,
			supervisor, &supervisor->probe) < 0 ||
	    visitor_new(loop, "ippo-probe", config, config_path, sockets->lock, on_lookups_started,
			supervisor, &supervisor->lookups) < 0 ||
	    visitor_new(loop, "ippo-dns", config, config_path, sockets->lock, on_dns_started,
			supervisor, &supervisor->dns) < 0) {
		visitor_free(supervisor->metrics);
		visitor_free(supervisor->post);
		visitor_free(supervisor->probe);
		visitor_free(supervisor->lookups);
		free(supervisor);
		return err_set(err, -ENOMEM, "no memory");
	}
	const int code = name_server_new(loop, config, &supervisor->names, err);
	if (code < 0) {
		visitor_free(supervisor->metrics);
		visitor_free(supervisor->post);
		visitor_free(supervisor->probe);
		visitor_free(supervisor->lookups);
		visitor_free(supervisor->dns);
		free(supervisor);
		return code;
	}
	(void)uv_timer_init(loop, &supervisor->ping);
	(void)uv_timer_init(loop, &supervisor->grace);
	supervisor->ping.data = supervisor->grace.data = supervisor;
	(void)uv_timer_start(&supervisor->ping, on_ping_due, PING_EVERY_MS, PING_EVERY_MS);
	for (int role = 0; role < CHILDREN; role++) {
		struct child_process *child = &supervisor->children[role];
		*child = (struct child_process){
			.supervisor = supervisor, .role = role, .backoff_ms = BACKOFF_FIRST_MS};
		(void)uv_timer_init(loop, &child->restart);
		(void)uv_timer_init(loop, &child->reconnect);
		child->restart.data = child->reconnect.data = child;
	}
	for (int role = CHILDREN - 1; role >= 0; role--)
		start(&supervisor->children[role]);
	*ret = supervisor;
	return 0;
}

static void on_grace_over(uv_timer_t *timer)
{
	struct supervisor *supervisor = timer->data;

	for (int role = 0; role < CHILDREN; role++)
		if (supervisor->children[role].running) {
			log_warning("%s did not end within %d s; killing it", roles[role].program,
				    STOP_GRACE_MS / 1000);
			(void)uv_process_kill(&supervisor->children[role].process, SIGKILL);
		}
}

void supervisor_stop(struct supervisor *supervisor)
{
	bool any = false;

	if (supervisor->stopping)
		return;
	supervisor->stopping = true;
	for (int role = 0; role < CHILDREN; role++) {
		struct child_process *child = &supervisor->children[role];
		(void)uv_timer_stop(&child->restart);
		(void)uv_timer_stop(&child->reconnect);
		any = any || child->running;
		if (child->running && child->control != NULL)
			(void)channel_send(child->control, SUPERVISION_STOP, 0, 0, NULL, 0, NULL,
					   0);
	}
	if (any)
		(void)uv_timer_start(&supervisor->grace, on_grace_over, STOP_GRACE_MS, 0);
	if (supervisor->names != NULL)
		name_server_stop(supervisor->names, on_names_ended, supervisor);
	else
		stop_when_all_ended(supervisor);
}

void supervisor_free(struct supervisor *supervisor)
{
	if (supervisor == NULL)
		return;
	for (int role = 0; role < CHILDREN; role++)
		channel_free(supervisor->children[role].control);
	visitor_free(supervisor->metrics);
	visitor_free(supervisor->post);
	visitor_free(supervisor->probe);
	visitor_free(supervisor->lookups);
	visitor_free(supervisor->dns);
	name_server_free(supervisor->names);
	free(supervisor);
}

#include "ippod/metrics_process.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "wire/channel.h"

#define PROGRAM      "ippo-metrics"
#define END_GRACE_MS 10000

struct metrics_process {
	uv_loop_t *loop;
	const struct config *config;
	const char *config_path;
	int lock_fd;
	metrics_process_started *started;
	void *context;
	uv_process_t process;
	uv_timer_t grace;
	bool running;
	bool wanted;
};

static void start(struct metrics_process *metrics);

static void on_closed(uv_handle_t *handle)
{
	struct metrics_process *metrics = handle->data;

	metrics->running = false;
	if (metrics->wanted)
		start(metrics);
}

static void on_exit_of_it(uv_process_t *process, int64_t status, int signal)
{
	struct metrics_process *metrics = process->data;

	(void)uv_timer_stop(&metrics->grace);
	if (signal != 0)
		log_warning(PROGRAM " (pid %d) was ended by signal %d", process->pid, signal);
	else if (status != 0)
		log_warning(PROGRAM " (pid %d) ended with status %d", process->pid, (int)status);
	uv_close((uv_handle_t *)process, on_closed);
}

static int spawn(struct metrics_process *metrics, int channel_fd)
{
	char program[CONFIG_PATH_BYTES + 32];
	char *arguments[] = {program, (char *)(uintptr_t) "--config",
			     (char *)(uintptr_t)metrics->config_path, NULL};
	uv_stdio_container_t stdio[] = {
		{.flags = UV_IGNORE},
		{.flags = UV_INHERIT_FD, .data.fd = STDERR_FILENO},
		{.flags = UV_INHERIT_FD, .data.fd = STDERR_FILENO},
		{.flags = UV_INHERIT_FD, .data.fd = channel_fd},
		{.flags = UV_INHERIT_FD, .data.fd = metrics->lock_fd},
	};
	const uv_process_options_t options = {.exit_cb = on_exit_of_it,
					      .file = program,
					      .args = arguments,
					      .stdio = stdio,
					      .stdio_count = ARRAY_SIZE(stdio)};

	(void)snprintf(program, sizeof program, "%s/" PROGRAM, metrics->config->program_dir);
	metrics->running = true;
	metrics->process.data = metrics;
	return uv_spawn(metrics->loop, &metrics->process, &options);
}

static void start(struct metrics_process *metrics)
{
	int pair[2], code = channel_pair(pair);

	metrics->wanted = false;
	if (code < 0) {
		log_error("cannot start " PROGRAM ": %s", uv_strerror(code));
		return;
	}
	code = spawn(metrics, pair[1]);
	(void)close(pair[1]);
	if (code == 0) {
		metrics->started(metrics->context, pair[0]);
		return;
	}
	(void)close(pair[0]);
	log_error("cannot start %s/" PROGRAM ": %s", metrics->config->program_dir,
		  uv_strerror(code));
	/* uv_spawn() has initialised the handle even when it failed. */
	uv_close((uv_handle_t *)&metrics->process, on_closed);
}

static void on_grace_over(uv_timer_t *timer)
{
	struct metrics_process *metrics = timer->data;

	if (metrics->running)
		(void)uv_process_kill(&metrics->process, SIGKILL);
}

int metrics_process_new(uv_loop_t *loop, const struct config *config, const char *config_path,
			int lock_fd, metrics_process_started *started, void *context,
			struct metrics_process **ret)
{
	struct metrics_process *metrics = calloc(1, sizeof *metrics);

	if (metrics == NULL)
		return -ENOMEM;
	*metrics = (struct metrics_process){.loop = loop,
					    .config = config,
					    .config_path = config_path,
					    .lock_fd = lock_fd,
					    .started = started,
					    .context = context};
	(void)uv_timer_init(loop, &metrics->grace);
	metrics->grace.data = metrics;
	*ret = metrics;
	return 0;
}

void metrics_process_want(struct metrics_process *metrics)
{
	if (!metrics->running) {
		start(metrics);
		return;
	}
	/* Core asks again only when it has closed the last one's channel, or has died with it. */
	metrics->wanted = true;
	(void)uv_timer_start(&metrics->grace, on_grace_over, END_GRACE_MS, 0);
}

void metrics_process_free(struct metrics_process *metrics)
{
	free(metrics);
}

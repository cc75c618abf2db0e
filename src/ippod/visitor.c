#include "ippod/visitor.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "wire/channel.h"

#define END_GRACE_MS 10000

struct visitor {
	uv_loop_t *loop;
	const char *program;
	const struct config *config;
	const char *config_path;
	int lock_fd;
	visitor_started *started;
	void *context;
	uv_process_t process;
	uv_timer_t grace;
	bool running;
	bool wanted;
};

static void start(struct visitor *visitor);

static void on_closed(uv_handle_t *handle)
{
	struct visitor *visitor = handle->data;

	visitor->running = false;
	if (visitor->wanted)
		start(visitor);
}

static void on_exit_of_it(uv_process_t *process, int64_t status, int signal)
{
	struct visitor *visitor = process->data;

	(void)uv_timer_stop(&visitor->grace);
	if (signal != 0)
		log_warning("%s (pid %d) was ended by signal %d", visitor->program, process->pid,
			    signal);
	else if (status != 0)
		log_warning("%s (pid %d) ended with status %d", visitor->program, process->pid,
			    (int)status);
	uv_close((uv_handle_t *)process, on_closed);
}

static int spawn(struct visitor *visitor, int channel_fd)
{
	char program[CONFIG_PATH_BYTES + 32];
	char *arguments[] = {program, (char *)(uintptr_t) "--config",
			     (char *)(uintptr_t)visitor->config_path, NULL};
	uv_stdio_container_t stdio[] = {
		{.flags = UV_IGNORE},
		{.flags = UV_INHERIT_FD, .data.fd = STDERR_FILENO},
		{.flags = UV_INHERIT_FD, .data.fd = STDERR_FILENO},
		{.flags = UV_INHERIT_FD, .data.fd = channel_fd},
		{.flags = UV_INHERIT_FD, .data.fd = visitor->lock_fd},
	};
	const uv_process_options_t options = {.exit_cb = on_exit_of_it,
					      .file = program,
					      .args = arguments,
					      .stdio = stdio,
					      .stdio_count = ARRAY_SIZE(stdio)};

	(void)snprintf(program, sizeof program, "%s/%s", visitor->config->program_dir,
		       visitor->program);
	visitor->running = true;
	visitor->process.data = visitor;
	return uv_spawn(visitor->loop, &visitor->process, &options);
}

static void start(struct visitor *visitor)
{
	int pair[2], code = channel_pair(pair);

	visitor->wanted = false;
	if (code < 0) {
		log_error("cannot start %s: %s", visitor->program, uv_strerror(code));
		return;
	}
	code = spawn(visitor, pair[1]);
	(void)close(pair[1]);
	if (code == 0) {
		visitor->started(visitor->context, pair[0]);
		return;
	}
	(void)close(pair[0]);
	log_error("cannot start %s/%s: %s", visitor->config->program_dir, visitor->program,
		  uv_strerror(code));
	/* uv_spawn() has initialised the handle even when it failed. */
	uv_close((uv_handle_t *)&visitor->process, on_closed);
}

static void on_grace_over(uv_timer_t *timer)
{
	struct visitor *visitor = timer->data;

	if (visitor->running)
		(void)uv_process_kill(&visitor->process, SIGKILL);
}

int visitor_new(uv_loop_t *loop, const char *program, const struct config *config,
		const char *config_path, int lock_fd, visitor_started *started, void *context,
		struct visitor **ret)
{
	struct visitor *visitor = calloc(1, sizeof *visitor);

	if (visitor == NULL)
		return -ENOMEM;
	*visitor = (struct visitor){.loop = loop,
				    .program = program,
				    .config = config,
				    .config_path = config_path,
				    .lock_fd = lock_fd,
				    .started = started,
				    .context = context};
	(void)uv_timer_init(loop, &visitor->grace);
	visitor->grace.data = visitor;
	*ret = visitor;
	return 0;
}

void visitor_want(struct visitor *visitor)
{
	if (!visitor->running) {
		start(visitor);
		return;
	}
	/* Core asks again only when it has closed the last one's channel, or has died with it. */
	visitor->wanted = true;
	(void)uv_timer_start(&visitor->grace, on_grace_over, END_GRACE_MS, 0);
}

void visitor_free(struct visitor *visitor)
{
	free(visitor);
}

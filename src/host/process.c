#include "host/process.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"

#define TICK_MS                   1000
#define OUTPUT_MAX_BYTES          ((size_t)64 * 1024)
#define UNPRIVILEGED_MEMORY_BYTES ((rlim_t)2 * 1024 * 1024 * 1024)
#define UNPRIVILEGED_CPU_S        ((rlim_t)3600)
/* The kernel counts every thread of the user on the whole machine against it, so other programs
 * that run as nobody (exporters, other containers) need room below it. qemu-img alone starts up
 * to 64. */
#define UNPRIVILEGED_TASKS_MAX ((rlim_t)2048)
#define NOT_FOUND_STATUS       127
#define NOT_DROPPED_STATUS     126

static void limit(__rlimit_resource_t resource, rlim_t most)
{
	const struct rlimit value = {most, most};

	if (setrlimit(resource, &value) < 0)
		_exit(NOT_DROPPED_STATUS);
}

/* In the child, until exec or work: only async-signal-safe calls. */
static void become_program(const struct process *process, int in, int out, int error)
{
	if (dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 ||
	    dup2(error, STDERR_FILENO) < 0)
		_exit(NOT_DROPPED_STATUS);
	(void)close_range(3, ~0U, 0);
	if (process->unprivileged) {
		limit(RLIMIT_AS, UNPRIVILEGED_MEMORY_BYTES);
		limit(RLIMIT_CPU, UNPRIVILEGED_CPU_S);
		limit(RLIMIT_CORE, 0);
		limit(RLIMIT_NPROC, UNPRIVILEGED_TASKS_MAX);
		if (setgroups(0, NULL) < 0 ||
		    setresgid(PROCESS_NOBODY, PROCESS_NOBODY, PROCESS_NOBODY) < 0 ||
		    setresuid(PROCESS_NOBODY, PROCESS_NOBODY, PROCESS_NOBODY) < 0 ||
		    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
			_exit(NOT_DROPPED_STATUS);
	}
	/* After the change of user, which would undo it. */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (process->work != NULL)
		_exit(process->work(process->context));
	(void)execvp(process->arguments[0], (char *const *)(uintptr_t)process->arguments);
	_exit(NOT_FOUND_STATUS);
}

struct streams {
	int input;  /* we write; -1: done */
	int output; /* we read */
	int error;
	size_t written;
};

static void close_stream(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

/* Append what can be read; what is over the limit is read and dropped, so that the child does not
 * wait. */
static void drain(int *fd, struct buf *into)
{
	char chunk[4096];
	ssize_t got = read(*fd, chunk, sizeof chunk);

	if (got <= 0) {
		if (got == 0 || (errno != EINTR && errno != EAGAIN))
			close_stream(fd);
		return;
	}
	if (into->len + (size_t)got <= OUTPUT_MAX_BYTES)
		(void)buf_append(into, chunk, (size_t)got);
}

static void feed(const struct process *process, struct streams *streams)
{
	ssize_t sent = write(streams->input, (const char *)process->input + streams->written,
			     process->input_bytes - streams->written);

	if (sent > 0)
		streams->written += (size_t)sent;
	if ((sent < 0 && errno != EINTR && errno != EAGAIN) ||
	    streams->written == process->input_bytes)
		close_stream(&streams->input);
}

/* Until the child has closed its ends, or time is up. 0, ERR_TIMEOUT or what tick said. */
static int talk(const struct process *process, struct streams *streams, struct buf *output,
		struct buf *error)
{
	const int64_t end =
		process->timeout_s > 0 ? clock_mono_ms() + process->timeout_s * 1000L : INT64_MAX;
	int64_t tick_ms = clock_mono_ms() + TICK_MS;
	int code = 0;

	while (streams->output >= 0 || streams->error >= 0) {
		struct pollfd fds[3] = {{streams->input, POLLOUT, 0},
					{streams->output, POLLIN, 0},
					{streams->error, POLLIN, 0}};
		int64_t left = end - clock_mono_ms();
		if (left <= 0)
			return ERR_TIMEOUT;
		if (process->tick != NULL && clock_mono_ms() >= tick_ms) {
			tick_ms = clock_mono_ms() + TICK_MS;
			if ((code = process->tick(process->tick_context)) < 0)
				return code;
		}
		if (poll(fds, 3, left < TICK_MS ? (int)left : TICK_MS) <= 0)
			continue;
		if (fds[0].revents != 0)
			feed(process, streams);
		if (fds[1].revents != 0)
			drain(&streams->output, output);
		if (fds[2].revents != 0)
			drain(&streams->error, error);
	}
	return 0;
}

/* The first line that begins with @start, else @otherwise. */
static char *first_line(char *text, const char *start, char *otherwise)
{
	for (char *line = text; line != NULL; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, start, strlen(start)) == 0)
			return line;
	}
	return otherwise;
}

static int judge(const struct process *process, int status, struct buf *error, struct err *err)
{
	char nothing[1] = "", *text = error->len > 0 ? (char *)error->data : nothing;
	size_t len = strlen(text);

	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_FOUND_STATUS)
		return err_set(err, ERR_UNAVAILABLE, "%s is not installed", process->arguments[0]);
	/* The last line is the one that says why, unless another is known by its beginning. */
	while (len > 0 && text[len - 1] == '\n')
		text[--len] = '\0';
	char *line = strrchr(text, '\n') != NULL ? strrchr(text, '\n') + 1 : text;
	if (process->why != NULL) {
		line = first_line(text, process->why, line);
		line[strcspn(line, "\n")] = '\0';
	}
	if (strstr(text, "No space left") != NULL)
		return err_set(err, ERR_DISK_FULL, "the disk of this host is full: %s", line);
	return err_set(err, ERR_SERVER, "%s failed: %s", process->arguments[0],
		       *line != '\0' ? line : "no reason given");
}

int process_run(const struct process *process, struct buf *ret_output, struct err *err)
{
	AUTO_CLOSE int in_read = -1, in_write = -1, out_read = -1, out_write = -1, error_read = -1,
		       error_write = -1;
	AUTO_CLOSE int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct buf dropped CLEANUP(buf_done) = {0}, error CLEANUP(buf_done) = {0};
	struct streams streams;
	int pair[2], status, code;
	pid_t child;

	if (process->input != NULL) {
		if (pipe2(pair, O_CLOEXEC) < 0)
			return err_set(err, -errno, "cannot make a pipe: %s", strerror(errno));
		in_read = pair[0];
		in_write = pair[1];
		(void)fd_set_nonblock(in_write, 1);
	}
	if (process->stdout_fd < 0) {
		if (pipe2(pair, O_CLOEXEC) < 0)
			return err_set(err, -errno, "cannot make a pipe: %s", strerror(errno));
		out_read = pair[0];
		out_write = pair[1];
	}
	if (nothing < 0 || pipe2(pair, O_CLOEXEC) < 0)
		return err_set(err, -errno, "cannot make a pipe: %s", strerror(errno));
	error_read = pair[0];
	error_write = pair[1];

	child = fork();
	if (child == 0)
		become_program(process,
			       in_read >= 0             ? in_read
			       : process->stdin_fd >= 0 ? process->stdin_fd
							: nothing,
			       process->stdout_fd >= 0 ? process->stdout_fd : out_write,
			       error_write);
	if (child < 0)
		return err_set(err, -errno, "cannot start %s: %s", process->arguments[0],
			       strerror(errno));
	close_stream(&in_read);
	close_stream(&out_write);
	close_stream(&error_write);
	streams = (struct streams){steal_fd(&in_write), steal_fd(&out_read), steal_fd(&error_read),
				   0};
	code = talk(process, &streams, ret_output != NULL ? ret_output : &dropped, &error);
	close_stream(&streams.input);
	close_stream(&streams.output);
	close_stream(&streams.error);
	if (code < 0)
		(void)kill(child, SIGKILL);
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return err_set(err, -errno, "cannot wait for %s", process->arguments[0]);
	if (code < 0 && code != ERR_TIMEOUT)
		return err_set(err, code, "%s was ended", process->arguments[0]);
	if (code < 0)
		return err_set(err, code, "%s did not end within %u s", process->arguments[0],
			       process->timeout_s);
	return judge(process, status, &error, err);
}

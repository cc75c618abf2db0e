#include "firststep/run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"

#define PATH_OF_PROGRAMS "PATH=/usr/sbin:/usr/bin:/sbin:/bin"

static int find(const char *name, char *out, size_t size)
{
	static const char *const folders[] = {"/usr/sbin", "/usr/bin", "/sbin", "/bin"};

	for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
		(void)snprintf(out, size, "%s/%s", folders[i], name);
		if (access(out, X_OK) == 0)
			return 0;
	}
	return -ENOENT;
}

int run_has(const char *name)
{
	char path[256];

	return find(name, path, sizeof path) == 0;
}

static void child(const char *path, const char *const argv[], int output)
{
	static const char *const environment[] = {PATH_OF_PROGRAMS, "LC_ALL=C", "HOME=/root",
						  "DEBIAN_FRONTEND=noninteractive", NULL};
	const int nothing = open("/dev/null", O_RDONLY);
	sigset_t none;

	(void)setpgid(0, 0);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)signal(SIGPIPE, SIG_DFL);
	(void)dup2(nothing, 0);
	if (output >= 0) {
		(void)dup2(output, 1);
		(void)dup2(output, 2);
	}
	/* execve() changes neither; C has no better type for it. */
	(void)execve(path, (char *const *)(uintptr_t)argv, (char *const *)(uintptr_t)environment);
	_exit(127);
}

/* Reads till the end of output or the deadline. */
static int collect(int fd, int64_t deadline_ms, struct buf *out)
{
	char chunk[4096];
	size_t total = 0;

	for (;;) {
		struct pollfd wait_for = {.fd = fd, .events = POLLIN};
		const int64_t left_ms = deadline_ms - clock_mono_ms();
		const int ready = left_ms > 0 ? poll(&wait_for, 1, (int)left_ms) : 0;
		if (ready < 0 && errno == EINTR)
			continue;
		if (ready < 0)
			return -errno;
		if (ready == 0)
			return -ETIMEDOUT;
		const ssize_t got = read(fd, chunk, sizeof chunk);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? -errno : out->error;
		total += (size_t)got;
		if (total > RUN_OUTPUT_BYTES)
			return -EFBIG;
		(void)buf_append(out, chunk, (size_t)got);
	}
}

static int wait_until(pid_t pid, int64_t deadline_ms, int *ret_status)
{
	int status;

	for (;;) {
		const pid_t ended = waitpid(pid, &status, WNOHANG);
		if (ended == pid)
			break;
		if (ended < 0 && errno != EINTR)
			return -errno;
		if (clock_mono_ms() >= deadline_ms)
			return -ETIMEDOUT;
		(void)poll(NULL, 0, 2);
	}
	*ret_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	return 0;
}

int run_capture(const char *const argv[], int timeout_ms, struct buf *out, int *ret_status)
{
	const int64_t deadline_ms = clock_mono_ms() + timeout_ms;
	char path[256];
	int ends[2] = {-1, -1};
	int code = find(argv[0], path, sizeof path);

	if (code < 0)
		return code;
	if (out != NULL && pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	AUTO_CLOSE int in = ends[0];
	const pid_t pid = fork();
	if (pid == 0)
		child(path, argv, ends[1]);
	if (ends[1] >= 0)
		(void)close(ends[1]);
	if (pid < 0)
		return -EAGAIN;
	if (out != NULL)
		code = collect(in, deadline_ms, out);
	if (code == 0)
		code = wait_until(pid, deadline_ms, ret_status);
	if (code < 0) {
		(void)kill(-pid, SIGKILL);
		(void)kill(pid, SIGKILL);
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	return code;
}

int run_has_systemd(void)
{
	return access("/run/systemd/system", F_OK) == 0;
}

int run_checked(const char *const argv[], int timeout_ms, struct err *err)
{
	struct buf out CLEANUP(buf_done) = {0};
	int status = 0;
	const int code = run_capture(argv, timeout_ms, &out, &status);

	if (code < 0)
		return err_set(err, code, "%s: %s", argv[0], strerror(-code));
	if (status == 0)
		return 0;
	(void)buf_putc(&out, '\0');
	return err_set(err, ERR_SERVER, "%s: %.200s", argv[0], buf_str(&out));
}

int run_service(const char *const argv[], struct err *err)
{
	return run_has_systemd() ? run_checked(argv, RUN_SERVICE_MS, err) : 0;
}

/*
 * What a serial console costs the host: processor time per GB from a guest that writes without end
 * to a viewer that reads all, and memory per viewer that looks at a quiet server.
 *
 * Usage: bench-serial [MEBIBYTES] [VIEWERS]
 */
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/parse.h"
#include "host/console/serial.h"

#define PORTS 32 /* so many servers share the idle viewers, at most 64 each */

static uv_loop_t loop;

static void on_ended(void *context, uint64_t console_id, int end)
{
}

static const struct serial_events events = {.ended = on_ended};

/* The guest: its side of the terminal line, as QEMU writes to it. */
static void *write_on(void *context)
{
	static char block[4096];
	const int fd = *(const int *)context;

	memset(block, 'x', sizeof block);
	while (write(fd, block, sizeof block) > 0)
		;
	return NULL;
}

static double cpu_s(int who)
{
	struct rusage usage;

	(void)getrusage(who, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static long memory_kib(const char *field)
{
	FILE *file = fopen("/proc/self/status", "r");
	char line[128];
	long value = 0;

	while (file != NULL && fgets(line, sizeof line, file) != NULL)
		if (strncmp(line, field, strlen(field)) == 0)
			value = strtol(line + strlen(field), NULL, 10);
	if (file != NULL)
		(void)fclose(file);
	return value;
}

struct reader_state {
	int fd;
	uint64_t bytes;
	uint64_t gaps;
	double cpu;
};

static void *read_on(void *context)
{
	static uint8_t data[SERIAL_MAX_OUTPUT_BYTES + 16];
	struct reader_state *state = context;
	ssize_t got;

	while ((got = recv(state->fd, data, sizeof data, 0)) > 0)
		if (data[0] == SERIAL_OUTPUT)
			state->bytes += (uint64_t)got - 9;
		else if (data[0] == SERIAL_GAP)
			state->gaps++;
	state->cpu = cpu_s(RUSAGE_THREAD);
	return NULL;
}

static void bench_flow(int folder_fd, uint64_t bytes, bool is_terminal)
{
	static const uint8_t uuid[UUID_BYTES] = {1};
	const struct host_console_open look = {.console_id = 1, .mode = CONSOLE_VIEW};
	struct reader_state state = {0};
	struct serial *serial = NULL;
	pthread_t guest, viewer;
	struct err err = {0};
	struct termios raw;
	int ends[2] = {-1, -1}, master;
	struct serial_line line = {.run = 1, .is_from_start = true};

	if (is_terminal) {
		master = posix_openpt(O_RDWR | O_NOCTTY);
		(void)grantpt(master);
		(void)unlockpt(master);
		line.fd = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
		(void)tcgetattr(line.fd, &raw);
		cfmakeraw(&raw);
		(void)tcsetattr(line.fd, TCSANOW, &raw);
	} else {
		(void)socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
		master = ends[0];
		line.fd = ends[1];
	}
	if (serial_new(&loop, folder_fd, uuid, RING_DEFAULT_BYTES, &events, &serial, &err) < 0 ||
	    serial_open(serial, &look, &state.fd, &err) < 0)
		exit(1);
	(void)fcntl(state.fd, F_SETFL, 0);
	serial_attach(serial, &line);
	(void)pthread_create(&viewer, NULL, read_on, &state);
	(void)pthread_create(&guest, NULL, write_on, &master);
	const int64_t began_ms = clock_mono_ms();
	const double cpu = cpu_s(RUSAGE_THREAD);
	while (ring_end(serial_ring(serial)) < bytes)
		(void)uv_run(&loop, UV_RUN_ONCE);
	const double used = cpu_s(RUSAGE_THREAD) - cpu;
	const double gb = (double)ring_end(serial_ring(serial)) / 1e9;
	const double seconds = (double)(clock_mono_ms() - began_ms) / 1e3;
	(void)printf("flow from a %s: %.2f GB in %.1f s, host's thread %.2f CPU s per GB",
		     is_terminal ? "terminal line" : "socket", gb, seconds, used / gb);
	serial_free(serial);
	(void)pthread_join(viewer, NULL);
	(void)printf(", viewer %.2f, delivered %.1f %%, %lu gaps\n", state.cpu / gb,
		     (double)state.bytes / gb / 1e7, state.gaps);
	(void)close(master);
	ring_remove(folder_fd, uuid);
}

static void bench_idle(int folder_fd, uint64_t viewers)
{
	struct serial *serials[PORTS];
	struct err err = {0};
	int fd;

	for (uint8_t i = 0; i < PORTS; i++) {
		const uint8_t uuid[UUID_BYTES] = {2, i};
		if (serial_new(&loop, folder_fd, uuid, RING_DEFAULT_BYTES, &events, &serials[i],
			       &err) < 0)
			exit(1);
	}
	const long before = memory_kib("VmRSS:");
	for (uint64_t i = 0; i < viewers; i++) {
		const struct host_console_open open = {.console_id = i, .mode = CONSOLE_VIEW};
		if (serial_open(serials[i % PORTS], &open, &fd, &err) < 0)
			exit(1);
	}
	for (int i = 0; i < 10; i++)
		(void)uv_run(&loop, UV_RUN_NOWAIT);
	(void)printf("idle: %lu viewers, %.2f KiB each in the process\n", viewers,
		     (double)(memory_kib("VmRSS:") - before) / (double)viewers);
	for (uint8_t i = 0; i < PORTS; i++) {
		const uint8_t uuid[UUID_BYTES] = {2, i};
		serial_free(serials[i]);
		ring_remove(folder_fd, uuid);
	}
}

int main(int argc, char **argv)
{
	char folder[] = "/tmp/ippo-bench-serial-XXXXXX";
	const struct rlimit limit = {8192, 8192};
	uint64_t mebibytes = 1024, viewers = 2000;
	int folder_fd;

	if (argc > 1)
		(void)parse_u64(argv[1], 1, 1 << 20, &mebibytes);
	if (argc > 2)
		(void)parse_u64(argv[2], 1, PORTS * SERIAL_MAX_VIEWERS, &viewers);
	(void)setrlimit(RLIMIT_NOFILE, &limit);
	if (mkdtemp(folder) == NULL || (folder_fd = open(folder, O_RDONLY | O_DIRECTORY)) < 0 ||
	    uv_loop_init(&loop) < 0)
		return 1;
	bench_flow(folder_fd, mebibytes << 20, true);
	bench_flow(folder_fd, mebibytes << 20, false);
	bench_idle(folder_fd, viewers);
	(void)close(folder_fd);
	(void)rmdir(folder);
	return 0;
}

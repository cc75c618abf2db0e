/*
 * Theory of operation. As many connections as there may be descriptors are under way at once, in a
 * ring: all wait equally long, so the oldest is always the first whose time is over. Sockets need
 * no power; what a raw one could do faster is not worth having one.
 */
#include "probe/scan.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "probe/reach.h"

#define LAST_PORT   65535
#define WINDOW_MAX  8000
#define WINDOW_MIN  64
#define SPARE_FILES 64
#define EVENTS      512
/* No more at once than the server's own queue of packets takes. */
#define BURST 256

struct slot {
	int fd; /* -1: over */
	uint16_t port;
	int64_t end_ms;
};

struct scan {
	const struct ip *ip;
	struct probe_scan *result;
	unsigned timeout_ms;
	int poll_fd;
	struct slot *slots; /* a ring */
	size_t window, first, count;
	size_t under_way;
	uint32_t next;
};

static size_t window_size(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur < WINDOW_MIN + SPARE_FILES)
		return WINDOW_MIN;
	return limit.rlim_cur - SPARE_FILES < WINDOW_MAX ? limit.rlim_cur - SPARE_FILES
							 : WINDOW_MAX;
}

static void found_open(struct probe_scan *result, uint16_t port)
{
	result->open++;
	if (result->count < PROBE_PORTS)
		result->ports[result->count++] = port;
}

static void end_slot(struct scan *scan, struct slot *slot)
{
	/* Reset at once: nobody waits for the rest of a connection that was never used. */
	const struct linger linger = {.l_onoff = 1};

	(void)setsockopt(slot->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
	(void)close(slot->fd);
	slot->fd = -1;
	scan->under_way--;
}

/* The answer to a connection has come, whatever it is. */
static void take_answer(struct scan *scan, struct slot *slot)
{
	int error = 0;
	socklen_t size = sizeof error;

	if (getsockopt(slot->fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0)
		found_open(scan->result, slot->port);
	else if (error == ETIMEDOUT || error == EHOSTUNREACH)
		scan->result->silent++;
	end_slot(scan, slot);
}

static bool start_one(struct scan *scan)
{
	struct sockaddr_storage address;
	const uint16_t port = (uint16_t)scan->next;
	const socklen_t bytes = reach_address(scan->ip, port, &address);
	const size_t place = (scan->first + scan->count) % scan->window;
	struct slot *slot = &scan->slots[place];
	struct epoll_event event = {.events = EPOLLOUT, .data.u32 = (uint32_t)place};
	const int fd = socket(scan->ip->family == 4 ? AF_INET : AF_INET6,
			      SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return false;
	*slot = (struct slot){fd, port, clock_mono_ms() + scan->timeout_ms};
	scan->next++;
	scan->count++;
	scan->under_way++;
	if (connect(fd, (struct sockaddr *)&address, bytes) == 0) {
		found_open(scan->result, port);
		end_slot(scan, slot);
	} else if (errno != EINPROGRESS) {
		scan->result->silent += errno != ECONNREFUSED;
		end_slot(scan, slot);
	} else if (epoll_ctl(scan->poll_fd, EPOLL_CTL_ADD, fd, &event) < 0) {
		end_slot(scan, slot);
	}
	return true;
}

/* From the oldest on, what is over leaves the ring. */
static void sweep(struct scan *scan, int64_t now_ms)
{
	while (scan->count > 0) {
		struct slot *slot = &scan->slots[scan->first];
		if (slot->fd >= 0 && slot->end_ms > now_ms)
			return;
		if (slot->fd >= 0) {
			scan->result->silent++;
			end_slot(scan, slot);
		}
		scan->first = (scan->first + 1) % scan->window;
		scan->count--;
	}
}

static void wait_some(struct scan *scan)
{
	struct epoll_event events[EVENTS];
	const struct slot *oldest = &scan->slots[scan->first];
	const int64_t left = scan->count > 0 ? oldest->end_ms - clock_mono_ms() : 0;
	const bool may_start = scan->next <= LAST_PORT && scan->count < scan->window;
	const int patience_ms = may_start ? 1 : left > 0 ? (int)left : 0;
	const int count = epoll_wait(scan->poll_fd, events, EVENTS, patience_ms);

	for (int i = 0; i < count; i++)
		if (scan->slots[events[i].data.u32].fd >= 0)
			take_answer(scan, &scan->slots[events[i].data.u32]);
}

static void run(struct scan *scan)
{
	const int64_t end_ms = clock_mono_ms() + SCAN_MAX_MS;

	while (scan->next <= LAST_PORT || scan->under_way > 0) {
		if (clock_mono_ms() > end_ms)
			break;
		for (unsigned i = 0; i < BURST && scan->next <= LAST_PORT &&
				     scan->count < scan->window && start_one(scan);
		     i++)
			;
		wait_some(scan);
		sweep(scan, clock_mono_ms());
	}
	scan->result->done = scan->next > LAST_PORT && scan->under_way == 0;
	sweep(scan, INT64_MAX);
}

void scan_all(const struct ip *ip, unsigned timeout_ms, struct probe_scan *ret)
{
	struct scan scan = {.ip = ip,
			    .result = ret,
			    .timeout_ms = timeout_ms,
			    .poll_fd = epoll_create1(EPOLL_CLOEXEC),
			    .window = window_size(),
			    .next = 1};

	*ret = (struct probe_scan){0};
	scan.slots = calloc(scan.window, sizeof *scan.slots);
	if (scan.slots != NULL && scan.poll_fd >= 0)
		run(&scan);
	free(scan.slots);
	if (scan.poll_fd >= 0)
		(void)close(scan.poll_fd);
}

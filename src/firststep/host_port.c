#include "firststep/host_port.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "firststep/session.h"

/* With nobody at the other end the kernel says POLLHUP at once, again and again. */
#define HUNG_UP_PAUSE_MS 500

int host_port_open(struct host_port *port, const char *path)
{
	const int fd = open(path, O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	*port = (struct host_port){.fd = fd};
	return 0;
}

void host_port_close(struct host_port *port)
{
	if (port->fd >= 0)
		(void)close(port->fd);
	port->fd = -1;
}

static void wait_for_room(int fd, int64_t left_ms)
{
	struct pollfd room = {.fd = fd, .events = POLLOUT};
	const int at_most_ms = left_ms < HUNG_UP_PAUSE_MS ? (int)left_ms : HUNG_UP_PAUSE_MS;

	if (poll(&room, 1, at_most_ms) > 0 && (room.revents & POLLOUT) == 0)
		(void)poll(NULL, 0, at_most_ms);
}

int host_port_say(struct host_port *port, const char *line, int patience_ms)
{
	const int64_t until_ms = session_boot_ms() + patience_ms;
	char whole[HOST_PORT_LINE_MAX + 2];
	const size_t len = strlen(line);
	size_t done = 0;

	if (len > HOST_PORT_LINE_MAX)
		return -EMSGSIZE;
	memcpy(whole, line, len);
	whole[len] = '\n';
	while (done < len + 1) {
		const ssize_t written = write(port->fd, whole + done, len + 1 - done);
		const int64_t left_ms = until_ms - session_boot_ms();
		if (written > 0) {
			done += (size_t)written;
			continue;
		}
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0 && errno != EAGAIN)
			return -errno;
		if (left_ms <= 0)
			return -ETIMEDOUT;
		wait_for_room(port->fd, left_ms);
	}
	return 0;
}

/* One byte further; true when a line is whole and worth something. */
static bool take(struct host_port *port, char c, char ret[HOST_PORT_LINE_MAX + 1])
{
	if (c == '\n') {
		const bool is_line = port->len > 0 && !port->too_long;
		if (is_line) {
			memcpy(ret, port->line, port->len);
			ret[port->len] = '\0';
		}
		port->len = 0;
		port->too_long = false;
		return is_line;
	}
	if (port->len == HOST_PORT_LINE_MAX || (c != '\r' && (c < ' ' || c > '~')))
		port->too_long = true;
	else if (c != '\r')
		port->line[port->len++] = c;
	return false;
}

int host_port_hear(struct host_port *port, char ret[HOST_PORT_LINE_MAX + 1])
{
	char c;

	/* Byte by byte: what comes is a short line now and then. */
	for (;;) {
		const ssize_t got = read(port->fd, &c, 1);
		if (got == 1) {
			if (take(port, c, ret))
				return 1;
			continue;
		}
		if (got < 0 && errno == EINTR)
			continue;
		/* 0: nobody is at the other end just now. */
		return got == 0 || errno == EAGAIN ? 0 : -errno;
	}
}

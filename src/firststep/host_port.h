// The virtio port to the host of this server: lines of printable ASCII, both ways.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define HOST_PORT_PATH     "/dev/virtio-ports/org.ippo.report.0"
#define HOST_PORT_ASK_PATH "/dev/virtio-ports/org.ippo.ask.0" /* what the host asks */
#define HOST_PORT_LINE_MAX 512

struct host_port {
	int fd;
	char line[HOST_PORT_LINE_MAX + 1]; /* what came of a line that is not whole yet */
	size_t len;
	bool too_long;
};

/** host_port_open() - -ENOENT where there is none; -EBUSY while another program has it. */
int host_port_open(struct host_port *port, const char *path);
void host_port_close(struct host_port *port);
/** host_port_say() - a line; waits while nobody reads at the other end. 0, -ETIMEDOUT, -errno. */
int host_port_say(struct host_port *port, const char *line, int patience_ms);
/**
 * host_port_hear() - the next whole line that came, if one is there.
 * Return: 1 and a line in @ret, 0 (none now), or -errno.
 */
int host_port_hear(struct host_port *port, char ret[HOST_PORT_LINE_MAX + 1]);

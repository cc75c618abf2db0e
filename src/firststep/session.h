// Whose SSH connection firststep was started from: the process of sshd that holds it.
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "firststep/tree.h"

#define SESSION_PORTS_MAX 16

struct session {
	pid_t pid;
	int64_t start_boot_ms; /* when sshd took the connection, on CLOCK_BOOTTIME */
	uint16_t ports[SESSION_PORTS_MAX];
	size_t port_count; /* local ports of its connections */
};

/** session_boot_ms() - CLOCK_BOOTTIME: goes on in a suspended system, no clock jump moves it. */
int64_t session_boot_ms(void);
/**
 * session_find() - look through the ancestors of this process for sshd.
 * Return: 0; -ENOENT when no connection of SSH is above (a console, or tmux of an earlier login);
 *	   another -errno. The environment says nothing here: it can be set to anything.
 */
int session_find(const struct tree *tree, struct session *ret);

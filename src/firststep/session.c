/*
 * A login is a chain of processes: sshd's listener, the process that it forked for a connection,
 * (often) another that runs as the user, the shell, sudo, firststep. The oldest of them that holds
 * an established TCP socket is the connection's, and the time it was forked is the time the
 * connection was made: a second channel of an old connection (ControlMaster) has the old time, and
 * so has a connection that was made before a change and authenticated after it.
 */
#include "firststep/session.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/parse.h"
#include "firststep/fields.h"
#include "firststep/sockets.h"

#define ANCESTORS_MAX     64
#define STATE_ESTABLISHED 1

int64_t session_boot_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_BOOTTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Parent and start of a process; field 2 of stat may hold anything, so count from its last ")". */
static int read_stat(const struct tree *tree, pid_t pid, pid_t *ret_parent, int64_t *ret_start_ms)
{
	struct buf text CLEANUP(buf_done) = {0};
	char path[64];
	/* Behind the name: state, parent, ...; the start is field 22 of all (proc_pid_stat(5)). */
	enum { PARENT = 1, START = 19, FIELDS = 21 };
	char line[1024], *fields[FIELDS];
	uint64_t parent, start;

	(void)snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	const int code = tree_read(tree, path, &text);
	if (code < 0)
		return code;
	const char *at = strrchr(buf_str(&text), ')');
	(void)snprintf(line, sizeof line, "%s", at != NULL ? at + 1 : "");
	if (fields_split(line, fields, FIELDS) <= START ||
	    parse_u64(fields[PARENT], 0, INT32_MAX, &parent) < 0 ||
	    parse_u64(fields[START], 0, INT64_MAX / 1000, &start) < 0)
		return -EINVAL;
	*ret_parent = (pid_t)parent;
	*ret_start_ms = (int64_t)(start * 1000 / (uint64_t)sysconf(_SC_CLK_TCK));
	return 0;
}

static bool is_sshd(pid_t pid)
{
	char path[64], target[PATH_MAX];

	(void)snprintf(path, sizeof path, "/proc/%d/exe", (int)pid);
	const ssize_t len = readlink(path, target, sizeof target - 1);
	if (len < 0)
		return false;
	target[len] = '\0';
	char *deleted = strstr(target, " (deleted)"); /* sshd was upgraded */
	if (deleted != NULL)
		*deleted = '\0';
	const char *slash = strrchr(target, '/');
	const char *name = slash != NULL ? slash + 1 : target;
	return strcmp(name, "sshd") == 0 || strcmp(name, "sshd-session") == 0;
}

/* Adds the local port when the table says that the socket is an established connection. */
static void look_up(const struct buf *table, bool is_v6, uint64_t inode, struct session *session)
{
	for (const char *at = buf_str(table); *at != '\0';) {
		char line[512];
		struct socket_line found;
		const size_t len = strcspn(at, "\n");
		(void)snprintf(line, sizeof line, "%.*s", (int)(len < 511 ? len : 511), at);
		at += len + (at[len] == '\n');
		if (socket_line_parse(line, is_v6, &found) == 0 && found.inode == inode &&
		    found.state == STATE_ESTABLISHED && session->port_count < SESSION_PORTS_MAX)
			session->ports[session->port_count++] = found.local_port;
	}
}

static int read_ports(const struct tree *tree, pid_t pid, struct session *session)
{
	struct buf tables[2] = {{0}, {0}};
	char folder[64];

	(void)snprintf(folder, sizeof folder, "/proc/%d/fd", (int)pid);
	DIR *dir = opendir(folder);
	if (dir == NULL)
		return -errno;
	(void)tree_read(tree, "/proc/net/tcp", &tables[0]);
	(void)tree_read(tree, "/proc/net/tcp6", &tables[1]);
	const struct dirent *entry;
	while ((entry = readdir(dir)) != NULL) {
		char target[64];
		uint64_t inode;
		const ssize_t len =
			readlinkat(dirfd(dir), entry->d_name, target, sizeof target - 1);
		if (len < 0)
			continue;
		target[len] = '\0';
		if (strncmp(target, "socket:[", 8) != 0 || target[len - 1] != ']')
			continue;
		target[len - 1] = '\0';
		if (parse_u64(target + 8, 0, UINT64_MAX, &inode) < 0)
			continue;
		look_up(&tables[0], false, inode, session);
		look_up(&tables[1], true, inode, session);
	}
	(void)closedir(dir);
	buf_done(&tables[0]);
	buf_done(&tables[1]);
	return 0;
}

int session_find(const struct tree *tree, struct session *ret)
{
	struct session found = {0};
	pid_t pid = getppid();

	for (unsigned i = 0; i < ANCESTORS_MAX && pid > 1; i++) {
		struct session session = {.pid = pid};
		pid_t parent;
		int code = read_stat(tree, pid, &parent, &session.start_boot_ms);
		if (code < 0)
			return code;
		if (is_sshd(pid)) {
			code = read_ports(tree, pid, &session);
			if (code < 0)
				return code;
			if (session.port_count > 0)
				found = session; /* the outermost stays */
		}
		pid = parent;
	}
	if (found.pid == 0)
		return -ENOENT;
	*ret = found;
	return 0;
}

#include "firststep/sockets.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

#define STATE_LISTEN 10

static bool is_loopback(const char *hex, bool is_v6)
{
	/* Words of the host's order: 127.0.0.0/8 ends in 7F on the machines there are. */
	if (!is_v6)
		return strlen(hex) == 8 && strcmp(hex + 6, "7F") == 0;
	if (strcmp(hex, "00000000000000000000000001000000") == 0)
		return true;
	/* ::ffff:127.x.x.x */
	return strlen(hex) == 32 && strncmp(hex, "0000000000000000FFFF0000", 24) == 0 &&
	       strcmp(hex + 30, "7F") == 0;
}

int socket_line_parse(const char *line, bool is_v6, struct socket_line *ret)
{
	char local[33], remote[33];
	unsigned number, local_port, remote_port, state;
	unsigned long long inode;

	if (sscanf(line,
		   " %u: %32[0-9A-F]:%4x %32[0-9A-F]:%4x %2x %*[0-9A-F]:%*[0-9A-F] "
		   "%*[0-9A-F]:%*[0-9A-F] %*[0-9A-F] %*u %*u %llu",
		   &number, local, &local_port, remote, &remote_port, &state, &inode) != 7)
		return -EINVAL;
	*ret = (struct socket_line){
		.inode = inode,
		.local_port = (uint16_t)local_port,
		.state = (uint8_t)state,
		.is_v6 = is_v6,
		.is_loopback = is_loopback(local, is_v6),
	};
	return 0;
}

static int load(const struct tree *tree, const char *path, bool is_v6, struct sockets *sockets)
{
	struct buf text CLEANUP(buf_done) = {0};
	int code = tree_read(tree, path, &text);

	for (const char *at = buf_str(&text); code == 0 && *at != '\0';) {
		char line[512];
		struct socket_line found;
		const size_t len = strcspn(at, "\n");
		(void)snprintf(line, sizeof line, "%.*s", (int)(len < 511 ? len : 511), at);
		at += len + (at[len] == '\n');
		if (socket_line_parse(line, is_v6, &found) < 0 || found.state != STATE_LISTEN)
			continue;
		if (sockets->count == SOCKETS_MAX)
			return -E2BIG;
		sockets->list[sockets->count++] = found;
	}
	return code;
}

int sockets_load(const struct tree *tree, struct sockets *ret)
{
	struct sockets sockets = {0};
	int code = load(tree, "/proc/net/tcp", false, &sockets);

	if (code == 0)
		code = load(tree, "/proc/net/tcp6", true, &sockets);
	/* A kernel without IPv6 has no second table. */
	if (code < 0 && !(code == -ENOENT && sockets.count > 0))
		return code;
	*ret = sockets;
	return 0;
}

bool sockets_listens(const struct sockets *sockets, uint16_t port)
{
	for (size_t i = 0; i < sockets->count; i++)
		if (sockets->list[i].local_port == port && !sockets->list[i].is_loopback)
			return true;
	return false;
}

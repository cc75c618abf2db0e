#include "firststep/sockets.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/parse.h"
#include "firststep/fields.h"

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

/* "0100007F:0CEA": the address's hex digits, and the port. */
static int read_end(char *text, size_t address_len, uint16_t *ret_port)
{
	uint8_t address[16], port[2];

	if (strlen(text) != address_len + 5 || text[address_len] != ':')
		return -EINVAL;
	text[address_len] = '\0';
	if (parse_hex(text, address, address_len / 2) < 0 ||
	    parse_hex(text + address_len + 1, port, sizeof port) < 0)
		return -EINVAL;
	*ret_port = (uint16_t)(port[0] << 8 | port[1]);
	return 0;
}

int socket_line_parse(const char *line, bool is_v6, struct socket_line *ret)
{
	/* sl local remote st queues timer retransmits uid timeout inode ... */
	enum { LOCAL = 1, STATE = 3, INODE = 9, FIELDS = 11 };
	char copy[512], *fields[FIELDS];
	struct socket_line found = {.is_v6 = is_v6};
	const size_t len = strcspn(line, "\n");

	if (len >= sizeof copy)
		return -EINVAL;
	memcpy(copy, line, len);
	copy[len] = '\0';
	if (fields_split(copy, fields, FIELDS) <= INODE ||
	    read_end(fields[LOCAL], is_v6 ? 32 : 8, &found.local_port) < 0 ||
	    parse_hex(fields[STATE], &found.state, 1) < 0 ||
	    parse_u64(fields[INODE], 0, UINT64_MAX, &found.inode) < 0)
		return -EINVAL;
	found.is_loopback = is_loopback(fields[LOCAL], is_v6);
	*ret = found;
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

// Listening TCP sockets, from the kernel's tables (proc_net_tcp(5)).
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firststep/tree.h"

#define SOCKETS_MAX 512

struct socket_line {
	uint64_t inode;
	uint16_t local_port;
	uint8_t state; /* 1 established, 10 listening */
	bool is_v6;
	bool is_loopback; /* the local address */
};

struct sockets {
	struct socket_line list[SOCKETS_MAX];
	size_t count;
};

/** socket_line_parse() - one line of the table; -EINVAL for its heading and anything else. */
int socket_line_parse(const char *line, bool is_v6, struct socket_line *ret);
/** sockets_load() - those that listen; -ENOENT when the tree has no such table. */
int sockets_load(const struct tree *tree, struct sockets *ret);
/** sockets_listens() - on an address that others reach? */
bool sockets_listens(const struct sockets *sockets, uint16_t port);

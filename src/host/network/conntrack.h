// Messages about the kernel's table of connections (ctnetlink).
#pragma once

#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stddef.h>
#include <stdint.h>

/** conntrack_open() - a socket to the kernel, or -errno. Reading from it blocks for seconds at
 * most.
 */
int conntrack_open(void);

/** conntrack_head() - of a request with @bytes of attributes behind it. @family: 0 is all. */
void conntrack_head(struct nlmsghdr *header, struct nfgenmsg *inner, uint16_t type, uint16_t flags,
		    uint8_t family, size_t bytes);

/** conntrack_find() - the attribute of a kind among @bytes of them, or NULL. */
const uint8_t *conntrack_find(const uint8_t *at, size_t bytes, uint16_t type, size_t *ret_bytes);

/**
 * conntrack_read() - the whole answer to a request for the table: @each gets the attributes of one
 * connection. Blocks until it ends. Returns 0 or -errno.
 */
int conntrack_read(int fd, void (*each)(void *context, const uint8_t *body, size_t bytes),
		   void *context);

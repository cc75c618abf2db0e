/*
 * A filter marks the connections that begin while it is in force (filter.c): the mark says that the
 * edge let the first packet in, and when. That the kernel takes one for assured says that the
 * server has answered and its answer was answered: no packet under a foreign name brings that
 * about.
 */
#include "host/network/came.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "host/network/conntrack.h"

static uint32_t read_number(const uint8_t *body, size_t bytes, uint16_t type)
{
	size_t got = 0;
	const uint8_t *at = conntrack_find(body, bytes, type, &got);
	uint32_t value = 0;

	if (at != NULL && got == sizeof value)
		memcpy(&value, at, sizeof value);
	return ntohl(value);
}

static bool is_to_port(const uint8_t *tuple, size_t bytes, uint16_t port)
{
	size_t inner_bytes = 0, got = 0, port_bytes = 0;
	const uint8_t *inner = conntrack_find(tuple, bytes, CTA_TUPLE_PROTO, &inner_bytes), *number,
		      *found;

	if (inner == NULL)
		return false;
	number = conntrack_find(inner, inner_bytes, CTA_PROTO_NUM, &got);
	found = conntrack_find(inner, inner_bytes, CTA_PROTO_DST_PORT, &port_bytes);
	return number != NULL && got == 1 && number[0] == IPPROTO_TCP && found != NULL &&
	       port_bytes == 2 && (found[0] << 8 | found[1]) == port;
}

static bool read_source(const uint8_t *tuple, size_t bytes, struct ip *ret)
{
	size_t inner_bytes = 0, got = 0;
	const uint8_t *inner = conntrack_find(tuple, bytes, CTA_TUPLE_IP, &inner_bytes), *at;

	if (inner == NULL)
		return false;
	*ret = (struct ip){.family = 4, .prefix = 32};
	at = conntrack_find(inner, inner_bytes, CTA_IP_V4_SRC, &got);
	if (at != NULL && got == 4) {
		memcpy(ret->bytes, at, 4);
		return true;
	}
	*ret = (struct ip){.family = 6, .prefix = 128};
	at = conntrack_find(inner, inner_bytes, CTA_IP_V6_SRC, &got);
	if (at == NULL || got != 16)
		return false;
	memcpy(ret->bytes, at, 16);
	return true;
}

struct list {
	uint32_t mark;
	uint16_t port;
	struct ip *items;
	size_t max;
	size_t count;
};

static void consider(void *context, const uint8_t *body, size_t bytes)
{
	struct list *list = context;
	size_t tuple_bytes = 0;
	const uint8_t *tuple = conntrack_find(body, bytes, CTA_TUPLE_ORIG, &tuple_bytes);
	struct ip source;

	if (tuple == NULL || read_number(body, bytes, CTA_MARK) != list->mark ||
	    (read_number(body, bytes, CTA_STATUS) & IPS_ASSURED) == 0 ||
	    !is_to_port(tuple, tuple_bytes, list->port) ||
	    !read_source(tuple, tuple_bytes, &source))
		return;
	for (size_t i = 0; i < list->count; i++)
		if (ip_equal(&list->items[i], &source))
			return;
	if (list->count < list->max)
		list->items[list->count++] = source;
}

int came_list(uint32_t mark, uint16_t port, struct ip *ret, size_t max, size_t *ret_count,
	      struct err *err)
{
	const int fd AUTO_CLOSE = conntrack_open();
	struct {
		struct nlmsghdr header;
		struct nfgenmsg inner;
		struct nlattr mark_head;
		uint32_t mark;
		struct nlattr mask_head;
		uint32_t mask;
	} request = {.mark_head = {sizeof(struct nlattr) + sizeof(uint32_t), CTA_MARK},
		     .mark = htonl(mark),
		     .mask_head = {sizeof(struct nlattr) + sizeof(uint32_t), CTA_MARK_MASK},
		     .mask = UINT32_MAX};
	struct list list = {.mark = mark, .port = port, .items = ret, .max = max};
	int code = fd < 0 ? fd : 0;

	conntrack_head(&request.header, &request.inner, IPCTNL_MSG_CT_GET, NLM_F_DUMP, 0,
		       sizeof request - NLMSG_LENGTH(sizeof request.inner));
	if (code == 0 && send(fd, &request, request.header.nlmsg_len, 0) < 0)
		code = -errno;
	if (code == 0)
		code = conntrack_read(fd, consider, &list);
	if (code < 0)
		return err_set(err, code, "cannot read the table of connections: %s",
			       strerror(-code));
	*ret_count = list.count;
	return 0;
}

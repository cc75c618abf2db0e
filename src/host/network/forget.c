/*
 * The kernel is asked for its whole table of connections (ctnetlink), and what has the address at
 * either end, in either direction, is deleted by the tuple it was found under. Its own filter for
 * deletions knows addresses, but no /64.
 */
#include "host/network/forget.h"

#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "host/network/conntrack.h"

#define TUPLE_BYTES 256

struct message {
	struct nlmsghdr header;
	struct nfgenmsg inner;
	uint8_t tuple[TUPLE_BYTES];
};

static int ask(int fd, struct message *message, uint16_t type, uint16_t flags, uint8_t family,
	       size_t tuple_bytes)
{
	conntrack_head(&message->header, &message->inner, type, flags, family, tuple_bytes);
	return send(fd, message, message->header.nlmsg_len, 0) < 0 ? -errno : 0;
}

static bool has_address(const uint8_t *tuple, size_t bytes, const struct ip *ip)
{
	const uint16_t types[] = {ip->family == 4 ? CTA_IP_V4_SRC : CTA_IP_V6_SRC,
				  ip->family == 4 ? CTA_IP_V4_DST : CTA_IP_V6_DST};
	const size_t len = ip->family == 4 ? 4 : 16;
	size_t inner_bytes = 0, got = 0;
	const uint8_t *inner = conntrack_find(tuple, bytes, CTA_TUPLE_IP, &inner_bytes);

	for (size_t i = 0; inner != NULL && i < 2; i++) {
		const uint8_t *address = conntrack_find(inner, inner_bytes, types[i], &got);
		struct ip own = {.family = ip->family, .prefix = ip->family == 4 ? 32 : 128};
		if (address == NULL || got != len)
			continue;
		memcpy(own.bytes, address, len);
		if (ip_contains(ip, &own))
			return true;
	}
	return false;
}

struct forgetting {
	const struct ip *ip;
	int fd; /* another socket than the one that the kernel tells on */
};

/* One that the kernel has told of. */
static void consider(void *context, const uint8_t *body, size_t bytes)
{
	const struct forgetting *forgetting = context;
	const struct ip *ip = forgetting->ip;
	const uint8_t family = ip->family == 4 ? AF_INET : AF_INET6;
	size_t original_bytes = 0, reply_bytes = 0;
	const uint8_t *original = conntrack_find(body, bytes, CTA_TUPLE_ORIG, &original_bytes);
	const uint8_t *reply = conntrack_find(body, bytes, CTA_TUPLE_REPLY, &reply_bytes);
	struct message message = {0};
	struct nlattr head = {.nla_type = CTA_TUPLE_ORIG | NLA_F_NESTED};

	if (original == NULL || original_bytes + sizeof head > sizeof message.tuple)
		return;
	if (!has_address(original, original_bytes, ip) &&
	    (reply == NULL || !has_address(reply, reply_bytes, ip)))
		return;
	head.nla_len = (uint16_t)(sizeof head + original_bytes);
	memcpy(message.tuple, &head, sizeof head);
	memcpy(message.tuple + sizeof head, original, original_bytes);
	(void)ask(forgetting->fd, &message, IPCTNL_MSG_CT_DELETE, 0, family,
		  NLA_ALIGN(head.nla_len));
}

int forget_connections(const struct ip *ip, struct err *err)
{
	const int reading AUTO_CLOSE = conntrack_open(), deleting AUTO_CLOSE = conntrack_open();
	struct forgetting forgetting = {.ip = ip, .fd = deleting};
	struct message message = {0};
	int code = reading < 0 || deleting < 0 ? -EIO : 0;

	if (code == 0)
		code = ask(reading, &message, IPCTNL_MSG_CT_GET, NLM_F_DUMP,
			   ip->family == 4 ? AF_INET : AF_INET6, 0);
	if (code == 0)
		code = conntrack_read(reading, consider, &forgetting);
	return code < 0 ? err_set(err, code, "cannot end the connections of an address: %s",
				  strerror(-code))
			: 0;
}

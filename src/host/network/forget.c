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
#include <sys/time.h>

#include "base/cleanup.h"
#include "base/fd.h"

#define PATIENCE_S   5
#define ANSWER_BYTES 65536
#define TUPLE_BYTES  256

struct message {
	struct nlmsghdr header;
	struct nfgenmsg inner;
	uint8_t tuple[TUPLE_BYTES];
};

static int open_netlink(void)
{
	const struct timeval patience = {.tv_sec = PATIENCE_S};
	const int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);

	if (fd < 0)
		return -errno;
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	return fd;
}

static int ask(int fd, struct message *message, uint16_t type, uint16_t flags, uint8_t family,
	       size_t tuple_bytes)
{
	message->header = (struct nlmsghdr){
		.nlmsg_len = (uint32_t)(NLMSG_LENGTH(sizeof message->inner) + tuple_bytes),
		.nlmsg_type = (uint16_t)(NFNL_SUBSYS_CTNETLINK << 8 | type),
		.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags)};
	message->inner = (struct nfgenmsg){.nfgen_family = family, .version = NFNETLINK_V0};
	return send(fd, message, message->header.nlmsg_len, 0) < 0 ? -errno : 0;
}

/* The attribute of a kind among @bytes of them, or NULL. */
static const uint8_t *find(const uint8_t *at, size_t bytes, uint16_t type, size_t *ret_bytes)
{
	struct nlattr attribute;

	while (bytes >= sizeof attribute) {
		memcpy(&attribute, at, sizeof attribute);
		if (attribute.nla_len < sizeof attribute || attribute.nla_len > bytes)
			return NULL;
		if ((attribute.nla_type & NLA_TYPE_MASK) == type) {
			*ret_bytes = attribute.nla_len - sizeof attribute;
			return at + sizeof attribute;
		}
		const size_t step = NLA_ALIGN(attribute.nla_len);
		if (step > bytes)
			return NULL;
		at += step;
		bytes -= step;
	}
	return NULL;
}

static bool has_address(const uint8_t *tuple, size_t bytes, const struct ip *ip)
{
	const uint16_t types[] = {ip->family == 4 ? CTA_IP_V4_SRC : CTA_IP_V6_SRC,
				  ip->family == 4 ? CTA_IP_V4_DST : CTA_IP_V6_DST};
	const size_t len = ip->family == 4 ? 4 : 16;
	size_t inner_bytes = 0, got = 0;
	const uint8_t *inner = find(tuple, bytes, CTA_TUPLE_IP, &inner_bytes);

	for (size_t i = 0; inner != NULL && i < 2; i++) {
		const uint8_t *address = find(inner, inner_bytes, types[i], &got);
		struct ip own = {.family = ip->family, .prefix = ip->family == 4 ? 32 : 128};
		if (address == NULL || got != len)
			continue;
		memcpy(own.bytes, address, len);
		if (ip_contains(ip, &own))
			return true;
	}
	return false;
}

/* One that the kernel has told of. @fd: another socket than the one it tells on. */
static void consider(int fd, const uint8_t *body, size_t bytes, const struct ip *ip)
{
	const uint8_t family = ip->family == 4 ? AF_INET : AF_INET6;
	size_t original_bytes = 0, reply_bytes = 0;
	const uint8_t *original = find(body, bytes, CTA_TUPLE_ORIG, &original_bytes);
	const uint8_t *reply = find(body, bytes, CTA_TUPLE_REPLY, &reply_bytes);
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
	(void)ask(fd, &message, IPCTNL_MSG_CT_DELETE, 0, family, NLA_ALIGN(head.nla_len));
}

/* 1: that was the last. */
static int read_answer(int deleting, const uint8_t *answer, size_t left, const struct ip *ip)
{
	const size_t head = NLMSG_LENGTH(sizeof(struct nfgenmsg));
	struct nlmsghdr header;

	while (left >= sizeof header) {
		memcpy(&header, answer, sizeof header);
		if (header.nlmsg_len < sizeof header || header.nlmsg_len > left)
			return -EPROTO;
		if (header.nlmsg_type == NLMSG_DONE)
			return 1;
		if (header.nlmsg_type == NLMSG_ERROR)
			return -EIO;
		if (header.nlmsg_len >= head)
			consider(deleting, answer + head, header.nlmsg_len - head, ip);
		const size_t step = NLMSG_ALIGN(header.nlmsg_len);
		if (step >= left)
			break;
		answer += step;
		left -= step;
	}
	return 0;
}

int forget_connections(const struct ip *ip, struct err *err)
{
	static _Thread_local uint8_t answer[ANSWER_BYTES] __attribute__((aligned(8)));
	const int reading AUTO_CLOSE = open_netlink(), deleting AUTO_CLOSE = open_netlink();
	struct message message = {0};
	ssize_t got;
	int code = reading < 0 || deleting < 0 ? -EIO : 0;

	if (code == 0)
		code = ask(reading, &message, IPCTNL_MSG_CT_GET, NLM_F_DUMP,
			   ip->family == 4 ? AF_INET : AF_INET6, 0);
	while (code == 0) {
		got = recv(reading, answer, sizeof answer, 0);
		code = got < 0 ? -errno : read_answer(deleting, answer, (size_t)got, ip);
	}
	return code < 0 ? err_set(err, code, "cannot end the connections of an address: %s",
				  strerror(-code))
			: 0;
}

#include "host/network/conntrack.h"

#include <errno.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#define PATIENCE_S   5
#define ANSWER_BYTES 65536

int conntrack_open(void)
{
	const struct timeval patience = {.tv_sec = PATIENCE_S};
	const int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);

	if (fd < 0)
		return -errno;
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	return fd;
}

void conntrack_head(struct nlmsghdr *header, struct nfgenmsg *inner, uint16_t type, uint16_t flags,
		    uint8_t family, size_t bytes)
{
	*header = (struct nlmsghdr){.nlmsg_len = (uint32_t)(NLMSG_LENGTH(sizeof *inner) + bytes),
				    .nlmsg_type = (uint16_t)(NFNL_SUBSYS_CTNETLINK << 8 | type),
				    .nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags)};
	*inner = (struct nfgenmsg){.nfgen_family = family, .version = NFNETLINK_V0};
}

const uint8_t *conntrack_find(const uint8_t *at, size_t bytes, uint16_t type, size_t *ret_bytes)
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

/* 1: that was the last. */
static int read_part(const uint8_t *answer, size_t left,
		     void (*each)(void *context, const uint8_t *body, size_t bytes), void *context)
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
			each(context, answer + head, header.nlmsg_len - head);
		const size_t step = NLMSG_ALIGN(header.nlmsg_len);
		if (step >= left)
			break;
		answer += step;
		left -= step;
	}
	return 0;
}

int conntrack_read(int fd, void (*each)(void *context, const uint8_t *body, size_t bytes),
		   void *context)
{
	static _Thread_local uint8_t answer[ANSWER_BYTES] __attribute__((aligned(8)));
	int code = 0;

	while (code == 0) {
		const ssize_t got = recv(fd, answer, sizeof answer, 0);
		code = got < 0 ? -errno : read_part(answer, (size_t)got, each, context);
	}
	return code < 0 ? code : 0;
}

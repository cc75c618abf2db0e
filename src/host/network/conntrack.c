#include "host/network/conntrack.h"

#include <errno.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#define PATIENCE_S 5

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

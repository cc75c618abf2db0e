/*
 * Theory of operation. A thread reads the messages of one group of nfnetlink_log and adds each to
 * the ring of its server; alike ones are counted. The kernel bounds how many it tells of each
 * server, so the rings are small and nothing is written. What is here ends with the process.
 *
 * The messages are nfgenmsg and attributes (linux/netfilter/nfnetlink_log.h): the rule's prefix
 * says why, the interfaces say whose, the payload is the packet's beginning from its IP header on.
 */
#include "host/network/refusals.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_log.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "host/network/filter.h"

#define MESSAGE_BYTES   8192
#define RECEIVE_BYTES   (1 << 20)
#define INSTANCE_BYTES  8
#define ETHER_IN_IPV4   20
#define IPV6_HEADER     40
#define ATTRIBUTE_ALIGN 4
#define EXTENSIONS_MAX  8

struct ring {
	struct ring *next;
	uint64_t server_id;
	size_t count;
	struct host_refused items[HOST_REFUSED_KEPT];
};

struct refusals {
	char instance[INSTANCE_BYTES];
	int fd;
	int stop_fd;
	pthread_t thread;
	pthread_mutex_t lock;
	struct ring *rings;
};

/* --- one message --- */

static bool has_port(uint8_t protocol)
{
	return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == IPPROTO_SCTP ||
	       protocol == IPPROTO_UDPLITE;
}

static void read_port(const uint8_t *at, size_t bytes, struct refusal *refusal)
{
	if (has_port(refusal->protocol) && bytes >= 4)
		refusal->port = (uint16_t)(at[2] << 8 | at[3]);
}

static int read_ipv4(const uint8_t *at, size_t bytes, struct refusal *refusal)
{
	if (bytes < ETHER_IN_IPV4)
		return ERR_PROTOCOL;
	const size_t header = (size_t)(at[0] & 15) * 4;
	if (header < ETHER_IN_IPV4)
		return ERR_PROTOCOL;
	refusal->protocol = at[9];
	refusal->source = (struct ip){.family = 4, .prefix = 32};
	refusal->target = refusal->source;
	memcpy(refusal->source.bytes, at + 12, 4);
	memcpy(refusal->target.bytes, at + 16, 4);
	if (bytes > header)
		read_port(at + header, bytes - header, refusal);
	return 0;
}

static int read_ipv6(const uint8_t *at, size_t bytes, struct refusal *refusal)
{
	size_t used = IPV6_HEADER;

	if (bytes < IPV6_HEADER)
		return ERR_PROTOCOL;
	refusal->protocol = at[6];
	refusal->source = (struct ip){.family = 6, .prefix = 128};
	refusal->target = refusal->source;
	memcpy(refusal->source.bytes, at + 8, 16);
	memcpy(refusal->target.bytes, at + 24, 16);
	/* Options, routing, fragment (RFC 8200 section 4): as many as one takes for sane. */
	for (int i = 0; i < EXTENSIONS_MAX; i++) {
		const uint8_t next = refusal->protocol;
		const bool is_fragment = next == IPPROTO_FRAGMENT;
		if (next != IPPROTO_HOPOPTS && next != IPPROTO_ROUTING && next != IPPROTO_DSTOPTS &&
		    !is_fragment)
			break;
		if (bytes - used < 8)
			return 0;
		refusal->protocol = at[used];
		const size_t more = is_fragment ? 8 : ((size_t)at[used + 1] + 1) * 8;
		if (bytes - used < more)
			return 0;
		used += more;
	}
	read_port(at + used, bytes - used, refusal);
	return 0;
}

static int read_packet(const uint8_t *at, size_t bytes, struct refusal *refusal)
{
	const uint8_t version = bytes > 0 ? at[0] >> 4 : 0;

	return version == 4   ? read_ipv4(at, bytes, refusal)
	       : version == 6 ? read_ipv6(at, bytes, refusal)
			      : ERR_PROTOCOL;
}

static uint32_t read_device(const uint8_t *at, size_t bytes)
{
	uint32_t index = 0;

	if (bytes == sizeof index)
		memcpy(&index, at, sizeof index);
	return ntohl(index);
}

int refusals_read(const void *message, size_t bytes, struct refusal *ret)
{
	const uint8_t *at = message;
	struct refusal refusal = {0};
	struct nlmsghdr header;
	size_t used = NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(struct nfgenmsg));
	int code = ERR_PROTOCOL;

	if (bytes < used)
		return ERR_PROTOCOL;
	memcpy(&header, message, sizeof header);
	if (header.nlmsg_type != (NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_PACKET) ||
	    header.nlmsg_len < used || header.nlmsg_len > bytes)
		return ERR_PROTOCOL;
	bytes = header.nlmsg_len;
	while (bytes - used >= sizeof(struct nlattr)) {
		struct nlattr attribute;
		memcpy(&attribute, at + used, sizeof attribute);
		if (attribute.nla_len < sizeof attribute || attribute.nla_len > bytes - used)
			return ERR_PROTOCOL;
		const uint8_t *value = at + used + sizeof attribute;
		const size_t len = attribute.nla_len - sizeof attribute;
		switch (attribute.nla_type & NLA_TYPE_MASK) {
		case NFULA_PREFIX:
			refusal.kind = filter_refusal_kind((const char *)value,
							   strnlen((const char *)value, len));
			break;
		case NFULA_IFINDEX_INDEV:
			refusal.in_device = read_device(value, len);
			break;
		case NFULA_IFINDEX_OUTDEV:
			refusal.out_device = read_device(value, len);
			break;
		case NFULA_PAYLOAD:
			code = read_packet(value, len, &refusal);
			break;
		default:
			break;
		}
		const size_t step =
			(attribute.nla_len + ATTRIBUTE_ALIGN - 1U) & ~(size_t)(ATTRIBUTE_ALIGN - 1);
		if (step > bytes - used)
			break;
		used += step;
	}
	if (code == 0)
		*ret = refusal;
	return code;
}

/* --- the rings --- */

static struct ring *ring_of(struct refusals *refusals, uint64_t server_id, bool make)
{
	struct ring *ring;

	for (ring = refusals->rings; ring != NULL; ring = ring->next)
		if (ring->server_id == server_id)
			return ring;
	if (!make || (ring = calloc(1, sizeof *ring)) == NULL)
		return NULL;
	ring->server_id = server_id;
	ring->next = refusals->rings;
	refusals->rings = ring;
	return ring;
}

/* The one that is alike, else a free place, else the one that is longest ago. */
static struct host_refused *place_of(struct ring *ring, const struct host_refused *like)
{
	struct host_refused *oldest = &ring->items[0];

	for (size_t i = 0; i < ring->count; i++) {
		struct host_refused *item = &ring->items[i];
		if (item->kind == like->kind && item->protocol == like->protocol &&
		    item->port == like->port && ip_equal(&item->peer, &like->peer))
			return item;
		if (item->last_ms < oldest->last_ms)
			oldest = item;
	}
	if (ring->count < HOST_REFUSED_KEPT) {
		oldest = &ring->items[ring->count++];
		*oldest = (struct host_refused){0};
	}
	return oldest;
}

static void add(struct refusals *refusals, uint64_t server_id, const struct host_refused *refused)
{
	struct ring *ring;

	(void)pthread_mutex_lock(&refusals->lock);
	ring = ring_of(refusals, server_id, true);
	if (ring != NULL) {
		struct host_refused *item = place_of(ring, refused);
		const bool is_new = item->count == 0 || !ip_equal(&item->peer, &refused->peer) ||
				    item->port != refused->port || item->kind != refused->kind ||
				    item->protocol != refused->protocol ||
				    refused->last_ms - item->last_ms > HOST_REFUSED_MS;
		if (is_new)
			*item = *refused;
		item->count += is_new ? 0 : 1;
		item->last_ms = refused->last_ms;
	}
	(void)pthread_mutex_unlock(&refusals->lock);
}

static void take(struct refusals *refusals, const struct refusal *refusal)
{
	const bool comes_in = refusal->kind == HOST_COUNT_IN || refusal->kind == HOST_COUNT_CROWD;
	const uint32_t device = comes_in ? refusal->out_device : refusal->in_device;
	const int64_t now_ms = clock_now_ms();
	char tap[IF_NAMESIZE];
	uint64_t server_id;

	if (if_indextoname(device, tap) == NULL ||
	    (server_id = filter_tap_server(refusals->instance, tap)) == 0)
		return;
	const struct host_refused refused = {
		.kind = refusal->kind,
		.protocol = refusal->protocol,
		.peer = comes_in || refusal->kind == 0 ? refusal->source : refusal->target,
		.port = refusal->port,
		.count = 1,
		.first_ms = now_ms,
		.last_ms = now_ms};
	add(refusals, server_id, &refused);
}

static int newest_first(const void *a, const void *b)
{
	const struct host_refused *x = a, *y = b;

	return (x->last_ms < y->last_ms) - (x->last_ms > y->last_ms);
}

size_t refusals_list(struct refusals *refusals, uint64_t server_id,
		     struct host_refused ret[HOST_REFUSED_KEPT])
{
	const int64_t since_ms = clock_now_ms() - HOST_REFUSED_MS;
	const struct ring *ring;
	size_t count = 0;

	if (refusals == NULL)
		return 0;
	(void)pthread_mutex_lock(&refusals->lock);
	ring = ring_of(refusals, server_id, false);
	for (size_t i = 0; ring != NULL && i < ring->count; i++)
		if (ring->items[i].last_ms >= since_ms)
			ret[count++] = ring->items[i];
	(void)pthread_mutex_unlock(&refusals->lock);
	if (count > 1)
		qsort(ret, count, sizeof *ret, newest_first);
	return count;
}

void refusals_forget(struct refusals *refusals, uint64_t server_id)
{
	if (refusals == NULL)
		return;
	(void)pthread_mutex_lock(&refusals->lock);
	for (struct ring **at = &refusals->rings; *at != NULL; at = &(*at)->next)
		if ((*at)->server_id == server_id) {
			struct ring *ring = *at;
			*at = ring->next;
			free(ring);
			break;
		}
	(void)pthread_mutex_unlock(&refusals->lock);
}

/* --- the socket and its thread --- */

static void read_all(struct refusals *refusals)
{
	uint8_t data[MESSAGE_BYTES] __attribute__((aligned(8)));
	ssize_t got;

	/* ENOBUFS says that some were lost: what was refused stays refused. */
	while ((got = recv(refusals->fd, data, sizeof data, MSG_DONTWAIT)) > 0) {
		size_t used = 0;
		while ((size_t)got - used >= NLMSG_HDRLEN) {
			struct refusal refusal;
			struct nlmsghdr header;
			memcpy(&header, data + used, sizeof header);
			if (header.nlmsg_len < NLMSG_HDRLEN ||
			    header.nlmsg_len > (size_t)got - used)
				break;
			if (refusals_read(data + used, (size_t)got - used, &refusal) == 0)
				take(refusals, &refusal);
			used += NLMSG_ALIGN(header.nlmsg_len);
			if (used > (size_t)got)
				break;
		}
	}
}

static void *listen_to(void *context)
{
	struct refusals *refusals = context;
	struct pollfd fds[] = {{.fd = refusals->fd, .events = POLLIN},
			       {.fd = refusals->stop_fd, .events = POLLIN}};

	while (poll(fds, ARRAY_SIZE(fds), -1) >= 0 || errno == EINTR) {
		if (fds[1].revents != 0)
			break;
		if (fds[0].revents != 0)
			read_all(refusals);
	}
	return NULL;
}

/* A request of one attribute, and the kernel's word about it. */
static int configure(int fd, uint16_t group, uint16_t type, const void *value, size_t bytes)
{
	struct {
		struct nlmsghdr header;
		struct nfgenmsg message;
		struct nlattr attribute;
		uint8_t value[16];
	} request = {.header = {.nlmsg_type = NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_CONFIG,
				.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK},
		     .message = {.nfgen_family = AF_UNSPEC,
				 .version = NFNETLINK_V0,
				 .res_id = htons(group)},
		     .attribute = {.nla_len = (uint16_t)(sizeof(struct nlattr) + bytes),
				   .nla_type = type}};
	struct {
		struct nlmsghdr header;
		struct nlmsgerr error;
		uint8_t rest[256];
	} answer;
	ssize_t got;

	memcpy(request.value, value, bytes);
	request.header.nlmsg_len =
		(uint32_t)(NLMSG_ALIGN(sizeof request - sizeof request.value) + NLMSG_ALIGN(bytes));
	if (send(fd, &request, request.header.nlmsg_len, 0) < 0)
		return -errno;
	got = recv(fd, &answer, sizeof answer, 0);
	if (got < 0)
		return -errno;
	if ((size_t)got < sizeof answer.header + sizeof answer.error ||
	    answer.header.nlmsg_type != NLMSG_ERROR)
		return -EPROTO;
	return answer.error.error;
}

static int open_socket(uint16_t group, int *ret)
{
	const struct timeval patience = {.tv_sec = 5};
	const struct nfulnl_msg_config_cmd bind_it = {.command = NFULNL_CFG_CMD_BIND};
	const struct nfulnl_msg_config_mode mode = {.copy_range = htonl(FILTER_LOG_BYTES),
						    .copy_mode = NFULNL_COPY_PACKET};
	const int room = RECEIVE_BYTES;
	int code, fd AUTO_CLOSE = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);

	if (fd < 0)
		return -errno;
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
	if ((code = configure(fd, group, NFULA_CFG_CMD, &bind_it, sizeof bind_it)) < 0 ||
	    (code = configure(fd, group, NFULA_CFG_MODE, &mode, sizeof mode)) < 0)
		return code;
	*ret = steal_fd(&fd);
	return 0;
}

int refusals_new(const char *instance, uint16_t group, struct refusals **ret, struct err *err)
{
	struct refusals *refusals = calloc(1, sizeof *refusals);
	int code;

	if (refusals == NULL)
		return err_set(err, -ENOMEM, "no memory");
	(void)snprintf(refusals->instance, sizeof refusals->instance, "%s", instance);
	refusals->fd = -1;
	refusals->stop_fd = eventfd(0, EFD_CLOEXEC);
	code = refusals->stop_fd < 0 ? -errno : open_socket(group, &refusals->fd);
	if (code < 0) {
		if (refusals->stop_fd >= 0)
			(void)close(refusals->stop_fd);
		free(refusals);
		return err_set(err, code, "cannot listen to what the packet filter refuses: %s",
			       strerror(-code));
	}
	(void)pthread_mutex_init(&refusals->lock, NULL);
	code = pthread_create(&refusals->thread, NULL, listen_to, refusals);
	if (code != 0) {
		(void)close(refusals->fd);
		(void)close(refusals->stop_fd);
		free(refusals);
		return err_set(err, -code, "no thread");
	}
	*ret = refusals;
	return 0;
}

void refusals_free(struct refusals *refusals)
{
	const uint64_t one = 1;

	if (refusals == NULL)
		return;
	(void)!write(refusals->stop_fd, &one, sizeof one);
	(void)pthread_join(refusals->thread, NULL);
	(void)close(refusals->fd);
	(void)close(refusals->stop_fd);
	(void)pthread_mutex_destroy(&refusals->lock);
	while (refusals->rings != NULL) {
		struct ring *ring = refusals->rings;
		refusals->rings = ring->next;
		free(ring);
	}
	free(refusals);
}

/*
 * Theory of operation. A private network is a bridge without an address, on which IPv4 and IPv6 are
 * deaf, so that the host is no neighbour there. A server's port is a tap that outlives its guest:
 * it is made, filtered (segment_rules.c) and plugged in before a guest can have it, and QEMU only
 * opens it. So there is no moment in which a guest's frame is heard and not judged, at its start
 * as when a card is plugged in while it runs; and when a server leaves the network the tap goes,
 * whether the guest lets go of its card or not.
 *
 * Bridges learn nothing here: a port's one MAC address is an entry of its own, and frames for one
 * that nobody has go nowhere. What guests send fills no table.
 */
#include "host/network/segment.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <linux/neighbour.h>
#include <net/if.h>
#include <netlink/netlink.h>
#include <netlink/route/link.h>
#include <netlink/route/link/bridge.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "host/network/plumb.h"

DEFINE_CLEANUP(struct nl_sock, socket, nl_socket_free)
DEFINE_CLEANUP(struct nl_msg, message, nlmsg_free)
DEFINE_CLEANUP(struct rtnl_link, link, rtnl_link_put)
DEFINE_CLEANUP(struct nl_cache, cache, nl_cache_free)

static int name_of(const char *instance, char mark, uint64_t id, char out[SEGMENT_NAME_BYTES])
{
	const int len = snprintf(out, SEGMENT_NAME_BYTES, "%s%c%llx", instance, mark,
				 (unsigned long long)id);

	return len < 0 || len >= SEGMENT_NAME_BYTES ? -ERANGE : 0;
}

int segment_port_name(const char *instance, uint64_t port_id, char out[SEGMENT_NAME_BYTES])
{
	return name_of(instance, '.', port_id, out);
}

int segment_bridge_name(const char *instance, uint64_t network_id, char out[SEGMENT_NAME_BYTES])
{
	return name_of(instance, '_', network_id, out);
}

static int failed(struct err *err, int nl_code, const char *what, const char *name)
{
	return err_set(err, -EIO, "cannot %s %s: %s", what, name, nl_geterror(nl_code));
}

/* Before it is up: the host neither speaks nor answers on it. */
static void deafen(const char *name)
{
	static const char *const settings[][2] = {
		{"ipv6/conf/%s/disable_ipv6", "1"}, {"ipv6/conf/%s/accept_ra", "0"},
		{"ipv4/conf/%s/arp_ignore", "8"},   {"ipv4/conf/%s/forwarding", "0"},
		{"ipv4/conf/%s/rp_filter", "1"},    {"ipv4/conf/%s/accept_redirects", "0"}};

	for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
		char path[128] = "/proc/sys/net/";
		const char *const place = strstr(settings[i][0], "%s");
		(void)snprintf(path + strlen(path), sizeof path - strlen(path), "%.*s%s%s",
			       (int)(place - settings[i][0]), settings[i][0], name, place + 2);
		AUTO_CLOSE int fd = open(path, O_WRONLY | O_CLOEXEC);
		if (fd >= 0)
			(void)fd_write_all(fd, settings[i][1], strlen(settings[i][1]));
	}
}

static int add_bridge(struct nl_sock *sock, const char *name)
{
	struct rtnl_link *link CLEANUP(cleanup_link) = rtnl_link_bridge_alloc();
	int code;

	if (if_nametoindex(name) != 0)
		return 0;
	if (link == NULL)
		return -NLE_NOMEM;
	rtnl_link_set_name(link, name);
	code = rtnl_link_add(sock, link, NLM_F_CREATE | NLM_F_EXCL);
	return code == -NLE_EXIST ? 0 : code;
}

/* As libvirt opens it later: with the header for offloads, and one queue. */
static int add_tap(const char *name, struct err *err)
{
	struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR};
	AUTO_CLOSE int fd = -1;

	if (if_nametoindex(name) != 0)
		return 0;
	(void)snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name);
	fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	if (fd < 0 || ioctl(fd, TUNSETIFF, &request) < 0 || ioctl(fd, TUNSETPERSIST, 1) < 0)
		return err_set(err, -errno, "cannot make %s: %s", name, strerror(errno));
	return 0;
}

static int change(struct nl_sock *sock, const char *name, unsigned master, bool is_up)
{
	struct rtnl_link *link CLEANUP(cleanup_link) = NULL;
	struct rtnl_link *wanted CLEANUP(cleanup_link) = rtnl_link_alloc();
	int code = rtnl_link_get_kernel(sock, 0, name, &link);

	if (code < 0 || wanted == NULL)
		return code < 0 ? code : -NLE_NOMEM;
	if (master != 0)
		rtnl_link_set_master(wanted, (int)master);
	if (is_up)
		rtnl_link_set_flags(wanted, IFF_UP);
	return rtnl_link_change(sock, link, wanted, 0);
}

/* It learns no MAC address from what a port sends, and sends it none that is not its own. */
static int set_port(struct nl_sock *sock, unsigned ifindex)
{
	struct nl_msg *message CLEANUP(cleanup_message) =
		nlmsg_alloc_simple(RTM_SETLINK, NLM_F_REQUEST | NLM_F_ACK);
	struct ifinfomsg head = {.ifi_family = AF_BRIDGE, .ifi_index = (int)ifindex};
	struct nlattr *nest;

	if (message == NULL || nlmsg_append(message, &head, sizeof head, NLMSG_ALIGNTO) < 0 ||
	    (nest = nla_nest_start(message, IFLA_PROTINFO | NLA_F_NESTED)) == NULL ||
	    nla_put_u8(message, IFLA_BRPORT_LEARNING, 0) < 0 ||
	    nla_put_u8(message, IFLA_BRPORT_UNICAST_FLOOD, 0) < 0)
		return -NLE_NOMEM;
	(void)nla_nest_end(message, nest);
	return nl_send_sync(sock, steal_ptr(message));
}

static int set_mac(struct nl_sock *sock, unsigned ifindex, const uint8_t mac[MAC_BYTES])
{
	struct nl_msg *message CLEANUP(cleanup_message) = nlmsg_alloc_simple(
		RTM_NEWNEIGH, NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE);
	struct ndmsg head = {.ndm_family = AF_BRIDGE,
			     .ndm_ifindex = (int)ifindex,
			     .ndm_state = NUD_NOARP | NUD_REACHABLE,
			     .ndm_flags = NTF_MASTER};

	if (message == NULL || nlmsg_append(message, &head, sizeof head, NLMSG_ALIGNTO) < 0 ||
	    nla_put(message, NDA_LLADDR, MAC_BYTES, mac) < 0)
		return -NLE_NOMEM;
	return nl_send_sync(sock, steal_ptr(message));
}

int segment_plumb(const char *instance, const struct host_port *port, struct err *err)
{
	struct nl_sock *sock CLEANUP(cleanup_socket) = plumb_open();
	char bridge[SEGMENT_NAME_BYTES], tap[SEGMENT_NAME_BYTES];
	int code;

	if (segment_bridge_name(instance, port->network_id, bridge) < 0 ||
	    segment_port_name(instance, port->id, tap) < 0)
		return err_set(err, ERR_INVALID_INPUT,
			       "a network's id is too large for an interface's name");
	if (sock == NULL)
		return err_set(err, -EIO, "cannot open netlink");
	if ((code = add_bridge(sock, bridge)) < 0)
		return failed(err, code, "make", bridge);
	deafen(bridge);
	if ((code = change(sock, bridge, 0, true)) < 0)
		return failed(err, code, "bring up", bridge);
	if ((code = add_tap(tap, err)) < 0)
		return code;
	deafen(tap);
	if ((code = change(sock, tap, if_nametoindex(bridge), false)) < 0)
		return failed(err, code, "plug in", tap);
	if ((code = set_port(sock, if_nametoindex(tap))) < 0 ||
	    (code = set_mac(sock, if_nametoindex(tap), port->mac)) < 0)
		return failed(err, code, "set up", tap);
	return (code = change(sock, tap, 0, true)) < 0 ? failed(err, code, "bring up", tap) : 0;
}

bool segment_is_plumbed(const char *instance, const struct host_port *port)
{
	struct nl_sock *sock CLEANUP(cleanup_socket) = plumb_open();
	struct rtnl_link *link CLEANUP(cleanup_link) = NULL;
	char bridge[SEGMENT_NAME_BYTES], tap[SEGMENT_NAME_BYTES];

	return sock != NULL && segment_bridge_name(instance, port->network_id, bridge) == 0 &&
	       segment_port_name(instance, port->id, tap) == 0 &&
	       rtnl_link_get_kernel(sock, 0, tap, &link) == 0 && if_nametoindex(bridge) != 0 &&
	       rtnl_link_get_master(link) == (int)if_nametoindex(bridge) &&
	       (rtnl_link_get_flags(link) & IFF_UP) != 0;
}

/* By name and by kind: what only looks like it is somebody else's. */
static bool is_ours(const char *instance, struct rtnl_link *link)
{
	const char *const name = rtnl_link_get_name(link), *const type = rtnl_link_get_type(link);
	const size_t len = strlen(instance);

	if (name == NULL || type == NULL || strncmp(name, instance, len) != 0)
		return false;
	return (name[len] == '.' && strcmp(type, "tun") == 0) ||
	       (name[len] == '_' && strcmp(type, "bridge") == 0);
}

void segment_clean(const char *instance, segment_wanted *wanted, void *context)
{
	struct nl_sock *sock CLEANUP(cleanup_socket) = plumb_open();
	struct nl_cache *links CLEANUP(cleanup_cache) = NULL;

	if (sock == NULL || rtnl_link_alloc_cache(sock, AF_UNSPEC, &links) < 0)
		return;
	for (struct nl_object *at = nl_cache_get_first(links); at != NULL;
	     at = nl_cache_get_next(at)) {
		struct rtnl_link *const link = (struct rtnl_link *)at;
		if (is_ours(instance, link) && !wanted(context, rtnl_link_get_name(link)))
			(void)plumb_remove(rtnl_link_get_name(link), NULL);
	}
}

#include "host/network/plumb.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_addr.h>
#include <net/if.h>
#include <netlink/netlink.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/nexthop.h>
#include <netlink/route/route.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"

DEFINE_CLEANUP(struct nl_sock, socket, nl_socket_free)
DEFINE_CLEANUP(struct nl_addr, address, nl_addr_put)
DEFINE_CLEANUP(struct rtnl_addr, interface_address, rtnl_addr_put)
DEFINE_CLEANUP(struct rtnl_route, route, rtnl_route_put)
DEFINE_CLEANUP(struct rtnl_link, link, rtnl_link_put)

static int failed(struct err *err, int nl_code, const char *what, const char *tap)
{
	return err_set(err, -EIO, "cannot %s %s: %s", what, tap, nl_geterror(nl_code));
}

static int write_setting(const char *path, const char *value)
{
	AUTO_CLOSE int fd = open(path, O_WRONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd_write_all(fd, value, strlen(value));
}

static bool setting_is(const char *path, const char *value)
{
	struct buf text CLEANUP(buf_done) = {0};

	return fd_read_file(AT_FDCWD, path, 64, &text) == 0 &&
	       strncmp(buf_str(&text), value, strlen(value)) == 0;
}

static int set_tap(const char *tap, const char *family, const char *key, const char *value)
{
	char path[128];

	(void)snprintf(path, sizeof path, "/proc/sys/net/%s/conf/%s/%s", family, tap, key);
	return write_setting(path, value);
}

int plumb_host(struct err *err)
{
	char path[320];
	const struct dirent *entry;
	DIR *interfaces = opendir("/proc/sys/net/ipv6/conf");
	int code;

	/* Forwarding makes the kernel deaf to router advertisements, unless told 2: keep the
	 * uplinks' routes. */
	while (interfaces != NULL && (entry = readdir(interfaces)) != NULL) {
		(void)snprintf(path, sizeof path, "/proc/sys/net/ipv6/conf/%s/accept_ra",
			       entry->d_name);
		if (entry->d_name[0] != '.' && setting_is(path, "1"))
			(void)write_setting(path, "2");
	}
	if (interfaces != NULL)
		(void)closedir(interfaces);
	if (!setting_is("/proc/sys/net/ipv4/ip_forward", "1") &&
	    (code = write_setting("/proc/sys/net/ipv4/ip_forward", "1")) < 0)
		return err_set(err, code, "cannot turn on forwarding: %s", strerror(-code));
	if (!setting_is("/proc/sys/net/ipv6/conf/all/forwarding", "1"))
		(void)write_setting("/proc/sys/net/ipv6/conf/all/forwarding", "1");
	return 0;
}

struct nl_sock *plumb_open(void)
{
	struct nl_sock *sock = nl_socket_alloc();

	if (sock != NULL && nl_connect(sock, NETLINK_ROUTE) < 0) {
		nl_socket_free(sock);
		return NULL;
	}
	return sock;
}

static int set_up(struct nl_sock *sock, const char *tap)
{
	struct rtnl_link *link CLEANUP(cleanup_link) = NULL;
	struct rtnl_link *change CLEANUP(cleanup_link) = rtnl_link_alloc();
	int code = rtnl_link_get_kernel(sock, 0, tap, &link);

	if (code < 0)
		return code;
	rtnl_link_set_flags(change, IFF_UP);
	return rtnl_link_change(sock, link, change, 0);
}

static int add_address(struct nl_sock *sock, int ifindex, const char *text, int prefix, int family)
{
	struct nl_addr *local CLEANUP(cleanup_address) = NULL;
	struct rtnl_addr *address CLEANUP(cleanup_interface_address) = rtnl_addr_alloc();
	int code = nl_addr_parse(text, family, &local);

	if (code < 0)
		return code;
	nl_addr_set_prefixlen(local, prefix);
	rtnl_addr_set_ifindex(address, ifindex);
	if ((code = rtnl_addr_set_local(address, local)) < 0)
		return code;
	if (family == AF_INET6)
		rtnl_addr_set_flags(address, IFA_F_NODAD);
	else
		rtnl_addr_set_scope(address, RT_SCOPE_LINK);
	code = rtnl_addr_add(sock, address, NLM_F_REPLACE | NLM_F_CREATE);
	return code == -NLE_EXIST ? 0 : code;
}

static struct rtnl_route *make_route(int ifindex, const struct ip *ip)
{
	const int family = ip->family == 4 ? AF_INET : AF_INET6;
	struct nl_addr *destination CLEANUP(cleanup_address) =
		nl_addr_build(family, ip->bytes, ip->family == 4 ? 4 : 16);
	struct rtnl_route *route = rtnl_route_alloc();
	struct rtnl_nexthop *hop = rtnl_route_nh_alloc();

	nl_addr_set_prefixlen(destination, ip->prefix);
	(void)rtnl_route_set_family(route, (uint8_t)family);
	(void)rtnl_route_set_dst(route, destination);
	rtnl_route_set_scope(route, family == AF_INET ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE);
	rtnl_route_set_protocol(route, RTPROT_STATIC);
	rtnl_route_nh_set_ifindex(hop, ifindex);
	rtnl_route_add_nexthop(route, hop);
	return route;
}

/* The kernel puts it in the place of one to another interface: there is always the one or the
 * other. */
static int add_route(struct nl_sock *sock, int ifindex, const struct ip *ip)
{
	struct rtnl_route *route CLEANUP(cleanup_route) = make_route(ifindex, ip);

	return rtnl_route_add(sock, route, NLM_F_REPLACE | NLM_F_CREATE);
}

/* Of which the server has an address, so that its wire must speak it. */
static bool has_family(const struct host_network *network, uint8_t family)
{
	if ((family == 4 ? network->ipv4.family : network->ipv6.family) == family)
		return true;
	for (size_t i = 0; i < network->filter.floating_count; i++)
		if (network->filter.floating[i].ip.family == family)
			return true;
	return false;
}

int plumb_tap(const char *tap, const struct host_network *network, struct err *err)
{
	struct nl_sock *sock CLEANUP(cleanup_socket) = plumb_open();
	const int ifindex = (int)if_nametoindex(tap);
	int code;

	if (ifindex == 0)
		return err_set(err, -ENODEV, "there is no interface %s", tap);
	if (sock == NULL)
		return err_set(err, -EIO, "cannot open netlink");
	/* Before it is up: nothing is learnt from a guest, no address is made up for it, and an
	 * answer for an address of another wire is given to nobody. */
	(void)set_tap(tap, "ipv6", "accept_ra", "0");
	(void)set_tap(tap, "ipv6", "addr_gen_mode", "1");
	(void)set_tap(tap, "ipv6", "disable_ipv6", has_family(network, 6) ? "0" : "1");
	(void)set_tap(tap, "ipv4", "rp_filter", "1");
	(void)set_tap(tap, "ipv4", "arp_ignore", "1");
	(void)set_tap(tap, "ipv4", "accept_redirects", "0");
	(void)set_tap(tap, "ipv4", "send_redirects", "0");
	(void)set_tap(tap, "ipv6", "accept_redirects", "0");
	if ((code = set_up(sock, tap)) < 0)
		return failed(err, code, "bring up", tap);
	if (has_family(network, 4) &&
	    (code = add_address(sock, ifindex, PLUMB_GATEWAY_IPV4, 32, AF_INET)) < 0)
		return failed(err, code, "give an IPv4 address to", tap);
	if (network->ipv4.family == 4 && (code = add_route(sock, ifindex, &network->ipv4)) < 0)
		return failed(err, code, "route IPv4 to", tap);
	if (has_family(network, 6) &&
	    (code = add_address(sock, ifindex, PLUMB_GATEWAY_IPV6, 64, AF_INET6)) < 0)
		return failed(err, code, "give an IPv6 address to", tap);
	if (network->ipv6.family == 6 && (code = add_route(sock, ifindex, &network->ipv6)) < 0)
		return failed(err, code, "route IPv6 to", tap);
	for (size_t i = 0; i < network->filter.floating_count; i++)
		if ((code = add_route(sock, ifindex, &network->filter.floating[i].ip)) < 0)
			return failed(err, code, "route a floating address to", tap);
	return 0;
}

int plumb_route(const char *tap, const struct ip *ip, struct err *err)
{
	struct nl_sock *sock CLEANUP(cleanup_socket) = plumb_open();
	const int ifindex = (int)if_nametoindex(tap);
	int code;

	if (ifindex == 0)
		return err_set(err, -ENODEV, "there is no interface %s", tap);
	if (sock == NULL)
		return err_set(err, -EIO, "cannot open netlink");
	code = add_route(sock, ifindex, ip);
	return code < 0 ? failed(err, code, "route a floating address to", tap) : 0;
}

int plumb_no_route(const char *tap, const struct ip *ip, struct err *err)
{
	struct nl_sock *sock CLEANUP(cleanup_socket) = plumb_open();
	const int ifindex = (int)if_nametoindex(tap);
	struct rtnl_route *route CLEANUP(cleanup_route) = NULL;
	int code;

	if (ifindex == 0)
		return 0;
	if (sock == NULL)
		return err_set(err, -EIO, "cannot open netlink");
	route = make_route(ifindex, ip);
	code = rtnl_route_delete(sock, route, 0);
	return code < 0 && code != -NLE_OBJ_NOTFOUND
		       ? failed(err, code, "end a floating address's route to", tap)
		       : 0;
}

int plumb_remove(const char *tap, struct err *err)
{
	struct nl_sock *sock CLEANUP(cleanup_socket) = NULL;
	struct rtnl_link *link CLEANUP(cleanup_link) = NULL;
	int code;

	if (if_nametoindex(tap) == 0)
		return 0;
	sock = plumb_open();
	link = rtnl_link_alloc();
	if (sock == NULL || link == NULL)
		return err_set(err, -EIO, "cannot open netlink");
	rtnl_link_set_name(link, tap);
	code = rtnl_link_delete(sock, link);
	return code < 0 && code != -NLE_OBJ_NOTFOUND ? failed(err, code, "remove", tap) : 0;
}

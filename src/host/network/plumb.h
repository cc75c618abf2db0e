// The host's end of a server's wire: addresses, routes and settings of its tap, by netlink.
#pragma once

#include "base/err.h"
#include "wire/host_message.h"

#define PLUMB_GATEWAY_IPV4 "172.31.1.1"
#define PLUMB_GATEWAY_IPV6 "fe80::1"

struct nl_sock;

/** plumb_open() - to the kernel's routes and links. NULL when there is none; nl_socket_free(). */
struct nl_sock *plumb_open(void);

/** plumb_host() - once at start: forwarding on, without losing what the uplinks learn by
 * themselves. */
int plumb_host(struct err *err);

/**
 * plumb_tap() - addresses and routes onto a tap that exists; what is there already is left.
 * Errors: -ENODEV when there is no such interface.
 */
int plumb_tap(const char *tap, const struct host_network *network, struct err *err);

/** plumb_route() - an address leads to the tap from now on, wherever it led before. */
int plumb_route(const char *tap, const struct ip *ip, struct err *err);
/** plumb_no_route() - it leads to the tap no more, if it did. */
int plumb_no_route(const char *tap, const struct ip *ip, struct err *err);
/** plumb_remove() - a tap that outlived its server; its routes go with it. Absent is fine. */
int plumb_remove(const char *tap, struct err *err);

// Connections that the kernel remembers of an address, forgotten when the address goes elsewhere.
#pragma once

#include "base/err.h"
#include "base/ip.h"

/**
 * forget_connections() - of every address inside @ip: what one server's filter has let through is
 * not let through to another. Blocks while the kernel's table is read. Errors: -errno.
 */
int forget_connections(const struct ip *ip, struct err *err);

// Which addresses a webhook may connect to.
#pragma once

#include <stdbool.h>
#include <sys/socket.h>

#include "base/config.h"
#include "base/ip.h"

/**
 * reach_is_allowed() - a public address that is none of this machine's own, or one in @exceptions.
 * @address: the very one that is about to be connected to, so that what a name meant a moment ago
 * is of no matter. An IPv4 address in IPv6's clothes counts as what it is.
 */
bool reach_is_allowed(const struct sockaddr *address, const struct config_networks *exceptions);

/** reach_is_loopback() - this machine, over its loopback interface. */
bool reach_is_loopback(const struct sockaddr *address);

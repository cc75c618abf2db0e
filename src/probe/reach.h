// Connections to a server that is looked at.
#pragma once

#include <stdint.h>

#include "base/ip.h"

#define REACH_TIMEOUT_MS 5000

/** reach_address() - for connect(2). Return: its length. */
unsigned reach_address(const struct ip *ip, uint16_t port, void *ret_sockaddr_storage);
/** reach_connect() - a connected socket whose calls end after REACH_TIMEOUT_MS, or -errno. */
int reach_connect(const struct ip *ip, uint16_t port);

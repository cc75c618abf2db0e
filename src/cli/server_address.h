// Where a server is reached, read from its JSON.
#pragma once

#include <jansson.h>

#include "base/ip.h"

/** server_address6() - the first address of its IPv6 network; NULL when it has none. */
const char *server_address6(const json_t *server, char out[IP_TEXT_BYTES]);
/** server_address() - what one types: the IPv4 address, or else server_address6(), or "-". */
const char *server_address(const json_t *server, char out[IP_TEXT_BYTES]);

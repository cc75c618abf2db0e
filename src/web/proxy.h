// Who asks, when a proxy stands in front: whose word about that is believed.
#pragma once

#include <stdbool.h>

#include "base/config.h"
#include "web/http.h"

/** proxy_is_trusted() - @peer, an address as text, is one of the configured proxies. */
bool proxy_is_trusted(const struct config_networks *proxies, const char *peer);

/**
 * proxy_client() - the address of who asks.
 *
 * Without a trusted proxy that is the peer, whatever the request claims. With one it is the last
 * address of X-Forwarded-For that no trusted proxy has: every proxy adds whom it heard at the end,
 * so all before that one is only what the client said. Where the list ends or is malformed before
 * that, the last address that was believed stands. X-Forwarded-Host, X-Forwarded-Proto and
 * Forwarded (RFC 7239) are never looked at: the service knows its own address.
 *
 * @peer: of the connection, canonical text.
 */
void proxy_client(const struct config_networks *proxies, const char *peer,
		  const struct http_head *head, char out[IP_TEXT_BYTES]);

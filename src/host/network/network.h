// Which network every server has on this host, and the kernel made to agree.
#pragma once

#include <stdbool.h>

#include "base/config.h"
#include "host/driver.h"
#include "wire/host_message.h"

struct network;

/** network_new() - forwarding on, and a closed table before any guest runs, unless one is there. */
int network_new(const struct config *config, struct network **ret, struct err *err);
void network_free(struct network *network);

/** All may be called from any thread; they block while nft works (tens of milliseconds). */
int network_set(struct network *network, const struct host_network *server, struct err *err);
int network_clear(struct network *network, const uint8_t uuid[UUID_BYTES], struct err *err);
int network_sync(struct network *network, const struct host_network *servers, size_t count,
		 struct err *err);

/** network_plumb() - the tap has come into being: addresses, routes. ERR_NOT_FOUND without a
 * network. */
int network_plumb(struct network *network, const uint8_t uuid[UUID_BYTES], struct err *err);
void network_inventory(struct network *network, driver_item *item, void *context);

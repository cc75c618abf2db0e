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

/**
 * network_set_filter() - of a server that has a network; an older version than what is in force is
 * left unheeded. Errors: ERR_NOT_FOUND. @ret_version: of the filter in force; NULL: not of
 * interest.
 */
int network_set_filter(struct network *network, const struct host_filter_change *change,
		       uint64_t *ret_version, struct err *err);
/** network_filter_version() - of the filter in force; 0 without a network. */
uint64_t network_filter_version(struct network *network, const uint8_t uuid[UUID_BYTES]);

/** network_filter_status() - what a server's filter has counted and refused. ERR_NOT_FOUND. */
int network_filter_status(struct network *network, const uint8_t uuid[UUID_BYTES],
			  struct buf *answer, struct err *err);

/** network_came() - what HOST_FILTER_CAME answers. ERR_NOT_FOUND. */
int network_came(struct network *network, const uint8_t uuid[UUID_BYTES], struct buf *answer,
		 struct err *err);

typedef void network_traffic_of(void *context, const struct host_traffic *traffic);
/** network_traffic() - what was counted of every server that has a network here. */
int network_traffic(struct network *network, network_traffic_of *of, void *context,
		    struct err *err);

/**
 * network_check() - is the kernel's table what it was made to be? When somebody else changed it,
 * it is made anew. To be called each minute.
 * Return: 0, 1 when it had to be repaired, or a negative code.
 */
int network_check(struct network *network, struct err *err);

/** network_prepare() - the taps of its private networks are there: QEMU opens them as it starts. */
int network_prepare(struct network *network, const uint8_t uuid[UUID_BYTES], struct err *err);
/** network_plumb() - the tap has come into being: addresses, routes. ERR_NOT_FOUND without a
 * network. */
int network_plumb(struct network *network, const uint8_t uuid[UUID_BYTES], struct err *err);
void network_inventory(struct network *network, driver_item *item, void *context);

// A private network on the host: a bridge of its own, and a tap for each server that is in it.
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "wire/host_message.h"

#define SEGMENT_NAME_BYTES 16 /* IFNAMSIZ */

/** segment_port_name() - of the tap, "<instance>.<port id in hex>". 0, or -ERANGE: too long. */
int segment_port_name(const char *instance, uint64_t port_id, char out[SEGMENT_NAME_BYTES]);
/** segment_bridge_name() - "<instance>_<network id in hex>". 0, or -ERANGE. */
int segment_bridge_name(const char *instance, uint64_t network_id, char out[SEGMENT_NAME_BYTES]);

/**
 * segment_plumb() - the bridge is there, and the tap is plugged into it; what is right is left.
 *
 * The rules of the port must be in force before: from here on frames are heard. Blocks for
 * milliseconds. Errors: -EIO, ERR_INVALID_INPUT (a name that would be too long).
 */
int segment_plumb(const char *instance, const struct host_port *port, struct err *err);
/** segment_is_plumbed() - the tap is there and plugged into its bridge. */
bool segment_is_plumbed(const char *instance, const struct host_port *port);

typedef bool segment_wanted(void *context, const char *name);
/** segment_clean() - taps and bridges under the instance's names that nobody wants go. */
void segment_clean(const char *instance, segment_wanted *wanted, void *context);

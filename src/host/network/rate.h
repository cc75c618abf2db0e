// How much goes over a server's wire at most, as its plan says: a part of the filter's table.
#pragma once

#include "base/buf.h"
#include "wire/host_message.h"

#define RATE_CHAIN_BYTES 24

void rate_chain_name(uint64_t server_id, char out[RATE_CHAIN_BYTES]);

/** rate_write_change() - as filter_write_change(). A server without a limit has no chain. */
void rate_write_change(struct buf *out, const char *instance, const struct host_network *before,
		       const struct host_network *after);

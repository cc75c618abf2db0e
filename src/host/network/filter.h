// The nftables table of this instance, as text for nft(8).
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "wire/host_message.h"

#define FILTER_TAP_BYTES 16 /* IFNAMSIZ */

/** filter_tap_name() - "<instance>-<server id in hex>". 0, or -ERANGE when it would be too long. */
int filter_tap_name(const char *instance, uint64_t server_id, char out[FILTER_TAP_BYTES]);

/**
 * filter_write_table() - the whole table, replacing an older one in one transaction.
 * @masquerade: guests reach the world through the host's own address.
 * @probe_uid: of ippo-probe, whose tries are soon forgotten; 0: there is none.
 */
void filter_write_table(struct buf *out, const char *instance, bool masquerade, unsigned probe_uid,
			const struct host_network *networks, size_t count);

/** filter_write_change() - remove @before's elements (NULL: none) and add @after's (NULL: none). */
void filter_write_change(struct buf *out, const char *instance, const struct host_network *before,
			 const struct host_network *after);

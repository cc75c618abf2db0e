// The nftables tables of this instance, as text for nft(8).
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "wire/host_message.h"

#define FILTER_TAP_BYTES   16 /* IFNAMSIZ */
#define FILTER_TABLE_BYTES 16
#define FILTER_CHAIN_BYTES 24
#define FILTER_LOG_BYTES   128 /* of a packet that is told of */

/** filter_tap_name() - "<instance>-<server id in hex>". 0, or -ERANGE when it would be too long. */
int filter_tap_name(const char *instance, uint64_t server_id, char out[FILTER_TAP_BYTES]);

/** filter_tap_server() - the server whose tap has that name; 0: none of ours. */
uint64_t filter_tap_server(const char *instance, const char *tap);

void filter_table_name(const char *instance, char out[FILTER_TABLE_BYTES]);

/* A server's chains: what comes for it, what it sends, what a rule has let in. Each of every server
 * is there. */
enum filter_chain { FILTER_CHAIN_IN, FILTER_CHAIN_OUT, FILTER_CHAIN_LET, FILTER_CHAINS };
void filter_chain_name(uint64_t server_id, enum filter_chain chain, char out[FILTER_CHAIN_BYTES]);

/** filter_log_group() - of nfnetlink_log, to which this instance's table tells what it refuses. */
uint16_t filter_log_group(const char *instance);

/* What a packet told of says of itself: the prefixes of its log. */
#define FILTER_SAYS_IN       "in"
#define FILTER_SAYS_OUT      "out"
#define FILTER_SAYS_SMTP     "smtp"
#define FILTER_SAYS_TOO_MANY "many"
#define FILTER_SAYS_SPOOFED  "spoof"
#define FILTER_SAYS_CROWD    "crowd"
/* These are counted alone. */
#define FILTER_SAYS_RATE_IN  "rate in"
#define FILTER_SAYS_RATE_OUT "rate out"

/**
 * filter_write_table() - the whole table, replacing an older one in one transaction.
 * @masquerade: guests reach the world through the host's own address.
 * @probe_uid: of ippo-probe, whose tries are soon forgotten; 0: there is none.
 */
void filter_write_table(struct buf *out, const char *instance, bool masquerade, unsigned probe_uid,
			const struct host_network *networks, size_t count);

/** filter_write_change() - remove @before (NULL: none) and add @after (NULL: none). When both are
 * there, connections under way and packets meanwhile see the one or the other, never neither. */
void filter_write_change(struct buf *out, const char *instance, const struct host_network *before,
			 const struct host_network *after);

/** filter_write_wire() - the table of family netdev: what is heard on a tap at all. It must exist.
 */
void filter_write_wire(struct buf *out, const char *instance, const struct host_network *network);
/** filter_write_no_wire() - its chain is gone with the tap, but where the kernel keeps it. */
void filter_write_no_wire(struct buf *out, const char *instance, uint64_t server_id);

/** filter_refusal_kind() - which enum host_counter_kind a word of @bytes is; 0: it is no refusal's.
 */
uint8_t filter_refusal_kind(const char *says, size_t bytes);

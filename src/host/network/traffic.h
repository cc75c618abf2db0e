// What goes over the servers' wires, counted by the kernel in a table that nothing else replaces.
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "wire/host_message.h"

/** traffic_write_table() - makes the table where there is none; what is counted stays. */
void traffic_write_table(struct buf *out, const char *instance);
/** traffic_write_server() - a server's two counters; those that are there go on. */
void traffic_write_server(struct buf *out, const char *instance, uint64_t server_id);
/** traffic_write_no_server() - they are gone. */
void traffic_write_no_server(struct buf *out, const char *instance, uint64_t server_id);

typedef void traffic_counter(void *context, uint64_t server_id, bool outwards, uint64_t bytes);
/**
 * traffic_read() - all counters, and the epoch they belong to: two counts of one epoch can be
 * subtracted. Blocks while nft works. Errors: those of nft, when there is no table.
 */
int traffic_read(const char *instance, uint64_t *ret_epoch, traffic_counter *counter, void *context,
		 struct err *err);

/*
 * A chain for each server whose plan bounds its bandwidth, found by its tap at the head of what is
 * forwarded, whichever way it goes: what is beyond a rate is dropped, and counted, before anything
 * else is asked about it and before it counts as traffic. It is a part of the filter's table, so
 * that it is in force before a guest's first packet, is changed in the transactions that change the
 * filter, and is looked after with it.
 *
 * The kernel's bucket holds a second's worth and the burst. That is larger than anything that a
 * guest may hand over at once (64 KiB), which a smaller bucket would never let through.
 */
#include "host/network/rate.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

#include "host/network/filter.h"

#define BYTES_PER_S_OF_MBIT UINT64_C(125000)
#define BURST_BYTES         65536

void rate_chain_name(uint64_t server_id, char out[RATE_CHAIN_BYTES])
{
	(void)snprintf(out, RATE_CHAIN_BYTES, "rate_%" PRIx64, server_id);
}

static bool has_rate(const struct host_network *network)
{
	return network != NULL &&
	       (network->filter.rate_in_mbit > 0 || network->filter.rate_out_mbit > 0);
}

static void write_limit(struct buf *out, const char *head, const char *device, const char *tap,
			uint32_t mbit, const char *says)
{
	if (mbit > 0)
		(void)buf_printf(out,
				 "%s%s \"%s\" limit rate over %" PRIu64
				 " bytes/second burst %d bytes counter drop comment \"%s\"\n",
				 head, device, tap, mbit * BYTES_PER_S_OF_MBIT, BURST_BYTES, says);
}

void rate_write_change(struct buf *out, const char *instance, const struct host_network *before,
		       const struct host_network *after)
{
	char tap[FILTER_TAP_BYTES], chain[RATE_CHAIN_BYTES], head[96];
	const bool is_same =
		has_rate(before) && has_rate(after) && before->server_id == after->server_id;

	if (is_same && host_rate_equal(&before->filter, &after->filter))
		return;
	if (has_rate(before) && !is_same &&
	    filter_tap_name(instance, before->server_id, tap) == 0) {
		rate_chain_name(before->server_id, chain);
		(void)buf_printf(out,
				 "delete element inet ippo_%s rated { \"%s\" : jump %s }\n"
				 "delete chain inet ippo_%s %s\n",
				 instance, tap, chain, instance, chain);
	}
	if (!has_rate(after) || filter_tap_name(instance, after->server_id, tap) < 0)
		return;
	rate_chain_name(after->server_id, chain);
	(void)buf_printf(out, "%s chain inet ippo_%s %s\n", is_same ? "flush" : "add", instance,
			 chain);
	(void)snprintf(head, sizeof head, "add rule inet ippo_%s %s ", instance, chain);
	write_limit(out, head, "oifname", tap, after->filter.rate_in_mbit, FILTER_SAYS_RATE_IN);
	write_limit(out, head, "iifname", tap, after->filter.rate_out_mbit, FILTER_SAYS_RATE_OUT);
	if (!is_same)
		(void)buf_printf(out, "add element inet ippo_%s rated { \"%s\" : jump %s }\n",
				 instance, tap, chain);
}

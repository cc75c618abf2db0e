// What went over the servers' wires, by calendar month (UTC).
#pragma once

#include <stdint.h>

#include "base/parse.h"
#include "store/store.h"

#define STORE_TRAFFIC_MONTHS 25 /* that are kept, with the current one */

/* A server's counters as the host says them. */
struct store_count {
	uint8_t uuid[UUID_BYTES];
	uint64_t epoch; /* two counts of one epoch can be subtracted */
	uint64_t in_bytes;
	uint64_t out_bytes;
};

struct store_traffic {
	uint32_t month; /* 202611 */
	uint64_t in_bytes;
	uint64_t out_bytes;
};

/** store_traffic_month() - of a time. */
uint32_t store_traffic_month(int64_t now_ms);

/**
 * store_traffic_add() - what was counted since the last count, to the month of @now_ms.
 *
 * In one transaction with the count itself: whenever a process dies, nothing is added twice, and
 * what is not added yet is with the next count. Counts of servers that are none are passed over.
 */
int store_traffic_add(struct store *store, const struct store_count *counts, size_t count,
		      int64_t now_ms, struct err *err);

/** store_traffic_get() - of one month; zeroes when nothing was counted. */
int store_traffic_get(struct store *store, uint64_t server_id, uint32_t month,
		      struct store_traffic *ret, struct err *err);
/** store_traffic_list() - the newest first, at most @max of them. */
int store_traffic_list(struct store *store, uint64_t server_id, struct store_traffic *ret,
		       size_t max, size_t *ret_count, struct err *err);

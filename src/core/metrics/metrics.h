// Samples all servers each minute, keeps the samples safe, and has them written.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/core.h"
#include "core/visitor/visitor_link.h"
#include "wire/metrics_message.h"

struct metrics;

/** metrics_new() - open the journal in STATE/core; to be called before files are closed off. */
int metrics_new(struct core *core, struct metrics **ret, struct err *err);
/** metrics_start() - begin to sample. */
void metrics_start(struct metrics *metrics);
/** metrics_connect() - ippo-metrics has been started. @fd is owned. */
void metrics_connect(struct metrics *metrics, int fd);
/** metrics_server_deleted() - what was measured of it goes too. */
void metrics_server_deleted(struct metrics *metrics, uint64_t server_id);

/** metrics_fetch() - averages, with what was sampled just now. @reply: see visitor_link_call(). */
int metrics_fetch(struct metrics *metrics, const struct metrics_fetch *fetch,
		  visitor_link_reply *reply, void *context, struct err *err);

/**
 * metrics_settle() - for a backup: have everything written, and then nothing for METRICS_HOLD_MS;
 * samples wait in the journal meanwhile. @done: called once and later, never from within; also when
 * it could not be written. Returns -ENOMEM, and then @done is not called.
 */
#define METRICS_HOLD_MS (10 * 60000)
int metrics_settle(struct metrics *metrics, void (*done)(void *context), void *context);

/* The last sample of a server that is on. */
struct metrics_latest {
	uint8_t uuid[UUID_BYTES];
	uint64_t server_id;
	uint64_t values[HOST_STATISTICS_COUNT];
};

struct metrics_state {
	const struct metrics_latest *latest; /* borrowed: until the loop runs on */
	size_t count;
	uint64_t sampled_s; /* 0: not yet */
	uint64_t sweeps;
	uint64_t failed_sweeps;
	uint64_t journal_bytes;
	double sweep_seconds; /* that the last one took, by the clock */
};
void metrics_state(const struct metrics *metrics, struct metrics_state *ret);

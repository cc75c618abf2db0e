// What nftables holds in the kernel: changing it, reading it back, noticing that somebody else did.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "wire/filter_message.h"

/** ruleset_load() - all of it in one transaction, or nothing. Blocks for tens of milliseconds. */
int ruleset_load(const struct buf *rules, struct err *err);

/** ruleset_generation() - grows with every transaction, whoever's. Blocks for microseconds. */
int ruleset_generation(uint32_t *ret);

/** ruleset_digest() - of the whole table of an instance, but of what the traffic changes. */
int ruleset_digest(const char *instance, uint64_t *ret, struct err *err);

/** ruleset_run() - all that a program prints, however much, appended to @ret. */
int ruleset_run(const char *const *arguments, struct buf *ret, struct err *err);

bool ruleset_has_table(const char *instance);

typedef void ruleset_counter(void *context, const struct host_counter *counter);
/** ruleset_counters() - of a server's chains. A rule that is two in the kernel is one. @has_rate:
 * its bandwidth is bounded. */
int ruleset_counters(const char *instance, uint64_t server_id, bool has_rate,
		     ruleset_counter *counter, void *context, struct err *err);

/** ruleset_read_counters() - the same of what nft has printed. ERR_SERVER when it is not that. */
int ruleset_read_counters(const char *json, ruleset_counter *counter, void *context);

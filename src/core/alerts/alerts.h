// Opens and ends alerts, from what is sampled each minute and from servers that stop.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/core.h"
#include "core/metrics/metrics.h"
#include "model/alert_rule.h"
#include "model/server.h"

struct alerts;

int alerts_new(struct core *core, struct alerts **ret, struct err *err);
/** alerts_free() - the minutes that were counted are forgotten; accepts NULL. */
void alerts_free(struct alerts *alerts);

/* Two sweeps in a row; both by uuid, borrowed. before_s 0: there was none. */
struct alerts_sweep {
	const struct metrics_latest *before;
	size_t before_count;
	uint32_t before_s;
	const struct metrics_latest *now;
	size_t now_count;
	uint32_t now_s;
};

/** alerts_sweep() - a minute is over. One transaction for all that changes, none when nothing does.
 */
void alerts_sweep(struct alerts *alerts, const struct alerts_sweep *sweep);

/** alerts_stopped() - see struct engine_hooks: in the transaction that records it. */
int alerts_stopped(struct alerts *alerts, const struct server *server, bool itself,
		   struct err *err);
/** alerts_server_deleted() - its alerts end. */
void alerts_server_deleted(struct alerts *alerts, uint64_t server_id);
/** alerts_hand_over() - in the transaction that gives the server to another customer: its alerts
 * end, and the rules about it alone go. */
int alerts_hand_over(struct alerts *alerts, uint64_t server_id, struct err *err);
/** alerts_end_of_rule() - in the transaction that changes or deletes the rule. */
int alerts_end_of_rule(struct alerts *alerts, uint64_t rule_id, struct err *err);

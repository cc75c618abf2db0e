// Brings the servers' packet filters to the host, and lets changes on trial go back.
#pragma once

#include "core/core.h"

struct filters;

int filters_new(struct core *core, struct filters **ret, struct err *err);
void filters_free(struct filters *filters);
/** filters_kick() - something was committed that may concern a filter. Cheap. */
void filters_kick(struct filters *filters);
/** filters_revert() - inside a transaction: everything as before the trial, and the trial is over.
 */
int filters_revert(struct core *core, uint64_t firewall_id, struct err *err);
/**
 * filters_end_trial() - nobody asked for it: @end in a transaction of its own, with its line of the
 * history, @what with @details (JSON; "": none).
 */
int filters_end_trial(struct core *core, uint64_t firewall_id, const char *what,
		      const char *details,
		      int (*end)(struct core *core, uint64_t firewall_id, struct err *err),
		      struct err *err);

// What the outside sees of a server's first step: the probe's answer, and what the host itself
// knows.
#pragma once

#include "model/server.h"
#include "store/store_first_step.h"
#include "wire/probe_message.h"

/** outside_read() - the probe's answer, into the outside of every item it tells something of. What
 * was not tried stays as it was. @key_is_shared: another server has the host key too. */
void outside_read(const struct probe_answer *answer, const struct probe_look *look,
		  const struct server *server, bool key_is_shared, int64_t now_ms,
		  struct store_first_step *first_step);

/** outside_monitoring() - whether there are measurements and alerts. */
void outside_monitoring(int64_t sampled_ms, uint64_t rules, int64_t now_ms,
			struct store_first_step *first_step);

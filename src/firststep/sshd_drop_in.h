// The file of our settings for sshd: 00-firststep.conf, the first of the drop-ins, as the first
// value wins.
#pragma once

#include <stdint.h>

#include "firststep/context.h"
#include "firststep/plan.h"

#define SSHD_DROP_IN        "/etc/ssh/sshd_config.d/00-firststep.conf"
#define SSHD_DROP_IN_FOLDER "/etc/ssh/sshd_config.d"

/** sshd_drop_in_plan() - the whole drop-in, with the port that is in it now. ERR_UNSUPPORTED when
 * nobody could log in afterwards. */
int sshd_drop_in_plan(struct context *context, struct plan *plan, struct err *err);
/** sshd_drop_in_plan_ports() - with the ports given (0: none), and a socket unit's where it
 * listens.
 */
int sshd_drop_in_plan_ports(struct context *context, struct plan *plan, uint16_t first,
			    uint16_t second, struct err *err);
/** sshd_drop_in_apply() - have the running sshd read its settings again. */
int sshd_drop_in_apply(struct context *context, struct err *err);
/** sshd_drop_in_check() - `sshd -t`. */
int sshd_drop_in_check(struct err *err);

// Our table of nftables, or firewalld's zone: what is refused, and the ports that are open.
#pragma once

#include "firststep/context.h"
#include "firststep/plan.h"

#define FILTER_FILE "/etc/firststep.nft"
#define FILTER_MAIN "/etc/nftables.conf"

/** packet_filter_plan_ports() - SSH on @first and @second (0: none), and settings.open. */
int packet_filter_plan_ports(struct context *context, struct plan *plan, uint16_t first,
			     uint16_t second, struct err *err);
int packet_filter_apply(struct context *context, struct err *err);
/** packet_filter_check() - `nft -c -f`. */
int packet_filter_check(struct err *err);
/** packet_filter_undo() - after files were put back: what is in force is what they say. */
int packet_filter_undo(struct context *context, struct err *err);

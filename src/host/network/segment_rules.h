// The nftables table of family bridge: what is heard on the ports of private networks.
#pragma once

#include <stddef.h>

#include "base/buf.h"
#include "wire/host_message.h"

/** segment_rules_write_table() - the whole table, replacing an older one in one transaction. */
void segment_rules_write_table(struct buf *out, const char *instance,
			       const struct host_network *networks, size_t count);
/** segment_rules_write_change() - remove the ports of @before (NULL: none) that @after (NULL: none)
 * has not, and add or change those that it has. The table must be there. */
void segment_rules_write_change(struct buf *out, const char *instance,
				const struct host_network *before,
				const struct host_network *after);

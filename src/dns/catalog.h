// The list of zones that further name servers follow (RFC 9432): Knot makes it, and here is seen to
// it that they hear of it.
#pragma once

#include "dns/knot.h"

/**
 * catalog_settle() - wait until the list has all zones of Knot's settings, and is not older than it
 * was.
 *
 * @floor: the serial that it had at least; 0 where that is not known.
 */
int catalog_settle(struct knot *knot, const char *catalog, uint32_t floor, uint32_t *ret_serial,
		   struct err *err);
/** catalog_notify() - tell those that fetch it, whether it has changed or not. */
int catalog_notify(struct knot *knot, const char *catalog, struct err *err);

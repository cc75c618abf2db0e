// A part of the record sets that Knot has of a zone, in an order.
#pragma once

#include "dns/knot.h"
#include "wire/dns_message.h"

/**
 * record_sets_read() - how many there are on a line of its own, and then the records of those that
 * are wanted, as lines of a zone file; appended to @out.
 *
 * -EFBIG: the zone has more than 32 MiB.
 */
int record_sets_read(struct knot *knot, const char *zone, const struct dns_job_sets *wanted,
		     struct buf *out, struct err *err);

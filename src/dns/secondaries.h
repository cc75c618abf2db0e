// Which further name servers Knot hands its zones to: each by a key of its own (RFC 8945).
#pragma once

#include "dns/knot.h"
#include "wire/dns_message.h"

/** secondaries_set() - the job's servers and no others, and its zones that are fetched from where
 * it says; all or nothing; within no change of settings. */
int secondaries_set(struct knot *knot, const struct dns_job *job, struct err *err);

// Which further name servers Knot hands its zones to: each by a key of its own (RFC 8945).
#pragma once

#include "dns/knot.h"
#include "wire/dns_message.h"

/** secondaries_set() - these and no others, all or nothing; within no change of settings. */
int secondaries_set(struct knot *knot, const struct dns_job_server *servers, size_t count,
		    struct err *err);

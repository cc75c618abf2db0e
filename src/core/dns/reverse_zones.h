// The zones of reverse names on their way to the name server, beside those of customers.
#pragma once

#include "core/core.h"
#include "wire/dns_message.h"

/** reverse_zones_fill() - those that wait, as far as @job has room. */
int reverse_zones_fill(struct core *core, bool failed, struct dns_job *job, struct err *err);
/** reverse_zones_settle() - what came of one of them. */
int reverse_zones_settle(struct store *store, const struct dns_job_zone *zone, struct err *err);

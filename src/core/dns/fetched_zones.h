// Zones that are fetched from elsewhere, on their way to the name server and back.
#pragma once

#include "core/core.h"
#include "model/zone.h"
#include "wire/dns_message.h"

/** fetched_zones_fill() - where all of them are fetched from, into @job. */
int fetched_zones_fill(struct store *store, struct dns_job *job, struct err *err);
/** fetched_zones_look() - those that it is time to look at, as far as @job has room. */
int fetched_zones_look(struct store *store, struct dns_job *job, struct err *err);
/** fetched_zones_settle() - what the name server has of one. */
int fetched_zones_settle(struct store *store, const struct dns_job_zone *zone, struct err *err);

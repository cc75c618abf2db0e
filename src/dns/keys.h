// The keys that Knot signs a zone with: a copy of them for core, that copy given back, and their
// change.
#pragma once

#include "dns/knot.h"
#include "wire/dns_message.h"

/**
 * keys_give_back() - what core has kept of the keys of a zone that Knot does not sign yet.
 *
 * Where Knot has one of these keys itself, what it has is as new or newer, and stays.
 * @folder: where copies come and go; Knot's user writes there, and nobody else reads.
 */
int keys_give_back(struct knot *knot, const char *folder, const struct dns_job_zone *zone,
		   struct err *err);
/**
 * keys_look() - do what is asked for the keys of a signed zone, and say which there are now.
 *
 * Fills keys_seen and ksk_count; keys when what is seen is not what core has seen: all of them.
 */
int keys_look(struct knot *knot, const char *folder, struct dns_job_zone *zone, struct err *err);

// A whole zone as a file: read into record sets, and written.
#pragma once

#include <stddef.h>

#include "model/rrset.h"

struct zone_file {
	struct rrset *items;
	size_t count;
	size_t capacity;
};

void zone_file_done(struct zone_file *file);
/**
 * zone_file_read() - everything that may be in a zone of a customer; SOA is passed over.
 * @zone, @ttl: of the zone; a set whose TTL is the same has none of its own.
 * Errors: ERR_INVALID_INPUT or ERR_LIMIT, with the line and the reason.
 */
int zone_file_read(const char *zone, uint32_t ttl, const char *text, size_t bytes,
		   struct zone_file *ret, struct err *err);

// Maintenance of the host: while it lasts no new servers are made, and everything else goes on.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "store/store.h"

#define MAINTENANCE_REASON_BYTES 401

struct maintenance {
	bool on;
	int64_t since_ms;
	char reason[MAINTENANCE_REASON_BYTES]; /* told to customers */
};

int maintenance_get(struct store *store, struct maintenance *ret, struct err *err);
/** maintenance_set() - @reason NULL: it is over. One that lasts keeps its beginning. */
int maintenance_set(struct store *store, const char *reason, int64_t now_ms, struct err *err);
/** maintenance_check() - 0, or ERR_MAINTENANCE with the reason in words. */
int maintenance_check(struct store *store, struct err *err);

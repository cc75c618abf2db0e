// The first start: what a service has before anybody has asked for anything.
#pragma once

#include "base/err.h"

struct store;

/** bootstrap_run() - plans, a location, the service's own customer, and private address pools of
 * this instance. Does nothing when there are any already. */
int bootstrap_run(struct store *store, const char *instance, struct err *err);

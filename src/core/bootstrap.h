// The first start: what a service has before anybody has asked for anything.
#pragma once

#include "base/err.h"

struct store;

struct bootstrap_options {
	const char *instance;
	const char *pool_ipv4; /* prefix; empty: a private one by the instance's name */
	const char *pool_ipv6; /* prefix of at most /64; empty: a random one of RFC 4193 */
};

/** bootstrap_run() - plans, a location, the service's own customer, and the first address pools of
 * this instance. Does nothing when there are any already. Errors: those of store_defaults(). */
int bootstrap_run(struct store *store, const struct bootstrap_options *options, struct err *err);

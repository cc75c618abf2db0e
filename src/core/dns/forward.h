// Whether a name leads back to the address whose reverse name it is, as the zones here have it.
#pragma once

#include "base/ip.h"
#include "store/store.h"

enum forward {
	FORWARD_UNKNOWN = 0,   /* the name is in no zone here, or is delegated away */
	FORWARD_CONFIRMED = 1, /* it has the address */
	FORWARD_DIFFERENT = 2, /* it has others */
	FORWARD_MISSING = 3,   /* it has none of this family */
};

const char *forward_name(enum forward forward);

/** forward_check() - looks @name up as a name server would: aliases, wildcards and delegations
 * (RFC 1034 section 4.3.2) within the zones of the database. */
int forward_check(struct store *store, const char *name, const struct ip *ip, enum forward *ret,
		  struct err *err);

// What accounts have of what they may have.
#pragma once

#include <stdint.h>

#include "model/quota.h"
#include "store/store.h"

/** store_quota_used() - what the account has now. A server whose plan is being changed counts with
 * the larger one of each. */
int store_quota_used(struct store *store, uint64_t customer_id, struct quotas *ret,
		     struct err *err);
/** store_quota_check() - may the account get @more? To be asked inside the transaction that gives
 * it, before it does. ERR_LIMIT, ERR_NOT_FOUND. */
int store_quota_check(struct store *store, uint64_t customer_id, const struct quotas *more,
		      struct err *err);
/** store_quota_check_one() - the same for one more of @quota. */
int store_quota_check_one(struct store *store, uint64_t customer_id, enum quota quota,
			  struct err *err);
/** store_quota_defaults() - what a new account may have; 0: no limit. */
int store_quota_defaults(struct store *store, struct quotas *ret, struct err *err);
/** store_quota_set_defaults() - accounts that are there keep what they may have. */
int store_quota_set_defaults(struct store *store, const struct quotas *limits, struct err *err);
/** store_quota_of_server() - what one server counts for. */
int store_quota_of_server(struct store *store, uint64_t server_id, struct quotas *ret,
			  struct err *err);

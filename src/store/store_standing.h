// The one question that is asked about every open console and event stream again and again: may its
// holder still?
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "model/role.h"
#include "model/server.h"
#include "store/store.h"

/* What a right stands on, as it is now. */
struct store_standing {
	bool server; /* it exists; then: */
	uint8_t uuid[UUID_BYTES];
	uint32_t generation;
	uint64_t customer_id;
	enum server_status status;
	bool suspended; /* the customer is, or is gone */
	bool holder;    /* the session or token exists, has not expired, and its user is enabled */
	bool readonly;
	bool service;
	enum role role;
};

/**
 * store_standing_get() - one query, cheap enough to be asked four times a second for thousands.
 * @who: via, user_id, customer_id, session_id, token_id. The local socket's rights are not in the
 * database: its holder is always there.
 * @server_id: 0 asks about no server.
 */
int store_standing_get(struct store *store, const struct principal *who, uint64_t server_id,
		       int64_t now_ms, struct store_standing *ret, struct err *err);

// Tickets to consoles: only their hashes, and only in memory. They end with the process.
#pragma once

#include <stdint.h>

#include "base/secret.h"
#include "model/ticket.h"
#include "store/store.h"

/** store_ticket_insert() - and forget all that have expired. */
int store_ticket_insert(struct store *store, const uint8_t hash[SECRET_HASH_BYTES],
			const struct ticket *ticket, int64_t now_ms, struct err *err);

/**
 * store_ticket_redeem() - take a ticket, which from then on is unknown: one statement, so that of
 * any number who try exactly one gets it. ERR_NOT_FOUND when it is unknown, used or late.
 */
int store_ticket_redeem(struct store *store, const uint8_t hash[SECRET_HASH_BYTES],
			enum ticket_use use, int64_t now_ms, struct ticket *ret, struct err *err);

/** store_ticket_count() - how many are kept. */
int store_ticket_count(struct store *store, uint64_t *ret, struct err *err);

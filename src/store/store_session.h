// Browser sessions in the database: only the hashes of their cookies.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "model/account.h"
#include "store/store.h"

int store_session_insert(struct store *store, struct session *session, struct err *err);
/** store_session_find() - by hash; an expired one, or one of a disabled user, is not found. */
int store_session_find(struct store *store, const uint8_t hash[SECRET_HASH_BYTES], int64_t now_ms,
		       struct session *ret, struct err *err);
/** store_session_touch() - last use and the new expiry. */
int store_session_touch(struct store *store, uint64_t id, int64_t now_ms, int64_t expires_ms,
			struct err *err);
int store_session_update_customer(struct store *store, uint64_t id, uint64_t customer_id,
				  struct err *err);
int store_session_delete(struct store *store, uint64_t id, struct err *err);
int store_session_delete_expired(struct store *store, int64_t now_ms, struct err *err);

// Browser sessions in the database: only the hashes of their cookies.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "model/account.h"
#include "model/page.h"
#include "store/store.h"

struct store_sessions {
	struct session *items;
	size_t count;
	uint64_t total;
};

int store_session_insert(struct store *store, struct session *session, struct err *err);
/** store_session_find() - by hash; an expired one, or one of a disabled user, is not found. */
int store_session_find(struct store *store, const uint8_t hash[SECRET_HASH_BYTES], int64_t now_ms,
		       struct session *ret, struct err *err);
/** store_session_touch() - last use and the new expiry. */
int store_session_touch(struct store *store, uint64_t id, int64_t now_ms, int64_t expires_ms,
			struct err *err);
/** store_session_prove() - whoever sits at it has just proved who they are. */
int store_session_prove(struct store *store, uint64_t id, int64_t now_ms, struct err *err);
/** store_session_doubt_others() - all of the user's but one have to prove it anew. */
int store_session_doubt_others(struct store *store, uint64_t user_id, uint64_t keep_id,
			       struct err *err);
int store_session_update_customer(struct store *store, uint64_t id, uint64_t customer_id,
				  struct err *err);
/** store_session_list() - the user's own that have not expired, the one used last first. */
int store_session_list(struct store *store, uint64_t user_id, int64_t now_ms,
		       const struct page *page, struct store_sessions *ret, struct err *err);
void store_session_done(struct store_sessions *sessions);
int store_session_delete(struct store *store, uint64_t id, struct err *err);
/** store_session_delete_of_user() - ERR_NOT_FOUND when it is not that user's. */
int store_session_delete_of_user(struct store *store, uint64_t user_id, uint64_t id,
				 struct err *err);
/** store_session_delete_others() - all of the user's but one; @keep_id 0: all. */
int store_session_delete_others(struct store *store, uint64_t user_id, uint64_t keep_id,
				struct err *err);
/** store_session_delete_of_member() - those of the user that act for the customer. */
int store_session_delete_of_member(struct store *store, uint64_t user_id, uint64_t customer_id,
				   struct err *err);
int store_session_delete_expired(struct store *store, int64_t now_ms, struct err *err);

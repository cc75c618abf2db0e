// API tokens in the database: only their hashes.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "model/account.h"
#include "model/page.h"
#include "store/store.h"

struct store_tokens {
	struct token *items;
	size_t count;
	uint64_t total;
};

int store_token_insert(struct store *store, struct token *token, struct err *err);
int store_token_get(struct store *store, uint64_t customer_id, uint64_t id, struct token *ret,
		    struct err *err);
/** store_token_find() - by hash; one that expired before @now_ms is not found. */
int store_token_find(struct store *store, const uint8_t hash[SECRET_HASH_BYTES], int64_t now_ms,
		     struct token *ret, struct err *err);
int store_token_list(struct store *store, uint64_t customer_id, const char *name,
		     const struct page *page, struct store_tokens *ret, struct err *err);
void store_token_done(struct store_tokens *tokens);
/** store_token_touch() - last use. Callers do this rarely (once a minute), not per request. */
int store_token_touch(struct store *store, uint64_t id, int64_t now_ms, struct err *err);
int store_token_delete(struct store *store, uint64_t customer_id, uint64_t id, struct err *err);
/** store_token_delete_of_user() - those that the user made, anywhere. */
int store_token_delete_of_user(struct store *store, uint64_t user_id, struct err *err);
/** store_token_delete_of_member() - those that the user made in the account. */
int store_token_delete_of_member(struct store *store, uint64_t user_id, uint64_t customer_id,
				 struct err *err);

// Mails and webhooks that wait to be sent, in the database.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "model/page.h"
#include "model/post.h"
#include "store/store.h"

struct store_posts {
	struct post *items;
	size_t count;
	uint64_t total;
};

/**
 * store_post_add() - a message is to be sent. In the caller's transaction, so that what somebody is
 * answered for and the message about it are kept or lost together.
 * @post: kind, recipient, subject, body, and secret, customer_id and expires_ms where there are
 * such; created_ms is when it is tried first. Sets the id and the state. Whether mail is set up is
 * for the caller to ask first: see core/post/post.h.
 * Errors: ERR_INVALID_INPUT (post_check()), ERR_LIMIT: POST_WAITING_MAX or POST_RECIPIENT_MAX wait.
 */
int store_post_add(struct store *store, struct post *post, struct err *err);

/** store_post_get() - post_done() frees it. @customer_id 0: anybody's. */
int store_post_get(struct store *store, uint64_t customer_id, uint64_t id, struct post *ret,
		   struct err *err);
/** store_post_list() - the newest first, without bodies and secrets. @state 0: any. */
int store_post_list(struct store *store, uint64_t customer_id, enum post_state state,
		    const struct page *page, struct store_posts *ret, struct err *err);
void store_post_done(struct store_posts *posts);

/** store_post_due() - the one to be tried now: one of @first, when there is one, and by the number
 * of attempts, so that recipients that fail come after those that do not. ERR_NOT_FOUND: none. */
int store_post_due(struct store *store, int64_t now_ms, enum post_kind first, struct post *ret,
		   struct err *err);
/** store_post_next() - when the next one is due; 0: none waits. */
int store_post_next(struct store *store, int64_t *ret_ms, struct err *err);
/** store_post_expire() - those that are of no use any more fail; old ones that are over go. */
int store_post_expire(struct store *store, int64_t now_ms, struct err *err);

/** store_post_try() - an attempt begins: counted before it is made, and the next one set, so that
 * one that ends a process does so a bounded number of times. */
int store_post_try(struct store *store, uint64_t id, uint32_t attempts, int64_t next_ms,
		   int64_t now_ms, struct err *err);
/** store_post_sent() - it was taken; its body is forgotten. */
int store_post_sent(struct store *store, uint64_t id, int64_t now_ms, struct err *err);
/** store_post_failed() - an attempt was not. @state: POST_WAITING for another, or POST_FAILED. */
int store_post_failed(struct store *store, uint64_t id, enum post_state state, const char *why,
		      int64_t now_ms, struct err *err);
/** store_post_retry() - one that failed is tried again, as if it was new. ERR_NOT_FOUND: there is
 * no such one that failed and still has its body. */
int store_post_retry(struct store *store, uint64_t id, int64_t now_ms, struct err *err);
/** store_post_discard() - one that waits or failed is not sent, and its body is forgotten; should
 * it be on its way just now and arrive, it was sent. ERR_NOT_FOUND: no such one, or none with a
 * body. */
int store_post_discard(struct store *store, uint64_t id, int64_t now_ms, struct err *err);

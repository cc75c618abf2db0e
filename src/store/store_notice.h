// Notices of the operators, and who has read which.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "model/notice.h"
#include "model/page.h"
#include "store/store.h"

struct store_notices {
	struct notice *items;
	size_t count;
	uint64_t total;
};

struct store_notice_filter {
	uint64_t user_id;      /* who asks: `read` is about them; 0: nobody in particular */
	bool withdrawn;        /* those that were withdrawn, instead of those that are shown */
	bool scheduled;        /* those that are still to appear, the next one last */
	enum notice_kind kind; /* 0: any */
	int64_t now_ms;
	struct page page;
};

/** store_notice_insert() - sets the id. */
int store_notice_insert(struct store *store, struct notice *notice, struct err *err);
/** store_notice_get() - also one that was withdrawn; notice_done() frees it. */
int store_notice_get(struct store *store, uint64_t user_id, uint64_t id, struct notice *ret,
		     struct err *err);
/** store_notice_list() - the pinned ones first (a maintenance until it is over), then by time, the
 * newest first. A person has read what everybody was told before they came. */
int store_notice_list(struct store *store, const struct store_notice_filter *filter,
		      struct store_notices *ret, struct err *err);
void store_notice_done(struct store_notices *notices);
/** store_notice_update() - all but who has read it. */
int store_notice_update(struct store *store, const struct notice *notice, struct err *err);
/** store_notice_forget_read() - nobody has read it any more. */
int store_notice_forget_read(struct store *store, uint64_t id, struct err *err);

int store_notice_count_unread(struct store *store, uint64_t user_id, int64_t now_ms, uint64_t *ret,
			      struct err *err);
/** store_notice_mark_read() - those from @first to @last that are shown. */
int store_notice_mark_read(struct store *store, uint64_t user_id, uint64_t first, uint64_t last,
			   int64_t now_ms, struct err *err);

struct store_notice_appeared {
	uint64_t id;
	int64_t published_ms;
};
/** store_notice_appeared() - at most @max of those that are shown since after @after_ms, in the
 * order in which they came. */
int store_notice_appeared(struct store *store, int64_t after_ms, int64_t now_ms,
			  struct store_notice_appeared *ret, size_t max, size_t *ret_count,
			  struct err *err);

// Threads between accounts and the operators, in the database.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "model/contact.h"
#include "model/page.h"
#include "store/store.h"

struct store_contact_threads {
	struct contact_thread *items;
	size_t count;
	uint64_t total;
};
struct store_contact_messages {
	struct contact_message *items;
	size_t count;
	uint64_t total;
};

/** store_contact_insert() - a thread without messages; sets the id. */
int store_contact_insert(struct store *store, struct contact_thread *thread, struct err *err);
/** store_contact_get() - contact_thread_done() frees it. */
int store_contact_get(struct store *store, uint64_t customer_id, uint64_t id,
		      struct contact_thread *ret, struct err *err);
/** store_contact_list() - the last that was written in first. @state 0: any. */
int store_contact_list(struct store *store, uint64_t customer_id, enum contact_state state,
		       const struct page *page, struct store_contact_threads *ret, struct err *err);
void store_contact_done(struct store_contact_threads *threads);
int store_contact_update(struct store *store, uint64_t id, enum contact_state state,
			 int64_t updated_ms, struct err *err);

/** store_contact_add() - a message to a thread; sets the id. */
int store_contact_add(struct store *store, struct contact_message *message, struct err *err);
/** store_contact_messages() - of a thread that the caller may see, the oldest first. */
int store_contact_messages(struct store *store, uint64_t thread_id, const struct page *page,
			   struct store_contact_messages *ret, struct err *err);
void store_contact_messages_done(struct store_contact_messages *messages);
/** store_contact_last_author() - the name of whoever of the account wrote last in a thread; "" when
 * nobody did. */
int store_contact_last_author(struct store *store, uint64_t thread_id, char ret[NAME_LABEL_BYTES],
			      struct err *err);
/** store_contact_count_since() - what an account's own people wrote since then. */
int store_contact_count_since(struct store *store, uint64_t customer_id, int64_t since_ms,
			      uint64_t *ret, struct err *err);

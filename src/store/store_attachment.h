// Files of threads in the database: announced, filled piece by piece, then sent with a message.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "model/attachment.h"
#include "store/store.h"

struct store_attachments {
	struct attachment *items;
	size_t count;
};

/** store_attachment_insert() - one that is announced; sets the id. */
int store_attachment_insert(struct store *store, struct attachment *attachment, struct err *err);
/** store_attachment_get() - @customer_id 0: anybody's. */
int store_attachment_get(struct store *store, uint64_t customer_id, uint64_t id,
			 struct attachment *ret, struct err *err);
/** store_attachment_of() - those of a message, in the order they were announced. */
int store_attachment_of(struct store *store, uint64_t message_id, struct store_attachments *ret,
			struct err *err);
void store_attachment_done(struct store_attachments *attachments);
/** store_attachment_add() - the piece after what there is; moves @attachment->received on. */
int store_attachment_add(struct store *store, struct attachment *attachment, const void *data,
			 size_t bytes, struct err *err);
/** store_attachment_piece() - the bytes from @at on, of which a piece begins there, appended to
 * @ret. ERR_NOT_FOUND when none does. */
int store_attachment_piece(struct store *store, uint64_t id, uint64_t at, struct buf *ret,
			   struct err *err);
/** store_attachment_set_whole() - name and kind, now that all is there. */
int store_attachment_set_whole(struct store *store, const struct attachment *attachment,
			       struct err *err);
/** store_attachment_send() - with a message, in the account that the message is in. ERR_NOT_FOUND
 * unless it is whole and waits. */
int store_attachment_send(struct store *store, uint64_t id, uint64_t message_id,
			  uint64_t customer_id, struct err *err);
int store_attachment_delete(struct store *store, uint64_t id, struct err *err);
/** store_attachment_forget() - those that were announced before @before_ms and never sent. */
int store_attachment_forget(struct store *store, int64_t before_ms, struct err *err);
/** store_attachment_used() - bytes that an account's own people wrote or announced. */
int store_attachment_used(struct store *store, uint64_t customer_id, uint64_t *ret,
			  struct err *err);

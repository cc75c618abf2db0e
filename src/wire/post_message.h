// What core asks of ippo-post: one message to be sent, and what came of it.
#pragma once

#include <stdint.h>

#include "base/buf.h"
#include "base/cursor.h"

/* One after another: ippo-post reads the next when the last is answered, and ends when core closes
 * the channel. Answered by one POST_REPLY: i32 0, text "", u8 enum post_outcome, text reason. */
enum post_message_type {
	/* core → post */
	POST_SEND = 0x600, /* struct post_message */
	/* post → core */
	POST_REPLY = 0x680,
};

enum post_outcome {
	POST_DELIVERED = 1,
	POST_LATER = 2, /* what failed may not fail the next time */
	POST_NEVER = 3,
};

#define POST_MESSAGE_TEXT_MAX     ((size_t)128 * 1024) /* of any of its texts */
#define POST_MESSAGE_REASON_BYTES 201

/* kind is enum post_kind of model/post.h. Texts are owned. */
struct post_message {
	uint8_t kind;
	uint64_t id;
	uint64_t created_ms;
	uint32_t attempt; /* 1: the first */
	char *recipient;
	char *subject;
	char *body;
	char *secret;
};

/* The encoder appends to @out (check out->error); the decoder returns 0 or ERR_PROTOCOL. */
void post_message_write(struct buf *out, const struct post_message *message);
int post_message_read(struct reader *in, struct post_message *ret);
void post_message_done(struct post_message *message);

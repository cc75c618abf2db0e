// Core's way to ippo-metrics: has it started when there is something to ask, and lets it end.
#pragma once

#include <uv.h>

#include "base/buf.h"
#include "base/cursor.h"
#include "base/err.h"
#include "wire/metrics_message.h"

struct child;
struct metrics_link;

/* The answer to one call: 0, what ippo-metrics said, or ERR_UNAVAILABLE. */
typedef void metrics_link_reply(void *context, int code, const char *text, struct reader *answer);

int metrics_link_new(uv_loop_t *loop, struct metrics_link **ret, struct err *err);
/** metrics_link_set_child() - where it is asked for. Borrowed. Before, every call is refused. */
void metrics_link_set_child(struct metrics_link *link, struct child *child);
/** metrics_link_connect() - it has been started. @fd is owned. */
void metrics_link_connect(struct metrics_link *link, int fd);

/**
 * metrics_link_call() - ask; calls are answered in the order they came.
 * @fd: a descriptor to pass, or -1; stays the caller's. @reply is called exactly once, not from
 * inside; when this fails, never. Errors: ERR_UNAVAILABLE (too much is asked already), -errno.
 */
int metrics_link_call(struct metrics_link *link, enum metrics_message_type type,
		      const struct buf *body, int fd, metrics_link_reply *reply, void *context,
		      struct err *err);

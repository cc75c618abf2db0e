// Core's way to a program that comes and goes: has it started when there is something to ask, and
// lets it end.
#pragma once

#include <uv.h>

#include "base/buf.h"
#include "base/cursor.h"
#include "base/err.h"
#include "wire/supervision_message.h"

struct child;
struct visitor_link;

/* One of the programs. */
struct visitor_kind {
	const char *program;               /* for the log */
	enum supervision_message_type ask; /* what has ippod start it */
	uint16_t reply;                    /* the type of its answers */
	const char *ended;                 /* what a call is told that it died of */
	const char *silent;
};

/* The answer to one call: 0, what the program said, or ERR_UNAVAILABLE. */
typedef void visitor_link_reply(void *context, int code, const char *text, struct reader *answer);

/** visitor_link_new() - @kind: borrowed. */
int visitor_link_new(uv_loop_t *loop, const struct visitor_kind *kind, struct visitor_link **ret,
		     struct err *err);
/** visitor_link_set_child() - where it is asked for. Borrowed. Before, every call is refused. */
void visitor_link_set_child(struct visitor_link *link, struct child *child);
/** visitor_link_connect() - it has been started. @fd is owned. */
void visitor_link_connect(struct visitor_link *link, int fd);

/**
 * visitor_link_call() - ask; calls are answered in the order they came.
 * @fd: a descriptor to pass, or -1; stays the caller's. @reply is called exactly once, not from
 * inside; when this fails, never. Errors: ERR_UNAVAILABLE (too much is asked already), -errno.
 */
int visitor_link_call(struct visitor_link *link, uint16_t type, const struct buf *body, int fd,
		      visitor_link_reply *reply, void *context, struct err *err);

// The channel to core: which request of which connection waits for which reply.
#pragma once

#include <stdint.h>

#include "base/err.h"
#include "wire/console_message.h"
#include "wire/http_message.h"

struct connection;
struct core_link;
struct web;

int core_link_new(struct web *web, struct core_link **ret, struct err *err);
void core_link_free(struct core_link *link);

/** core_link_connect() - a new channel to core (owned); whatever waited on the old one has failed.
 */
void core_link_connect(struct core_link *link, int fd);

/**
 * core_link_ask() - send a request; the answer comes through request_reply().
 * Errors: ERR_UNAVAILABLE when core is not there, or more than its queue holds waits for it.
 */
int core_link_ask(struct core_link *link, struct connection *connection,
		  const struct http_request *request, uint64_t *ret_id);

/** core_link_frame() - a console's first frame. 0 or negative: core is not there, or too busy. */
int core_link_frame(struct core_link *link, uint64_t id, const void *data, size_t bytes);

/** core_link_ended() - the last word about a console; nothing comes under this id any more. */
void core_link_ended(struct core_link *link, uint64_t id, const struct console_ended *ended);

/** core_link_more() - all that came of an answer so far is with the client. */
void core_link_more(struct core_link *link, uint64_t id);

/** core_link_cancel() - the client has gone: nothing more of this request is wanted. */
void core_link_cancel(struct core_link *link, uint64_t id);

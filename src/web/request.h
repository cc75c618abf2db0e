// A connection's HTTP: requests are parsed and passed to core or answered with the panel's files.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "web/handshake.h"
#include "web/http.h"
#include "wire/http_message.h"

struct connection;

struct request {
	size_t head_bytes;
	size_t body_at; /* how much of `in` behind the head was decoded, for a chunked body */
	uint64_t content_length;
	struct http_chunks chunks;
	struct buf body;  /* a decoded chunked body */
	uint64_t core_id; /* 0: core is not asked */
	bool chunked;
	bool keep_alive;
	bool is_head;
	bool is_http_1_0;
	bool stream;  /* an event stream */
	bool is_owed; /* core waits to hear that the client has what came so far */
	bool reply_chunked;
	bool upgrade; /* to a WebSocket, by a valid opening handshake */
	struct handshake handshake;
};

/** request_process() - work on what has been read, until more is needed or one is under way. */
void request_process(struct connection *connection);

/** request_input_limit() - how much may be read ahead in this state. */
size_t request_input_limit(const struct connection *connection);

/** request_refuse() - the framing cannot be trusted any more: say why, then close. */
void request_refuse(struct connection *connection, unsigned status);

/**
 * request_reply() - core's answer to this connection's request.
 * @more: chunks follow through request_chunk().
 */
void request_reply(struct connection *connection, const struct http_reply *reply, bool more);
void request_chunk(struct connection *connection, const void *data, size_t bytes, bool more);

/** request_core_lost() - there will be no answer. */
void request_core_lost(struct connection *connection);

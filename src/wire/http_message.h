// What web and the local CLI ask core, and what core answers: HTTP's meaning without its framing.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum http_message_type {
	HTTP_REQUEST = 0x100, /* asking side → core */
	HTTP_CANCEL = 0x101,  /* asking side → core: the client has gone; empty body */
	HTTP_MORE = 0x102, /* asking side → core: what came of this reply so far is with the client;
			      empty body */
	HTTP_REPLY = 0x110, /* core → asking side: head and first part of the body; WIRE_MORE if
			       more follows */
	HTTP_CHUNK = 0x111, /* core → asking side: a further part; WIRE_MORE if more follows */
};

#define HTTP_MAX_HEADERS      24
#define HTTP_MAX_TARGET_BYTES 8192
#define HTTP_MAX_HEADER_BYTES 8192
#define HTTP_MAX_BODY_BYTES   ((size_t)192 * 1024)
/* Replies larger than this are cut into chunks by the sender. */
#define HTTP_CHUNK_BYTES ((size_t)192 * 1024)

/* Names are lower case. Web forwards exactly these request headers, each at most once:
 * accept-language authorization content-type cookie host if-none-match last-event-id origin referer
 * user-agent x-ippo-csrf x-ippo-customer idempotency-key accept */
struct http_header {
	const char *name;
	const char *value;
};

/* Web adds how long the connection is open, in ms; never taken from a request. */
#define HTTP_CONNECTION_AGE "connection-age"

/* All pointers are borrowed: from the caller when encoding, from the decoded block when decoding.
 */
struct http_request {
	const char *method;     /* upper case */
	const char *target;     /* as received: path and query, undecoded, starts with '/' */
	const char *peer;       /* textual address of the client, or "local" */
	const char *request_id; /* for logs and X-Correlation-Id */
	struct http_header headers[HTTP_MAX_HEADERS];
	size_t header_count;
	const uint8_t *body;
	size_t body_bytes;
	char *block; /* owns the strings of a decoded request; see http_request_done() */
};

struct http_reply {
	uint16_t status;
	struct http_header
		headers[HTTP_MAX_HEADERS]; /* content-length and connection are web's business */
	size_t header_count;
	const uint8_t *body;
	size_t body_bytes;
	char *block;
};

int http_request_encode(const struct http_request *request, struct buf *out);
/** Decoders: 0, ERR_PROTOCOL or -ENOMEM. Body stays borrowed from the message. */
int http_request_decode(const void *data, size_t bytes, struct http_request *ret);
void http_request_done(struct http_request *request);
int http_reply_encode(const struct http_reply *reply, struct buf *out);
int http_reply_decode(const void *data, size_t bytes, struct http_reply *ret);
void http_reply_done(struct http_reply *reply);
/** The value of a header by lower-case name, or NULL. */
const char *http_request_header(const struct http_request *request, const char *name);
const char *http_reply_header(const struct http_reply *reply, const char *name);

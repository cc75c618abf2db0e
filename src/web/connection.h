// One client: TLS, requests in, replies out.
#pragma once

#include <stdint.h>

#include "wire/http_message.h"

struct web;
struct connection;

/* Limits on what a client may hold or make others wait for. */
#define CONNECTION_MAX          1024
#define CONNECTION_MAX_PER_PEER 256
#define CONNECTION_HANDSHAKE_MS 10000
#define CONNECTION_HEAD_MS      10000
#define CONNECTION_BODY_MS      30000
#define CONNECTION_IDLE_MS      60000
#define CONNECTION_WRITE_MS     30000
/* A client that reads slower than this much behind is cut, so that it cannot make memory grow. */
#define CONNECTION_MAX_OUTPUT_BYTES        ((size_t)16 * 1024 * 1024)
#define CONNECTION_MAX_STREAM_BEHIND_BYTES ((size_t)512 * 1024)

/** connection_accept() - take over a fresh socket. @fd is owned from now on, also on failure. */
void connection_accept(struct web *web, int fd, const char *peer);

/** connection_free_all() - at the end of the process. */
void connection_free_all(struct web *web);

/** connection_check_times() - cut those that are past their deadline; called each second. */
void connection_check_times(struct web *web);

/**
 * connection_reply() - core's answer to this connection's request.
 * @more: chunks follow through connection_chunk().
 */
void connection_reply(struct connection *connection, const struct http_reply *reply, bool more);
void connection_chunk(struct connection *connection, const void *data, size_t bytes, bool more);

/** connection_core_lost() - core ended before it answered: 503, or the end of what had begun. */
void connection_core_lost(struct connection *connection);

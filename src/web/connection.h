// One client: socket, TLS, what is read and what is to be written; what it means is request.h's.
#pragma once

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/buf.h"
#include "web/request.h"

struct console;
struct web;

/* Limits on what a client may hold or make others wait for. */
#define CONNECTION_MAX 4096
/* Open consoles are not counted by these two: core counts them, by user, server and address. */
#define CONNECTION_MAX_REQUESTS 1024
#define CONNECTION_MAX_PER_PEER 256
#define CONNECTION_HANDSHAKE_MS 3500
#define CONNECTION_HEAD_MS      3500
#define CONNECTION_BODY_MS      30000
#define CONNECTION_IDLE_MS      60000
#define CONNECTION_WRITE_MS     30000
/* A client that reads slower than this much behind is cut, so that it cannot make memory grow. */
#define CONNECTION_MAX_OUTPUT_BYTES        ((size_t)16 * 1024 * 1024)
#define CONNECTION_MAX_STREAM_BEHIND_BYTES ((size_t)512 * 1024)
#define CONNECTION_READ_BYTES              16384
#define CONNECTION_PEER_BYTES              64
/* What a console reads ahead in one turn, sixteen records: a turn costs as much as some of them. */
#define CONNECTION_AHEAD_BYTES ((size_t)256 * 1024)

enum connection_state { HANDSHAKE, HEAD, BODY, WAITING, REPLYING, CLOSING, CONSOLE };

/* Shared by the files of a connection alone: connection.c, request.c, console.c. */
struct connection {
	struct web *web;
	struct connection *next, *previous;
	uv_poll_t poll;
	int fd;      /* -1 once dropped */
	int watched; /* what libuv was asked for */
	SSL *tls;
	enum connection_state state;
	char peer[CONNECTION_PEER_BYTES];
	int64_t opened_ms;   /* monotonic */
	int64_t deadline_ms; /* monotonic; 0: none */
	struct buf in;
	struct buf out;
	size_t out_sent;
	bool tls_wants_write;
	bool has_ticket;   /* to resume its session of TLS */
	bool more;         /* another record follows at once: they leave together */
	struct buf unsent; /* records of TLS that the kernel did not take */
	bool reads_ahead;  /* a console's: as much as there is, to be worked off in one turn */
	struct buf unread; /* of TLS, when a turn ended before all was worked off */
	size_t unread_at;
	uint8_t reads_left;      /* from the socket, in this turn */
	int64_t written_ms;      /* when the kernel last took bytes */
	uint64_t sent_bytes;     /* that it took */
	struct request request;  /* the one being worked on */
	struct console *console; /* NULL until core answered 101 */
};

/** connection_accept() - take over a fresh socket. @fd is owned from now on, also on failure. */
void connection_accept(struct web *web, int fd, const char *peer);

/** connection_free_all() - at the end of the process. */
void connection_free_all(struct web *web);

/** connection_end_consoles() - the service stops: every viewer is told. */
void connection_end_consoles(struct web *web);

/** connection_check_times() - cut those that are past their deadline; called each half second. */
void connection_check_times(struct web *web);

/** connection_core_lost() - core ended before it answered: 503, or the end of what had begun. */
void connection_core_lost(struct connection *connection);

/* --- for the files of a connection --- */

/** connection_drop() - end at once; nothing is called any more. Look at `fd` before going on. */
void connection_drop(struct connection *connection);

/** connection_set_deadline() - dropped (or refused) in so many ms; 0: no deadline. */
void connection_set_deadline(struct connection *connection, int64_t in_ms);

/** connection_pending() - bytes that wait to be written. */
size_t connection_pending(const struct connection *connection);

/**
 * connection_read() - bytes from the client.
 * Return: how many, 0 when there are none now, -1 when it has gone (it is not dropped).
 */
ssize_t connection_read(struct connection *connection, uint8_t *data, size_t bytes);

/**
 * connection_keep_unread() - at the end of a turn of a connection that reads ahead: what was read
 * and not asked for stays with it. May drop the connection.
 */
void connection_keep_unread(struct connection *connection);

/** connection_send() - write, and keep what the kernel does not take; may drop the connection. */
void connection_send(struct connection *connection, const void *data, size_t bytes);

/** connection_flush() - write what can be written; in CLOSING the connection ends after that. */
void connection_flush(struct connection *connection);

/** connection_watch() - wait for what is wanted next. */
void connection_watch(struct connection *connection);

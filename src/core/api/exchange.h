// One request from a client and the way its answer goes back, now or later.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/core.h"
#include "wire/http_message.h"

struct client;
struct console;
struct exchange;

/** client_web() - web's channel is (again) there; an older one is dropped. @fd is owned. */
void client_web(struct core *core, int fd);
/** client_listen_local() - serve the local socket. @fd is owned. */
int client_listen_local(struct core *core, int fd, struct err *err);

struct core *exchange_core(const struct exchange *exchange);
/** exchange_is_local() - it came over the local socket; then the kernel's word on who it is. */
bool exchange_is_local(const struct exchange *exchange, uid_t *ret_uid, gid_t *ret_gid);
/** exchange_steal_fd() - the descriptor that came with the request, or -1. Owned by the caller. */
int exchange_steal_fd(struct exchange *exchange);

/**
 * exchange_reply() - answer; large bodies go out in chunks.
 * @more: the answer is a stream; exchange_chunk() follows. Otherwise the exchange ends here.
 */
void exchange_reply(struct exchange *exchange, const struct http_reply *reply, bool more);
void exchange_chunk(struct exchange *exchange, const void *data, size_t bytes, bool more);

/* --- an answer larger than what should wait anywhere --- */

/** exchange_set_pull() - @pull is called whenever the client can take more of a streamed answer,
 * and, with @gone, once when it has gone; then exchange_chunk() has to end it all the same. @pull
 * NULL: no more. */
void exchange_set_pull(struct exchange *exchange, void (*pull)(void *context, bool gone),
		       void *context);
/** exchange_is_behind() - a local client has not read what it got; it says nothing of that. */
bool exchange_is_behind(const struct exchange *exchange);

/* --- after a 101 --- */

/** exchange_set_console() - what its client says from now on is for this console. */
void exchange_set_console(struct exchange *exchange, struct console *console);
/** exchange_send() - one message under its id. @fd is owned, also on failure; -1: none. 0, or
 * negative when the client has gone or reads nothing. */
int exchange_send(struct exchange *exchange, uint16_t type, const void *body, size_t bytes, int fd);
/** exchange_end() - its last word has been said; accepts NULL. */
void exchange_end(struct exchange *exchange);

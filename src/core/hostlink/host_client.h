// Core's end of the channel to ippo-host: asks verbs, matches the answers, tells events.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/buf.h"
#include "base/cursor.h"
#include "base/err.h"
#include "wire/console_message.h"
#include "wire/host_message.h"

struct host_client;

/*
 * The answer to one verb. Called exactly once with @more false, unless the call was cancelled;
 * before that any number of times with @more true (a long answer in parts).
 * @code:   0, what the host said, or what happened to the channel: ERR_UNAVAILABLE when the host
 *          has gone or did not answer in time. Then nobody knows whether the verb took effect.
 * @text:   for people; "" when @code is 0. Borrowed.
 * @answer: the verb's own answer, to be read in the call; empty unless @code is 0.
 */
typedef void host_client_reply(void *context, int code, const char *text, struct reader *answer,
			       bool more);

struct host_client_events {
	/* Facts have come, verbs may be asked. Also after a hypervisor has come back. */
	void (*up)(void *context, const struct host_facts *facts);
	void (*down)(void *context);
	/* Optional. The channel has ended, whoever ended it. */
	void (*lost)(void *context);
	void (*domain)(void *context, const uint8_t uuid[UUID_BYTES], enum host_domain_state state,
		       int64_t time_ms);
	/* One line from a guest, NUL-terminated, hostile. */
	void (*report)(void *context, const uint8_t uuid[UUID_BYTES], const char *line);
	/* Optional. How far the verb @id is. */
	void (*progress)(void *context, uint64_t id, uint8_t percent);
	/* Optional. A console ended on the host's side. */
	void (*console)(void *context, uint64_t console_id, enum host_console_end end);
	/* Optional. The channel was closed or replaced: what the host held open for us is no more.
	 */
	void (*dropped)(void *context);
};

/** host_client_new() - not connected yet. @events is borrowed for the client's life. */
int host_client_new(uv_loop_t *loop, const struct host_client_events *events, void *context,
		    struct host_client **ret, struct err *err);

/** host_client_free() - pending verbs are dropped without a callback; accepts NULL. */
void host_client_free(struct host_client *client);

/** host_client_connect() - use @fd (owned from now on, also on failure) instead of any older one.
 * Verbs pending on the older channel end with ERR_UNAVAILABLE. */
int host_client_connect(struct host_client *client, int fd, struct err *err);

/**
 * host_client_call() - ask one verb.
 * @body:       copied.
 * @flags:      WIRE_MORE when host_client_continue() sends the rest of a long body.
 * @fd:         descriptor to pass, or -1; stays the caller's (a duplicate is sent).
 * @timeout_ms: without an answer or progress for so long the call ends with ERR_UNAVAILABLE.
 * @ret_id:     names the call; never 0.
 * Does not block and never calls @reply itself. Errors: ERR_UNAVAILABLE (not connected or the
 * queue is full), -ENOMEM, -EMSGSIZE.
 */
int host_client_call(struct host_client *client, uint16_t type, const struct buf *body,
		     uint8_t flags, int fd, uint32_t timeout_ms, host_client_reply *reply,
		     void *context, uint64_t *ret_id, struct err *err);

/** host_client_steal_fd() - inside a reply's callback: the descriptor that came with it, or -1.
 * What is not taken is closed. */
int host_client_steal_fd(struct host_client *client);

/** host_client_continue() - a further part of the same verb; the last one without WIRE_MORE. */
int host_client_continue(struct host_client *client, uint64_t id, uint16_t type,
			 const struct buf *body, uint8_t flags, struct err *err);

/** host_client_cancel() - forget a call; its callback is not called any more. */
void host_client_cancel(struct host_client *client, uint64_t id);

/** host_client_refresh() - ask for the facts again; nobody is told when they come. */
void host_client_refresh(struct host_client *client);

/** host_client_facts() - as last told, also while disconnected; NULL before the first time. */
/** host_client_seen_ms() - when it answered last, of the wall's clock; 0: never so far. */
int64_t host_client_seen_ms(const struct host_client *client);
const struct host_facts *host_client_facts(const struct host_client *client);

/** host_client_up() - connected, greeted, and the hypervisor is reachable. */
bool host_client_up(const struct host_client *client);

// A connection that has become a console: its WebSocket, the descriptor to the host, what flows.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "wire/console_message.h"
#include "wire/http_message.h"

struct connection;
struct console;
struct handshake;
struct web;

/* How long things may take, and how much may wait. */
#define CONSOLE_JUDGE_MS      15000 /* core and host decide */
#define CONSOLE_REASON_MS     1500  /* after the host's end: core says why */
#define CONSOLE_CLOSE_MS      1500  /* after our close frame: the client's */
#define CONSOLE_PING_MS       30000
#define CONSOLE_SILENT_MS     90000 /* neither said nor took anything for so long: gone */
#define CONSOLE_MAX_CONTROLS  64    /* control frames between two ticks */
#define CONSOLE_UNSENT_BYTES  65536 /* in the kernel and not on the wire yet */
#define CONSOLE_MAX_VNC_BYTES ((uint64_t)2 * 1024 * 1024) /* one message; it is not kept */

/** console_begin_turns() - once, before the first console; console_end_turns() after the last. */
void console_begin_turns(struct web *web);
void console_end_turns(struct web *web);

/**
 * console_begin() - core answered 101: complete the handshake and wait for the first frame.
 * @core_id: moves to the console, which ends it with CONSOLE_ENDED.
 */
void console_begin(struct connection *connection, uint64_t core_id,
		   const struct handshake *handshake, const struct http_reply *reply);

/** console_ready() - the client's socket can be read. */
void console_ready(struct connection *connection);

/** console_wants_input() - false while the host does not take what the client said, and for a
 * moment after it said much. */
bool console_wants_input(const struct connection *connection);
/** console_wake() - the client has gone: what it still said is read now. */
void console_wake(struct connection *connection);

/** console_is_open() - core let it in, and counts it among the open ones. */
bool console_is_open(const struct connection *connection);

/** console_watch() - wait for what is wanted of the host next; part of connection_watch(). */
void console_watch(struct connection *connection);

/** console_tick() - deadlines, limits of time, signs of life. */
void console_tick(struct connection *connection, int64_t now_ms);

/**
 * console_open() - core let the client in.
 * @fd: owned from now on, also on failure.
 * Return: 0, or ERR_PROTOCOL when core may not say that now.
 */
int console_open(struct connection *connection, const struct console_open *open, int fd);

/** console_close() - the descriptor is closed at once, the client is told why. */
void console_close(struct connection *connection, uint16_t code, const char *reason);

/** console_core_lost() - nothing outlives its judge. */
void console_core_lost(struct connection *connection);

/** console_dropped() - the connection has ended. console_free() follows. */
void console_dropped(struct connection *connection);
void console_free(struct console *console);

// A console's state, and what its two directions need of each other. Included by console*.c alone.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "web/connection.h"
#include "web/console.h"
#include "web/rfb_filter.h"
#include "web/web.h"
#include "web/websocket.h"

#define CONSOLE_RECORD_BYTES 16384 /* of TLS */
#define CONSOLE_MANY_BYTES   2048  /* more than a person types, or a screen says to that */

enum console_state { FIRST_FRAME, JUDGED, OPEN, REASON, ENDED };

struct tap {
	uv_poll_t poll; /* its data is the console; NULL once let go */
};

struct console {
	struct connection *connection;
	struct tap *tap; /* NULL: no descriptor */
	int fd;
	int watched;
	enum console_state state;
	uint64_t core_id; /* 0: core does not wait for CONSOLE_ENDED (any more) */
	uint64_t bytes_to_guest, bytes_from_guest;
	int64_t deadline_ms; /* of the state; 0: none */
	int64_t life_until_ms;
	int64_t input_ms; /* somebody typed */
	int64_t heard_ms; /* the client said anything */
	int64_t pinged_ms;
	uint32_t idle_ms;
	uint8_t kind;
	struct console *next_waiting;
	struct console *next_resting;
	size_t heard_bytes; /* in this turn */
	bool waiting;       /* for its turn */
	bool resting;       /* its client is not read just now */
	bool flooding;      /* its last batch was large */
	bool counted;       /* among web's open consoles */
	bool client_gone;   /* found while reading */
	bool deaf;          /* its framing is broken: what comes is thrown away */
	uint8_t controls;   /* since the last tick */
	struct buf message; /* a message in fragments, or the first frame */
	uint8_t *blocked;   /* what the host did not take yet */
	size_t blocked_bytes, blocked_sent;
	uint8_t *leftover; /* was read, and waits for the host to take what is blocked */
	struct websocket websocket;
	struct rfb_filter filter;
};

/* console.c */
void console_send_frame(struct console *console, uint8_t opcode, const void *payload, size_t bytes);
void console_send_close(struct console *console, uint16_t code, const char *reason);
/** console_end() - the last word to core and the end of all flow. */
void console_end(struct console *console, uint16_t code);
/** console_fail() - says why, and listens for no more than the client's end. */
void console_fail(struct console *console, uint16_t code, const char *reason);
/** console_host_gone() - the host closed the descriptor: core knows why, and is waited for. */
void console_host_gone(struct console *console);

/* console_input.c: client → guest */
/** console_send_blocked() - the host takes again. */
void console_send_blocked(struct console *console);
/** console_end_rest() - its client is read again. */
void console_end_rest(struct console *console);

/* console_output.c: guest → client */
/** console_host_readable() - what the guest says goes on, now or in its turn. */
void console_host_readable(struct console *console);
void console_leave_queue(struct console *console);

// Consoles as core keeps them, and what their parts need of each other. For console*.c of this
// folder alone.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/ip.h"
#include "core/console/console.h"
#include "store/store_console.h"

enum console_state { WAITING, RECORDING, OPENING, OPEN, CLOSING };

struct console {
	struct console *next, *previous;
	struct consoles *consoles;
	struct exchange *exchange; /* NULL: the client has gone or confirmed */
	enum console_state state;
	bool host_asked; /* an OPEN is unanswered */
	bool at_host;    /* the host holds its other end */
	bool has_claim;
	bool admitted; /* it counts against the limits */
	struct ticket claim;
	struct ticket_place place;
	char origin[TICKET_ORIGIN_BYTES];
	struct ip address; /* of the peer, for limits */
	uint64_t from;
	int64_t began_ms;               /* of the state, monotonic */
	struct store_console_line line; /* id 0: not in the history */
};

/* What the history has to be told still. */
struct ending {
	struct ending *next;
	struct store_console_line line;
	struct ticket claim;
};

struct consoles {
	struct core *core;
	struct console *first;
	size_t count, half_open;
	struct ending *endings;
	uv_timer_t *look; /* libuv closes it later than we free */
	uv_timer_t *record;
	uint64_t generation; /* of the store, as last asked about */
	int64_t asked_ms;
};

/* console.c */
/** console_shut() - end it at both ends, host first. The console may be freed. */
void console_shut(struct console *console, enum console_close_code code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/** console_ask_host() - its line is on the disk: the host is asked for a descriptor. */
void console_ask_host(struct console *console);

/* console_limits.c */
/** console_take_address() - @ret: what counts as one client; family 0 when @peer is none. */
void console_take_address(const char *peer, struct ip *ret);
/** console_check_limits() - 0 or ERR_LIMIT: how many the same user, server and address have open.
 */
int console_check_limits(const struct console *console, struct err *err);
/** console_check_handshakes() - 0 or ERR_RATE_LIMIT: how many wait for their first frame. */
int console_check_handshakes(const struct consoles *consoles, const struct ip *address,
			     struct err *err);

/* console_record.c */
/** console_record_soon() - lines that wait are written in the loop's next round, in one commit. */
void console_record_soon(struct consoles *consoles);
/** console_record_waits() - lines or ends are not on the disk yet. */
bool console_record_waits(const struct consoles *consoles);
/** console_record_on_timer() - the timer of console_record_soon(). */
void console_record_on_timer(uv_timer_t *timer);
/** console_record_rest() - the ends that wait, now: the service stops. */
void console_record_rest(struct consoles *consoles);
/** console_record_interrupted() - ends in the history what a crash left open. */
int console_record_interrupted(struct store *store, struct err *err);

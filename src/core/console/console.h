// Live consoles: let in, recorded, opened at the host, asked again about, and cut.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/core.h"
#include "model/ticket.h"
#include "wire/console_message.h"

struct console;
struct consoles;
struct exchange;

#define CONSOLE_HALF_OPEN_MAX  1024  /* handshakes whose first frame has not come */
#define CONSOLE_ENDED_MS       10000 /* so long a client may take to confirm a close */
#define CONSOLE_HOST_MS        10000 /* so long the host may take to open one */
#define CONSOLE_LOOK_MS        250   /* how soon a change of the database is noticed */
#define CONSOLE_ASK_MS         1000  /* rights are asked again at least so often */
#define CONSOLE_HANDSHAKES_MAX 64    /* half-open ones of one address */
#define CONSOLE_FORGET_LINES   1000  /* of the history, at once: a commit must not last long */

/** console_setup() - lines of the history that a crash left open are closed as lost. */
int console_setup(struct core *core, struct consoles **ret, struct err *err);

/** console_forget_old() - a batch of what the history has kept long enough. Asked once a minute. */
void console_forget_old(struct consoles *consoles);

/** console_stop() - the service is stopping: every console ends with CONSOLE_GOING_AWAY. */
void console_stop(struct consoles *consoles);

/** console_teardown() - at once; what the history still lacks is written. Accepts NULL. The loop
 * must run once more for libuv to close the timer. */
void console_teardown(struct consoles *consoles);

/* A handshake that was found in order. Texts are copied. */
struct console_arrival {
	struct ticket_place place;
	const char *peer;
	const struct ticket
		*claim; /* redeemed from a cookie, or made by the kernel's word; or NULL */
	bool admit;     /* the claim is enough: no first frame will come */
	uint64_t from;  /* then: as the frame would say */
};

/**
 * console_begin() - the exchange becomes a console's.
 * The caller has answered 101, and console_admit()s or the client's first frame follows.
 * Errors: ERR_RATE_LIMIT (too many handshakes), -ENOMEM; the exchange is then as before.
 */
int console_begin(struct consoles *consoles, struct exchange *exchange,
		  const struct console_arrival *arrival, struct console **ret, struct err *err);

/** console_admit() - for arrivals with `admit`, once the 101 is on its way. */
void console_admit(struct console *console);

/** What the exchange's client says. console_frame(): 0, or ERR_PROTOCOL when it may not say that.
 */
int console_frame(struct console *console, const void *data, size_t bytes);
/** console_ended() - the client's last word; NULL: it has just gone. Frees the console's exchange.
 */
void console_ended(struct console *console, const struct console_ended *ended);

/** console_server_changed() - ask again at once about the consoles of one server. */
void console_server_changed(struct consoles *consoles, uint64_t server_id);
/** console_host_ended() - the host says that one has ended there. */
void console_host_ended(struct consoles *consoles, uint64_t id, enum host_console_end end);
/** console_host_lost() - the host process has gone, and with it every descriptor. */
void console_host_lost(struct consoles *consoles);

/** console_cut() - end one on somebody's word. ERR_NOT_FOUND when it is not open. */
int console_cut(struct consoles *consoles, uint64_t id, const char *reason, struct err *err);

/** console_count() - how many there are, half open and closing ones too. */
size_t console_count(const struct consoles *consoles);

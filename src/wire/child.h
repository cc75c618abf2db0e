// A child's side of ippod's supervision: who its neighbours are, what it listens on, when to stop.
#pragma once

#include <uv.h>

#include "base/err.h"
#include "wire/supervision_message.h"

struct child;

struct child_events {
	/* A neighbour ("web", "core", "host"; "metrics", "post" and "probe" when asked for) is
	 * there, the first time or again after it was restarted. The handler owns @fd, a connected
	 * SEQPACKET socket, from then on. */
	void (*connect)(void *context, const char *neighbour, int fd);
	/* A listening socket to serve: "https" or "local". The handler owns @fd. May be NULL. */
	void (*listen)(void *context, const char *name, int fd);
	/* Finish what was answered for, then let uv_run() end. Also called when ippod has gone. */
	void (*stop)(void *context);
	/* The answer to child_ask_health(): JSON text, borrowed. May be NULL. */
	void (*health)(void *context, const char *json);
};

/**
 * child_new() - take up the control channel on SUPERVISION_FD.
 * @events and @context are borrowed. PINGs are answered inside. Does not block.
 */
int child_new(uv_loop_t *loop, const struct child_events *events, void *context, struct child **ret,
	      struct err *err);
void child_free(struct child *child);

/** child_ready() - tell ippod that powers are dropped and work begins. */
int child_ready(struct child *child);

/**
 * child_reconnect() - the channel to @neighbour has ended: ask ippod for another, which comes to
 * connect(). When the neighbour has died one comes anyway, as soon as it runs again; this is for
 * two that live and have fallen out, as over a message that was not permitted. Of two neighbours
 * one alone asks: core. Without a supervisor (@child NULL, in tests) nobody is asked.
 */
int child_reconnect(struct child *child, const char *neighbour);

/** child_ask_health() - ask ippod for the state of all children; the answer comes to health(). */
int child_ask_health(struct child *child);

/** child_ask_visitor() - ask ippod to start ippo-metrics (SUPERVISION_METRICS), ippo-post
 * (SUPERVISION_POST) or ippo-probe (SUPERVISION_PROBE); its channel comes to connect(), unless it
 * cannot be started. One alone of each runs: while the last has not ended, the next waits. */
int child_ask_visitor(struct child *child, enum supervision_message_type which);

// Keeps the rows and what really exists on the host the same: networks, states, leftovers, wishes.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/parse.h"

struct engine;
struct reconcile;

/** reconcile_new() - @engine is borrowed and must outlive it. */
int reconcile_new(struct engine *engine, struct reconcile **ret, struct err *err);
void reconcile_free(struct reconcile *reconcile);

/** reconcile_up() - the host is there: give it all networks, then look at what it has. */
void reconcile_up(struct reconcile *reconcile);
void reconcile_down(struct reconcile *reconcile);

/** reconcile_sync() - give the host all networks; actions wait until it has them. */
void reconcile_sync(struct reconcile *reconcile);

/** reconcile_ready() - may verbs be asked? Not before the host knows all networks. */
bool reconcile_ready(const struct reconcile *reconcile);
/** reconcile_why() - what is missing while not ready. Borrowed. */
const char *reconcile_why(const struct reconcile *reconcile);

/** reconcile_touch() - something of this server changed just now: what a sweep under way was told
 * of it before is old. */
void reconcile_touch(struct reconcile *reconcile, const uint8_t uuid[UUID_BYTES]);

/** reconcile_settle() - after a change of a server: what follows from it in time. A seed whose
 * first boot is over goes; one nobody reported on goes after limits.seed_most_ms of running; a
 * guest that went off by itself is not wished on any more after limits.settle_ms (not at once: the
 * machine itself may be on its way down, and then it shall come back). */
void reconcile_settle(struct reconcile *reconcile, uint64_t server_id);

/** reconcile_start() - by itself, as an action of nobody. @details: why, for the history; JSON. */
void reconcile_start(struct engine *engine, const struct server *server, const char *details);

/** reconcile_note_gone() - a server has just been deleted; it is forgotten once a sweep has seen
 * that nothing of it is left. */
void reconcile_note_gone(struct reconcile *reconcile, const uint8_t uuid[UUID_BYTES]);

/** reconcile_strangers() - how many things of none of our servers the last sweep saw. */
size_t reconcile_strangers(const struct reconcile *reconcile);

/** reconcile_sweep() - now, unless one is under way. */
void reconcile_sweep(struct reconcile *reconcile);

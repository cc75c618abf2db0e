// Inside reconciliation: its state, shared by the networks and wishes (reconcile.c) and the sweep.
#pragma once

#include <uv.h>

#include "core/actions/task.h"
#include "core/reconcile.h"
#include "store/store_server.h"

enum walk { WALK_NONE, WALK_ASKED, WALK_ITEMS, WALK_ROWS };

struct uuids {
	uint8_t (*items)[UUID_BYTES];
	size_t count;
	size_t cap;
};

struct ids {
	uint64_t *items;
	size_t count;
	size_t cap;
};

enum watch_kind { WATCH_SEED, WATCH_OFF };

struct watch {
	struct watch *next;
	uint64_t server_id;
	enum watch_kind kind;
	int64_t due_ms; /* monotonic */
};

/* libuv closes timers later than we free; so they live in a block of their own. */
struct reconcile_timers {
	uv_timer_t sweep; /* each limits.sweep_ms */
	uv_timer_t piece; /* the next piece of a sync or a walk */
	uv_timer_t watch;
	uv_timer_t again; /* a failed sync is repeated */
	unsigned open;
};

struct reconcile {
	struct engine *engine;
	struct reconcile_timers *timers;
	bool up;
	bool synced;
	char why[sizeof(((struct err *)NULL)->text)];
	/* sync */
	bool syncing;
	bool sync_again;
	uint64_t sync_id;
	struct store_server_refs sync_refs;
	size_t sync_at;
	/* sweep */
	enum walk walk;
	struct host_item *items;
	size_t item_count;
	size_t item_cap;
	size_t at;
	bool spoilt; /* nothing is concluded from a part */
	struct store_server_refs rows;
	bool *seen;
	size_t strangers_now;
	bool network_missing;
	struct uuids touched;
	struct uuids gone;     /* noted before the sweep under way began */
	struct uuids gone_new; /* noted since */
	struct ids wished;
	/* results */
	size_t strangers;
	bool boot_pending;
	struct watch *watches;
};

/* --- reconcile.c --- */

/** reconcile_go_on() - come back for the next piece after other work. */
void reconcile_go_on(struct reconcile *reconcile);
/** reconcile_foresee() - reconcile_settle() of a server just read; reconcile_arm() is due after. */
void reconcile_foresee(struct reconcile *reconcile, const struct server *server);
void reconcile_arm(struct reconcile *reconcile);
/** reconcile_job() - a verb whose body is the uuid. */
void reconcile_job(struct engine *engine, uint64_t server_id, const uint8_t uuid[UUID_BYTES],
		   uint16_t type, void (*finished)(struct engine *, struct job *, int));

/* --- sweep.c --- */

#define SWEEP_BOOT_ID_KEY "host.boot_id"

void sweep_piece(struct reconcile *reconcile);
void sweep_end(struct reconcile *reconcile);

/*
 * Theory of operation
 *
 * Each time the host comes up it first gets the whole truth about networks (no action runs
 * meanwhile), then is asked for its inventory. The inventory, sorted by server, is walked in small
 * pieces between other work and compared with the rows:
 *
 *	state differs            → the host is right, the row is corrected
 *	volume of another generation, seed of a finished first boot → removed
 *	domain lost, disk there  → defined again
 *	server we deleted or undid (known by its uuid) → what is left of it is removed
 *	server never heard of    → counted and reported, never touched
 *	server with nothing there → unknown, reported
 *
 * An inventory is a moment of the past when it arrives. A server with a running action, or that
 * had an event since the inventory was asked for (`touched`), is left to the next sweep.
 *
 * A boot id other than the remembered one means that the machine was restarted and every guest is
 * off: after the sweep those wished on are started, by ordinary actions, and only then is the new
 * id remembered; a crash in between does the same again.
 */
#include "core/reconcile.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "core/actions/task.h"
#include "store/store_image.h"
#include "store/store_seed.h"
#include "store/store_server.h"
#include "store/store_setting.h"
#include "wire/channel.h"

#define BOOT_ID_KEY          "host.boot_id"
#define SYNC_PART_SERVERS    200
#define SYNC_TIMEOUT_MS      120000
#define SYNC_REPEAT_MS       1000
#define INVENTORY_TIMEOUT_MS 120000
#define INVENTORY_MAX_ITEMS  ((size_t)1 << 20)
#define WALK_PIECE           100

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

static void sync_start(struct reconcile *reconcile);

static bool uuids_add(struct uuids *uuids, const uint8_t uuid[UUID_BYTES])
{
	if (uuids->count == uuids->cap) {
		size_t cap = uuids->cap ? uuids->cap * 2 : 16;
		void *items = reallocarray(uuids->items, cap, UUID_BYTES);

		if (!items)
			return false;
		uuids->items = items;
		uuids->cap = cap;
	}
	memcpy(uuids->items[uuids->count++], uuid, UUID_BYTES);
	return true;
}

static bool uuids_have(const struct uuids *uuids, const uint8_t uuid[UUID_BYTES])
{
	for (size_t i = 0; i < uuids->count; i++)
		if (memcmp(uuids->items[i], uuid, UUID_BYTES) == 0)
			return true;
	return false;
}

static void ids_add(struct ids *ids, uint64_t id)
{
	if (ids->count == ids->cap) {
		size_t cap = ids->cap ? ids->cap * 2 : 64;
		uint64_t *items = reallocarray(ids->items, cap, sizeof(*items));

		if (!items)
			return; /* the next sweep finds it again */
		ids->items = items;
		ids->cap = cap;
	}
	ids->items[ids->count++] = id;
}

/* --- networks --- */

static void on_again(uv_timer_t *timer)
{
	sync_start(timer->data);
}

static void sync_stop(struct reconcile *reconcile)
{
	store_server_refs_done(&reconcile->sync_refs);
	memset(&reconcile->sync_refs, 0, sizeof(reconcile->sync_refs));
	reconcile->syncing = false;
	reconcile->sync_id = 0;
}

static void sync_failed(struct reconcile *reconcile, const char *text)
{
	sync_stop(reconcile);
	(void)snprintf(reconcile->why, sizeof(reconcile->why),
		       "the host could not set up the networks: %.200s", text);
	if (!reconcile->up)
		return;
	log_warning("%s", reconcile->why);
	(void)uv_timer_start(&reconcile->timers->again, on_again, SYNC_REPEAT_MS, 0);
}

static void on_synced(void *context, int code, const char *text, struct reader *answer, bool more)
{
	struct reconcile *reconcile = context;

	(void)answer;
	if (more)
		return;
	if (code) {
		sync_failed(reconcile, text);
		return;
	}
	sync_stop(reconcile);
	if (reconcile->sync_again) {
		sync_start(reconcile);
		return;
	}
	reconcile->synced = true;
	log_info("host: networks in place");
	task_hurry(reconcile->engine);
	reconcile_sweep(reconcile);
}

static void sync_part(struct reconcile *reconcile)
{
	struct engine *engine = reconcile->engine;
	struct buf body CLEANUP(buf_done) = {0};
	struct buf networks CLEANUP(buf_done) = {0};
	struct err err = {0};
	uint32_t count = 0;
	uint8_t flags;
	int r;

	while (reconcile->sync_at < reconcile->sync_refs.count && count < SYNC_PART_SERVERS) {
		struct server server CLEANUP(server_done) = {0};
		uint64_t id = reconcile->sync_refs.items[reconcile->sync_at++].id;

		r = store_server_get(engine->store, 0, id, &server, &err);
		if (r == ERR_NOT_FOUND)
			continue;
		if (r)
			goto failed;
		network_body(&server, &networks);
		count++;
	}
	write_u32(&body, count);
	write_bytes(&body, networks.data, networks.len);
	flags = reconcile->sync_at < reconcile->sync_refs.count ? WIRE_MORE : 0;
	r = networks.error ? err_set(&err, networks.error, "out of memory") : 0;
	if (r == 0 && !reconcile->sync_id)
		r = host_client_call(engine->client, HOST_NETWORK_SYNC, &body, flags, -1,
				     SYNC_TIMEOUT_MS, on_synced, reconcile, &reconcile->sync_id,
				     &err);
	else if (r == 0)
		r = host_client_continue(engine->client, reconcile->sync_id, HOST_NETWORK_SYNC,
					 &body, flags, &err);
	if (r == 0)
		return;
failed:
	if (reconcile->sync_id)
		host_client_cancel(engine->client, reconcile->sync_id);
	sync_failed(reconcile, err.text);
}

static void on_piece(uv_timer_t *timer);

static void go_on(struct reconcile *reconcile)
{
	/* Not 0: libuv 1.44 would run it again before it looks at anything else. */
	(void)uv_timer_start(&reconcile->timers->piece, on_piece, 1, 0);
}

static void sync_start(struct reconcile *reconcile)
{
	struct store_server_filter all = {0};
	struct err err = {0};

	if (!reconcile->up)
		return;
	reconcile->synced = false;
	if (reconcile->syncing) {
		reconcile->sync_again = true;
		return;
	}
	reconcile->sync_again = false;
	(void)snprintf(reconcile->why, sizeof(reconcile->why),
		       "the host is setting up the networks");
	if (store_server_list_refs(reconcile->engine->store, &all, &reconcile->sync_refs, &err)) {
		sync_failed(reconcile, err.text);
		return;
	}
	reconcile->syncing = true;
	reconcile->sync_at = 0;
	reconcile->sync_id = 0;
	go_on(reconcile);
}

/* --- wishes in time --- */

static void on_watch(uv_timer_t *timer);

static void arm_watches(struct reconcile *reconcile)
{
	int64_t first = INT64_MAX;
	int64_t now = clock_mono_ms();

	for (struct watch *watch = reconcile->watches; watch; watch = watch->next)
		if (watch->due_ms < first)
			first = watch->due_ms;
	if (first == INT64_MAX)
		(void)uv_timer_stop(&reconcile->timers->watch);
	else
		(void)uv_timer_start(&reconcile->timers->watch, on_watch,
				     first > now ? (uint64_t)(first - now) : 0, 0);
}

static void unwatch(struct reconcile *reconcile, uint64_t server_id, enum watch_kind kind)
{
	for (struct watch **at = &reconcile->watches; *at; at = &(*at)->next) {
		struct watch *watch = *at;

		if (watch->server_id == server_id && watch->kind == kind) {
			*at = watch->next;
			free(watch);
			return;
		}
	}
}

static void watch(struct reconcile *reconcile, uint64_t server_id, enum watch_kind kind,
		  uint32_t after_ms)
{
	struct watch *watch;

	for (watch = reconcile->watches; watch; watch = watch->next)
		if (watch->server_id == server_id && watch->kind == kind)
			return; /* since then */
	watch = calloc(1, sizeof(*watch));
	if (!watch)
		return; /* the next sweep finds it again */
	watch->server_id = server_id;
	watch->kind = kind;
	watch->due_ms = clock_mono_ms() + after_ms;
	watch->next = reconcile->watches;
	reconcile->watches = watch;
}

static void seed_removed(struct engine *engine, struct job *job, int code)
{
	struct store *store = engine->store;
	struct task *task = task_of(engine, job->server_id);
	struct err err = {0};
	int r;

	/* A rebuild that waits for this job has put its own seed into the row already. */
	if (code || (task && task->command->command == ACTION_REBUILD_SERVER))
		return;
	r = store_begin(store, &err);
	if (r == 0)
		r = store_server_update_seed(store, job->server_id, false, &err);
	if (r == 0)
		r = store_seed_delete(store, job->server_id, &err);
	if (r == 0)
		r = store_commit(store, &err);
	if (r) {
		store_rollback(store);
		if (r != ERR_NOT_FOUND)
			log_error("server %" PRIu64 ": cannot record the end of its seed: %s",
				  job->server_id, err.text);
		return;
	}
	log_info("server %" PRIu64 ": seed destroyed", job->server_id);
	engine_tell_server(engine, job->server_id);
}

static void uuid_job(struct engine *engine, uint64_t server_id, const uint8_t uuid[UUID_BYTES],
		     uint16_t type, void (*finished)(struct engine *, struct job *, int))
{
	struct buf body = {0};

	write_bytes(&body, uuid, UUID_BYTES);
	(void)engine_job(engine, server_id, uuid, type, &body, finished);
}

static void volume_job(struct engine *engine, uint64_t server_id, const struct host_item *item)
{
	struct host_volume volume = {.generation = (uint32_t)item->number};
	struct buf body = {0};

	if (item->number > UINT32_MAX)
		return;
	memcpy(volume.uuid, item->uuid, UUID_BYTES);
	host_volume_write(&body, &volume);
	(void)engine_job(engine, server_id, item->uuid, HOST_VOLUME_DELETE, &body, NULL);
}

static void remove_seed(struct engine *engine, const struct server *server)
{
	if (!engine_has_job(engine, server->id))
		uuid_job(engine, server->id, server->uuid, HOST_SEED_DELETE, seed_removed);
}

/* settle() - does not arm the timer. */
static void settle(struct reconcile *reconcile, const struct server *server)
{
	struct engine *engine = reconcile->engine;
	bool busy = server->locked_action_id != 0;

	if (server->seed && server->first_boot_done && !busy && reconcile_ready(reconcile))
		remove_seed(engine, server);
	if (server->seed && !server->first_boot_done && server->status == SERVER_RUNNING)
		watch(reconcile, server->id, WATCH_SEED, engine->limits.seed_most_ms);
	else
		unwatch(reconcile, server->id, WATCH_SEED);
	if (!busy && server->desired == SERVER_DESIRED_ON && server->status == SERVER_OFF)
		watch(reconcile, server->id, WATCH_OFF, engine->limits.settle_ms);
	else
		unwatch(reconcile, server->id, WATCH_OFF);
}

void reconcile_settle(struct reconcile *reconcile, uint64_t server_id)
{
	struct server server CLEANUP(server_done) = {0};

	if (store_server_get(reconcile->engine->store, 0, server_id, &server, NULL) == 0) {
		settle(reconcile, &server);
	} else {
		unwatch(reconcile, server_id, WATCH_SEED);
		unwatch(reconcile, server_id, WATCH_OFF);
	}
	arm_watches(reconcile);
}

/* watch_due() - true when the watch is finished with. */
static bool watch_due(struct reconcile *reconcile, const struct watch *due)
{
	struct engine *engine = reconcile->engine;
	struct server server CLEANUP(server_done) = {0};
	struct err err = {0};
	int r = store_server_get(engine->store, 0, due->server_id, &server, &err);

	if (r)
		return r == ERR_NOT_FOUND;
	if (!reconcile_ready(reconcile) || reconcile->boot_pending || server.locked_action_id)
		return false;
	if (due->kind == WATCH_SEED) {
		if (server.seed && server.status == SERVER_RUNNING)
			remove_seed(engine, &server);
		return true;
	}
	if (server.desired != SERVER_DESIRED_ON || server.status != SERVER_OFF)
		return true;
	if (store_server_update_desired(engine->store, server.id, SERVER_DESIRED_OFF, &err))
		return false;
	log_info("server %" PRIu64 ": its guest is off and stays so", server.id);
	engine_tell_server(engine, server.id);
	return true;
}

static void on_watch(uv_timer_t *timer)
{
	struct reconcile *reconcile = timer->data;
	int64_t now = clock_mono_ms();
	struct watch **at = &reconcile->watches;

	while (*at) {
		struct watch *due = *at;

		if (due->due_ms > now) {
			at = &due->next;
		} else if (watch_due(reconcile, due)) {
			*at = due->next;
			free(due);
		} else {
			due->due_ms = now + SYNC_REPEAT_MS;
			at = &due->next;
		}
	}
	arm_watches(reconcile);
}

/* --- the sweep --- */

static void walk_end(struct reconcile *reconcile)
{
	free(reconcile->items);
	reconcile->items = NULL;
	reconcile->item_count = 0;
	reconcile->item_cap = 0;
	store_server_refs_done(&reconcile->rows);
	memset(&reconcile->rows, 0, sizeof(reconcile->rows));
	free(reconcile->seen);
	reconcile->seen = NULL;
	reconcile->wished.count = 0;
	reconcile->walk = WALK_NONE;
}

static int by_uuid(const void *a, const void *b)
{
	const struct host_item *x = a;
	const struct host_item *y = b;
	int order = memcmp(x->uuid, y->uuid, UUID_BYTES);

	return order ? order : (x->kind > y->kind) - (x->kind < y->kind);
}

static int by_id(const void *a, const void *b)
{
	const struct store_server_ref *x = a;
	const struct store_server_ref *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

static void mark_seen(struct reconcile *reconcile, uint64_t id)
{
	struct store_server_ref key = {.id = id};
	const struct store_server_ref *found;

	found = bsearch(&key, reconcile->rows.items, reconcile->rows.count, sizeof(key), by_id);
	if (found)
		reconcile->seen[found - reconcile->rows.items] = true;
}

static void remove_leftovers(struct engine *engine, const struct host_item *items, size_t count)
{
	char uuid[UUID_TEXT_BYTES];

	format_uuid(items->uuid, uuid);
	log_warning("removing what is left of the deleted server %s", uuid);
	for (size_t i = 0; i < count; i++) {
		switch ((enum host_item_kind)items[i].kind) {
		case HOST_ITEM_DOMAIN:
			uuid_job(engine, 0, items[i].uuid, HOST_DOMAIN_UNDEFINE, NULL);
			break;
		case HOST_ITEM_VOLUME:
			volume_job(engine, 0, &items[i]);
			break;
		case HOST_ITEM_SEED:
			uuid_job(engine, 0, items[i].uuid, HOST_SEED_DELETE, NULL);
			break;
		case HOST_ITEM_NETWORK:
			uuid_job(engine, 0, items[i].uuid, HOST_NETWORK_CLEAR, NULL);
			break;
		case HOST_ITEM_IMAGE:
			break;
		}
	}
}

static void define_again(struct engine *engine, const struct server *server)
{
	struct buf body = {0};

	if (domain_body(engine, server, &body, NULL)) {
		buf_done(&body);
		return;
	}
	log_warning("server %" PRIu64 ": its domain is lost, its disk is there: defined again",
		    server->id);
	(void)engine_job(engine, server->id, server->uuid, HOST_DOMAIN_DEFINE, &body, NULL);
}

/* fits() - is the row's status what the host says? */
static bool fits(const struct server *server, enum host_domain_state state)
{
	switch (state) {
	case HOST_DOMAIN_RUNNING:
	case HOST_DOMAIN_PAUSED:
		return server->status == SERVER_RUNNING;
	case HOST_DOMAIN_STOPPING:
		return server->status == SERVER_STOPPING;
	case HOST_DOMAIN_OFF:
	case HOST_DOMAIN_CRASHED:
		return server->status == SERVER_OFF;
	case HOST_DOMAIN_ABSENT:
		return server->status == SERVER_UNKNOWN;
	}
	return false;
}

/* compare() - returns true when the row was changed. */
static bool compare(struct reconcile *reconcile, const struct server *server,
		    const struct host_item *items, size_t count)
{
	struct engine *engine = reconcile->engine;
	enum host_domain_state state = HOST_DOMAIN_ABSENT;
	bool domain = false;
	bool disk = false;
	bool network = false;

	for (size_t i = 0; i < count; i++) {
		switch ((enum host_item_kind)items[i].kind) {
		case HOST_ITEM_DOMAIN:
			domain = true;
			state = (enum host_domain_state)items[i].state;
			break;
		case HOST_ITEM_VOLUME:
			if (items[i].number == server->volume_generation)
				disk = true;
			else
				volume_job(engine, server->id, &items[i]);
			break;
		case HOST_ITEM_SEED:
			if (!server->seed)
				uuid_job(engine, server->id, server->uuid, HOST_SEED_DELETE, NULL);
			break;
		case HOST_ITEM_NETWORK:
			network = true;
			break;
		case HOST_ITEM_IMAGE:
			break;
		}
	}
	if (!domain && disk) {
		state = HOST_DOMAIN_OFF;
		define_again(engine, server);
	}
	if (!network && state == HOST_DOMAIN_RUNNING)
		reconcile->network_missing = true;
	if (fits(server, state))
		return false;
	if (state == HOST_DOMAIN_ABSENT)
		log_error("server %" PRIu64 ": neither its domain nor its disk are on the host",
			  server->id);
	engine_power(engine, server, state);
	return true;
}

/* foresee() - what follows in time from the server as it is. */
static void foresee(struct reconcile *reconcile, const struct server *server)
{
	settle(reconcile, server);
	if (!server->locked_action_id && server->desired == SERVER_DESIRED_ON &&
	    server->status == SERVER_OFF)
		ids_add(&reconcile->wished, server->id);
}

static void check_image(struct reconcile *reconcile, const struct host_item *item)
{
	struct image image CLEANUP(image_done) = {0};

	if (store_image_get(reconcile->engine->store, 0, item->number, &image, NULL) ==
	    ERR_NOT_FOUND)
		reconcile->strangers_now++;
}

static void check_group(struct reconcile *reconcile, const struct host_item *items, size_t count)
{
	struct engine *engine = reconcile->engine;
	struct server server CLEANUP(server_done) = {0};
	struct err err = {0};
	struct task *task;
	int r;

	if (items->kind == HOST_ITEM_IMAGE) {
		for (size_t i = 0; i < count; i++)
			check_image(reconcile, &items[i]);
		return;
	}
	r = store_server_get_by_uuid(engine->store, items->uuid, &server, &err);
	if (r == ERR_NOT_FOUND) {
		if (uuids_have(&reconcile->touched, items->uuid))
			return;
		if (engine_is_gone(engine, items->uuid)) {
			remove_leftovers(engine, items, count);
			reconcile_note_gone(reconcile, items->uuid);
		} else {
			reconcile->strangers_now++;
		}
		return;
	}
	if (r) {
		log_error("sweep: %s", err.text);
		return;
	}
	mark_seen(reconcile, server.id);
	if (uuids_have(&reconcile->touched, items->uuid))
		return;
	task = task_of(engine, server.id);
	if (!server.locked_action_id && !task) {
		struct server changed CLEANUP(server_done) = {0};

		if (!compare(reconcile, &server, items, count))
			foresee(reconcile, &server);
		else if (store_server_get(engine->store, 0, server.id, &changed, NULL) == 0)
			foresee(reconcile, &changed);
	} else if (task && task->command->command == ACTION_SHUTDOWN_SERVER) {
		for (size_t i = 0; i < count; i++)
			if (items[i].kind == HOST_ITEM_DOMAIN)
				engine_power(engine, &server,
					     (enum host_domain_state)items[i].state);
	}
}

static void check_row(struct reconcile *reconcile, uint64_t id)
{
	struct engine *engine = reconcile->engine;
	struct server server CLEANUP(server_done) = {0};

	if (store_server_get(engine->store, 0, id, &server, NULL) || server.locked_action_id ||
	    server.status == SERVER_UNKNOWN || uuids_have(&reconcile->touched, server.uuid))
		return;
	log_error("server %" PRIu64 ": nothing of it is on the host", id);
	engine_power(engine, &server, HOST_DOMAIN_ABSENT);
}

static void start_wished(struct reconcile *reconcile)
{
	struct engine *engine = reconcile->engine;
	struct store *store = engine->store;
	const struct host_facts *facts = host_client_facts(engine->client);
	struct err err = {0};

	for (size_t i = 0; i < reconcile->wished.count; i++) {
		struct server server CLEANUP(server_done) = {0};
		struct action action CLEANUP(action_done) = {0};
		struct action_request request = {.command = ACTION_START_SERVER,
						 .server_id = reconcile->wished.items[i]};
		int r = store_server_get(store, 0, request.server_id, &server, &err);

		if (r)
			continue;
		request.customer_id = server.customer_id;
		r = store_begin(store, &err);
		if (r == 0)
			r = engine_submit(engine, &request, &action, &err);
		if (r == 0)
			r = store_commit(store, &err);
		store_rollback(store);
		if (r)
			log_error("server %" PRIu64 " cannot be started again: %s",
				  request.server_id, err.text);
	}
	if (reconcile->wished.count)
		log_info("the machine was restarted: %zu servers are started again",
			 reconcile->wished.count);
	engine_kick(engine);
	if (facts && store_setting_set(store, BOOT_ID_KEY, facts->boot_id, &err))
		log_error("cannot remember the machine's boot id: %s", err.text);
	else
		reconcile->boot_pending = false;
}

/* forget_gone() - deleted servers of which the host has nothing any more. */
static void forget_gone(struct reconcile *reconcile)
{
	for (size_t i = 0; i < reconcile->gone.count; i++) {
		struct host_item key = {0};

		memcpy(key.uuid, reconcile->gone.items[i], UUID_BYTES);
		for (size_t j = 0; j < reconcile->item_count && !key.kind; j++)
			if (memcmp(reconcile->items[j].uuid, key.uuid, UUID_BYTES) == 0)
				key.kind = reconcile->items[j].kind;
		if (!key.kind)
			(void)engine_set_gone(reconcile->engine, key.uuid, false, NULL);
	}
	reconcile->gone.count = 0;
}

static void walk_done(struct reconcile *reconcile)
{
	bool network_missing = reconcile->network_missing;

	if (reconcile->strangers_now != reconcile->strangers && reconcile->strangers_now)
		log_warning("%zu things on the host belong to no server of ours; they are left "
			    "alone",
			    reconcile->strangers_now);
	reconcile->strangers = reconcile->strangers_now;
	forget_gone(reconcile);
	if (reconcile->boot_pending)
		start_wished(reconcile);
	arm_watches(reconcile);
	walk_end(reconcile);
	if (network_missing)
		sync_start(reconcile);
}

static void walk_piece(struct reconcile *reconcile)
{
	unsigned left = WALK_PIECE;

	if (reconcile->spoilt) {
		walk_end(reconcile);
		return;
	}
	while (reconcile->walk == WALK_ITEMS && left--) {
		const struct host_item *first = &reconcile->items[reconcile->at];
		size_t count = 1;

		if (reconcile->at == reconcile->item_count) {
			reconcile->walk = WALK_ROWS;
			reconcile->at = 0;
			break;
		}
		while (reconcile->at + count < reconcile->item_count &&
		       memcmp(first[count].uuid, first->uuid, UUID_BYTES) == 0)
			count++;
		check_group(reconcile, first, count);
		reconcile->at += count;
	}
	while (reconcile->walk == WALK_ROWS && left--) {
		if (reconcile->at == reconcile->rows.count) {
			walk_done(reconcile);
			return;
		}
		if (!reconcile->seen[reconcile->at])
			check_row(reconcile, reconcile->rows.items[reconcile->at].id);
		reconcile->at++;
	}
	go_on(reconcile);
}

static void on_piece(uv_timer_t *timer)
{
	struct reconcile *reconcile = timer->data;

	if (reconcile->syncing &&
	    (!reconcile->sync_id || reconcile->sync_at < reconcile->sync_refs.count)) {
		sync_part(reconcile);
		if (reconcile->syncing && reconcile->sync_at < reconcile->sync_refs.count)
			go_on(reconcile);
	}
	if (reconcile->walk == WALK_ITEMS || reconcile->walk == WALK_ROWS)
		walk_piece(reconcile);
}

static bool keep_items(struct reconcile *reconcile, struct reader *answer)
{
	while (!answer->error && answer->at < answer->end) {
		struct host_item item;

		if (host_item_read(answer, &item) || reconcile->item_count == INVENTORY_MAX_ITEMS)
			return false;
		if (reconcile->item_count == reconcile->item_cap) {
			size_t cap = reconcile->item_cap ? reconcile->item_cap * 2 : 256;
			void *items = reallocarray(reconcile->items, cap, sizeof(item));

			if (!items)
				return false;
			reconcile->items = items;
			reconcile->item_cap = cap;
		}
		reconcile->items[reconcile->item_count++] = item;
	}
	return !answer->error;
}

static void on_inventory(void *context, int code, const char *text, struct reader *answer,
			 bool more)
{
	struct reconcile *reconcile = context;
	struct store_server_filter all = {0};
	struct err err = {0};

	if (code) {
		log_warning("sweep: %s", text);
		walk_end(reconcile);
		return;
	}
	if (!keep_items(reconcile, answer))
		reconcile->spoilt = true;
	if (more)
		return;
	if (reconcile->spoilt ||
	    store_server_list_refs(reconcile->engine->store, &all, &reconcile->rows, &err)) {
		log_warning("sweep: the inventory cannot be used%s%s", err.text[0] ? ": " : "",
			    err.text);
		walk_end(reconcile);
		return;
	}
	reconcile->seen = calloc(reconcile->rows.count + 1, sizeof(*reconcile->seen));
	if (!reconcile->seen) {
		walk_end(reconcile);
		return;
	}
	if (reconcile->item_count)
		qsort(reconcile->items, reconcile->item_count, sizeof(*reconcile->items), by_uuid);
	if (reconcile->rows.count)
		qsort(reconcile->rows.items, reconcile->rows.count, sizeof(*reconcile->rows.items),
		      by_id);
	reconcile->walk = WALK_ITEMS;
	reconcile->at = 0;
	reconcile->strangers_now = 0;
	reconcile->network_missing = false;
	go_on(reconcile);
}

void reconcile_sweep(struct reconcile *reconcile)
{
	struct engine *engine = reconcile->engine;
	struct buf empty = {0};
	struct uuids old = reconcile->gone;
	uint64_t id;

	if (!reconcile_ready(reconcile) || reconcile->walk != WALK_NONE)
		return;
	reconcile->touched.count = 0;
	reconcile->spoilt = false;
	reconcile->gone = reconcile->gone_new;
	reconcile->gone_new = old;
	reconcile->gone_new.count = 0;
	if (host_client_call(engine->client, HOST_INVENTORY, &empty, 0, -1, INVENTORY_TIMEOUT_MS,
			     on_inventory, reconcile, &id, NULL) == 0)
		reconcile->walk = WALK_ASKED;
}

static void on_sweep(uv_timer_t *timer)
{
	struct reconcile *reconcile = timer->data;

	host_client_refresh(reconcile->engine->client); /* its free space changes */
	reconcile_sweep(reconcile);
}

/* --- life --- */

void reconcile_touch(struct reconcile *reconcile, const uint8_t uuid[UUID_BYTES])
{
	if (reconcile->walk == WALK_NONE || uuids_have(&reconcile->touched, uuid))
		return;
	if (!uuids_add(&reconcile->touched, uuid))
		reconcile->spoilt = true;
}

void reconcile_note_gone(struct reconcile *reconcile, const uint8_t uuid[UUID_BYTES])
{
	if (!uuids_have(&reconcile->gone_new, uuid))
		(void)uuids_add(&reconcile->gone_new, uuid);
}

void reconcile_up(struct reconcile *reconcile)
{
	struct engine *engine = reconcile->engine;
	const struct host_facts *facts = host_client_facts(engine->client);
	char *known AUTO_FREE = NULL;

	reconcile->up = true;
	if (store_setting_get(engine->store, BOOT_ID_KEY, &known, NULL) ||
	    strcmp(known, facts->boot_id) != 0)
		reconcile->boot_pending = true;
	(void)uv_timer_stop(&reconcile->timers->again);
	sync_start(reconcile);
}

void reconcile_down(struct reconcile *reconcile)
{
	reconcile->up = false;
	reconcile->synced = false;
	(void)snprintf(reconcile->why, sizeof(reconcile->why),
		       "the host or its hypervisor is not reachable");
}

bool reconcile_ready(const struct reconcile *reconcile)
{
	return reconcile->up && reconcile->synced;
}

const char *reconcile_why(const struct reconcile *reconcile)
{
	return reconcile->why;
}

size_t reconcile_strangers(const struct reconcile *reconcile)
{
	return reconcile->strangers;
}

int reconcile_new(struct engine *engine, struct reconcile **ret, struct err *err)
{
	struct reconcile *reconcile = calloc(1, sizeof(*reconcile));
	uv_timer_t *timers[4];

	if (!reconcile)
		return err_set(err, -ENOMEM, "out of memory");
	reconcile->timers = calloc(1, sizeof(*reconcile->timers));
	if (!reconcile->timers) {
		free(reconcile);
		return err_set(err, -ENOMEM, "out of memory");
	}
	reconcile->engine = engine;
	timers[0] = &reconcile->timers->sweep;
	timers[1] = &reconcile->timers->piece;
	timers[2] = &reconcile->timers->watch;
	timers[3] = &reconcile->timers->again;
	for (size_t i = 0; i < ARRAY_SIZE(timers); i++) {
		(void)uv_timer_init(engine->loop, timers[i]);
		timers[i]->data = reconcile;
	}
	reconcile->timers->open = ARRAY_SIZE(timers);
	(void)uv_timer_start(&reconcile->timers->sweep, on_sweep, engine->limits.sweep_ms,
			     engine->limits.sweep_ms);
	reconcile_down(reconcile);
	*ret = reconcile;
	return 0;
}

static void timer_closed(uv_handle_t *handle)
{
	struct reconcile_timers *timers = handle->data;

	if (--timers->open == 0)
		free(timers);
}

void reconcile_free(struct reconcile *reconcile)
{
	uv_timer_t *timers[4];

	if (!reconcile)
		return;
	walk_end(reconcile);
	sync_stop(reconcile);
	timers[0] = &reconcile->timers->sweep;
	timers[1] = &reconcile->timers->piece;
	timers[2] = &reconcile->timers->watch;
	timers[3] = &reconcile->timers->again;
	for (size_t i = 0; i < ARRAY_SIZE(timers); i++) {
		timers[i]->data = reconcile->timers;
		uv_close((uv_handle_t *)timers[i], timer_closed);
	}
	while (reconcile->watches) {
		struct watch *next = reconcile->watches->next;

		free(reconcile->watches);
		reconcile->watches = next;
	}
	free(reconcile->touched.items);
	free(reconcile->gone.items);
	free(reconcile->gone_new.items);
	free(reconcile->wished.items);
	free(reconcile);
}

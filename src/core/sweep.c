/*
 * Theory of operation
 *
 * The host is asked for its inventory. Sorted by server, it is walked in small pieces between other
 * work and compared with the rows:
 *
 *	state differs            → the host is right, the row is corrected
 *	volume of another generation that is not put aside, seed of a finished first boot → removed
 *	disk put aside whose time is over → an action deletes it
 *	backup whose time has come → an action makes it
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
#include "core/sweep.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "core/actions/images.h"
#include "store/store_history.h"
#include "store/store_image.h"
#include "store/store_kept_disk.h"
#include "store/store_setting.h"

#define INVENTORY_TIMEOUT_MS 120000
#define INVENTORY_MAX_ITEMS  ((size_t)1 << 20)
#define WALK_PIECE           100

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

void sweep_end(struct reconcile *reconcile)
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
			reconcile_job(engine, 0, items[i].uuid, HOST_DOMAIN_UNDEFINE, NULL);
			break;
		case HOST_ITEM_VOLUME:
			volume_job(engine, 0, &items[i]);
			break;
		case HOST_ITEM_SEED:
			reconcile_job(engine, 0, items[i].uuid, HOST_SEED_DELETE, NULL);
			break;
		case HOST_ITEM_NETWORK:
			reconcile_job(engine, 0, items[i].uuid, HOST_NETWORK_CLEAR, NULL);
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

/* Unknown is as good as kept: it is looked at again in a minute. */
static bool is_kept(struct engine *engine, const struct server *server, uint64_t generation)
{
	struct store_kept_disk disk CLEANUP(store_kept_disk_done) = {0};
	const int r = store_kept_disk_get(engine->store, server->id, &disk, NULL);

	return r == 0 ? disk.generation == generation : r != ERR_NOT_FOUND;
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
			else if (!is_kept(engine, server, items[i].number))
				volume_job(engine, server->id, &items[i]);
			break;
		case HOST_ITEM_SEED:
			if (!server->seed)
				reconcile_job(engine, server->id, server->uuid, HOST_SEED_DELETE,
					      NULL);
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
	/* A guest that ends by itself is told of; this one lost its power unseen. */
	if (state == HOST_DOMAIN_OFF && server->status == SERVER_RUNNING)
		state = HOST_DOMAIN_CRASHED;
	if (state == HOST_DOMAIN_ABSENT)
		log_error("server %" PRIu64 ": neither its domain nor its disk are on the host",
			  server->id);
	engine_power(engine, server, state);
	return true;
}

/* foresee() - what follows in time from the server as it is. */
static void foresee(struct reconcile *reconcile, const struct server *server)
{
	reconcile_foresee(reconcile, server);
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

/* For the history: nobody asked for it. */
static void note_start(struct store *store, const struct server *server, const char *details)
{
	struct history_line line = {.customer_id = server->customer_id,
				    .actor = HISTORY_SYSTEM,
				    .what = "server.poweron",
				    .result = HISTORY_SUCCESS,
				    .resource_type = "server",
				    .resource_id = server->id};

	(void)snprintf(line.resource_name, sizeof(line.resource_name), "%s", server->name);
	(void)snprintf(line.details, sizeof(line.details), "%s", details);
	store_history_note(store, &line);
}

void reconcile_start(struct engine *engine, const struct server *server, const char *details)
{
	struct store *store = engine->store;
	struct action action CLEANUP(action_done) = {0};
	struct action_request request = {.command = ACTION_START_SERVER,
					 .server_id = server->id,
					 .customer_id = server->customer_id};
	struct err err = {0};
	int r;

	note_start(store, server, details);
	r = store_begin(store, &err);
	if (r == 0)
		r = engine_submit(engine, &request, &action, &err);
	if (r == 0)
		r = store_commit(store, &err);
	store_rollback(store);
	(void)store_history_take(store, NULL);
	if (r)
		log_error("server %" PRIu64 " cannot be started again: %s", server->id, err.text);
	engine_kick(engine);
}

static void start_wished(struct reconcile *reconcile)
{
	struct engine *engine = reconcile->engine;
	struct store *store = engine->store;
	const struct host_facts *facts = host_client_facts(engine->client);
	struct err err = {0};

	for (size_t i = 0; i < reconcile->wished.count; i++) {
		struct server server CLEANUP(server_done) = {0};

		if (store_server_get(store, 0, reconcile->wished.items[i], &server, &err) == 0)
			reconcile_start(engine, &server,
					"{\"reason\":\"the machine was restarted\"}");
	}
	if (reconcile->wished.count)
		log_info("the machine was restarted: %zu servers are started again",
			 reconcile->wished.count);
	engine_kick(engine);
	if (facts && store_setting_set(store, SWEEP_BOOT_ID_KEY, facts->boot_id, &err))
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
	kept_disk_expire(reconcile->engine);
	backups_begin(reconcile->engine);
	if (reconcile->boot_pending)
		start_wished(reconcile);
	reconcile_arm(reconcile);
	sweep_end(reconcile);
	if (network_missing)
		reconcile_sync(reconcile);
}

void sweep_piece(struct reconcile *reconcile)
{
	unsigned left = WALK_PIECE;

	if (reconcile->spoilt) {
		sweep_end(reconcile);
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
	reconcile_go_on(reconcile);
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
		sweep_end(reconcile);
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
		sweep_end(reconcile);
		return;
	}
	reconcile->seen = calloc(reconcile->rows.count + 1, sizeof(*reconcile->seen));
	if (!reconcile->seen) {
		sweep_end(reconcile);
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
	reconcile_go_on(reconcile);
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

/*
 * Theory of operation
 *
 * Each time the host comes up it first gets the whole truth about networks, in parts with other
 * work between them; no action runs meanwhile. Then it is swept (sweep.c), and again each minute.
 *
 * What follows from a change only after a while is a watch with a due time: kept in memory alone,
 * as the next sweep finds the same reasons again.
 */
#include "core/sweep.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "store/store_seed.h"
#include "store/store_setting.h"
#include "wire/channel.h"

#define SYNC_PART_SERVERS 200
#define SYNC_PART_BYTES   ((size_t)128 * 1024) /* and one more server fits a message */
#define SYNC_TIMEOUT_MS   120000
#define SYNC_REPEAT_MS    1000

/* --- networks --- */

static void on_again(uv_timer_t *timer)
{
	reconcile_sync(timer->data);
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
		reconcile_sync(reconcile);
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

	while (reconcile->sync_at < reconcile->sync_refs.count && count < SYNC_PART_SERVERS &&
	       networks.len < SYNC_PART_BYTES) {
		struct server server CLEANUP(server_done) = {0};
		uint64_t id = reconcile->sync_refs.items[reconcile->sync_at++].id;

		r = store_server_get(engine->store, 0, id, &server, &err);
		if (r == ERR_NOT_FOUND)
			continue;
		if (r)
			goto failed;
		r = network_body(engine->store, &server, &networks, &err);
		if (r)
			goto failed;
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

void reconcile_go_on(struct reconcile *reconcile)
{
	/* Not 0: libuv 1.44 would run it again before it looks at anything else. */
	(void)uv_timer_start(&reconcile->timers->piece, on_piece, 1, 0);
}

void reconcile_sync(struct reconcile *reconcile)
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
	reconcile_go_on(reconcile);
}

/* --- wishes in time --- */

static void on_watch(uv_timer_t *timer);

void reconcile_arm(struct reconcile *reconcile)
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
	if (code || (task && (task->command->command == ACTION_REBUILD_SERVER ||
			      task->command->command == ACTION_RESTORE_KEPT_DISK)))
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

void reconcile_job(struct engine *engine, uint64_t server_id, const uint8_t uuid[UUID_BYTES],
		   uint16_t type, void (*finished)(struct engine *, struct job *, int))
{
	struct buf body = {0};

	write_bytes(&body, uuid, UUID_BYTES);
	(void)engine_job(engine, server_id, uuid, type, &body, finished);
}

static void remove_seed(struct engine *engine, const struct server *server)
{
	if (!engine_has_job(engine, server->id))
		reconcile_job(engine, server->id, server->uuid, HOST_SEED_DELETE, seed_removed);
}

/* reconcile_foresee() - does not arm the timer. */
void reconcile_foresee(struct reconcile *reconcile, const struct server *server)
{
	struct engine *engine = reconcile->engine;
	bool busy = server->locked_action_id != 0;

	if (server->seed && server->first_boot_done && !busy && reconcile_ready(reconcile))
		remove_seed(engine, server);
	if (server->seed && !server->first_boot_done && server->status == SERVER_RUNNING &&
	    !server->rescue_running)
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
		reconcile_foresee(reconcile, &server);
	} else {
		unwatch(reconcile, server_id, WATCH_SEED);
		unwatch(reconcile, server_id, WATCH_OFF);
	}
	reconcile_arm(reconcile);
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
		if (server.seed && server.status == SERVER_RUNNING && !server.rescue_running)
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
	reconcile_arm(reconcile);
}

/* --- timers --- */

static void on_piece(uv_timer_t *timer)
{
	struct reconcile *reconcile = timer->data;

	if (reconcile->syncing &&
	    (!reconcile->sync_id || reconcile->sync_at < reconcile->sync_refs.count)) {
		sync_part(reconcile);
		if (reconcile->syncing && reconcile->sync_at < reconcile->sync_refs.count)
			reconcile_go_on(reconcile);
	}
	if (reconcile->walk == WALK_ITEMS || reconcile->walk == WALK_ROWS)
		sweep_piece(reconcile);
}

static void on_sweep(uv_timer_t *timer)
{
	struct reconcile *reconcile = timer->data;

	host_client_refresh(reconcile->engine->client); /* its free space changes */
	reconcile_sweep(reconcile);
}

/* --- life --- */

void reconcile_up(struct reconcile *reconcile)
{
	struct engine *engine = reconcile->engine;
	const struct host_facts *facts = host_client_facts(engine->client);
	char *known AUTO_FREE = NULL;

	reconcile->up = true;
	if (store_setting_get(engine->store, SWEEP_BOOT_ID_KEY, &known, NULL) ||
	    strcmp(known, facts->boot_id) != 0)
		reconcile->boot_pending = true;
	(void)uv_timer_stop(&reconcile->timers->again);
	reconcile_sync(reconcile);
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
	sweep_end(reconcile);
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

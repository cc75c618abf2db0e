/*
 * Theory of operation. Whatever changes what a server's filter shall be raises its wanted version,
 * in the same transaction (store_firewall.h). Here the servers whose applied version is behind are
 * asked for, a few at a time, and the host is told; what it answers is recorded. Nothing but the
 * rows is remembered: after a crash of any process the same servers are behind, and a host that has
 * forgotten everything gets all filters with its networks (reconcile.c).
 *
 * A change on trial is in force like any other; the row beside it says what was before, and when
 * that comes back. A trial that fell due while this process was away goes back as it comes up.
 */
#include "core/filters.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "core/actions/engine.h"
#include "core/events.h"
#include "core/filter_policy.h"
#include "core/hostlink/host_client.h"
#include "model/history_line.h"
#include "store/store_history.h"
#include "store/store_server.h"

#define TURN_MS         250
#define AGAIN_MS        1000
#define HOST_MS         60000
#define AT_ONCE         4
#define PENDING_AT_ONCE 512

struct push {
	struct filters *filters;
	uint64_t server_id; /* 0: free */
};

struct filters {
	struct core *core;
	uv_timer_t timer;
	struct push pushes[AT_ONCE];
	uint64_t seen; /* the store's generation when nothing was to be done */
	bool is_idle;
	int64_t not_before_ms; /* after a failure; monotonic */
};

static void turn(struct filters *filters);

static void on_answer(void *context, int code, const char *text, struct reader *answer, bool more)
{
	struct push *push = context;
	struct filters *filters = push->filters;
	const uint64_t server_id = push->server_id;
	struct err err = {0};

	if (more)
		return;
	push->server_id = 0;
	filters->is_idle = false;
	if (code == 0) {
		const uint64_t version = reader_u64(answer);
		if (reader_done(answer) < 0)
			code = err_set(&err, ERR_PROTOCOL, "malformed answer");
		else
			code = store_filter_set_applied(filters->core->store, server_id, version,
							&err);
		text = err.text;
	}
	if (code == 0) {
		events_server_changed(filters->core->events, server_id);
		turn(filters);
		return;
	}
	/* One that has no network so far gets its filter with it. */
	if (code != ERR_NOT_FOUND && code != ERR_UNAVAILABLE)
		log_warning("server %" PRIu64 ": its packet filter is tried again: %s", server_id,
			    text);
	filters->not_before_ms = clock_mono_ms() + AGAIN_MS;
}

static struct push *push_of(struct filters *filters, uint64_t server_id)
{
	for (size_t i = 0; i < AT_ONCE; i++)
		if (filters->pushes[i].server_id == server_id)
			return &filters->pushes[i];
	return NULL;
}

static void send_filter(struct filters *filters, struct push *push, uint64_t server_id)
{
	struct server server CLEANUP(server_done) = {0};
	struct buf body CLEANUP(buf_done) = {0};
	struct store *store = filters->core->store;
	struct err err = {0};
	uint64_t id;
	int code = store_server_get(store, 0, server_id, &server, &err);

	if (code == 0)
		code = filter_policy_body(store, &server, &body, &err);
	if (code == 0)
		code = host_client_call(engine_host(filters->core->engine), HOST_FILTER_SET, &body,
					0, -1, HOST_MS, on_answer, push, &id, &err);
	if (code == 0) {
		push->server_id = server_id;
		return;
	}
	if (code != ERR_UNAVAILABLE)
		log_warning("server %" PRIu64 ": no packet filter: %s", server_id, err.text);
	filters->not_before_ms = clock_mono_ms() + AGAIN_MS;
}

static void push_pending(struct filters *filters)
{
	uint64_t pending[PENDING_AT_ONCE];
	const uint64_t generation = store_generation(filters->core->store);
	size_t count = 0;
	struct err err = {0};

	if (store_filter_pending(filters->core->store, pending, PENDING_AT_ONCE, &count, &err) <
	    0) {
		log_error("%s", err.text);
		return;
	}
	filters->is_idle = count == 0;
	filters->seen = generation;
	for (size_t i = 0; i < count; i++) {
		struct push *push = push_of(filters, 0);
		if (push == NULL || clock_mono_ms() < filters->not_before_ms)
			return;
		if (push_of(filters, pending[i]) == NULL)
			send_filter(filters, push, pending[i]);
	}
}

int filters_revert(struct core *core, uint64_t firewall_id, struct err *err)
{
	struct store_trial trial CLEANUP(store_trial_done) = {0};
	int code = store_trial_get(core->store, firewall_id, &trial, err);

	if (code == 0)
		code = store_firewall_set_rules(core->store, firewall_id, &trial.rules, err);
	if (code == 0)
		code = store_firewall_set_scope(core->store, firewall_id, &trial.scope, err);
	return code < 0 ? code : store_trial_delete(core->store, firewall_id, err);
}

int filters_end_trial(struct core *core, uint64_t firewall_id, const char *what,
		      const char *details,
		      int (*end)(struct core *core, uint64_t firewall_id, struct err *err),
		      struct err *err)
{
	struct firewall firewall CLEANUP(firewall_done) = {0};
	struct history_line line = {.actor = HISTORY_SYSTEM,
				    .result = HISTORY_SUCCESS,
				    .resource_type = "firewall",
				    .resource_id = firewall_id};
	int code = store_firewall_get(core->store, 0, firewall_id, &firewall, err);

	if (code < 0)
		return code;
	line.customer_id = firewall.customer_id;
	(void)snprintf(line.what, sizeof line.what, "%s", what);
	(void)snprintf(line.details, sizeof line.details, "%s", details);
	(void)snprintf(line.resource_name, sizeof line.resource_name, "%s", firewall.name);
	store_history_note(core->store, &line);
	code = store_begin(core->store, err);
	if (code == 0)
		code = end(core, firewall_id, err);
	if (code == 0)
		code = store_commit(core->store, err);
	store_rollback(core->store);
	(void)store_history_take(core->store, NULL);
	return code;
}

static void expire_due(struct filters *filters)
{
	uint64_t firewall_id = 0;
	int64_t deadline_ms = 0;
	struct err err = {0};

	while (store_trial_next(filters->core->store, &firewall_id, &deadline_ms, NULL) == 0 &&
	       deadline_ms <= clock_now_ms()) {
		if (filters_end_trial(filters->core, firewall_id, "firewall.expire", "",
				      filters_revert, &err) < 0) {
			log_error("firewall %" PRIu64 ": its trial cannot be ended: %s",
				  firewall_id, err.text);
			return;
		}
		log_info("firewall %" PRIu64 ": not confirmed; as before again", firewall_id);
	}
}

static void turn(struct filters *filters)
{
	if (store_in_transaction(filters->core->store))
		return;
	expire_due(filters);
	if (!filters->is_idle || store_generation(filters->core->store) != filters->seen)
		push_pending(filters);
}

static void on_turn(uv_timer_t *timer)
{
	turn(timer->data);
}

void filters_kick(struct filters *filters)
{
	filters->is_idle = false;
	(void)uv_timer_start(&filters->timer, on_turn, 0, TURN_MS);
}

int filters_new(struct core *core, struct filters **ret, struct err *err)
{
	struct filters *filters = calloc(1, sizeof *filters);

	if (filters == NULL)
		return err_set(err, -ENOMEM, "no memory");
	filters->core = core;
	for (size_t i = 0; i < AT_ONCE; i++)
		filters->pushes[i].filters = filters;
	(void)uv_timer_init(&core->loop, &filters->timer);
	filters->timer.data = filters;
	(void)uv_timer_start(&filters->timer, on_turn, 0, TURN_MS);
	*ret = filters;
	return 0;
}

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void filters_free(struct filters *filters)
{
	if (filters == NULL)
		return;
	(void)uv_timer_stop(&filters->timer);
	uv_close((uv_handle_t *)&filters->timer, on_closed);
}

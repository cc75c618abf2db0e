/*
 * Theory of operation. While a change is on trial that names an address to be confirmed from, the
 * filters of the servers it is about mark what begins with their port of SSH (filter_policy.c).
 * Each second the hosts are asked from where such connections are established. One from the address
 * that was named when the change was asked for says that whoever sits there has a way in: a
 * handshake has gone through the changed filter and back. From no other address does one say
 * anything about the customer, so none is heeded.
 *
 * What is in force is what all of its servers' hosts have said they have. All is read from the rows
 * each time: nothing is lost when this process ends, and nothing is asked while nothing is on
 * trial.
 */
#include "core/trials.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "core/actions/engine.h"
#include "core/events.h"
#include "core/filters.h"
#include "core/hostlink/host_client.h"
#include "model/server.h"
#include "store/store_firewall.h"
#include "store/store_server.h"

#define TURN_MS 250
#define ASK_MS  1000
#define HOST_MS 10000
#define PLACES  16 /* that are asked at a time; those of the trials that end first */

struct asking {
	struct trials *trials;
	struct store_trial_place place; /* server_id 0: free */
};

struct trials {
	struct core *core;
	uv_timer_t timer;
	int64_t ask_ms; /* monotonic */
	struct asking askings[PLACES];
};

/* The trial is over, and what it changed stays. */
static int keep(struct core *core, uint64_t firewall_id, struct err *err)
{
	return store_trial_delete(core->store, firewall_id, err);
}

static int confirm(struct core *core, uint64_t firewall_id, const char *address, struct err *err)
{
	char details[IP_TEXT_BYTES + 16];

	(void)snprintf(details, sizeof details, "{\"from\":\"%s\"}", address);
	return filters_end_trial(core, firewall_id, "firewall.confirm", details, keep, err);
}

static bool has_come(struct reader *answer, const struct ip *from)
{
	bool found = false;

	for (uint32_t left = reader_u32(answer); left > 0 && answer->error == 0; left--) {
		const struct ip ip = host_ip_read(answer);
		found = found || (answer->error == 0 && ip_equal(&ip, from));
	}
	return reader_done(answer) == 0 && found;
}

static void on_answer(void *context, int code, const char *text, struct reader *answer, bool more)
{
	struct asking *asking = context;
	struct core *core = asking->trials->core;
	const struct store_trial_place place = asking->place;
	struct store_trial trial CLEANUP(store_trial_done) = {0};
	struct err err = {0};
	struct ip from;

	(void)text;
	if (more)
		return;
	asking->place.server_id = 0;
	if (code < 0 || store_trial_get(core->store, place.firewall_id, &trial, NULL) < 0 ||
	    ip_parse(trial.confirm_from, &from) < 0 || !has_come(answer, &from))
		return;
	if (confirm(core, place.firewall_id, trial.confirm_from, &err) < 0) {
		log_error("firewall %" PRIu64 ": %s", place.firewall_id, err.text);
		return;
	}
	log_info("firewall %" PRIu64 ": confirmed by a connection", place.firewall_id);
	filters_kick(core->filters);
	events_server_changed(core->events, place.server_id);
}

static struct asking *free_asking(struct trials *trials, uint64_t server_id)
{
	struct asking *free_one = NULL;

	for (size_t i = 0; i < PLACES; i++) {
		if (trials->askings[i].place.server_id == server_id)
			return NULL;
		if (trials->askings[i].place.server_id == 0)
			free_one = &trials->askings[i];
	}
	return free_one;
}

static void ask(struct trials *trials, const struct store_trial_place *place)
{
	struct core *core = trials->core;
	struct asking *asking = free_asking(trials, place->server_id);
	struct server server CLEANUP(server_done) = {0};
	struct buf body CLEANUP(buf_done) = {0};
	uint64_t id;

	if (asking == NULL || store_server_get(core->store, 0, place->server_id, &server, NULL) < 0)
		return;
	write_bytes(&body, server.uuid, UUID_BYTES);
	if (host_client_call(engine_host(core->engine), HOST_FILTER_CAME, &body, 0, -1, HOST_MS,
			     on_answer, asking, &id, NULL) == 0)
		asking->place = *place;
}

static void on_turn(uv_timer_t *timer)
{
	struct trials *trials = timer->data;
	struct store *store = trials->core->store;
	struct store_trial_place places[PLACES];
	uint64_t first;
	int64_t deadline_ms;
	struct err err = {0};
	size_t count = 0;

	if (store_in_transaction(store) || store_trial_next(store, &first, &deadline_ms, NULL) < 0)
		return;
	if (store_trial_settle(store, clock_now_ms(), &err) < 0)
		log_error("%s", err.text);
	if (clock_mono_ms() < trials->ask_ms)
		return;
	trials->ask_ms = clock_mono_ms() + ASK_MS;
	if (store_trial_places(store, places, PLACES, &count, &err) < 0)
		log_error("%s", err.text);
	for (size_t i = 0; i < count; i++)
		ask(trials, &places[i]);
}

int trials_new(struct core *core, struct trials **ret, struct err *err)
{
	struct trials *trials = calloc(1, sizeof *trials);

	if (trials == NULL)
		return err_set(err, -ENOMEM, "no memory");
	trials->core = core;
	for (size_t i = 0; i < PLACES; i++)
		trials->askings[i].trials = trials;
	(void)uv_timer_init(&core->loop, &trials->timer);
	trials->timer.data = trials;
	(void)uv_timer_start(&trials->timer, on_turn, TURN_MS, TURN_MS);
	*ret = trials;
	return 0;
}

#include "core/suspension.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "core/actions/engine.h"
#include "model/history_line.h"
#include "store/store_history.h"
#include "store/store_server.h"

#define TURN_MS   5000
#define AT_ONCE   32  /* servers a turn; the engine takes four at a time anyhow */
#define ASKED_MAX 256 /* servers that are remembered; a forgotten one is asked once more */

struct suspension {
	struct core *core;
	uv_timer_t timer;
	uint64_t asked[ASKED_MAX]; /* to shut down; 0: free */
};

/* Gives the place of a server that was asked already, or a free one, or NULL. */
static uint64_t *place_of(struct suspension *suspension, uint64_t server_id)
{
	uint64_t *free_place = NULL;

	for (size_t i = 0; i < ASKED_MAX; i++) {
		if (suspension->asked[i] == server_id)
			return &suspension->asked[i];
		if (suspension->asked[i] == 0 && free_place == NULL)
			free_place = &suspension->asked[i];
	}
	return free_place;
}

/* For the history: nobody asked for it but the suspension. */
static void note(struct store *store, const struct server *server, const char *what,
		 const char *reason)
{
	struct history_line line = {.customer_id = server->customer_id,
				    .actor = HISTORY_SYSTEM,
				    .result = HISTORY_SUCCESS,
				    .resource_type = "server",
				    .resource_id = server->id};

	(void)snprintf(line.what, sizeof line.what, "%s", what);
	(void)snprintf(line.resource_name, sizeof line.resource_name, "%s", server->name);
	(void)snprintf(line.details, sizeof line.details, "{\"reason\":\"%s\"}", reason);
	store_history_note(store, &line);
}

static int submit(struct suspension *suspension, const struct server *server,
		  enum action_command command, struct err *err)
{
	const struct action_request request = {.command = command,
					       .server_id = server->id,
					       .customer_id = server->customer_id,
					       .fd = -1};
	struct action action CLEANUP(action_done) = {0};
	struct store *store = suspension->core->store;
	int code;

	if (command == ACTION_START_SERVER)
		note(store, server, "server.poweron", "the account is suspended no more");
	else
		note(store, server,
		     command == ACTION_STOP_SERVER ? "server.poweroff" : "server.shutdown",
		     "the account is suspended");
	code = store_begin(store, err);
	if (code == 0)
		code = store_server_suspended(store, server->id, command != ACTION_START_SERVER,
					      err);
	if (code == 0)
		code = engine_submit(suspension->core->engine, &request, &action, err);
	if (code == 0)
		code = store_commit(store, err);
	store_rollback(store);
	(void)store_history_take(store, NULL);
	return code;
}

/* The guest is asked first, so that it loses nothing; one that did not listen is switched off. */
static void switch_off(struct suspension *suspension, uint64_t server_id)
{
	uint64_t *place = place_of(suspension, server_id);
	const bool was_asked = place != NULL && *place == server_id;
	struct server server CLEANUP(server_done) = {0};
	struct err err = {0};
	int code = store_server_get(suspension->core->store, 0, server_id, &server, &err);

	if (code == 0)
		code = submit(suspension, &server,
			      was_asked ? ACTION_STOP_SERVER : ACTION_SHUTDOWN_SERVER, &err);
	if (code < 0) {
		log_error("server %" PRIu64 " of a suspended account cannot be stopped: %s",
			  server_id, err.text);
		return;
	}
	if (place != NULL)
		*place = was_asked ? 0 : server_id;
	engine_kick(suspension->core->engine);
}

/* One that cannot be started now (the host's memory is taken) is its owner's to start. */
static void start_again(struct suspension *suspension, uint64_t server_id)
{
	struct store *store = suspension->core->store;
	struct server server CLEANUP(server_done) = {0};
	struct err err = {0};
	int code = store_server_get(store, 0, server_id, &server, &err);

	if (code == 0 && server.status == SERVER_OFF)
		code = submit(suspension, &server, ACTION_START_SERVER, &err);
	else if (code == 0)
		code = store_server_suspended(store, server_id, false, &err);
	if (code == 0) {
		engine_kick(suspension->core->engine);
		return;
	}
	log_error("server %" PRIu64 " was stopped by a suspension and is not started again: %s",
		  server_id, err.text);
	if (store_server_suspended(store, server_id, false, &err) < 0)
		log_error("%s", err.text);
}

static void start_all_again(struct suspension *suspension)
{
	uint64_t waiting[AT_ONCE];
	size_t count = 0;
	struct err err = {0};

	if (store_server_list_to_resume(suspension->core->store, waiting, AT_ONCE, &count, &err) <
	    0)
		log_error("%s", err.text);
	for (size_t i = 0; i < count; i++)
		start_again(suspension, waiting[i]);
}

static void on_turn(uv_timer_t *timer)
{
	struct suspension *suspension = timer->data;
	uint64_t running[AT_ONCE];
	size_t count = 0;
	struct err err = {0};

	if (store_server_list_suspended(suspension->core->store, running, AT_ONCE, &count, &err) <
	    0) {
		log_error("%s", err.text);
		return;
	}
	start_all_again(suspension);
	for (size_t i = 0; i < count; i++)
		switch_off(suspension, running[i]);
	/* Whoever is not running any more is forgotten with the last one. */
	if (count == 0)
		for (size_t i = 0; i < ASKED_MAX; i++)
			suspension->asked[i] = 0;
}

void suspension_begin(struct suspension *suspension)
{
	(void)uv_timer_start(&suspension->timer, on_turn, 0, TURN_MS);
}

int suspension_new(struct core *core, struct suspension **ret, struct err *err)
{
	struct suspension *suspension = calloc(1, sizeof *suspension);

	if (suspension == NULL)
		return err_set(err, -ENOMEM, "no memory");
	suspension->core = core;
	(void)uv_timer_init(&core->loop, &suspension->timer);
	suspension->timer.data = suspension;
	(void)uv_timer_start(&suspension->timer, on_turn, TURN_MS, TURN_MS);
	*ret = suspension;
	return 0;
}

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void suspension_free(struct suspension *suspension)
{
	if (suspension == NULL)
		return;
	(void)uv_timer_stop(&suspension->timer);
	uv_close((uv_handle_t *)&suspension->timer, on_closed);
}

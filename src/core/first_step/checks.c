/*
 * Theory of operation. A check is an action of its own with three steps, which holds no lock: a
 * server can be used, stopped and deleted meanwhile, and then the check ends.
 *
 *	report	the guest is asked to report, and to let a key in for a minute that was made for
 *this check alone; who does not answer in time is looked at without
 *	probe	ippo-probe looks at it, one server after another
 *	judge	what both said is written down with its time, and if the edge of the host is closed
 *		to the server and enough is proven, it opens
 *
 * Checks begin by themselves: when a guest reports unasked, when its first boot is over, each day,
 * and every few minutes while it is closed. A check lives in memory; one that a crash ends is an
 * action that failed, and what began it begins another.
 */
#include "core/first_step/checks.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/secret.h"
#include "core/events.h"
#include "core/first_step/check.h"
#include "store/store_action.h"
#include "store/store_server.h"

#define REPORT_WAIT_MS 45000
#define CHECKS_MAX     256
#define CUSTOMER_MAX   4 /* of one customer: the probe looks at one server after another */

static const char *const step_names[STEPS] = {"report", "probe", "judge"};

static const struct visitor_kind kind = {
	.program = "ippo-probe",
	.ask = SUPERVISION_PROBE,
	.reply = PROBE_REPLY,
	.ended = "what looks at servers has ended",
	.silent = "what looks at servers does not answer",
};

bool checks_possible(const struct config *config)
{
	return strcmp(config->driver, "fake") != 0 || config->probe_target[0] != '\0';
}

static void end(struct check *check, const struct probe_answer *answer)
{
	struct checks *checks = check->checks;
	const uint64_t server_id = check->server_id;
	const bool again = check->again;
	struct err err = {0};
	bool opened = false;
	const int code = judging_end(check, answer, &opened, &err);

	if (code < 0) {
		check_fail(check, code, err.text, true);
		return;
	}
	check_tell(check);
	check_drop(check);
	if (opened)
		checks_opened(checks, server_id);
	else
		events_server_changed(checks->core->events, server_id);
	if (again)
		checks_begin(checks, server_id);
}

/* --- the probe --- */

static void on_looked(void *context, int code, const char *text, struct reader *in)
{
	struct check *check = context;
	AUTO_FREE struct probe_answer *answer = calloc(1, sizeof *answer);

	if (check->over) {
		check_drop(check);
		return;
	}
	if (code == 0 &&
	    (answer == NULL || probe_answer_read(in, answer) < 0 || reader_done(in) < 0)) {
		code = ERR_UNAVAILABLE;
		text = "what looks at servers does not make sense";
	}
	if (code < 0)
		check_fail(check, code, text, true);
	else
		end(check, answer);
}

static int look_at(struct check *check, const struct server *server, uint16_t ssh_port,
		   struct err *err)
{
	struct checks *checks = check->checks;
	struct buf body CLEANUP(buf_done) = {0};
	struct probe_look *look = &check->look;
	const char *target = checks->core->config->probe_target;
	int code;

	*look = (struct probe_look){.ssh_port = ssh_port, .has_key = check->key_ready, .scan = 1};
	if (target[0] != '\0') {
		struct ip ip;
		if (ip_parse(target, &ip) < 0)
			return err_set(err, ERR_INVALID_INPUT, "target in [probe] is no address");
		*(ip.family == 4 ? &look->ipv4 : &look->ipv6) = ip;
	} else {
		look->ipv4 = server->ipv4.id != 0 ? server->ipv4.ip : (struct ip){0};
		look->ipv6 = server->ipv6.id != 0 ? server->ipv6.ip : (struct ip){0};
		look->ipv6.bytes[15] |= look->ipv6.family != 0;
	}
	memcpy(look->key, check->key, sizeof look->key);
	(void)snprintf(look->user, sizeof look->user, "%s", server->user);
	probe_look_write(&body, look);
	explicit_bzero(look->key, sizeof look->key);
	code = body.error != 0 ? err_set(err, body.error, "no memory")
			       : visitor_link_call(checks->link, PROBE_LOOK, &body, -1, on_looked,
						   check, err);
	if (body.data != NULL)
		explicit_bzero(body.data, body.len);
	return code;
}

/* The guest has said what it says. */
static void go_on(struct check *check)
{
	struct checks *checks = check->checks;
	AUTO_FREE struct store_first_step *first_step = calloc(1, sizeof *first_step);
	struct server server CLEANUP(server_done) = {0};
	struct store *store = checks->core->store;
	struct err err = {0};
	int code = first_step != NULL ? 0 : -ENOMEM;

	if (code == 0)
		code = check_step(check, STEP_PROBE, &err);
	if (code == 0)
		code = store_server_get(store, 0, check->server_id, &server, &err);
	if (code == 0)
		code = store_first_step_get(store, check->server_id, first_step, &err);
	if (code < 0) {
		check_fail(check, code, err.text, false);
		return;
	}
	check_tell(check);
	if (!checks_possible(checks->core->config)) {
		end(check, NULL);
		return;
	}
	code = look_at(check, &server, first_step->ssh_port, &err);
	if (code < 0)
		check_fail(check, code, err.text, false);
	else
		check->phase = PHASE_PROBE;
}

static void begin(struct check *check)
{
	struct checks *checks = check->checks;
	AUTO_FREE struct store_first_step *first_step = calloc(1, sizeof *first_step);
	struct server server CLEANUP(server_done) = {0};
	struct err err = {0};
	int code = first_step != NULL ? 0 : -ENOMEM;

	check->phase = PHASE_REPORT;
	check->end_ms = clock_mono_ms() + REPORT_WAIT_MS;
	if (code == 0)
		code = check_step(check, STEP_REPORT, &err);
	if (code == 0)
		code = store_server_get(checks->core->store, 0, check->server_id, &server, &err);
	if (code == 0)
		code = store_first_step_get(checks->core->store, check->server_id, first_step,
					    &err);
	if (code < 0) {
		check_fail(check, code, err.text, false);
		return;
	}
	/* It reports of itself all the same, if it does; the key that proves is let in by nobody.
	 */
	if (first_step->reports == FIRST_STEP_REPORTS_NOTHING || server.agent_off ||
	    checks_ask_guest(check, &server, &err) < 0)
		check->end_ms = 0;
	check_tell(check);
}

void checks_turn(struct checks *checks)
{
	struct check *next;

	for (struct check *check = checks->list; check != NULL; check = next) {
		next = check->next;
		if (check->over)
			continue;
		if (check->phase == PHASE_NEW)
			begin(check);
		else if (check->phase == PHASE_REPORT && !check->asking &&
			 ((check->reported && check->key_ready) ||
			  clock_mono_ms() >= check->end_ms))
			go_on(check);
	}
}

void checks_kick(struct checks *checks)
{
	if (!checks->stopped)
		(void)uv_timer_start(&checks->timer, checks_tick, 1, CHECK_TICK_MS);
}

/* --- beginning --- */

int checks_submit(struct checks *checks, const struct server *server, uint64_t user_id,
		  struct action *ret, struct err *err)
{
	struct store *store = checks->core->store;
	struct action action = {.command = ACTION_CHECK_FIRST_STEP,
				.status = ACTION_RUNNING,
				.started_ms = clock_now_ms(),
				.server_id = server->id,
				.customer_id = server->customer_id,
				.user_id = user_id};
	struct check *check;
	unsigned of_customer = 0;
	int code;

	if (server->status != SERVER_RUNNING)
		return err_set(err, ERR_SERVER_NOT_RUNNING,
			       "server %s is %s: only a running server can be checked; start it "
			       "first",
			       server->name, server_status_name(server->status));
	if (server->rescue_running)
		return err_set(err, ERR_UNSUPPORTED,
			       "server %s runs the rescue system: restart it, then check",
			       server->name);
	if (check_find(checks, server->id) != NULL)
		return err_set(err, ERR_LOCKED, "server %s is being checked already: wait for that",
			       server->name);
	for (const struct check *other = checks->list; other != NULL; other = other->next)
		of_customer += other->customer_id == server->customer_id;
	if (checks->count >= CHECKS_MAX || of_customer >= CUSTOMER_MAX)
		return err_set(err, ERR_UNAVAILABLE_RESOURCE,
			       "too many servers are being checked; try again in a moment");
	(void)action_add_resource(&action, ACTION_RESOURCE_SERVER, server->id);
	if ((code = store_action_insert(store, &action, err)) < 0)
		return code;
	for (uint32_t i = 0; code == 0 && i < STEPS; i++)
		code = store_action_insert_step(store, action.id, i, step_names[i], err);
	if (code < 0 || (code = store_action_get(store, 0, action.id, ret, err)) < 0)
		return code;
	if ((check = calloc(1, sizeof *check)) == NULL) {
		action_done(ret);
		return err_set(err, -ENOMEM, "no memory");
	}
	check->checks = checks;
	check->server_id = server->id;
	check->customer_id = server->customer_id;
	check->action_id = action.id;
	check->ask = ++checks->last_ask;
	memcpy(check->uuid, server->uuid, UUID_BYTES);
	check->next = checks->list;
	checks->list = check;
	checks->count++;
	return 0;
}

void checks_withdraw(struct checks *checks, uint64_t action_id)
{
	struct check *check = checks->list;

	while (check != NULL && check->action_id != action_id)
		check = check->next;
	if (check != NULL)
		check_drop(check);
}

void checks_begin(struct checks *checks, uint64_t server_id)
{
	struct store *store = checks->core->store;
	struct server server CLEANUP(server_done) = {0};
	struct action action CLEANUP(action_done) = {0};
	struct check *running = check_find(checks, server_id);
	struct err err = {0};
	int code;

	if (running != NULL) {
		running->again = true;
		return;
	}
	code = store_server_get(store, 0, server_id, &server, &err);
	if (code == 0 && server.status == SERVER_RUNNING && !server.rescue_running) {
		code = store_begin(store, &err);
		if (code == 0)
			code = checks_submit(checks, &server, 0, &action, &err);
		if (code == 0 && (code = store_commit(store, &err)) < 0)
			checks_withdraw(checks, action.id);
		store_rollback(store);
	}
	if (code < 0 && code != ERR_NOT_FOUND)
		log_warning("server %" PRIu64 " cannot be checked: %s", server_id, err.text);
	checks_kick(checks);
}

void checks_server_gone(struct checks *checks, uint64_t server_id)
{
	struct check *check = check_find(checks, server_id);

	if (check != NULL)
		check_fail(check, ERR_SERVER_NOT_RUNNING, "the server was deleted", false);
}

/* --- life --- */

int checks_new(struct core *core, struct checks **ret, struct err *err)
{
	struct checks *checks = calloc(1, sizeof *checks);
	int code;

	if (checks == NULL || (checks->inbox = inbox_new()) == NULL) {
		free(checks);
		return err_set(err, -ENOMEM, "no memory");
	}
	checks->core = core;
	checks->last_ask = (uint64_t)clock_now_ms(); /* no answer to an earlier process fits */
	if ((code = visitor_link_new(&core->loop, &kind, &checks->link, err)) < 0) {
		inbox_free(checks->inbox);
		free(checks);
		return code;
	}
	(void)uv_timer_init(&core->loop, &checks->timer);
	checks->timer.data = checks;
	*ret = checks;
	return 0;
}

void checks_start(struct checks *checks)
{
	const struct store_action_filter filter = {.statuses = 1U << ACTION_RUNNING};
	struct store_actions actions CLEANUP(store_action_done) = {0};
	struct store *store = checks->core->store;
	struct err err = {0};

	if (store_action_list(store, &filter, &actions, &err) < 0)
		log_error("%s", err.text);
	for (size_t i = 0; i < actions.count; i++)
		if (actions.items[i].command == ACTION_CHECK_FIRST_STEP &&
		    store_action_finish(store, actions.items[i].id, ACTION_ERROR,
					err_name(ERR_UNAVAILABLE),
					"the service was restarted during the check; ask again",
					clock_now_ms(), &err) < 0)
			log_error("%s", err.text);
	visitor_link_set_child(checks->link, checks->core->child);
	(void)uv_timer_start(&checks->timer, checks_tick, CHECK_TICK_MS, CHECK_TICK_MS);
}

void checks_connect(struct checks *checks, int fd)
{
	visitor_link_connect(checks->link, fd);
}

void checks_stop(struct checks *checks)
{
	checks->stopped = true;
	(void)uv_timer_stop(&checks->timer);
}

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
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/secret.h"
#include "core/actions/engine.h"
#include "core/events.h"
#include "core/first_step/inbox.h"
#include "core/first_step/outside.h"
#include "core/first_step/report.h"
#include "core/hostlink/host_client.h"
#include "core/metrics/metrics.h"
#include "core/visitor/visitor_link.h"
#include "store/store_action.h"
#include "store/store_alert.h"
#include "store/store_first_step.h"
#include "store/store_history.h"
#include "store/store_server.h"

#define TICK_MS        1000
#define LATE_TICKS     5  /* between two looks for closed ones whose time is over */
#define DUE_TICKS      60 /* between two looks for those that are due */
#define REPORT_WAIT_MS 45000
#define KEY_SECONDS    300 /* a guest lets the key in for so long at most: probes queue */
#define ASK_TIMEOUT_MS 10000
#define AGAIN_MS       (3 * 60000) /* between two checks of a closed server */
#define DAY_MS         (INT64_C(24) * 3600 * 1000)
#define REST_MS        5000 /* between two reports that nobody asked for */
#define CHECKS_MAX     256
#define CUSTOMER_MAX   4 /* of one customer: the probe looks at one server after another */
#define AT_ONCE        8 /* begun by themselves at a time */
#define IDS_MAX        64
#define BLOB_BYTES     51

enum phase { PHASE_NEW, PHASE_REPORT, PHASE_PROBE };

enum check_step { STEP_REPORT, STEP_PROBE, STEP_JUDGE, STEPS };
static const char *const step_names[STEPS] = {"report", "probe", "judge"};

struct check {
	struct check *next;
	struct checks *checks;
	uint64_t server_id;
	uint64_t customer_id;
	uint64_t action_id;
	uint64_t ask; /* the question's number */
	uint8_t uuid[UUID_BYTES];
	enum phase phase;
	int64_t end_ms; /* of waiting for the guest; monotonic */
	bool asking;    /* the host has not said yet whether it could ask */
	bool reported;
	bool key_ready;
	bool again; /* something happened meanwhile: once more afterwards */
	bool over;  /* its action has ended; it waits for an answer that is under way */
	uint8_t key[PROBE_KEY_BYTES];
	struct probe_look look;
};

struct checks {
	struct core *core;
	struct visitor_link *link;
	struct inbox *inbox;
	uv_timer_t timer;
	struct check *list;
	size_t count;
	uint64_t last_ask;
	uint64_t ticks;
	bool stopped;
};

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

static struct check *find(const struct checks *checks, uint64_t server_id)
{
	for (struct check *check = checks->list; check != NULL; check = check->next)
		if (check->server_id == server_id && !check->over)
			return check;
	return NULL;
}

static void drop(struct check *check)
{
	struct check **at = &check->checks->list;

	while (*at != check)
		at = &(*at)->next;
	*at = check->next;
	check->checks->count--;
	explicit_bzero(check, sizeof *check);
	free(check);
}

/* --- the action --- */

static int begin_step(struct check *check, enum check_step step, struct err *err)
{
	struct store *store = check->checks->core->store;
	const int64_t now_ms = clock_now_ms();
	int code = 0;

	if (step > 0)
		code = store_action_finish_step(store, check->action_id, step - 1, ACTION_STEP_DONE,
						now_ms, err);
	if (code == 0)
		code = store_action_start_step(store, check->action_id, step, now_ms, err);
	if (code == 0)
		code = store_action_update_progress(store, check->action_id,
						    (uint8_t)(step * 100 / STEPS), err);
	return code;
}

static void tell(struct check *check)
{
	events_action_changed(check->checks->core->events, check->action_id);
}

/* Forgets it now, or when the answer that is under way has come. */
static void leave(struct check *check, bool is_answered)
{
	check->over = true;
	if (is_answered || (check->phase != PHASE_PROBE && !check->asking))
		drop(check);
}

static void fail(struct check *check, int code, const char *text, bool is_answered)
{
	struct store *store = check->checks->core->store;
	struct err err = {0};

	if (store_action_finish(store, check->action_id, ACTION_ERROR, err_name(code), text,
				clock_now_ms(), &err) < 0 &&
	    err.code != ERR_GONE)
		log_error("action %" PRIu64 ": %s", check->action_id, err.text);
	tell(check);
	leave(check, is_answered);
}

/* --- judging --- */

static int read_monitoring(struct checks *checks, const struct server *server, int64_t now_ms,
			   struct store_first_step *first_step, struct err *err)
{
	static const enum alert_kind kinds[] = {ALERT_METRIC, ALERT_STOPPED_UNEXPECTEDLY,
						ALERT_STOPPED_ITSELF};
	struct metrics_state state;
	int64_t sampled_ms = 0;
	uint64_t count = 0;

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct store_alert_rules rules CLEANUP(store_alert_rule_done) = {0};
		int code = store_alert_stop_rules(checks->core->store, server->id, kinds[i], &rules,
						  err);
		if (code < 0)
			return code;
		count += rules.count;
	}
	metrics_state(checks->core->metrics, &state);
	for (size_t i = 0; i < state.count; i++)
		if (state.latest[i].server_id == server->id)
			sampled_ms = (int64_t)state.sampled_s * 1000;
	outside_monitoring(sampled_ms, count, now_ms, first_step);
	return 0;
}

static int open_edge(struct store *store, const struct server *server, enum first_step_why why,
		     struct err *err)
{
	const int64_t now_ms = clock_now_ms();
	struct history_line line = {.customer_id = server->customer_id,
				    .actor = HISTORY_SYSTEM,
				    .what = "server.open_inbound",
				    .result = HISTORY_SUCCESS,
				    .resource_type = "server",
				    .resource_id = server->id};
	int code = store_first_step_open(store, server->id, why, now_ms, err);

	(void)snprintf(line.resource_name, sizeof line.resource_name, "%s", server->name);
	(void)snprintf(line.details, sizeof line.details, "{\"reason\":\"%s\"}",
		       first_step_why_name(why));
	if (code == 0)
		log_info("server %" PRIu64 ": open from outside (%s)", server->id,
			 first_step_why_name(why));
	return code < 0 ? code : store_history_append(store, &line, err);
}

/* Inside the transaction: what follows from what is known now. */
static int settle(struct checks *checks, const struct server *server,
		  struct store_first_step *first_step, bool *ret_opened, struct err *err)
{
	struct store *store = checks->core->store;
	const bool can_report = first_step->reports == FIRST_STEP_REPORTS;
	const int64_t now_ms = clock_now_ms();
	int code = store_first_step_put(store, first_step, now_ms, true, err);

	*ret_opened = false;
	if (code < 0 || !first_step->closed || !server->first_boot_done ||
	    !first_step_may_open(first_step->findings, can_report, first_step->since_ms))
		return code;
	code = open_edge(store, server, can_report ? FIRST_STEP_PROVEN : FIRST_STEP_PROBED, err);
	*ret_opened = code == 0;
	return code;
}

void checks_opened(struct checks *checks, uint64_t server_id)
{
	engine_refresh_network(checks->core->engine, server_id);
	events_server_changed(checks->core->events, server_id);
}

static bool key_is_shared(struct checks *checks, const struct server *server, const char *blob)
{
	uint64_t others = 0;

	return blob[0] != '\0' &&
	       store_first_step_key_of_others(checks->core->store, server->id, blob, &others,
					      NULL) == 0 &&
	       others > 0;
}

static int judge(struct check *check, const struct probe_answer *answer, bool *ret_opened,
		 struct err *err)
{
	struct checks *checks = check->checks;
	struct store *store = checks->core->store;
	AUTO_FREE struct store_first_step *first_step = calloc(1, sizeof *first_step);
	struct server server CLEANUP(server_done) = {0};
	const int64_t now_ms = clock_now_ms();
	int code = first_step != NULL ? store_begin(store, err) : -ENOMEM;

	if (code < 0)
		return code;
	STORE_GUARD(store);
	if ((code = store_server_get(store, 0, check->server_id, &server, err)) < 0 ||
	    (code = store_first_step_get(store, check->server_id, first_step, err)) < 0 ||
	    (code = begin_step(check, STEP_JUDGE, err)) < 0 ||
	    (code = read_monitoring(checks, &server, now_ms, first_step, err)) < 0)
		return code;
	if (answer != NULL)
		outside_read(answer, &check->look, &server,
			     key_is_shared(checks, &server, answer->host_key), now_ms, first_step);
	if ((code = settle(checks, &server, first_step, ret_opened, err)) < 0 ||
	    (code = store_action_finish_step(store, check->action_id, STEP_JUDGE, ACTION_STEP_DONE,
					     now_ms, err)) < 0 ||
	    (code = store_action_finish(store, check->action_id, ACTION_SUCCESS, NULL, NULL, now_ms,
					err)) < 0)
		return code;
	return store_commit(store, err);
}

static void begin_by_itself(struct checks *checks, uint64_t server_id);

static void end(struct check *check, const struct probe_answer *answer)
{
	struct checks *checks = check->checks;
	const uint64_t server_id = check->server_id;
	const bool again = check->again;
	struct err err = {0};
	bool opened = false;
	const int code = judge(check, answer, &opened, &err);

	if (code < 0) {
		fail(check, code, err.text, true);
		return;
	}
	tell(check);
	drop(check);
	if (opened)
		checks_opened(checks, server_id);
	else
		events_server_changed(checks->core->events, server_id);
	if (again)
		begin_by_itself(checks, server_id);
}

/* --- the probe --- */

static void on_looked(void *context, int code, const char *text, struct reader *in)
{
	struct check *check = context;
	AUTO_FREE struct probe_answer *answer = calloc(1, sizeof *answer);

	if (check->over) {
		drop(check);
		return;
	}
	if (code == 0 &&
	    (answer == NULL || probe_answer_read(in, answer) < 0 || reader_done(in) < 0)) {
		code = ERR_UNAVAILABLE;
		text = "what looks at servers does not make sense";
	}
	if (code < 0)
		fail(check, code, text, true);
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
		code = begin_step(check, STEP_PROBE, &err);
	if (code == 0)
		code = store_server_get(store, 0, check->server_id, &server, &err);
	if (code == 0)
		code = store_first_step_get(store, check->server_id, first_step, &err);
	if (code < 0) {
		fail(check, code, err.text, false);
		return;
	}
	tell(check);
	if (!checks_possible(checks->core->config)) {
		end(check, NULL);
		return;
	}
	code = look_at(check, &server, first_step->ssh_port, &err);
	if (code < 0)
		fail(check, code, err.text, false);
	else
		check->phase = PHASE_PROBE;
}

/* --- the guest --- */

static void on_asked(void *context, int code, const char *text, struct reader *answer, bool more)
{
	struct check *check = context;

	if (more)
		return;
	check->asking = false;
	if (check->over) {
		drop(check);
		return;
	}
	/* No such port, or no answer from the host: looked at without. */
	if (code < 0) {
		log_debug("server %" PRIu64 ": %s", check->server_id, text);
		check->end_ms = 0;
	}
	checks_kick(check->checks);
}

static void put_be32(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 24);
	at[1] = (uint8_t)(value >> 16);
	at[2] = (uint8_t)(value >> 8);
	at[3] = (uint8_t)value;
}

/* The public key as authorized_keys has it (RFC 8709). */
static void write_blob(const uint8_t key[PROBE_KEY_BYTES], char *out, size_t size)
{
	static const char type[] = "ssh-ed25519";
	uint8_t blob[BLOB_BYTES];

	put_be32(blob, sizeof type - 1);
	memcpy(blob + 4, type, sizeof type - 1);
	put_be32(blob + 15, 32);
	memcpy(blob + 19, key + 32, 32);
	(void)sodium_bin2base64(out, size, blob, sizeof blob, sodium_base64_VARIANT_ORIGINAL);
}

static int ask_guest(struct check *check, const struct server *server, struct err *err)
{
	struct buf body CLEANUP(buf_done) = {0};
	struct host_guest_ask ask = {0};
	uint8_t public_key[crypto_sign_PUBLICKEYBYTES];
	char blob[sodium_base64_ENCODED_LEN(BLOB_BYTES, sodium_base64_VARIANT_ORIGINAL)];
	uint64_t call_id;
	int code;

	(void)crypto_sign_keypair(public_key, check->key);
	write_blob(check->key, blob, sizeof blob);
	memcpy(ask.uuid, check->uuid, UUID_BYTES);
	(void)snprintf(ask.line, sizeof ask.line, "probe %" PRIu64 " %s %s %d", check->ask, blob,
		       server->user, KEY_SECONDS);
	host_guest_ask_write(&body, &ask);
	if (body.error != 0)
		return err_set(err, body.error, "no memory");
	code = host_client_call(engine_host(check->checks->core->engine), HOST_GUEST_ASK, &body, 0,
				-1, ASK_TIMEOUT_MS, on_asked, check, &call_id, err);
	check->asking = code == 0;
	return code;
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
		code = begin_step(check, STEP_REPORT, &err);
	if (code == 0)
		code = store_server_get(checks->core->store, 0, check->server_id, &server, &err);
	if (code == 0)
		code = store_first_step_get(checks->core->store, check->server_id, first_step,
					    &err);
	if (code < 0) {
		fail(check, code, err.text, false);
		return;
	}
	/* It reports of itself all the same, if it does; the key that proves is let in by nobody.
	 */
	if (first_step->reports == FIRST_STEP_REPORTS_NOTHING || server.agent_off ||
	    ask_guest(check, &server, &err) < 0)
		check->end_ms = 0;
	tell(check);
}

static void turn(struct checks *checks)
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

static void on_tick(uv_timer_t *timer);

void checks_kick(struct checks *checks)
{
	if (!checks->stopped)
		(void)uv_timer_start(&checks->timer, on_tick, 1, TICK_MS);
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
	if (find(checks, server->id) != NULL)
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
		drop(check);
}

static void begin_by_itself(struct checks *checks, uint64_t server_id)
{
	struct store *store = checks->core->store;
	struct server server CLEANUP(server_done) = {0};
	struct action action CLEANUP(action_done) = {0};
	struct check *running = find(checks, server_id);
	struct err err = {0};
	int code;

	if (running != NULL) {
		running->again = running->phase == PHASE_PROBE;
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

/* --- what guests say --- */

static bool is_welcome(const struct check *check, uint64_t ask,
		       const struct store_first_step *first_step, int64_t now_ms)
{
	return (check != NULL && check->ask == ask) || now_ms - first_step->reported_ms > REST_MS;
}

static int store_report(struct checks *checks, const struct server *server,
			struct store_first_step *first_step, bool *ret_opened, struct err *err)
{
	struct store *store = checks->core->store;
	int code = store_begin(store, err);

	if (code < 0)
		return code;
	STORE_GUARD(store);
	if ((code = settle(checks, server, first_step, ret_opened, err)) < 0)
		return code;
	return store_commit(store, err);
}

static void take_report(struct checks *checks, const struct server *server, uint64_t ask,
			const struct buf *text)
{
	AUTO_FREE struct store_first_step *first_step = calloc(1, sizeof *first_step);
	struct check *check = find(checks, server->id);
	const int64_t now_ms = clock_now_ms();
	struct err err = {0};
	bool opened = false;

	if (first_step == NULL ||
	    store_first_step_get(checks->core->store, server->id, first_step, &err) < 0 ||
	    !is_welcome(check, ask, first_step, now_ms))
		return;
	if (report_read(buf_str(text), text->len, now_ms, first_step, &err) < 0 ||
	    store_report(checks, server, first_step, &opened, &err) < 0) {
		log_warning("server %" PRIu64 ": its report is not taken: %s", server->id,
			    err.text);
		/* It has answered, whatever that was: nobody waits for more. */
		if (check != NULL && check->ask == ask)
			check->reported = true;
		return;
	}
	if (opened)
		checks_opened(checks, server->id);
	else
		events_server_changed(checks->core->events, server->id);
	if (check != NULL && check->ask == ask)
		check->reported = true;
	else if (first_step->closed || now_ms - first_step->probed_ms > AGAIN_MS)
		begin_by_itself(checks, server->id);
	checks_kick(checks);
}

/* An image that has nothing to report with. */
static void take_none(struct checks *checks, const struct server *server)
{
	AUTO_FREE struct store_first_step *first_step = calloc(1, sizeof *first_step);
	struct err err = {0};
	int code = first_step != NULL ? 0 : -ENOMEM;

	if (code == 0)
		code = store_first_step_get(checks->core->store, server->id, first_step, &err);
	if (code < 0 || first_step->reports != FIRST_STEP_REPORTS_UNKNOWN)
		return;
	first_step->reports = FIRST_STEP_REPORTS_NOTHING;
	if (store_first_step_put(checks->core->store, first_step, clock_now_ms(), true, &err) < 0)
		log_error("server %" PRIu64 ": %s", server->id, err.text);
}

void checks_line(struct checks *checks, const uint8_t uuid[UUID_BYTES], const char *line)
{
	struct buf text CLEANUP(buf_done) = {0};
	struct server server CLEANUP(server_done) = {0};
	uint64_t ask = 0;
	const enum inbox_event event =
		inbox_take(checks->inbox, uuid, line, clock_mono_ms(), &ask, &text);
	struct check *check;

	if (event == INBOX_NOTHING || checks->stopped ||
	    store_server_get_by_uuid(checks->core->store, uuid, &server, NULL) < 0)
		return;
	if (event == INBOX_REPORT)
		take_report(checks, &server, ask, &text);
	else if (event == INBOX_NONE)
		take_none(checks, &server);
	else if ((check = find(checks, server.id)) != NULL && check->ask == ask)
		check->key_ready = true;
	checks_kick(checks);
}

void checks_first_boot(struct checks *checks, uint64_t server_id)
{
	struct check *running = find(checks, server_id);

	if (!checks_possible(checks->core->config))
		return;
	if (running != NULL)
		running->again = true;
	else
		begin_by_itself(checks, server_id);
}

void checks_server_gone(struct checks *checks, uint64_t server_id)
{
	struct check *check = find(checks, server_id);

	if (check != NULL)
		fail(check, ERR_SERVER_NOT_RUNNING, "the server was deleted", false);
}

/* --- time --- */

static void end_of_waiting(struct checks *checks)
{
	const int64_t most_ms = (int64_t)checks->core->config->first_step_minutes * 60000;
	struct store *store = checks->core->store;
	uint64_t ids[IDS_MAX];
	size_t count = 0;
	struct err err = {0};

	if (most_ms == 0)
		return;
	if (store_first_step_late(store, clock_now_ms() - most_ms, ids, IDS_MAX, &count, &err) < 0)
		log_error("%s", err.text);
	for (size_t i = 0; i < count; i++) {
		struct server server CLEANUP(server_done) = {0};
		int code = store_server_get(store, 0, ids[i], &server, &err);
		if (code == 0)
			code = store_begin(store, &err);
		if (code == 0)
			code = open_edge(store, &server, FIRST_STEP_TIMEOUT, &err);
		if (code == 0)
			code = store_commit(store, &err);
		store_rollback(store);
		if (code == 0)
			checks_opened(checks, ids[i]);
		else
			log_error("server %" PRIu64 ": %s", ids[i], err.text);
	}
}

static void note_age(struct checks *checks)
{
	struct store *store = checks->core->store;
	AUTO_FREE struct store_first_step *first_step = calloc(1, sizeof *first_step);
	uint64_t ids[IDS_MAX];
	size_t count = 0;
	struct err err = {0};

	if (first_step == NULL ||
	    store_first_step_aged(store, clock_now_ms(), ids, IDS_MAX, &count, &err) < 0)
		return;
	for (size_t i = 0; i < count; i++) {
		if (store_first_step_get(store, ids[i], first_step, &err) == 0 &&
		    store_first_step_put(store, first_step, clock_now_ms(), true, &err) == 0)
			events_server_changed(checks->core->events, ids[i]);
		else
			log_error("server %" PRIu64 ": %s", ids[i], err.text);
	}
}

static void begin_due(struct checks *checks)
{
	const int64_t now_ms = clock_now_ms();
	uint64_t ids[AT_ONCE];
	size_t count = 0;
	struct err err = {0};

	if (!checks_possible(checks->core->config) || checks->count >= AT_ONCE)
		return;
	if (store_first_step_due(checks->core->store, now_ms - DAY_MS, now_ms - AGAIN_MS, ids,
				 AT_ONCE - checks->count, &count, &err) < 0)
		log_error("%s", err.text);
	for (size_t i = 0; i < count; i++)
		if (find(checks, ids[i]) == NULL)
			begin_by_itself(checks, ids[i]);
}

static void end_of_stopped(struct checks *checks)
{
	struct check *next;

	for (struct check *check = checks->list; check != NULL; check = next) {
		struct server server CLEANUP(server_done) = {0};
		next = check->next;
		if (check->over || (store_server_get(checks->core->store, 0, check->server_id,
						     &server, NULL) == 0 &&
				    server.status == SERVER_RUNNING && !server.rescue_running))
			continue;
		fail(check, ERR_SERVER_NOT_RUNNING, "the server is not running any more", false);
	}
}

static void on_tick(uv_timer_t *timer)
{
	struct checks *checks = timer->data;

	end_of_stopped(checks);
	turn(checks);
	checks->ticks++;
	if (checks->ticks % LATE_TICKS == 0)
		end_of_waiting(checks);
	if (checks->ticks % DUE_TICKS == 0) {
		note_age(checks);
		begin_due(checks);
	}
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
	(void)uv_timer_start(&checks->timer, on_tick, TICK_MS, TICK_MS);
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

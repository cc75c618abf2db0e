// What guests are asked, and what they say.
#include "core/first_step/check.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "core/actions/engine.h"
#include "core/events.h"
#include "core/first_step/report.h"
#include "core/hostlink/host_client.h"
#include "store/store_server.h"

#define KEY_SECONDS    300 /* a guest lets the key in for so long at most: probes queue */
#define ASK_TIMEOUT_MS 10000
#define REST_MS        5000 /* between two reports that nobody asked for */
#define BLOB_BYTES     51

static void on_asked(void *context, int code, const char *text, struct reader *answer, bool more)
{
	struct check *check = context;

	if (more)
		return;
	check->asking = false;
	if (check->over) {
		check_drop(check);
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

int checks_ask_guest(struct check *check, const struct server *server, struct err *err)
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
	if ((code = judging_settle(checks, server, first_step, ret_opened, err)) < 0)
		return code;
	return store_commit(store, err);
}

static void take_report(struct checks *checks, const struct server *server, uint64_t ask,
			const struct buf *text)
{
	AUTO_FREE struct store_first_step *first_step = calloc(1, sizeof *first_step);
	struct check *check = check_find(checks, server->id);
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
	/* A guest that reports unasked has just started, and may not have heard what it was asked:
	 * a look that goes on without it is followed by another. One that answers has heard. */
	if (check != NULL && check->ask == ask) {
		check->reported = true;
		check->again = check->again && check->phase == PHASE_PROBE;
	} else if (first_step->closed || now_ms - first_step->probed_ms > CHECK_AGAIN_MS) {
		checks_begin(checks, server->id);
	}
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
	else if ((check = check_find(checks, server.id)) != NULL && check->ask == ask)
		check->key_ready = true;
	checks_kick(checks);
}

void checks_first_boot(struct checks *checks, uint64_t server_id)
{
	struct check *running = check_find(checks, server_id);

	if (!checks_possible(checks->core->config))
		return;
	if (running != NULL)
		running->again = true;
	else
		checks_begin(checks, server_id);
}

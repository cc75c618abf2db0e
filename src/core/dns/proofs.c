/*
 * Theory of operation. A zone whose name has to be proven is made at once, and nothing of its
 * owner's is answered until one of these is found at the resolver: a TXT record at
 * _ippo-challenge.NAME or at NAME with the account's own token, or, where [dns] allows it, an NS
 * record of NAME that is one of ours. A token is of use to its account alone, so that it may be
 * read by all the world.
 *
 * Only records of that very name count. Whoever has an alias to somebody else's name, a wildcard
 * among them, has not given their name away with it.
 *
 * A delegation shows itself only when whom it leads to answers for the name: a zone that may be
 * proven by one is answered with SOA and NS. The resolver comes to that answer from the root, and
 * so only when the zones above lead here; were this service's own name server the resolver, every
 * zone would prove itself, which is why it is not believed then.
 */
#include "core/dns/proofs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "core/dns/dns.h"
#include "core/dns/lookups.h"
#include "model/rrset.h"
#include "store/store_history.h"
#include "store/store_zone_proof.h"

#define LOOK_MS      5000
#define MAX_AT_ONCE  8
#define DNS_PORT     53
#define NOBODY_FOUND "neither the TXT record nor a delegation to these name servers was found"
#define NO_TXT_FOUND "the TXT record was not found"
#define IS_OURSELVES                                                                               \
	"the TXT record was not found, and a delegation cannot be seen: the resolver is this "     \
	"service's own name server"

struct proofs {
	struct core *core;
	uv_timer_t timer;
	enum zone_proof required;
	bool asks_ourselves;
	size_t running; /* of the timer's */
};

/* What is asked, one after the other. */
enum stage { STAGE_CHALLENGE, STAGE_TXT, STAGE_NS, STAGE_END };

struct check {
	struct proofs *proofs;
	uint64_t zone_id;
	char name[NAME_DNS_BYTES];
	char token[ZONE_TOKEN_BYTES];
	enum zone_proof proof;
	enum stage stage;
	proofs_reply *reply;
	void *context;
	char why[ZONE_ERROR_BYTES];
};

struct names {
	const char *records;
	bool found;
};

/* --- what came of it --- */

static int tell(struct store *store, const struct zone *zone, const char *what, const char *by,
		struct err *err)
{
	struct history_line line = {.customer_id = zone->customer_id,
				    .actor = HISTORY_SYSTEM,
				    .result = HISTORY_SUCCESS,
				    .resource_type = "zone",
				    .resource_id = zone->id};

	(void)snprintf(line.what, sizeof line.what, "%s", what);
	(void)snprintf(line.resource_name, sizeof line.resource_name, "%.*s",
		       (int)sizeof line.resource_name - 1, zone->name);
	if (by != NULL)
		(void)snprintf(line.details, sizeof line.details, "{\"by\":\"%s\"}", by);
	return store_history_append(store, &line, err);
}

int proofs_accept(struct proofs *proofs, struct zone *zone, const char *by, struct err *err)
{
	struct store *store = proofs->core->store;
	int code;

	zone->proof = ZONE_PROOF_DONE;
	zone->proof_ms = clock_now_ms();
	zone->proof_why[0] = '\0';
	/* A version of its own: what is on its way to the name server is what it was before. */
	if ((code = store_zone_set_proof(store, zone, err)) < 0 ||
	    (code = store_zone_begin_version(store, zone, "ippo", zone->proof_ms, err)) < 0)
		return code;
	return tell(store, zone, "zone.prove", by, err);
}

int proofs_give_up(struct proofs *proofs, const struct zone *zone, struct err *err)
{
	struct store *store = proofs->core->store;
	const int code = tell(store, zone, "zone.delete", NULL, err);

	return code < 0 ? code : store_zone_delete(store, zone->id, err);
}

static int keep(struct check *check, const char *by, struct err *err)
{
	struct store *store = check->proofs->core->store;
	struct zone zone CLEANUP(zone_done) = {0};
	struct err foreign = {0};
	int code;

	if ((code = store_begin(store, err)) < 0)
		return code;
	STORE_GUARD(store);
	if ((code = store_zone_get(store, 0, check->zone_id, &zone, err)) < 0)
		return code;
	if (zone.proof != ZONE_PROOF_TXT && zone.proof != ZONE_PROOF_DELEGATION)
		return 0;
	/* Somebody else may have proven a name above or below it meanwhile. */
	if (by != NULL) {
		code = store_zone_check_owner(store, zone.customer_id, zone.name, &foreign);
		if (code < 0 && code != ERR_FORBIDDEN)
			return err_set(err, code, "%s", foreign.text);
		if (code == 0) {
			if ((code = proofs_accept(check->proofs, &zone, by, err)) < 0)
				return code;
			return store_commit(store, err);
		}
		(void)snprintf(check->why, sizeof check->why, "%s", foreign.text);
	}
	zone.proof_ms = clock_now_ms();
	(void)snprintf(zone.proof_why, sizeof zone.proof_why, "%s", check->why);
	if (zone.proof_ms > zone.proof_until_ms) {
		zone.proof = ZONE_PROOF_EXPIRED;
		if ((code = tell(store, &zone, "zone.expire_proof", NULL, err)) < 0)
			return code;
	}
	if ((code = store_zone_set_proof(store, &zone, err)) < 0)
		return code;
	return store_commit(store, err);
}

/* Frees it. */
static void end(struct check *check, const char *by)
{
	struct dns *dns = check->proofs->core->dns;
	struct err err = {0};
	const int code = keep(check, by, &err);

	if (code < 0 && code != ERR_NOT_FOUND)
		log_error("proof of %s: %s", check->name, err.text);
	check->reply(check->context, code, &err);
	free(check);
	dns_kick(dns);
}

/* --- asking --- */

static void compare(void *context, const char *name)
{
	struct names *names = context;

	names->found = names->found || zone_has_name_server(names->records, name);
}

static int ask(struct check *check, struct err *err);

static void on_names(void *context, const struct probe_names *names)
{
	struct check *check = context;
	struct names servers = {.records = names->records};
	struct err err = {0};

	if (names->status == PROBE_NAME_FOUND && check->stage == STAGE_NS) {
		dns_names(check->proofs->core, compare, &servers);
		if (servers.found) {
			end(check, "delegation");
			return;
		}
	} else if (names->status == PROBE_NAME_FOUND &&
		   zone_has_proof(names->records, check->token)) {
		end(check, "txt");
		return;
	}
	/* Where nothing answers for the name yet, no answer is what a resolver has. */
	if (names->status == PROBE_NAME_FAILED)
		(void)snprintf(check->why, sizeof check->why, "%s", names->why);
	check->stage++;
	if (ask(check, &err) < 0) {
		(void)snprintf(check->why, sizeof check->why, "%s", err.text);
		end(check, NULL);
	}
}

/* The next thing there is to ask; at the end of them it is over. */
static int ask(struct check *check, struct err *err)
{
	char name[sizeof ZONE_PROOF_LABEL + NAME_DNS_BYTES];

	(void)snprintf(name, sizeof name, ZONE_PROOF_LABEL ".%s", check->name);
	if (check->stage == STAGE_CHALLENGE && strlen(name) >= NAME_DNS_BYTES)
		check->stage++;
	if (check->stage == STAGE_NS &&
	    (check->proof != ZONE_PROOF_DELEGATION || check->proofs->asks_ourselves))
		check->stage++;
	if (check->stage == STAGE_END) {
		if (check->why[0] == '\0')
			(void)snprintf(check->why, sizeof check->why, "%s",
				       check->proof != ZONE_PROOF_DELEGATION ? NO_TXT_FOUND
				       : check->proofs->asks_ourselves       ? IS_OURSELVES
									     : NOBODY_FOUND);
		end(check, NULL);
		return 0;
	}
	return lookups_ask(
		check->proofs->core->lookups, check->stage == STAGE_CHALLENGE ? name : check->name,
		check->stage == STAGE_NS ? RRSET_NS : RRSET_TXT, true, on_names, check, err);
}

/* One that has expired is waited for once more. */
static int reopen(struct proofs *proofs, const struct zone *zone, struct err *err)
{
	struct store *store = proofs->core->store;
	struct zone now CLEANUP(zone_done) = {0};
	int code;

	if ((code = store_begin(store, err)) < 0)
		return code;
	STORE_GUARD(store);
	if ((code = store_zone_get(store, 0, zone->id, &now, err)) < 0)
		return code;
	if (now.proof != ZONE_PROOF_EXPIRED)
		return 0;
	now.proof = proofs->required == ZONE_PROOF_DELEGATION && !now.secondary
			    ? ZONE_PROOF_DELEGATION
			    : ZONE_PROOF_TXT;
	now.proof_until_ms = clock_now_ms() + ZONE_PROOF_UNTIL_MS;
	if ((code = store_zone_set_proof(store, &now, err)) < 0)
		return code;
	return store_commit(store, err);
}

int proofs_check(struct proofs *proofs, const struct zone *zone, proofs_reply *reply, void *context,
		 struct err *err)
{
	AUTO_FREE struct check *check = calloc(1, sizeof *check);
	int code = check == NULL ? err_set(err, -ENOMEM, "no memory") : 0;

	if (code == 0 && zone->proof == ZONE_PROOF_EXPIRED)
		code = reopen(proofs, zone, err);
	if (code < 0)
		return code;
	*check = (struct check){.proofs = proofs,
				.zone_id = zone->id,
				.proof = zone->proof == ZONE_PROOF_EXPIRED ? proofs->required
									   : zone->proof,
				.reply = reply,
				.context = context};
	(void)snprintf(check->name, sizeof check->name, "%s", zone->name);
	if ((code = store_zone_token(proofs->core->store, zone->customer_id, check->token, err)) <
		    0 ||
	    (code = ask(check, err)) < 0)
		return code;
	(void)steal_ptr(check);
	return 0;
}

/* --- from time to time --- */

static void on_checked(void *context, int code, struct err *err)
{
	struct proofs *proofs = context;

	proofs->running--;
}

static void on_look(uv_timer_t *timer)
{
	struct proofs *proofs = timer->data;
	struct store_zones zones CLEANUP(store_zone_done) = {0};
	struct err err = {0};

	if (proofs->running > 0)
		return;
	if (store_zone_proof_due(proofs->core->store, clock_now_ms(), MAX_AT_ONCE, &zones, &err) <
	    0) {
		log_error("proofs of zones: %s", err.text);
		return;
	}
	for (size_t i = 0; i < zones.count; i++)
		if (proofs_check(proofs, &zones.items[i], on_checked, proofs, &err) == 0)
			proofs->running++;
}

/* --- from the settings --- */

static bool listens_there(const struct core *core)
{
	const char *text = core->config->dns_listen;

	while (*(text += strspn(text, " ,\t")) != '\0') {
		const size_t len = strcspn(text, " ,\t");
		char word[80];
		uint16_t port = 0;
		struct ip ip;
		(void)snprintf(word, sizeof word, "%.*s", (int)len, text);
		text += len;
		if (dns_parse_address(word, DNS_PORT, &ip, &port) == 0 &&
		    lookups_is_resolver(core->lookups, &ip, port))
			return true;
	}
	return false;
}

static enum zone_proof proof_of(const char *word)
{
	return strcmp(word, "txt") == 0                 ? ZONE_PROOF_TXT
	       : strcmp(word, "txt-or-delegation") == 0 ? ZONE_PROOF_DELEGATION
							: ZONE_PROOF_NONE;
}

int proofs_new(struct core *core, struct proofs **ret, struct err *err)
{
	struct proofs *proofs = calloc(1, sizeof *proofs);

	if (proofs == NULL)
		return err_set(err, -ENOMEM, "no memory");
	proofs->core = core;
	proofs->required = proof_of(core->config->dns_proof);
	proofs->asks_ourselves = listens_there(core);
	(void)uv_timer_init(&core->loop, &proofs->timer);
	proofs->timer.data = proofs;
	*ret = proofs;
	return 0;
}

void proofs_start(struct proofs *proofs)
{
	(void)uv_timer_start(&proofs->timer, on_look, LOOK_MS, LOOK_MS);
}

void proofs_require(const struct proofs *proofs, struct zone *zone)
{
	zone->proof = proofs->required;
	zone->proof_until_ms =
		proofs->required == ZONE_PROOF_NONE ? 0 : zone->created_ms + ZONE_PROOF_UNTIL_MS;
}

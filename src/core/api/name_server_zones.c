// /v1/name_servers/…: whether one answers what the first one does, and what zones say of them all.
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/parse.h"
#include "core/api/note.h"
#include "core/api/router.h"
#include "core/dns/apex.h"
#include "core/dns/dns.h"
#include "core/dns/lookups.h"
#include "store/store_name_server.h"

#define TYPE_SOA      6
#define SOA_SERIAL_AT 2 /* after the names of the first server and of who cares for it */
#define RESOLVER      "the resolver"

/* --- whether it follows --- */

struct look {
	struct request *request;
	struct zone zone;
};

static void look_free(struct look *look)
{
	zone_done(&look->zone);
	free(look);
}

static bool read_serial(const char *soa, uint32_t *ret)
{
	uint64_t number = 0;
	char word[16];

	for (int i = 0; i < SOA_SERIAL_AT; i++) {
		soa += strcspn(soa, " \n");
		soa += strspn(soa, " ");
	}
	(void)snprintf(word, sizeof word, "%.*s", (int)strcspn(soa, " \n"), soa);
	if (parse_u64(word, 0, UINT32_MAX, &number) < 0)
		return false;
	*ret = (uint32_t)number;
	return true;
}

static json_t *render(const char *status, const struct zone *zone, json_t *serial,
		      const char *reason)
{
	return json_pack("{s:s, s:s?, s:o, s:o, s:s?}", "status", status, "zone",
			 zone != NULL ? zone->shown : NULL, "serial", serial, "expected",
			 zone != NULL ? json_integer(zone->serial) : json_null(), "reason", reason);
}

/* Who asks speaks of resolvers. */
static void put_reason(const char *why, char out[PROBE_TEXT_BYTES + 16])
{
	const size_t len = strlen(RESOLVER);
	const bool found = strncmp(why, RESOLVER, len) == 0;

	(void)snprintf(out, PROBE_TEXT_BYTES + 16, "%s%s", found ? "the name server" : "",
		       found ? why + len : why);
}

static void on_soa(void *context, const struct probe_names *names)
{
	struct look *look = context;
	char reason[PROBE_TEXT_BYTES + 16];
	struct err err = {0};
	uint32_t serial = 0;
	json_t *state;

	if (names->status == PROBE_NAME_FAILED && strcmp(names->why, PROBE_WHY_REFUSED) == 0) {
		state = render("behind", &look->zone, json_null(), "it does not have the zone");
	} else if (names->status == PROBE_NAME_FAILED) {
		put_reason(names->why, reason);
		state = render("silent", &look->zone, json_null(), reason);
	} else if (names->status == PROBE_NAME_NONE || !read_serial(names->records, &serial)) {
		state = render("behind", &look->zone, json_null(), NULL);
	} else {
		/* RFC 1982: later, or the same. */
		state = render((int32_t)(serial - look->zone.serial) >= 0 ? "current" : "behind",
			       &look->zone, json_integer(serial), NULL);
	}
	router_finish(look->request, request_answer(look->request, 200, "state", state), &err);
	look_free(look);
}

static int ask(struct request *request, const struct name_server_row *server, struct zone *zone,
	       struct err *err)
{
	struct look *look = calloc(1, sizeof *look);
	struct ip ip;
	int code = look == NULL ? err_set(err, -ENOMEM, "no memory") : 0;

	if (code < 0)
		return code;
	look->request = request;
	look->zone = *zone;
	*zone = (struct zone){0};
	code = ip_parse(server->address, &ip) < 0
		       ? err_set(err, ERR_CORRUPT, "a name server without an address")
		       : lookups_ask_at(request->core->lookups, &ip, server->port, look->zone.name,
					TYPE_SOA, on_soa, look, err);
	if (code == 0)
		return REQUEST_LATER;
	look_free(look);
	return code;
}

static int get_state(struct request *request, struct err *err)
{
	struct name_server_row server;
	struct zone zone CLEANUP(zone_done) = {0};
	struct store *store = request->core->store;
	int code = store_name_server_get(store, request->id, &server, err);

	if (code < 0)
		return code;
	code = store_zone_newest(store, &zone, err);
	if (code == ERR_NOT_FOUND) /* nothing to compare */
		return request_answer(request, 200, "state",
				      render("unknown", NULL, json_null(), NULL));
	return code < 0 ? code : ask(request, &server, &zone, err);
}

/* --- what zones say --- */

static json_t *render_counts(const struct apex_counts *counts)
{
	return json_pack("{s:I, s:I, s:I, s:I}", "total", (json_int_t)counts->zones, "outdated",
			 (json_int_t)counts->outdated, "elsewhere", (json_int_t)counts->elsewhere,
			 "protected", (json_int_t)counts->protected);
}

static int get_zones(struct request *request, struct err *err)
{
	struct apex_counts counts = {0};
	const int code = apex_count(request->core, &counts, err);

	return code < 0 ? code : request_answer(request, 200, "zones", render_counts(&counts));
}

static int update_zones(struct request *request, struct err *err)
{
	struct apex_counts counts = {0};
	struct store *store = request->core->store;
	int code;

	if ((code = store_begin(store, err)) < 0)
		return code;
	STORE_GUARD(store);
	if ((code = apex_update(request->core, request->who_name, &counts, err)) < 0)
		return code;
	note_detail(request, "zones", json_integer((json_int_t)counts.outdated));
	if ((code = store_commit(store, err)) < 0)
		return code;
	dns_kick(request->core->dns);
	return request_answer(request, 201, "updated", json_integer((json_int_t)counts.outdated));
}

const struct route name_server_zone_routes[] = {
	{"GET", "/name_servers/zones", ACCESS_SERVICE_READ, get_zones},
	{"POST", "/name_servers/actions/update_zones", ACCESS_SERVICE, update_zones,
	 "name_server.update_zones"},
	{"GET", "/name_servers/{id}/state", ACCESS_SERVICE_READ, get_state},
	{NULL, NULL, 0, NULL},
};

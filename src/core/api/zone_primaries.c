// Where a secondary zone is fetched from: taken from a body, shown, changed.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/parse.h"
#include "core/api/note.h"
#include "core/api/router.h"
#include "core/api/zone_request.h"
#include "core/dns/dns.h"
#include "core/dns/lookups.h"
#include "store/store_zone_primary.h"

#define FIELD    "primary_nameservers"
#define DNS_PORT 53

static int take_text(struct request *request, const json_t *item, const char *key, char *out,
		     size_t size, struct err *err)
{
	const json_t *value = json_object_get(item, key);

	if (value == NULL || json_is_null(value))
		return 0;
	if (!json_is_string(value) || strlen(json_string_value(value)) >= size ||
	    strlen(json_string_value(value)) != json_string_length(value))
		return request_invalid(request, err, FIELD, "%s must be a text, and shorter", key);
	(void)snprintf(out, size, "%s", json_string_value(value));
	return 0;
}

/* Whoever can have zones fetched could have connections made: to public addresses alone. */
static int check_address(struct request *request, struct zone_primary *primary, struct err *err)
{
	const struct config_networks *allowed = &request->core->config->dns_primary_allow;
	struct ip ip;
	bool allows = false;

	if (ip_parse(primary->address, &ip) < 0)
		return request_invalid(request, err, FIELD,
				       "address must be an IPv4 or IPv6 address");
	for (unsigned i = 0; i < allowed->count; i++)
		allows = allows || ip_contains(&allowed->items[i], &ip);
	if (!allows && !ip_is_public(&ip))
		return request_invalid(
			request, err, FIELD,
			"address must be a public one; the operator can allow others");
	ip_format(&ip, primary->address);
	return 0;
}

static int take_one(struct request *request, const json_t *item, struct zone_primary *ret,
		    struct err *err)
{
	const json_t *port = json_object_get(item, "port");
	int code;

	*ret = (struct zone_primary){.port = DNS_PORT};
	if (!json_is_object(item))
		return request_invalid(request, err, FIELD, "each has an address");
	if (port != NULL && !json_is_null(port)) {
		if (!json_is_integer(port) || json_integer_value(port) < 1 ||
		    json_integer_value(port) > UINT16_MAX)
			return request_invalid(request, err, FIELD, "port is 1 to 65535");
		ret->port = (uint16_t)json_integer_value(port);
	}
	if ((code = take_text(request, item, "address", ret->address, sizeof ret->address, err)) <
		    0 ||
	    (code = take_text(request, item, "tsig_algorithm", ret->tsig_algorithm,
			      sizeof ret->tsig_algorithm, err)) < 0 ||
	    (code = take_text(request, item, "tsig_key", ret->tsig_key, sizeof ret->tsig_key,
			      err)) < 0)
		return code;
	if ((code = zone_check_primary(ret, err)) < 0)
		return request_field(request, FIELD, code, err);
	return check_address(request, ret, err);
}

int zone_request_primaries(struct request *request, const struct zone *zone,
			   struct store_zone_primaries *ret, struct err *err)
{
	const json_t *list = json_object_get(request->body, FIELD), *item;
	size_t i;
	int code;

	*ret = (struct store_zone_primaries){0};
	if (!json_is_array(list) || json_array_size(list) == 0 ||
	    json_array_size(list) > ZONE_PRIMARIES_MAX)
		return request_invalid(request, err, FIELD, "must be a list of one to %d",
				       ZONE_PRIMARIES_MAX);
	json_array_foreach(list, i, item)
	{
		struct zone_primary *one = &ret->items[ret->count++];
		if ((code = take_one(request, item, one, err)) < 0)
			return code;
		if (strcmp(one->tsig_algorithm, ret->items[0].tsig_algorithm) != 0 ||
		    strcmp(one->tsig_key, ret->items[0].tsig_key) != 0)
			return request_invalid(request, err, FIELD,
					       "all of a zone have the same key, or none");
	}
	if (strlen(zone->name) + sizeof ZONE_TSIG_PREFIX > NAME_DNS_BYTES)
		return request_invalid(request, err, FIELD,
				       "the zone's name is too long for a key");
	return 0;
}

json_t *zone_request_render_primaries(struct request *request, const struct zone *zone)
{
	struct store_zone_primaries primaries = {0};
	json_t *list = json_array();

	if (!zone->secondary ||
	    store_zone_primaries(request->core->store, zone->id, &primaries, NULL) < 0)
		return list;
	for (size_t i = 0; i < primaries.count; i++) {
		const struct zone_primary *one = &primaries.items[i];
		json_t *item =
			json_pack("{s:s, s:i}", "address", one->address, "port", (int)one->port);
		const bool has_key = one->tsig_algorithm[0] != '\0';
		(void)json_object_set_new(item, "tsig_algorithm",
					  has_key ? json_string(one->tsig_algorithm) : json_null());
		/* What was given to be kept secret is shown to nobody. */
		(void)json_object_set_new(item, "tsig_key", json_null());
		(void)json_object_set_new(item, "tsig_name",
					  has_key ? json_sprintf(ZONE_TSIG_PREFIX "%s.", zone->name)
						  : json_null());
		(void)json_array_append_new(list, item);
	}
	explicit_bzero(&primaries, sizeof primaries);
	return list;
}

static int change(struct request *request, struct err *err)
{
	struct zone zone CLEANUP(zone_done) = {0};
	struct store_zone_primaries primaries;
	struct store *store = request->core->store;
	int code;

	if ((code = zone_request_begin(request, &zone, false, err)) < 0)
		return code;
	STORE_GUARD(store);
	if (!zone.secondary)
		return err_set(err, ERR_UNSUPPORTED, "%.150s is no secondary zone", zone.shown);
	if ((code = zone_request_primaries(request, &zone, &primaries, err)) < 0)
		return code;
	json_t *addresses = json_array();
	for (size_t i = 0; i < primaries.count; i++)
		(void)json_array_append_new(addresses, json_string(primaries.items[i].address));
	note_detail(request, "addresses", addresses);
	code = store_zone_set_primaries(store, zone.id, &primaries, err);
	explicit_bzero(&primaries, sizeof primaries);
	if (code < 0 || (code = store_zone_begin_version(store, &zone, request->who_name,
							 clock_now_ms(), err)) < 0)
		return code;
	return zone_request_end(request, &zone, ACTION_CHANGE_ZONE_PRIMARIES, 201, NULL, NULL, err);
}

/* --- what is held --- */

static void on_held(void *context, int code, const char *text)
{
	struct request *request = context;
	struct err err = {0};

	code = code < 0 ? err_set(&err, ERR_UNAVAILABLE, "%s", text)
			: request_answer(request, 200, "zonefile", json_string(text));
	router_finish(request, code, &err);
}

int zone_request_read_held(struct request *request, const struct zone *zone, struct err *err)
{
	const int code = dns_read(request->core->dns, zone->name, NULL, on_held, request, err);

	return code < 0 ? code : REQUEST_LATER;
}

/* --- what the primaries say --- */

struct look {
	struct request *request;
	char zone[NAME_DNS_BYTES];
	struct store_zone_primaries primaries;
	size_t at;
	json_t *states;
};

static void look_free(struct look *look)
{
	explicit_bzero(&look->primaries, sizeof look->primaries);
	json_decref(look->states);
	free(look);
}

/* The third word of an SOA. */
static json_t *read_serial(const char *soa)
{
	uint64_t number = 0;
	char word[16];

	for (int i = 0; i < 2; i++) {
		soa += strcspn(soa, " \n");
		soa += strspn(soa, " ");
	}
	(void)snprintf(word, sizeof word, "%.*s", (int)strcspn(soa, " \n"), soa);
	return parse_u64(word, 0, UINT32_MAX, &number) == 0 ? json_integer((json_int_t)number)
							    : json_null();
}

static int ask_next(struct look *look, struct err *err);

/* Words of ippo-probe speak of a resolver. */
static const char *reason_of(const struct probe_names *names)
{
	if (names->status == PROBE_NAME_NONE)
		return "it has no such zone";
	if (names->status == PROBE_NAME_FOUND)
		return NULL;
	if (strcmp(names->why, PROBE_WHY_KEY) == 0)
		return names->why;
	if (strcmp(names->why, PROBE_WHY_REFUSED) == 0)
		return "it refuses to hand out the zone, or does not have it";
	return "it does not answer";
}

static void on_transfer(void *context, const struct probe_names *names)
{
	struct look *look = context;
	const struct zone_primary *primary = &look->primaries.items[look->at++];
	struct request *request = look->request;
	const char *why = reason_of(names);
	struct err err = {0};
	int code;

	(void)json_array_append_new(
		look->states,
		json_pack("{s:s, s:i, s:s, s:o, s:s?}", "address", primary->address, "port",
			  (int)primary->port, "status",
			  why == NULL                              ? "ok"
			  : strcmp(why, "it does not answer") == 0 ? "silent"
								   : "refused",
			  "serial", why == NULL ? read_serial(names->records) : json_null(),
			  "reason", why));
	if (look->at < look->primaries.count && (code = ask_next(look, &err)) == 0)
		return;
	code = look->at < look->primaries.count
		       ? err.code
		       : request_answer(request, 200, "primary_nameservers",
					json_incref(look->states));
	router_finish(request, code, &err);
	look_free(look);
}

static int ask_next(struct look *look, struct err *err)
{
	return lookups_ask_transfer(look->request->core->lookups, &look->primaries.items[look->at],
				    look->zone, on_transfer, look, err);
}

static int get_states(struct request *request, struct err *err)
{
	struct zone zone CLEANUP(zone_done) = {0};
	struct look *look;
	int code;

	if ((code = zone_request_find(request, &zone, err)) < 0)
		return code;
	if (!zone.secondary)
		return err_set(err, ERR_UNSUPPORTED, "%.150s is no secondary zone", zone.shown);
	if ((look = calloc(1, sizeof *look)) == NULL)
		return err_set(err, -ENOMEM, "no memory");
	look->request = request;
	look->states = json_array();
	(void)snprintf(look->zone, sizeof look->zone, "%s", zone.name);
	code = store_zone_primaries(request->core->store, zone.id, &look->primaries, err);
	if (code == 0 && zone_is_unproven(&zone))
		code = err_set(err, ERR_FORBIDDEN, "the name has to be proven to be yours first");
	if (code == 0 && (code = ask_next(look, err)) == 0)
		return REQUEST_LATER;
	look_free(look);
	return code;
}

const struct route zone_primary_routes[] = {
	{"GET", "/zones/{zone}/primary_nameservers", ACCESS_READ, get_states},
	{"POST", "/zones/{zone}/actions/change_primary_nameservers", ACCESS_MANAGE, change,
	 "zone.change_primaries"},
	{NULL, NULL, 0, NULL},
};

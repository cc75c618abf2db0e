// /v1/servers/{id}/filter: what a server's packet filter is, what it has counted and refused.
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "core/actions/engine.h"
#include "core/api/firewall_fields.h"
#include "core/api/router.h"
#include "core/api/servers.h"
#include "core/filter_policy.h"
#include "core/hostlink/host_client.h"
#include "model/server.h"

#define HOST_MS 10000

struct asking {
	struct request *request;
	json_t *filter; /* what is known without the host */
};

static const char *kind_name(uint8_t kind)
{
	static const char *const names[] = {"spoofed",  "rule",  "in",      "out",     "smtp",
					    "too_many", "crowd", "rate_in", "rate_out"};

	return kind < ARRAY_SIZE(names) ? names[kind] : "";
}

static json_t *protocol_json(uint8_t protocol)
{
	switch (protocol) {
	case IPPROTO_TCP:
		return json_string("tcp");
	case IPPROTO_UDP:
		return json_string("udp");
	case IPPROTO_ICMP:
		return json_string("icmp");
	case IPPROTO_ICMPV6:
		return json_string("icmpv6");
	case IPPROTO_GRE:
		return json_string("gre");
	case IPPROTO_ESP:
		return json_string("esp");
	default:
		return json_sprintf("%u", protocol);
	}
}

static json_t *counter_json(const struct host_counter *counter)
{
	const bool of_rule = counter->kind == HOST_COUNT_RULE;

	return json_pack("{s:s, s:o, s:o, s:I, s:I}", "kind", kind_name(counter->kind), "firewall",
			 of_rule && counter->firewall_id != 0
				 ? json_integer((json_int_t)counter->firewall_id)
				 : json_null(),
			 "rule", of_rule ? json_integer(counter->number) : json_null(), "packets",
			 (json_int_t)counter->packets, "bytes", (json_int_t)counter->bytes);
}

static json_t *refused_json(const struct host_refused *refused)
{
	char address[IP_TEXT_BYTES];

	ip_format(&refused->peer, address);
	return json_pack("{s:s, s:o, s:s, s:o, s:I, s:o, s:o}", "kind", kind_name(refused->kind),
			 "protocol", protocol_json(refused->protocol), "address", address, "port",
			 refused->port != 0 ? json_integer(refused->port) : json_null(), "count",
			 (json_int_t)refused->count, "first", json_time(refused->first_ms), "last",
			 json_time(refused->last_ms));
}

/* Appends to both lists. */
static int read_status(struct reader *answer, json_t *counters, json_t *refused)
{
	for (uint32_t left = reader_u32(answer); left > 0 && answer->error == 0; left--) {
		struct host_counter counter;
		if (host_counter_read(answer, &counter) == 0)
			(void)json_array_append_new(counters, counter_json(&counter));
	}
	for (uint32_t left = reader_u32(answer); left > 0 && answer->error == 0; left--) {
		struct host_refused item;
		if (host_refused_read(answer, &item) == 0)
			(void)json_array_append_new(refused, refused_json(&item));
	}
	return reader_done(answer);
}

/* Without the host's word the rest is shown all the same, and says so. */
static void finish(struct asking *asking, bool is_known, json_t *counters, json_t *refused)
{
	struct request *request = asking->request;
	json_t *filter = asking->filter;

	free(asking);
	(void)json_object_set_new(filter, "measured", json_boolean(is_known));
	(void)json_object_set_new(filter, "counters", counters);
	(void)json_object_set_new(filter, "refused", refused);
	router_finish(request, request_answer(request, 200, "filter", filter), NULL);
}

static void on_status(void *context, int code, const char *text, struct reader *answer, bool more)
{
	struct asking *asking = context;
	json_t *counters = json_array(), *refused = json_array();

	(void)text;
	if (more) {
		json_decref(counters);
		json_decref(refused);
		return;
	}
	if (code == 0)
		code = read_status(answer, counters, refused);
	finish(asking, code == 0, counters, refused);
}

static json_t *describe(const struct filter_policy *policy, bool is_applied)
{
	json_t *firewalls = json_array();

	for (size_t i = 0; i < policy->firewalls.count; i++) {
		const struct firewall *firewall = &policy->firewalls.items[i];
		(void)json_array_append_new(
			firewalls, json_pack("{s:I, s:s, s:o}", "id", (json_int_t)firewall->id,
					     "name", firewall->name, "rules",
					     firewall_fields_rules(&firewall->rules)));
	}
	return json_pack("{s:s, s:o, s:i, s:b, s:i, s:i, s:i, s:i, s:I, s:I}", "status",
			 is_applied ? "applied" : "pending", "firewalls", firewalls, "ssh_port",
			 policy->policy.ssh_port, "smtp_open", policy->policy.smtp_open,
			 "connections_per_second", FIREWALL_CONNECTIONS_PER_S, "connections_open",
			 FIREWALL_CONNECTIONS_MOST, "inbound_connections_per_second",
			 FIREWALL_INBOUND_PER_S, "inbound_connections_open", FIREWALL_INBOUND_MOST,
			 "bandwidth_in", (json_int_t)policy->bandwidth_in, "bandwidth_out",
			 (json_int_t)policy->bandwidth_out);
}

static int add_trial(struct request *request, uint64_t firewall_id, json_t *trials, struct err *err)
{
	struct firewall firewall CLEANUP(firewall_done) = {0};
	json_t *trial = firewall_fields_trial(request, firewall_id);
	int code;

	if (json_is_null(trial)) {
		json_decref(trial);
		return 0;
	}
	code = store_firewall_get(request->core->store, request->who.customer_id, firewall_id,
				  &firewall, err);
	if (code < 0) {
		json_decref(trial);
		return code;
	}
	(void)json_object_set_new(
		trial, "firewall",
		json_pack("{s:I, s:s}", "id", (json_int_t)firewall.id, "name", firewall.name));
	(void)json_array_append_new(trials, trial);
	return 0;
}

/* Of what is applied to it, and of what was until the change. */
static int list_trials(struct request *request, uint64_t server_id,
		       const struct filter_policy *policy, json_t *trials, struct err *err)
{
	struct store_server_ids cut CLEANUP(store_server_ids_done) = {0};
	int code = store_trial_of_server(request->core->store, server_id, &cut, err);

	for (size_t i = 0; code == 0 && i < policy->firewalls.count; i++)
		code = add_trial(request, policy->firewalls.items[i].id, trials, err);
	for (size_t i = 0; code == 0 && i < cut.count; i++) {
		bool is_listed = false;
		for (size_t n = 0; n < policy->firewalls.count; n++)
			is_listed = is_listed || policy->firewalls.items[n].id == cut.items[i];
		if (!is_listed)
			code = add_trial(request, cut.items[i], trials, err);
	}
	return code;
}

static int load(struct request *request, struct server *server, struct filter_policy *policy,
		struct err *err)
{
	int code = servers_find(request, server, err);

	return code < 0 ? code
			: filter_policy_load(request->core->store, server->customer_id, server->id,
					     policy, err);
}

static int get(struct request *request, struct err *err)
{
	struct server server CLEANUP(server_done) = {0};
	struct filter_policy policy CLEANUP(filter_policy_done) = {0};
	struct buf body CLEANUP(buf_done) = {0};
	uint64_t wanted = 0, applied = 0, id;
	struct asking *asking;
	int code;

	if ((code = load(request, &server, &policy, err)) < 0 ||
	    (code = store_filter_get(request->core->store, server.id, &wanted, &applied, err)) < 0)
		return code;
	json_t *trials = json_array();
	if ((code = list_trials(request, server.id, &policy, trials, err)) < 0 ||
	    (asking = calloc(1, sizeof *asking)) == NULL) {
		json_decref(trials);
		return code < 0 ? code : err_set(err, -ENOMEM, "no memory");
	}
	asking->request = request;
	asking->filter = describe(&policy, applied >= wanted);
	(void)json_object_set_new(asking->filter, "trials", trials);
	write_bytes(&body, server.uuid, UUID_BYTES);
	if (host_client_call(engine_host(request->core->engine), HOST_FILTER_STATUS, &body, 0, -1,
			     HOST_MS, on_status, asking, &id, err) == 0)
		return REQUEST_LATER;
	/* As finish() does, but within the handler. */
	json_t *filter = asking->filter;
	free(asking);
	(void)json_object_set_new(filter, "measured", json_false());
	(void)json_object_set_new(filter, "counters", json_array());
	(void)json_object_set_new(filter, "refused", json_array());
	return request_answer(request, 200, "filter", filter);
}

static int test(struct request *request, struct err *err)
{
	struct server server CLEANUP(server_done) = {0};
	struct filter_policy policy CLEANUP(filter_policy_done) = {0};
	int code = load(request, &server, &policy, err);

	return code < 0 ? code : firewall_fields_test(request, &policy.policy, err);
}

const struct route server_filter_routes[] = {
	{"GET", "/servers/{id}/filter", ACCESS_READ, get},
	{"GET", "/servers/{id}/filter/test", ACCESS_READ, test},
	{NULL, NULL, 0, NULL},
};

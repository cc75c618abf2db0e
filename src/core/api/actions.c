// /v1/actions and the actions of one server: how far everything is that was asked for.
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/parse.h"
#include "core/api/addresses.h"
#include "core/api/networks.h"
#include "core/api/render.h"
#include "core/api/router.h"
#include "core/api/servers.h"
#include "core/api/zone_request.h"
#include "store/store_action.h"
#include "store/store_firewall.h"
#include "store/store_server.h"

#define MAX_IDS REQUEST_MAX_QUERY

static int take_statuses(struct request *request, uint32_t *ret, struct err *err)
{
	const char *text;
	size_t at = 0;

	while ((text = request_query_next(request, "status", &at)) != NULL) {
		enum action_status status;
		if (action_status_parse(text, &status) < 0)
			return request_invalid(request, err, "status",
					       "must be running, success or error");
		*ret |= 1U << status;
	}
	return 0;
}

static int take_ids(struct request *request, uint64_t ids[MAX_IDS], size_t *ret, struct err *err)
{
	const char *text;
	size_t at = 0;

	while ((text = request_query_next(request, "id", &at)) != NULL)
		if (parse_u64(text, 1, INT64_MAX, &ids[(*ret)++]) < 0)
			return request_invalid(request, err, "id", "must be a number");
	return 0;
}

static int answer_list(struct request *request, struct store_action_filter *filter, struct err *err)
{
	struct list_query query CLEANUP(list_query_done) = {0};
	struct store_actions actions = {0};
	json_t *items;
	int code;

	if ((code = request_list(request, SORT_ACTION, &query, err)) < 0 ||
	    (code = take_statuses(request, &filter->statuses, err)) < 0)
		return code;
	filter->customer_id = request->who.customer_id;
	filter->sort = query.sort;
	filter->page = query.page;
	if ((code = store_action_list(request->core->store, filter, &actions, err)) < 0)
		return code;
	items = json_array();
	for (size_t i = 0; i < actions.count; i++)
		(void)json_array_append_new(items, render_action(&actions.items[i]));
	const uint64_t total = actions.total;
	store_action_done(&actions);
	return request_answer_list(request, "actions", items, &query.page, total);
}

static int list(struct request *request, struct err *err)
{
	uint64_t ids[MAX_IDS];
	struct store_action_filter filter = {0};
	int code = take_ids(request, ids, &filter.id_count, err);

	if (code < 0)
		return code;
	filter.ids = filter.id_count > 0 ? ids : NULL;
	return answer_list(request, &filter, err);
}

static int find(struct request *request, uint64_t id, struct action *ret, struct err *err)
{
	int code = store_action_get(request->core->store, request->who.customer_id, id, ret, err);

	return code == ERR_NOT_FOUND
		       ? err_set(err, code, "there is no action %llu", (unsigned long long)id)
		       : code;
}

static int get(struct request *request, struct err *err)
{
	struct action action CLEANUP(action_done) = {0};
	int code = find(request, request->id, &action, err);

	return code < 0 ? code : request_answer(request, 200, "action", render_action(&action));
}

static int list_of_type(struct request *request, enum action_resource_type type, uint64_t id,
			struct err *err)
{
	struct store_action_filter filter = {.resource_type = type, .resource_id = id};

	return answer_list(request, &filter, err);
}

static int list_of_servers(struct request *request, struct err *err)
{
	return list_of_type(request, ACTION_RESOURCE_SERVER, 0, err);
}

static int list_of_firewalls(struct request *request, struct err *err)
{
	return list_of_type(request, ACTION_RESOURCE_FIREWALL, 0, err);
}

static int list_of_images(struct request *request, struct err *err)
{
	return list_of_type(request, ACTION_RESOURCE_IMAGE, 0, err);
}

static bool has_past(const struct request *request, enum action_resource_type type)
{
	const struct store_action_filter filter = {.customer_id = request->who.customer_id,
						   .resource_type = type,
						   .resource_id = request->id,
						   .page = {.number = 1, .entries = 1}};
	struct store_actions past = {0};
	const bool found = store_action_list(request->core->store, &filter, &past, NULL) == 0 &&
			   past.total > 0;

	store_action_done(&past);
	return found;
}

/* A server that was deleted has its actions still. One of somebody else has none, and is answered
 * like one that never was. */
static int list_of_server(struct request *request, struct err *err)
{
	struct server server CLEANUP(server_done) = {0};
	int code = servers_find(request, &server, err);

	if (code == ERR_NOT_FOUND && has_past(request, ACTION_RESOURCE_SERVER))
		code = 0;
	return code < 0 ? code : list_of_type(request, ACTION_RESOURCE_SERVER, request->id, err);
}

static int list_of_image(struct request *request, struct err *err)
{
	return list_of_type(request, ACTION_RESOURCE_IMAGE, request->id, err);
}

static int list_of_firewall(struct request *request, struct err *err)
{
	struct firewall firewall CLEANUP(firewall_done) = {0};
	int code = store_firewall_get(request->core->store, request->who.customer_id, request->id,
				      &firewall, err);

	if (code == ERR_NOT_FOUND && has_past(request, ACTION_RESOURCE_FIREWALL))
		code = 0;
	return code < 0 ? code : list_of_type(request, ACTION_RESOURCE_FIREWALL, request->id, err);
}

static int list_of_addresses(struct request *request, struct err *err)
{
	return list_of_type(request,
			    addresses_kind(request) == ADDRESS_FLOATING
				    ? ACTION_RESOURCE_FLOATING_IP
				    : ACTION_RESOURCE_ADDRESS,
			    0, err);
}

static int list_of_address(struct request *request, struct err *err)
{
	const enum action_resource_type type = addresses_kind(request) == ADDRESS_FLOATING
						       ? ACTION_RESOURCE_FLOATING_IP
						       : ACTION_RESOURCE_ADDRESS;
	struct store_ip ip CLEANUP(store_ip_done) = {0};
	int code = addresses_find(request, &ip, err);

	if (code == ERR_NOT_FOUND && has_past(request, type))
		code = 0;
	return code < 0 ? code : list_of_type(request, type, request->id, err);
}

static int list_of_networks(struct request *request, struct err *err)
{
	return list_of_type(request, ACTION_RESOURCE_NETWORK, 0, err);
}

static int list_of_network(struct request *request, struct err *err)
{
	struct private_network network CLEANUP(private_network_done) = {0};
	int code = networks_find(request, request->id, &network, err);

	if (code == ERR_NOT_FOUND && has_past(request, ACTION_RESOURCE_NETWORK))
		code = 0;
	return code < 0 ? code : list_of_type(request, ACTION_RESOURCE_NETWORK, request->id, err);
}

static int get_of_resource(struct request *request, struct err *err)
{
	struct action action CLEANUP(action_done) = {0};
	int code = find(request, request->second_id, &action, err);

	if (code < 0)
		return code;
	for (size_t i = 0; i < action.resource_count; i++)
		if (action.resources[i].id == request->id)
			return request_answer(request, 200, "action", render_action(&action));
	return err_set(err, ERR_NOT_FOUND, "there is no action %llu on it",
		       (unsigned long long)request->second_id);
}

static int list_of_zones(struct request *request, struct err *err)
{
	return list_of_type(request, ACTION_RESOURCE_ZONE, 0, err);
}

/* By its name or its number; by that also one that was deleted. */
static int find_zone(struct request *request, uint64_t *ret, struct err *err)
{
	struct zone zone CLEANUP(zone_done) = {0};
	const uint64_t id = request->id;
	int code = zone_request_find(request, &zone, err);

	*ret = zone.id;
	if (code != ERR_NOT_FOUND || parse_u64(request->segments[1], 1, INT64_MAX, ret) < 0)
		return code;
	request->id = *ret;
	code = has_past(request, ACTION_RESOURCE_ZONE) ? 0 : code;
	request->id = id;
	return code;
}

static int list_of_zone(struct request *request, struct err *err)
{
	uint64_t zone_id = 0;
	const int code = find_zone(request, &zone_id, err);

	return code < 0 ? code : list_of_type(request, ACTION_RESOURCE_ZONE, zone_id, err);
}

static int get_of_zone(struct request *request, struct err *err)
{
	struct action action CLEANUP(action_done) = {0};
	uint64_t zone_id = 0;
	int code = find_zone(request, &zone_id, err);

	if (code < 0 || (code = find(request, request->id, &action, err)) < 0)
		return code;
	for (size_t i = 0; i < action.resource_count; i++)
		if (action.resources[i].type == ACTION_RESOURCE_ZONE &&
		    action.resources[i].id == zone_id)
			return request_answer(request, 200, "action", render_action(&action));
	return err_set(err, ERR_NOT_FOUND, "there is no action %llu on it",
		       (unsigned long long)request->id);
}

const struct route action_routes[] = {
	{"GET", "/actions", ACCESS_READ, list},
	{"GET", "/actions/{id}", ACCESS_READ, get},
	{"GET", "/servers/actions", ACCESS_READ, list_of_servers},
	{"GET", "/servers/actions/{id}", ACCESS_READ, get},
	{"GET", "/servers/{id}/actions", ACCESS_READ, list_of_server},
	{"GET", "/servers/{id}/actions/{id2}", ACCESS_READ, get_of_resource},
	{"GET", "/images/actions", ACCESS_READ, list_of_images},
	{"GET", "/images/actions/{id}", ACCESS_READ, get},
	{"GET", "/images/{id}/actions", ACCESS_READ, list_of_image},
	{"GET", "/images/{id}/actions/{id2}", ACCESS_READ, get_of_resource},
	{"GET", "/firewalls/actions", ACCESS_READ, list_of_firewalls},
	{"GET", "/firewalls/actions/{id}", ACCESS_READ, get},
	{"GET", "/firewalls/{id}/actions", ACCESS_READ, list_of_firewall},
	{"GET", "/firewalls/{id}/actions/{id2}", ACCESS_READ, get_of_resource},
	{"GET", "/networks/actions", ACCESS_READ, list_of_networks},
	{"GET", "/networks/actions/{id}", ACCESS_READ, get},
	{"GET", "/networks/{id}/actions", ACCESS_READ, list_of_network},
	{"GET", "/networks/{id}/actions/{id2}", ACCESS_READ, get_of_resource},
	{"GET", "/zones/actions", ACCESS_READ, list_of_zones},
	{"GET", "/zones/actions/{id}", ACCESS_READ, get},
	{"GET", "/zones/{zone}/actions", ACCESS_READ, list_of_zone},
	{"GET", "/zones/{zone}/actions/{id}", ACCESS_READ, get_of_zone},
	{"GET", "/floating_ips/actions", ACCESS_READ, list_of_addresses},
	{"GET", "/floating_ips/actions/{id}", ACCESS_READ, get},
	{"GET", "/floating_ips/{id}/actions", ACCESS_READ, list_of_address},
	{"GET", "/floating_ips/{id}/actions/{id2}", ACCESS_READ, get_of_resource},
	{"GET", "/primary_ips/actions", ACCESS_READ, list_of_addresses},
	{"GET", "/primary_ips/actions/{id}", ACCESS_READ, get},
	{"GET", "/primary_ips/{id}/actions", ACCESS_READ, list_of_address},
	{"GET", "/primary_ips/{id}/actions/{id2}", ACCESS_READ, get_of_resource},
	{NULL, NULL, 0, NULL},
};

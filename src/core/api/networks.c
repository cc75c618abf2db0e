// /v1/networks: private networks between the customer's servers.
#include "core/api/networks.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "core/api/note.h"
#include "core/api/router.h"
#include "model/location.h"
#include "store/store_location.h"
#include "store/store_network.h"
#include "store/store_port.h"

static const struct page every_location = {.number = 1, .entries = 0};

int networks_find(struct request *request, uint64_t id, struct private_network *ret,
		  struct err *err)
{
	const int code =
		store_network_get(request->core->store, request->who.customer_id, id, ret, err);

	return code == ERR_NOT_FOUND ? err_set(err, code, "there is no network %" PRIu64, id)
				     : code;
}

int networks_take(struct request *request, struct private_network *ret, struct err *err)
{
	const char *name;
	uint64_t id;
	int code = body_id_or_name(request, "network", &id, &name, err);

	if (code < 0)
		return code;
	if (id == 0 && name == NULL)
		return request_invalid(request, err, "network", "Missing data for required field.");
	code = id != 0 ? store_network_get(request->core->store, request->who.customer_id, id, ret,
					   err)
		       : store_network_get_by_name(request->core->store, request->who.customer_id,
						   name, ret, err);
	return code == ERR_NOT_FOUND
		       ? request_invalid(request, err, "network",
					 "there is no such network; GET /v1/networks lists them")
		       : code;
}

/* --- as clients see them --- */

static json_t *render_subnet(const struct private_network *network, const struct subnet *subnet)
{
	char range[IP_TEXT_BYTES], gateway[IP_TEXT_BYTES];
	struct ip first;

	private_network_gateway(&network->range, &first);
	ip_format_prefix(&subnet->range, range);
	ip_format(&first, gateway);
	return json_pack("{s:s, s:s, s:s, s:s, s:n}", "type",
			 private_network_type_name(subnet->type), "ip_range", range, "network_zone",
			 subnet->zone, "gateway", gateway, "vswitch_id");
}

json_t *networks_render(struct request *request, const struct private_network *network)
{
	struct store_members members CLEANUP(store_port_done) = {0};
	json_t *subnets = json_array(), *servers = json_array();
	char range[IP_TEXT_BYTES];

	(void)store_port_of_network(request->core->store, network->id, &members, NULL);
	for (size_t i = 0; i < network->subnet_count; i++)
		(void)json_array_append_new(subnets, render_subnet(network, &network->subnets[i]));
	for (size_t i = 0; i < members.count; i++)
		(void)json_array_append_new(servers,
					    json_integer((json_int_t)members.items[i].server_id));
	ip_format_prefix(&network->range, range);
	return json_pack("{s:I, s:s, s:s, s:o, s:[], s:o, s:[], s:b, s:{s:b}, s:o, s:o}", "id",
			 (json_int_t)network->id, "name", network->name, "ip_range", range,
			 "subnets", subnets, "routes", "servers", servers, "load_balancers",
			 "expose_routes_to_vswitch", 0, "protection", "delete",
			 network->protect_delete, "labels", json_labels(&network->labels),
			 "created", json_time(network->created_ms));
}

static int list(struct request *request, struct err *err)
{
	struct list_query query CLEANUP(list_query_done) = {0};
	struct store_networks networks CLEANUP(store_network_done) = {0};
	struct store_network_filter filter = {.customer_id = request->who.customer_id,
					      .name = request_query(request, "name")};
	json_t *items;
	int code;

	if ((code = request_list(request, SORT_RESOURCE, &query, err)) < 0)
		return code;
	filter.selector = query.has_selector ? &query.selector : NULL;
	filter.sort = query.sort;
	filter.page = query.page;
	if ((code = store_network_list(request->core->store, &filter, &networks, err)) < 0)
		return code;
	items = json_array();
	for (size_t i = 0; i < networks.count; i++)
		(void)json_array_append_new(items, networks_render(request, &networks.items[i]));
	return request_answer_list(request, "networks", items, &query.page, networks.total);
}

static int answer(struct request *request, unsigned status, uint64_t id, struct err *err)
{
	struct private_network network CLEANUP(private_network_done) = {0};
	const int code = networks_find(request, id, &network, err);

	return code < 0 ? code
			: request_answer(request, status, "network",
					 networks_render(request, &network));
}

static int get(struct request *request, struct err *err)
{
	return answer(request, 200, request->id, err);
}

/* --- making, naming, deleting --- */

int networks_take_range(struct request *request, const char *key, struct ip *ret, struct err *err)
{
	const char *text = NULL;
	int code = body_text(request, key, &text, err);

	if (code < 0 || text == NULL)
		return code;
	if (ip_parse_prefix(text, ret) < 0 || ret->family != 4)
		return request_invalid(request, err, key,
				       "must be an IPv4 range, such as 10.0.0.0/16, whose address "
				       "is the first in it");
	return 0;
}

/* Some location must be there: nobody else could ever be in it. */
static int check_zone(struct request *request, const char *zone, const char *field, struct err *err)
{
	struct store_locations locations = {0};
	int code = store_location_list(request->core->store, NULL, NULL, &every_location,
				       &locations, err);
	bool is_known = false;

	for (size_t i = 0; code == 0 && i < locations.count; i++)
		is_known |= strcmp(locations.items[i].network_zone, zone) == 0;
	store_location_done(&locations);
	return code == 0 && !is_known
		       ? request_invalid(request, err, field,
					 "no location is in that network zone; GET /v1/locations "
					 "tells theirs")
		       : code;
}

static int take_text(struct request *request, const json_t *object, const char *key,
		     const char *field, const char **ret, struct err *err)
{
	const json_t *value = json_object_get(object, key);

	*ret = NULL;
	if (value == NULL || json_is_null(value))
		return 0;
	if (!json_is_string(value))
		return request_invalid(request, err, field, "%s must be a text", key);
	*ret = json_string_value(value);
	return 0;
}

int networks_take_subnet(struct request *request, const json_t *object, const char *field,
			 const struct private_network *network, struct subnet *ret, struct err *err)
{
	const char *type = NULL, *zone = NULL, *range = NULL;
	struct subnet subnet = {0};
	int code;

	if (!json_is_object(object))
		return request_invalid(request, err, field, "must be objects");
	if ((code = take_text(request, object, "type", field, &type, err)) < 0 ||
	    (code = take_text(request, object, "network_zone", field, &zone, err)) < 0 ||
	    (code = take_text(request, object, "ip_range", field, &range, err)) < 0)
		return code;
	if (type != NULL && strcmp(type, "vswitch") == 0)
		return err_set(err, ERR_UNSUPPORTED,
			       "this service has no vSwitches: a subnet is of type cloud");
	if (type == NULL || private_network_type_parse(type, &subnet.type) < 0)
		return request_invalid(request, err, field, "type must be cloud or server");
	if (zone == NULL || strlen(zone) >= sizeof subnet.zone)
		return request_invalid(request, err, field,
				       "network_zone is needed: that of the servers' location");
	if ((code = check_zone(request, zone, field, err)) < 0)
		return code;
	(void)snprintf(subnet.zone, sizeof subnet.zone, "%s", zone);
	if (range != NULL &&
	    (ip_parse_prefix(range, &subnet.range) < 0 || subnet.range.family != 4))
		return request_invalid(request, err, field,
				       "ip_range must be an IPv4 range, such as 10.0.1.0/24");
	code = range == NULL ? private_network_free_subnet(network, &subnet.range, err)
			     : private_network_check_subnet(network, &subnet.range, err);
	if (code == 0 && range == NULL)
		code = private_network_check_subnet(network, &subnet.range, err);
	if (code == 0)
		*ret = subnet;
	return request_field(request, field, code, err);
}

static int take_subnets(struct request *request, struct private_network *network, struct err *err)
{
	const json_t *subnets = json_object_get(request->body, "subnets"), *item;
	size_t i;

	if (subnets == NULL || json_is_null(subnets))
		return 0;
	if (!json_is_array(subnets) || json_array_size(subnets) > PRIVATE_NETWORK_SUBNETS_MOST)
		return request_invalid(request, err, "subnets", "must be a list of at most %d",
				       PRIVATE_NETWORK_SUBNETS_MOST);
	network->subnets = calloc(json_array_size(subnets) + 1, sizeof *network->subnets);
	if (network->subnets == NULL)
		return err_set(err, ERR_SERVER, "no memory");
	json_array_foreach(subnets, i, item)
	{
		struct subnet subnet = {0};
		const int code =
			networks_take_subnet(request, item, "subnets", network, &subnet, err);
		if (code < 0)
			return code;
		network->subnets[network->subnet_count++] = subnet;
	}
	return 0;
}

/* What clients may ask of networks elsewhere and what none here can do. */
static int refuse_absent(struct request *request, struct err *err)
{
	bool exposes = false;
	const int code = body_bool(request, "expose_routes_to_vswitch", &exposes, err);

	if (code < 0)
		return code;
	if (exposes)
		return err_set(err, ERR_UNSUPPORTED, "this service has no vSwitches");
	if (json_array_size(json_object_get(request->body, "routes")) > 0)
		return err_set(err, ERR_UNSUPPORTED,
			       "networks have no routes here: a server sends with its own "
			       "addresses alone, so none can pass on what others send");
	return 0;
}

static int take_fields(struct request *request, struct private_network *network, struct err *err)
{
	struct labels labels CLEANUP(label_done) = {0};
	const char *name = NULL;
	bool given = false;
	int code;

	if ((code = body_text(request, "name", &name, err)) < 0 ||
	    (code = body_labels(request, &labels, &given, err)) < 0 ||
	    (code = refuse_absent(request, err)) < 0)
		return code;
	if (name != NULL) {
		if ((code = request_field(request, "name", name_check_free(name, err), err)) < 0)
			return code;
		(void)snprintf(network->name, sizeof network->name, "%s", name);
		note_detail(request, "name", json_string(name));
	}
	if (given) {
		label_done(&network->labels);
		network->labels = labels;
		labels = (struct labels){0};
	}
	return 0;
}

static int create(struct request *request, struct err *err)
{
	struct private_network network CLEANUP(private_network_done) = {
		.customer_id = request->who.customer_id, .created_ms = clock_now_ms()};
	struct store *store = request->core->store;
	char range[IP_TEXT_BYTES];
	int code;

	if ((code = take_fields(request, &network, err)) < 0 ||
	    (code = networks_take_range(request, "ip_range", &network.range, err)) < 0)
		return code;
	if (network.name[0] == '\0')
		return request_invalid(request, err, "name", "Missing data for required field.");
	if (network.range.family == 0)
		return request_invalid(request, err, "ip_range",
				       "Missing data for required field.");
	code = private_network_check_range(&network.range, err);
	if ((code = request_field(request, "ip_range", code, err)) < 0 ||
	    (code = take_subnets(request, &network, err)) < 0 ||
	    (code = store_begin(store, err)) < 0)
		return code;
	STORE_GUARD(store);
	if ((code = store_network_insert(store, &network, err)) < 0)
		return code;
	ip_format_prefix(&network.range, range);
	note_about(request, "network", network.id, network.name);
	note_detail(request, "ip_range", json_string(range));
	if ((code = store_commit(store, err)) < 0)
		return code;
	return answer(request, 201, network.id, err);
}

static int update(struct request *request, struct err *err)
{
	struct private_network network CLEANUP(private_network_done) = {0};
	int code = networks_find(request, request->id, &network, err);

	if (code < 0)
		return code;
	note_about(request, "network", network.id, network.name);
	if ((code = take_fields(request, &network, err)) < 0 ||
	    (code = store_network_update(request->core->store, &network, err)) < 0)
		return code;
	return answer(request, 200, network.id, err);
}

const struct route network_routes[] = {
	{"GET", "/networks", ACCESS_READ, list},
	{"POST", "/networks", ACCESS_MANAGE, create, "network.create"},
	{"GET", "/networks/{id}", ACCESS_READ, get},
	{"PUT", "/networks/{id}", ACCESS_MANAGE, update, "network.update"},
	{"DELETE", "/networks/{id}", ACCESS_MANAGE, networks_delete, "network.delete"},
	{NULL, NULL, 0, NULL},
};

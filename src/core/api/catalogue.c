// /v1/server_types, locations, datacenters, pricing: what can be had, and what it costs.
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "core/api/note.h"
#include "core/api/render.h"
#include "core/api/router.h"
#include "core/filters.h"
#include "store/store_location.h"
#include "store/store_plan.h"

#define DEFAULT_CURRENCY "JPY"

static int list_plans(struct request *request, struct err *err)
{
	struct list_query query CLEANUP(list_query_done) = {0};
	struct store_plans plans = {0};
	json_t *items;
	int code;

	if ((code = request_list(request, SORT_RESOURCE, &query, err)) < 0 ||
	    (code = store_plan_list(request->core->store, request_query(request, "name"),
				    &query.sort, &query.page, &plans, err)) < 0)
		return code;
	items = json_array();
	for (size_t i = 0; i < plans.count; i++)
		(void)json_array_append_new(items, render_plan(request->core, &plans.items[i]));
	const uint64_t total = plans.total;
	store_plan_done(&plans);
	return request_answer_list(request, "server_types", items, &query.page, total);
}

static int find_plan(struct request *request, struct plan *ret, struct err *err)
{
	int code = store_plan_get(request->core->store, request->id, ret, err);

	return code == ERR_NOT_FOUND ? err_set(err, code, "there is no plan %llu",
					       (unsigned long long)request->id)
				     : code;
}

static int get_plan(struct request *request, struct err *err)
{
	struct plan plan;
	int code = find_plan(request, &plan, err);

	return code < 0 ? code
			: request_answer(request, 200, "server_type",
					 render_plan(request->core, &plan));
}

/* Which of our fields the body sets, for the history. */
static json_t *names_of(const json_t *body)
{
	static const char *const keys[] = {"name",
					   "description",
					   "storage",
					   "currency",
					   "cores",
					   "memory_mib",
					   "disk",
					   "dns_zones",
					   "included_traffic",
					   "bandwidth_in",
					   "bandwidth_out",
					   "country",
					   "city",
					   "network_zone",
					   "latitude",
					   "longitude",
					   "deprecated",
					   "price_monthly_minor",
					   "price_initial_minor"};
	json_t *names = json_array();

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (json_object_get(body, keys[i]) != NULL)
			(void)json_array_append_new(names, json_string(keys[i]));
	return names;
}

/* Fields that are there replace what @plan has. */
static int take_plan(struct request *request, struct plan *plan, struct err *err)
{
	int64_t cores = plan->cores, memory = plan->memory_mib, disk = plan->disk_gb,
		zones = plan->dns_zones, traffic = (int64_t)plan->traffic_bytes,
		bandwidth_in = plan->bandwidth_in, bandwidth_out = plan->bandwidth_out;
	const char *name = plan->name, *description = plan->description, *storage = NULL,
		   *currency = plan->currency;
	bool deprecated = plan->deprecated_ms != 0;
	int code;

	if ((code = body_text(request, "name", &name, err)) < 0 ||
	    (code = body_text(request, "description", &description, err)) < 0 ||
	    (code = body_text(request, "storage", &storage, err)) < 0 ||
	    (code = body_text(request, "currency", &currency, err)) < 0 ||
	    (code = body_number(request, "cores", 1, PLAN_MAX_CORES, &cores, err)) < 0 ||
	    (code = body_number(request, "memory_mib", PLAN_MIN_MEMORY_MIB, PLAN_MAX_MEMORY_MIB,
				&memory, err)) < 0 ||
	    (code = body_number(request, "disk", 1, PLAN_MAX_DISK_GB, &disk, err)) < 0 ||
	    (code = body_number(request, "dns_zones", 0, PLAN_MAX_DNS_ZONES, &zones, err)) < 0 ||
	    (code = body_number(request, "included_traffic", 0, PLAN_MAX_TRAFFIC_BYTES, &traffic,
				err)) < 0 ||
	    (code = body_number(request, "bandwidth_in", 0, PLAN_MAX_MBIT, &bandwidth_in, err)) <
		    0 ||
	    (code = body_number(request, "bandwidth_out", 0, PLAN_MAX_MBIT, &bandwidth_out, err)) <
		    0 ||
	    (code = body_number(request, "price_monthly_minor", 0, MONEY_MAX_MINOR,
				&plan->price_monthly_minor, err)) < 0 ||
	    (code = body_number(request, "price_initial_minor", 0, MONEY_MAX_MINOR,
				&plan->price_initial_minor, err)) < 0 ||
	    (code = body_bool(request, "deprecated", &deprecated, err)) < 0)
		return code;
	if (storage != NULL && plan_storage_parse(storage, &plan->storage) < 0)
		return request_invalid(request, err, "storage", "must be ssd or hdd");
	if (name != plan->name && strlen(name) >= sizeof plan->name)
		return request_invalid(request, err, "name", "is too long");
	if (description != plan->description && strlen(description) >= sizeof plan->description)
		return request_invalid(request, err, "description", "is too long");
	if (currency != plan->currency && money_check_currency(currency) < 0)
		return request_invalid(request, err, "currency", "must be three capital letters");
	if (name != plan->name)
		(void)snprintf(plan->name, sizeof plan->name, "%s", name);
	if (description != plan->description)
		(void)snprintf(plan->description, sizeof plan->description, "%s", description);
	if (currency != plan->currency)
		(void)snprintf(plan->currency, sizeof plan->currency, "%s", currency);
	plan->cores = (uint32_t)cores;
	plan->memory_mib = (uint32_t)memory;
	plan->disk_gb = (uint32_t)disk;
	plan->dns_zones = (uint32_t)zones;
	plan->traffic_bytes = (uint64_t)traffic;
	plan->bandwidth_in = (uint32_t)bandwidth_in;
	plan->bandwidth_out = (uint32_t)bandwidth_out;
	if (deprecated != (plan->deprecated_ms != 0))
		plan->deprecated_ms = deprecated ? clock_now_ms() : 0;
	return request_field(request, "name", plan_check(plan, err), err);
}

static int create_plan(struct request *request, struct err *err)
{
	struct plan plan = {.cores = 1,
			    .memory_mib = 1024,
			    .disk_gb = 20,
			    .storage = PLAN_SSD,
			    .currency = DEFAULT_CURRENCY,
			    .dns_zones = 5,
			    .created_ms = clock_now_ms()};
	struct store *store = request->core->store;
	const char *name = NULL;
	int code;

	if ((code = body_need_text(request, "name", &name, err)) < 0 ||
	    (code = take_plan(request, &plan, err)) < 0)
		return code;
	if ((code = store_begin(store, err)) < 0)
		return code;
	STORE_GUARD(store);
	if ((code = store_plan_insert(store, &plan, err)) < 0)
		return code == ERR_UNIQUENESS
			       ? err_set(err, code, "there is a plan named %s already", plan.name)
			       : code;
	note_about(request, "server_type", plan.id, plan.name);
	note_detail(request, "set", names_of(request->body));
	if ((code = store_commit(store, err)) < 0)
		return code;
	return request_answer(request, 201, "server_type", render_plan(request->core, &plan));
}

static int update_plan(struct request *request, struct err *err)
{
	struct plan plan;
	int code;

	if ((code = find_plan(request, &plan, err)) < 0 ||
	    (code = take_plan(request, &plan, err)) < 0)
		return code;
	note_detail(request, "set", names_of(request->body));
	if ((code = store_plan_update(request->core->store, &plan, err)) < 0)
		return code;
	filters_kick(request->core->filters); /* its servers' bandwidth may be another */
	return request_answer(request, 200, "server_type", render_plan(request->core, &plan));
}

static int delete_plan(struct request *request, struct err *err)
{
	struct plan plan;
	int code = find_plan(request, &plan, err);

	if (code == 0)
		code = store_plan_delete(request->core->store, plan.id, err);
	if (code == ERR_IN_USE)
		return err_set(
			err, code,
			"servers have plan %s; deprecate it instead: PUT {\"deprecated\": true}",
			plan.name);
	request->status = 204;
	return code;
}

static int answer_locations(struct request *request, bool as_datacenters, struct err *err)
{
	struct list_query query CLEANUP(list_query_done) = {0};
	struct store_locations locations = {0};
	const char *name = request_query(request, "name");
	char shorter[NAME_SLUG_BYTES];
	json_t *items;
	int code;

	/* Datacenter "local-dc1" is the one of location "local". */
	if (as_datacenters && name != NULL) {
		const char *suffix = strstr(name, "-dc1");
		(void)snprintf(shorter, sizeof shorter, "%.*s",
			       suffix != NULL ? (int)(suffix - name) : 0, name);
		name = *shorter != '\0' ? shorter : "-";
	}
	if ((code = request_list(request, SORT_RESOURCE, &query, err)) < 0 ||
	    (code = store_location_list(request->core->store, name, &query.sort, &query.page,
					&locations, err)) < 0)
		return code;
	items = json_array();
	for (size_t i = 0; i < locations.count; i++)
		(void)json_array_append_new(
			items, as_datacenters
				       ? render_datacenter(request->core, &locations.items[i])
				       : render_location(&locations.items[i]));
	const uint64_t total = locations.total,
		       first = locations.count > 0 ? locations.items[0].id : 0;
	store_location_done(&locations);
	code = request_answer_list(request, as_datacenters ? "datacenters" : "locations", items,
				   &query.page, total);
	if (as_datacenters)
		(void)json_object_set_new(request->reply, "recommendation",
					  json_integer((json_int_t)first));
	return code;
}

static int list_locations(struct request *request, struct err *err)
{
	return answer_locations(request, false, err);
}

static int list_datacenters(struct request *request, struct err *err)
{
	return answer_locations(request, true, err);
}

static int find_location(struct request *request, struct location *ret, struct err *err)
{
	int code = store_location_get(request->core->store, request->id, ret, err);

	return code == ERR_NOT_FOUND ? err_set(err, code, "there is no location %llu",
					       (unsigned long long)request->id)
				     : code;
}

static int get_location(struct request *request, struct err *err)
{
	struct location location;
	int code = find_location(request, &location, err);

	return code < 0 ? code
			: request_answer(request, 200, "location", render_location(&location));
}

static int get_datacenter(struct request *request, struct err *err)
{
	struct location location;
	int code = find_location(request, &location, err);

	return code < 0 ? code
			: request_answer(request, 200, "datacenter",
					 render_datacenter(request->core, &location));
}

static int take_text(struct request *request, const char *key, char *out, size_t size,
		     struct err *err)
{
	const char *text = NULL;
	int code = body_text(request, key, &text, err);

	if (code < 0 || text == NULL)
		return code;
	if (strlen(text) >= size)
		return request_invalid(request, err, key, "is too long");
	(void)snprintf(out, size, "%s", text);
	return 0;
}

static int take_location(struct request *request, struct location *location, struct err *err)
{
	int code;

	if ((code = take_text(request, "name", location->name, sizeof location->name, err)) < 0 ||
	    (code = take_text(request, "description", location->description,
			      sizeof location->description, err)) < 0 ||
	    (code = take_text(request, "country", location->country, sizeof location->country,
			      err)) < 0 ||
	    (code = take_text(request, "city", location->city, sizeof location->city, err)) < 0 ||
	    (code = take_text(request, "network_zone", location->network_zone,
			      sizeof location->network_zone, err)) < 0)
		return code;
	const json_t *latitude = json_object_get(request->body, "latitude");
	const json_t *longitude = json_object_get(request->body, "longitude");
	if (json_is_number(latitude))
		location->latitude = json_number_value(latitude);
	if (json_is_number(longitude))
		location->longitude = json_number_value(longitude);
	return request_field(request, "name", location_check(location, err), err);
}

static int create_location(struct request *request, struct err *err)
{
	struct location location = {
		.country = "JP", .network_zone = "local", .created_ms = clock_now_ms()};
	struct store *store = request->core->store;
	const char *name = NULL;
	int code;

	if ((code = body_need_text(request, "name", &name, err)) < 0 ||
	    (code = take_location(request, &location, err)) < 0)
		return code;
	if ((code = store_begin(store, err)) < 0)
		return code;
	STORE_GUARD(store);
	if ((code = store_location_insert(store, &location, err)) < 0)
		return code == ERR_UNIQUENESS
			       ? err_set(err, code, "there is a location named %s already",
					 location.name)
			       : code;
	note_about(request, "location", location.id, location.name);
	if ((code = store_commit(store, err)) < 0)
		return code;
	return request_answer(request, 201, "location", render_location(&location));
}

static int update_location(struct request *request, struct err *err)
{
	struct location location;
	int code;

	if ((code = find_location(request, &location, err)) < 0 ||
	    (code = take_location(request, &location, err)) < 0)
		return code;
	note_detail(request, "set", names_of(request->body));
	if ((code = store_location_update(request->core->store, &location, err)) < 0)
		return code;
	return request_answer(request, 200, "location", render_location(&location));
}

static int delete_location(struct request *request, struct err *err)
{
	struct location location;
	int code = find_location(request, &location, err);

	if (code == 0)
		code = store_location_delete(request->core->store, location.id, err);
	if (code == ERR_IN_USE)
		return err_set(err, code, "location %s has servers or address pools",
			       location.name);
	request->status = 204;
	return code;
}

static int pricing(struct request *request, struct err *err)
{
	const struct page everything = {.number = 1, .entries = 0};
	struct store_plans plans = {0};
	json_t *types = json_array();
	char currency[MONEY_CURRENCY_BYTES] = DEFAULT_CURRENCY, percentage[12];
	int code = store_plan_list(request->core->store, NULL, NULL, &everything, &plans, err);

	for (size_t i = 0; i < plans.count; i++) {
		json_t *plan = render_plan(request->core, &plans.items[i]);
		(void)json_array_append_new(
			types, json_pack("{s:O, s:O, s:O}", "id", json_object_get(plan, "id"),
					 "name", json_object_get(plan, "name"), "prices",
					 json_object_get(plan, "prices")));
		json_decref(plan);
		if (i == 0)
			(void)snprintf(currency, sizeof currency, "%s", plans.items[i].currency);
	}
	store_plan_done(&plans);
	if (code < 0) {
		json_decref(types);
		return code;
	}
	(void)snprintf(percentage, sizeof percentage, "%u",
		       request->core->config->backup_percentage);
	json_t *nothing = json_pack("{s:s, s:s}", "net", "0", "gross", "0");
	request->reply =
		json_pack("{s:{s:s, s:s, s:{s:O}, s:{s:O}, s:[], s:[], s:{s:O}, s:{s:s}, s:o, "
			  "s:[], s:{s:O}}}",
			  "pricing", "currency", currency, "vat_rate", "0", "image",
			  "price_per_gb_month", nothing, "floating_ip", "price_monthly", nothing,
			  "floating_ips", "primary_ips", "traffic", "price_per_tb", nothing,
			  "server_backup", "percentage", percentage, "server_types", types,
			  "load_balancer_types", "volume", "price_per_gb_month", nothing);
	json_decref(nothing);
	return 0;
}

const struct route catalogue_routes[] = {
	{"GET", "/server_types", ACCESS_READ, list_plans},
	{"POST", "/server_types", ACCESS_SERVICE, create_plan, "server_type.create"},
	{"GET", "/server_types/{id}", ACCESS_READ, get_plan},
	{"PUT", "/server_types/{id}", ACCESS_SERVICE, update_plan, "server_type.update"},
	{"DELETE", "/server_types/{id}", ACCESS_SERVICE, delete_plan, "server_type.delete"},
	{"GET", "/locations", ACCESS_READ, list_locations},
	{"POST", "/locations", ACCESS_SERVICE, create_location, "location.create"},
	{"GET", "/locations/{id}", ACCESS_READ, get_location},
	{"PUT", "/locations/{id}", ACCESS_SERVICE, update_location, "location.update"},
	{"DELETE", "/locations/{id}", ACCESS_SERVICE, delete_location, "location.delete"},
	{"GET", "/datacenters", ACCESS_READ, list_datacenters},
	{"GET", "/datacenters/{id}", ACCESS_READ, get_datacenter},
	{"GET", "/pricing", ACCESS_READ, pricing},
	{NULL, NULL, 0, NULL},
};

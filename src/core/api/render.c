#include "core/api/render.h"

#include <stdio.h>
#include <string.h>

#include "base/parse.h"
#include "core/api/request.h"
#include "store/store_location.h"
#include "store/store_plan.h"

#define GIB_BYTES (1024.0 * 1024 * 1024)

static const struct page everything = {.number = 1, .entries = 0};

static json_t *text_or_null(const char *text)
{
	return *text != '\0' ? json_string(text) : json_null();
}

/* One amount; the service adds no tax of its own, so net and gross are the same. */
static json_t *amount(int64_t minor, const char *currency, uint32_t parts)
{
	char text[MONEY_TEXT_BYTES];

	if (parts > 1)
		money_format_share(minor, parts, currency, text);
	else
		money_format(minor, currency, text);
	return json_pack("{s:s, s:s}", "net", text, "gross", text);
}

static json_t *price_at(const struct plan *plan, const char *location)
{
	return json_pack("{s:s, s:o, s:o, s:I, s:o}", "location", location, "price_hourly",
			 amount(plan->price_monthly_minor, plan->currency, PLAN_HOURS_OF_A_MONTH),
			 "price_monthly", amount(plan->price_monthly_minor, plan->currency, 1),
			 "included_traffic", (json_int_t)plan->traffic_bytes,
			 "price_per_tb_traffic", amount(0, plan->currency, 1));
}

static json_t *deprecation(int64_t ms)
{
	if (ms == 0)
		return json_null();
	return json_pack("{s:o, s:o}", "announced", json_time(ms), "unavailable_after",
			 json_time(ms));
}

json_t *render_plan(struct core *core, const struct plan *plan)
{
	struct store_locations locations = {0};
	json_t *prices = json_array(), *places = json_array(), *object;

	(void)store_location_list(core->store, NULL, NULL, &everything, &locations, NULL);
	for (size_t i = 0; i < locations.count; i++) {
		(void)json_array_append_new(prices, price_at(plan, locations.items[i].name));
		(void)json_array_append_new(
			places, json_pack("{s:I, s:s, s:b, s:b, s:n}", "id",
					  (json_int_t)locations.items[i].id, "name",
					  locations.items[i].name, "recommended", 1, "available",
					  plan->deprecated_ms == 0, "deprecation"));
	}
	store_location_done(&locations);
	object = json_pack("{s:I, s:s, s:s, s:I, s:f, s:I, s:s, s:s, s:s, s:s, s:o, s:b, s:o, s:o}",
			   "id", (json_int_t)plan->id, "name", plan->name, "description",
			   plan->description, "cores", (json_int_t)plan->cores, "memory",
			   (double)plan->memory_mib / 1024, "disk", (json_int_t)plan->disk_gb,
			   "storage_type", "local", "cpu_type", "shared", "architecture", "x86",
			   "category", "shared", "prices", prices, "deprecated",
			   plan->deprecated_ms != 0, "deprecation",
			   deprecation(plan->deprecated_ms), "locations", places);
	(void)json_object_set_new(object, "storage", json_string(plan_storage_name(plan->storage)));
	(void)json_object_set_new(object, "currency", json_string(plan->currency));
	(void)json_object_set_new(object, "price_monthly_minor",
				  json_integer(plan->price_monthly_minor));
	(void)json_object_set_new(object, "price_yearly_minor",
				  json_integer(plan_price_yearly_minor(plan)));
	(void)json_object_set_new(object, "price_initial_minor",
				  json_integer(plan->price_initial_minor));
	(void)json_object_set_new(object, "dns_zones", json_integer(plan->dns_zones));
	(void)json_object_set_new(object, "bandwidth_in", json_integer(plan->bandwidth_in));
	(void)json_object_set_new(object, "bandwidth_out", json_integer(plan->bandwidth_out));
	(void)json_object_set_new(object, "memory_mib", json_integer(plan->memory_mib));
	return object;
}

json_t *render_location(const struct location *location)
{
	return json_pack("{s:I, s:s, s:s, s:s, s:s, s:f, s:f, s:s}", "id", (json_int_t)location->id,
			 "name", location->name, "description", location->description, "country",
			 location->country, "city", location->city, "latitude", location->latitude,
			 "longitude", location->longitude, "network_zone", location->network_zone);
}

json_t *render_datacenter(struct core *core, const struct location *location)
{
	struct store_plans plans = {0};
	json_t *ids = json_array();
	char name[NAME_SLUG_BYTES + 8];

	(void)store_plan_list(core->store, NULL, NULL, &everything, &plans, NULL);
	for (size_t i = 0; i < plans.count; i++)
		(void)json_array_append_new(ids, json_integer((json_int_t)plans.items[i].id));
	store_plan_done(&plans);
	(void)snprintf(name, sizeof name, "%s-dc1", location->name);
	json_t *object = json_pack(
		"{s:I, s:s, s:s, s:o, s:{s:O, s:O, s:O}}", "id", (json_int_t)location->id, "name",
		name, "description", location->description, "location", render_location(location),
		"server_types", "supported", ids, "available", ids, "available_for_migration", ids);
	json_decref(ids);
	return object;
}

/* The figures stay those of the last look that could count, also while it is unknown what has come
 * since. */
static json_t *render_updates(const struct image_updates *updates)
{
	const bool counted = updates->checked_ms > 0;
	const bool known = updates->unknown == IMAGE_KNOWN;

	return json_pack(
		"{s:o, s:o, s:o, s:o, s:o}", "pending",
		counted ? json_integer((json_int_t)updates->pending) : json_null(), "security",
		counted ? json_integer((json_int_t)updates->security) : json_null(), "checked",
		json_time(updates->checked_ms), "unknown_since", json_time(updates->unknown_ms),
		"reason", known ? json_null() : json_string(image_unknown_name(updates->unknown)));
}

json_t *render_image(const struct image *image)
{
	const bool named = !image_is_whole(image);
	json_t *size = image->file_bytes > 0 ? json_real((double)image->file_bytes / GIB_BYTES)
					     : json_null();
	json_t *from = image->from_server_id != 0
			       ? json_pack("{s:I, s:s}", "id", (json_int_t)image->from_server_id,
					   "name", image->from_server_name)
			       : json_null();
	json_t *bound_to =
		image->bound_to != 0 ? json_integer((json_int_t)image->bound_to) : json_null();
	json_t *object = json_pack(
		"{s:I, s:s, s:s, s:o, s:s, s:o, s:I, s:o, s:o, s:o}", "id", (json_int_t)image->id,
		"type", image_type_name(image->type), "status", image_status_name(image->status),
		"name", named ? text_or_null(image->name) : json_null(), "description",
		image->description, "image_size", size, "disk_size",
		(json_int_t)image_disk_gb(image), "created", json_time(image->created_ms),
		"created_from", from, "bound_to", bound_to);

	(void)json_object_set_new(
		object, "os_flavor",
		json_string(*image->os_flavor != '\0' ? image->os_flavor : "unknown"));
	(void)json_object_set_new(object, "os_version", text_or_null(image->os_version));
	(void)json_object_set_new(object, "rapid_deploy", json_true());
	(void)json_object_set_new(object, "protection",
				  json_pack("{s:b}", "delete", image->protect_delete));
	(void)json_object_set_new(object, "deprecated", json_time(image->deprecated_ms));
	(void)json_object_set_new(object, "deleted", json_null());
	(void)json_object_set_new(object, "labels", json_labels(&image->labels));
	(void)json_object_set_new(object, "architecture", json_string(image->architecture));
	(void)json_object_set_new(object, "built", json_time(image->built_ms));
	(void)json_object_set_new(object, "updates", render_updates(&image->updates));
	return object;
}

json_t *render_sshkey(const struct sshkey *key)
{
	return json_pack("{s:I, s:s, s:s, s:s, s:o, s:o}", "id", (json_int_t)key->id, "name",
			 key->name, "fingerprint", key->fingerprint, "public_key", key->public_key,
			 "labels", json_labels(&key->labels), "created",
			 json_time(key->created_ms));
}

json_t *render_action(const struct action *action)
{
	json_t *resources = json_array(), *error = json_null();

	for (size_t i = 0; i < action->resource_count; i++)
		(void)json_array_append_new(
			resources,
			json_pack("{s:I, s:s}", "id", (json_int_t)action->resources[i].id, "type",
				  action_resource_name(action->resources[i].type)));
	if (action->status == ACTION_ERROR)
		error = json_pack("{s:s, s:s}", "code", action->error_code, "message",
				  action->error_text);
	return json_pack("{s:I, s:s, s:s, s:I, s:o, s:o, s:o, s:o, s:{s:o, s:b}}", "id",
			 (json_int_t)action->id, "command", action_command_name(action->command),
			 "status", action_status_name(action->status), "progress",
			 (json_int_t)action->progress, "started", json_time(action->started_ms),
			 "finished", json_time(action->finished_ms), "resources", resources,
			 "error", error, "ippo", "step", text_or_null(action->step), "undoing",
			 action->undoing);
}

void render_reverse_name(const struct server *server, const struct ip *ip, char out[NAME_DNS_BYTES])
{
	const char *given = server_dns_ptr(server, ip);

	if (given != NULL)
		(void)snprintf(out, NAME_DNS_BYTES, "%s", given);
	else
		server_default_dns_ptr(ip, out, NAME_DNS_BYTES);
}

// /v1/hosts: the machine that servers run on, and its maintenance.
#include "core/api/hosts.h"

#include <inttypes.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "core/actions/engine.h"
#include "core/api/note.h"
#include "core/api/router.h"
#include "core/maintenance.h"
#include "model/name.h"
#include "store/store_server.h"
#include "wire/host_message.h"

#define THE_HOST 1

json_t *hosts_maintenance(struct core *core)
{
	struct maintenance now;

	if (maintenance_get(core->store, &now, NULL) < 0 || !now.on)
		return json_null();
	return json_pack("{s:s, s:o}", "reason", now.reason, "since", json_time(now.since_ms));
}

static json_int_t count(struct core *core, uint32_t statuses)
{
	const struct store_server_filter filter = {.statuses = statuses};
	uint64_t found = 0;

	(void)store_server_count(core->store, &filter, &found, NULL);
	return (json_int_t)found;
}

json_t *hosts_render(struct core *core)
{
	const struct host_facts *facts = engine_host_facts(core->engine);
	const bool up = engine_host_up(core->engine);
	const struct host_facts unknown = {.hostname = "local", .virtualization = "unknown"};
	uint64_t memory_mib = 0;

	if (facts == NULL)
		facts = &unknown;
	(void)store_server_memory_mib(core->store, 0, &memory_mib, NULL);
	json_t *host = json_pack(
		"{s:i, s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:I}", "id", THE_HOST, "name",
		facts->hostname, "status", up ? "up" : "down", "driver", facts->driver,
		"virtualization", facts->virtualization, "virtualization_reason", facts->reason,
		"hypervisor", facts->hypervisor, "cpus", (json_int_t)facts->cpus, "memory_mib",
		(json_int_t)facts->memory_mib, "pool_bytes", (json_int_t)facts->pool_bytes,
		"pool_free_bytes", (json_int_t)facts->pool_free_bytes);
	(void)json_object_set_new(host, "servers", json_integer(count(core, 0)));
	(void)json_object_set_new(host, "servers_running",
				  json_integer(count(core, 1U << SERVER_RUNNING)));
	(void)json_object_set_new(host, "memory_servers_mib", json_integer((json_int_t)memory_mib));
	(void)json_object_set_new(host, "last_seen", json_time(engine_host_seen_ms(core->engine)));
	(void)json_object_set_new(host, "maintenance", hosts_maintenance(core));
	return host;
}

static int list(struct request *request, struct err *err)
{
	struct list_query query CLEANUP(list_query_done) = {0};
	int code = request_list(request, SORT_RESOURCE, &query, err);

	if (code < 0)
		return code;
	json_t *items = json_array();
	if (query.page.number == 1)
		(void)json_array_append_new(items, hosts_render(request->core));
	return request_answer_list(request, "hosts", items, &query.page, 1);
}

static int find(const struct request *request, struct err *err)
{
	return request->id == THE_HOST
		       ? 0
		       : err_set(err, ERR_NOT_FOUND, "there is no host %" PRIu64, request->id);
}

static int get(struct request *request, struct err *err)
{
	int code = find(request, err);

	return code < 0 ? code : request_answer(request, 200, "host", hosts_render(request->core));
}

/* The reason that customers are told; *ret NULL: it is over. */
static int take_reason(struct request *request, const char **ret, struct err *err)
{
	const json_t *given = json_object_get(request->body, "maintenance");
	const json_t *text = json_object_get(given, "reason");
	int code;

	*ret = NULL;
	if (json_is_null(given))
		return 0;
	if (!json_is_object(given) || !json_is_string(text) || json_string_length(text) == 0)
		return request_invalid(
			request, err, "maintenance",
			"must be null, or {\"reason\": \"what customers are told\"}");
	code = name_check_text("reason", json_string_value(text), MAINTENANCE_REASON_BYTES - 1,
			       err);
	if (code < 0)
		return request_field(request, "maintenance", code, err);
	*ret = json_string_value(text);
	return 0;
}

static int update(struct request *request, struct err *err)
{
	const struct host_facts *facts = engine_host_facts(request->core->engine);
	const char *reason;
	int code;

	if ((code = find(request, err)) < 0)
		return code;
	if (json_object_get(request->body, "maintenance") == NULL)
		return request_answer(request, 200, "host", hosts_render(request->core));
	if ((code = take_reason(request, &reason, err)) < 0)
		return code;
	note_about(request, "host", THE_HOST, facts != NULL ? facts->hostname : "local");
	note_detail(request, "maintenance", json_boolean(reason != NULL));
	if (reason != NULL)
		note_detail(request, "reason", json_string(reason));
	if ((code = maintenance_set(request->core->store, reason, clock_now_ms(), err)) < 0)
		return code;
	return request_answer(request, 200, "host", hosts_render(request->core));
}

const struct route host_routes[] = {
	{"GET", "/hosts", ACCESS_SERVICE_READ, list},
	{"GET", "/hosts/{id}", ACCESS_SERVICE_READ, get},
	{"PUT", "/hosts/{id}", ACCESS_SERVICE, update, "host.update"},
	{NULL, NULL, 0, NULL},
};

// /v1/health, address pools, events, backups: the service itself.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "core/actions/engine.h"
#include "core/api/hosts.h"
#include "core/api/note.h"
#include "core/api/router.h"
#include "core/dns/dns.h"
#include "core/events.h"
#include "core/metrics/metrics.h"
#include "store/store_image.h"
#include "store/store_location.h"
#include "store/store_pool.h"
#include "store/store_reverse.h"
#include "store/store_server.h"
#include "wire/child.h"

#define BACKUP_CHUNK_BYTES 65536

/* Images that servers are made from with more security updates missing than is good. */
static json_t *old_images(struct core *core)
{
	const struct store_image_filter all = {.types = 1U << IMAGE_SYSTEM | 1U << IMAGE_APP |
							1U << IMAGE_RESCUE,
					       .statuses = 1U << IMAGE_AVAILABLE,
					       .without_deprecated = true,
					       .page = {.number = 1, .entries = PAGE_MAX_ENTRIES}};
	struct store_images images = {0};
	json_t *list = json_array();

	if (store_image_list(core->store, &all, &images, NULL) < 0)
		return list;
	for (size_t i = 0; i < images.count; i++) {
		const int64_t days = image_age_days(&images.items[i], clock_now_ms());
		if (days > IMAGE_FRESH_DAYS)
			(void)json_array_append_new(list, json_pack("{s:I, s:s, s:I}", "id",
								    (json_int_t)images.items[i].id,
								    "name", images.items[i].name,
								    "age_days", (json_int_t)days));
	}
	store_image_done(&images);
	return list;
}

/* Everybody learns whether it is well, who is signed in also whether new servers are made;
 * operators learn why not. */
static int health(struct request *request, struct err *err)
{
	struct core *core = request->core;
	const bool up = engine_host_up(core->engine);
	json_t *state = json_pack("{s:s}", "status", up ? "ok" : "degraded");

	if (!request->is_anonymous)
		(void)json_object_set_new(state, "maintenance", hosts_maintenance(core));
	if (!request->is_anonymous && request->who.service) {
		const struct store_server_filter all = {0};
		uint64_t servers = 0;
		(void)store_server_count(core->store, &all, &servers, NULL);
		(void)json_object_set_new(state, "version", json_string(IPPO_VERSION));
		(void)json_object_set_new(state, "host", hosts_render(core));
		(void)json_object_set_new(state, "servers", json_integer((json_int_t)servers));
		(void)json_object_set_new(state, "running_actions",
					  json_integer((json_int_t)engine_running(core->engine)));
		(void)json_object_set_new(state, "strangers",
					  json_integer((json_int_t)engine_strangers(core->engine)));
		(void)json_object_set_new(state, "old_images", old_images(core));
		json_t *processes =
			json_loads(*core->processes != '\0' ? core->processes : "[]", 0, NULL);
		(void)json_object_set_new(state, "processes",
					  processes != NULL ? processes : json_array());
	}
	return request_answer(request, 200, "health", state);
}

static json_t *render_pool(struct request *request, const struct pool *pool)
{
	struct store_reverse_zones zones CLEANUP(store_reverse_done) = {0};
	json_t *names = json_array();
	struct location location = {0};
	char prefix[IP_TEXT_BYTES];

	(void)store_location_get(request->core->store, pool->location_id, &location, NULL);
	ip_format_prefix(&pool->prefix, prefix);
	if (store_reverse_list(request->core->store, pool->id, &zones, NULL) == 0)
		for (size_t i = 0; i < zones.count; i++)
			(void)json_array_append_new(names, json_string(zones.items[i].name));
	return json_pack("{s:I, s:s, s:s, s:s, s:I, s:I, s:o, s:o}", "id", (json_int_t)pool->id,
			 "name", pool->name, "prefix", prefix, "location", location.name, "used",
			 (json_int_t)pool->used, "total", (json_int_t)pool_usable(&pool->prefix),
			 "created", json_time(pool->created_ms), "reverse_zones", names);
}

static int list_pools(struct request *request, struct err *err)
{
	struct list_query query CLEANUP(list_query_done) = {0};
	struct store_pools pools = {0};
	int code;

	if ((code = request_list(request, SORT_RESOURCE, &query, err)) < 0 ||
	    (code = store_pool_list(request->core->store, &query.page, &pools, err)) < 0)
		return code;
	json_t *items = json_array();
	for (size_t i = 0; i < pools.count; i++)
		(void)json_array_append_new(items, render_pool(request, &pools.items[i]));
	const uint64_t total = pools.total;
	store_pool_done(&pools);
	return request_answer_list(request, "address_pools", items, &query.page, total);
}

static int find_pool(struct request *request, struct pool *ret, struct err *err)
{
	int code = store_pool_get(request->core->store, request->id, ret, err);

	return code == ERR_NOT_FOUND ? err_set(err, code, "there is no address pool %llu",
					       (unsigned long long)request->id)
				     : code;
}

static int get_pool(struct request *request, struct err *err)
{
	struct pool pool;
	int code = find_pool(request, &pool, err);

	return code < 0 ? code
			: request_answer(request, 200, "address_pool", render_pool(request, &pool));
}

static int create_pool(struct request *request, struct err *err)
{
	struct pool pool = {.created_ms = clock_now_ms()};
	const char *prefix = NULL, *name = NULL, *location_name = NULL;
	struct store *store = request->core->store;
	struct location location = {0};
	uint64_t location_id;
	int code;

	if ((code = body_need_text(request, "prefix", &prefix, err)) < 0 ||
	    (code = body_text(request, "name", &name, err)) < 0 ||
	    (code = body_id_or_name(request, "location", &location_id, &location_name, err)) < 0)
		return code;
	if (ip_parse_prefix(prefix, &pool.prefix) < 0)
		return request_invalid(
			request, err, "prefix",
			"must be like 203.0.113.0/24 or 2001:db8::/48, host bits zero");
	if (location_name != NULL)
		code = store_location_get_by_name(request->core->store, location_name, &location,
						  err);
	else
		code = store_location_get(request->core->store, location_id != 0 ? location_id : 1,
					  &location, err);
	if (code == ERR_NOT_FOUND)
		return request_invalid(request, err, "location", "there is no such location");
	if (code < 0)
		return code;
	pool.location_id = location.id;
	(void)snprintf(pool.name, sizeof pool.name, "%s", name != NULL ? name : "");
	/* Unless somebody names it: by its prefix, in the letters a name may have. */
	if (name == NULL) {
		(void)snprintf(pool.name, sizeof pool.name, "pool-%.50s", prefix);
		for (char *c = pool.name; *c != '\0'; c++)
			if (*c == '/' || *c == ':')
				*c = '-';
	}
	if ((code = pool_check(&pool, err)) < 0)
		return request_field(request, "prefix", code, err);
	if ((code = store_begin(store, err)) < 0)
		return code;
	STORE_GUARD(store);
	if ((code = store_pool_insert(store, &pool, err)) < 0)
		return code;
	note_about(request, "address_pool", pool.id, pool.name);
	note_detail(request, "prefix", json_string(prefix));
	if ((code = store_commit(store, err)) < 0)
		return code;
	dns_kick(request->core->dns);
	return request_answer(request, 201, "address_pool", render_pool(request, &pool));
}

static int delete_pool(struct request *request, struct err *err)
{
	struct pool pool;
	int code = find_pool(request, &pool, err);

	if (code == 0)
		code = store_pool_delete(request->core->store, pool.id, err);
	request->status = 204;
	return code;
}

static int events(struct request *request, struct err *err)
{
	int code = events_subscribe(request->core->events, request->exchange, &request->who,
				    http_request_header(request->http, "last-event-id"), err);

	if (code < 0)
		return code;
	router_forget(request); /* the stream has the exchange now */
	return REQUEST_LATER;
}

static int copy_file(const char *path, int to, struct err *err)
{
	AUTO_CLOSE int from = open(path, O_RDONLY | O_CLOEXEC);
	char chunk[BACKUP_CHUNK_BYTES];
	ssize_t got = 0;
	int code = from < 0 ? -errno : 0;

	while (code == 0 && (got = read(from, chunk, sizeof chunk)) != 0)
		code = got < 0 ? -errno : fd_write_all(to, chunk, (size_t)got);
	if (code == 0 && fsync(to) < 0 && errno != EINVAL)
		code = -errno;
	return code < 0 ? err_set(err, code, "cannot write the backup: %s", strerror(-code)) : 0;
}

struct backup {
	struct request *request;
	int fd;
};

static void on_settled(void *context)
{
	AUTO_FREE struct backup *backup = context;
	AUTO_CLOSE int fd = steal_fd(&backup->fd);
	struct core *core = backup->request->core;
	struct err err = {0};
	int code;

	(void)unlink(core->backup_path);
	code = store_backup(core->store, core->backup_path, &err);
	if (code == 0)
		code = copy_file(core->backup_path, fd, &err);
	(void)unlink(core->backup_path);
	if (code == 0)
		code = request_answer(backup->request, 201, "backup",
				      json_pack("{s:b}", "complete", 1));
	router_finish(backup->request, code, &err);
}

/* A consistent copy of the database into the descriptor that came along: this process can open no
 * other. Before, all measurements are written, and for a while no more, so that whoever asked can
 * copy those too. */
static int backup(struct request *request, struct err *err)
{
	AUTO_CLOSE int fd = exchange_steal_fd(request->exchange);
	struct backup *backup;

	if (fd < 0)
		return err_set(err, ERR_UNSUPPORTED,
			       "a backup is made on the service's own machine: ippo backup FILE");
	backup = calloc(1, sizeof *backup);
	if (backup == NULL)
		return -ENOMEM;
	*backup = (struct backup){request, fd};
	if (metrics_settle(request->core->metrics, on_settled, backup) < 0) {
		free(backup);
		return -ENOMEM;
	}
	(void)steal_fd(&fd);
	return REQUEST_LATER;
}

const struct route service_routes[] = {
	{"GET", "/health", ACCESS_PUBLIC, health},
	{"GET", "/address_pools", ACCESS_SERVICE_READ, list_pools},
	{"POST", "/address_pools", ACCESS_SERVICE, create_pool, "address_pool.create"},
	{"GET", "/address_pools/{id}", ACCESS_SERVICE_READ, get_pool},
	{"DELETE", "/address_pools/{id}", ACCESS_SERVICE, delete_pool, "address_pool.delete"},
	{"GET", "/events", ACCESS_READ, events},
	{"POST", "/backups", ACCESS_SERVICE, backup, "backup.create"},
	{NULL, NULL, 0, NULL},
};

// /v1/servers/{id}/metrics for clients, and /v1/metrics for Prometheus.
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <stdio.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/parse.h"
#include "core/actions/engine.h"
#include "core/api/router.h"
#include "core/api/servers.h"
#include "core/metrics/metrics.h"
#include "core/metrics/series.h"
#include "store/store_image.h"
#include "store/store_server.h"
#include "store/store_traffic.h"

#define MAX_STEP_S      (366 * 86400)
#define MAX_SCRAPED     2000 /* servers in one answer to Prometheus */
#define PROMETHEUS_TYPE "text/plain; version=0.0.4; charset=utf-8"
#define NS_PER_SECOND   1e9
#define HCLOUD          "hcloud-cli/"

struct question {
	struct request *request;
	struct window window;
	uint32_t types;
	bool uneven; /* for a client that cannot draw a straight line */
	struct metrics_fetch fetch;
};

/* --- of one server --- */

static int take_time(struct request *request, const char *name, uint64_t *ret_s, struct err *err)
{
	const char *text = request_query(request, name);
	int64_t ms;

	if (text == NULL)
		return request_invalid(request, err, name, "Missing data for required field.");
	if (parse_time(text, &ms) < 0)
		return request_invalid(request, err, name,
				       "must be a time of RFC 3339, like 2026-11-25T09:00:00Z (a + "
				       "is written %%2B)");
	*ret_s = (uint64_t)ms / 1000;
	return 0;
}

static int take_types(struct request *request, uint32_t *ret, struct err *err)
{
	const char *text;
	size_t at = 0;
	int code;

	while ((text = request_query_next(request, "type", &at)) != NULL)
		if ((code = series_parse(text, ret, err)) < 0)
			return request_field(request, "type", code, err);
	return *ret == 0 ? request_invalid(request, err, "type", "Missing data for required field.")
			 : 0;
}

static int take_window(struct request *request, struct window *ret, struct err *err)
{
	const char *step_text = request_query(request, "step");
	uint64_t start_s = 0, end_s = 0, step_s = 0;
	int code;

	if ((code = take_time(request, "start", &start_s, err)) < 0 ||
	    (code = take_time(request, "end", &end_s, err)) < 0)
		return code;
	if (end_s <= start_s)
		return request_invalid(request, err, "end", "must be later than start");
	if (end_s - start_s > (uint64_t)WINDOW_MAX_DAYS * 86400)
		return request_invalid(request, err, "start", "more than %d days are not kept",
				       WINDOW_MAX_DAYS);
	if (step_text != NULL && parse_u64(step_text, 1, MAX_STEP_S, &step_s) < 0)
		return request_invalid(request, err, "step",
				       "must be a whole number of seconds from 1 to %d",
				       MAX_STEP_S);
	code = window_choose(start_s, end_s, (uint64_t)clock_now_ms() / 1000, (uint32_t)step_s, ret,
			     err);
	return request_field(request, "step", code, err);
}

static json_t *render(const struct question *question, const struct metrics_rows *rows)
{
	const struct window *window = &question->window;
	const uint32_t step_s = window->step_s > rows->step_s ? window->step_s : rows->step_s;
	json_t *all = series_json(question->types, window, rows);
	char start[CLOCK_TEXT_BYTES], end[CLOCK_TEXT_BYTES];

	clock_format((int64_t)window->start_s * 1000, start);
	clock_format((int64_t)window->end_s * 1000, end);
	if (question->uneven)
		series_uneven(all, step_s);
	return json_pack("{s:s, s:s, s:I, s:o}", "start", start, "end", end, "step",
			 (json_int_t)step_s, "time_series", all);
}

static void on_rows(void *context, int code, const char *text, struct reader *answer)
{
	AUTO_FREE struct question *question = context;
	struct metrics_rows rows CLEANUP(metrics_rows_done) = {0};
	struct err err = {0};

	if (code < 0)
		code = err_set(&err, code, "%s", text);
	else if ((code = metrics_rows_read(answer, &rows)) < 0)
		code = err_set(&err, ERR_UNAVAILABLE, "the measurements cannot be read");
	else
		code = request_answer(question->request, 200, "metrics", render(question, &rows));
	router_finish(question->request, code, &err);
}

static int of_server(struct request *request, struct err *err)
{
	struct server server CLEANUP(server_done) = {0};
	AUTO_FREE struct question *question = calloc(1, sizeof *question);
	int code;

	if (question == NULL)
		return -ENOMEM;
	if ((code = servers_find(request, &server, err)) < 0 ||
	    (code = take_types(request, &question->types, err)) < 0 ||
	    (code = take_window(request, &question->window, err)) < 0)
		return code;
	const char *agent = http_request_header(request->http, "user-agent");
	question->uneven = agent != NULL && strncmp(agent, HCLOUD, sizeof HCLOUD - 1) == 0;
	question->request = request;
	question->fetch = (struct metrics_fetch){.server_id = server.id,
						 .start_s = question->window.start_s,
						 .end_s = question->window.end_s,
						 .step_s = question->window.archive_s};
	if ((code = metrics_fetch(request->core->metrics, &question->fetch, on_rows, question,
				  err)) < 0)
		return code;
	(void)steal_ptr(question);
	return REQUEST_LATER;
}

/* --- for Prometheus: its text format, version 0.0.4 --- */

static const struct {
	const char *name;
	const char *help;
	double unit;
} exported[] = {
	[HOST_CPU_NS] = {"ippo_server_cpu_seconds_total", "Processor time of the server.",
			 NS_PER_SECOND},
	[HOST_MEMORY_BYTES] = {"ippo_server_memory_used_bytes", "Memory in use.", 1},
	[HOST_DISK_READ_BYTES] = {"ippo_server_disk_read_bytes_total", "Read from its disk.", 1},
	[HOST_DISK_WRITE_BYTES] = {"ippo_server_disk_written_bytes_total", "Written to its disk.",
				   1},
	[HOST_DISK_READ_OPS] = {"ippo_server_disk_reads_total", "Reads from its disk.", 1},
	[HOST_DISK_WRITE_OPS] = {"ippo_server_disk_writes_total", "Writes to its disk.", 1},
	[HOST_DISK_USED_BYTES] = {"ippo_server_disk_used_bytes", "What its disk takes on the host.",
				  1},
	[HOST_NET_IN_BYTES] = {"ippo_server_network_receive_bytes_total", "Bytes to the server.",
			       1},
	[HOST_NET_OUT_BYTES] = {"ippo_server_network_transmit_bytes_total",
				"Bytes from the server.", 1},
	[HOST_NET_IN_PACKETS] = {"ippo_server_network_receive_packets_total",
				 "Packets to the server.", 1},
	[HOST_NET_OUT_PACKETS] = {"ippo_server_network_transmit_packets_total",
				  "Packets from the server.", 1},
};
_Static_assert(ARRAY_SIZE(exported) == HOST_STATISTICS_COUNT, "one for each");

static void head(struct buf *out, const char *name, const char *kind, const char *help)
{
	(void)buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind);
}

static void one(struct buf *out, const char *name, const char *kind, const char *help, double value)
{
	head(out, name, kind, help);
	(void)buf_printf(out, "%s %.17g\n", name, value);
}

static void write_service(struct core *core, const struct metrics_state *state, struct buf *out)
{
	const struct store_server_filter all = {0};
	const struct host_facts *facts = engine_host_facts(core->engine);
	uint64_t servers = 0;

	(void)store_server_count(core->store, &all, &servers, NULL);
	head(out, "ippo_info", "gauge", "The service.");
	(void)buf_printf(out, "ippo_info{version=\"" IPPO_VERSION "\"} 1\n");
	one(out, "ippo_host_up", "gauge", "Whether the host and its hypervisor answer.",
	    engine_host_up(core->engine));
	one(out, "ippo_servers", "gauge", "Servers there are.", (double)servers);
	one(out, "ippo_servers_running", "gauge", "Servers that were on at the last sweep.",
	    (double)state->count);
	one(out, "ippo_actions_running", "gauge", "Actions that are not finished.",
	    (double)engine_running(core->engine));
	one(out, "ippo_strangers", "gauge", "Things on the host that belong to no server.",
	    (double)engine_strangers(core->engine));
	if (facts != NULL) {
		one(out, "ippo_host_memory_bytes", "gauge", "Memory of the host.",
		    (double)facts->memory_mib * 1048576);
		one(out, "ippo_pool_bytes", "gauge", "Size of the storage pool.",
		    (double)facts->pool_bytes);
		one(out, "ippo_pool_free_bytes", "gauge", "Free in the storage pool.",
		    (double)facts->pool_free_bytes);
	}
	one(out, "ippo_sweeps_total", "counter", "Sweeps of measurements.", (double)state->sweeps);
	one(out, "ippo_sweeps_failed_total", "counter", "Sweeps of which nothing was kept.",
	    (double)state->failed_sweeps);
	one(out, "ippo_sweep_timestamp_seconds", "gauge", "When the servers were last measured.",
	    (double)state->sampled_s);
	one(out, "ippo_sweep_duration_seconds", "gauge", "How long that took.",
	    state->sweep_seconds);
	one(out, "ippo_journal_bytes", "gauge", "Measurements that wait to be written.",
	    (double)state->journal_bytes);
}

/* Of those that new servers are made from. */
static void write_images(struct core *core, struct buf *out)
{
	const struct store_image_filter all = {.types = 1U << IMAGE_SYSTEM | 1U << IMAGE_APP,
					       .statuses = 1U << IMAGE_AVAILABLE,
					       .without_deprecated = true,
					       .page = {.number = 1, .entries = PAGE_MAX_ENTRIES}};
	struct store_images images = {0};
	const int64_t now_ms = clock_now_ms();

	if (store_image_list(core->store, &all, &images, NULL) < 0)
		return;
	head(out, "ippo_image_age_seconds", "gauge", "Since the image was built or brought in.");
	for (size_t i = 0; i < images.count; i++)
		(void)buf_printf(out, "ippo_image_age_seconds{image=\"%s\"} %.17g\n",
				 images.items[i].name,
				 (double)(now_ms - image_born_ms(&images.items[i])) / 1000);
	head(out, "ippo_image_pending_updates", "gauge",
	     "Updates the archive has for it, where that is known.");
	for (size_t i = 0; i < images.count; i++) {
		const struct image *image = &images.items[i];
		if (image->updates.unknown == IMAGE_KNOWN)
			(void)buf_printf(out,
					 "ippo_image_pending_updates{image=\"%s\",kind=\"all\"} "
					 "%" PRIu64 "\n"
					 "ippo_image_pending_updates{image=\"%s\","
					 "kind=\"security\"} %" PRIu64 "\n",
					 image->name, image->updates.pending, image->name,
					 image->updates.security);
	}
	store_image_done(&images);
}

static int by_id(const void *a, const void *b)
{
	const uint64_t x = (*(const struct metrics_latest *const *)a)->server_id;
	const uint64_t y = (*(const struct metrics_latest *const *)b)->server_id;

	return (x > y) - (x < y);
}

static void write_servers(const struct metrics_latest *const *servers, size_t count,
			  struct buf *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(exported); i++) {
		const size_t len = strlen(exported[i].name);
		head(out, exported[i].name,
		     strcmp(exported[i].name + len - 6, "_total") == 0 ? "counter" : "gauge",
		     exported[i].help);
		for (size_t n = 0; n < count; n++)
			if (servers[n]->values[i] != HOST_STATISTIC_UNKNOWN)
				(void)buf_printf(out, "%s{server=\"%" PRIu64 "\"} %.17g\n",
						 exported[i].name, servers[n]->server_id,
						 (double)servers[n]->values[i] / exported[i].unit);
	}
}

/* Servers by number, MAX_SCRAPED a page: ?page=2 has the next. */
static int scrape(struct request *request, struct err *err)
{
	const char *text = request_query(request, "page");
	struct metrics_state state;
	uint64_t page = 1;
	size_t first, count;

	if (text != NULL && parse_u64(text, 1, UINT32_MAX, &page) < 0)
		return request_invalid(request, err, "page", "must be a whole number from 1 on");
	metrics_state(request->core->metrics, &state);
	const size_t size = sizeof(const struct metrics_latest *);
	AUTO_FREE const struct metrics_latest **order = calloc(state.count + 1, size);
	if (order == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < state.count; i++)
		order[i] = &state.latest[i];
	if (state.count > 0)
		qsort(order, state.count, size, by_id);
	first = (page - 1) * MAX_SCRAPED < state.count ? (size_t)(page - 1) * MAX_SCRAPED
						       : state.count;
	count = state.count - first < MAX_SCRAPED ? state.count - first : MAX_SCRAPED;
	if (page == 1) {
		write_service(request->core, &state, &request->text);
		write_images(request->core, &request->text);
	}
	write_servers(order + first, count, &request->text);
	request->content_type = PROMETHEUS_TYPE;
	return request->text.error;
}

/* Extension: the months there are, the newest first. */
static int traffic_of_server(struct request *request, struct err *err)
{
	struct store_traffic months[STORE_TRAFFIC_MONTHS];
	struct server server CLEANUP(server_done) = {0};
	json_t *items;
	size_t count = 0;
	char month[16];
	int code = servers_find(request, &server, err);

	if (code < 0 || (code = store_traffic_list(request->core->store, server.id, months,
						   ARRAY_SIZE(months), &count, err)) < 0)
		return code;
	items = json_array();
	for (size_t i = 0; i < count; i++) {
		(void)snprintf(month, sizeof month, "%04u-%02u", months[i].month / 100,
			       months[i].month % 100);
		(void)json_array_append_new(
			items, json_pack("{s:s, s:I, s:I}", "month", month, "ingoing_traffic",
					 (json_int_t)months[i].in_bytes, "outgoing_traffic",
					 (json_int_t)months[i].out_bytes));
	}
	return request_answer(request, 200, "traffic", items);
}

const struct route metrics_routes[] = {
	{"GET", "/servers/{id}/metrics", ACCESS_READ, of_server},
	{"GET", "/servers/{id}/traffic", ACCESS_READ, traffic_of_server},
	{"GET", "/metrics", ACCESS_SERVICE_READ, scrape},
	{NULL, NULL, 0, NULL},
};

/*
 * Theory of operation. The host's counters outlive its own process and the guests' runs; what is
 * remembered here of them is a row for each server, written in the transaction that adds what is
 * new to its month. So it does not matter when anybody dies: the next count has what is missing,
 * and nothing twice. What is lost is what went by between the last count and a restart of the
 * machine, a minute's at most.
 */
#include "core/traffic.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "core/actions/engine.h"
#include "core/hostlink/host_client.h"
#include "store/store_traffic.h"

#define FIRST_MS 2000
#define EVERY_MS 60000
#define HOST_MS  50000
#define MOST     ((size_t)1 << 20)

struct traffic {
	struct core *core;
	uv_timer_t timer;
	bool is_asking;
	struct store_count *counts; /* of the answer that is coming in */
	size_t count, capacity;
	bool spoilt;
};

static void take(struct traffic *traffic, const struct host_traffic *of)
{
	if (traffic->count == traffic->capacity) {
		const size_t capacity = traffic->capacity > 0 ? traffic->capacity * 2 : 64;
		void *grown = capacity > MOST ? NULL
					      : reallocarray(traffic->counts, capacity,
							     sizeof *traffic->counts);
		if (grown == NULL) {
			traffic->spoilt = true;
			return;
		}
		traffic->counts = grown;
		traffic->capacity = capacity;
	}
	struct store_count *count = &traffic->counts[traffic->count++];
	*count = (struct store_count){
		.epoch = of->epoch, .in_bytes = of->in_bytes, .out_bytes = of->out_bytes};
	memcpy(count->uuid, of->uuid, UUID_BYTES);
}

static void on_answer(void *context, int code, const char *text, struct reader *answer, bool more)
{
	struct traffic *traffic = context;
	struct host_traffic of;
	struct err err = {0};

	while (code == 0 && !traffic->spoilt && answer->at < answer->end) {
		if (host_traffic_read(answer, &of) < 0)
			traffic->spoilt = true;
		else
			take(traffic, &of);
	}
	if (more)
		return;
	if (code == 0 && traffic->spoilt)
		code = err_set(&err, ERR_PROTOCOL, "malformed answer");
	else if (code == 0)
		code = store_traffic_add(traffic->core->store, traffic->counts, traffic->count,
					 clock_now_ms(), &err);
	if (code < 0)
		log_warning("the servers' traffic is counted a minute later: %s",
			    err.text[0] != '\0' ? err.text : text);
	traffic->is_asking = traffic->spoilt = false;
	traffic->count = 0;
}

static void on_due(uv_timer_t *timer)
{
	struct traffic *traffic = timer->data;
	struct buf empty = {0};
	uint64_t id;

	if (!traffic->is_asking && engine_host_up(traffic->core->engine) &&
	    host_client_call(engine_host(traffic->core->engine), HOST_TRAFFIC, &empty, 0, -1,
			     HOST_MS, on_answer, traffic, &id, NULL) == 0)
		traffic->is_asking = true;
}

int traffic_new(struct core *core, struct traffic **ret, struct err *err)
{
	struct traffic *traffic = calloc(1, sizeof *traffic);

	if (traffic == NULL)
		return err_set(err, -ENOMEM, "no memory");
	traffic->core = core;
	(void)uv_timer_init(&core->loop, &traffic->timer);
	traffic->timer.data = traffic;
	(void)uv_timer_start(&traffic->timer, on_due, FIRST_MS, EVERY_MS);
	*ret = traffic;
	return 0;
}

static void on_closed(uv_handle_t *handle)
{
	struct traffic *traffic = handle->data;

	free(traffic->counts);
	free(traffic);
}

void traffic_free(struct traffic *traffic)
{
	if (traffic == NULL)
		return;
	(void)uv_timer_stop(&traffic->timer);
	uv_close((uv_handle_t *)&traffic->timer, on_closed);
}

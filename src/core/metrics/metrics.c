/*
 * Theory of operation. Each minute the host is asked what all servers that are on have used. The
 * samples of a sweep are one write to a journal, so that a process that dies loses the sweep under
 * way and no other. Every FLUSH_SWEEPS sweeps the journal is put aside and ippo-metrics carries it
 * into the servers' databases, each opened once for all its samples; only then it is removed. What
 * a database has already is passed over there, so that any of it may be done twice.
 *
 * A server that is deleted is a record too, and its database goes as soon as that is carried over.
 * One whose record could not be written any more is found at the next start, when ippo-metrics gets
 * the list of all servers there are.
 */
#include "core/metrics/metrics.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "core/actions/engine.h"
#include "core/alerts/alerts.h"
#include "core/hostlink/host_client.h"
#include "core/metrics/journal.h"
#include "store/store_server.h"

#define FLUSH_SWEEPS     5
#define SWEEP_TIMEOUT_MS 50000
#define FIRST_SWEEP_MS   2000
#define SWEEP_AFTER_MS   50
#define DELETED_FLUSH_MS 2000
#define START_FLUSH_MS   15000
#define MAX_SERVERS      ((size_t)1 << 20)

static const struct visitor_kind kind = {
	.program = "ippo-metrics",
	.ask = SUPERVISION_METRICS,
	.reply = METRICS_REPLY,
	.ended = "what keeps the measurements has ended",
	.silent = "what keeps the measurements does not answer",
};

struct settling {
	struct settling *next;
	void (*done)(void *context);
	void *context;
};

struct metrics {
	struct core *core;
	struct visitor_link *link;
	struct journal journal;
	char keep_path[CONFIG_PATH_BYTES + 32];
	uv_timer_t sweep_timer;
	uv_timer_t flush_timer;
	uv_timer_t settle_timer;
	/* the last sweep, by uuid; and the one under way */
	struct metrics_latest *latest, *next;
	size_t count, next_count, next_cap;
	bool sweeping;
	bool spoilt;
	int64_t began_ms, began_mono_ms;
	uint64_t sampled_s, sweeps, failed_sweeps;
	double sweep_seconds;
	unsigned sweeps_since_flush;
	bool flushing;
	bool kept;             /* ippo-metrics has the list */
	int64_t hold_until_ms; /* monotonic */
	struct settling *settling;
};

static void flush(struct metrics *metrics);

static int by_uuid(const void *a, const void *b)
{
	return memcmp(a, b, UUID_BYTES); /* the first member of both */
}

/* 0: no such server. */
static uint64_t server_of(struct metrics *metrics, const uint8_t uuid[UUID_BYTES])
{
	const struct metrics_latest *known =
		metrics->count > 0 ? bsearch(uuid, metrics->latest, metrics->count,
					     sizeof *metrics->latest, by_uuid)
				   : NULL;
	struct server server CLEANUP(server_done) = {0};

	if (known != NULL)
		return known->server_id;
	return store_server_get_by_uuid(metrics->core->store, uuid, &server, NULL) == 0 ? server.id
											: 0;
}

static void take_sample(struct metrics *metrics, const struct host_sample *sample)
{
	if (metrics->next_count == metrics->next_cap) {
		const size_t cap = metrics->next_cap > 0 ? metrics->next_cap * 2 : 64;
		void *grown = reallocarray(metrics->next, cap, sizeof *metrics->next);
		if (grown == NULL || cap > MAX_SERVERS) {
			metrics->next = grown != NULL ? grown : metrics->next;
			metrics->spoilt = true;
			return;
		}
		metrics->next = grown;
		metrics->next_cap = cap;
	}
	struct metrics_latest *one = &metrics->next[metrics->next_count];
	one->server_id = server_of(metrics, sample->uuid);
	if (one->server_id == 0)
		return;
	memcpy(one->uuid, sample->uuid, UUID_BYTES);
	memcpy(one->values, sample->values, sizeof one->values);
	metrics->next_count++;
}

static void end_sweep(struct metrics *metrics)
{
	free(metrics->next);
	metrics->next = NULL;
	metrics->next_count = metrics->next_cap = 0;
	metrics->sweeping = metrics->spoilt = false;
}

static int write_sweep(struct metrics *metrics, uint64_t time_ms, struct err *err)
{
	struct buf records CLEANUP(buf_done) = {0};

	(void)buf_reserve(&records, metrics->next_count * METRICS_RECORD_BYTES);
	for (size_t i = 0; i < metrics->next_count; i++) {
		struct metrics_record record = {.kind = METRICS_SAMPLE,
						.server_id = metrics->next[i].server_id,
						.time_ms = time_ms};
		memcpy(record.values, metrics->next[i].values, sizeof record.values);
		metrics_record_write(&records, &record);
	}
	return journal_append(&metrics->journal, &records, err);
}

static void finish_sweep(struct metrics *metrics)
{
	const uint64_t time_ms = (uint64_t)metrics->began_ms;
	struct err err = {0};

	if (metrics->spoilt || write_sweep(metrics, time_ms, &err) < 0) {
		log_error("the measurements of this minute are lost: %s",
			  metrics->spoilt ? "the host's answer is malformed" : err.text);
		metrics->failed_sweeps++;
		end_sweep(metrics);
		return;
	}
	if (metrics->next_count > 0)
		qsort(metrics->next, metrics->next_count, sizeof *metrics->next, by_uuid);
	if (metrics->core->alerts != NULL)
		alerts_sweep(metrics->core->alerts,
			     &(struct alerts_sweep){.before = metrics->latest,
						    .before_count = metrics->count,
						    .before_s = (uint32_t)metrics->sampled_s,
						    .now = metrics->next,
						    .now_count = metrics->next_count,
						    .now_s = (uint32_t)(time_ms / 1000)});
	free(metrics->latest);
	metrics->latest = steal_ptr(metrics->next);
	metrics->count = metrics->next_count;
	metrics->sampled_s = time_ms / 1000;
	metrics->sweeps++;
	metrics->sweep_seconds = (double)(clock_mono_ms() - metrics->began_mono_ms) / 1000;
	end_sweep(metrics);
	if (++metrics->sweeps_since_flush >= FLUSH_SWEEPS)
		flush(metrics);
}

static void on_statistics(void *context, int code, const char *text, struct reader *answer,
			  bool more)
{
	struct metrics *metrics = context;
	struct host_sample sample;

	while (code == 0 && !metrics->spoilt && answer->at < answer->end) {
		if (host_sample_read(answer, &sample) < 0)
			metrics->spoilt = true;
		else
			take_sample(metrics, &sample);
	}
	if (more)
		return;
	if (code == 0) {
		finish_sweep(metrics);
		return;
	}
	log_warning("the servers were not measured this minute: %s", text);
	metrics->failed_sweeps++;
	end_sweep(metrics);
}

/* At the beginning of each minute of the clock, where a database's minutes begin. */
static void arm_sweep(struct metrics *metrics, uv_timer_cb callback)
{
	const uint64_t minute_ms = METRICS_STEP_S * 1000;

	/* A little after: libuv's own clock stands still while something is done. */
	(void)uv_timer_start(&metrics->sweep_timer, callback,
			     minute_ms - (uint64_t)clock_now_ms() % minute_ms + SWEEP_AFTER_MS, 0);
}

static void on_sweep_due(uv_timer_t *timer)
{
	struct metrics *metrics = timer->data;
	struct buf empty = {0};
	uint64_t id;

	arm_sweep(metrics, on_sweep_due);
	if (metrics->sweeping || !engine_host_up(metrics->core->engine))
		return;
	metrics->began_ms = clock_now_ms();
	metrics->began_mono_ms = clock_mono_ms();
	if (host_client_call(engine_host(metrics->core->engine), HOST_STATISTICS, &empty, 0, -1,
			     SWEEP_TIMEOUT_MS, on_statistics, metrics, &id, NULL) == 0)
		metrics->sweeping = true;
}

/* --- into the databases --- */

static void settled(struct metrics *metrics)
{
	struct settling *settling = steal_ptr(metrics->settling), *next;

	if (settling != NULL)
		metrics->hold_until_ms = clock_mono_ms() + METRICS_HOLD_MS;
	for (; settling != NULL; settling = next) {
		next = settling->next;
		settling->done(settling->context);
		free(settling);
	}
}

static void on_applied(void *context, int code, const char *text, struct reader *answer)
{
	struct metrics *metrics = context;

	metrics->flushing = false;
	if (code < 0)
		log_error("measurements cannot be written, they wait: %s", text);
	else
		journal_drop_old(&metrics->journal);
	if (code == 0 && metrics->settling != NULL && metrics->journal.bytes > 0)
		flush(metrics); /* what came meanwhile, too */
	else
		settled(metrics);
}

static void on_kept(void *context, int code, const char *text, struct reader *answer)
{
	struct metrics *metrics = context;

	metrics->kept = code == 0;
	if (code < 0)
		log_warning("measurements of deleted servers are not removed yet: %s", text);
}

/* All servers there are, to whoever has databases of others. */
static int send_list(struct metrics *metrics, struct err *err)
{
	const struct store_server_filter all = {0};
	struct store_server_refs refs CLEANUP(store_server_refs_done) = {0};
	struct buf list CLEANUP(buf_done) = {0}, body CLEANUP(buf_done) = {0};
	int code = store_server_list_refs(metrics->core->store, &all, &refs, err);

	if (code < 0)
		return code;
	for (size_t i = 0; i < refs.count; i++)
		write_u64(&list, refs.items[i].id);
	write_u64(&body, refs.count);
	AUTO_CLOSE int fd =
		open(metrics->keep_path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return err_set(err, -errno, "%s: %s", metrics->keep_path, strerror(errno));
	(void)unlink(metrics->keep_path);
	code = list.error != 0 ? list.error : fd_write_all(fd, list.data, list.len);
	if (code < 0)
		return err_set(err, code, "cannot write the list of servers");
	return visitor_link_call(metrics->link, METRICS_KEEP, &body, fd, on_kept, metrics, err);
}

static int apply(struct metrics *metrics, uint64_t server_id, int fd, visitor_link_reply *reply,
		 void *context, struct err *err)
{
	struct buf body CLEANUP(buf_done) = {0};

	write_u64(&body, server_id);
	return visitor_link_call(metrics->link, METRICS_APPLY, &body, fd, reply, context, err);
}

static void flush(struct metrics *metrics)
{
	struct err err = {0};

	if (metrics->flushing || clock_mono_ms() < metrics->hold_until_ms)
		return;
	metrics->sweeps_since_flush = 0;
	if (metrics->journal.old_fd < 0 && metrics->journal.bytes == 0 && metrics->kept) {
		settled(metrics);
		return;
	}
	if ((metrics->kept || send_list(metrics, &err) == 0) &&
	    journal_rotate(&metrics->journal, &err) == 0 &&
	    apply(metrics, 0, metrics->journal.old_fd, on_applied, metrics, &err) == 0) {
		metrics->flushing = true;
		return;
	}
	log_error("measurements cannot be written, they wait: %s", err.text);
	settled(metrics);
}

static void on_flush_due(uv_timer_t *timer)
{
	struct metrics *metrics = timer->data;

	flush(metrics);
	/* What came while another was under way. */
	if (metrics->flushing && metrics->journal.bytes > 0)
		(void)uv_timer_start(timer, on_flush_due, DELETED_FLUSH_MS, 0);
}

static void on_settle_due(uv_timer_t *timer)
{
	struct metrics *metrics = timer->data;

	if (clock_mono_ms() < metrics->hold_until_ms)
		settled(metrics);
	else
		flush(metrics);
}

int metrics_settle(struct metrics *metrics, void (*done)(void *context), void *context)
{
	struct settling *settling = calloc(1, sizeof *settling);

	if (settling == NULL)
		return -ENOMEM;
	*settling = (struct settling){metrics->settling, done, context};
	metrics->settling = settling;
	/* Never from in here: who asks is not done with what @done ends. */
	(void)uv_timer_start(&metrics->settle_timer, on_settle_due, 0, 0);
	return 0;
}

/* --- asking --- */

/* A failure to write the newest is no reason to show nothing; FETCH follows. */
static void on_one_applied(void *context, int code, const char *text, struct reader *answer)
{
	if (code < 0)
		log_warning("the newest measurements of a server are not written: %s", text);
}

int metrics_fetch(struct metrics *metrics, const struct metrics_fetch *fetch,
		  visitor_link_reply *reply, void *context, struct err *err)
{
	struct buf body CLEANUP(buf_done) = {0};
	int code = 0;

	if (clock_mono_ms() >= metrics->hold_until_ms) {
		if (metrics->journal.old_fd >= 0)
			code = apply(metrics, fetch->server_id, metrics->journal.old_fd,
				     on_one_applied, NULL, err);
		if (code == 0 && metrics->journal.bytes > 0)
			code = apply(metrics, fetch->server_id, metrics->journal.fd, on_one_applied,
				     NULL, err);
	}
	metrics_fetch_write(&body, fetch);
	return code < 0 ? code
			: visitor_link_call(metrics->link, METRICS_FETCH, &body, -1, reply, context,
					    err);
}

void metrics_state(const struct metrics *metrics, struct metrics_state *ret)
{
	*ret = (struct metrics_state){.latest = metrics->latest,
				      .count = metrics->count,
				      .sampled_s = metrics->sampled_s,
				      .sweeps = metrics->sweeps,
				      .failed_sweeps = metrics->failed_sweeps,
				      .journal_bytes = metrics->journal.bytes,
				      .sweep_seconds = metrics->sweep_seconds};
}

/* --- life --- */

void metrics_server_deleted(struct metrics *metrics, uint64_t server_id)
{
	struct buf record CLEANUP(buf_done) = {0};
	struct err err = {0};

	for (size_t i = 0; i < metrics->count; i++)
		if (metrics->latest[i].server_id == server_id) {
			metrics->count--;
			memmove(&metrics->latest[i], &metrics->latest[i + 1],
				(metrics->count - i) * sizeof *metrics->latest);
			break;
		}
	for (size_t i = 0; i < metrics->next_count; i++)
		if (metrics->next[i].server_id == server_id) {
			metrics->next[i] = metrics->next[--metrics->next_count];
			break;
		}
	metrics_record_write(&record,
			     &(struct metrics_record){.kind = METRICS_FORGET,
						      .server_id = server_id,
						      .time_ms = (uint64_t)clock_now_ms()});
	if (journal_append(&metrics->journal, &record, &err) < 0)
		log_error("the measurements of server %llu stay until the next start: %s",
			  (unsigned long long)server_id, err.text);
	(void)uv_timer_start(&metrics->flush_timer, on_flush_due, DELETED_FLUSH_MS, 0);
}

int metrics_new(struct core *core, struct metrics **ret, struct err *err)
{
	char folder[CONFIG_PATH_BYTES + 16];
	struct metrics *metrics = calloc(1, sizeof *metrics);
	int code;

	if (metrics == NULL)
		return err_set(err, -ENOMEM, "no memory");
	metrics->core = core;
	(void)snprintf(folder, sizeof folder, "%s/core", core->config->state_dir);
	(void)snprintf(metrics->keep_path, sizeof metrics->keep_path, "%s/metrics.keep", folder);
	if ((code = journal_open(&metrics->journal, folder, err)) < 0 ||
	    (code = visitor_link_new(&core->loop, &kind, &metrics->link, err)) < 0) {
		free(metrics);
		return code;
	}
	(void)uv_timer_init(&core->loop, &metrics->sweep_timer);
	(void)uv_timer_init(&core->loop, &metrics->flush_timer);
	(void)uv_timer_init(&core->loop, &metrics->settle_timer);
	metrics->sweep_timer.data = metrics->flush_timer.data = metrics->settle_timer.data =
		metrics;
	*ret = metrics;
	return 0;
}

void metrics_start(struct metrics *metrics)
{
	visitor_link_set_child(metrics->link, metrics->core->child);
	(void)uv_timer_start(&metrics->sweep_timer, on_sweep_due, FIRST_SWEEP_MS, 0);
	(void)uv_timer_start(&metrics->flush_timer, on_flush_due, START_FLUSH_MS, 0);
}

void metrics_connect(struct metrics *metrics, int fd)
{
	visitor_link_connect(metrics->link, fd);
}

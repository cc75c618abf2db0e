/*
 * Theory of operation. Every verb becomes a job with a key: the server's UUID, the image's id, or
 * none. Jobs of one key run one after another, in the order they came; others run side by side on
 * libuv's worker pool, where they may block. To open a console has no key, and workers that are
 * kept free for it; all else about consoles never blocks and is done on the loop's thread. Answers
 * and events come back to the loop's thread through one queue. A channel to core that is replaced
 * takes the answers of its jobs with it: core asks again, and verbs are idempotent.
 */
#include "host/dispatch.h"

#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "host/console/consoles.h"
#include "host/verb.h"
#include "wire/channel.h"

#define MAX_JOBS    4096
#define MAX_RUNNING 8 /* at once; the workers beyond are there to open consoles */
#define PART_BYTES  ((size_t)64 * 1024)

struct job {
	struct job *next;
	struct dispatch *dispatch;
	uv_work_t work;
	struct verb verb;
	uint64_t epoch; /* of the channel that asked */
	uint64_t id;
	uint8_t key[VERB_KEY_BYTES];
	bool has_key;
	bool running;
};

struct note {
	struct note *next;
	uint16_t type;
	uint64_t id;
	uint64_t epoch; /* 0: an event for whoever is connected */
	struct buf body;
};

struct dispatch {
	uv_loop_t *loop;
	struct driver *driver;
	struct consoles *consoles;
	struct channel *channel;
	uint64_t epoch;
	struct job *jobs; /* in the order they came */
	size_t job_count;
	size_t running_count; /* of those that are not to open a console */
	struct buf sync;      /* the parts of a HOST_NETWORK_SYNC so far */
	uint64_t sync_id;
	uv_async_t wake;
	pthread_mutex_t lock;
	struct note *notes; /* under lock; newest first */
};

/* --- from other threads to the loop --- */

static void post(struct dispatch *dispatch, uint16_t type, uint64_t epoch, uint64_t id,
		 struct buf *body)
{
	struct note *note = body->error == 0 ? calloc(1, sizeof *note) : NULL;

	if (note == NULL) {
		buf_done(body);
		return;
	}
	note->type = type;
	note->epoch = epoch;
	note->id = id;
	note->body = *body;
	(void)pthread_mutex_lock(&dispatch->lock);
	note->next = dispatch->notes;
	dispatch->notes = note;
	(void)pthread_mutex_unlock(&dispatch->lock);
	(void)uv_async_send(&dispatch->wake);
}

static void on_wake(uv_async_t *async)
{
	struct dispatch *dispatch = async->data;
	struct note *note, *next, *in_order = NULL;

	(void)pthread_mutex_lock(&dispatch->lock);
	note = dispatch->notes;
	dispatch->notes = NULL;
	(void)pthread_mutex_unlock(&dispatch->lock);
	for (; note != NULL; note = next) {
		next = note->next;
		note->next = in_order;
		in_order = note;
	}
	for (note = in_order; note != NULL; note = next) {
		next = note->next;
		if (dispatch->channel != NULL &&
		    (note->epoch == 0 || note->epoch == dispatch->epoch))
			(void)channel_send(dispatch->channel, note->type, 0, note->id,
					   note->body.data, note->body.len, NULL, 0);
		buf_done(&note->body);
		free(note);
	}
}

static void on_domain(void *context, const uint8_t uuid[UUID_BYTES], enum host_domain_state state)
{
	struct buf body = {0};

	write_bytes(&body, uuid, UUID_BYTES);
	write_u8(&body, (uint8_t)state);
	write_u64(&body, (uint64_t)clock_now_ms());
	post(context, HOST_EVENT_DOMAIN, 0, 0, &body);
}

static void on_report(void *context, const uint8_t uuid[UUID_BYTES], const char *line)
{
	struct buf body = {0};

	write_bytes(&body, uuid, UUID_BYTES);
	write_text(&body, line);
	post(context, HOST_EVENT_REPORT, 0, 0, &body);
}

static void on_hypervisor(void *context, bool up)
{
	struct buf body = {0};

	write_u8(&body, up);
	post(context, HOST_EVENT_HYPERVISOR, 0, 0, &body);
}

static void on_line(void *context, const uint8_t uuid[UUID_BYTES], const struct serial_line *line)
{
	consoles_line(((struct dispatch *)context)->consoles, uuid, line);
}

static void on_mark(void *context, const uint8_t uuid[UUID_BYTES], enum serial_mark mark)
{
	consoles_mark(((struct dispatch *)context)->consoles, uuid, mark);
}

static void on_forget(void *context, const uint8_t uuid[UUID_BYTES])
{
	consoles_forget(((struct dispatch *)context)->consoles, uuid);
}

static void on_progress(struct verb *verb, unsigned percent)
{
	struct job *job = (struct job *)((char *)verb - offsetof(struct job, verb));
	struct buf body = {0};

	write_u8(&body, (uint8_t)percent);
	post(job->dispatch, HOST_PROGRESS, job->epoch, job->id, &body);
}

static void on_work(uv_work_t *work)
{
	struct job *job = work->data;

	verb_run(job->dispatch->driver, &job->verb);
}

/* --- the loop's side --- */

static void start_jobs(struct dispatch *dispatch);

/* One HOST_REPLY. The descriptor moves; -1: none. */
static void reply(struct dispatch *dispatch, uint64_t id, uint8_t flags, int code,
		  const struct err *err, const struct buf *answer, int fd)
{
	struct buf body CLEANUP(buf_done) = {0};

	write_i32(&body, code);
	write_text(&body, code < 0 ? err->text : "");
	if (code == 0 && answer != NULL)
		write_bytes(&body, answer->data, answer->len);
	(void)channel_send(dispatch->channel, HOST_REPLY, flags, id, body.data, body.len,
			   fd >= 0 ? &fd : NULL, fd >= 0);
}

static void send_reply(struct dispatch *dispatch, const struct job *job)
{
	const size_t parts = job->verb.part_count > 0 ? job->verb.part_count : 1;

	for (size_t i = 0; i < parts; i++)
		reply(dispatch, job->id, i + 1 < parts ? WIRE_MORE : 0, job->verb.code,
		      &job->verb.err,
		      job->verb.part_count > 0 ? &job->verb.parts[i] : &job->verb.answer, -1);
}

/* With what the driver gave. Whoever asked may have closed it again meanwhile. */
static void finish_console(struct dispatch *dispatch, uint64_t id,
			   const struct host_console_open *open, int code, int vnc_fd,
			   struct err *err)
{
	int fd = -1;

	if (code < 0)
		consoles_close(dispatch->consoles, open->console_id);
	else
		code = consoles_finish(dispatch->consoles, open, vnc_fd, &fd, err);
	reply(dispatch, id, 0, code, err, NULL, fd);
}

static void finish_job(struct dispatch *dispatch, struct job *job)
{
	struct host_console_open open;
	struct reader reader;

	if (job->verb.type != HOST_CONSOLE_OPEN) {
		send_reply(dispatch, job);
		return;
	}
	reader_init(&reader, job->verb.body.data, job->verb.body.len);
	(void)host_console_open_read(&reader, &open); /* it was read before it was queued */
	finish_console(dispatch, job->id, &open, job->verb.code, steal_fd(&job->verb.answer_fd),
		       &job->verb.err);
}

static void free_job(struct job *job)
{
	verb_done(&job->verb);
	free(job);
}

static void on_work_done(uv_work_t *work, int status)
{
	struct job *job = work->data;
	struct dispatch *dispatch = job->dispatch;

	/* Progress that was said before must come before the answer. */
	on_wake(&dispatch->wake);
	if (job->epoch == dispatch->epoch && dispatch->channel != NULL)
		finish_job(dispatch, job);
	for (struct job **at = &dispatch->jobs; *at != NULL; at = &(*at)->next)
		if (*at == job) {
			*at = job->next;
			break;
		}
	dispatch->job_count--;
	if (job->verb.type != HOST_CONSOLE_OPEN)
		dispatch->running_count--;
	free_job(job);
	start_jobs(dispatch);
}

static bool key_is_busy(const struct dispatch *dispatch, const struct job *job)
{
	for (const struct job *other = dispatch->jobs; other != job; other = other->next)
		if (other->has_key && memcmp(other->key, job->key, sizeof job->key) == 0)
			return true;
	return false;
}

static void start_jobs(struct dispatch *dispatch)
{
	for (struct job *job = dispatch->jobs; job != NULL; job = job->next) {
		const bool is_console = job->verb.type == HOST_CONSOLE_OPEN;
		if (job->running || (job->has_key && key_is_busy(dispatch, job)) ||
		    (!is_console && dispatch->running_count >= MAX_RUNNING))
			continue;
		job->running = true;
		if (!is_console)
			dispatch->running_count++;
		job->work.data = job;
		(void)uv_queue_work(dispatch->loop, &job->work, on_work, on_work_done);
	}
}

static int queue_job(struct dispatch *dispatch, uint16_t type, uint64_t id, const void *body,
		     size_t bytes, int *fd)
{
	struct job *job = dispatch->job_count < MAX_JOBS ? calloc(1, sizeof *job) : NULL;
	struct job **last = &dispatch->jobs;

	if (job == NULL)
		return -ENOMEM;
	job->dispatch = dispatch;
	job->epoch = dispatch->epoch;
	job->id = id;
	job->verb = (struct verb){.type = type,
				  .fd = fd != NULL ? steal_fd(fd) : -1,
				  .answer_fd = -1,
				  .body = {.max = VERB_MAX_BYTES},
				  .progress = on_progress};
	if (buf_append(&job->verb.body, body, bytes) < 0) {
		free_job(job);
		return -ENOMEM;
	}
	job->has_key = verb_key(&job->verb, job->key);
	while (*last != NULL)
		last = &(*last)->next;
	*last = job;
	dispatch->job_count++;
	start_jobs(dispatch);
	return 0;
}

static int on_verb(void *context, struct channel *channel, struct message *message)
{
	if ((message->flags & WIRE_MORE) != 0)
		return ERR_PROTOCOL;
	return queue_job(context, message->type, message->id, message->body, message->body_bytes,
			 message->fd_count == 1 ? &message->fds[0] : NULL);
}

static int on_sync_part(void *context, struct channel *channel, struct message *message)
{
	struct dispatch *dispatch = context;
	int code;

	if (dispatch->sync_id != message->id)
		buf_clear(&dispatch->sync);
	dispatch->sync_id = message->id;
	if ((code = buf_append(&dispatch->sync, message->body, message->body_bytes)) < 0)
		return code;
	if ((message->flags & WIRE_MORE) != 0)
		return 0;
	code = queue_job(dispatch, message->type, message->id, dispatch->sync.data,
			 dispatch->sync.len, NULL);
	buf_done(&dispatch->sync);
	return code;
}

/* --- consoles: on the loop's thread, so that nothing else is waited for --- */

static int on_console_open(void *context, struct channel *channel, struct message *message)
{
	struct dispatch *dispatch = context;
	struct host_console_open open;
	struct reader reader;
	struct err err = {0};
	int code;

	reader_init(&reader, message->body, message->body_bytes);
	if ((message->flags & WIRE_MORE) != 0 || host_console_open_read(&reader, &open) < 0 ||
	    reader_done(&reader) < 0)
		return ERR_PROTOCOL;
	code = consoles_begin(dispatch->consoles, &open, &err);
	if (code < 0) {
		reply(dispatch, message->id, 0, code, &err, NULL, -1);
		return 0;
	}
	if (open.kind == CONSOLE_SERIAL && consoles_knows(dispatch->consoles, open.uuid)) {
		finish_console(dispatch, message->id, &open, 0, -1, &err);
		return 0;
	}
	return on_verb(context, channel, message);
}

static int on_console_close(void *context, struct channel *channel, struct message *message)
{
	struct dispatch *dispatch = context;
	struct reader reader;
	uint64_t console_id;

	reader_init(&reader, message->body, message->body_bytes);
	console_id = reader_u64(&reader);
	if ((message->flags & WIRE_MORE) != 0 || reader_done(&reader) < 0)
		return ERR_PROTOCOL;
	consoles_close(dispatch->consoles, console_id);
	reply(dispatch, message->id, 0, 0, NULL, NULL, -1);
	return 0;
}

/* Parts of: u64 offset of its first byte, u64 the ring's end, slice. At least one. A server that
 * never said anything (@ring is NULL) has said nothing. */
static void send_text(struct dispatch *dispatch, uint64_t id, const struct ring *ring,
		      const struct host_console_text *text)
{
	const uint64_t first = ring != NULL ? ring_first(ring) : 0;
	const uint64_t end = ring != NULL ? ring_end(ring) : 0;
	uint64_t at = text->from > end ? end : text->from, until;
	uint8_t data[PART_BYTES];

	if (at < first)
		at = first;
	until = end - at < text->max_bytes ? end : at + text->max_bytes;
	do {
		struct buf part CLEANUP(buf_done) = {0};
		const size_t left = (size_t)(until - at);
		const size_t bytes =
			left > 0 ? ring_copy(ring, at, data, left < PART_BYTES ? left : PART_BYTES)
				 : 0;
		write_u64(&part, at);
		write_u64(&part, end);
		write_slice(&part, data, bytes);
		at += bytes;
		reply(dispatch, id, at < until ? WIRE_MORE : 0, 0, NULL, &part, -1);
	} while (at < until);
}

static int on_console_text(void *context, struct channel *channel, struct message *message)
{
	struct dispatch *dispatch = context;
	struct host_console_text text;
	struct reader reader;

	reader_init(&reader, message->body, message->body_bytes);
	if ((message->flags & WIRE_MORE) != 0 || host_console_text_read(&reader, &text) < 0 ||
	    reader_done(&reader) < 0)
		return ERR_PROTOCOL;
	send_text(dispatch, message->id, consoles_ring(dispatch->consoles, text.uuid), &text);
	return 0;
}

static void on_console_ended(void *context, uint64_t console_id, enum host_console_end end)
{
	struct dispatch *dispatch = context;
	struct buf body CLEANUP(buf_done) = {0};

	write_u64(&body, console_id);
	write_u8(&body, (uint8_t)end);
	if (dispatch->channel != NULL)
		(void)channel_send(dispatch->channel, HOST_EVENT_CONSOLE, 0, 0, body.data, body.len,
				   NULL, 0);
}

static const struct consoles_events consoles_events = {.ended = on_console_ended};

static void on_closed(void *context, struct channel *channel, const struct err *why)
{
	struct dispatch *dispatch = context;

	log_info("core is gone: %s", why->text);
	channel_free(channel);
	dispatch->channel = NULL;
	consoles_close_all(dispatch->consoles);
}

static const struct message_rule rules[] = {
	{HOST_HELLO, 0, on_verb},
	{HOST_INVENTORY, 0, on_verb},
	{HOST_STATISTICS, 0, on_verb},
	{HOST_TRAFFIC, 0, on_verb},
	{HOST_IMAGE_IMPORT, 1, on_verb},
	{HOST_IMAGE_CREATE, 0, on_verb},
	{HOST_IMAGE_DELETE, 0, on_verb},
	{HOST_IMAGE_FACTS, 0, on_verb},
	{HOST_IMAGE_UPDATES, 0, on_verb},
	{HOST_VOLUME_CREATE, 0, on_verb},
	{HOST_VOLUME_GROW, 0, on_verb},
	{HOST_VOLUME_DELETE, 0, on_verb},
	{HOST_SEED_CREATE, 0, on_verb},
	{HOST_SEED_DELETE, 0, on_verb},
	{HOST_NETWORK_SET, 0, on_verb},
	{HOST_NETWORK_CLEAR, 0, on_verb},
	{HOST_NETWORK_SYNC, 0, on_sync_part},
	{HOST_FILTER_SET, 0, on_verb},
	{HOST_FILTER_STATUS, 0, on_verb},
	{HOST_FILTER_CAME, 0, on_verb},
	{HOST_DOMAIN_DEFINE, 0, on_verb},
	{HOST_DOMAIN_UNDEFINE, 0, on_verb},
	{HOST_DOMAIN_START, 0, on_verb},
	{HOST_DOMAIN_SHUTDOWN, 0, on_verb},
	{HOST_DOMAIN_STOP, 0, on_verb},
	{HOST_DOMAIN_REBOOT, 0, on_verb},
	{HOST_DOMAIN_RESET, 0, on_verb},
	{HOST_DOMAIN_STATE, 0, on_verb},
	{HOST_PASSWORD_SET, 0, on_verb},
	{HOST_GUEST_ASK, 0, on_verb},
	{HOST_CONSOLE_OPEN, 0, on_console_open},
	{HOST_CONSOLE_CLOSE, 0, on_console_close},
	{HOST_CONSOLE_TEXT, 0, on_console_text},
	{HOST_CONSOLE_SCREEN, 0, on_verb},
	{0, 0, NULL},
};
static const struct channel_events channel_events = {.rules = rules, .closed = on_closed};

int dispatch_new(uv_loop_t *loop, const struct config *config, struct dispatch **ret,
		 struct err *err)
{
	struct dispatch *dispatch = calloc(1, sizeof *dispatch);
	char folder[CONFIG_PATH_BYTES + 16];
	int code;

	if (dispatch == NULL)
		return err_set(err, -ENOMEM, "no memory");
	const struct driver_events events = {.domain = on_domain,
					     .report = on_report,
					     .hypervisor = on_hypervisor,
					     .line = on_line,
					     .mark = on_mark,
					     .forget = on_forget,
					     .context = dispatch};
	dispatch->loop = loop;
	dispatch->sync.max = VERB_MAX_BYTES;
	(void)pthread_mutex_init(&dispatch->lock, NULL);
	if ((code = uv_async_init(loop, &dispatch->wake, on_wake)) < 0)
		return err_set(err, code, "cannot watch for events: %s", uv_strerror(code));
	dispatch->wake.data = dispatch;
	(void)snprintf(folder, sizeof folder, "%s/consoles", config->host_dir);
	code = consoles_new(loop, folder, &consoles_events, dispatch, &dispatch->consoles, err);
	if (code < 0)
		return code;
	code = strcmp(config->driver, "fake") == 0
		       ? fake_driver_new(config, &events, &dispatch->driver, err)
		       : libvirt_driver_new(config, &events, &dispatch->driver, err);
	if (code < 0)
		return code;
	*ret = dispatch;
	return 0;
}

static void on_freed(uv_handle_t *handle)
{
	struct dispatch *dispatch = handle->data;

	for (struct note *note = dispatch->notes, *next; note != NULL; note = next) {
		next = note->next;
		buf_done(&note->body);
		free(note);
	}
	(void)pthread_mutex_destroy(&dispatch->lock);
	free(dispatch);
}

void dispatch_free(struct dispatch *dispatch)
{
	if (dispatch == NULL)
		return;
	channel_free(dispatch->channel);
	dispatch->driver->verbs->free(dispatch->driver);
	consoles_free(dispatch->consoles);
	buf_done(&dispatch->sync);
	uv_close((uv_handle_t *)&dispatch->wake, on_freed);
}

void dispatch_connect(struct dispatch *dispatch, int fd)
{
	struct err err = {0};

	channel_free(steal_ptr(dispatch->channel));
	consoles_close_all(dispatch->consoles);
	dispatch->epoch++;
	buf_clear(&dispatch->sync);
	if (channel_new(dispatch->loop, fd, &channel_events, dispatch, &dispatch->channel, &err) <
	    0)
		log_error("cannot use the channel to core: %s", err.text);
}

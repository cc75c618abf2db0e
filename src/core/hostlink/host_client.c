/*
 * Theory of operation
 *
 * One channel, replaced whenever ippod hands over a new end. A verb is a `call` in a list until its
 * last HOST_REPLY, its time limit or the end of the channel, whichever comes first; each of the
 * three takes it off the list before the callback runs, so that a callback may ask again, cancel,
 * or reconnect. Answers to ids no longer in the list are dropped: after a time limit the host may
 * still finish, and as every verb is idempotent the caller simply asks again.
 *
 * On each new channel HELLO goes first. Verbs are accepted at once (the host answers in its own
 * order), but `up` is told only when HELLO was answered; a failed HELLO is repeated each second.
 */
#include "core/hostlink/host_client.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "wire/channel.h"

#define HELLO_TIMEOUT_MS  30000
#define HELLO_REPEAT_MS   1000
#define ERROR_TEXT_BYTES  ((size_t)4096)
#define REPORT_LINE_BYTES 513 /* 512 and the NUL */
#define DEADLINE_GRAIN_MS 20

struct call {
	struct call *next;
	uint64_t id;
	uint16_t type;
	uint32_t timeout_ms;
	int64_t deadline_ms;
	host_client_reply *reply;
	void *context;
};

/* libuv closes timers later than we free; so they live in a block of their own. */
struct timers {
	uv_timer_t deadline;
	uv_timer_t hello;
	unsigned open;
};

struct host_client {
	uv_loop_t *loop;
	const struct host_client_events *events;
	void *context;
	struct channel *channel;
	struct call *calls;
	uint64_t last_id;
	struct timers *timers;
	struct host_facts facts;
	int64_t seen_ms;
	bool has_facts;
	bool greeted;
	bool hypervisor;
	bool told_up;
	int *reply_fd; /* of the answer being told, else NULL */
	bool *freed;   /* what to set when it is freed meanwhile */
};

static void say_hello(struct host_client *client);
static void on_deadline(uv_timer_t *timer);

static void tell_up(struct host_client *client)
{
	bool up = host_client_up(client);

	if (!up && client->told_up) {
		client->told_up = false;
		client->events->down(client->context);
	} else if (up) {
		client->told_up = true;
		client->events->up(client->context, &client->facts);
	}
}

static void arm_deadline(struct host_client *client)
{
	int64_t first = INT64_MAX;
	int64_t now = clock_mono_ms();

	for (struct call *call = client->calls; call; call = call->next)
		if (call->deadline_ms < first)
			first = call->deadline_ms;
	if (first == INT64_MAX)
		(void)uv_timer_stop(&client->timers->deadline);
	else
		(void)uv_timer_start(&client->timers->deadline, on_deadline,
				     first > now ? (uint64_t)(first - now) + DEADLINE_GRAIN_MS : 0,
				     0);
}

static struct call *take_call(struct host_client *client, uint64_t id)
{
	for (struct call **at = &client->calls; *at; at = &(*at)->next) {
		struct call *call = *at;

		if (call->id == id) {
			*at = call->next;
			call->next = NULL;
			return call;
		}
	}
	return NULL;
}

static struct call *find_call(struct host_client *client, uint64_t id)
{
	for (struct call *call = client->calls; call; call = call->next)
		if (call->id == id)
			return call;
	return NULL;
}

/* Ends @call (already off the list). The client may be freed by the callback: touch nothing after.
 */
static void finish_call(struct call *call, int code, const char *text, struct reader *answer)
{
	host_client_reply *reply = call->reply;
	void *context = call->context;
	struct reader empty;

	free(call);
	reader_init(&empty, "", 0);
	reply(context, code, text, answer ? answer : &empty, false);
}

static void fail_all(struct host_client *client, const char *text)
{
	/* Only what is pending now: a callback may ask again on a new channel. */
	uint64_t last = client->last_id;

	for (;;) {
		struct call *oldest = NULL;

		for (struct call *call = client->calls; call; call = call->next)
			if (call->id <= last && (!oldest || call->id < oldest->id))
				oldest = call;
		if (!oldest)
			break;
		finish_call(take_call(client, oldest->id), ERR_UNAVAILABLE, text, NULL);
	}
	arm_deadline(client);
}

static void drop_channel(struct host_client *client, const char *text)
{
	struct channel *channel = client->channel;

	client->channel = NULL;
	client->greeted = false;
	channel_free(channel);
	if (channel && client->events->dropped)
		client->events->dropped(client->context);
	(void)uv_timer_stop(&client->timers->hello);
	tell_up(client);
	fail_all(client, text);
}

static void on_deadline(uv_timer_t *timer)
{
	struct host_client *client = timer->data;
	int64_t now = clock_mono_ms();

	for (;;) {
		struct call *late = NULL;

		for (struct call *call = client->calls; call && !late; call = call->next)
			if (call->deadline_ms <= now)
				late = call;
		if (!late)
			break;
		finish_call(take_call(client, late->id), ERR_UNAVAILABLE,
			    "the host did not answer in time", NULL);
	}
	arm_deadline(client);
}

static void on_hello_timer(uv_timer_t *timer)
{
	struct host_client *client = timer->data;

	say_hello(client);
}

static void on_hello(void *context, int code, const char *text, struct reader *answer, bool more)
{
	struct host_client *client = context;
	struct host_facts facts;

	if (more)
		return;
	if (code == 0 && host_facts_read(answer, &facts) == 0 && reader_done(answer) == 0) {
		client->facts = facts;
		client->has_facts = true;
		client->greeted = true;
		tell_up(client);
		return;
	}
	if (client->channel) {
		log_warning("host: no facts yet: %s", code ? text : "malformed answer");
		(void)uv_timer_start(&client->timers->hello, on_hello_timer, HELLO_REPEAT_MS, 0);
	}
}

static void say_hello(struct host_client *client)
{
	struct buf empty = {0};
	uint64_t id;

	if (!client->channel)
		return;
	if (host_client_call(client, HOST_HELLO, &empty, 0, -1, HELLO_TIMEOUT_MS, on_hello, client,
			     &id, NULL))
		(void)uv_timer_start(&client->timers->hello, on_hello_timer, HELLO_REPEAT_MS, 0);
}

static int on_reply(void *context, struct channel *channel, struct message *message)
{
	struct host_client *client = context;
	struct reader in;
	struct slice said;
	struct call *call;
	char text[sizeof((struct err *)NULL)->text] = "";
	int32_t code;
	bool freed = false;

	(void)channel;
	reader_init(&in, message->body, message->body_bytes);
	code = reader_i32(&in);
	said = reader_slice(&in, ERROR_TEXT_BYTES);
	if (in.error || code > 0)
		return ERR_PROTOCOL;
	client->seen_ms = clock_now_ms();
	if (said.len) {
		size_t len = said.len < sizeof(text) ? said.len : sizeof(text) - 1;

		memcpy(text, said.data, len);
		text[len] = '\0';
		for (char *at = text; *at; at++)
			if ((unsigned char)*at < ' ')
				*at = ' ';
	}
	if (code == 0 && (message->flags & WIRE_MORE)) {
		call = find_call(client, message->id);
		if (call) {
			call->deadline_ms = clock_mono_ms() + call->timeout_ms;
			call->reply(call->context, 0, "", &in, true);
		}
		return 0;
	}
	call = take_call(client, message->id);
	if (!call)
		return 0;
	client->reply_fd = message->fd_count == 1 ? &message->fds[0] : NULL;
	client->freed = &freed;
	finish_call(call, code, text, code ? NULL : &in);
	if (!freed) {
		client->reply_fd = NULL;
		client->freed = NULL;
	}
	return 0;
}

int host_client_steal_fd(struct host_client *client)
{
	return client->reply_fd ? steal_fd(client->reply_fd) : -1;
}

static int on_progress(void *context, struct channel *channel, struct message *message)
{
	struct host_client *client = context;
	struct reader in;
	struct call *call;
	uint8_t percent;

	(void)channel;
	reader_init(&in, message->body, message->body_bytes);
	percent = reader_u8(&in);
	if (reader_done(&in) || percent > 100)
		return ERR_PROTOCOL;
	call = find_call(client, message->id);
	if (!call)
		return 0;
	call->deadline_ms = clock_mono_ms() + call->timeout_ms;
	if (client->events->progress)
		client->events->progress(client->context, message->id, percent);
	return 0;
}

static int on_domain(void *context, struct channel *channel, struct message *message)
{
	struct host_client *client = context;
	struct reader in;
	uint8_t uuid[UUID_BYTES];
	uint8_t state;
	uint64_t time_ms;

	(void)channel;
	reader_init(&in, message->body, message->body_bytes);
	reader_bytes(&in, uuid, sizeof(uuid));
	state = reader_u8(&in);
	time_ms = reader_u64(&in);
	if (reader_done(&in) || state > HOST_DOMAIN_CRASHED || time_ms > INT64_MAX)
		return ERR_PROTOCOL;
	client->events->domain(client->context, uuid, (enum host_domain_state)state,
			       (int64_t)time_ms);
	return 0;
}

static int on_report(void *context, struct channel *channel, struct message *message)
{
	struct host_client *client = context;
	struct reader in;
	uint8_t uuid[UUID_BYTES];
	char line[REPORT_LINE_BYTES];

	(void)channel;
	reader_init(&in, message->body, message->body_bytes);
	reader_bytes(&in, uuid, sizeof(uuid));
	reader_text(&in, line, sizeof(line));
	if (reader_done(&in)) /* what a guest says must never end the channel */
		return 0;
	client->events->report(client->context, uuid, line);
	return 0;
}

static int on_hypervisor(void *context, struct channel *channel, struct message *message)
{
	struct host_client *client = context;
	struct reader in;
	uint8_t reachable;

	(void)channel;
	reader_init(&in, message->body, message->body_bytes);
	reachable = reader_u8(&in);
	if (reader_done(&in) || reachable > 1)
		return ERR_PROTOCOL;
	client->hypervisor = reachable;
	if (reachable)
		say_hello(client); /* what it said of itself before may have changed */
	else
		tell_up(client);
	return 0;
}

static int on_console(void *context, struct channel *channel, struct message *message)
{
	struct host_client *client = context;
	struct reader in;
	uint64_t console_id;
	uint8_t end;

	(void)channel;
	reader_init(&in, message->body, message->body_bytes);
	console_id = reader_u64(&in);
	end = reader_u8(&in);
	if (reader_done(&in) || end < HOST_CONSOLE_OFF || end > HOST_CONSOLE_BAD)
		return ERR_PROTOCOL;
	if (client->events->console)
		client->events->console(client->context, console_id, (enum host_console_end)end);
	return 0;
}

static void on_closed(void *context, struct channel *channel, const struct err *why)
{
	struct host_client *client = context;

	if (channel != client->channel)
		return;
	log_warning("host: channel closed: %s", why && why->text[0] ? why->text : "peer has gone");
	drop_channel(client, "the host process has gone; it is being restarted");
	if (client->events->lost)
		client->events->lost(client->context);
}

static const struct message_rule host_rules[] = {
	{HOST_REPLY, 1, on_reply},
	{HOST_PROGRESS, 0, on_progress},
	{HOST_EVENT_DOMAIN, 0, on_domain},
	{HOST_EVENT_REPORT, 0, on_report},
	{HOST_EVENT_HYPERVISOR, 0, on_hypervisor},
	{HOST_EVENT_CONSOLE, 0, on_console},
	{0, 0, NULL},
};

static const struct channel_events host_events = {.rules = host_rules, .closed = on_closed};

int host_client_new(uv_loop_t *loop, const struct host_client_events *events, void *context,
		    struct host_client **ret, struct err *err)
{
	struct host_client *client = calloc(1, sizeof(*client));

	if (!client)
		return err_set(err, -ENOMEM, "out of memory");
	client->timers = calloc(1, sizeof(*client->timers));
	if (!client->timers) {
		free(client);
		return err_set(err, -ENOMEM, "out of memory");
	}
	client->loop = loop;
	client->events = events;
	client->context = context;
	client->hypervisor = true;
	(void)uv_timer_init(loop, &client->timers->deadline);
	(void)uv_timer_init(loop, &client->timers->hello);
	client->timers->deadline.data = client;
	client->timers->hello.data = client;
	client->timers->open = 2;
	*ret = client;
	return 0;
}

static void timer_closed(uv_handle_t *handle)
{
	struct timers *timers = handle->data;

	if (--timers->open == 0)
		free(timers);
}

void host_client_free(struct host_client *client)
{
	if (!client)
		return;
	if (client->freed)
		*client->freed = true;
	channel_free(client->channel);
	while (client->calls) {
		struct call *call = client->calls;

		client->calls = call->next;
		free(call);
	}
	client->timers->deadline.data = client->timers;
	client->timers->hello.data = client->timers;
	uv_close((uv_handle_t *)&client->timers->deadline, timer_closed);
	uv_close((uv_handle_t *)&client->timers->hello, timer_closed);
	free(client);
}

int host_client_connect(struct host_client *client, int fd, struct err *err)
{
	int r;

	drop_channel(client, "the host process was replaced");
	client->hypervisor = true;
	r = channel_new(client->loop, fd, &host_events, client, &client->channel, err);
	if (r)
		return err_wrap(err, r, "channel to the host");
	say_hello(client);
	return 0;
}

int host_client_call(struct host_client *client, uint16_t type, const struct buf *body,
		     uint8_t flags, int fd, uint32_t timeout_ms, host_client_reply *reply,
		     void *context, uint64_t *ret_id, struct err *err)
{
	struct call *call;
	int duplicate = -1;
	int r;

	if (body->error)
		return err_set(err, body->error, "could not build the message for the host");
	if (!client->channel)
		return err_set(err, ERR_UNAVAILABLE,
			       "the host process is not running; it is being restarted");
	if (fd >= 0) {
		duplicate = fcntl(fd, F_DUPFD_CLOEXEC, 3);
		if (duplicate < 0)
			return err_set(err, -errno, "duplicating a descriptor");
	}
	call = calloc(1, sizeof(*call));
	if (!call) {
		if (duplicate >= 0)
			(void)close(duplicate);
		return err_set(err, -ENOMEM, "out of memory");
	}
	call->id = ++client->last_id;
	call->type = type;
	call->timeout_ms = timeout_ms;
	call->deadline_ms = clock_mono_ms() + timeout_ms;
	call->reply = reply;
	call->context = context;
	r = channel_send(client->channel, type, flags, call->id, body->data, body->len, &duplicate,
			 fd >= 0 ? 1 : 0);
	if (r) {
		free(call);
		/* Whatever else it is, the channel is ending: asked again on the next one. */
		if (r != -EMSGSIZE && r != -ENOMEM)
			return err_set(err, ERR_UNAVAILABLE,
				       "the host process takes no requests now");
		return err_set(err, r, "sending to the host");
	}
	call->next = client->calls;
	client->calls = call;
	*ret_id = call->id;
	arm_deadline(client);
	return 0;
}

int host_client_continue(struct host_client *client, uint64_t id, uint16_t type,
			 const struct buf *body, uint8_t flags, struct err *err)
{
	int r;

	if (body->error)
		return err_set(err, body->error, "could not build the message for the host");
	if (!client->channel)
		return err_set(err, ERR_UNAVAILABLE, "the host process is not running");
	r = channel_send(client->channel, type, flags, id, body->data, body->len, NULL, 0);
	return r ? err_set(err, ERR_UNAVAILABLE, "the host process takes no requests now") : 0;
}

void host_client_cancel(struct host_client *client, uint64_t id)
{
	free(take_call(client, id));
	arm_deadline(client);
}

static void on_refresh(void *context, int code, const char *text, struct reader *answer, bool more)
{
	struct host_client *client = context;
	struct host_facts facts;

	(void)text;
	if (!more && code == 0 && host_facts_read(answer, &facts) == 0 && reader_done(answer) == 0)
		client->facts = facts;
}

void host_client_refresh(struct host_client *client)
{
	struct buf empty = {0};
	uint64_t id;

	if (client->greeted)
		(void)host_client_call(client, HOST_HELLO, &empty, 0, -1, HELLO_TIMEOUT_MS,
				       on_refresh, client, &id, NULL);
}

const struct host_facts *host_client_facts(const struct host_client *client)
{
	return client->has_facts ? &client->facts : NULL;
}

int64_t host_client_seen_ms(const struct host_client *client)
{
	return client->seen_ms;
}

bool host_client_up(const struct host_client *client)
{
	return client->channel && client->greeted && client->hypervisor;
}

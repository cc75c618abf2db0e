#include "core/events.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/parse.h"
#include "core/api/exchange.h"
#include "core/api/render.h"
#include "core/api/server_cache.h"
#include "store/store_action.h"
#include "store/store_alert.h"
#include "store/store_server.h"
#include "store/store_standing.h"

#define EVERYBODY 0
#define OPERATORS UINT64_MAX /* no account has this number */

struct event {
	uint64_t id;
	uint64_t customer_id; /* EVERYBODY: any */
	bool operators;       /* for them too */
	char *text;           /* the whole event as it is sent */
};

struct stream {
	struct stream *next;
	struct exchange *exchange;
	struct principal who;
};

struct events {
	struct core *core;
	struct stream *streams;
	unsigned count;
	struct event kept[EVENTS_KEPT]; /* a ring, by id */
	uint64_t first_id;              /* ids before this process are not known */
	uint64_t next_id;
	uv_timer_t ping;
};

static void send_text(const struct stream *stream, const char *text)
{
	exchange_chunk(stream->exchange, text, strlen(text), true);
}

static void on_ping(uv_timer_t *timer)
{
	const struct events *events = timer->data;

	for (const struct stream *stream = events->streams; stream != NULL; stream = stream->next)
		send_text(stream, ": ping\n\n");
}

int events_new(struct core *core, struct events **ret, struct err *err)
{
	struct events *events = calloc(1, sizeof *events);

	if (events == NULL)
		return err_set(err, -ENOMEM, "no memory");
	events->core = core;
	/* Ids grow across restarts, so that an old Last-Event-ID is known to be old. */
	events->first_id = events->next_id = (uint64_t)clock_now_ms() * 1000;
	(void)uv_timer_init(&core->loop, &events->ping);
	events->ping.data = events;
	(void)uv_timer_start(&events->ping, on_ping, EVENTS_PING_MS, EVENTS_PING_MS);
	*ret = events;
	return 0;
}

void events_free(struct events *events)
{
	if (events == NULL)
		return;
	for (size_t i = 0; i < EVENTS_KEPT; i++)
		free(events->kept[i].text);
	free(events);
}

static bool is_for(const struct event *event, const struct principal *who)
{
	return event->customer_id == EVERYBODY || event->customer_id == who->customer_id ||
	       (event->operators && who->service);
}

/* Keep it for those who come back, and send it to those who are there. */
static void publish_to(struct events *events, uint64_t customer_id, bool operators,
		       const char *name, const char *data)
{
	struct buf text = {0};
	const uint64_t id = events->next_id++;
	struct event *event = &events->kept[id % EVENTS_KEPT];

	(void)buf_printf(&text, "id: %llu\nevent: %s\ndata: %s\n\n", (unsigned long long)id, name,
			 data);
	free(event->text);
	*event = (struct event){id, customer_id, operators, buf_steal(&text)};
	buf_done(&text);
	if (event->text == NULL)
		return;
	for (const struct stream *stream = events->streams; stream != NULL; stream = stream->next)
		if (is_for(event, &stream->who))
			send_text(stream, event->text);
}

static void publish(struct events *events, uint64_t customer_id, const char *name, const char *data)
{
	publish_to(events, customer_id, false, name, data);
}

void events_server_changed(struct events *events, uint64_t server_id)
{
	struct server server = {0};
	struct buf data = {0};

	if (store_server_get(events->core->store, 0, server_id, &server, NULL) < 0)
		return;
	(void)buf_puts(&data, "{\"server\":");
	if (server_cache_append(events->core->servers, &server, &data) == 0 &&
	    buf_puts(&data, "}") == 0)
		publish(events, server.customer_id, "server", buf_str(&data));
	buf_done(&data);
	server_done(&server);
}

void events_server_deleted(struct events *events, uint64_t server_id, uint64_t customer_id)
{
	char data[96];

	(void)snprintf(data, sizeof data, "{\"deleted\":{\"type\":\"server\",\"id\":%llu}}",
		       (unsigned long long)server_id);
	publish(events, customer_id, "deleted", data);
}

void events_action_changed(struct events *events, uint64_t action_id)
{
	struct action action = {0};

	if (store_action_get(events->core->store, 0, action_id, &action, NULL) < 0)
		return;
	json_t *object = json_pack("{s:o}", "action", render_action(&action));
	char *text = json_dumps(object, JSON_COMPACT);
	if (text != NULL)
		publish(events, action.customer_id, "action", text);
	free(text);
	json_decref(object);
	action_done(&action);
}

/* Not the notice itself: what each has read is different. */
void events_notice_changed(struct events *events, uint64_t notice_id, const char *change)
{
	char data[96];

	(void)snprintf(data, sizeof data, "{\"notice\":{\"id\":%llu,\"change\":\"%s\"}}",
		       (unsigned long long)notice_id, change);
	publish(events, EVERYBODY, "notice", data);
}

void events_notice_prepared(struct events *events, uint64_t notice_id, const char *change)
{
	char data[96];

	(void)snprintf(data, sizeof data, "{\"notice\":{\"id\":%llu,\"change\":\"%s\"}}",
		       (unsigned long long)notice_id, change);
	publish_to(events, OPERATORS, true, "notice", data);
}

/* Not what it is: whoever is told asks, and is told what they may know. */
void events_account_changed(struct events *events, uint64_t customer_id)
{
	char data[64];

	(void)snprintf(data, sizeof data, "{\"account\":{\"id\":%llu}}",
		       (unsigned long long)customer_id);
	publish(events, customer_id, "account", data);
}

void events_alerts_changed(struct events *events, uint64_t customer_id)
{
	uint64_t open = 0;
	char data[64];

	if (store_alert_count_open(events->core->store, customer_id, &open, NULL) < 0)
		return;
	(void)snprintf(data, sizeof data, "{\"alerts\":{\"open\":%llu}}", (unsigned long long)open);
	publish(events, customer_id, "alerts", data);
}

void events_contact_changed(struct events *events, uint64_t thread_id, uint64_t customer_id)
{
	char data[64];

	(void)snprintf(data, sizeof data, "{\"contact_thread\":{\"id\":%llu}}",
		       (unsigned long long)thread_id);
	publish_to(events, customer_id, true, "contact_thread", data);
}

int events_subscribe(struct events *events, struct exchange *exchange, const struct principal *who,
		     const char *last_id, struct err *err)
{
	const struct http_reply head = {
		.status = 200,
		.headers = {{"content-type", "text/event-stream"}, {"cache-control", "no-store"}},
		.header_count = 2};
	struct stream *stream =
		events->count < EVENTS_MAX_STREAMS ? calloc(1, sizeof *stream) : NULL;
	uint64_t last = 0;
	char hello[64];

	if (stream == NULL)
		return err_set(err, ERR_UNAVAILABLE_RESOURCE,
			       "too many event streams are open; close some");
	*stream = (struct stream){events->streams, exchange, *who};
	events->streams = stream;
	events->count++;
	exchange_reply(exchange, &head, true);
	const bool known = last_id != NULL && parse_u64(last_id, 0, UINT64_MAX, &last) == 0 &&
			   last + 1 >= events->first_id && last < events->next_id &&
			   events->next_id - last <= EVENTS_KEPT;
	if (!known) {
		/* Whoever is new, or was away too long, reads everything once. */
		(void)snprintf(hello, sizeof hello, "id: %llu\nevent: resync\ndata: {}\n\n",
			       (unsigned long long)(events->next_id - 1));
		send_text(stream, hello);
		return 0;
	}
	for (uint64_t id = last + 1; id < events->next_id; id++) {
		const struct event *event = &events->kept[id % EVENTS_KEPT];
		if (event->id == id && event->text != NULL && is_for(event, who))
			send_text(stream, event->text);
	}
	return 0;
}

/* The stream's last chunk; *@at is the one after it then. */
static void end(struct events *events, struct stream **at)
{
	struct stream *gone = *at;

	*at = gone->next;
	events->count--;
	exchange_chunk(gone->exchange, "", 0, false);
	free(gone);
}

void events_unsubscribe(struct events *events, const struct exchange *exchange)
{
	for (struct stream **at = &events->streams; *at != NULL; at = &(*at)->next)
		if ((*at)->exchange == exchange) {
			end(events, at);
			return;
		}
}

static bool may_stay(const struct events *events, const struct stream *stream)
{
	struct store_standing now;
	struct principal who = stream->who;

	if (store_standing_get(events->core->store, &who, 0, clock_now_ms(), &now, NULL) < 0 ||
	    !now.holder)
		return false;
	who.role = now.role;
	who.service = now.service;
	who.readonly = now.readonly;
	return role_allow(&who, RIGHT_READ, NULL) == 0;
}

void events_check_rights(struct events *events)
{
	for (struct stream **at = &events->streams; *at != NULL;) {
		if (may_stay(events, *at))
			at = &(*at)->next;
		else
			end(events, at);
	}
}

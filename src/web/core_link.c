#include "web/core_link.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "web/connection.h"
#include "web/console.h"
#include "web/web.h"
#include "wire/channel.h"

/* Ids are slot numbers with a generation above, so that a late reply finds nobody rather than
 * another. */
#define SLOTS     CONNECTION_MAX
#define SLOT_BITS 16

struct core_link {
	struct web *web;
	struct channel *channel;
	uint64_t generation;
	size_t next_slot; /* where to look for a free one first */
	struct {
		uint64_t id;
		struct connection *connection; /* NULL: free */
	} waiting[SLOTS];
};

static struct connection *find(struct core_link *link, uint64_t id)
{
	uint64_t slot = id & ((1U << SLOT_BITS) - 1);

	return slot < SLOTS && link->waiting[slot].id == id ? link->waiting[slot].connection : NULL;
}

static void release(struct core_link *link, uint64_t id)
{
	if (find(link, id) != NULL)
		link->waiting[id & ((1U << SLOT_BITS) - 1)].connection = NULL;
}

static int on_reply(void *context, struct channel *channel, struct message *message)
{
	struct core_link *link = context;
	struct connection *connection = find(link, message->id);
	const bool more = (message->flags & WIRE_MORE) != 0;
	struct http_reply reply;
	int code;

	if (connection == NULL)
		return 0; /* the client has gone meanwhile */
	if (connection->console != NULL)
		return ERR_PROTOCOL;
	if (!more)
		release(link, message->id);
	if ((code = http_reply_decode(message->body, message->body_bytes, &reply)) < 0)
		return code;
	request_reply(connection, &reply, more);
	http_reply_done(&reply);
	return 0;
}

static int on_chunk(void *context, struct channel *channel, struct message *message)
{
	struct core_link *link = context;
	struct connection *connection = find(link, message->id);
	const bool more = (message->flags & WIRE_MORE) != 0;

	if (connection == NULL)
		return 0;
	if (connection->console != NULL)
		return ERR_PROTOCOL;
	if (!more)
		release(link, message->id);
	request_chunk(connection, message->body, message->body_bytes, more);
	return 0;
}

static int on_console_open(void *context, struct channel *channel, struct message *message)
{
	struct connection *connection = find(context, message->id);
	struct console_open open;
	struct reader reader;

	if (connection == NULL)
		return 0; /* the client has gone meanwhile, and core will hear of it */
	reader_init(&reader, message->body, message->body_bytes);
	if (connection->console == NULL || message->fd_count != 1 ||
	    console_open_read(&reader, &open) < 0 || reader_done(&reader) < 0)
		return ERR_PROTOCOL;
	return console_open(connection, &open, steal_fd(&message->fds[0]));
}

static int on_console_close(void *context, struct channel *channel, struct message *message)
{
	struct connection *connection = find(context, message->id);
	struct console_close close;
	struct reader reader;

	if (connection == NULL)
		return 0;
	reader_init(&reader, message->body, message->body_bytes);
	if (connection->console == NULL || console_close_read(&reader, &close) < 0 ||
	    reader_done(&reader) < 0)
		return ERR_PROTOCOL;
	console_close(connection, close.code, close.reason);
	return 0;
}

static void fail_all(struct core_link *link)
{
	for (size_t slot = 0; slot < SLOTS; slot++) {
		struct connection *connection = link->waiting[slot].connection;
		link->waiting[slot].connection = NULL;
		if (connection != NULL)
			connection_core_lost(connection);
	}
}

static void on_closed(void *context, struct channel *channel, const struct err *why)
{
	struct core_link *link = context;

	if (!link->web->stopping)
		log_warning("core is gone: %s", why->text);
	channel_free(link->channel);
	link->channel = NULL;
	fail_all(link);
}

static const struct message_rule rules[] = {
	{HTTP_REPLY, 0, on_reply},
	{HTTP_CHUNK, 0, on_chunk},
	{CONSOLE_OPEN, 1, on_console_open},
	{CONSOLE_CLOSE, 0, on_console_close},
	{0, 0, NULL},
};
static const struct channel_events events = {.rules = rules, .closed = on_closed};

int core_link_new(struct web *web, struct core_link **ret, struct err *err)
{
	struct core_link *link = calloc(1, sizeof *link);

	if (link == NULL)
		return err_set(err, -ENOMEM, "no memory");
	link->web = web;
	*ret = link;
	return 0;
}

void core_link_free(struct core_link *link)
{
	if (link == NULL)
		return;
	channel_free(link->channel);
	free(link);
}

void core_link_connect(struct core_link *link, int fd)
{
	struct err err = {0};

	channel_free(steal_ptr(link->channel));
	fail_all(link);
	if (channel_new(&link->web->loop, fd, &events, link, &link->channel, &err) < 0)
		log_error("cannot use the channel to core: %s", err.text);
}

int core_link_ask(struct core_link *link, struct connection *connection,
		  const struct http_request *request, uint64_t *ret_id)
{
	struct buf body CLEANUP(buf_done) = {0};
	size_t slot = link->next_slot, tried = 0;

	if (link->channel == NULL)
		return ERR_UNAVAILABLE;
	while (tried < SLOTS && link->waiting[slot].connection != NULL) {
		slot = (slot + 1) % SLOTS;
		tried++;
	}
	if (tried == SLOTS || http_request_encode(request, &body) < 0)
		return ERR_UNAVAILABLE;
	uint64_t id = ++link->generation << SLOT_BITS | slot;
	if (channel_send(link->channel, HTTP_REQUEST, 0, id, body.data, body.len, NULL, 0) < 0)
		return ERR_UNAVAILABLE;
	link->waiting[slot].id = id;
	link->waiting[slot].connection = connection;
	link->next_slot = (slot + 1) % SLOTS;
	*ret_id = id;
	return 0;
}

int core_link_frame(struct core_link *link, uint64_t id, const void *data, size_t bytes)
{
	if (link->channel == NULL)
		return ERR_UNAVAILABLE;
	return channel_send(link->channel, CONSOLE_FRAME, 0, id, data, bytes, NULL, 0);
}

void core_link_ended(struct core_link *link, uint64_t id, const struct console_ended *ended)
{
	struct buf body CLEANUP(buf_done) = {0};

	if (find(link, id) == NULL)
		return;
	release(link, id);
	console_ended_write(&body, ended);
	if (link->channel != NULL && body.error == 0)
		(void)channel_send(link->channel, CONSOLE_ENDED, 0, id, body.data, body.len, NULL,
				   0);
}

void core_link_more(struct core_link *link, uint64_t id)
{
	if (find(link, id) != NULL && link->channel != NULL)
		(void)channel_send(link->channel, HTTP_MORE, 0, id, NULL, 0, NULL, 0);
}

void core_link_cancel(struct core_link *link, uint64_t id)
{
	if (find(link, id) == NULL)
		return;
	release(link, id);
	if (link->channel != NULL)
		(void)channel_send(link->channel, HTTP_CANCEL, 0, id, NULL, 0, NULL, 0);
}

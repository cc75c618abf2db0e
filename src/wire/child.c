#include "wire/child.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/cursor.h"
#include "wire/channel.h"
#include "wire/supervision_message.h"

#define NAME_BYTES 32

struct child {
	struct channel *channel;
	const struct child_events *events;
	void *context;
	bool stopping;
};

/* CONNECT and LISTEN carry a name and exactly one descriptor. */
static int take_named_fd(struct message *message, char name[NAME_BYTES], int *ret_fd)
{
	struct reader reader;

	reader_init(&reader, message->body, message->body_bytes);
	reader_text(&reader, name, NAME_BYTES);
	if (reader_done(&reader) < 0 || message->fd_count != 1)
		return ERR_PROTOCOL;
	*ret_fd = steal_fd(&message->fds[0]);
	return 0;
}

static int on_connect(void *context, struct channel *channel, struct message *message)
{
	struct child *child = context;
	char name[NAME_BYTES];
	int fd, code = take_named_fd(message, name, &fd);

	if (code == 0)
		child->events->connect(child->context, name, fd);
	return code;
}

static int on_listen(void *context, struct channel *channel, struct message *message)
{
	struct child *child = context;
	char name[NAME_BYTES];
	int fd, code = take_named_fd(message, name, &fd);

	if (code < 0)
		return code;
	if (child->events->listen != NULL)
		child->events->listen(child->context, name, fd);
	else
		(void)close(fd);
	return 0;
}

static void stop(struct child *child)
{
	if (child->stopping)
		return;
	child->stopping = true;
	child->events->stop(child->context);
}

static int on_stop(void *context, struct channel *channel, struct message *message)
{
	stop(context);
	return 0;
}

static int on_ping(void *context, struct channel *channel, struct message *message)
{
	return channel_send(channel, SUPERVISION_PONG, 0, message->id, NULL, 0, NULL, 0);
}

static int on_health(void *context, struct channel *channel, struct message *message)
{
	struct child *child = context;
	struct reader reader;

	reader_init(&reader, message->body, message->body_bytes);
	AUTO_FREE char *json = reader_text_dup(&reader, WIRE_MAX_BODY_BYTES);
	if (json == NULL || reader_done(&reader) < 0)
		return ERR_PROTOCOL;
	if (child->events->health != NULL)
		child->events->health(child->context, json);
	return 0;
}

/* Without ippod nobody would restart us or our neighbours: end, and let the next ippod begin
 * afresh. */
static void on_closed(void *context, struct channel *channel, const struct err *why)
{
	stop(context);
}

static const struct message_rule rules[] = {
	{SUPERVISION_CONNECT, 1, on_connect}, {SUPERVISION_LISTEN, 1, on_listen},
	{SUPERVISION_STOP, 0, on_stop},       {SUPERVISION_PING, 0, on_ping},
	{SUPERVISION_HEALTH, 0, on_health},   {0, 0, NULL},
};

static const struct channel_events channel_events = {.rules = rules, .closed = on_closed};

int child_new(uv_loop_t *loop, const struct child_events *events, void *context, struct child **ret,
	      struct err *err)
{
	struct child *child = calloc(1, sizeof *child);
	int code;

	if (child == NULL)
		return err_set(err, -ENOMEM, "no memory");
	child->events = events;
	child->context = context;
	code = channel_new(loop, SUPERVISION_FD, &channel_events, child, &child->channel, err);
	if (code < 0) {
		free(child);
		return err_wrap(err, code, "this program is started by ippod");
	}
	*ret = child;
	return 0;
}

void child_free(struct child *child)
{
	if (child == NULL)
		return;
	channel_free(child->channel);
	free(child);
}

int child_ready(struct child *child)
{
	return channel_send(child->channel, SUPERVISION_READY, 0, 0, NULL, 0, NULL, 0);
}

int child_reconnect(struct child *child, const char *neighbour)
{
	struct buf body CLEANUP(buf_done) = {0};

	write_text(&body, neighbour);
	return child == NULL || child->stopping
		       ? 0
		       : channel_send(child->channel, SUPERVISION_RECONNECT, 0, 0, body.data,
				      body.len, NULL, 0);
}

int child_ask_health(struct child *child)
{
	return channel_send(child->channel, SUPERVISION_HEALTH, 0, 0, NULL, 0, NULL, 0);
}

int child_ask_visitor(struct child *child, enum supervision_message_type which)
{
	return child == NULL || child->stopping
		       ? -EPIPE
		       : channel_send(child->channel, (uint16_t)which, 0, 0, NULL, 0, NULL, 0);
}

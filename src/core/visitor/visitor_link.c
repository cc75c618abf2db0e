/*
 * Theory of operation. Calls wait in a list. The first of them starts the program, by way of
 * ippod; then one call is under way at a time. With the list empty for a moment the channel is
 * closed, and the program ends. One that dies fails the call it died of, and the next starts
 * another.
 */
#include "core/visitor/visitor_link.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "wire/channel.h"
#include "wire/child.h"

#define MAX_CALLS        256
#define IDLE_MS          1000
#define START_TIMEOUT_MS 20000
#define CALL_TIMEOUT_MS  300000
#define TEXT_BYTES       256

struct call {
	struct call *next;
	uint64_t id;
	uint16_t type;
	struct buf body;
	int fd;
	bool sent;
	visitor_link_reply *reply;
	void *context;
};

struct visitor_link {
	uv_loop_t *loop;
	const struct visitor_kind *kind;
	struct message_rule rules[2]; /* what it may say; an end */
	struct channel_events events;
	struct child *child;
	struct channel *channel;
	struct call *calls; /* in the order they came */
	size_t count;
	uint64_t last_id;
	uv_timer_t timer; /* idle, or the first call's deadline */
};

static void go_on(struct visitor_link *link);

static void free_call(struct call *call)
{
	buf_done(&call->body);
	if (call->fd >= 0)
		(void)close(call->fd);
	free(call);
}

/* The first call ends. */
static void finish(struct visitor_link *link, int code, const char *text, struct reader *answer)
{
	struct call *call = link->calls;
	struct reader none;

	link->calls = call->next;
	link->count--;
	reader_init(&none, "", 0);
	call->reply(call->context, code, text, answer != NULL ? answer : &none);
	free_call(call);
}

static void drop(struct visitor_link *link)
{
	channel_free(steal_ptr(link->channel));
}

static int on_reply(void *context, struct channel *channel, struct message *message)
{
	struct visitor_link *link = context;
	char text[TEXT_BYTES];
	struct reader in;

	reader_init(&in, message->body, message->body_bytes);
	const int32_t code = reader_i32(&in);
	reader_text(&in, text, sizeof text);
	if (in.error != 0 || code > 0 || link->calls == NULL || !link->calls->sent ||
	    link->calls->id != message->id)
		return ERR_PROTOCOL;
	finish(link, code, text, code == 0 ? &in : NULL);
	go_on(link);
	return 0;
}

static void on_closed(void *context, struct channel *channel, const struct err *why)
{
	struct visitor_link *link = context;

	log_warning("%s has ended: %s", link->kind->program,
		    why != NULL && *why->text != '\0' ? why->text : "nobody knows why");
	drop(link);
	if (link->calls != NULL && link->calls->sent)
		finish(link, ERR_UNAVAILABLE, link->kind->ended, NULL);
	go_on(link);
}

static void on_idle(uv_timer_t *timer)
{
	struct visitor_link *link = timer->data;

	if (link->calls == NULL)
		drop(link);
}

static void on_late(uv_timer_t *timer)
{
	struct visitor_link *link = timer->data;

	drop(link);
	if (link->calls != NULL)
		finish(link, ERR_UNAVAILABLE, link->kind->silent, NULL);
	go_on(link);
}

static void send_first(struct visitor_link *link)
{
	struct call *call = link->calls;
	int fd = steal_fd(&call->fd);

	call->sent = true;
	/* A channel that takes nothing is ended; its end is told by itself. */
	(void)channel_send(link->channel, call->type, 0, call->id, call->body.data, call->body.len,
			   fd >= 0 ? &fd : NULL, fd >= 0);
	buf_done(&call->body);
	(void)uv_timer_start(&link->timer, on_late, CALL_TIMEOUT_MS, 0);
}

static void go_on(struct visitor_link *link)
{
	if (link->calls == NULL) {
		(void)uv_timer_start(&link->timer, on_idle, IDLE_MS, 0);
	} else if (link->channel == NULL) {
		/* Not at once when it cannot be asked for: the deadline comes. */
		(void)child_ask_visitor(link->child, link->kind->ask);
		(void)uv_timer_start(&link->timer, on_late, START_TIMEOUT_MS, 0);
	} else if (!link->calls->sent) {
		send_first(link);
	}
}

int visitor_link_new(uv_loop_t *loop, const struct visitor_kind *kind, struct visitor_link **ret,
		     struct err *err)
{
	struct visitor_link *link = calloc(1, sizeof *link);

	if (link == NULL)
		return err_set(err, -ENOMEM, "no memory");
	link->loop = loop;
	link->kind = kind;
	link->rules[0] = (struct message_rule){kind->reply, 0, on_reply};
	link->events = (struct channel_events){.rules = link->rules, .closed = on_closed};
	(void)uv_timer_init(loop, &link->timer);
	link->timer.data = link;
	*ret = link;
	return 0;
}

void visitor_link_set_child(struct visitor_link *link, struct child *child)
{
	link->child = child;
}

void visitor_link_connect(struct visitor_link *link, int fd)
{
	struct err err = {0};

	drop(link);
	if (channel_new(link->loop, fd, &link->events, link, &link->channel, &err) < 0) {
		log_error("cannot use the channel to %s: %s", link->kind->program, err.text);
		return;
	}
	go_on(link);
}

int visitor_link_call(struct visitor_link *link, uint16_t type, const struct buf *body, int fd,
		      visitor_link_reply *reply, void *context, struct err *err)
{
	struct call *call = link->count < MAX_CALLS ? calloc(1, sizeof *call) : NULL;
	struct call **last = &link->calls;

	if (link->child == NULL) {
		free(call);
		return err_set(err, ERR_UNAVAILABLE, "nobody can start %s", link->kind->program);
	}
	if (call == NULL)
		return err_set(err, ERR_UNAVAILABLE,
			       "too much is asked of %s; try again in a moment",
			       link->kind->program);
	*call = (struct call){.id = ++link->last_id,
			      .type = type,
			      .fd = fd >= 0 ? fcntl(fd, F_DUPFD_CLOEXEC, 3) : -1,
			      .reply = reply,
			      .context = context};
	if ((fd >= 0 && call->fd < 0) || body->error != 0 ||
	    buf_append(&call->body, body->data, body->len) < 0) {
		free_call(call);
		return err_set(err, -ENOMEM, "no memory or descriptor");
	}
	while (*last != NULL)
		last = &(*last)->next;
	*last = call;
	if (link->count++ == 0)
		go_on(link);
	return 0;
}

/*
 * Theory of operation. A client is web, or one connection to the local socket. Each request becomes
 * an exchange in its client's list. An answer may come later (a password is being hashed on a
 * worker thread), and the client may be gone by then: the exchange then lives on without its client
 * until somebody answers it, and the answer goes nowhere.
 */
#include "core/api/exchange.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "core/api/router.h"
#include "core/console/console.h"
#include "core/events.h"
#include "wire/channel.h"
#include "wire/child.h"
#include "wire/console_message.h"

#define MAX_LOCAL_CLIENTS 256 /* each console of an operator holds one */
/* More than web has connections: a console it has given up may linger until we notice. */
#define MAX_EXCHANGES_PER_CLIENT 8192

#define BEHIND_BYTES ((size_t)1024 * 1024)

struct exchange {
	struct exchange *next, *previous;
	struct client *client; /* NULL: gone */
	struct core *core;
	uint64_t id;
	bool local;
	uid_t uid;
	gid_t gid;
	int fd;
	struct console *console; /* NULL: an ordinary request */
	void (*pull)(void *context, bool gone);
	void *pull_context;
};

struct client {
	struct client *next;
	struct core *core;
	struct channel *channel;
	struct exchange *exchanges;
	size_t count;
	bool local;
	uid_t uid;
	gid_t gid;
};

static struct client *web_client;
static struct client *local_clients;
static size_t local_count;
static uv_poll_t local_listener;
static int local_fd = -1;

static void detach(struct exchange *exchange)
{
	struct client *client = exchange->client;

	if (client == NULL)
		return;
	if (exchange->previous != NULL)
		exchange->previous->next = exchange->next;
	else
		client->exchanges = exchange->next;
	if (exchange->next != NULL)
		exchange->next->previous = exchange->previous;
	client->count--;
	exchange->client = NULL;
	exchange->next = exchange->previous = NULL;
}

static void free_exchange(struct exchange *exchange)
{
	detach(exchange);
	if (exchange->fd >= 0)
		(void)close(exchange->fd);
	free(exchange);
}

static int on_request(void *context, struct channel *channel, struct message *message)
{
	struct client *client = context;
	struct http_request request;
	struct exchange *exchange;
	int code;

	if (client->count >= MAX_EXCHANGES_PER_CLIENT)
		return ERR_PROTOCOL;
	if ((code = http_request_decode(message->body, message->body_bytes, &request)) < 0)
		return code;
	exchange = calloc(1, sizeof *exchange);
	if (exchange == NULL) {
		http_request_done(&request);
		return -ENOMEM;
	}
	exchange->client = client;
	exchange->core = client->core;
	exchange->id = message->id;
	exchange->local = client->local;
	exchange->uid = client->uid;
	exchange->gid = client->gid;
	exchange->fd = client->local && message->fd_count == 1 ? steal_fd(&message->fds[0]) : -1;
	exchange->next = client->exchanges;
	if (exchange->next != NULL)
		exchange->next->previous = exchange;
	client->exchanges = exchange;
	client->count++;
	router_handle(exchange, &request);
	http_request_done(&request);
	return 0;
}

/* The client has gone. A stream or console ends here; anything else is answered into the void when
 * it is done. */
static void give_up(struct exchange *exchange)
{
	struct core *core = exchange->core;

	detach(exchange);
	if (exchange->console != NULL)
		console_ended(exchange->console, NULL);
	else if (exchange->pull != NULL)
		exchange->pull(exchange->pull_context, true);
	else
		events_unsubscribe(core->events, exchange);
}

static struct exchange *find(const struct client *client, uint64_t id)
{
	for (struct exchange *exchange = client->exchanges; exchange != NULL;
	     exchange = exchange->next)
		if (exchange->id == id)
			return exchange;
	return NULL;
}

static int on_cancel(void *context, struct channel *channel, struct message *message)
{
	struct exchange *exchange = find(context, message->id);

	if (exchange != NULL)
		give_up(exchange);
	return 0;
}

static int on_more(void *context, struct channel *channel, struct message *message)
{
	const struct exchange *exchange = find(context, message->id);

	if (exchange != NULL && exchange->pull != NULL)
		exchange->pull(exchange->pull_context, false);
	return 0;
}

static int on_frame(void *context, struct channel *channel, struct message *message)
{
	const struct exchange *exchange = find(context, message->id);

	if (exchange == NULL)
		return 0; /* we have given it up meanwhile */
	if (exchange->console == NULL)
		return ERR_PROTOCOL;
	return console_frame(exchange->console, message->body, message->body_bytes);
}

static int on_ended(void *context, struct channel *channel, struct message *message)
{
	const struct exchange *exchange = find(context, message->id);
	struct console_ended ended;
	struct reader in;

	reader_init(&in, message->body, message->body_bytes);
	if (console_ended_read(&in, &ended) < 0 || reader_done(&in) < 0)
		return ERR_PROTOCOL;
	if (exchange == NULL)
		return 0;
	if (exchange->console == NULL)
		return ERR_PROTOCOL;
	console_ended(exchange->console, &ended);
	return 0;
}

static void drop_client(struct client *client)
{
	while (client->exchanges != NULL) {
		give_up(client->exchanges);
	}
	channel_free(client->channel);
	if (client == web_client)
		web_client = NULL;
	for (struct client **at = &local_clients; *at != NULL; at = &(*at)->next)
		if (*at == client) {
			*at = client->next;
			local_count--;
			break;
		}
	free(client);
}

static void on_closed(void *context, struct channel *channel, const struct err *why)
{
	struct client *client = context;
	struct core *core = client->core;
	const bool is_web = client == web_client;

	drop_client(client);
	if (is_web)
		(void)child_reconnect(core->child, "web");
}

static const struct message_rule web_rules[] = {
	{HTTP_REQUEST, 0, on_request}, {HTTP_CANCEL, 0, on_cancel},  {HTTP_MORE, 0, on_more},
	{CONSOLE_FRAME, 0, on_frame},  {CONSOLE_ENDED, 0, on_ended}, {0, 0, NULL}};
static const struct message_rule local_rules[] = {{HTTP_REQUEST, 1, on_request},
						  {HTTP_CANCEL, 0, on_cancel},
						  {CONSOLE_ENDED, 0, on_ended},
						  {0, 0, NULL}};
static const struct channel_events web_events = {.rules = web_rules, .closed = on_closed};
static const struct channel_events local_events = {.rules = local_rules, .closed = on_closed};

void client_web(struct core *core, int fd)
{
	struct client *client = calloc(1, sizeof *client);
	struct err err = {0};

	if (web_client != NULL)
		drop_client(web_client);
	if (client == NULL) {
		(void)close(fd);
		return;
	}
	client->core = core;
	if (channel_new(&core->loop, fd, &web_events, client, &client->channel, &err) < 0) {
		log_error("cannot use the channel to web: %s", err.text);
		free(client);
		return;
	}
	web_client = client;
}

static void on_local_client(uv_poll_t *poll, int status, int events)
{
	struct core *core = poll->data;
	int fd = accept4(local_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct client *client;
	struct err err = {0};
	pid_t pid;

	if (fd < 0)
		return;
	client = local_count < MAX_LOCAL_CLIENTS ? calloc(1, sizeof *client) : NULL;
	if (client == NULL) {
		(void)close(fd);
		return;
	}
	client->core = core;
	client->local = true;
	if (channel_new(&core->loop, fd, &local_events, client, &client->channel, &err) < 0 ||
	    channel_peer(client->channel, &client->uid, &client->gid, &pid) < 0) {
		channel_free(client->channel);
		free(client);
		return;
	}
	client->next = local_clients;
	local_clients = client;
	local_count++;
}

int client_listen_local(struct core *core, int fd, struct err *err)
{
	int code = uv_poll_init(&core->loop, &local_listener, fd);

	if (code < 0)
		return err_set(err, code, "cannot serve the local socket: %s", uv_strerror(code));
	local_fd = fd;
	local_listener.data = core;
	(void)uv_poll_start(&local_listener, UV_READABLE, on_local_client);
	return 0;
}

struct core *exchange_core(const struct exchange *exchange)
{
	return exchange->core;
}

bool exchange_is_local(const struct exchange *exchange, uid_t *ret_uid, gid_t *ret_gid)
{
	*ret_uid = exchange->uid;
	*ret_gid = exchange->gid;
	return exchange->local;
}

int exchange_steal_fd(struct exchange *exchange)
{
	return steal_fd(&exchange->fd);
}

void exchange_reply(struct exchange *exchange, const struct http_reply *reply, bool more)
{
	struct buf body CLEANUP(buf_done) = {0};
	struct http_reply head = *reply;
	size_t rest = 0;

	if (head.body_bytes > HTTP_CHUNK_BYTES) {
		rest = head.body_bytes - HTTP_CHUNK_BYTES;
		head.body_bytes = HTTP_CHUNK_BYTES;
	}
	if (exchange->client != NULL && http_reply_encode(&head, &body) == 0)
		(void)channel_send(exchange->client->channel, HTTP_REPLY,
				   more || rest > 0 ? WIRE_MORE : 0, exchange->id, body.data,
				   body.len, NULL, 0);
	if (rest > 0)
		exchange_chunk(exchange, reply->body + head.body_bytes, rest, more);
	else if (!more)
		free_exchange(exchange);
}

void exchange_chunk(struct exchange *exchange, const void *data, size_t bytes, bool more)
{
	const uint8_t *at = data;

	do {
		const size_t part = bytes < HTTP_CHUNK_BYTES ? bytes : HTTP_CHUNK_BYTES;
		bytes -= part;
		if (exchange->client != NULL)
			(void)channel_send(exchange->client->channel, HTTP_CHUNK,
					   more || bytes > 0 ? WIRE_MORE : 0, exchange->id, at,
					   part, NULL, 0);
		at += part;
	} while (bytes > 0);
	if (!more)
		free_exchange(exchange);
}

void exchange_set_pull(struct exchange *exchange, void (*pull)(void *context, bool gone),
		       void *context)
{
	exchange->pull = pull;
	exchange->pull_context = context;
}

bool exchange_is_behind(const struct exchange *exchange)
{
	return exchange->client != NULL && exchange->local &&
	       channel_queued_bytes(exchange->client->channel) > BEHIND_BYTES;
}

void exchange_set_console(struct exchange *exchange, struct console *console)
{
	exchange->console = console;
}

int exchange_send(struct exchange *exchange, uint16_t type, const void *body, size_t bytes, int fd)
{
	if (exchange->client == NULL) {
		if (fd >= 0)
			(void)close(fd);
		return -EPIPE;
	}
	return channel_send(exchange->client->channel, type, 0, exchange->id, body, bytes, &fd,
			    fd >= 0 ? 1 : 0);
}

void exchange_end(struct exchange *exchange)
{
	if (exchange != NULL)
		free_exchange(exchange);
}

/*
 * The web side of consoles alone, to be measured: ippo-web's own parts in this process, with its
 * filter of system calls; a stand-in for core and host in another. Every ticket is good.
 *
 * Usage: bench_console_service PORT CERTIFICATE KEY
 *
 * A console's target says what its guest does: /v1/consoles/{echo|source|sink}/{serial|vnc}.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/isolate.h"
#include "base/parse.h"
#include "base/schedule.h"
#include "base/secret.h"
#include "web/connection.h"
#include "web/console.h"
#include "web/core_link.h"
#include "web/web.h"
#include "wire/channel.h"
#include "wire/console_message.h"

#define ACCEPT_BURST     64
#define CHUNK_BYTES      65536
#define DATAGRAM_BYTES   (SERIAL_OUTPUT_HEAD_BYTES + SERIAL_MAX_OUTPUT_BYTES)
#define ID_BUCKETS       65536
#define MOST_DESCRIPTORS 20000

enum guest { GUEST_ECHO, GUEST_SOURCE, GUEST_SINK };

struct console {
	uv_poll_t poll;
	struct console *next;
	uint64_t id;
	enum guest guest;
	bool serial;
	int fd;
};

static uv_loop_t loop;
static struct console *consoles[ID_BUCKETS];
static uint8_t bytes[CHUNK_BYTES];

static void on_handle_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static void hang_up(struct console *console)
{
	if (console->fd < 0)
		return;
	(void)uv_poll_stop(&console->poll);
	(void)close(console->fd);
	console->fd = -1;
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
	struct console *console = poll->data;
	ssize_t got;

	if (status < 0) {
		hang_up(console);
		return;
	}
	if ((events & UV_READABLE) != 0) {
		got = recv(console->fd, bytes, sizeof bytes, MSG_DONTWAIT);
		if (got == 0 || (got < 0 && errno != EAGAIN))
			hang_up(console);
		else if (got > 0 && console->guest == GUEST_ECHO)
			(void)send(console->fd, bytes, (size_t)got, MSG_DONTWAIT | MSG_NOSIGNAL);
	}
	if ((events & UV_WRITABLE) != 0 && console->fd >= 0)
		(void)send(console->fd, bytes, console->serial ? DATAGRAM_BYTES : CHUNK_BYTES,
			   MSG_DONTWAIT | MSG_NOSIGNAL);
}

static struct console **find(uint64_t id)
{
	struct console **at = &consoles[id >> 16 & (ID_BUCKETS - 1)];

	while (*at != NULL && (*at)->id != id)
		at = &(*at)->next;
	return at;
}

static int on_request(void *context, struct channel *channel, struct message *message)
{
	struct http_reply reply = {.status = 101};
	struct buf body CLEANUP(buf_done) = {0};
	struct http_request request;
	struct console *console = calloc(1, sizeof *console);

	if (console == NULL ||
	    http_request_decode(message->body, message->body_bytes, &request) < 0)
		exit(EXIT_FAILURE);
	console->id = message->id;
	console->fd = -1;
	console->poll.data = console;
	console->serial = strstr(request.target, "/serial") != NULL;
	console->guest = strstr(request.target, "/source/") != NULL ? GUEST_SOURCE
			 : strstr(request.target, "/sink/") != NULL ? GUEST_SINK
								    : GUEST_ECHO;
	*find(message->id) = console;
	http_request_done(&request);
	(void)http_reply_encode(&reply, &body);
	return channel_send(channel, HTTP_REPLY, WIRE_MORE, message->id, body.data, body.len, NULL,
			    0);
}

static int on_frame(void *context, struct channel *channel, struct message *message)
{
	struct console *console = *find(message->id);
	const struct console_open open = {.console_id = 1,
					  .kind = console->serial ? CONSOLE_SERIAL : CONSOLE_VNC,
					  .mode = CONSOLE_CONTROL,
					  .greeting = "{\"console\":1,\"kind\":\"serial\"}"};
	struct buf body CLEANUP(buf_done) = {0};
	int pair[2];

	if (socketpair(AF_UNIX,
		       (console->serial ? SOCK_SEQPACKET : SOCK_STREAM) | SOCK_CLOEXEC |
			       SOCK_NONBLOCK,
		       0, pair) < 0)
		exit(EXIT_FAILURE);
	console->fd = pair[1];
	(void)uv_poll_init(&loop, &console->poll, console->fd);
	(void)uv_poll_start(&console->poll,
			    UV_READABLE | (console->guest == GUEST_SOURCE ? UV_WRITABLE : 0),
			    on_ready);
	console_open_write(&body, &open);
	return channel_send(channel, CONSOLE_OPEN, 0, message->id, body.data, body.len, &pair[0],
			    1);
}

static int on_ended(void *context, struct channel *channel, struct message *message)
{
	struct console **at = find(message->id), *console = *at;

	if (console == NULL)
		return 0;
	*at = console->next;
	const bool watched = uv_handle_get_type((uv_handle_t *)&console->poll) == UV_POLL;
	hang_up(console);
	if (watched)
		uv_close((uv_handle_t *)&console->poll, on_handle_closed);
	else
		free(console);
	return 0;
}

static void on_closed(void *context, struct channel *channel, const struct err *why)
{
	exit(EXIT_SUCCESS);
}

static void stand_in(int fd)
{
	static const struct message_rule rules[] = {{HTTP_REQUEST, 0, on_request},
						    {HTTP_CANCEL, 0, on_ended},
						    {CONSOLE_FRAME, 0, on_frame},
						    {CONSOLE_ENDED, 0, on_ended},
						    {0, 0, NULL}};
	static const struct channel_events events = {.rules = rules, .closed = on_closed};
	struct channel *channel;

	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	memset(bytes, 'x', sizeof bytes);
	if (uv_loop_init(&loop) < 0 || channel_new(&loop, fd, &events, NULL, &channel, NULL) < 0)
		exit(EXIT_FAILURE);
	(void)uv_run(&loop, UV_RUN_DEFAULT);
	exit(EXIT_FAILURE);
}

static struct web web;
static int listener_fd;

static void on_client(uv_poll_t *poll, int status, int events)
{
	for (int i = 0; i < ACCEPT_BURST; i++) {
		int fd = accept4(listener_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0)
			return;
		connection_accept(&web, fd, "127.0.0.1");
	}
}

static void on_tick(uv_timer_t *timer)
{
	connection_check_times(&web);
}

int main(int argc, char **argv)
{
	static struct config config;
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	const struct rlimit limit = {MOST_DESCRIPTORS, MOST_DESCRIPTORS};
	static uv_poll_t listener;
	static uv_timer_t tick;
	struct err err = {0};
	uint64_t port;
	int pair[2];

	if (argc != 4 || parse_u64(argv[1], 1, UINT16_MAX, &port) < 0) {
		(void)fputs("bench_console_service PORT CERTIFICATE KEY\n", stderr);
		return 2;
	}
	web_memory_options();
	(void)signal(SIGPIPE, SIG_IGN);
	(void)setrlimit(RLIMIT_NOFILE, &limit);
	schedule_short_turns(); /* as ippo-web and ippo-host do */
	if (channel_pair(pair) < 0 || secret_setup() < 0)
		return EXIT_FAILURE;
	if (fork() == 0) {
		(void)close(pair[0]);
		stand_in(pair[1]);
	}
	(void)close(pair[1]);
	web.config = &config;
	web.tls = SSL_CTX_new(TLS_server_method());
	web_tls_options(web.tls);
	listener_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	(void)setsockopt(listener_fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
	address.sin_port = htons((uint16_t)port);
	if (SSL_CTX_use_certificate_chain_file(web.tls, argv[2]) != 1 ||
	    SSL_CTX_use_PrivateKey_file(web.tls, argv[3], SSL_FILETYPE_PEM) != 1 ||
	    bind(listener_fd, (struct sockaddr *)&address, sizeof address) < 0 ||
	    listen(listener_fd, 512) < 0 || uv_loop_init(&web.loop) < 0 ||
	    core_link_new(&web, &web.core, &err) < 0) {
		perror("bench_console_service");
		return EXIT_FAILURE;
	}
	core_link_connect(web.core, pair[0]);
	(void)uv_poll_init(&web.loop, &listener, listener_fd);
	(void)uv_poll_start(&listener, UV_READABLE, on_client);
	console_begin_turns(&web);
	(void)uv_timer_init(&web.loop, &tick);
	(void)uv_timer_start(&tick, on_tick, 500, 500);
	if (isolate_no_new_powers(&err) < 0 || web_isolate_syscalls(&err) < 0) {
		(void)fprintf(stderr, "%s\n", err.text);
		return EXIT_FAILURE;
	}
	(void)puts("ready");
	(void)fflush(stdout);
	(void)uv_run(&web.loop, UV_RUN_DEFAULT);
	return EXIT_FAILURE;
}

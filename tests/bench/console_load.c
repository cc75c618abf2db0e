/*
 * Load on a console over WebSocket and TLS, ours or websockify's. On standard output it says
 * "begin" and "end" around what is to be measured, then one line of figures.
 *
 * Usage: bench_console_load PORT TARGET FIRST COMMAND NUMBER
 *   TARGET  of the handshake           FIRST  the first message, which is answered by a greeting;
 * "" none echo N      N echoes of one byte of input each down S      read for S seconds     flood S
 * the same, on ten connections up S        write for S seconds (frames of 16 KiB of RFB, or of 4
 * KiB to a serial console) idle N      N consoles, held until standard input ends shake S
 * handshakes one after another for S seconds again S     fifty a second for S seconds
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/parse.h"
#include "web/websocket.h"

#define WARM_UP_MS   500
#define FLOODS       10
#define AGAIN_GAP_US 20000
#define FRAME_BYTES  16384
#define SERIAL_BYTES 4096
#define CUT_HEAD     8
#define MASK         "\x21\x6e\x07\xd3"

struct client {
	int fd;
	SSL *tls;
};

static uint16_t port;
static const char *target, *first;
static SSL_CTX *context;
static uint8_t input[65536];

static double now(void)
{
	struct timespec time;

	(void)clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void fail(const char *what)
{
	(void)fprintf(stderr, "bench_console_load: %s\n", what);
	exit(EXIT_FAILURE);
}

static void say(const char *word)
{
	(void)puts(word);
	(void)fflush(stdout);
}

static void put(struct client *client, const void *data, size_t bytes)
{
	if (SSL_write(client->tls, data, (int)bytes) != (int)bytes)
		fail("the connection ended while writing");
}

static size_t get(struct client *client, void *data, size_t bytes)
{
	int got = SSL_read(client->tls, data, (int)bytes);

	if (got <= 0)
		fail("the connection ended while reading");
	return (size_t)got;
}

static void get_all(struct client *client, uint8_t *data, size_t bytes)
{
	for (size_t got = 0; got < bytes;)
		got += get(client, data + got, bytes - got);
}

/* A masked frame in @out; returns its length. */
static size_t make_frame(uint8_t *out, uint8_t opcode, const uint8_t *payload, size_t bytes)
{
	size_t head = websocket_head(out, opcode, bytes);

	out[1] |= 0x80;
	memcpy(out + head, MASK, 4);
	for (size_t i = 0; i < bytes; i++)
		out[head + 4 + i] = payload[i] ^ (uint8_t)MASK[i % 4];
	return head + 4 + bytes;
}

/* One small frame from the server; its payload's length. */
static size_t get_frame(struct client *client, uint8_t *payload)
{
	uint8_t head[2];

	get_all(client, head, 2);
	if (head[1] > 125)
		fail("a frame longer than expected");
	get_all(client, payload, head[1]);
	return head[1];
}

static void open_client(struct client *client)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				      .sin_port = htons(port)};
	char text[4096];
	uint8_t frame[256];
	int len, got = 0;

	client->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connect(client->fd, (struct sockaddr *)&address, sizeof address) < 0)
		fail("cannot connect");
	(void)setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
	client->tls = SSL_new(context);
	(void)SSL_set_fd(client->tls, client->fd);
	if (SSL_connect(client->tls) != 1)
		fail("no TLS");
	len = snprintf(text, sizeof text,
		       "GET %s HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
		       "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
		       "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: binary\r\n\r\n",
		       target);
	put(client, text, (size_t)len);
	/* Byte by byte at the end, so that nothing behind the head is read. */
	while (got < 4 || memcmp(text + got - 4, "\r\n\r\n", 4) != 0) {
		if (got == (int)sizeof text)
			fail("a head too long");
		got += (int)get(client, text + got, 1);
	}
	if (strncmp(text, "HTTP/1.1 101", 12) != 0)
		fail("the handshake was refused");
	if (*first == '\0')
		return;
	put(client, frame,
	    make_frame(frame, WEBSOCKET_TEXT, (const uint8_t *)first, strlen(first)));
	(void)get_frame(client, input);
}

static void close_client(struct client *client)
{
	SSL_free(client->tls);
	(void)close(client->fd);
}

static int compare(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void run_echo(unsigned count)
{
	double *took = calloc(count, sizeof *took);
	struct client client;
	uint8_t frame[32];
	size_t bytes = make_frame(frame, WEBSOCKET_BINARY, (const uint8_t *)"\1", 1);

	if (took == NULL)
		fail("no memory");
	open_client(&client);
	for (unsigned i = 0; i < 100; i++) {
		put(&client, frame, bytes);
		(void)get_frame(&client, input);
	}
	say("begin");
	for (unsigned i = 0; i < count; i++) {
		double began = now();
		put(&client, frame, bytes);
		(void)get_frame(&client, input);
		took[i] = (now() - began) * 1e6;
	}
	say("end");
	qsort(took, count, sizeof *took, compare);
	(void)printf("p50_us=%.1f p99_us=%.1f\n", took[count / 2], took[(size_t)count * 99 / 100]);
	free(took);
}

static void run_down(unsigned seconds, unsigned count)
{
	struct client clients[FLOODS];
	struct pollfd polls[FLOODS];
	double began = 0, opened;
	uint64_t total = 0;

	for (unsigned i = 0; i < count; i++) {
		open_client(&clients[i]);
		polls[i] = (struct pollfd){.fd = clients[i].fd, .events = POLLIN};
	}
	opened = now();
	while (began == 0 || now() - began < seconds) {
		if (began == 0 && now() - opened > WARM_UP_MS / 1000.0) {
			say("begin");
			began = now();
			total = 0;
		}
		if (count > 1 && poll(polls, count, 1000) < 0)
			fail("poll");
		for (unsigned i = 0; i < count; i++)
			if (count == 1 || polls[i].revents != 0)
				total += get(&clients[i], input, sizeof input);
	}
	say("end");
	(void)printf("bytes=%llu seconds=%.3f\n", (unsigned long long)total, now() - began);
}

/* RFB that is a clipboard message of just one frame; other peers carry it as bytes. */
static size_t make_load(uint8_t *frame, struct client *client)
{
	static uint8_t payload[FRAME_BYTES] = {1};
	uint8_t hello[64];
	const uint32_t text = FRAME_BYTES - CUT_HEAD;

	if (strstr(target, "/serial") != NULL)
		return make_frame(frame, WEBSOCKET_BINARY, payload, SERIAL_BYTES);
	put(client, hello,
	    make_frame(hello, WEBSOCKET_BINARY, (const uint8_t *)"RFB 003.008\n\1\1", 14));
	memset(payload, 0, CUT_HEAD);
	payload[0] = 6;
	payload[4] = (uint8_t)(text >> 24);
	payload[5] = (uint8_t)(text >> 16);
	payload[6] = (uint8_t)(text >> 8);
	payload[7] = (uint8_t)text;
	return make_frame(frame, WEBSOCKET_BINARY, payload, FRAME_BYTES);
}

static void run_up(unsigned seconds)
{
	static uint8_t frame[FRAME_BYTES + 16];
	struct client client;
	double began = 0, opened;
	uint64_t total = 0;
	size_t bytes, payload;

	open_client(&client);
	bytes = make_load(frame, &client);
	payload = bytes > FRAME_BYTES ? FRAME_BYTES : SERIAL_BYTES;
	opened = now();
	while (began == 0 || now() - began < seconds) {
		if (began == 0 && now() - opened > WARM_UP_MS / 1000.0) {
			say("begin");
			began = now();
			total = 0;
		}
		put(&client, frame, bytes);
		total += payload;
	}
	say("end");
	(void)printf("bytes=%llu seconds=%.3f\n", (unsigned long long)total, now() - began);
}

static void run_idle(unsigned count)
{
	struct client *clients = calloc(count, sizeof *clients);
	char byte;

	if (clients == NULL)
		fail("no memory");
	for (unsigned i = 0; i < count; i++)
		open_client(&clients[i]);
	say("begin");
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	for (unsigned i = 0; i < count; i++)
		close_client(&clients[i]);
	say("end");
	free(clients);
}

static void run_shake(unsigned seconds, bool paced)
{
	struct client client;
	unsigned count = 0;
	double began = now();

	say("begin");
	for (; now() - began < seconds; count++) {
		open_client(&client);
		close_client(&client);
		if (paced)
			(void)usleep(AGAIN_GAP_US);
	}
	say("end");
	(void)printf("count=%u seconds=%.3f\n", count, now() - began);
}

int main(int argc, char **argv)
{
	const struct rlimit limit = {20000, 20000};
	uint64_t given_port, number;

	if (argc != 6 || parse_u64(argv[1], 1, UINT16_MAX, &given_port) < 0 ||
	    parse_u64(argv[5], 1, 1000000, &number) < 0)
		fail("PORT TARGET FIRST COMMAND NUMBER");
	port = (uint16_t)given_port;
	target = argv[2];
	first = argv[3];
	(void)signal(SIGPIPE, SIG_IGN);
	(void)setrlimit(RLIMIT_NOFILE, &limit);
	context = SSL_CTX_new(TLS_client_method());
	if (strcmp(argv[4], "echo") == 0)
		run_echo((unsigned)number);
	else if (strcmp(argv[4], "down") == 0)
		run_down((unsigned)number, 1);
	else if (strcmp(argv[4], "flood") == 0)
		run_down((unsigned)number, FLOODS);
	else if (strcmp(argv[4], "up") == 0)
		run_up((unsigned)number);
	else if (strcmp(argv[4], "idle") == 0)
		run_idle((unsigned)number);
	else if (strcmp(argv[4], "shake") == 0 || strcmp(argv[4], "again") == 0)
		run_shake((unsigned)number, argv[4][0] == 'a');
	else
		fail("an unknown command");
	return 0;
}

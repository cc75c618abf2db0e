// Any datagrams from viewers of a serial console: the port goes on, and only the writer is heard.
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/console/serial.h"
#include "host/console/serial_message.h"

#define RING_BYTES 8192

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uv_loop_t loop;
static unsigned ended;

static void on_ended(void *context, uint64_t console_id, int end)
{
	ended++;
}

static const struct serial_events events = {.ended = on_ended};

static void turn(void)
{
	for (int i = 0; i < 3; i++)
		(void)uv_run(&loop, UV_RUN_NOWAIT);
}

static void check_decoder(const uint8_t *data, size_t size)
{
	struct serial_message message;

	if (serial_message_read(data, size, &message) < 0)
		return;
	if (message.type == SERIAL_INPUT
		    ? message.bytes < 1 || message.bytes > SERIAL_MAX_GATHERED_BYTES ||
			      message.data + message.bytes != data + size
	    : message.type == SERIAL_SIZE
		    ? message.columns < 1 || message.columns > SERIAL_MAX_SIZE ||
			      message.rows < 1 || message.rows > SERIAL_MAX_SIZE
		    : size != 1)
		abort();
}

/* The input is pieces: whose it is and what kind, a length, that many bytes. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t uuid[UUID_BYTES] = {1};
	struct serial *serial = NULL;
	struct err err = {0};
	struct serial_line line = {.run = 1, .is_from_start = true};
	int ends[2], fds[3] = {-1, -1, -1};
	uint8_t said[65536];

	if (loop.data == NULL && (uv_loop_init(&loop) < 0 || (loop.data = &loop) == NULL))
		abort();
	if (serial_new(&loop, -1, uuid, RING_BYTES, &events, &serial, &err) < 0 ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) < 0)
		abort();
	line.fd = ends[1];
	serial_attach(serial, &line);
	for (unsigned i = 0; i < 3; i++) {
		const struct host_console_open open = {
			.console_id = i, .mode = i < 2 ? CONSOLE_CONTROL : CONSOLE_VIEW};
		if (serial_open(serial, &open, &fds[i], &err) < 0)
			abort();
	}
	while (size >= 2) {
		const unsigned who = data[0] % 4;
		size_t bytes = data[1];
		bytes = bytes < size - 2 ? bytes : size - 2;
		check_decoder(data + 2, bytes);
		if (who < 3)
			(void)send(fds[who], data + 2, bytes, MSG_DONTWAIT | MSG_NOSIGNAL);
		else
			(void)send(ends[0], data + 2, bytes, MSG_DONTWAIT | MSG_NOSIGNAL);
		data += 2 + bytes;
		size -= 2 + bytes;
		turn();
	}
	turn();
	for (unsigned i = 0; i < 3; i++) {
		while (recv(fds[i], said, sizeof said, MSG_DONTWAIT) > 0)
			;
		(void)close(fds[i]);
	}
	serial_free(serial);
	turn();
	(void)close(ends[0]);
	return 0;
}

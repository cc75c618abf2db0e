// The channel: frames, limits, descriptors and what is permitted.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "wire/channel.h"

#define TYPE_PLAIN 7
#define TYPE_FD    8

/* One watched end, the other a plain descriptor. */
struct bench {
	uv_loop_t loop;
	struct channel *channel;
	int peer;
	struct message last;
	size_t last_bytes;
	unsigned last_fds;
	int kept_fd;
	int messages;
	int closed;
	int drained;
	int why;
	bool keep;
	bool free_inside;
	int answer;
};

static int on_message(void *context, struct channel *channel, struct message *message)
{
	struct bench *bench = context;

	bench->messages++;
	bench->last = *message;
	bench->last_bytes = message->body_bytes;
	bench->last_fds = message->fd_count;
	if (bench->keep && message->fd_count > 0)
		bench->kept_fd = steal_fd(&message->fds[0]);
	if (bench->free_inside)
		channel_free(channel);
	return bench->answer;
}

static void on_closed(void *context, struct channel *channel, const struct err *why)
{
	struct bench *bench = context;

	bench->closed++;
	bench->why = why->code;
}

static void on_drained(void *context, struct channel *channel)
{
	((struct bench *)context)->drained++;
}

static const struct message_rule rules[] = {
	{TYPE_PLAIN, 0, on_message}, {TYPE_FD, WIRE_MAX_FDS, on_message}, {0, 0, NULL}};
static const struct channel_events events = {rules, on_closed, on_drained};

static int set_up(void **state)
{
	struct bench *bench = calloc(1, sizeof *bench);
	int pair[2];

	if (bench == NULL || uv_loop_init(&bench->loop) < 0 || channel_pair(pair) < 0)
		return -1;
	bench->peer = pair[1];
	bench->kept_fd = -1;
	*state = bench;
	return channel_new(&bench->loop, pair[0], &events, bench, &bench->channel, NULL);
}

static int tear_down(void **state)
{
	struct bench *bench = *state;

	if (!bench->free_inside)
		channel_free(bench->channel);
	(void)uv_run(&bench->loop, UV_RUN_DEFAULT);
	const int code = uv_loop_close(&bench->loop);
	if (bench->peer >= 0)
		(void)close(bench->peer);
	if (bench->kept_fd >= 0)
		(void)close(bench->kept_fd);
	free(bench);
	return code;
}

static void turn(struct bench *bench)
{
	for (int i = 0; i < 5; i++)
		(void)uv_run(&bench->loop, UV_RUN_NOWAIT);
}

static size_t open_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	size_t count = 0;

	assert_non_null(dir);
	while (readdir(dir) != NULL)
		count++;
	(void)closedir(dir);
	return count;
}

static void send_raw(const struct bench *bench, const void *data, size_t bytes, const int *fds,
		     size_t fd_count)
{
	char control[CMSG_SPACE(sizeof(int) * 16)] = {0};
	struct iovec part = {(void *)(uintptr_t)data, bytes};
	struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};

	if (fd_count > 0) {
		header.msg_control = control;
		header.msg_controllen = CMSG_SPACE(sizeof(int) * fd_count);
		struct cmsghdr *item = CMSG_FIRSTHDR(&header);
		item->cmsg_level = SOL_SOCKET;
		item->cmsg_type = SCM_RIGHTS;
		item->cmsg_len = CMSG_LEN(sizeof(int) * fd_count);
		memcpy(CMSG_DATA(item), fds, sizeof(int) * fd_count);
	}
	assert_int_equal(sendmsg(bench->peer, &header, MSG_NOSIGNAL), bytes);
}

static void make_frame(uint8_t frame[WIRE_HEADER_BYTES], uint8_t version, uint8_t flags,
		       uint16_t type, uint32_t bytes)
{
	memset(frame, 0, WIRE_HEADER_BYTES);
	frame[0] = version;
	frame[1] = flags;
	frame[2] = (uint8_t)type;
	frame[3] = (uint8_t)(type >> 8);
	for (unsigned i = 0; i < 4; i++)
		frame[4 + i] = (uint8_t)(bytes >> 8 * i);
	frame[8] = 42;
}

static void expect_end(struct bench *bench, int why)
{
	turn(bench);
	assert_int_equal(bench->closed, 1);
	assert_int_equal(bench->why, why);
}

static void both_ways(void **state)
{
	struct bench *bench = *state;
	struct buf body CLEANUP(buf_done) = {0};
	uint16_t type;
	uint8_t flags;
	uint64_t id;

	assert_int_equal(channel_send_fd(bench->peer, TYPE_PLAIN, 42, "hello", 5, NULL, 0, NULL),
			 0);
	turn(bench);
	assert_int_equal(bench->messages, 1);
	assert_int_equal(bench->last.type, TYPE_PLAIN);
	assert_int_equal(bench->last.id, 42);
	assert_int_equal(bench->last_bytes, 5);
	assert_int_equal(channel_send(bench->channel, 0x1234, WIRE_MORE, UINT64_MAX - 1, "reply", 5,
				      NULL, 0),
			 0);
	assert_int_equal(channel_receive_fd(bench->peer, &type, &flags, &id, &body, NULL), 0);
	assert_int_equal(type, 0x1234);
	assert_int_equal(flags, WIRE_MORE);
	assert_true(id == UINT64_MAX - 1);
	assert_string_equal(buf_str(&body), "reply");
	assert_int_equal(bench->closed, 0);
}

static void largest_body(void **state)
{
	struct bench *bench = *state;
	AUTO_FREE uint8_t *body = calloc(1, WIRE_MAX_MESSAGE_BYTES + 1);

	assert_non_null(body);
	assert_int_equal(channel_send_fd(bench->peer, TYPE_PLAIN, 1, body, WIRE_MAX_BODY_BYTES,
					 NULL, 0, NULL),
			 0);
	turn(bench);
	assert_int_equal(bench->last_bytes, WIRE_MAX_BODY_BYTES);
	assert_int_equal(channel_send_fd(bench->peer, TYPE_PLAIN, 1, body, WIRE_MAX_BODY_BYTES + 1,
					 NULL, 0, NULL),
			 -EMSGSIZE);
	assert_int_equal(channel_send(bench->channel, TYPE_PLAIN, 0, 1, body,
				      WIRE_MAX_BODY_BYTES + 1, NULL, 0),
			 -EMSGSIZE);
	/* Nor does the other side take it from one who sends it all the same. */
	make_frame(body, WIRE_VERSION, 0, TYPE_PLAIN, WIRE_MAX_BODY_BYTES + 1);
	send_raw(bench, body, WIRE_MAX_MESSAGE_BYTES + 1, NULL, 0);
	expect_end(bench, ERR_PROTOCOL);
	assert_int_equal(bench->messages, 1);
}

static void frames(void **state)
{
	struct message message;
	uint8_t frame[WIRE_HEADER_BYTES + 1];

	make_frame(frame, WIRE_VERSION, 0, TYPE_PLAIN, 0);
	assert_int_equal(frame_decode(frame, WIRE_HEADER_BYTES, &message), 0);
	assert_int_equal(message.id, 42);
	for (size_t bytes = 0; bytes < WIRE_HEADER_BYTES; bytes++)
		assert_int_equal(frame_decode(frame, bytes, &message), ERR_PROTOCOL);
	assert_int_equal(frame_decode(frame, WIRE_HEADER_BYTES + 1, &message), ERR_PROTOCOL);
	make_frame(frame, WIRE_VERSION, 0, TYPE_PLAIN, 1);
	assert_int_equal(frame_decode(frame, WIRE_HEADER_BYTES, &message), ERR_PROTOCOL);
	assert_int_equal(frame_decode(frame, WIRE_HEADER_BYTES + 1, &message), 0);
	make_frame(frame, WIRE_VERSION + 1, 0, TYPE_PLAIN, 0);
	assert_int_equal(frame_decode(frame, WIRE_HEADER_BYTES, &message), ERR_PROTOCOL);
	make_frame(frame, WIRE_VERSION, 2, TYPE_PLAIN, 0);
	assert_int_equal(frame_decode(frame, WIRE_HEADER_BYTES, &message), ERR_PROTOCOL);
}

static void wrong_version(void **state)
{
	uint8_t frame[WIRE_HEADER_BYTES];

	make_frame(frame, WIRE_VERSION + 1, 0, TYPE_PLAIN, 0);
	send_raw(*state, frame, sizeof frame, NULL, 0);
	expect_end(*state, ERR_PROTOCOL);
}

static void unknown_type(void **state)
{
	struct bench *bench = *state;

	assert_int_equal(channel_send_fd(bench->peer, 99, 1, NULL, 0, NULL, 0, NULL), 0);
	expect_end(bench, ERR_PROTOCOL);
	assert_int_equal(bench->messages, 0);
	assert_int_equal(channel_send(bench->channel, TYPE_PLAIN, 0, 1, NULL, 0, NULL, 0), -EPIPE);
}

static void refused_body(void **state)
{
	struct bench *bench = *state;

	bench->answer = ERR_PROTOCOL;
	assert_int_equal(channel_send_fd(bench->peer, TYPE_PLAIN, 1, NULL, 0, NULL, 0, NULL), 0);
	assert_int_equal(channel_send_fd(bench->peer, TYPE_PLAIN, 2, NULL, 0, NULL, 0, NULL), 0);
	expect_end(bench, ERR_PROTOCOL);
	assert_int_equal(bench->messages, 1);
}

static void peer_gone(void **state)
{
	struct bench *bench = *state;

	(void)close(bench->peer);
	bench->peer = -1;
	expect_end(bench, -ECONNRESET);
	turn(bench);
	assert_int_equal(bench->closed, 1);
}

static void freed_inside(void **state)
{
	struct bench *bench = *state;

	bench->free_inside = true;
	assert_int_equal(channel_send_fd(bench->peer, TYPE_PLAIN, 1, NULL, 0, NULL, 0, NULL), 0);
	assert_int_equal(channel_send_fd(bench->peer, TYPE_PLAIN, 2, NULL, 0, NULL, 0, NULL), 0);
	turn(bench);
	assert_int_equal(bench->messages, 1);
	assert_int_equal(bench->closed, 0);
}

static void descriptors(void **state)
{
	struct bench *bench = *state;
	int fds[WIRE_MAX_FDS];
	const size_t before = open_fds();

	for (int i = 0; i < WIRE_MAX_FDS; i++)
		fds[i] = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	bench->keep = true;
	assert_int_equal(channel_send_fd(bench->peer, TYPE_FD, 1, NULL, 0, fds, WIRE_MAX_FDS, NULL),
			 0);
	turn(bench);
	assert_int_equal(bench->last_fds, WIRE_MAX_FDS);
	assert_int_equal(fcntl(bench->kept_fd, F_GETFD), FD_CLOEXEC);
	/* The sender's and those that the handler did not keep are closed. */
	assert_int_equal(open_fds(), before + 1);
	assert_int_equal(bench->closed, 0);
}

static void too_many_descriptors(void **state)
{
	struct bench *bench = *state;
	uint8_t frame[WIRE_HEADER_BYTES];
	int fds[WIRE_MAX_FDS + 4];
	size_t before;

	for (int i = 0; i < WIRE_MAX_FDS + 4; i++)
		fds[i] = bench->peer;
	before = open_fds();
	make_frame(frame, WIRE_VERSION, 0, TYPE_FD, 0);
	send_raw(bench, frame, sizeof frame, fds, WIRE_MAX_FDS + 4);
	expect_end(bench, ERR_PROTOCOL);
	assert_int_equal(open_fds(), before - 1); /* the channel's own */
	assert_int_equal(bench->messages, 0);
}

static void one_descriptor_too_many(void **state)
{
	struct bench *bench = *state;
	uint8_t frame[WIRE_HEADER_BYTES];
	int fds[WIRE_MAX_FDS + 1];

	for (int i = 0; i < WIRE_MAX_FDS + 1; i++)
		fds[i] = bench->peer;
	const size_t before = open_fds();
	make_frame(frame, WIRE_VERSION, 0, TYPE_FD, 0);
	send_raw(bench, frame, sizeof frame, fds, WIRE_MAX_FDS + 1);
	expect_end(bench, ERR_PROTOCOL);
	assert_int_equal(open_fds(), before - 1);
}

static void descriptor_not_expected(void **state)
{
	struct bench *bench = *state;
	const size_t before = open_fds();
	uint8_t frame[WIRE_HEADER_BYTES];

	make_frame(frame, WIRE_VERSION, 0, TYPE_PLAIN, 0);
	send_raw(bench, frame, sizeof frame, &bench->peer, 1);
	expect_end(bench, ERR_PROTOCOL);
	assert_int_equal(open_fds(), before - 1);
}

/* Descriptors that come with nothing else, or with a broken frame, are closed too. */
static void descriptors_of_nothing(void **state)
{
	struct bench *bench = *state;
	const size_t before = open_fds();

	send_raw(bench, "", 0, &bench->peer, 1);
	expect_end(bench, -ECONNRESET);
	assert_int_equal(open_fds(), before - 1);
}

static void full_queue(void **state)
{
	struct bench *bench = *state;
	AUTO_FREE uint8_t *body = calloc(1, WIRE_MAX_BODY_BYTES);
	struct buf got CLEANUP(buf_done) = {0};
	uint16_t type;
	uint8_t flags;
	uint64_t id, sent = 0, received = 0;
	int code;

	assert_non_null(body);
	while ((code = channel_send(bench->channel, TYPE_PLAIN, 0, sent, body, WIRE_MAX_BODY_BYTES,
				    NULL, 0)) == 0)
		sent++;
	assert_int_equal(code, -ENOBUFS);
	assert_true(channel_queued_bytes(bench->channel) <= WIRE_MAX_QUEUE_BYTES);
	assert_true(channel_queued_bytes(bench->channel) + WIRE_MAX_MESSAGE_BYTES >
		    WIRE_MAX_QUEUE_BYTES);
	/* What was taken arrives whole and in order. */
	while (received < sent) {
		turn(bench);
		buf_clear(&got);
		assert_int_equal(channel_receive_fd(bench->peer, &type, &flags, &id, &got, NULL),
				 0);
		assert_int_equal(got.len, WIRE_MAX_BODY_BYTES);
		assert_true(id == received++);
	}
	turn(bench);
	assert_int_equal(bench->drained, 1);
	assert_int_equal(channel_queued_bytes(bench->channel), 0);
}

static void peer_by_the_kernel(void **state)
{
	struct bench *bench = *state;
	uid_t uid;
	gid_t gid;
	pid_t pid;

	assert_int_equal(channel_peer(bench->channel, &uid, &gid, &pid), 0);
	assert_int_equal(uid, getuid());
	assert_int_equal(gid, getgid());
	assert_int_equal(pid, getpid());
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(both_ways),
		CASE(largest_body),
		cmocka_unit_test(frames),
		CASE(wrong_version),
		CASE(unknown_type),
		CASE(refused_body),
		CASE(peer_gone),
		CASE(freed_inside),
		CASE(descriptors),
		CASE(too_many_descriptors),
		CASE(one_descriptor_too_many),
		CASE(descriptor_not_expected),
		CASE(descriptors_of_nothing),
		CASE(full_queue),
		CASE(peer_by_the_kernel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

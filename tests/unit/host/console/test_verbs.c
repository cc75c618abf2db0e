// The console verbs as core asks them, of the whole dispatcher with guests that are not there.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/cursor.h"
#include "base/fd.h"
#include "host/dispatch.h"
#include "wire/channel.h"
#include "wire/console_message.h"

#define MAX_ANSWERS 64
#define WAIT_MS     5000

struct answer {
	uint64_t id;
	int32_t code;
	char text[256];
	struct buf body;
	int fd;
	unsigned parts;
	bool is_whole;
};

static char folder[] = "/tmp/ippo-verbs-XXXXXX";
static uv_loop_t loop;
static struct config config;
static struct dispatch *dispatch;
static int core; /* core's end of the channel */
static struct answer answers[MAX_ANSWERS];
static size_t answer_count;
static uint64_t last_id;
static uint64_t ended_id;
static unsigned ended_how;

static void connect_core(void)
{
	int ends[2];

	assert_int_equal(channel_pair(ends), 0);
	core = ends[0];
	assert_int_equal(fd_set_nonblock(core, 1), 0);
	dispatch_connect(dispatch, ends[1]);
}

static void set_faults(const char *text)
{
	char path[CONFIG_PATH_BYTES + 64];

	(void)snprintf(path, sizeof path, "%s/faults", config.host_dir);
	assert_int_equal(fd_write_file(AT_FDCWD, path, text, strlen(text), 0600), 0);
}

static int set_up(void **state)
{
	struct err err = {0};

	memcpy(strrchr(folder, '-') + 1, "XXXXXX", 6);
	assert_non_null(mkdtemp(folder));
	memset(&config, 0, sizeof config);
	(void)snprintf(config.driver, sizeof config.driver, "fake");
	(void)snprintf(config.host_dir, sizeof config.host_dir, "%s/state/host", folder);
	assert_int_equal(uv_loop_init(&loop), 0);
	assert_int_equal(dispatch_new(&loop, &config, &dispatch, &err), 0);
	answer_count = 0;
	connect_core();
	return 0;
}

static int tear_down(void **state)
{
	char command[64];

	for (size_t i = 0; i < answer_count; i++) {
		buf_done(&answers[i].body);
		if (answers[i].fd >= 0)
			(void)close(answers[i].fd);
	}
	dispatch_free(dispatch);
	for (int i = 0; i < 20; i++)
		(void)uv_run(&loop, UV_RUN_NOWAIT);
	assert_int_equal(uv_loop_close(&loop), 0);
	(void)close(core);
	(void)snprintf(command, sizeof command, "rm -r %s", folder);
	return system(command);
}

/* One message from the host, if there is one. */
static bool take_one(void)
{
	static uint8_t data[WIRE_MAX_MESSAGE_BYTES];
	char control[CMSG_SPACE(sizeof(int))];
	struct iovec part = {data, sizeof data};
	struct msghdr header = {.msg_iov = &part,
				.msg_iovlen = 1,
				.msg_control = control,
				.msg_controllen = sizeof control};
	const ssize_t got = recvmsg(core, &header, 0);
	struct message message;
	struct reader in;
	struct answer *answer = NULL;

	if (got <= 0)
		return false;
	assert_int_equal(frame_decode(data, (size_t)got, &message), 0);
	reader_init(&in, message.body, message.body_bytes);
	if (message.type == HOST_EVENT_CONSOLE) {
		ended_id = reader_u64(&in);
		ended_how = reader_u8(&in);
		assert_int_equal(reader_done(&in), 0);
	}
	if (message.type != HOST_REPLY)
		return true;
	for (size_t i = 0; i < answer_count; i++)
		if (answers[i].id == message.id)
			answer = &answers[i];
	if (answer == NULL) {
		assert_true(answer_count < MAX_ANSWERS);
		answer = &answers[answer_count++];
		*answer = (struct answer){.id = message.id, .fd = -1};
	}
	answer->code = reader_i32(&in);
	reader_text(&in, answer->text, sizeof answer->text);
	(void)buf_append(&answer->body, in.at, (size_t)(in.end - in.at));
	answer->parts++;
	answer->is_whole = (message.flags & WIRE_MORE) == 0;
	if (CMSG_FIRSTHDR(&header) != NULL)
		memcpy(&answer->fd, CMSG_DATA(CMSG_FIRSTHDR(&header)), sizeof answer->fd);
	return true;
}

static void turn(void)
{
	(void)uv_run(&loop, UV_RUN_NOWAIT);
	while (take_one())
		;
	(void)usleep(500);
}

static uint64_t send_verb(uint16_t type, const struct buf *body)
{
	struct err err = {0};

	assert_int_equal(
		channel_send_fd(core, type, ++last_id, body->data, body->len, NULL, 0, &err), 0);
	return last_id;
}

/* NULL: it has not come (yet). */
static struct answer *answer_of(uint64_t id)
{
	for (size_t i = 0; i < answer_count; i++)
		if (answers[i].id == id && answers[i].is_whole)
			return &answers[i];
	return NULL;
}

static struct answer *await(uint64_t id)
{
	const int64_t until = clock_mono_ms() + WAIT_MS;

	while (answer_of(id) == NULL && clock_mono_ms() < until)
		turn();
	assert_non_null(answer_of(id));
	return answer_of(id);
}

static void forget_answers(void)
{
	for (size_t i = 0; i < answer_count; i++) {
		buf_done(&answers[i].body);
		if (answers[i].fd >= 0)
			(void)close(answers[i].fd);
	}
	answer_count = 0;
}

static const uint8_t *uuid_of(uint8_t number)
{
	static uint8_t uuid[UUID_BYTES];

	memset(uuid, number, sizeof uuid);
	return uuid;
}

static int32_t domain(uint16_t type, uint8_t number)
{
	struct buf body CLEANUP(buf_done) = {0};

	write_bytes(&body, uuid_of(number), UUID_BYTES);
	return await(send_verb(type, &body))->code;
}

static void define(uint8_t number)
{
	struct host_domain wanted = {
		.server_id = number, .name = "web", .vcpus = 1, .memory_mib = 64, .mac = {2}};
	struct buf body CLEANUP(buf_done) = {0};

	memcpy(wanted.uuid, uuid_of(number), UUID_BYTES);
	host_domain_write(&body, &wanted);
	assert_int_equal(await(send_verb(HOST_DOMAIN_DEFINE, &body))->code, 0);
}

/* Keys travel on QEMU's command line, addresses to a system that believes them. */
static void test_rescue_is_checked(void **state)
{
	static const struct host_rescue wrong[] = {
		{.image_id = 9, .ssh_port = 0, .keys = (char *)(uintptr_t) "ssh-ed25519 AAAA\n"},
		{.image_id = 9, .ssh_port = 22, .keys = (char *)(uintptr_t) ""},
		{.image_id = 9, .ssh_port = 22, .keys = (char *)(uintptr_t) "\nssh-ed25519 AAAA\n"},
		{.image_id = 9, .ssh_port = 22, .keys = (char *)(uintptr_t) "ssh-ed25519 \tAAAA\n"},
		{.image_id = 9,
		 .ssh_port = 22,
		 .keys = (char *)(uintptr_t) "ssh-ed25519 \xc3\xa4\n"},
		{.image_id = 9,
		 .ssh_port = 22,
		 .ipv4 = {.family = 4, .prefix = 24},
		 .keys = (char *)(uintptr_t) "ssh-ed25519 AAAA\n"},
		{.image_id = 9,
		 .ssh_port = 22,
		 .ipv6 = {.family = 6, .prefix = 128},
		 .keys = (char *)(uintptr_t) "ssh-ed25519 AAAA\n"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct host_domain wanted = {.server_id = 7,
					     .name = "web",
					     .vcpus = 1,
					     .memory_mib = 64,
					     .mac = {2},
					     .rescue = wrong[i]};
		struct buf body CLEANUP(buf_done) = {0};
		host_domain_write(&body, &wanted);
		assert_int_equal(await(send_verb(HOST_DOMAIN_DEFINE, &body))->code,
				 ERR_INVALID_INPUT);
	}
}

static uint64_t send_open(uint8_t number, uint64_t console_id, uint8_t kind)
{
	struct host_console_open open = {
		.console_id = console_id, .kind = kind, .mode = CONSOLE_CONTROL, .label = "Hana"};
	struct buf body CLEANUP(buf_done) = {0};

	memcpy(open.uuid, uuid_of(number), UUID_BYTES);
	host_console_open_write(&body, &open);
	return send_verb(HOST_CONSOLE_OPEN, &body);
}

/* The descriptor is the caller's. */
static int open_console(uint8_t number, uint64_t console_id, uint8_t kind)
{
	struct answer *answer = await(send_open(number, console_id, kind));

	assert_int_equal(answer->code, 0);
	assert_true(answer->fd >= 0);
	assert_int_equal(fd_set_nonblock(answer->fd, 1), 0);
	return steal_fd(&answer->fd);
}

static int32_t close_console(uint64_t console_id)
{
	struct buf body CLEANUP(buf_done) = {0};

	write_u64(&body, console_id);
	return await(send_verb(HOST_CONSOLE_CLOSE, &body))->code;
}

/* What a serial console said, until @text is in it. */
static void expect_output(int fd, const char *text)
{
	char all[65536] = "";
	uint8_t data[SERIAL_MAX_OUTPUT_BYTES + 16];
	const int64_t until = clock_mono_ms() + WAIT_MS;
	size_t bytes = 0;

	while (strstr(all, text) == NULL && clock_mono_ms() < until) {
		turn();
		const ssize_t got = recv(fd, data, sizeof data, 0);
		if (got > 9 && data[0] == SERIAL_OUTPUT && bytes + (size_t)got < sizeof all) {
			memcpy(all + bytes, data + 9, (size_t)got - 9);
			bytes += (size_t)got - 9;
		}
	}
	if (strstr(all, text) == NULL)
		fail_msg("no \"%s\" in \"%s\"", text, all);
}

/* All of a stream until it holds @bytes. */
static size_t read_stream(int fd, void *out, size_t bytes)
{
	const int64_t until = clock_mono_ms() + WAIT_MS;
	size_t have = 0;

	while (have < bytes && clock_mono_ms() < until) {
		turn();
		const ssize_t got = recv(fd, (char *)out + have, bytes - have, 0);
		if (got == 0)
			break;
		have += got > 0 ? (size_t)got : 0;
	}
	return have;
}

static bool has_ended(int fd)
{
	const int64_t until = clock_mono_ms() + WAIT_MS;
	uint8_t data[SERIAL_MAX_OUTPUT_BYTES + 16];

	while (clock_mono_ms() < until) {
		turn();
		const ssize_t got = recv(fd, data, sizeof data, 0);
		if (got == 0 || (got < 0 && errno != EAGAIN))
			return true;
	}
	return false;
}

/* --- */

static void test_serial(void **state)
{
	struct host_console_text text = {.max_bytes = UINT32_MAX};
	struct buf body CLEANUP(buf_done) = {0};
	struct reader in;
	struct answer *answer;
	struct slice said;

	assert_int_equal(await(send_open(1, 10, CONSOLE_SERIAL))->code, ERR_NOT_FOUND);
	define(1);
	/* Off, and never was on: it can be looked at all the same. */
	int early = open_console(1, 10, CONSOLE_SERIAL);
	assert_int_equal(domain(HOST_DOMAIN_START, 1), 0);
	expect_output(early, "web login: ");
	int fd = open_console(1, 11, CONSOLE_SERIAL);
	expect_output(fd, "web login: ");
	assert_int_equal(send(early, "\1root\r", 6, 0), 6);
	expect_output(fd, "root\r\n");
	memcpy(text.uuid, uuid_of(1), UUID_BYTES);
	text.from = 4;
	host_console_text_write(&body, &text);
	answer = await(send_verb(HOST_CONSOLE_TEXT, &body));
	assert_int_equal(answer->code, 0);
	reader_init(&in, answer->body.data, answer->body.len);
	assert_int_equal(reader_u64(&in), 4);
	assert_int_equal(reader_u64(&in), 17);
	said = reader_slice(&in, 1024);
	assert_int_equal(reader_done(&in), 0);
	assert_int_equal(said.len, 13);
	assert_memory_equal(said.data, "login: root\r\n", 13);
	/* It is stopped: the console stays, and what was said can be read. */
	assert_int_equal(domain(HOST_DOMAIN_STOP, 1), 0);
	assert_int_equal(domain(HOST_DOMAIN_START, 1), 0);
	expect_output(fd, "web login: ");
	assert_int_equal(close_console(11), 0);
	assert_true(has_ended(fd));
	assert_int_equal(close_console(11), 0);
	assert_int_equal(close_console(4711), 0);
	(void)close(early);
	(void)close(fd);
}

static void test_text_in_parts(void **state)
{
	struct host_console_text text = {.max_bytes = 200000};
	struct buf body CLEANUP(buf_done) = {0};
	struct answer *answer;
	struct reader in;
	uint64_t next = 0, end = 0;

	set_faults("serial source\n");
	define(1);
	assert_int_equal(domain(HOST_DOMAIN_START, 1), 0);
	int fd = open_console(1, 1, CONSOLE_SERIAL);
	expect_output(fd, "1000\r\n");
	memcpy(text.uuid, uuid_of(1), UUID_BYTES);
	host_console_text_write(&body, &text);
	/* More than 200,000 bytes have to have been said. */
	do {
		forget_answers();
		for (int i = 0; i < 100; i++)
			turn();
		answer = await(send_verb(HOST_CONSOLE_TEXT, &body));
		reader_init(&in, answer->body.data, answer->body.len);
		next = reader_u64(&in);
		end = reader_u64(&in);
	} while (end - next < 200000);
	assert_int_equal(answer->parts, 4);
	reader_init(&in, answer->body.data, answer->body.len);
	for (unsigned i = 0; i < answer->parts; i++) {
		assert_int_equal(reader_u64(&in), next);
		assert_int_equal(reader_u64(&in), end);
		next += reader_slice(&in, 65536).len;
	}
	assert_int_equal(reader_done(&in), 0);
	text.from = UINT64_MAX;
	buf_clear(&body);
	host_console_text_write(&body, &text);
	answer = await(send_verb(HOST_CONSOLE_TEXT, &body));
	assert_int_equal(answer->code, 0);
	memset(text.uuid, 0x99, UUID_BYTES);
	buf_clear(&body);
	host_console_text_write(&body, &text);
	answer = await(send_verb(HOST_CONSOLE_TEXT, &body));
	assert_int_equal(answer->code, 0); /* it never said anything */
	assert_int_equal(answer->body.len, 20);
	for (size_t i = 0; i < answer->body.len; i++)
		assert_int_equal(answer->body.data[i], 0);
	(void)close(fd);
}

static void test_screen(void **state)
{
	struct buf body CLEANUP(buf_done) = {0};
	struct answer *answer;
	struct slice png;
	struct reader in;

	write_bytes(&body, uuid_of(1), UUID_BYTES);
	assert_int_equal(await(send_verb(HOST_CONSOLE_SCREEN, &body))->code, ERR_NOT_FOUND);
	define(1);
	(void)uuid_of(1);
	assert_int_equal(await(send_verb(HOST_CONSOLE_SCREEN, &body))->code,
			 ERR_SERVER_NOT_RUNNING);
	assert_int_equal(domain(HOST_DOMAIN_START, 1), 0);
	answer = await(send_verb(HOST_CONSOLE_SCREEN, &body));
	assert_int_equal(answer->code, 0);
	reader_init(&in, answer->body.data, answer->body.len);
	png = reader_slice(&in, 65536);
	assert_int_equal(reader_done(&in), 0);
	assert_memory_equal(png.data, "\x89PNG\r\n\x1a\n", 8);
}

static void test_vnc(void **state)
{
	int fds[9];
	char hello[12];

	define(1);
	assert_int_equal(await(send_open(1, 1, CONSOLE_VNC))->code, ERR_SERVER_NOT_RUNNING);
	assert_int_equal(domain(HOST_DOMAIN_START, 1), 0);
	/* The id of one that failed is free. */
	for (uint64_t i = 0; i < 8; i++) {
		fds[i] = open_console(1, i + 1, CONSOLE_VNC);
		assert_int_equal(read_stream(fds[i], hello, 12), 12);
		assert_memory_equal(hello, "RFB 003.008\n", 12);
	}
	assert_int_equal(await(send_open(1, 9, CONSOLE_VNC))->code, ERR_LIMIT);
	assert_int_equal(await(send_open(1, 3, CONSOLE_VNC))->code, ERR_UNIQUENESS);
	/* Cut: shut down for whoever has it, and room again. */
	assert_int_equal(close_console(4), 0);
	assert_int_equal(recv(fds[3], hello, 1, 0), 0);
	assert_int_equal(send(fds[3], "x", 1, MSG_NOSIGNAL), -1);
	fds[8] = open_console(1, 9, CONSOLE_VNC);
	/* The guest is off: all end, and core is told. */
	ended_how = 0;
	assert_int_equal(domain(HOST_DOMAIN_STOP, 1), 0);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		assert_true(has_ended(fds[i]));
		(void)close(fds[i]);
	}
	assert_int_equal(ended_how, HOST_CONSOLE_OFF);
}

static void test_rfb(void **state)
{
	static const uint8_t key[] = {4, 1, 0, 0, 0, 0, 0, 'a'};
	static const uint8_t update[] = {3, 0, 0, 0, 0, 0, 0, 64, 0, 48};
	static const uint8_t paste[] = {6, 0, 0, 0, 0, 0, 0, 3, 'a', 'b', 'c'};
	uint8_t in[64 * 48 * 4 + 16];
	char path[CONFIG_PATH_BYTES + 64], keys[32] = "";

	define(1);
	assert_int_equal(domain(HOST_DOMAIN_START, 1), 0);
	int fd = open_console(1, 1, CONSOLE_VNC);
	assert_int_equal(read_stream(fd, in, 12), 12);
	assert_int_equal(send(fd, "RFB 003.008\n", 12, 0), 12);
	assert_int_equal(read_stream(fd, in, 2), 2);
	assert_memory_equal(in, "\1\1", 2);
	assert_int_equal(send(fd, "\1", 1, 0), 1);
	assert_int_equal(read_stream(fd, in, 4), 4);
	assert_int_equal(send(fd, "\1", 1, 0), 1);
	assert_int_equal(read_stream(fd, in, 28), 28);
	assert_memory_equal(in, "\0\x40\0\x30", 4);
	assert_int_equal(send(fd, paste, sizeof paste, 0), sizeof paste);
	assert_int_equal(send(fd, key, sizeof key, 0), sizeof key);
	for (size_t i = 0; i < sizeof update; i++)
		assert_int_equal(send(fd, &update[i], 1, 0), 1);
	assert_int_equal(read_stream(fd, in, sizeof in), sizeof in);
	(void)snprintf(path, sizeof path, "%s/keys-01010101-0101-0101-0101-010101010101",
		       config.host_dir);
	AUTO_CLOSE int file = open(path, O_RDONLY);
	assert_true(read(file, keys, sizeof keys - 1) > 0);
	assert_string_equal(keys, "down 97\n");
	(void)close(fd);
}

/* A console is opened and closed while the server's other verbs are under way. */
static void test_not_in_the_row(void **state)
{
	struct buf uuid CLEANUP(buf_done) = {0}, id CLEANUP(buf_done) = {0};
	uint64_t slow[20];

	define(1);
	assert_int_equal(domain(HOST_DOMAIN_START, 1), 0);
	set_faults("delay_ms 400\n");
	write_bytes(&uuid, uuid_of(1), UUID_BYTES);
	/* More slow verbs than there are workers for them. */
	for (uint8_t i = 0; i < 20; i++) {
		struct buf other CLEANUP(buf_done) = {0};
		write_bytes(&other, uuid_of(i), UUID_BYTES);
		slow[i] = send_verb(HOST_DOMAIN_STATE, &other);
	}
	const uint64_t stop = send_verb(HOST_DOMAIN_STOP, &uuid);
	const int64_t began = clock_mono_ms();
	int fd = open_console(1, 1, CONSOLE_SERIAL);
	assert_true(clock_mono_ms() - began < 300);
	(void)close(fd);
	/* A screen needs a worker; it is not behind the twenty. */
	const uint64_t vnc = send_open(1, 2, CONSOLE_VNC);
	write_u64(&id, 2);
	const uint64_t closed = send_verb(HOST_CONSOLE_CLOSE, &id);
	assert_int_equal(await(closed)->code, 0);
	assert_null(answer_of(vnc));
	/* Closed before it was open: it never comes alive. */
	assert_int_equal(await(vnc)->code, ERR_GONE);
	assert_int_equal(await(vnc)->fd, -1);
	assert_null(answer_of(stop));
	set_faults("");
	assert_int_equal(await(stop)->code, 0);
	for (size_t i = 0; i < ARRAY_SIZE(slow); i++)
		(void)await(slow[i]);
}

static void test_forgotten(void **state)
{
	char path[CONFIG_PATH_BYTES + 64];

	define(1);
	assert_int_equal(domain(HOST_DOMAIN_START, 1), 0);
	int serial = open_console(1, 1, CONSOLE_SERIAL);
	expect_output(serial, "login");
	(void)snprintf(path, sizeof path, "%s/consoles/01010101-0101-0101-0101-010101010101.ring",
		       config.host_dir);
	assert_int_equal(access(path, F_OK), 0);
	/* Defined anew, as a rebuild does: all stays. */
	define(1);
	assert_int_equal(access(path, F_OK), 0);
	assert_int_equal(domain(HOST_DOMAIN_UNDEFINE, 1), 0);
	assert_true(has_ended(serial));
	assert_int_equal(ended_id, 1);
	assert_int_equal(ended_how, HOST_CONSOLE_GONE);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(await(send_open(1, 2, CONSOLE_SERIAL))->code, ERR_NOT_FOUND);
	(void)close(serial);
}

/* On a fresh host: QEMU finds its way past our folder to its disks, and not into it. */
static void test_folders(void **state)
{
	char path[CONFIG_PATH_BYTES + 64];
	struct stat stat_of;

	assert_int_equal(stat(config.host_dir, &stat_of), 0);
	assert_int_equal(stat_of.st_mode & 0111, 0111);
	(void)snprintf(path, sizeof path, "%s/consoles", config.host_dir);
	assert_int_equal(stat(path, &stat_of), 0);
	assert_int_equal(stat_of.st_mode & 07777, 0700);
}

/* Nothing outlives core: neither its end nor another one in its place. */
static void test_core_goes(void **state)
{
	define(1);
	assert_int_equal(domain(HOST_DOMAIN_START, 1), 0);
	for (int i = 0; i < 2; i++) {
		int serial = open_console(1, 1, CONSOLE_SERIAL);
		int vnc = open_console(1, 2, CONSOLE_VNC);
		const int old = core;
		if (i == 0)
			(void)close(core);
		else
			connect_core();
		assert_true(has_ended(serial));
		assert_true(has_ended(vnc));
		(void)close(serial);
		(void)close(vnc);
		if (i == 0)
			connect_core();
		else
			(void)close(old);
		forget_answers();
	}
	/* The same ids are free again. */
	(void)close(open_console(1, 1, CONSOLE_SERIAL));
}

/* Guests say who they are without pause; no console ever hears another. */
static void test_right_server(void **state)
{
	static char heard[4][65536];
	int fds[4] = {-1, -1, -1, -1};
	char uuid[UUID_TEXT_BYTES], line[64];
	uint64_t console_id = 0;
	unsigned lines = 0;

	srand(3);
	set_faults("serial identity\n");
	for (uint8_t i = 0; i < 4; i++)
		define(i);
	for (int round = 0; round < 400; round++) {
		const uint8_t i = (uint8_t)(rand() % 4);
		switch (rand() % 5) {
		case 0:
			assert_int_equal(domain(HOST_DOMAIN_START, i), 0);
			break;
		case 1:
			assert_int_equal(domain(HOST_DOMAIN_STOP, i), 0);
			break;
		case 2:
			assert_int_equal(domain(HOST_DOMAIN_UNDEFINE, i), 0);
			define(i);
			break;
		default:
			if (fds[i] >= 0)
				(void)close(fds[i]);
			fds[i] = open_console(i, ++console_id, CONSOLE_SERIAL);
		}
		turn();
		for (uint8_t n = 0; n < 4; n++) {
			const ssize_t got =
				fds[n] >= 0 ? recv(fds[n], heard[n], sizeof heard[n] - 1, 0) : 0;
			if (got < 64 || heard[n][0] != SERIAL_OUTPUT)
				continue;
			heard[n][got] = '\0';
			format_uuid(uuid_of(n), uuid);
			(void)snprintf(line, sizeof line, "I am %s", uuid);
			for (const char *at = heard[n] + 9; (at = strstr(at, "I am ")) != NULL;
			     at++, lines++)
				if (strlen(at) >= strlen(line))
					assert_memory_equal(at, line, strlen(line));
		}
		forget_answers();
	}
	assert_true(lines > 1000);
	for (size_t i = 0; i < 4; i++)
		if (fds[i] >= 0)
			(void)close(fds[i]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_serial),
		TEST(test_rescue_is_checked),
		TEST(test_text_in_parts),
		TEST(test_screen),
		TEST(test_vnc),
		TEST(test_rfb),
		TEST(test_not_in_the_row),
		TEST(test_forgotten),
		TEST(test_core_goes),
		TEST(test_right_server),
		TEST(test_folders),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// One serial port and those who look at it: what each is told, who types, and what nobody can
// spoil.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "host/console/serial.h"

#define RING_BYTES 16384

static const uint8_t uuid[UUID_BYTES] = {7, 7};
static char folder[] = "/tmp/ippo-serial-XXXXXX";
static int folder_fd;
static uv_loop_t loop;
static struct serial *serial;
static int guest = -1; /* the guest's end of the line */
static uint64_t runs;
static uint64_t ended_id;
static int ended_how;
static unsigned ended_count;

static void on_ended(void *context, uint64_t console_id, int end)
{
	ended_id = console_id;
	ended_how = end;
	ended_count++;
}

static const struct serial_events events = {.ended = on_ended};

static void run_loop(void)
{
	for (int i = 0; i < 20; i++)
		(void)uv_run(&loop, UV_RUN_NOWAIT);
}

static void make_serial(void)
{
	struct err err = {0};

	assert_int_equal(serial_new(&loop, folder_fd, uuid, RING_BYTES, &events, &serial, &err), 0);
}

static int set_up(void **state)
{
	memcpy(strrchr(folder, '-') + 1, "XXXXXX", 6);
	assert_non_null(mkdtemp(folder));
	folder_fd = open(folder, O_RDONLY | O_DIRECTORY);
	assert_int_equal(uv_loop_init(&loop), 0);
	make_serial();
	ended_count = 0;
	return 0;
}

static int tear_down(void **state)
{
	char log[64];

	serial_free(serial);
	run_loop();
	assert_int_equal(uv_loop_close(&loop), 0);
	if (guest >= 0)
		(void)close(guest);
	guest = -1;
	ring_remove(folder_fd, uuid);
	(void)snprintf(log, sizeof log, "%s/log", folder);
	(void)unlink(log);
	(void)close(folder_fd);
	return rmdir(folder);
}

/* A new run of the guest, or (@run) one that was found. */
static void attach(uint64_t run, bool is_from_start, const char *log)
{
	struct serial_line line = {.run = run, .is_from_start = is_from_start};
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	if (guest >= 0)
		(void)close(guest);
	guest = ends[0];
	assert_int_equal(fd_set_nonblock(guest, 1), 0);
	line.fd = ends[1];
	(void)snprintf(line.log, sizeof line.log, "%s", log);
	line.log_place = recover_place(log);
	serial_attach(serial, &line);
}

static void start_guest(void)
{
	attach(++runs, true, "");
}

static void say(const char *text)
{
	assert_int_equal(write(guest, text, strlen(text)), strlen(text));
	run_loop();
}

static int look(uint64_t id, uint8_t mode, uint64_t from, const char *label)
{
	struct host_console_open open = {
		.console_id = id, .kind = CONSOLE_SERIAL, .mode = mode, .from = from};
	struct err err = {0};
	int fd = -1;

	(void)snprintf(open.label, sizeof open.label, "%s", label);
	assert_int_equal(serial_open(serial, &open, &fd, &err), 0);
	assert_int_equal(fd_set_nonblock(fd, 1), 0);
	return fd;
}

/* The next message as text: "READY 0 5", "OUTPUT 0 hello", ...; "" when there is none. */
static const char *hear(int fd)
{
	static char text[SERIAL_MAX_OUTPUT_BYTES + 128];
	static uint8_t data[SERIAL_MAX_OUTPUT_BYTES + 128];
	char label[CONSOLE_LABEL_BYTES];
	uint64_t first, second;
	uint16_t columns;
	struct reader in;
	ssize_t got;
	uint8_t what;

	run_loop();
	got = recv(fd, data, sizeof data, 0);
	if (got < 0)
		return errno == EAGAIN ? "" : "ERROR";
	if (got == 0)
		return "END";
	reader_init(&in, data, (size_t)got);
	switch (reader_u8(&in)) {
	case SERIAL_READY:
		first = reader_u64(&in);
		second = reader_u64(&in);
		(void)sprintf(text, "READY %lu %lu", first, second);
		break;
	case SERIAL_OUTPUT:
		first = reader_u64(&in);
		(void)sprintf(text, "OUTPUT %lu %.*s", first, (int)(in.end - in.at),
			      (const char *)in.at);
		in.at = in.end;
		break;
	case SERIAL_GAP:
		first = reader_u64(&in);
		second = reader_u64(&in);
		(void)sprintf(text, "GAP %lu %lu %u", first, second, reader_u8(&in));
		break;
	case SERIAL_MARK:
		first = reader_u64(&in);
		what = reader_u8(&in);
		assert_true(reader_u64(&in) > 1700000000000);
		(void)sprintf(text, "MARK %lu %u", first, what);
		break;
	case SERIAL_WRITER:
		what = reader_u8(&in);
		reader_text(&in, label, sizeof label);
		(void)sprintf(text, "WRITER %u %s", what, label);
		break;
	case SERIAL_SIZE:
		columns = reader_u16(&in);
		(void)sprintf(text, "SIZE %u %u", columns, reader_u16(&in));
		break;
	case SERIAL_LIVE:
		(void)sprintf(text, "LIVE %lu", reader_u64(&in));
		break;
	default:
		(void)sprintf(text, "UNKNOWN %u", data[0]);
	}
	assert_int_equal(reader_done(&in), 0);
	return text;
}

#define HEARS(fd, text) assert_string_equal(hear(fd), text)

static void type(int fd, uint8_t kind, const void *data, size_t bytes)
{
	uint8_t message[SERIAL_MAX_INPUT_BYTES + 16];

	message[0] = kind;
	memcpy(message + 1, data, bytes);
	assert_int_equal(send(fd, message, bytes + 1, MSG_NOSIGNAL), bytes + 1);
	run_loop();
}

static void guest_hears(const char *text)
{
	char data[65536] = "";
	ssize_t got = read(guest, data, sizeof data - 1);

	data[got > 0 ? got : 0] = '\0';
	assert_string_equal(data, text);
}

/* --- what was said, and what is being said --- */

static void test_scrollback_then_live(void **state)
{
	start_guest();
	say("booting\n");
	int fd = look(1, CONSOLE_VIEW, CONSOLE_FROM_START, "");
	HEARS(fd, "READY 0 8");
	HEARS(fd, "WRITER 0 ");
	HEARS(fd, "MARK 0 1");
	HEARS(fd, "OUTPUT 0 booting\n");
	HEARS(fd, "LIVE 8");
	HEARS(fd, "");
	say("login: ");
	HEARS(fd, "OUTPUT 8 login: ");
	(void)close(fd);
	run_loop();
	assert_int_equal(ended_count, 1);
	assert_int_equal(ended_how, 0);
	/* It comes again from where it was, and from now. */
	say("more");
	fd = look(2, CONSOLE_VIEW, 15, "");
	HEARS(fd, "READY 0 19");
	HEARS(fd, "WRITER 0 ");
	HEARS(fd, "OUTPUT 15 more");
	HEARS(fd, "LIVE 19");
	(void)close(fd);
	fd = look(3, CONSOLE_VIEW, CONSOLE_FROM_NOW, "");
	HEARS(fd, "READY 0 19");
	HEARS(fd, "WRITER 0 ");
	HEARS(fd, "LIVE 19");
	HEARS(fd, "");
	(void)close(fd);
	/* An offset of another life. */
	fd = look(4, CONSOLE_VIEW, 1000000, "");
	HEARS(fd, "READY 0 19");
	HEARS(fd, "WRITER 0 ");
	HEARS(fd, "MARK 0 1");
	HEARS(fd, "OUTPUT 0 booting\nlogin: more");
	(void)close(fd);
}

static void test_offsets_go_on_through_runs(void **state)
{
	start_guest();
	say("one");
	(void)close(guest);
	guest = -1;
	run_loop();
	start_guest();
	serial_mark(serial, SERIAL_MARK_RESET);
	say("two");
	int fd = look(1, CONSOLE_VIEW, CONSOLE_FROM_START, "");
	HEARS(fd, "READY 0 6");
	HEARS(fd, "WRITER 0 ");
	HEARS(fd, "MARK 0 1");
	HEARS(fd, "OUTPUT 0 one");
	HEARS(fd, "MARK 3 2");
	HEARS(fd, "MARK 3 1");
	HEARS(fd, "MARK 3 3");
	HEARS(fd, "OUTPUT 3 two");
	HEARS(fd, "LIVE 6");
	(void)close(fd);
}

static void test_what_is_gone_is_told(void **state)
{
	char block[1024];

	memset(block, 'x', sizeof block);
	start_guest();
	for (int i = 0; i < 20; i++) {
		assert_int_equal(write(guest, block, sizeof block), sizeof block);
		run_loop();
	}
	int fd = look(1, CONSOLE_VIEW, 100, "");
	HEARS(fd, "READY 4096 20480");
	HEARS(fd, "WRITER 0 ");
	HEARS(fd, "GAP 100 4096 1");
	(void)close(fd);
}

/* --- who types --- */

static void test_one_writes(void **state)
{
	start_guest();
	int first = look(1, CONSOLE_CONTROL, CONSOLE_FROM_NOW, "Hana");
	int second = look(2, CONSOLE_CONTROL, CONSOLE_FROM_NOW, "Ken");
	int third = look(3, CONSOLE_VIEW, CONSOLE_FROM_NOW, "Eve");
	HEARS(first, "READY 0 0");
	HEARS(first, "WRITER 1 Hana");
	HEARS(first, "LIVE 0");
	HEARS(second, "READY 0 0");
	HEARS(second, "WRITER 2 Hana");
	HEARS(second, "LIVE 0");
	HEARS(third, "READY 0 0");
	HEARS(third, "WRITER 2 Hana");
	HEARS(third, "LIVE 0");
	type(first, SERIAL_INPUT, "ls\r", 3);
	type(second, SERIAL_INPUT, "rm\r", 3);
	type(third, SERIAL_INPUT, "rm\r", 3);
	guest_hears("ls\r");
	/* Its window is told to all; another's is not. */
	type(second, SERIAL_SIZE, "\x50\0\x18\0", 4);
	type(first, SERIAL_SIZE, "\x84\0\x2b\0", 4);
	HEARS(second, "SIZE 132 43");
	HEARS(third, "SIZE 132 43");
	HEARS(first, "SIZE 132 43");
	HEARS(second, "");
	/* Taken over: both see it. Whoever may only look cannot. */
	type(third, SERIAL_TAKE, "", 0);
	HEARS(first, "");
	type(second, SERIAL_TAKE, "", 0);
	HEARS(first, "WRITER 2 Ken");
	HEARS(second, "WRITER 1 Ken");
	HEARS(third, "WRITER 2 Ken");
	type(first, SERIAL_INPUT, "a", 1);
	type(second, SERIAL_INPUT, "b", 1);
	guest_hears("b");
	type(first, SERIAL_RELEASE, "", 0); /* not its to give */
	HEARS(first, "");
	type(second, SERIAL_RELEASE, "", 0);
	HEARS(first, "WRITER 0 ");
	HEARS(second, "WRITER 0 ");
	type(second, SERIAL_INPUT, "c", 1);
	guest_hears("");
	/* The next to come with control has it, as nobody does. */
	int fourth = look(4, CONSOLE_CONTROL, CONSOLE_FROM_NOW, "Mai");
	HEARS(first, "WRITER 2 Mai");
	(void)close(fourth);
	HEARS(first, "WRITER 0 ");
	(void)close(first);
	(void)close(second);
	(void)close(third);
}

static void test_input_is_not_behind_output(void **state)
{
	char block[8192];

	memset(block, 'y', sizeof block);
	start_guest();
	int fd = look(1, CONSOLE_CONTROL, CONSOLE_FROM_NOW, "");
	/* It reads nothing, and the guest never stops: what it types arrives all the same. */
	for (int i = 0; i < 500; i++) {
		while (write(guest, block, sizeof block) > 0)
			;
		(void)uv_run(&loop, UV_RUN_NOWAIT);
	}
	type(fd, SERIAL_INPUT, "\3", 1);
	guest_hears("\3");
	(void)close(fd);
}

/* A guest that does not read: what waits is bounded, then the writer waits; a new one is first. */
static void test_deaf_guest(void **state)
{
	uint8_t message[1 + SERIAL_MAX_INPUT_BYTES] = {SERIAL_INPUT};
	char drained[65536];
	size_t sent = 0, heard = 0;
	ssize_t got;
	int size = 4096;

	memset(message + 1, 'p', SERIAL_MAX_INPUT_BYTES);
	start_guest();
	(void)setsockopt(guest, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
	int first = look(1, CONSOLE_CONTROL, CONSOLE_FROM_NOW, "Hana");
	int second = look(2, CONSOLE_CONTROL, CONSOLE_FROM_NOW, "Ken");
	for (int i = 0; i < 2000; i++) {
		if (send(first, message, sizeof message, MSG_NOSIGNAL) > 0)
			sent += SERIAL_MAX_INPUT_BYTES;
		(void)uv_run(&loop, UV_RUN_NOWAIT);
	}
	/* The queue, and what sockets hold: nowhere near what it tried. */
	assert_true(sent >= SERIAL_INPUT_QUEUE_BYTES);
	assert_true(sent < SERIAL_INPUT_QUEUE_BYTES + 1024 * 1024);
	/* Once the kernel's share is taken out nothing comes after it: it was thrown away. */
	type(second, SERIAL_TAKE, "", 0);
	while ((got = read(guest, drained, sizeof drained)) > 0)
		heard += (size_t)got;
	run_loop();
	assert_int_equal(read(guest, drained, sizeof drained), -1);
	type(second, SERIAL_INPUT, "\3", 1);
	do {
		run_loop();
		got = read(guest, drained, sizeof drained);
		heard += got > 0 ? (size_t)got : 0;
	} while (got > 0 && drained[got - 1] != '\3');
	assert_true(got > 0);
	/* Nothing of the queue: only what the kernel had taken for the guest already. */
	assert_true(heard < 512 * 1024);
	assert_true(heard < sent);
	run_loop();
	guest_hears("");
	(void)close(first);
	(void)close(second);
}

/* Cut: not a byte that still waited reaches the guest. */
static void test_cut(void **state)
{
	uint8_t message[1 + SERIAL_MAX_INPUT_BYTES] = {SERIAL_INPUT};
	char drained[65536];
	ssize_t got;

	memset(message + 1, 'p', SERIAL_MAX_INPUT_BYTES);
	start_guest();
	int fd = look(1, CONSOLE_CONTROL, CONSOLE_FROM_NOW, "");
	for (int i = 0; i < 2000; i++) {
		(void)send(fd, message, sizeof message, MSG_NOSIGNAL);
		(void)uv_run(&loop, UV_RUN_NOWAIT);
	}
	/* The kernel's share is taken out first; then the cut, and nothing more comes. */
	while (read(guest, drained, sizeof drained) > 0)
		;
	serial_close(serial, 1);
	run_loop();
	got = read(guest, drained, sizeof drained);
	assert_int_equal(got, -1);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(ended_count, 0); /* whoever cut knows */
	while ((got = recv(fd, drained, sizeof drained, 0)) > 0)
		;
	/* The end; as a reset when there was something of its that nobody read. */
	assert_true(got == 0 || errno == ECONNRESET);
	(void)close(fd);
	/* One that has gone by itself, whose last words still wait. */
	fd = look(2, CONSOLE_CONTROL, CONSOLE_FROM_NOW, "");
	for (int i = 0; i < 2000; i++) {
		(void)send(fd, message, sizeof message, MSG_NOSIGNAL);
		(void)uv_run(&loop, UV_RUN_NOWAIT);
	}
	(void)close(fd);
	run_loop();
	assert_int_equal(ended_id, 2);
	while (read(guest, drained, sizeof drained) > 0)
		;
	serial_close(serial, 2);
	run_loop();
	assert_int_equal(read(guest, drained, sizeof drained), -1);
	serial_close(serial, 99); /* never was */
}

/* --- a real terminal line, as QEMU makes it --- */

static void attach_terminal(void)
{
	struct serial_line line = {.run = ++runs, .is_from_start = true};
	struct termios raw;

	guest = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
	assert_int_equal(grantpt(guest), 0);
	assert_int_equal(unlockpt(guest), 0);
	line.fd = open(ptsname(guest), O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_int_equal(tcgetattr(line.fd, &raw), 0);
	cfmakeraw(&raw);
	assert_int_equal(tcsetattr(line.fd, TCSANOW, &raw), 0);
	(void)snprintf(line.lock, sizeof line.lock, "%s/log", folder);
	assert_int_equal(fd_write_file(AT_FDCWD, line.lock, "", 0, 0600), 0);
	serial_attach(serial, &line);
}

static void wait_ms(unsigned ms)
{
	for (unsigned i = 0; i < ms / 10; i++) {
		(void)usleep(10000);
		run_loop();
	}
}

static void test_terminal(void **state)
{
	char path[64];

	attach_terminal();
	int fd = look(1, CONSOLE_CONTROL, CONSOLE_FROM_START, "Hana");
	HEARS(fd, "READY 0 0");
	HEARS(fd, "WRITER 1 Hana");
	HEARS(fd, "MARK 0 1");
	HEARS(fd, "LIVE 0");
	say("all\r\nbytes \x03\x04\x11\x13\n");
	wait_ms(50);
	HEARS(fd, "OUTPUT 0 all\r\nbytes \x03\x04\x11\x13\n");
	type(fd, SERIAL_INPUT, "\x03\x04\x11\x13\r\n\x1a", 7);
	wait_ms(50);
	guest_hears("\x03\x04\x11\x13\r\n\x1a");
	/* It hangs up: said what it had to say, and the lock is gone. */
	assert_int_equal(write(guest, "last", 4), 4);
	(void)close(guest);
	guest = -1;
	wait_ms(50);
	/* The kernel may have thrown that away. */
	const char *heard = hear(fd);
	const uint64_t end = ring_end(serial_ring(serial));
	if (end == 20)
		assert_string_equal(heard, "OUTPUT 16 last");
	assert_true(end == 16 || end == 20);
	assert_string_equal(end == 20 ? hear(fd) : heard, end == 20 ? "MARK 20 2" : "MARK 16 2");
	(void)snprintf(path, sizeof path, "%s/log", folder);
	assert_int_equal(access(path, F_OK), -1);
	/* Off: typed for nobody, and not kept for the next run. */
	type(fd, SERIAL_INPUT, "lost", 4);
	attach_terminal();
	wait_ms(50);
	guest_hears("");
	assert_string_equal(hear(fd), end == 20 ? "MARK 20 1" : "MARK 16 1");
	(void)close(fd);
}

/* What the kernel holds for a guest that does not read goes with the console that typed it. */
static void test_terminal_cut(void **state)
{
	uint8_t message[1 + SERIAL_MAX_INPUT_BYTES] = {SERIAL_INPUT};
	char drained[65536];
	ssize_t got, taken = 0;

	memset(message + 1, 'p', SERIAL_MAX_INPUT_BYTES);
	attach_terminal();
	int fd = look(1, CONSOLE_CONTROL, CONSOLE_FROM_NOW, "");
	for (int i = 0; i < 100; i++) {
		(void)send(fd, message, sizeof message, MSG_NOSIGNAL);
		run_loop();
	}
	serial_close(serial, 1);
	wait_ms(50);
	while ((got = read(guest, drained, sizeof drained)) > 0)
		taken += got;
	assert_true(taken <= 4096); /* what the line itself had taken */
	/* The next one's is there at once. */
	int next = look(2, CONSOLE_CONTROL, CONSOLE_FROM_NOW, "");
	type(next, SERIAL_INPUT, "\x03", 1);
	wait_ms(50);
	guest_hears("\x03");
	(void)close(fd);
	(void)close(next);
}

/* --- hostile viewers --- */

static void test_hostile(void **state)
{
	static const struct {
		const char *data;
		size_t bytes;
	} bad[] = {
		{"\x01", 1},                 /* no input in it */
		{"\x02\x50\0\x18", 4},       /* a cut size */
		{"\x02\0\0\x18\0", 5},       /* of nothing */
		{"\x02\x50\0\xe9\x03", 5},   /* 1001 rows */
		{"\x02\x50\0\x18\0\0", 6},   /* too long */
		{"\x03\0", 2},               /* take, and something */
		{"\x04\0", 2},               /* release, and something */
		{"\x11\0\0\0\0\0\0\0\0", 9}, /* only the host says that */
		{"\x00", 1},
		{"\xff\xff", 2},
	};
	static uint8_t large[SERIAL_MAX_GATHERED_BYTES + 2] = {SERIAL_INPUT};

	start_guest();
	for (size_t i = 0; i <= ARRAY_SIZE(bad); i++) {
		int fd = look(i, CONSOLE_CONTROL, CONSOLE_FROM_NOW, "");
		ended_count = 0;
		if (i < ARRAY_SIZE(bad))
			assert_int_equal(send(fd, bad[i].data, bad[i].bytes, 0), bad[i].bytes);
		else
			assert_int_equal(send(fd, large, sizeof large, 0), sizeof large);
		run_loop();
		assert_int_equal(ended_count, 1);
		assert_int_equal(ended_id, i);
		assert_int_equal(ended_how, HOST_CONSOLE_BAD);
		(void)close(fd);
	}
	guest_hears("");
	/* At the limit it is right. */
	int fd = look(50, CONSOLE_CONTROL, CONSOLE_FROM_NOW, "");
	ended_count = 0;
	assert_int_equal(send(fd, large, sizeof large - 1, 0), sizeof large - 1);
	type(fd, SERIAL_SIZE, "\xe8\x03\xe8\x03", 4);
	assert_int_equal(ended_count, 0);
	/* Of one that may only look nothing counts, whatever it is. */
	int eve = look(51, CONSOLE_VIEW, CONSOLE_FROM_NOW, "");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(send(eve, bad[i].data, bad[i].bytes, 0), bad[i].bytes);
	run_loop();
	assert_int_equal(ended_count, 0);
	(void)close(fd);
	(void)close(eve);
}

static void test_limit(void **state)
{
	int fds[SERIAL_MAX_VIEWERS], one_more = -1;
	const struct host_console_open open = {.console_id = 1000, .mode = CONSOLE_VIEW};
	struct err err = {0};

	for (uint64_t i = 0; i < SERIAL_MAX_VIEWERS; i++)
		fds[i] = look(i, CONSOLE_VIEW, CONSOLE_FROM_NOW, "");
	assert_int_equal(serial_open(serial, &open, &one_more, &err), ERR_LIMIT);
	assert_int_equal(one_more, -1);
	(void)close(fds[3]);
	run_loop();
	fds[3] = look(1000, CONSOLE_VIEW, CONSOLE_FROM_NOW, "");
	serial_end_viewers(serial, HOST_CONSOLE_GONE);
	assert_int_equal(ended_count, 1 + SERIAL_MAX_VIEWERS);
	assert_int_equal(ended_how, HOST_CONSOLE_GONE);
	for (size_t i = 0; i < SERIAL_MAX_VIEWERS; i++)
		(void)close(fds[i]);
}

/* --- delivered and gaps make up all that was produced --- */

struct tally {
	int fd;
	unsigned patience; /* reads one message in so many rounds */
	uint64_t next;     /* the offset that must come next */
	uint64_t delivered;
	uint64_t lost;
};

static uint8_t byte_at(uint64_t offset)
{
	return (uint8_t)(offset * 131 + (offset >> 8) * 17);
}

static bool count_one(struct tally *tally)
{
	static uint8_t data[SERIAL_MAX_OUTPUT_BYTES + 16];
	ssize_t got = recv(tally->fd, data, sizeof data, 0);
	struct reader in;
	uint64_t from, to;

	if (got <= 0)
		return false;
	reader_init(&in, data, (size_t)got);
	switch (reader_u8(&in)) {
	case SERIAL_OUTPUT:
		from = reader_u64(&in);
		assert_int_equal(from, tally->next);
		for (size_t i = 0; in.at + i < in.end; i++)
			assert_int_equal(in.at[i], byte_at(from + i));
		tally->next += (uint64_t)(in.end - in.at);
		tally->delivered += (uint64_t)(in.end - in.at);
		break;
	case SERIAL_GAP:
		from = reader_u64(&in);
		to = reader_u64(&in);
		assert_int_equal(from, tally->next);
		assert_true(to > from);
		tally->lost += to - from;
		tally->next = to;
		break;
	default:
		break;
	}
	return true;
}

static void test_delivered_and_gaps(void **state)
{
	struct tally tallies[12] = {0};
	uint8_t block[4096];
	uint64_t produced = 0;
	uint64_t lost = 0;

	srand(1);
	start_guest();
	for (size_t i = 0; i < ARRAY_SIZE(tallies); i++) {
		tallies[i].fd = look(i, CONSOLE_VIEW, CONSOLE_FROM_START, "");
		tallies[i].patience = 1 + (unsigned)(i * i);
	}
	for (unsigned round = 0; round < 4000; round++) {
		const size_t bytes = 1 + (size_t)rand() % sizeof block;
		for (size_t i = 0; i < bytes; i++)
			block[i] = byte_at(produced + i);
		const ssize_t written = write(guest, block, bytes);
		produced += written > 0 ? (uint64_t)written : 0;
		(void)uv_run(&loop, UV_RUN_NOWAIT);
		for (size_t i = 0; i < ARRAY_SIZE(tallies); i++) {
			struct tally *tally = &tallies[i];
			if ((unsigned)rand() % tally->patience == 0)
				while (count_one(tally) && rand() % 4 != 0)
					;
			/* Some go, and come again where they were. */
			if (rand() % 500 == 0) {
				while (count_one(tally))
					;
				(void)close(tally->fd);
				(void)uv_run(&loop, UV_RUN_NOWAIT);
				tally->fd =
					look(round * 100 + i + 100, CONSOLE_VIEW, tally->next, "");
			}
		}
	}
	for (size_t i = 0; i < ARRAY_SIZE(tallies); i++) {
		do
			run_loop();
		while (count_one(&tallies[i]));
		assert_int_equal(tallies[i].delivered + tallies[i].lost, produced);
		lost += tallies[i].lost;
		(void)close(tallies[i].fd);
	}
	/* Those with patience lost nothing, those without did: else this shows nothing. */
	assert_int_equal(tallies[0].lost, 0);
	assert_true(lost > 0);
	assert_true(produced > 100 * RING_BYTES);
}

/* --- away --- */

/* This process ends and another comes; the guest went on. */
static void come_back(void)
{
	serial_free(serial);
	run_loop();
	make_serial();
}

static void write_log(char *path, const char *text)
{
	(void)sprintf(path, "%s/log", folder);
	assert_int_equal(fd_write_file(AT_FDCWD, path, text, strlen(text), 0600), 0);
}

static void test_missed_words_are_found(void **state)
{
	char log[64];

	start_guest();
	say("before\n");
	write_log(log, "before\nmeanwhile\n");
	come_back();
	attach(runs, false, log);
	say("after\n");
	write_log(log, "before\nmeanwhile\nafter\n");
	wait_ms(600);
	say("then\n");
	int fd = look(1, CONSOLE_VIEW, CONSOLE_FROM_START, "");
	HEARS(fd, "READY 0 28");
	HEARS(fd, "WRITER 0 ");
	HEARS(fd, "MARK 0 1");
	HEARS(fd, "OUTPUT 0 before\nmeanwhile\nafter\nthen\n");
	HEARS(fd, "LIVE 28");
	(void)close(fd);
}

/* On a busy machine the log has what was heard only after both have long been quiet. */
static void test_log_that_lags(void **state)
{
	char log[64];

	start_guest();
	say("before\n");
	write_log(log, "before\nmean");
	come_back();
	attach(runs, false, log);
	say("after\n");
	wait_ms(800);
	int fd = look(1, CONSOLE_VIEW, CONSOLE_FROM_START, "");
	HEARS(fd, "READY 0 7");
	write_log(log, "before\nmeanwhile\nafter\n");
	wait_ms(800);
	HEARS(fd, "WRITER 0 ");
	HEARS(fd, "MARK 0 1");
	HEARS(fd, "OUTPUT 0 before\n");
	HEARS(fd, "LIVE 7");
	HEARS(fd, "OUTPUT 7 meanwhile\nafter\n");
	(void)close(fd);
}

static void test_missed_words_are_marked(void **state)
{
	start_guest();
	say("before\n");
	come_back();
	attach(runs, false, "");
	say("after\n");
	wait_ms(600);
	int fd = look(1, CONSOLE_VIEW, CONSOLE_FROM_START, "");
	HEARS(fd, "READY 0 13");
	HEARS(fd, "WRITER 0 ");
	HEARS(fd, "MARK 0 1");
	HEARS(fd, "OUTPUT 0 before\n");
	HEARS(fd, "GAP 7 7 3");
	HEARS(fd, "OUTPUT 7 after\n");
	(void)close(fd);
}

static void test_last_words_are_found(void **state)
{
	struct serial_line off = {.fd = -1};

	start_guest();
	say("before\n");
	write_log(off.log, "before\npower down\n");
	come_back();
	serial_attach(serial, &off);
	serial_attach(serial, &off); /* told again: it is known */
	int fd = look(1, CONSOLE_VIEW, CONSOLE_FROM_START, "");
	HEARS(fd, "READY 0 18");
	HEARS(fd, "WRITER 0 ");
	HEARS(fd, "MARK 0 1");
	HEARS(fd, "OUTPUT 0 before\npower down\n");
	HEARS(fd, "MARK 18 2");
	HEARS(fd, "LIVE 18");
	(void)close(fd);
}

/* The line hung up before all of it was read: the log has the rest. */
static void test_hung_up(void **state)
{
	struct serial_line line = {.run = ++runs, .is_from_start = true};
	int ends[2];

	write_log(line.log, "");
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	line.fd = ends[1];
	serial_attach(serial, &line);
	assert_int_equal(write(ends[0], "before\n", 7), 7);
	run_loop();
	(void)close(ends[0]);
	run_loop();
	wait_ms(100);
	write_log(line.log, "before\npower down\n");
	wait_ms(600);
	int fd = look(1, CONSOLE_VIEW, CONSOLE_FROM_START, "");
	HEARS(fd, "READY 0 18");
	HEARS(fd, "WRITER 0 ");
	HEARS(fd, "MARK 0 1");
	HEARS(fd, "OUTPUT 0 before\npower down\n");
	HEARS(fd, "MARK 18 2");
	/* The next run begins before that was looked for: what is there then counts. */
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	write_log(line.log, "");
	line.fd = ends[1];
	line.run = ++runs;
	serial_attach(serial, &line);
	(void)close(ends[0]);
	run_loop();
	start_guest();
	HEARS(fd, "LIVE 18");
	HEARS(fd, "MARK 18 1");
	HEARS(fd, "MARK 18 2");
	HEARS(fd, "MARK 18 1");
	(void)close(fd);
}

/* It was stopped and started by others while we were away: another run, with words of its own. */
static void test_another_run_is_found(void **state)
{
	char log[64];

	start_guest();
	say("before\n");
	write_log(log, "a new run\n");
	come_back();
	attach(++runs, false, log);
	wait_ms(600);
	int fd = look(1, CONSOLE_VIEW, CONSOLE_FROM_START, "");
	HEARS(fd, "READY 0 17");
	HEARS(fd, "WRITER 0 ");
	HEARS(fd, "MARK 0 1");
	HEARS(fd, "OUTPUT 0 before\n");
	HEARS(fd, "GAP 7 7 3");
	HEARS(fd, "MARK 7 2");
	HEARS(fd, "MARK 7 1");
	HEARS(fd, "OUTPUT 7 a new run\n");
	(void)close(fd);
}

/* libvirt came back, and tells of a run that is listened to already. */
static void test_told_twice(void **state)
{
	struct serial_line again = {.run = 0};
	int ends[2];

	start_guest();
	say("one");
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	again.fd = ends[1];
	again.run = runs;
	serial_attach(serial, &again);
	say("two");
	assert_int_equal(ring_end(serial_ring(serial)), 6);
	assert_int_equal(ring_note_end(serial_ring(serial)), 1);
	assert_int_equal(read(ends[0], &again, 1), 0); /* closed, not kept */
	(void)close(ends[0]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_scrollback_then_live),
		TEST(test_offsets_go_on_through_runs),
		TEST(test_what_is_gone_is_told),
		TEST(test_one_writes),
		TEST(test_input_is_not_behind_output),
		TEST(test_deaf_guest),
		TEST(test_cut),
		TEST(test_terminal),
		TEST(test_terminal_cut),
		TEST(test_hostile),
		TEST(test_limit),
		TEST(test_delivered_and_gaps),
		TEST(test_missed_words_are_found),
		TEST(test_log_that_lags),
		TEST(test_missed_words_are_marked),
		TEST(test_last_words_are_found),
		TEST(test_another_run_is_found),
		TEST(test_told_twice),
		TEST(test_hung_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

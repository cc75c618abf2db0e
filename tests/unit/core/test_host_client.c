// The channel to the host: answers find their verb, and a silent, broken or dying host is noticed.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "core/hostlink/host_client.h"
#include "wire/channel.h"

#define TURNS 20

static uv_loop_t loop;
static struct host_client *client;
static struct channel *peer;
static unsigned ups, downs, domains, reports, progresses, verbs, closed;
static uint64_t last_id;
static uint16_t last_type;
static char last_line[600];
static bool answer_hello;

struct result {
	unsigned calls;
	unsigned parts;
	int code;
	uint32_t value;
};

static void on_up(void *context, const struct host_facts *facts)
{
	(void)context;
	assert_string_equal(facts->hostname, "peer");
	ups++;
}

static void on_down(void *context)
{
	(void)context;
	downs++;
}

static void on_domain(void *context, const uint8_t uuid[UUID_BYTES], enum host_domain_state state,
		      int64_t time_ms)
{
	(void)context;
	assert_int_equal(uuid[0], 9);
	assert_int_equal(state, HOST_DOMAIN_RUNNING);
	assert_int_equal(time_ms, 77);
	domains++;
}

static void on_report(void *context, const uint8_t uuid[UUID_BYTES], const char *line)
{
	(void)context;
	(void)uuid;
	(void)snprintf(last_line, sizeof(last_line), "%s", line);
	reports++;
}

static void on_progress(void *context, uint64_t id, uint8_t percent)
{
	(void)context;
	assert_int_equal(id, last_id);
	assert_int_equal(percent, 40);
	progresses++;
}

static const struct host_client_events events = {.up = on_up,
						 .down = on_down,
						 .domain = on_domain,
						 .report = on_report,
						 .progress = on_progress};

static void on_reply(void *context, int code, const char *text, struct reader *answer, bool more)
{
	struct result *result = context;

	if (more) {
		result->parts++;
		return;
	}
	result->calls++;
	result->code = code;
	if (code)
		assert_true(text[0] != '\0');
	else
		result->value = reader_u32(answer);
}

static void say(uint16_t type, uint8_t flags, uint64_t id, const struct buf *body)
{
	assert_int_equal(channel_send(peer, type, flags, id, body->data, body->len, NULL, 0), 0);
}

static void answer(uint64_t id, uint8_t flags, int code, uint32_t value)
{
	struct buf body CLEANUP(buf_done) = {0};

	write_i32(&body, code);
	write_text(&body, code ? "because" : "");
	if (!code)
		write_u32(&body, value);
	say(HOST_REPLY, flags, id, &body);
}

static int on_verb(void *context, struct channel *channel, struct message *message)
{
	(void)context;
	(void)channel;
	if (message->type == HOST_HELLO && answer_hello) {
		struct host_facts facts = {.hostname = "peer", .driver = "fake"};
		struct buf body CLEANUP(buf_done) = {0};

		write_i32(&body, 0);
		write_text(&body, "");
		host_facts_write(&body, &facts);
		say(HOST_REPLY, 0, message->id, &body);
		return 0;
	}
	verbs++;
	last_id = message->id;
	last_type = message->type;
	return 0;
}

static void on_closed(void *context, struct channel *channel, const struct err *why)
{
	(void)context;
	(void)why;
	assert_ptr_equal(channel, peer);
	closed++;
}

static const struct message_rule rules[] = {
	{HOST_HELLO, 0, on_verb},
	{HOST_DOMAIN_START, 0, on_verb},
	{HOST_IMAGE_IMPORT, 1, on_verb},
	{0, 0, NULL},
};
static const struct channel_events peer_events = {.rules = rules, .closed = on_closed};

/* For a time, and often enough on a machine that gives us little of it: what one end says takes a
 * few turns to be answered. */
static void turn(unsigned ms)
{
	int64_t end = clock_mono_ms() + ms;

	for (unsigned i = 0; i < TURNS || clock_mono_ms() < end; i++) {
		(void)uv_run(&loop, UV_RUN_NOWAIT);
		(void)usleep(500);
	}
}

static void connect_pair(void)
{
	int ends[2];

	channel_free(peer);
	peer = NULL;
	assert_int_equal(channel_pair(ends), 0);
	assert_int_equal(channel_new(&loop, ends[0], &peer_events, NULL, &peer, NULL), 0);
	assert_int_equal(host_client_connect(client, ends[1], NULL), 0);
}

static uint64_t ask(uint32_t timeout_ms, struct result *result)
{
	struct buf body CLEANUP(buf_done) = {0};
	uint64_t id = 0;

	write_u32(&body, 1);
	assert_int_equal(host_client_call(client, HOST_DOMAIN_START, &body, 0, -1, timeout_ms,
					  on_reply, result, &id, NULL),
			 0);
	return id;
}

static int setup(void **state)
{
	(void)state;
	ups = downs = domains = reports = progresses = verbs = closed = 0;
	answer_hello = true;
	assert_int_equal(uv_loop_init(&loop), 0);
	assert_int_equal(host_client_new(&loop, &events, NULL, &client, NULL), 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	host_client_free(client);
	channel_free(peer);
	client = NULL;
	peer = NULL;
	(void)uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
	return 0;
}

static void test_not_connected(void **state)
{
	struct buf body = {0};
	struct err err = {0};
	uint64_t id;

	(void)state;
	assert_int_equal(host_client_call(client, HOST_DOMAIN_START, &body, 0, -1, 10, on_reply,
					  NULL, &id, &err),
			 ERR_UNAVAILABLE);
	assert_true(err.text[0] != '\0');
	assert_null(host_client_facts(client));
	assert_false(host_client_up(client));
}

static void test_answers(void **state)
{
	struct result first = {0};
	struct result second = {0};
	uint64_t one;
	uint64_t two;

	(void)state;
	connect_pair();
	turn(20);
	assert_int_equal(ups, 1);
	assert_true(host_client_up(client));
	one = ask(5000, &first);
	two = ask(5000, &second);
	turn(20);
	assert_int_equal(verbs, 2);
	answer(two, WIRE_MORE, 0, 0);
	answer(two, WIRE_MORE, 0, 0);
	answer(two, 0, 0, 22);
	answer(one, 0, ERR_DISK_FULL, 0);
	answer(one, 0, 0, 99); /* once more: nobody waits for it any more */
	answer(12345, 0, 0, 99);
	turn(20);
	assert_int_equal(second.calls, 1);
	assert_int_equal(second.parts, 2);
	assert_int_equal(second.value, 22);
	assert_int_equal(first.calls, 1);
	assert_int_equal(first.code, ERR_DISK_FULL);
	assert_int_equal(closed, 0);
}

static void test_silence(void **state)
{
	struct result result = {0};
	struct result other = {0};
	struct buf percent CLEANUP(buf_done) = {0};
	uint64_t id;

	(void)state;
	connect_pair();
	turn(20);
	id = ask(80, &result);
	(void)ask(10000, &other);
	turn(200);
	assert_int_equal(result.calls, 1);
	assert_int_equal(result.code, ERR_UNAVAILABLE);
	assert_int_equal(other.calls, 0);
	answer(id, 0, 0, 5);
	turn(20);
	assert_int_equal(result.calls, 1);
	/* Progress is not silence. */
	memset(&result, 0, sizeof(result));
	id = ask(800, &result);
	write_u8(&percent, 40);
	for (int i = 0; i < 4; i++) {
		turn(250);
		say(HOST_PROGRESS, 0, id, &percent);
	}
	turn(20);
	assert_int_equal(result.calls, 0);
	assert_int_equal(progresses, 4);
	host_client_cancel(client, id);
	turn(1000);
	assert_int_equal(result.calls, 0);
}

static void test_host_dies(void **state)
{
	struct result result = {0};

	(void)state;
	connect_pair();
	turn(20);
	(void)ask(10000, &result);
	turn(20);
	channel_free(peer);
	peer = NULL;
	turn(20);
	assert_int_equal(result.calls, 1);
	assert_int_equal(result.code, ERR_UNAVAILABLE);
	assert_int_equal(downs, 1);
	assert_false(host_client_up(client));
	assert_non_null(host_client_facts(client)); /* as last told */
	connect_pair();
	turn(20);
	assert_int_equal(ups, 2);
	/* A new end while the old one still lives. */
	memset(&result, 0, sizeof(result));
	(void)ask(10000, &result);
	connect_pair();
	assert_int_equal(result.calls, 1);
	turn(20);
	assert_int_equal(ups, 3);
}

static void test_events(void **state)
{
	struct buf body CLEANUP(buf_done) = {0};
	uint8_t uuid[UUID_BYTES] = {9};
	char line[600];

	(void)state;
	connect_pair();
	turn(20);
	write_bytes(&body, uuid, sizeof(uuid));
	write_u8(&body, HOST_DOMAIN_RUNNING);
	write_u64(&body, 77);
	say(HOST_EVENT_DOMAIN, 0, 0, &body);
	buf_clear(&body);
	write_bytes(&body, uuid, sizeof(uuid));
	write_text(&body, "hello");
	say(HOST_EVENT_REPORT, 0, 0, &body);
	turn(20);
	assert_int_equal(domains, 1);
	assert_int_equal(reports, 1);
	assert_string_equal(last_line, "hello");
	/* At the limit of a line, one past it, and with a NUL: a guest cannot end the channel. */
	memset(line, 'x', sizeof(line));
	line[512] = '\0';
	buf_clear(&body);
	write_bytes(&body, uuid, sizeof(uuid));
	write_text(&body, line);
	say(HOST_EVENT_REPORT, 0, 0, &body);
	buf_clear(&body);
	write_bytes(&body, uuid, sizeof(uuid));
	write_slice(&body, line, 513);
	say(HOST_EVENT_REPORT, 0, 0, &body);
	turn(20);
	assert_int_equal(reports, 2);
	assert_int_equal(closed, 0);
	buf_clear(&body);
	write_u8(&body, 0);
	say(HOST_EVENT_HYPERVISOR, 0, 0, &body);
	turn(20);
	assert_int_equal(downs, 1);
	buf_clear(&body);
	write_u8(&body, 1);
	say(HOST_EVENT_HYPERVISOR, 0, 0, &body);
	turn(20);
	assert_int_equal(ups, 2);
}

static void broken(uint16_t type, const void *body, size_t bytes)
{
	struct result result = {0};

	connect_pair();
	turn(20);
	closed = 0;
	(void)ask(10000, &result);
	assert_int_equal(channel_send(peer, type, 0, 1, body, bytes, NULL, 0), 0);
	turn(30);
	assert_int_equal(closed, 1);
	assert_int_equal(result.code, ERR_UNAVAILABLE);
	assert_false(host_client_up(client));
}

/* A host that does not keep to the protocol is cut off. */
static void test_broken(void **state)
{
	(void)state;
	broken(HOST_REPLY, "", 0);
	broken(HOST_REPLY, "\1\0\0\0\0\0\0\0", 8); /* a positive code */
	broken(HOST_REPLY, "\0\0\0\0\377\377\377\377", 8);
	broken(HOST_EVENT_DOMAIN, "short", 5);
	broken(HOST_PROGRESS, "\145", 1); /* 101 percent */
	broken(HOST_EVENT_HYPERVISOR, "\2", 1);
	broken(HOST_HELLO, "", 0); /* not for it to say */
}

static void test_descriptor_stays(void **state)
{
	struct buf body CLEANUP(buf_done) = {0};
	struct result result = {0};
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	uint64_t id;

	(void)state;
	connect_pair();
	turn(20);
	assert_int_equal(host_client_call(client, HOST_IMAGE_IMPORT, &body, 0, fd, 1000, on_reply,
					  &result, &id, NULL),
			 0);
	turn(20);
	assert_int_equal(last_type, HOST_IMAGE_IMPORT);
	assert_true(fcntl(fd, F_GETFD) >= 0);
	(void)close(fd);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_not_connected),    CASE(test_answers), CASE(test_silence),
		CASE(test_host_dies),        CASE(test_events),  CASE(test_broken),
		CASE(test_descriptor_stays),
	};

	log_init("test_host_client", LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

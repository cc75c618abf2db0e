// Messages there and back; cut at any byte, or with one too many, they are refused.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "wire/host_message.h"
#include "wire/http_message.h"
#include "wire/probe_message.h"

static void http_requests(void **state)
{
	struct buf out CLEANUP(buf_done) = {0};
	const struct http_request request = {
		.method = "POST",
		.target = "/v1/servers?name=a",
		.peer = "192.0.2.1",
		.request_id = "r1",
		.headers = {{"host", "a"}, {"cookie", ""}},
		.header_count = 2,
		.body = (const uint8_t *)"{\0}",
		.body_bytes = 3,
	};
	struct http_request got;

	assert_int_equal(http_request_encode(&request, &out), 0);
	assert_int_equal(http_request_decode(out.data, out.len, &got), 0);
	assert_string_equal(got.method, "POST");
	assert_string_equal(got.target, request.target);
	assert_string_equal(got.peer, request.peer);
	assert_string_equal(got.request_id, "r1");
	assert_string_equal(http_request_header(&got, "host"), "a");
	assert_string_equal(http_request_header(&got, "cookie"), "");
	assert_null(http_request_header(&got, "Host"));
	assert_int_equal(got.body_bytes, 3);
	assert_memory_equal(got.body, "{\0}", 3);
	http_request_done(&got);
	/* Up to where the body begins, every cut is seen. */
	for (size_t bytes = 0; bytes < out.len - 3; bytes++)
		assert_int_equal(http_request_decode(out.data, bytes, &got), ERR_PROTOCOL);
	out.data[4] = '\0'; /* inside the method */
	assert_int_equal(http_request_decode(out.data, out.len, &got), ERR_PROTOCOL);
}

static int request_of(size_t target, size_t value, size_t headers, size_t body)
{
	struct buf out CLEANUP(buf_done) = {0};
	char *text[3];
	const size_t sizes[3] = {target, value, body};
	struct http_request request = {.method = "GET", .peer = "", .request_id = ""}, got;

	for (int i = 0; i < 3; i++) {
		text[i] = malloc(sizes[i] + 1);
		assert_non_null(text[i]);
		memset(text[i], '/', sizes[i]);
		text[i][sizes[i]] = '\0';
	}
	request.target = text[0];
	for (size_t i = 0; i < headers && i < HTTP_MAX_HEADERS; i++)
		request.headers[i] = (struct http_header){"x", i == 0 ? text[1] : ""};
	request.header_count = headers < HTTP_MAX_HEADERS ? headers : HTTP_MAX_HEADERS;
	request.body = (const uint8_t *)text[2];
	request.body_bytes = body;
	assert_int_equal(http_request_encode(&request, &out), 0);
	const int code = http_request_decode(out.data, out.len, &got);
	if (code == 0)
		http_request_done(&got);
	for (int i = 0; i < 3; i++)
		free(text[i]);
	return code;
}

static void http_limits(void **state)
{
	struct buf out CLEANUP(buf_done) = {0};
	struct http_reply reply;

	assert_int_equal(request_of(HTTP_MAX_TARGET_BYTES, 1, 1, 0), 0);
	assert_int_equal(request_of(HTTP_MAX_TARGET_BYTES + 1, 1, 1, 0), ERR_PROTOCOL);
	assert_int_equal(request_of(1, HTTP_MAX_HEADER_BYTES, HTTP_MAX_HEADERS, 0), 0);
	assert_int_equal(request_of(1, HTTP_MAX_HEADER_BYTES + 1, 1, 0), ERR_PROTOCOL);
	assert_int_equal(request_of(1, 1, 1, HTTP_MAX_BODY_BYTES), 0);
	assert_int_equal(request_of(1, 1, 1, HTTP_MAX_BODY_BYTES + 1), ERR_PROTOCOL);
	/* One header more than there is room for. */
	write_u16(&out, 200);
	write_u8(&out, HTTP_MAX_HEADERS + 1);
	for (int i = 0; i <= HTTP_MAX_HEADERS; i++) {
		write_text(&out, "a");
		write_text(&out, "b");
	}
	assert_int_equal(http_reply_decode(out.data, out.len, &reply), ERR_PROTOCOL);
}

static void http_replies(void **state)
{
	static const uint16_t wrong[] = {0, 99, 600, 65535};
	const struct http_reply reply = {.status = 201,
					 .headers = {{"set-cookie", "a=b"}},
					 .header_count = 1,
					 .body = (const uint8_t *)"ok",
					 .body_bytes = 2};
	struct http_reply got;
	struct buf out CLEANUP(buf_done) = {0};

	assert_int_equal(http_reply_encode(&reply, &out), 0);
	assert_int_equal(http_reply_decode(out.data, out.len, &got), 0);
	assert_int_equal(got.status, 201);
	assert_string_equal(http_reply_header(&got, "set-cookie"), "a=b");
	assert_memory_equal(got.body, "ok", 2);
	http_reply_done(&got);
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		buf_clear(&out);
		write_u16(&out, wrong[i]);
		write_u8(&out, 0);
		assert_int_equal(http_reply_decode(out.data, out.len, &got), ERR_PROTOCOL);
	}
}

/* There and back: the second writing is the first one's bytes. Every cut is refused. */
static void round_done(const void *value)
{
	(void)value;
}

#define ROUND(type, value) ROUND_OWNED(type, value, round_done)
#define ROUND_OWNED(type, value, done)                                                             \
	do {                                                                                       \
		struct buf once CLEANUP(buf_done) = {0}, twice CLEANUP(buf_done) = {0};            \
		struct reader in;                                                                  \
		struct type got CLEANUP(done) = {0};                                               \
		type##_write(&once, &(value));                                                     \
		assert_int_equal(once.error, 0);                                                   \
		for (size_t bytes = 0; bytes < once.len; bytes++) {                                \
			reader_init(&in, once.data, bytes);                                        \
			assert_int_equal(type##_read(&in, &got), ERR_PROTOCOL);                    \
		}                                                                                  \
		reader_init(&in, once.data, once.len);                                             \
		assert_int_equal(type##_read(&in, &got), 0);                                       \
		assert_int_equal(reader_done(&in), 0);                                             \
		type##_write(&twice, &got);                                                        \
		assert_int_equal(twice.len, once.len);                                             \
		assert_memory_equal(twice.data, once.data, once.len);                              \
	} while (0)

static void host_messages(void **state)
{
	const struct host_facts facts = {
		"host1", "libvirt",  "kvm", "", "QEMU",
		8,       UINT64_MAX, 1,     2,  "b00d0000-0000-4000-8000-000000000001"};
	const struct host_item item = {HOST_ITEM_VOLUME, 0, {1, 2, 3}, 7};
	const struct host_image_import import = {9, HOST_IMAGE_FROM_URL, "https://a/b", 1, {0xff}};
	const struct host_image_facts image = {UINT64_MAX, 1, {1}};
	const struct host_volume volume = {{1}, 2, 3, UINT64_MAX};
	struct host_filter_rule rules[] = {{.firewall_id = 7,
					    .number = 3,
					    .protocol = 6,
					    .port_first = 80,
					    .port_last = 85,
					    .first_network = 1,
					    .network_count = 1},
					   {.protocol = 1, .echo = 1, .network_count = 2}};
	struct ip nets[] = {{4, 8, {10}}, {6, 32, {0x20, 1, 0xd, 0xb8}}};
	struct host_floating floating[] = {{{4, 32, {10, 2, 0, 9}}, 7},
					   {{6, 64, {0xfd, 2}}, UINT64_MAX}};
	const struct host_filter filter = {9,  1,  1,     10, 20,   30, {40, 50, 60}, 70, 80,
					   90, 22, rules, 2,  nets, 2,  floating,     2};
	const struct host_network network = {
		{1},
		2,
		{2, 3},
		{4, 32, {10, 0, 0, 1}},
		{6, 64, {0xfd}},
		1,
		filter,
		{{7, 8, {2}, {4, 32, {10, 0, 0, 2}}, {{4, 32, {10, 0, 0, 9}}}, 1},
		 {9, 10, {2, 1}, {4, 32, {10, 1, 0, 2}}}},
		2};
	const struct host_filter_change change = {{1}, filter};
	const struct host_traffic traffic = {{1}, 7, 8, INT64_MAX};
	const struct host_counter counter = {HOST_COUNT_RULE, 7, 3, 5, UINT64_MAX};
	const struct host_refused refused = {
		HOST_COUNT_IN, 6, {4, 32, {192, 0, 2, 1}}, 25, 2, 3, 4};
	char keys[] = "ssh-ed25519 AAAA\n";
	const struct host_domain domain = {{1},
					   2,
					   "web-1",
					   4,
					   1024,
					   1,
					   5,
					   1,
					   1,
					   {2},
					   {9, 22, {4, 32, {10, 0, 0, 1}}, {0}, keys},
					   {{7, {2}}, {9, {2, 1}}},
					   2};
	const struct host_password password = {{1}, "taro", "$6$x$y"};
	const struct host_guest_ask ask = {{1}, "probe 7 AAAA debian 300"};
	const struct probe_look look = {
		.ipv4 = {4, 32, {10, 0, 0, 1}}, .ssh_port = 22, .user = "taro", .scan = 1};
	const struct probe_answer answer = {
		.ssh = PROBE_SSH_FOUND, .banner = "SSH-2.0-x", .scan4 = {1, 3, 9, 2, {22, 80}}};

	ROUND(host_facts, facts);
	ROUND(host_item, item);
	ROUND(host_image_import, import);
	ROUND(host_image_facts, image);
	ROUND(host_volume, volume);
	ROUND_OWNED(host_network, network, host_network_done);
	ROUND(host_traffic, traffic);
	ROUND_OWNED(host_filter_change, change, host_filter_change_done);
	ROUND(host_counter, counter);
	ROUND(host_refused, refused);
	ROUND_OWNED(host_domain, domain, host_domain_done);
	ROUND(host_password, password);
	ROUND(host_guest_ask, ask);
	ROUND(probe_look, look);
	ROUND(probe_answer, answer);
}

static void seeds(void **state)
{
	char meta[] = "m", user[] = "u\0x", vendor[] = "", network[] = "n";
	const struct host_seed seed = {.uuid = {1},
				       .meta_data = meta,
				       .user_data = user,
				       .vendor_data = vendor,
				       .network_config = network,
				       .user_data_bytes = 3};
	struct buf out CLEANUP(buf_done) = {0};
	struct host_seed got = {0};
	struct reader in;

	host_seed_write(&out, &seed);
	for (size_t bytes = 0; bytes < out.len; bytes++) {
		reader_init(&in, out.data, bytes);
		assert_int_equal(host_seed_read(&in, &got), ERR_PROTOCOL);
	}
	reader_init(&in, out.data, out.len);
	assert_int_equal(host_seed_read(&in, &got), 0);
	assert_int_equal(got.user_data_bytes, 3);
	assert_memory_equal(got.user_data, user, 4);
	assert_string_equal(got.meta_data, "m");
	assert_string_equal(got.network_config, "n");
	host_seed_done(&got);
}

static void impossible_values(void **state)
{
	struct buf out CLEANUP(buf_done) = {0};
	struct host_network network = {.ipv4 = {4, 33, {0}}};
	struct host_item item = {.kind = HOST_ITEM_IMAGE + 1};
	struct host_domain domain = {.has_seed = 2};
	struct reader in;

	host_network_write(&out, &network);
	reader_init(&in, out.data, out.len);
	assert_int_equal(host_network_read(&in, &network), ERR_PROTOCOL);
	buf_clear(&out);
	network = (struct host_network){.ipv4 = {6, 64, {0xfd}}};
	host_network_write(&out, &network);
	reader_init(&in, out.data, out.len);
	assert_int_equal(host_network_read(&in, &network), ERR_PROTOCOL);
	buf_clear(&out);
	/* Ports that are none. */
	static const struct host_port no_ports[] = {{0, 8, {2}, {4, 32, {10, 0, 0, 2}}},
						    {7, 0, {2}, {4, 32, {10, 0, 0, 2}}},
						    {7, 8, {2}, {4, 24, {10}}},
						    {7, 8, {2}, {6, 128, {0xfd}}},
						    {7, 8, {2}, {0}},
						    {7, 8, {2}, {4, 32, {10}}, {{4, 31, {10}}}, 1}};
	for (size_t i = 0; i < ARRAY_SIZE(no_ports); i++) {
		struct host_network wrong = {.ports = {no_ports[i]}, .port_count = 1};
		buf_clear(&out);
		host_network_write(&out, &wrong);
		reader_init(&in, out.data, out.len);
		assert_int_equal(host_network_read(&in, &wrong), ERR_PROTOCOL);
	}
	buf_clear(&out);
	/* Rules the packet filter cannot have been meant to have. */
	static const struct host_filter_rule odd[] = {
		{.protocol = 6, .port_first = 2, .port_last = 1, .network_count = 1},
		{.protocol = 6, .network_count = 2},
		{.protocol = 6, .first_network = UINT32_MAX, .network_count = 1},
		{.protocol = 6},
		{.protocol = 132, .network_count = 1},
		{.protocol = 47, .port_last = 1, .network_count = 1},
		{.protocol = 6, .echo = 1, .network_count = 1},
		{.protocol = 6, .out = 2, .network_count = 1}};
	for (size_t i = 0; i < ARRAY_SIZE(odd); i++) {
		struct host_filter_rule rule = odd[i];
		struct ip net = {4, 8, {10}};
		struct host_filter filter = {.rules = &rule,
					     .rule_count = 1,
					     .networks = &net,
					     .network_count = 1},
				   got = {0};
		buf_clear(&out);
		host_filter_write(&out, &filter);
		reader_init(&in, out.data, out.len);
		assert_int_equal(host_filter_read(&in, &got), ERR_PROTOCOL);
	}
	static const struct host_filter unbounded[] = {{.rate_in_mbit = HOST_RATE_MAX_MBIT + 1},
						       {.rate_out_mbit = UINT32_MAX},
						       {.inwards = {.per_s = 1}},
						       {.inwards = {.burst = 1}},
						       {.inwards = {.most = 1000001}},
						       {.mark = 1},
						       {.mark_port = 22}};
	for (size_t i = 0; i < ARRAY_SIZE(unbounded); i++) {
		struct host_filter got = {0};
		buf_clear(&out);
		host_filter_write(&out, &unbounded[i]);
		reader_init(&in, out.data, out.len);
		assert_int_equal(host_filter_read(&in, &got), ERR_PROTOCOL);
	}
	buf_clear(&out);
	host_item_write(&out, &item);
	reader_init(&in, out.data, out.len);
	assert_int_equal(host_item_read(&in, &item), ERR_PROTOCOL);
	buf_clear(&out);
	host_domain_write(&out, &domain);
	reader_init(&in, out.data, out.len);
	assert_int_equal(host_domain_read(&in, &domain), ERR_PROTOCOL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(http_requests), cmocka_unit_test(http_limits),
		cmocka_unit_test(http_replies),  cmocka_unit_test(host_messages),
		cmocka_unit_test(seeds),         cmocka_unit_test(impossible_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

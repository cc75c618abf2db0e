// The seed documents: compared with files that were read by a person and by cloud-init, and the
// properties that hold for whatever a customer sends.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "core/seed.h"

static const char *const keys[] = {"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ5X me@home",
				   "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQC5 second key"};

static struct seed_input input_plain(void)
{
	struct seed_input input = {.generation = 1,
				   .hostname = "hajime",
				   .keys = keys,
				   .key_count = 2,
				   .mac = {0x02, 0x11, 0x22, 0x33, 0x44, 0x55}};

	assert_int_equal(parse_uuid("6f1c0e1e-7f6a-4f0c-9b52-0a4d3f1f7a10", input.uuid), 0);
	assert_int_equal(ip_parse_prefix("10.77.0.2/32", &input.ipv4), 0);
	assert_int_equal(ip_parse_prefix("fd12:3456:789a:1::/64", &input.ipv6), 0);
	return input;
}

static void compare(const char *name, const char *part, const char *text, size_t bytes)
{
	struct buf want CLEANUP(buf_done) = {0};
	char path[512];

	(void)snprintf(path, sizeof(path), "%s/%s.%s", GOLDEN_DIR, name, part);
	if (getenv("IPPO_UPDATE_GOLDEN")) {
		assert_int_equal(fd_write_file(AT_FDCWD, path, text, bytes, 0644), 0);
		return;
	}
	assert_int_equal(fd_read_file(AT_FDCWD, path, 1 << 20, &want), 0);
	assert_int_equal(want.len, bytes);
	assert_memory_equal(want.data, text, bytes);
}

static void golden(const char *name, const struct seed_input *input)
{
	struct host_seed seed = {0};
	struct err err = {0};

	if (seed_build(input, &seed, &err))
		fail_msg("%s: %s", name, err.text);
	compare(name, "meta-data", seed.meta_data, strlen(seed.meta_data));
	compare(name, "network-config", seed.network_config, strlen(seed.network_config));
	compare(name, "vendor-data", seed.vendor_data, strlen(seed.vendor_data));
	compare(name, "user-data", seed.user_data, seed.user_data_bytes);
	host_seed_done(&seed);
}

static void test_plain(void **state)
{
	struct seed_input input = input_plain();

	(void)state;
	golden("plain", &input);
}

static void test_everything(void **state)
{
	static const char data[] = "#cloud-config\npackages: [htop]\nchpasswd: {expire: false}\n"
				   "ssh_pwauth: true\n";
	struct seed_input input = input_plain();
	struct ip resolvers[2];

	(void)state;
	assert_int_equal(ip_parse("192.0.2.53", &resolvers[0]), 0);
	assert_int_equal(ip_parse("2001:db8::53", &resolvers[1]), 0);
	input.generation = 7;
	input.user = "taro";
	input.root_hash = "$y$j9T$abcdefgh$0123456789";
	input.user_data = data;
	input.user_data_bytes = strlen(data);
	input.resolvers = resolvers;
	input.resolver_count = 2;
	golden("everything", &input);
}

static void test_one_family(void **state)
{
	struct seed_input input = input_plain();

	(void)state;
	memset(&input.ipv4, 0, sizeof(input.ipv4));
	golden("ipv6", &input);
	input = input_plain();
	memset(&input.ipv6, 0, sizeof(input.ipv6));
	golden("ipv4", &input);
}

/* A card for each private network, all of it on the link; one that is leaving is not mentioned. */
static void test_private_networks(void **state)
{
	struct seed_input input = input_plain();
	const struct private_port ports[] = {
		{.range = {4, 16, {10}},
		 .ip = {4, 32, {10, 0, 1, 2}},
		 .aliases = {{4, 32, {10, 0, 1, 9}}},
		 .alias_count = 1,
		 .mac = {2, 0, 0, 0, 0, 1}},
		{.range = {4, 16, {10, 1}}, .ip = {4, 32, {10, 1, 0, 2}}, .leaving = true},
		{.range = {4, 24, {192, 168, 7}},
		 .ip = {4, 32, {192, 168, 7, 2}},
		 .mac = {2, 0, 0, 0, 0, 3}},
	};

	(void)state;
	input.ports = ports;
	input.port_count = ARRAY_SIZE(ports);
	golden("networks", &input);
}

static const char mime[] = "From nobody Thu Jan  1 00:00:00 1970\n"
			   "Content-Type: multipart/mixed; "
			   "boundary=\"ippo-6f1c0e1e-7f6a-4f0c-9b52-0a4d3f1f7a10-1-0\"\n"
			   "MIME-Version: 1.0\n\n"
			   "--ippo-6f1c0e1e-7f6a-4f0c-9b52-0a4d3f1f7a10-1-0\n"
			   "Content-Type: text/cloud-config\n\n#cloud-config\npackages: [tree]\n\n"
			   "--ippo-6f1c0e1e-7f6a-4f0c-9b52-0a4d3f1f7a10-1-0\n"
			   "Content-Type: text/x-shellscript\n\n#!/bin/sh\necho hello\n\n"
			   "--ippo-6f1c0e1e-7f6a-4f0c-9b52-0a4d3f1f7a10-1-0--\n";

/* Its boundary is the very one we would have chosen. */
static void test_mime(void **state)
{
	struct seed_input input = input_plain();

	(void)state;
	input.user_data = mime;
	input.user_data_bytes = strlen(mime);
	golden("mime", &input);
}

static size_t pack(const char *text, size_t bytes, uint8_t *out, size_t size)
{
	z_stream stream = {0};

	assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, 0), Z_OK);
	stream.next_in = (Bytef *)(uintptr_t)text;
	stream.avail_in = (uInt)bytes;
	stream.next_out = out;
	stream.avail_out = (uInt)size;
	assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
	assert_int_equal(deflateEnd(&stream), Z_OK);
	return size - stream.avail_out;
}

/* Terraform's cloudinit provider: base64 of gzip of MIME. It becomes the same as plain MIME. */
static void test_packed_mime(void **state)
{
	struct seed_input input = input_plain();
	struct host_seed plain = {0};
	struct host_seed packed = {0};
	uint8_t zipped[4096];
	char text[8192];
	size_t bytes = pack(mime, strlen(mime), zipped, sizeof(zipped));

	(void)state;
	assert_non_null(sodium_bin2base64(text, sizeof(text), zipped, bytes,
					  sodium_base64_VARIANT_ORIGINAL));
	input.user_data = mime;
	input.user_data_bytes = strlen(mime);
	assert_int_equal(seed_build(&input, &plain, NULL), 0);
	input.user_data = text;
	input.user_data_bytes = strlen(text);
	assert_int_equal(seed_build(&input, &packed, NULL), 0);
	assert_string_equal(plain.user_data, packed.user_data);
	host_seed_done(&plain);
	host_seed_done(&packed);
}

static void test_gzip(void **state)
{
	static const char data[] = "#cloud-config\npackages: [tree]\n";
	struct seed_input input = input_plain();
	struct host_seed seed = {0};
	uint8_t zipped[4096];
	size_t bytes = pack(data, strlen(data), zipped, sizeof(zipped));

	(void)state;
	input.user_data = zipped;
	input.user_data_bytes = bytes;
	assert_int_equal(seed_build(&input, &seed, NULL), 0);
	assert_non_null(strstr(seed.user_data, "Content-Type: application/gzip\n"));
	host_seed_done(&seed);
	zipped[bytes / 2] ^= 0x55;
	assert_int_equal(seed_check_user_data(zipped, bytes, NULL), ERR_INVALID_INPUT);
	assert_int_equal(seed_check_user_data(zipped, bytes / 2, NULL), ERR_INVALID_INPUT);
}

static void test_limits(void **state)
{
	char *data AUTO_FREE = malloc(SEED_USER_DATA_MAX_UNPACKED + 1);
	uint8_t zipped[4096];
	struct err err = {0};
	size_t bytes;

	(void)state;
	assert_non_null(data);
	memset(data, '#', SEED_USER_DATA_MAX_UNPACKED + 1);
	assert_int_equal(seed_check_user_data(data, SEED_USER_DATA_MAX_BYTES, &err), 0);
	assert_int_equal(seed_check_user_data(data, SEED_USER_DATA_MAX_BYTES + 1, &err),
			 ERR_INVALID_INPUT);
	bytes = pack(data, SEED_USER_DATA_MAX_UNPACKED, zipped, sizeof(zipped));
	assert_int_equal(seed_check_user_data(zipped, bytes, &err), 0);
	bytes = pack(data, SEED_USER_DATA_MAX_UNPACKED + 1, zipped, sizeof(zipped));
	assert_int_equal(seed_check_user_data(zipped, bytes, &err), ERR_INVALID_INPUT);
	assert_int_equal(seed_check_user_data(NULL, 0, &err), 0);
}

/* Nothing a customer names becomes syntax of the documents. */
static void test_injection(void **state)
{
	static const char *const evil[] = {
		"ssh-ed25519 AAAA x\n\"],\"instance-id\":\"own\x7f\xc2\x85"};
	struct seed_input input = input_plain();
	struct host_seed seed = {0};
	json_t *meta;
	json_t *config;

	(void)state;
	input.keys = evil;
	input.key_count = 1;
	input.hostname = "a\"b\nc: d";
	input.user = "x\"}\nruncmd: [reboot]";
	input.root_hash = "h\"\n#";
	assert_int_equal(seed_build(&input, &seed, NULL), 0);
	assert_null(strchr(seed.meta_data, '\n'));
	meta = json_loads(seed.meta_data, 0, NULL);
	assert_non_null(meta);
	assert_string_equal(json_string_value(json_object_get(meta, "instance-id")),
			    "6f1c0e1e-7f6a-4f0c-9b52-0a4d3f1f7a10-1");
	assert_string_equal(
		json_string_value(json_array_get(json_object_get(meta, "public-keys"), 0)),
		"ssh-ed25519 AAAA x \"],\"instance-id\":\"own");
	json_decref(meta);
	assert_non_null(strstr(seed.user_data, "#cloud-config\n{"));
	config = json_loads(strstr(seed.user_data, "#cloud-config\n") + 14, JSON_DISABLE_EOF_CHECK,
			    NULL);
	assert_non_null(config);
	assert_null(json_object_get(config, "runcmd"));
	assert_string_equal(
		json_string_value(json_object_get(json_object_get(config, "user"), "name")),
		"x\"} runcmd: [reboot]");
	json_decref(config);
	host_seed_done(&seed);
}

static void test_resolvers(void **state)
{
	static const char text[] =
		"# comment\nsearch example.net\nnameserver 127.0.0.53\n"
		"nameserver ::1\nnameserver fe80::1%eth0\nnameserver fe80::2\n"
		"nameserver 192.0.2.1\noptions edns0\n nameserver\t2001:db8::1 \n"
		"nameserver 300.1.1.1\nnameserver 192.0.2.2\nnameserver 192.0.2.3\n";
	char path[] = "/tmp/test_seed.XXXXXX";
	struct ip found[SEED_MAX_RESOLVERS];
	char first[IP_TEXT_BYTES];
	char second[IP_TEXT_BYTES];
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, text, strlen(text)), 0);
	(void)close(fd);
	assert_int_equal(seed_read_resolvers(path, found), 3);
	ip_format(&found[0], first);
	ip_format(&found[1], second);
	assert_string_equal(first, "192.0.2.1");
	assert_string_equal(second, "2001:db8::1");
	(void)unlink(path);
	assert_int_equal(seed_read_resolvers(path, found), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),      cmocka_unit_test(test_everything),
		cmocka_unit_test(test_one_family), cmocka_unit_test(test_private_networks),
		cmocka_unit_test(test_mime),       cmocka_unit_test(test_packed_mime),
		cmocka_unit_test(test_gzip),       cmocka_unit_test(test_limits),
		cmocka_unit_test(test_injection),  cmocka_unit_test(test_resolvers),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}

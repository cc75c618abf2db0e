// The packet filter's table in the kernel, in a network namespace of its own.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <sched.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "host/network/network.h"
#include "host/process.h"

static const struct host_network one = {
	{1}, 1, {2}, {4, 32, {10, 0, 0, 1}}, {6, 64, {0xfd, 0, 0, 0, 0, 0, 0, 1}}};
static const struct host_network moved = {{1}, 1, {2}, {4, 32, {10, 0, 0, 9}}, {0}};
static const struct host_network two = {{2}, 2, {2}, {4, 32, {10, 0, 0, 2}}, {0}};

static int nft(const char *const *arguments, struct buf *ret)
{
	const struct process process = {
		.arguments = arguments, .stdin_fd = -1, .stdout_fd = -1, .timeout_s = 30};

	return process_run(&process, ret, NULL);
}

static bool has(const char *text)
{
	struct buf out CLEANUP(buf_done) = {0};

	assert_int_equal(
		nft((const char *const[]){"nft", "list", "table", "inet", "ippo_t", NULL}, &out),
		0);
	return strstr(buf_str(&out), text) != NULL;
}

static void servers_come_and_go(void **state)
{
	struct network *network = *state;

	assert_int_equal(network_set(network, &one, NULL), 0);
	assert_true(has("\"t-1\" . 10.0.0.1 "));
	assert_true(has("\"t-1\" . fd00:0:0:1::/64 "));
	assert_int_equal(network_set(network, &two, NULL), 0);
	assert_true(has("10.0.0.1, 10.0.0.2 "));
	assert_int_equal(network_set(network, &moved, NULL), 0);
	assert_true(has("\"t-1\" . 10.0.0.9"));
	assert_false(has("10.0.0.1"));
	assert_false(has("fd00"));
	assert_int_equal(network_clear(network, one.uuid, NULL), 0);
	assert_int_equal(network_clear(network, two.uuid, NULL), 0);
	assert_false(has("10.0.0."));
	assert_int_equal(network_clear(network, two.uuid, NULL), 0);
}

/* Someone took our table away: that is said, nothing is remembered, and what core says next is all
 * made again. */
static void refused(void **state)
{
	struct network *network = *state;
	const struct host_network both[] = {one, two};
	struct err err = {0};

	assert_int_equal(
		nft((const char *const[]){"nft", "delete", "table", "inet", "ippo_t", NULL}, NULL),
		0);
	assert_int_equal(network_set(network, &one, &err), ERR_SERVER);
	assert_non_null(strstr(err.text, "nft"));
	assert_null(strchr(err.text, '\n'));
	assert_int_equal(network_sync(network, both, 2, NULL), 0);
	assert_true(has("10.0.0.1, 10.0.0.2 "));
	assert_int_equal(network_clear(network, one.uuid, NULL), 0);
	assert_false(has("10.0.0.1"));
	assert_true(has("10.0.0.2"));
}

static int set_up(void **state)
{
	const struct config config = {.instance = "t", .egress = "masquerade"};
	struct network *network;
	struct err err = {0};

	if (unshare(CLONE_NEWNET) < 0)
		return -1;
	if (network_new(&config, &network, &err) < 0) {
		(void)fprintf(stderr, "%s\n", err.text);
		return -1;
	}
	*state = network;
	return 0;
}

static int tear_down(void **state)
{
	network_free(*state);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(servers_come_and_go),
		cmocka_unit_test(refused),
	};

	return geteuid() != 0 ? 77 : cmocka_run_group_tests(tests, set_up, tear_down);
}

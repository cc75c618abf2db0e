// What libvirt says of a domain, as one sample; and what guests that are not there would use.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "host/fake/load.h"
#include "host/libvirt/statistics.h"

#define KIB UINT64_C(1024)

static virTypedParameter number(const char *name, unsigned long long value)
{
	virTypedParameter parameter = {.type = VIR_TYPED_PARAM_ULLONG, .value.ul = value};

	(void)snprintf(parameter.field, sizeof parameter.field, "%s", name);
	return parameter;
}

static void a_domain_with_a_balloon(void **state)
{
	const virTypedParameter params[] = {
		number("cpu.time", 123456789),          number("cpu.user", 1),
		number("balloon.current", 262144),      number("balloon.available", 240000),
		number("balloon.unused", 100000),       number("balloon.usable", 140000),
		number("balloon.rss", 300000),          number("net.count", 1),
		number("net.0.rx.bytes", 11),           number("net.0.rx.pkts", 12),
		number("net.0.tx.bytes", 13),           number("net.0.tx.pkts", 14),
		number("block.0.rd.reqs", 21),          number("block.0.rd.bytes", 22),
		number("block.0.wr.reqs", 23),          number("block.0.wr.bytes", 24),
		number("block.0.allocation", 25),       number("block.0.physical", 26),
		number("block.1.rd.bytes", 1000000000),
	};
	struct host_sample sample;

	statistics_of(params, ARRAY_SIZE(params), &sample);
	assert_int_equal(sample.values[HOST_CPU_NS], 123456789);
	assert_int_equal(sample.values[HOST_MEMORY_BYTES], 100000 * KIB);
	assert_int_equal(sample.values[HOST_NET_IN_BYTES], 11);
	assert_int_equal(sample.values[HOST_NET_IN_PACKETS], 12);
	assert_int_equal(sample.values[HOST_NET_OUT_BYTES], 13);
	assert_int_equal(sample.values[HOST_NET_OUT_PACKETS], 14);
	assert_int_equal(sample.values[HOST_DISK_READ_OPS], 21);
	assert_int_equal(sample.values[HOST_DISK_READ_BYTES], 22);
	assert_int_equal(sample.values[HOST_DISK_WRITE_OPS], 23);
	assert_int_equal(sample.values[HOST_DISK_WRITE_BYTES], 24);
	assert_int_equal(sample.values[HOST_DISK_USED_BYTES], 26);
}

static void a_domain_that_says_little(void **state)
{
	virTypedParameter params[] = {number("cpu.time", 5), number("balloon.rss", 7),
				      number("balloon.available", 3), number("balloon.unused", 4)};
	struct host_sample sample;

	/* More free than there is: then the process's memory. */
	statistics_of(params, ARRAY_SIZE(params), &sample);
	assert_int_equal(sample.values[HOST_MEMORY_BYTES], 7 * KIB);
	/* But no more than it has: QEMU needs some for itself. */
	params[2] = number("balloon.current", 6);
	statistics_of(params, ARRAY_SIZE(params), &sample);
	assert_int_equal(sample.values[HOST_MEMORY_BYTES], 6 * KIB);
	params[2] = number("balloon.available", 3);
	params[0].type = VIR_TYPED_PARAM_STRING;
	params[1] = number("balloon.rss", UINT64_MAX / KIB + 1);
	statistics_of(params, ARRAY_SIZE(params), &sample);
	for (size_t i = 0; i < HOST_STATISTICS_COUNT; i++)
		assert_true(sample.values[i] == HOST_STATISTIC_UNKNOWN);
	statistics_of(NULL, 0, &sample);
	assert_true(sample.values[HOST_CPU_NS] == HOST_STATISTIC_UNKNOWN);
}

static void counters_of_the_fake_only_grow(void **state)
{
	const uint8_t uuid[UUID_BYTES] = {1, 49, 3, 4};
	struct host_sample before, after, anew;

	load_of(uuid, 0, INT64_C(1795600000000), &before);
	load_of(uuid, 0, INT64_C(1795600060000), &after);
	load_of(uuid, INT64_C(1795600030000), INT64_C(1795600060000), &anew);
	assert_int_equal(after.values[HOST_CPU_NS] - before.values[HOST_CPU_NS],
			 UINT64_C(30000000000)); /* half a core */
	for (size_t i = 0; i < HOST_STATISTICS_COUNT; i++)
		assert_true(after.values[i] >= before.values[i]);
	assert_true(anew.values[HOST_CPU_NS] < before.values[HOST_CPU_NS]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_domain_with_a_balloon),
		cmocka_unit_test(a_domain_that_says_little),
		cmocka_unit_test(counters_of_the_fake_only_grow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

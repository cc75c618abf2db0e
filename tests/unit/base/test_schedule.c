// A process that asks for short turns keeps the rest of how it is scheduled.
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <linux/sched.h>
#include <linux/sched/types.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/schedule.h"

static struct sched_attr now(void)
{
	struct sched_attr attributes = {.size = sizeof attributes};

	assert_int_equal(syscall(SYS_sched_getattr, 0, &attributes, sizeof attributes, 0), 0);
	return attributes;
}

static bool kernel_knows_turns(void)
{
	struct utsname name;
	int major = 0, minor = 0;

	assert_int_equal(uname(&name), 0);
	assert_int_equal(sscanf(name.release, "%d.%d", &major, &minor), 2);
	return major > 6 || (major == 6 && minor >= 12);
}

static void test_short_turns(void **state)
{
	const struct sched_attr before = now();

	schedule_short_turns();
	if (kernel_knows_turns())
		assert_int_equal(now().sched_runtime, 100000);
	assert_int_equal(now().sched_policy, before.sched_policy);
	assert_int_equal(now().sched_nice, before.sched_nice);
}

/* An operator who gave the service less of the processor meant it. */
static void test_nice_stays(void **state)
{
	assert_int_equal(setpriority(PRIO_PROCESS, 0, 7), 0);
	schedule_short_turns();
	assert_int_equal(now().sched_nice, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_short_turns),
		cmocka_unit_test(test_nice_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

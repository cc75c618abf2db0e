// What an account may have: at the limit, one past it, and what a suspended one is told.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "model/account.h"
#include "model/quota.h"

static void each_limit_holds_at_its_edge(void **state)
{
	for (unsigned i = 0; i < QUOTA_COUNT; i++) {
		struct quotas limits = {0}, used = {0}, more = {0};
		struct err err = {0};

		more.of[i] = 3;
		used.of[i] = 5;
		assert_int_equal(quota_check(&limits, &used, &more, &err), 0); /* none */
		limits.of[i] = 8;
		assert_int_equal(quota_check(&limits, &used, &more, &err), 0);
		limits.of[i] = 7;
		assert_int_equal(quota_check(&limits, &used, &more, &err), ERR_LIMIT);
		assert_non_null(strstr(err.text, "may have 7 "));
		assert_non_null(strstr(err.text, "has 5, and this needs 3 more"));
		more.of[i] = UINT64_MAX;
		assert_int_equal(quota_check(&limits, &used, &more, NULL), ERR_LIMIT);
		more.of[i] = 0; /* over a limit that was lowered: what is there stays */
		used.of[i] = 100;
		assert_int_equal(quota_check(&limits, &used, &more, NULL), 0);
	}
}

static void each_has_a_name(void **state)
{
	for (unsigned i = 0; i < QUOTA_COUNT; i++)
		assert_true(*quota_name((enum quota)i) != '\0');
	assert_string_equal(quota_name(QUOTA_COUNT), "");
}

/* The text of an error is shorter than a reason may be; it is cut at a character. */
static void a_suspended_account_is_told_why(void **state)
{
	struct customer customer = {.suspended = true};
	struct err err = {0};

	assert_int_equal(account_refuse_suspended(&customer, &err), ERR_SUSPENDED);
	assert_string_equal(err.text, "this account is suspended; write to the operator");
	(void)snprintf(customer.suspension_reason, sizeof customer.suspension_reason, "unpaid");
	(void)account_refuse_suspended(&customer, &err);
	assert_string_equal(err.text, "this account is suspended: unpaid; write to the operator");
	for (size_t at = 0; at + 3 < sizeof customer.suspension_reason; at += 3)
		memcpy(customer.suspension_reason + at, "あ", 4);
	(void)account_refuse_suspended(&customer, &err);
	assert_non_null(strstr(err.text, "ああ…; write to the operator"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_limit_holds_at_its_edge),
		cmocka_unit_test(each_has_a_name),
		cmocka_unit_test(a_suspended_account_is_told_why),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

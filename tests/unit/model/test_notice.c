// Notices: plain text at its limits, and a window exactly where there is a maintenance.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "model/notice.h"

static struct notice good(void)
{
	return (struct notice){.kind = NOTICE_ORDINARY,
			       .title_ja = strdup("お知らせ"),
			       .title_en = strdup("Notice"),
			       .body_ja = strdup("一行目\n\n三行目"),
			       .body_en = strdup("First\tline\n<b>&")};
}

static void wrong_in(const struct notice *notice, const char *expected)
{
	const char *field = NULL;
	struct err err = {0};

	assert_int_equal(notice_check(notice, &field, &err), ERR_INVALID_INPUT);
	assert_string_equal(field, expected);
	assert_true(strlen(err.text) > 10);
}

static void texts_are_plain(void **state)
{
	(void)state;
	assert_true(notice_is_plain("<script>&amp;", 20, false));
	assert_true(notice_is_plain("あ", 1, false));
	assert_false(notice_is_plain("ああ", 1, false));
	assert_true(notice_is_plain("a\n\tb", 4, true));
	assert_false(notice_is_plain("a\nb", 4, false));
	assert_false(notice_is_plain(NULL, 4, true));
	static const char *const bad[] = {"",         "  ",       "\n\t ",     "a\rb",
					  "a\x1b[2J", "a\x7f",    "a\xc2\x80", "a\xc2\x9f",
					  "\xff",     "\xe3\x81", "\x0b\x0b"};
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(notice_is_plain(bad[i], 20, true));
	assert_true(notice_is_plain("a\xc2\xa0", 20, true));
}

static void limits(void **state)
{
	struct notice notice CLEANUP(notice_done) = good();
	const char *field = NULL;

	(void)state;
	assert_int_equal(notice_check(&notice, &field, NULL), 0);
	free(notice.title_en);
	notice.title_en = calloc(1, NOTICE_TITLE_MAX + 2);
	assert_non_null(notice.title_en);
	memset(notice.title_en, 'a', NOTICE_TITLE_MAX);
	assert_int_equal(notice_check(&notice, &field, NULL), 0);
	notice.title_en[NOTICE_TITLE_MAX] = 'a';
	wrong_in(&notice, "title_en");
	notice.title_en[1] = '\0';
	free(notice.body_ja);
	notice.body_ja = calloc(1, NOTICE_BODY_MAX + 2);
	assert_non_null(notice.body_ja);
	memset(notice.body_ja, 'a', NOTICE_BODY_MAX);
	assert_int_equal(notice_check(&notice, &field, NULL), 0);
	notice.body_ja[NOTICE_BODY_MAX] = 'a';
	wrong_in(&notice, "body_ja");
}

static void windows(void **state)
{
	struct notice notice CLEANUP(notice_done) = good();
	const char *field = NULL;

	(void)state;
	notice.starts_ms = 1000;
	wrong_in(&notice, "starts");
	notice.kind = NOTICE_MAINTENANCE;
	wrong_in(&notice, "ends");
	notice.ends_ms = 1000;
	wrong_in(&notice, "ends");
	notice.ends_ms = 1001;
	assert_int_equal(notice_check(&notice, &field, NULL), 0);
	notice.starts_ms = 0;
	wrong_in(&notice, "starts");
}

static void kinds(void **state)
{
	enum notice_kind kind = 0;

	(void)state;
	assert_int_equal(notice_kind_parse("maintenance", &kind), 0);
	assert_int_equal(kind, NOTICE_MAINTENANCE);
	assert_string_equal(notice_kind_name(NOTICE_ORDINARY), "ordinary");
	assert_true(notice_kind_parse("Ordinary", &kind) < 0);
	assert_true(notice_kind_parse("", &kind) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_are_plain),
		cmocka_unit_test(limits),
		cmocka_unit_test(windows),
		cmocka_unit_test(kinds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// Label selectors: each operator against labels that do and do not match, and what is no selector.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "model/label_selector.h"

static bool matches(const char *text, const char *labels_text)
{
	struct label_selector selector CLEANUP(label_selector_done) = {0};
	struct labels labels CLEANUP(label_done) = {0};
	struct err err = {0};

	if (label_selector_parse(text, &selector, &err) < 0)
		fail_msg("%s: %s", text, err.text);
	assert_int_equal(label_read(labels_text, &labels), 0);
	return label_selector_match(&selector, &labels);
}

static void every_operator(void **state)
{
	static const struct {
		const char *selector;
		const char *yes;
		const char *no; /* NULL: nothing fails it */
	} cases[] = {
		{"", "", NULL},
		{"  ", "a=1", NULL},
		{"k", "k=", "j=k"},
		{"!k", "j=", "k=1"},
		{"k=v", "k=v", "k=w"},
		{"k==v", "k=v", "v=k"},
		{"k=", "k=", "k=v"},
		{"k!=v", "k=w", "k=v"},
		{"k!=v", "j=v", "j=v,k=v"}, /* absent counts as different */
		{"k in (a,b)", "k=b", "k=c"},
		{"k in (a)", "k=a", "j=a"},
		{"k in (,a)", "k=", "k=b"},
		{"k notin (a,b)", "k=c", "k=a"},
		{"k notin (a,b)", "j=a", "k=b"},
		{"k notin(a,b)", "", "k=b"},
		{"a=1,b", "a=1,b=2", "a=1"},
		{"a=1,!b", "a=1", "a=1,b=2"},
		{" a = 1 , b in ( x , y ) , ! c ", "a=1,b=y", "a=1,b=y,c="},
		{"example.org/role=web", "example.org/role=web", "role=web"},
		{"in", "in=1", "notin=1"},
		{"in in (in)", "in=in", "in=out"},
		{"notin notin (notin)", "notin=in", "notin=notin"},
		{"kin", "kin=1", "k=1"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		if (!matches(cases[i].selector, cases[i].yes))
			fail_msg("%s should match %s", cases[i].selector, cases[i].yes);
		if (cases[i].no && matches(cases[i].selector, cases[i].no))
			fail_msg("%s should not match %s", cases[i].selector, cases[i].no);
	}
}

static void bad_syntax_is_refused(void **state)
{
	static const char *const bad[] = {
		",",          "a,",
		",a",         "a,,b",
		"=v",         "!",
		"!a=b",       "!a in (b)",
		"!!a",        "a b",
		"a=b c",      "a=b=c",
		"a===b",      "a!b",
		"a!==b",      "a in",
		"a in b",     "a in (",
		"a in (b",    "a in (b;c)",
		"a in b)",    "a in ((b))",
		"(a)",        "a notin",
		"a=-b",       "-a",
		"a=b/c",      "a/b/c",
		"a in (b) c", "a'",
		"a=\"b\"",    "a\t",
		"a=b\n",      "ä",
		"a=ä",        "a inn (b)",
		"a>1",        "a=b;DROP TABLE server",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct label_selector selector CLEANUP(label_selector_done) = {0};
		struct err err = {0};

		if (label_selector_parse(bad[i], &selector, &err) != ERR_INVALID_INPUT)
			fail_msg("\"%s\" was taken", bad[i]);
		assert_non_null(strstr(err.text, "label_selector"));
	}
}

/* "k,k,…", or one set of many values. */
static int parse_many(size_t requirements, size_t values)
{
	struct label_selector selector CLEANUP(label_selector_done) = {0};
	char text[1024] = "";

	for (size_t i = 0; i < requirements; i++)
		(void)strcat(text, i ? ",k" : "k");
	if (values)
		(void)strcat(text, " in (");
	for (size_t i = 0; i < values; i++)
		(void)strcat(text, i ? ",v" : "v");
	if (values)
		(void)strcat(text, ")");
	return label_selector_parse(text, &selector, NULL);
}

static void limits_at_and_one_past(void **state)
{
	struct label_selector selector CLEANUP(label_selector_done) = {0};
	char text[LABEL_SELECTOR_MAX_BYTES + 2];

	assert_int_equal(parse_many(LABEL_SELECTOR_MAX_REQUIREMENTS, 0), 0);
	assert_int_equal(parse_many(LABEL_SELECTOR_MAX_REQUIREMENTS + 1, 0), ERR_INVALID_INPUT);
	assert_int_equal(parse_many(1, LABEL_SELECTOR_MAX_VALUES), 0);
	assert_int_equal(parse_many(1, LABEL_SELECTOR_MAX_VALUES + 1), ERR_INVALID_INPUT);
	memset(text, ' ', sizeof(text));
	text[0] = 'k';
	text[LABEL_SELECTOR_MAX_BYTES] = '\0';
	assert_int_equal(label_selector_parse(text, &selector, NULL), 0);
	label_selector_done(&selector);
	text[LABEL_SELECTOR_MAX_BYTES] = ' ';
	text[LABEL_SELECTOR_MAX_BYTES + 1] = '\0';
	assert_int_equal(label_selector_parse(text, &selector, NULL), ERR_INVALID_INPUT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_operator),
		cmocka_unit_test(bad_syntax_is_refused),
		cmocka_unit_test(limits_at_and_one_past),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

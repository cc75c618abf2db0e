// Labels: their form, their number, and their way to the store and back.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "model/label.h"

static void fill(char *out, size_t bytes)
{
	memset(out, 'a', bytes);
	out[bytes] = '\0';
}

static int check_key(const char *key)
{
	return label_check_key(key, strlen(key), NULL);
}

static void keys(void **state)
{
	static const char *const good[] = {"a", "A9",    "env", "a-b_c.d", "example.org/env",
					   "9", "a.b/c", "k."};
	static const char *const bad[] = {"",       "/",    "a/",  "/a",  "-a",    ".a",
					  "_a",     "a b",  "a=b", "a,b", "a/b/c", "-x.y/a",
					  "x..y/a", "x-/a", "ä",   "a\n"};

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		assert_int_equal(check_key(good[i]), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(check_key(bad[i]), ERR_INVALID_INPUT);
}

static void lengths_at_the_limit_and_past_it(void **state)
{
	char text[512];

	fill(text, LABEL_MAX_NAME_BYTES);
	assert_int_equal(check_key(text), 0);
	assert_int_equal(label_check_value(text, LABEL_MAX_VALUE_BYTES, NULL), 0);
	fill(text, LABEL_MAX_NAME_BYTES + 1);
	assert_int_equal(check_key(text), ERR_INVALID_INPUT);
	assert_int_equal(label_check_value(text, LABEL_MAX_VALUE_BYTES + 1, NULL),
			 ERR_INVALID_INPUT);
	/* 253 characters of prefix: parts of 49 and a period. */
	fill(text, LABEL_MAX_PREFIX_BYTES);
	for (size_t i = 49; i < 250; i += 50)
		text[i] = '.';
	(void)strcat(text, "/k");
	assert_int_equal(check_key(text), 0);
	memmove(text + 1, text, strlen(text) + 1);
	assert_int_equal(check_key(text), ERR_INVALID_INPUT);
	fill(text, 63);
	(void)strcat(text, "/k");
	assert_int_equal(check_key(text), 0);
	fill(text, 64);
	(void)strcat(text, "/k");
	assert_int_equal(check_key(text), ERR_INVALID_INPUT);
}

static void values(void **state)
{
	assert_int_equal(label_check_value("", 0, NULL), 0);
	assert_int_equal(label_check_value("v1.2-x_y", 8, NULL), 0);
	assert_int_equal(label_check_value("-v", 2, NULL), ERR_INVALID_INPUT);
	assert_int_equal(label_check_value("a/b", 3, NULL), ERR_INVALID_INPUT);
	assert_int_equal(label_check_value("a\"b", 3, NULL), ERR_INVALID_INPUT);
	assert_int_equal(label_check_value("a\0b", 3, NULL), ERR_INVALID_INPUT);
}

static void a_set_is_sorted_and_bounded(void **state)
{
	struct labels labels CLEANUP(label_done) = {0};
	struct labels copy CLEANUP(label_done) = {0};
	char key[16];

	for (int i = LABEL_MAX_COUNT - 1; i >= 0; i--) {
		(void)snprintf(key, sizeof(key), "k%02d", i);
		assert_int_equal(label_set(&labels, key, "v", NULL), 0);
	}
	assert_int_equal(labels.count, LABEL_MAX_COUNT);
	assert_int_equal(label_set(&labels, "one-more", "v", NULL), ERR_INVALID_INPUT);
	assert_int_equal(label_set(&labels, "k05", "changed", NULL), 0);
	assert_string_equal(label_get(&labels, "k05"), "changed");
	assert_null(label_get(&labels, "k"));
	for (size_t i = 1; i < labels.count; i++)
		assert_true(strcmp(labels.items[i - 1].key, labels.items[i].key) < 0);
	assert_int_equal(label_copy(&labels, &copy), 0);
	assert_true(label_equal(&labels, &copy));
	assert_int_equal(label_set(&copy, "k05", "other", NULL), 0);
	assert_false(label_equal(&labels, &copy));
}

static void text_and_back(void **state)
{
	struct labels labels CLEANUP(label_done) = {0};
	struct labels back CLEANUP(label_done) = {0};
	struct buf text CLEANUP(buf_done) = {0};

	assert_int_equal(label_set(&labels, "example.org/b", "", NULL), 0);
	assert_int_equal(label_set(&labels, "a", "1", NULL), 0);
	assert_int_equal(label_format(&labels, &text), 0);
	assert_string_equal(buf_str(&text), "a=1,example.org/b=");
	assert_int_equal(label_read(buf_str(&text), &back), 0);
	assert_true(label_equal(&labels, &back));
	label_done(&back);
	assert_int_equal(label_read("", &back), 0);
	assert_int_equal(back.count, 0);
	assert_int_equal(label_read("a", &back), ERR_CORRUPT);
	assert_int_equal(label_read("a=b=c", &back), ERR_CORRUPT);
	assert_int_equal(label_read("a=b,", &back), ERR_CORRUPT);
	assert_int_equal(label_read(",a=b", &back), ERR_CORRUPT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys),          cmocka_unit_test(lengths_at_the_limit_and_past_it),
		cmocka_unit_test(values),        cmocka_unit_test(a_set_is_sorted_and_bounded),
		cmocka_unit_test(text_and_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

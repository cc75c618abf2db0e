// The CLI's command line: what is taken, what is refused, and with which exit code.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "cli/cli.h"

static int nothing(struct invocation *invocation)
{
	return EXIT_OK;
}

static const struct option_rule options[] = {{"image", "NAME", "of what", false},
					     {"label", "KEY=VALUE", "a label", true},
					     {"start", NULL, "at once", false},
					     {NULL, NULL, NULL, false}};
const struct command server_commands[] = {
	{"server", "create", "NAME", "make one", options, nothing},
	{"server", "rename", "NAME NEW-NAME", "another name", NULL, nothing},
	{"server", "list", "[NAME]", "all of them", NULL, nothing},
	{"health", NULL, NULL, "well?", NULL, nothing},
	{NULL, NULL, NULL, NULL, NULL, NULL}};

const struct command *const *command_tables(void)
{
	static const struct command *const tables[] = {server_commands, NULL};

	return tables;
}

static int parse(struct invocation *ret, const char *const *words)
{
	static char copies[48][64];
	static char *argv[49];
	int argc = 0;

	for (; words[argc] != NULL; argc++) {
		(void)snprintf(copies[argc], sizeof copies[argc], "%s", words[argc]);
		argv[argc] = copies[argc];
	}
	argv[argc] = NULL;
	return arguments_parse(argc, argv, ret);
}

#define PARSE(...) parse(&got, (const char *const[]){"ippo", __VA_ARGS__, NULL})

static void taken(void **state)
{
	struct invocation got;
	size_t at = 0;

	assert_int_equal(PARSE("server", "create", "web", "--image", "debian-12", "--label=a=b",
			       "--label", "c=d", "--start", "--json"),
			 0);
	assert_string_equal(got.command->verb, "create");
	assert_string_equal(got.positionals[0], "web");
	assert_string_equal(option_text(&got, "image"), "debian-12");
	assert_string_equal(option_next(&got, "label", &at), "a=b");
	assert_string_equal(option_next(&got, "label", &at), "c=d");
	assert_null(option_next(&got, "label", &at));
	assert_true(option_given(&got, "start"));
	assert_true(got.json);
	assert_false(got.quiet);
	/* Options for all go before the command too; "--" ends them. */
	assert_int_equal(PARSE("--quiet", "--customer", "x", "server", "list"), 0);
	assert_true(got.quiet);
	assert_string_equal(option_text(&got, "customer"), "x");
	assert_int_equal(got.positional_count, 0);
	assert_int_equal(PARSE("server", "list", "a", "--", "--json", "b"), 0);
	assert_false(got.json);
	assert_string_equal(got.rest[0], "--json");
	assert_string_equal(got.rest[1], "b");
	assert_null(got.rest[2]);
	assert_int_equal(PARSE("health"), 0);
	assert_null(got.command->verb);
	/* An empty value is a value. */
	assert_int_equal(PARSE("server", "create", "web", "--image="), 0);
	assert_string_equal(option_text(&got, "image"), "");
}

static void refused(void **state)
{
	struct invocation got;

	assert_int_equal(PARSE("nonsense"), EXIT_USAGE);
	assert_int_equal(PARSE("server"), EXIT_USAGE);
	assert_int_equal(PARSE("server", "nonsense"), EXIT_USAGE);
	assert_int_equal(PARSE("server", "create"), EXIT_USAGE);
	assert_int_equal(PARSE("server", "create", "a", "b"), EXIT_USAGE);
	assert_int_equal(PARSE("server", "rename", "a"), EXIT_USAGE);
	assert_int_equal(PARSE("server", "rename", "a", "b", "c"), EXIT_USAGE);
	assert_int_equal(PARSE("server", "list", "a", "b", "c", "d", "e"), EXIT_USAGE);
	assert_int_equal(PARSE("server", "create", "a", "--nonsense"), EXIT_USAGE);
	assert_int_equal(PARSE("server", "create", "a", "--imag", "x"), EXIT_USAGE);
	assert_int_equal(PARSE("server", "create", "a", "--image"), EXIT_USAGE);
	assert_int_equal(PARSE("server", "create", "a", "--start=1"), EXIT_USAGE);
	assert_int_equal(PARSE("server", "create", "a", "--image", "x", "--image", "y"),
			 EXIT_USAGE);
	assert_int_equal(PARSE("server", "list", "--image", "x"), EXIT_USAGE);
}

static void limits(void **state)
{
	const char *words[48] = {"ippo", "server", "create", "a"};
	struct invocation got;

	for (int i = 0; i < CLI_MAX_VALUES; i++)
		words[4 + i] = "--label=a=b";
	assert_int_equal(parse(&got, words), 0);
	assert_int_equal(got.value_count, CLI_MAX_VALUES);
	words[4 + CLI_MAX_VALUES] = "--label=a=b";
	assert_int_equal(parse(&got, words), EXIT_USAGE);
}

static void helped(void **state)
{
	struct invocation got;

	assert_int_equal(parse(&got, (const char *const[]){"ippo", NULL}), EXIT_USAGE);
	assert_int_equal(PARSE("--help"), -1);
	assert_int_equal(PARSE("help"), -1);
	assert_int_equal(PARSE("--version"), -1);
	assert_int_equal(PARSE("server", "--help"), -1);
	/* It needs no name to say what it takes. */
	assert_int_equal(PARSE("server", "create", "--help"), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(taken),
		cmocka_unit_test(refused),
		cmocka_unit_test(limits),
		cmocka_unit_test(helped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// firststep: a server that is safe from its first boot, and proves it. Runs inside the guest.
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/parse.h"
#include "firststep/command.h"
#include "firststep/words.h"

static const struct {
	const char *name;
	int (*run)(const struct options *options);
	size_t least, most; /* words behind it */
} commands[] = {
	{"check", command_check, 0, CHECKLIST_MAX}, {"report", command_report, 0, 0},
	{"apply", command_apply, 0, CHECKLIST_MAX}, {"confirm", command_confirm, 0, 0},
	{"rollback", command_rollback, 0, 0},       {"ssh-port", command_ssh_port, 1, 1},
	{"allow", command_allow, 1, PORTS_MAX},     {"user", command_user, 2, 2},
};

int command_failed(const struct err *err)
{
	char text[sizeof err->text];

	memcpy(text, err->text, sizeof text);
	evidence_clean(text);
	(void)fprintf(stderr, "firststep: %s\n", text);
	return EXIT_UNKNOWN;
}

static bool wants_japanese(void)
{
	static const char *const variables[] = {"LC_ALL", "LC_MESSAGES", "LANG"};

	for (size_t i = 0; i < ARRAY_SIZE(variables); i++) {
		const char *value = getenv(variables[i]);
		if (value != NULL && *value != '\0')
			return strncmp(value, "ja", 2) == 0;
	}
	return false;
}

/* An option and what follows it; the number of words taken, 0 when it is none. */
static int take_option(struct options *options, char **at)
{
	static const struct {
		const char *name;
		size_t offset;
	} flags[] = {
		{"--json", offsetof(struct options, json)},
		{"--yes", offsetof(struct options, yes)},
		{"--without-rollback", offsetof(struct options, without_rollback)},
		{"--if-due", offsetof(struct options, if_due)},
		{"--boot", offsetof(struct options, boot)},
		{"--image", offsetof(struct options, image)},
		{"--to-host", offsetof(struct options, to_host)},
		{"--stay", offsetof(struct options, stay)},
	};
	uint64_t minutes;

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		if (strcmp(*at, flags[i].name) == 0) {
			*((bool *)((char *)options + flags[i].offset)) = true;
			return 1;
		}
	if (at[1] == NULL)
		return 0;
	if (strcmp(*at, "--root") == 0) {
		options->root = at[1];
	} else if (strcmp(*at, "--key") == 0) {
		options->key = at[1];
	} else if (strcmp(*at, "--port") == 0) {
		options->port = at[1];
	} else if (strcmp(*at, "--ask-port") == 0) {
		options->ask_port = at[1];
	} else if (strcmp(*at, "--lang") == 0 &&
		   (strcmp(at[1], "ja") == 0 || strcmp(at[1], "en") == 0)) {
		options->is_japanese = at[1][0] == 'j';
	} else if (strcmp(*at, "--minutes") == 0 && parse_u64(at[1], 1, 60, &minutes) == 0) {
		options->minutes = (unsigned)minutes;
	} else {
		return 0;
	}
	return 2;
}

static int wrong(const struct options *options, const char *word)
{
	struct err err = {0};

	(void)err_set(&err, ERR_INVALID_INPUT,
		      options->is_japanese ? "%.100s は使えません。firststep help をご覧ください"
					   : "%.100s is not understood; see firststep help",
		      word);
	return command_failed(&err);
}

int main(int argc, char **argv)
{
	struct options options = {.is_japanese = wants_japanese(), .minutes = 5};
	const char *name = NULL;

	(void)signal(SIGPIPE, SIG_IGN);
	(void)umask(022);
	for (int i = 1; i < argc;) {
		const bool is_help = strcmp(argv[i], "--help") == 0;
		const int taken =
			!is_help && argv[i][0] == '-' ? take_option(&options, argv + i) : 0;
		if (taken == 0 && argv[i][0] == '-' && !is_help)
			return wrong(&options, argv[i]);
		if (taken == 0 && (name == NULL || is_help))
			name = is_help ? "help" : argv[i];
		else if (taken == 0 && options.count < COMMAND_WORDS_MAX)
			options.words[options.count++] = argv[i];
		else if (taken == 0)
			return wrong(&options, argv[i]);
		i += taken == 0 ? 1 : taken;
	}
	if (name == NULL || strcmp(name, "help") == 0) {
		(void)fputs(words_help(options.is_japanese), name == NULL ? stderr : stdout);
		return name == NULL ? EXIT_UNKNOWN : EXIT_PASS;
	}
	if (strcmp(name, "version") == 0) {
		(void)puts("firststep " IPPO_VERSION);
		return EXIT_PASS;
	}
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (strcmp(name, commands[i].name) == 0)
			return options.count < commands[i].least || options.count > commands[i].most
				       ? wrong(&options, name)
				       : commands[i].run(&options);
	return wrong(&options, name);
}

#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

/* Accepted by every command, before or after its own words. */
static const struct option_rule global_options[] = {
	{"json", NULL, "print JSON, as the API has it", false},
	{"quiet", NULL, "no progress", false},
	{"config", "FILE", "the service's settings (default /etc/ippo/ippo.conf; IPPO_CONFIG)",
	 false},
	{"endpoint", "URL", "ask over HTTPS instead of the local socket (IPPO_ENDPOINT)", false},
	{"ca", "FILE", "CA certificate to trust with --endpoint (IPPO_CA)", false},
	{"customer", "NAME", "act for this customer (operators only)", false},
	{"help", NULL, "say what this command takes", false},
	{NULL, NULL, NULL, false},
};

static const struct option_rule *find_rule(const struct option_rule *rules, const char *name,
					   size_t len)
{
	for (; rules != NULL && rules->name != NULL; rules++)
		if (strlen(rules->name) == len && memcmp(rules->name, name, len) == 0)
			return rules;
	return NULL;
}

static const struct command *find_command(const char *noun, const char *verb)
{
	for (const struct command *const *table = command_tables(); *table != NULL; table++)
		for (const struct command *c = *table; c->noun != NULL; c++)
			if (strcmp(c->noun, noun) == 0 &&
			    (verb == NULL || c->verb == NULL || strcmp(c->verb, verb) == 0))
				return c;
	return NULL;
}

const char *option_text(const struct invocation *invocation, const char *name)
{
	const char *found = NULL;

	for (size_t i = 0; i < invocation->value_count; i++)
		if (strcmp(invocation->values[i].rule->name, name) == 0)
			found = invocation->values[i].value;
	return found;
}

bool option_given(const struct invocation *invocation, const char *name)
{
	for (size_t i = 0; i < invocation->value_count; i++)
		if (strcmp(invocation->values[i].rule->name, name) == 0)
			return true;
	return false;
}

const char *option_next(const struct invocation *invocation, const char *name, size_t *at)
{
	while (*at < invocation->value_count) {
		const struct option_value *value = &invocation->values[(*at)++];
		if (strcmp(value->rule->name, name) == 0)
			return value->value;
	}
	return NULL;
}

static int usage_error(const struct invocation *invocation, const char *what, const char *word)
{
	(void)fprintf(stderr, "ippo: %s%s%s\n", what, word != NULL ? ": " : "",
		      word != NULL ? word : "");
	if (invocation->command != NULL)
		(void)fprintf(stderr, "See: ippo %s %s --help\n", invocation->command->noun,
			      invocation->command->verb != NULL ? invocation->command->verb : "");
	else
		(void)fputs("See: ippo --help\n", stderr);
	return EXIT_USAGE;
}

/* How many words "NAME [OTHER]" needs and allows. */
static void count_positionals(const char *form, size_t *ret_min, size_t *ret_max)
{
	*ret_min = *ret_max = 0;
	for (const char *at = form; at != NULL && *at != '\0';) {
		size_t len = strcspn(at, " ");
		*ret_max += 1;
		*ret_min += *at != '[';
		at += len + (at[len] == ' ');
	}
}

static int take_option(struct invocation *ret, int argc, char **argv, int *at)
{
	const char *name = argv[*at] + 2;
	size_t len = strcspn(name, "=");
	const struct option_rule *rule = find_rule(ret->command->options, name, len);
	const char *value = NULL;

	if (rule == NULL)
		rule = find_rule(global_options, name, len);
	if (rule == NULL)
		return usage_error(ret, "unknown option", argv[*at]);
	if (rule->argument != NULL) {
		if (name[len] == '=')
			value = name + len + 1;
		else if (*at + 1 < argc)
			value = argv[++*at];
		else
			return usage_error(ret, "option needs a value", argv[*at]);
	} else if (name[len] == '=') {
		return usage_error(ret, "option takes no value", argv[*at]);
	}
	if (!rule->repeatable && option_given(ret, rule->name))
		return usage_error(ret, "option given twice", argv[*at]);
	if (ret->value_count == CLI_MAX_VALUES)
		return usage_error(ret, "too many options", NULL);
	ret->values[ret->value_count++] = (struct option_value){rule, value};
	return 0;
}

int arguments_parse(int argc, char **argv, struct invocation *ret)
{
	static char *nothing[] = {NULL};
	static const struct command globals_only = {.noun = "", .verb = NULL};
	size_t min, max;
	int at = 1, words = 0;
	int code;

	*ret = (struct invocation){.rest = nothing, .command = &globals_only};
	for (; at < argc && strncmp(argv[at], "--", 2) == 0 && argv[at][2] != '\0'; at++) {
		if (strcmp(argv[at], "--version") == 0) {
			(void)puts("ippo " IPPO_VERSION);
			return -1;
		}
		if ((code = take_option(ret, argc, argv, &at)) != 0)
			return code;
	}
	if (at == argc || strcmp(argv[at], "help") == 0 || option_given(ret, "help")) {
		if (at + 1 < argc && find_command(argv[at + 1], NULL) != NULL)
			help_noun(argv[at + 1]);
		else
			help_overview();
		return at == argc && argc == 1 ? EXIT_USAGE : -1;
	}
	ret->command = NULL;
	const char *noun = argv[at++];
	if (find_command(noun, NULL) == NULL)
		return usage_error(ret, "unknown command", noun);
	const struct command *plain = find_command(noun, NULL);
	if (plain->verb != NULL) {
		if (at == argc || strncmp(argv[at], "--help", 6) == 0) {
			help_noun(noun);
			return at == argc ? EXIT_USAGE : -1;
		}
		ret->command = find_command(noun, argv[at]);
		if (ret->command == NULL) {
			(void)fprintf(stderr, "ippo: %s has no command: %s\n", noun, argv[at]);
			help_noun(noun);
			return EXIT_USAGE;
		}
		/* The one without a verb takes what is no verb: ippo console NAME. */
		at += ret->command->verb != NULL;
	} else {
		ret->command = plain;
	}
	for (; at < argc; at++) {
		if (strcmp(argv[at], "--") == 0) {
			ret->rest = argv + at + 1;
			break;
		}
		if (strncmp(argv[at], "--", 2) == 0) {
			if ((code = take_option(ret, argc, argv, &at)) != 0)
				return code;
		} else if (words == CLI_MAX_POSITIONALS) {
			return usage_error(ret, "too many words", argv[at]);
		} else {
			ret->positionals[words++] = argv[at];
		}
	}
	ret->positional_count = (size_t)words;
	if (option_given(ret, "help")) {
		help_command(ret->command);
		return -1;
	}
	count_positionals(ret->command->positionals, &min, &max);
	if (ret->positional_count < min)
		return usage_error(ret, "missing", ret->command->positionals);
	if (ret->positional_count > max)
		return usage_error(ret, "too many words", ret->positionals[max]);
	ret->json = option_given(ret, "json");
	ret->quiet = option_given(ret, "quiet");
	return 0;
}

static const char *const nouns[][2] = {
	{"server", "servers: create, start, stop, rebuild, log in"},
	{"console", "a server's serial console in this terminal; who had one, and when"},
	{"alert", "what is wrong with servers, and was"},
	{"alert-rule", "what alerts come from"},
	{"firewall", "packet filters: what may come in and go out"},
	{"floating-ip", "addresses that go from one server to another"},
	{"primary-ip", "the addresses servers have of their own"},
	{"network", "private networks between servers"},
	{"zone", "zones: the names that the name servers answer, and their records"},
	{"name-server", "further name servers, which fetch the zones"},
	{"image", "operating system images"},
	{"plan", "plans: memory, disk, cores and price"},
	{"location", "locations"},
	{"host", "the machines that run the servers"},
	{"pool", "address pools"},
	{"key", "SSH public keys"},
	{"token", "API tokens"},
	{"customer", "customers: accounts that own servers"},
	{"account", "what this account has, and may have"},
	{"contract", "what an account pays for, and when"},
	{"member", "the people of an account, and what each may do"},
	{"invitation", "one-time links for new people"},
	{"user", "everybody who can sign in"},
	{"notice", "what the operators tell everybody"},
	{"contact", "threads between accounts and the operators"},
	{"post", "mails and webhooks on their way out"},
	{"action", "what was asked for, and how it went"},
	{"history", "who did what, when and from where; whether that is all of it"},
	{"health", "whether the service is well"},
	{"ca", "the service's own certificate authority"},
	{"backup", "save the whole state of the service to a file"},
	{"restore", "bring a saved state back"},
	{"completion", "a completion script for the shell"},
	{NULL, NULL},
};

static void print_options(const struct option_rule *rules)
{
	char left[64];

	for (; rules != NULL && rules->name != NULL; rules++) {
		(void)snprintf(left, sizeof left, "--%s%s%s", rules->name,
			       rules->argument != NULL ? " " : "",
			       rules->argument != NULL ? rules->argument : "");
		(void)printf("  %-26s %s%s\n", left, rules->help,
			     rules->repeatable ? " (may be repeated)" : "");
	}
}

static void print_synopsis(const struct command *command)
{
	(void)printf("ippo %s%s%s%s%s%s", command->noun, command->verb != NULL ? " " : "",
		     command->verb != NULL ? command->verb : "",
		     command->positionals != NULL ? " " : "",
		     command->positionals != NULL ? command->positionals : "",
		     command->options != NULL ? " [OPTION ...]" : "");
}

void help_overview(void)
{
	(void)puts(
		"Usage: ippo COMMAND [VERB] [NAME] [OPTION ...]\n\n"
		"Manages Ippo, a VPS service. On the service's own machine root and the group ippo "
		"are\n"
		"operators; elsewhere give --endpoint and the token in IPPO_TOKEN.\n\nCommands:");
	for (size_t i = 0; nouns[i][0] != NULL; i++)
		(void)printf("  %-12s %s\n", nouns[i][0], nouns[i][1]);
	(void)puts("\nOptions everywhere:");
	print_options(global_options);
	(void)puts("\nExit codes: 0 done, 1 refused, 2 wrong usage, 3 not found, 4 no connection,\n"
		   "5 the action failed, 6 no right.\n\nMore: ippo COMMAND --help, man ippo");
}

void help_noun(const char *noun)
{
	for (const struct command *const *table = command_tables(); *table != NULL; table++)
		for (const struct command *c = *table; c->noun != NULL; c++)
			if (strcmp(c->noun, noun) == 0) {
				(void)fputs("  ", stdout);
				print_synopsis(c);
				(void)printf("\n      %s\n", c->summary);
			}
}

void help_command(const struct command *command)
{
	(void)fputs("Usage: ", stdout);
	print_synopsis(command);
	(void)printf("\n\n%s.\n", command->summary);
	if (command->options != NULL) {
		(void)puts("\nOptions:");
		print_options(command->options);
	}
	(void)puts("\nOptions everywhere:");
	print_options(global_options);
}

void help_completion_bash(void)
{
	(void)puts(
		"# bash completion for ippo(1)\n_ippo()\n{\n\tlocal cur=${COMP_WORDS[COMP_CWORD]}\n"
		"\tlocal noun=${COMP_WORDS[1]} verb=${COMP_WORDS[2]}\n\tlocal words=");
	(void)fputs("\tif [ \"$COMP_CWORD\" -eq 1 ]; then\n\t\twords=\"", stdout);
	for (size_t i = 0; nouns[i][0] != NULL; i++)
		(void)printf("%s%s", i > 0 ? " " : "", nouns[i][0]);
	(void)puts("\"\n\telif [ \"$COMP_CWORD\" -eq 2 ]; then\n\t\tcase $noun in");
	for (size_t i = 0; nouns[i][0] != NULL; i++) {
		(void)printf("\t\t%s) words=\"", nouns[i][0]);
		for (const struct command *const *table = command_tables(); *table != NULL; table++)
			for (const struct command *c = *table; c->noun != NULL; c++)
				if (strcmp(c->noun, nouns[i][0]) == 0 && c->verb != NULL)
					(void)printf("%s ", c->verb);
		if (strcmp(nouns[i][0], "console") == 0)
			(void)printf("$(ippo server list --names 2>/dev/null)");
		(void)puts("\" ;;");
	}
	(void)puts("\t\tesac\n\telse\n\t\tcase $noun:$verb in");
	for (const struct command *const *table = command_tables(); *table != NULL; table++)
		for (const struct command *c = *table; c->noun != NULL; c++) {
			if (c->options == NULL)
				continue;
			(void)printf("\t\t%s:%s) words=\"", c->noun,
				     c->verb != NULL ? c->verb : "*");
			for (const struct option_rule *o = c->options; o->name != NULL; o++)
				(void)printf("--%s ", o->name);
			(void)puts("\" ;;");
		}
	(void)puts("\t\tesac\n\t\twords=\"$words --json --quiet --help --customer --endpoint\"\n"
		   "\t\tif [ \"$noun\" = server ] && [ \"$COMP_CWORD\" -eq 3 ] && [ \"$verb\" != "
		   "create ]; then\n"
		   "\t\t\twords=\"$words $(ippo server list --names 2>/dev/null)\"\n\t\tfi\n\tfi\n"
		   "\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n}\ncomplete -F "
		   "_ippo ippo");
}

void help_manual(void)
{
	(void)puts(".Dd November 24, 2026\n.Dt IPPO 1\n.Os Ippo " IPPO_VERSION
		   "\n.Sh NAME\n.Nm ippo\n"
		   ".Nd manage a VPS service\n.Sh SYNOPSIS\n.Nm\n.Ar command\n.Op Ar verb\n.Op Ar "
		   "name\n"
		   ".Op Ar option ...\n.Sh DESCRIPTION\n.Nm\nasks a running Ippo service over its "
		   "API.\n"
		   "On the service's own machine it uses the local socket, where the kernel says "
		   "who asks:\n"
		   "root and members of the group\n.Sy ippo\nare operators.\n"
		   "Elsewhere it uses HTTPS with the token in\n.Ev IPPO_TOKEN .\n.Pp\n"
		   "A server, key, image or other thing is named by its name or by its number.\n"
		   ".Sh COMMANDS\n.Bl -tag -width Ds");
	for (const struct command *const *table = command_tables(); *table != NULL; table++)
		for (const struct command *c = *table; c->noun != NULL; c++) {
			(void)printf(".It Ic %s%s%s%s%s\n%s.\n", c->noun,
				     c->verb != NULL ? " " : "", c->verb != NULL ? c->verb : "",
				     c->positionals != NULL ? " Ar " : "",
				     c->positionals != NULL ? c->positionals : "", c->summary);
			if (c->options == NULL)
				continue;
			(void)puts(".Bl -tag -width Ds -compact");
			for (const struct option_rule *o = c->options; o->name != NULL; o++)
				(void)printf(".It Fl -%s%s%s\n%s%s\n", o->name,
					     o->argument != NULL ? " Ar " : "",
					     o->argument != NULL ? o->argument : "", o->help,
					     o->repeatable ? " (may be repeated)" : "");
			(void)puts(".El");
		}
	(void)puts(".El\n.Sh OPTIONS\nEvery command takes these:\n.Bl -tag -width Ds");
	for (const struct option_rule *o = global_options; o->name != NULL; o++)
		(void)printf(".It Fl -%s%s%s\n%s\n", o->name, o->argument != NULL ? " Ar " : "",
			     o->argument != NULL ? o->argument : "", o->help);
	(void)puts(
		".El\n.Sh ENVIRONMENT\n.Bl -tag -width IPPO_ENDPOINT\n.It Ev IPPO_CONFIG\n"
		"The settings file, as\n.Fl -config .\n.It Ev IPPO_ENDPOINT\nThe API's address, "
		"as\n"
		".Fl -endpoint .\n.It Ev IPPO_TOKEN\nThe token for\n.Ev IPPO_ENDPOINT .\n"
		".It Ev IPPO_CA\nThe CA file, as\n.Fl -ca .\n.El\n.Sh EXIT STATUS\n"
		".Bl -tag -width Ds -compact\n.It 0\ndone\n.It 1\nthe service refused, and said "
		"why\n"
		".It 2\nwrong usage\n.It 3\nno such thing\n.It 4\nthe service cannot be reached\n"
		".It 5\nthe request was taken, but the action failed\n.It 6\nno right to do "
		"that\n.El\n"
		".Sh THE HISTORY\nEvery change and every sign-in is a line of the operation "
		"history: who, "
		"from where,\nwhat, about what, and the result.\nWhat runs on has a second line at "
		"its "
		"end.\n"
		"Wrong sign-ins have at most ten lines an hour for each account and thirty for "
		"names\n"
		"that nobody has, what is refused to somebody known at most sixty for each of "
		"them;\n"
		"the rest is counted.\n.Pp\nThe lines are chained: each has a SHA-256 hash of "
		"itself "
		"and of the hash before it.\n.Ic ippo history verify\ngoes through all of them and "
		"ends "
		"with 1 when a line was changed, is missing, or was\ncut off at the end, and names "
		"it.\n"
		"It prints the head, number and hash of the newest line; the service writes the "
		"same\n"
		"to its log at every start, every stop and once a day.\n.Pp\n"
		"The chain proves that no line was changed or taken away since the head was as it "
		"is.\n"
		"It does not prove that against somebody who can write the whole database: they "
		"can "
		"make\na new chain, head and all.\nThat is found by comparing with a head that was "
		"noted outside of the machine:\n.Ic ippo history verify --noted Ar ID:HASH\n"
		"says whether that line is still the one it was, and with it every line before "
		"it.\n"
		"Nor does the chain say that what is in it is true: whoever could act as somebody "
		"is in "
		"it\nas that somebody.\n"
		"A line goes after\n.Cm history_days\nof\n.Xr ippo.conf 5 ;\nthe oldest ones go "
		"together, and the hash of the last of them is kept as the anchor\nthat the rest "
		"hangs "
		"on.\n"
		".Sh EXAMPLES\nA first server, and a login:\n.Bd -literal -offset indent\n"
		"ippo key create laptop --file ~/.ssh/id_ed25519.pub\n"
		"ippo server create hajime --plan 1g --image debian-12 --key laptop --start "
		"--wait\n"
		"ippo server ssh hajime\n.Ed\n.Pp\nAn unmodified cloud client:\n"
		".Bd -literal -offset indent\nexport HCLOUD_ENDPOINT=https://localhost:8443/v1\n"
		"export HCLOUD_TOKEN=$(ippo token create laptop)\n"
		"export SSL_CERT_FILE=$(ippo ca path)\nhcloud server list\n.Ed\n"
		".Sh SEE ALSO\n.Xr ippod 8 ,\n.Xr ippo.conf 5 ,\n.Xr ssh 1");
}

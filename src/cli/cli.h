// What every command of the CLI shares: its row in the table, its invocation, and its exit codes.
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* Documented in ippo(1); scripts rely on them. */
enum exit_code {
	EXIT_OK = 0,
	EXIT_REFUSED_BY_SERVICE = 1, /* the service said no, with a code */
	EXIT_USAGE = 2,
	EXIT_NOT_FOUND = 3,
	EXIT_NO_CONNECTION = 4, /* the service cannot be reached */
	EXIT_ACTION_FAILED = 5, /* the request was taken, but the action ended in an error */
	EXIT_NO_RIGHT = 6,
};

#define CLI_MAX_POSITIONALS 4
#define CLI_MAX_VALUES      32

struct option_rule {
	const char *name;     /* without the dashes */
	const char *argument; /* what to call its value in help, or NULL for a switch */
	const char *help;
	bool repeatable;
};

struct option_value {
	const struct option_rule *rule;
	const char *value; /* NULL for a switch */
};

struct api;
struct invocation;

struct command {
	const char *noun;
	const char *verb;
	const char *positionals; /* "NAME", "[NAME]", "NAME NEW-NAME": checked and shown as they
				    stand */
	const char *summary;
	const struct option_rule *options; /* ends with name == NULL; may be NULL */
	int (*run)(struct invocation *invocation);
	bool is_alone; /* needs neither settings nor a service: api and config_path are NULL */
};

struct invocation {
	const struct command *command;
	struct api *api;
	const char *positionals[CLI_MAX_POSITIONALS];
	size_t positional_count;
	struct option_value values[CLI_MAX_VALUES];
	size_t value_count;
	char **rest; /* what follows "--"; ends with NULL */
	bool json;
	bool quiet;
	const char *config_path;
};

/* The tables of the rooms below; each ends with noun == NULL. */
extern const struct command server_commands[];
extern const struct command catalogue_commands[];
extern const struct command host_commands[];
extern const struct command access_commands[];
extern const struct command customer_commands[];
extern const struct command people_commands[];
extern const struct command contract_commands[];
extern const struct command notice_commands[];
extern const struct command alert_commands[];
extern const struct command firewall_commands[];
extern const struct command address_commands[];
extern const struct command network_commands[];
extern const struct command zone_commands[];
extern const struct command zone_record_commands[];
extern const struct command name_server_commands[];
extern const struct command contact_commands[];
extern const struct command post_commands[];
extern const struct command service_commands[];
extern const struct command backup_commands[];
extern const struct command console_commands[];
extern const struct command history_commands[];
/** command_tables() - all of them, ending with NULL. */
const struct command *const *command_tables(void);

/** option_text() - the last value given for an option, or NULL. */
const char *option_text(const struct invocation *invocation, const char *name);
bool option_given(const struct invocation *invocation, const char *name);
/** option_next() - walk the values of a repeatable option; start with *@at = 0. NULL at the end. */
const char *option_next(const struct invocation *invocation, const char *name, size_t *at);

/** arguments_parse() - fill @ret from argv; prints what is wrong and returns an exit code, or 0. */
int arguments_parse(int argc, char **argv, struct invocation *ret);

/* Help, completion and the manual page are made from the same tables. */
void help_overview(void);
void help_noun(const char *noun);
void help_command(const struct command *command);
void help_completion_bash(void);
void help_manual(void);

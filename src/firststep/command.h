// What firststep(1) can be told, and each command.
#pragma once

#include <stdbool.h>

#include "firststep/checklist.h"

#define EXIT_PASS    0
#define EXIT_FAIL    1
#define EXIT_UNKNOWN 2 /* cannot tell; also wrong use, and a change that was not made */

#define COMMAND_WORDS_MAX 64

struct options {
	const char *root;            /* NULL: the running system */
	const char *key;             /* of user add */
	const char *port, *ask_port; /* of report: NULL: those to the host */
	bool json, is_japanese, yes, without_rollback, if_due, boot;
	bool image;         /* @root is an image: its user comes at the first boot */
	bool to_host, stay; /* of report */
	bool no_packages;   /* of apply: install nothing */
	unsigned minutes;
	const char *words[COMMAND_WORDS_MAX]; /* behind the command */
	size_t count;
};

/** Each returns an exit status. */
int command_check(const struct options *options);
int command_report(const struct options *options);
int command_apply(const struct options *options);
int command_confirm(const struct options *options);
int command_rollback(const struct options *options);
int command_ssh_port(const struct options *options);
/** command_allow() - also what the words say; without any, what the settings open. */
int command_allow(const struct options *options);
int command_user(const struct options *options);

/** command_failed() - say why on stderr; EXIT_UNKNOWN. */
int command_failed(const struct err *err);

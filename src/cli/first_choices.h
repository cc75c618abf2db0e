// What create and rebuild offer for a server's first boot.
#pragma once

#include <jansson.h>

#include "base/err.h"
#include "cli/cli.h"

/** first_choices_add() - as `first_step` into @body, when any was given. ERR_INVALID_INPUT. */
int first_choices_add(const struct invocation *invocation, json_t *body, struct err *err);

/* The options that first_choices_add() reads. */
#define FIRST_CHOICE_OPTIONS                                                                       \
	{"ssh-port", "PORT", "where SSH listens: 22, 1024 and above, or random; 22 unless given",  \
	 false},                                                                                   \
		{"open-port", "PORT/PROTOCOL",                                                     \
		 "what the server's own packet filter lets in beside SSH: 443/tcp", true},         \
		{"log-days", "DAYS", "how long the server keeps its logs; 90 unless given",        \
		 false},                                                                           \
		{"updates", "POLICY",                                                              \
		 "security updates: reboot (by themselves, with a reboot at night when needed; "   \
		 "the usual), no_reboot, or manual",                                               \
		 false},                                                                           \
	{                                                                                          \
		"console-password-file", "FILE",                                                   \
			"first line: root's password for the console, to be changed at the first " \
			"login",                                                                   \
			false                                                                      \
	}

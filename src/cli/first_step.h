// The commands about a server's first step.
#pragma once

#include "cli/cli.h"

extern const struct option_rule first_step_check_options[], first_step_open_options[];
int first_step_check(struct invocation *invocation);
int first_step_open(struct invocation *invocation);

// What create and rebuild offer for a server's first boot.
#pragma once

#include <jansson.h>

#include "base/err.h"
#include "cli/cli.h"

/** first_choices_add() - as `first_step` into @body, when any was given. ERR_INVALID_INPUT. */
int first_choices_add(const struct invocation *invocation, json_t *body, struct err *err);

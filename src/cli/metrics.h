// ippo server metrics: what a server has used, as a table or as JSON.
#pragma once

#include "cli/cli.h"

extern const struct option_rule metrics_options[];
int metrics_show(struct invocation *invocation);

// The host as operators see it, and what everybody learns of its maintenance.
#pragma once

#include <jansson.h>

#include "core/core.h"

json_t *hosts_render(struct core *core);
/** hosts_maintenance() - {"reason", "since"}, or null. */
json_t *hosts_maintenance(struct core *core);

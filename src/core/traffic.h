// Asks the host each minute what went over the servers' wires, and adds it to their months.
#pragma once

#include "core/core.h"

struct traffic;

int traffic_new(struct core *core, struct traffic **ret, struct err *err);
void traffic_free(struct traffic *traffic);

// Changes of firewalls on trial: when one is in force, and connections that confirm one.
#pragma once

#include "core/core.h"

struct trials;

int trials_new(struct core *core, struct trials **ret, struct err *err);

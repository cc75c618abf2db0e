// The state and run folders, their owners, and the lock that keeps two ippods off one state.
#pragma once

#include "base/config.h"

/**
 * state_prepare() - make what is missing below state_dir and run_dir, and set owners and modes.
 * Errors name the folder, or the user or group that is missing and how to make it.
 */
int state_prepare(const struct config *config, struct err *err);

/**
 * state_lock() - hold the state for this process and those it forks. The lock's descriptor, or an
 * error; ERR_IN_USE when another ippod has it.
 */
int state_lock(const struct config *config, struct err *err);

/** state_write_pid() - this process's id into RUN_DIR/ippod.pid. */
int state_write_pid(const struct config *config, struct err *err);

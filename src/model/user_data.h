// The customer's own cloud-init document.
#pragma once

#include <stddef.h>

#include "base/err.h"

#define USER_DATA_MAX_BYTES ((size_t)32 * 1024)

/** user_data_check() - size, and text without NUL. 0 or ERR_INVALID_INPUT. */
int user_data_check(const char *data, size_t bytes, struct err *err);

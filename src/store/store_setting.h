// Small facts the service remembers: key and value, both text.
#pragma once

#include "store/store.h"

/** store_setting_get() - ret is malloc'd; ERR_NOT_FOUND when never set. */
int store_setting_get(struct store *store, const char *key, char **ret, struct err *err);
/** store_setting_set() - @value NULL forgets it. */
int store_setting_set(struct store *store, const char *key, const char *value, struct err *err);

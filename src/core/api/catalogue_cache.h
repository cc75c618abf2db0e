// Plans, images and places as JSON text: each server shows some, and there are few of them.
#pragma once

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct core;
struct catalogue_cache;

enum catalogue_kind { CATALOGUE_PLAN, CATALOGUE_IMAGE, CATALOGUE_LOCATION, CATALOGUE_DATACENTER };

int catalogue_cache_new(struct core *core, struct catalogue_cache **ret, struct err *err);
void catalogue_cache_free(struct catalogue_cache *cache);
/** catalogue_cache_append() - the object, or null when there is none. 0 or a negative code. */
int catalogue_cache_append(struct catalogue_cache *cache, enum catalogue_kind kind, uint64_t id,
			   struct buf *out);

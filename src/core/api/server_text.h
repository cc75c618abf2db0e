// A server's object as JSON text.
#pragma once

#include "base/buf.h"
#include "core/api/catalogue_cache.h"
#include "model/contract.h"
#include "model/server.h"
#include "store/store.h"

/** server_text_append() - keys are never left out: some clients index them directly. 0 or a
 * negative code; then @out holds a part of it. What it says of the next charge holds for one day,
 * see contract_day(). */
int server_text_append(struct store *store, struct catalogue_cache *catalogue,
		       const struct contract_terms *terms, const struct server *server,
		       struct buf *out);

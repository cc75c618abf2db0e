// Servers as JSON text, kept by id and version: a list is mostly servers nobody changed since.
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "model/server.h"
#include "store/store_server.h"

struct core;
struct server_cache;

#define SERVER_CACHE_ENTRIES 2048

int server_cache_new(struct core *core, struct server_cache **ret, struct err *err);
void server_cache_free(struct server_cache *cache);
/** server_cache_append() - the server's object. 0 or a negative code. */
int server_cache_append(struct server_cache *cache, const struct server *server, struct buf *out);
/** server_cache_append_ref() - the same by reference; reads the row only when the text is not
 * there. */
int server_cache_append_ref(struct server_cache *cache, const struct store_server_ref *ref,
			    struct buf *out);

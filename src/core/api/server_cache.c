#include "core/api/server_cache.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "core/api/server_text.h"
#include "core/core.h"
#include "store/store.h"

struct entry {
	uint64_t id;
	uint64_t version;
	uint64_t catalogue;
	int64_t day; /* for which what it says of charges holds */
	char *text;
	size_t bytes;
};

struct server_cache {
	struct core *core;
	struct catalogue_cache *catalogue;
	struct entry entries[SERVER_CACHE_ENTRIES];
};

int server_cache_new(struct core *core, struct server_cache **ret, struct err *err)
{
	struct server_cache *cache = calloc(1, sizeof *cache);
	int code;

	if (cache == NULL)
		return err_set(err, -ENOMEM, "no memory");
	if ((code = catalogue_cache_new(core, &cache->catalogue, err)) < 0) {
		free(cache);
		return code;
	}
	cache->core = core;
	*ret = cache;
	return 0;
}

void server_cache_free(struct server_cache *cache)
{
	if (cache == NULL)
		return;
	for (size_t i = 0; i < SERVER_CACHE_ENTRIES; i++)
		free(cache->entries[i].text);
	catalogue_cache_free(cache->catalogue);
	free(cache);
}

static int64_t today(const struct server_cache *cache)
{
	return contract_day(&cache->core->terms, clock_now_ms());
}

static struct entry *find(struct server_cache *cache, uint64_t id, uint64_t version, bool *ret_hit)
{
	struct entry *entry = &cache->entries[id % SERVER_CACHE_ENTRIES];

	*ret_hit = entry->text != NULL && entry->id == id && entry->version == version &&
		   entry->day == today(cache) &&
		   entry->catalogue == store_catalogue_generation(cache->core->store);
	return entry;
}

int server_cache_append(struct server_cache *cache, const struct server *server, struct buf *out)
{
	const size_t before = out->len;
	const int64_t day = today(cache);
	AUTO_FREE char *text = NULL;
	bool hit;
	struct entry *entry = find(cache, server->id, server->version, &hit);
	int code;

	if (hit)
		return buf_append(out, entry->text, entry->bytes);
	if ((code = server_text_append(cache->core->store, cache->catalogue, &cache->core->terms,
				       server, out)) < 0)
		return code;
	/* What a transaction shows may never come to be. */
	if (store_in_transaction(cache->core->store))
		return 0;
	const size_t bytes = out->len - before;
	if ((text = malloc(bytes)) == NULL)
		return 0;
	memcpy(text, out->data + before, bytes);
	free(entry->text);
	*entry = (struct entry){
		server->id, server->version, store_catalogue_generation(cache->core->store),
		day,        steal_ptr(text), bytes};
	return 0;
}

int server_cache_append_ref(struct server_cache *cache, const struct store_server_ref *ref,
			    struct buf *out)
{
	bool hit;
	struct entry *entry = find(cache, ref->id, ref->version, &hit);
	struct server server = {0};
	int code;

	if (hit)
		return buf_append(out, entry->text, entry->bytes);
	if ((code = store_server_get(cache->core->store, 0, ref->id, &server, NULL)) < 0)
		return code;
	code = server_cache_append(cache, &server, out);
	server_done(&server);
	return code;
}

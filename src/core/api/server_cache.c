#include "core/api/server_cache.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "core/api/render.h"
#include "core/core.h"
#include "store/store.h"

struct entry {
	uint64_t id;
	uint64_t version;
	uint64_t catalogue;
	char *text;
	size_t bytes;
};

struct server_cache {
	struct core *core;
	struct entry entries[SERVER_CACHE_ENTRIES];
};

int server_cache_new(struct core *core, struct server_cache **ret, struct err *err)
{
	struct server_cache *cache = calloc(1, sizeof *cache);

	if (cache == NULL)
		return err_set(err, -ENOMEM, "no memory");
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
	free(cache);
}

static struct entry *find(struct server_cache *cache, uint64_t id, uint64_t version, bool *ret_hit)
{
	struct entry *entry = &cache->entries[id % SERVER_CACHE_ENTRIES];

	*ret_hit = entry->text != NULL && entry->id == id && entry->version == version &&
		   entry->catalogue == store_catalogue_generation(cache->core->store);
	return entry;
}

int server_cache_append(struct server_cache *cache, const struct server *server, struct buf *out)
{
	bool hit;
	struct entry *entry = find(cache, server->id, server->version, &hit);

	if (!hit) {
		json_t *object = render_server(cache->core, server);
		char *text = json_dumps(object, JSON_COMPACT);
		json_decref(object);
		if (text == NULL)
			return -ENOMEM;
		free(entry->text);
		*entry = (struct entry){server->id, server->version,
					store_catalogue_generation(cache->core->store), text,
					strlen(text)};
	}
	return buf_append(out, entry->text, entry->bytes);
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

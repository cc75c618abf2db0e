#include "core/api/catalogue_cache.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "core/api/render.h"
#include "core/core.h"
#include "store/store.h"
#include "store/store_image.h"
#include "store/store_location.h"
#include "store/store_plan.h"

/* A slot is chosen by id and kind; two that share one take turns. */
#define SLOTS 256
#define KINDS 4

struct entry {
	uint64_t id;
	enum catalogue_kind kind;
	uint64_t generation;
	char *text;
	size_t bytes;
};

struct catalogue_cache {
	struct core *core;
	struct entry entries[SLOTS];
};

int catalogue_cache_new(struct core *core, struct catalogue_cache **ret, struct err *err)
{
	struct catalogue_cache *cache = calloc(1, sizeof *cache);

	if (cache == NULL)
		return err_set(err, -ENOMEM, "no memory");
	cache->core = core;
	*ret = cache;
	return 0;
}

void catalogue_cache_free(struct catalogue_cache *cache)
{
	if (cache == NULL)
		return;
	for (size_t i = 0; i < SLOTS; i++)
		free(cache->entries[i].text);
	free(cache);
}

static json_t *read_image(struct core *core, uint64_t id)
{
	struct image image CLEANUP(image_done) = {0};

	return store_image_get(core->store, 0, id, &image, NULL) < 0 ? json_null()
								     : render_image(&image);
}

static json_t *read_object(struct core *core, enum catalogue_kind kind, uint64_t id)
{
	struct location location;
	struct plan plan;

	if (id == 0)
		return json_null();
	if (kind == CATALOGUE_IMAGE)
		return read_image(core, id);
	if (kind == CATALOGUE_PLAN)
		return store_plan_get(core->store, id, &plan, NULL) < 0 ? json_null()
									: render_plan(core, &plan);
	if (store_location_get(core->store, id, &location, NULL) < 0)
		return json_null();
	return kind == CATALOGUE_LOCATION ? render_location(&location)
					  : render_datacenter(core, &location);
}

int catalogue_cache_append(struct catalogue_cache *cache, enum catalogue_kind kind, uint64_t id,
			   struct buf *out)
{
	const uint64_t generation = store_catalogue_generation(cache->core->store);
	struct entry *entry = &cache->entries[(id * KINDS + kind) % SLOTS];
	AUTO_FREE char *text = NULL;
	json_t *object;
	int code;

	if (entry->text != NULL && entry->id == id && entry->kind == kind &&
	    entry->generation == generation)
		return buf_append(out, entry->text, entry->bytes);
	object = read_object(cache->core, kind, id);
	text = json_dumps(object, JSON_COMPACT | JSON_ENCODE_ANY);
	json_decref(object);
	if (text == NULL)
		return -ENOMEM;
	code = buf_puts(out, text);
	/* What a transaction shows may never come to be. */
	if (!store_in_transaction(cache->core->store)) {
		const size_t bytes = strlen(text);
		free(entry->text);
		*entry = (struct entry){id, kind, generation, steal_ptr(text), bytes};
	}
	return code;
}

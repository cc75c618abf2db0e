// Images in the database.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "model/image.h"
#include "model/label_selector.h"
#include "model/page.h"
#include "model/sort.h"
#include "store/store.h"

/* What a list shows; zero leaves a condition out. All pointers are borrowed. */
struct store_image_filter {
	uint64_t customer_id; /* its own and those of the service */
	const char *name;
	const char *architecture;
	uint64_t bound_to;       /* backups of that server */
	uint32_t types;          /* bits 1 << enum image_type */
	uint32_t statuses;       /* bits 1 << enum image_status */
	bool without_deprecated; /* leave out those deprecated */
	const struct label_selector *selector;
	struct sort sort;
	struct page page;
};

struct store_images {
	struct image *items;
	size_t count;
	uint64_t total;
};

int store_image_insert(struct store *store, struct image *image, struct err *err);
int store_image_get(struct store *store, uint64_t customer_id, uint64_t id, struct image *ret,
		    struct err *err);
int store_image_get_by_name(struct store *store, uint64_t customer_id, const char *name,
			    struct image *ret, struct err *err);
/** store_image_get_rescue() - the newest rescue system that is there; ERR_NOT_FOUND without one. */
int store_image_get_rescue(struct store *store, struct image *ret, struct err *err);
/** store_image_list() - what is being deleted is no longer in it. */
int store_image_list(struct store *store, const struct store_image_filter *filter,
		     struct store_images *ret, struct err *err);
void store_image_done(struct store_images *images);
/** store_image_update() - description, type, labels, protect_delete, deprecated, bound_to. */
int store_image_update(struct store *store, const struct image *image, struct err *err);
/** store_image_update_name() - ERR_UNIQUENESS when another has it. */
int store_image_update_name(struct store *store, uint64_t id, const char *name, struct err *err);
int store_image_update_status(struct store *store, uint64_t id, enum image_status status,
			      struct err *err);
/** store_image_update_facts() - what the host said once it was imported; checksum NULL: unchanged.
 */
int store_image_update_facts(struct store *store, uint64_t id, uint64_t file_bytes,
			     uint64_t virtual_bytes, const uint8_t *checksum, struct err *err);
/** store_image_delete() - ERR_IN_USE while servers are made from it. */
int store_image_delete(struct store *store, uint64_t id, struct err *err);
/** store_image_release() - servers whose disk is a copy of it forget where that came from. */
int store_image_release(struct store *store, uint64_t id, struct err *err);
/** store_image_count_servers() - how many servers are made from it. */
int store_image_count_servers(struct store *store, uint64_t id, uint64_t *ret, struct err *err);

// What is installed in images, and what waits for them in the archive, in the database.
#pragma once

#include <stdint.h>

#include "base/buf.h"
#include "model/image.h"
#include "store/store.h"

/** store_image_updates_put() - keep the package list (wire/package_list.h) of an image; the first
 * look is due at @due_ms. */
int store_image_updates_put(struct store *store, uint64_t image_id, const char *packages,
			    int64_t due_ms, struct err *err);
/** store_image_updates_due() - the image whose look is due for the longest: available, and not
 * deprecated unless somebody asked. ERR_NOT_FOUND: none. @ret_packages: what was put, appended. */
int store_image_updates_due(struct store *store, int64_t now_ms, uint64_t *ret_image_id,
			    struct buf *ret_packages, struct err *err);
/** store_image_updates_ask() - a look is due at once. ERR_NOT_FOUND: there is no list. */
int store_image_updates_ask(struct store *store, uint64_t image_id, struct err *err);
/** store_image_updates_known() - a look could count. */
int store_image_updates_known(struct store *store, uint64_t image_id, uint64_t pending,
			      uint64_t security, int64_t now_ms, int64_t due_ms, struct err *err);
/** store_image_updates_unknown() - a look could not; since when stays with the first of a row of
 * them, and the figures of the last good one stay too. */
int store_image_updates_unknown(struct store *store, uint64_t image_id, enum image_unknown why,
				const char *text, int64_t now_ms, int64_t due_ms, struct err *err);

/** store_image_old() - one that servers are made from, born before @born_ms, of which operators
 * were not told. ERR_NOT_FOUND: none. image_done() frees it. */
int store_image_old(struct store *store, int64_t born_ms, struct image *ret, struct err *err);
/** store_image_told() - they are told now. */
int store_image_told(struct store *store, uint64_t image_id, int64_t now_ms, struct err *err);

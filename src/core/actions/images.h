// Images made of servers: snapshots, and backups by the day.
#pragma once

#include <stdint.h>

#include "base/err.h"
#include "model/image.h"
#include "model/server.h"

struct engine;
struct store;

/** image_base() - the image that a disk made from @image_id is an overlay of; 0: it is a copy. */
uint64_t image_base(struct store *store, uint64_t image_id);

/** images_of_server() - what the row of an image of @server begins with. Free with image_done(). */
int images_of_server(struct store *store, const struct server *server, enum image_type type,
		     struct image *ret, struct err *err);

/** images_drop_backups() - have those of a server deleted; protected ones become snapshots. In the
 * caller's transaction. @reason: for the history. */
int images_drop_backups(struct engine *engine, uint64_t server_id, const char *reason,
			struct err *err);

/** backup_failed() - when it is tried again. */
int backup_failed(struct store *store, uint64_t server_id, struct err *err);
/** backups_begin() - those whose time has come, as many as are copied at once. In no transaction.
 */
void backups_begin(struct engine *engine);

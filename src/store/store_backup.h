// Backups of servers by the day: whose are due, and which are there.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "model/backup.h"
#include "store/store.h"

/** store_backup_switch() - @window BACKUP_NONE: no more are made, and nothing is charged for them.
 */
int store_backup_switch(struct store *store, uint64_t server_id, enum backup_window window,
			uint32_t percent, int64_t due_ms, struct err *err);
int store_backup_put_due(struct store *store, uint64_t server_id, int64_t due_ms, struct err *err);
/** store_backup_due() - servers whose time has come and that nothing is being done to, the longest
 * due first. */
int store_backup_due(struct store *store, int64_t now_ms, uint64_t *ids, size_t max,
		     size_t *ret_count, struct err *err);

/** store_backup_list() - ids of the whole backups of a server that are not protected, the newest
 * first, from the one after the @skip newest on. */
int store_backup_list(struct store *store, uint64_t server_id, size_t skip, uint64_t *ids,
		      size_t max, size_t *ret_count, struct err *err);
/** store_backup_unbind() - those that are protected from deletion are snapshots from now on. */
int store_backup_unbind(struct store *store, uint64_t server_id, struct err *err);

// One round-robin database for each server, by librrd, in the working folder.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "wire/metrics_message.h"

/** database_update() - put samples of one server, in the order of time, into its database, which is
 * made when there is none. Samples not newer than what it has are passed over. Blocks. */
int database_update(uint64_t server_id, const struct metrics_record *samples, size_t count,
		    struct err *err);

/** database_remove() - no database is a success. */
int database_remove(uint64_t server_id, struct err *err);

/** database_fetch() - the averages. A server without a database has no rows. @ret:
 * metrics_rows_done(). */
int database_fetch(const struct metrics_fetch *fetch, struct metrics_rows *ret, struct err *err);

/** database_keep() - remove every file that is not of one of these. @server_ids: rising. */
int database_keep(const uint64_t *server_ids, size_t count, struct err *err);

// How a zone is read from its row. Only for this folder.
#pragma once

#include <sqlite3.h>

#define ZONE_COLUMNS                                                                               \
	"z.id, z.customer_id, z.name, z.shown, z.ttl, z.labels, z.protected, z.dnssec, "           \
	"z.created_ms, z.version, z.applied, z.serial, z.record_count, z.error, z.parent_ds, "     \
	"z.parent_ms, z.proof, z.proof_ms, z.proof_until_ms, z.proof_why, z.secondary, "           \
	"z.contents, z.expires_ms, z.transferred_ms, z.key_roll, z.key_roll_ms"

/** zone_row_read() - @item: a zeroed struct zone. */
int zone_row_read(sqlite3_stmt *statement, void *item);

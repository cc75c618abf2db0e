// A row of the history as a line. Only for this folder.
#pragma once

#include "model/history_line.h"
#include "store/statement.h"

#define HISTORY_COLUMNS                                                                            \
	"id, time_ms, customer_id, actor, actor_id, actor_name, operator, peer, what, result, "    \
	"error_code, resource_type, resource_id, resource_name, action_id, details, hash"

/** history_row_read() - 0, or ERR_CORRUPT for a row that cannot be what we wrote, down to the types
 * of its values: whoever changes a line must not find a way to write it that reads the same. */
int history_row_read(sqlite3_stmt *statement, struct history_line *ret);

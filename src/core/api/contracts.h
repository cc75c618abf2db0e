// Amounts and next charges as JSON, for what shows a price.
#pragma once

#include <jansson.h>

#include "base/buf.h"
#include "model/backup.h"
#include "model/contract.h"
#include "model/plan.h"

/** contracts_money() - {"currency", "amount", "amount_minor"}. */
json_t *contracts_money(int64_t minor, const char *currency);
/** contracts_monthly() - a month of a plan, and of backups at @backup_percent of it. */
int64_t contracts_monthly(const struct plan *plan, uint32_t backup_percent);
/** contracts_write_next() - as JSON text: when a server made at @created_ms is charged for next
 * after @now_ms and how much, or null where that is nothing. */
void contracts_write_next(const struct contract_terms *terms, int64_t monthly_minor,
			  const char *currency, int64_t created_ms, int64_t now_ms,
			  struct buf *out);

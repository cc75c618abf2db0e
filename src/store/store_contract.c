#include "store/store_contract.h"

#include <stdlib.h>

#include "store/query.h"

#define COLUMNS                                                                                    \
	"server_id, server_name, plan, currency, monthly_minor, initial_minor, before_minor, "     \
	"reason, anchor_ms, from_ms, until_ms"

static int read_row(sqlite3_stmt *statement, void *item)
{
	struct contract_span *span = item;

	span->server_id = statement_u64(statement, 0);
	span->monthly_minor = sqlite3_column_int64(statement, 4);
	span->initial_minor = sqlite3_column_int64(statement, 5);
	span->before_minor = sqlite3_column_int64(statement, 6);
	span->reason = (enum contract_reason)statement_u32(statement, 7);
	span->anchor_ms = sqlite3_column_int64(statement, 8);
	span->from_ms = sqlite3_column_int64(statement, 9);
	span->until_ms = sqlite3_column_int64(statement, 10);
	if (statement_copy(statement, 1, span->server_name, sizeof span->server_name) < 0 ||
	    statement_copy(statement, 2, span->plan, sizeof span->plan) < 0 ||
	    statement_copy(statement, 3, span->currency, sizeof span->currency) < 0)
		return ERR_CORRUPT;
	return 0;
}

static int read_all(struct store *store, struct query *query, struct store_spans *ret,
		    struct err *err)
{
	struct statement_list list = {0};
	int r = query_read(store, query, sizeof(struct contract_span), read_row, "contract", &list,
			   err);

	if (r < 0) {
		free(list.items);
		return r;
	}
	*ret = (struct store_spans){list.items, list.count};
	return 0;
}

int store_contract_spans(struct store *store, uint64_t customer_id, int64_t from_ms,
			 int64_t until_ms, struct store_spans *ret, struct err *err)
{
	struct query query CLEANUP(query_done) = {0};

	query_where(&query, "SELECT " COLUMNS " FROM contract WHERE customer_id = ?",
		    (struct bind)B_INT(customer_id));
	query_where(&query, " AND from_ms < ?", (struct bind)B_INT(until_ms));
	query_where(&query, " AND (until_ms = 0 OR until_ms > ?)", (struct bind)B_INT(from_ms));
	query_add(&query, " ORDER BY server_id, id");
	return read_all(store, &query, ret, err);
}

int store_contract_now(struct store *store, uint64_t customer_id, struct store_spans *ret,
		       struct err *err)
{
	struct query query CLEANUP(query_done) = {0};

	query_where(&query,
		    "SELECT " COLUMNS " FROM contract WHERE until_ms = 0 AND customer_id = ?",
		    (struct bind)B_INT(customer_id));
	query_add(&query, " ORDER BY server_name COLLATE NOCASE, server_id");
	return read_all(store, &query, ret, err);
}

void store_contract_done(struct store_spans *spans)
{
	free(spans->items);
	*spans = (struct store_spans){0};
}

int store_contract_void(struct store *store, uint64_t server_id, struct err *err)
{
	int r = statement_run(store, "DELETE FROM contract WHERE server_id = ?",
			      BIND(B_INT(server_id)), err);

	return r < 0 ? r : 0;
}

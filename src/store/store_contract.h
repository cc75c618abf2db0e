// How long customers had which servers at which price; written by triggers of the tables it is
// about.
#pragma once

#include "model/contract.h"
#include "store/store.h"

struct store_spans {
	struct contract_span *items;
	size_t count;
};

/** store_contract_spans() - those of a customer that reach into [@from_ms, @until_ms), by server
 * and then by time; servers that have gone included. */
int store_contract_spans(struct store *store, uint64_t customer_id, int64_t from_ms,
			 int64_t until_ms, struct store_spans *ret, struct err *err);
/** store_contract_now() - of the servers a customer has, by their names. */
int store_contract_now(struct store *store, uint64_t customer_id, struct store_spans *ret,
		       struct err *err);
void store_contract_done(struct store_spans *spans);

/** store_contract_void() - a server that never came to be costs nothing: its lines go. */
int store_contract_void(struct store *store, uint64_t server_id, struct err *err);

// Plans (the API's server types) in the database.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "model/page.h"
#include "model/plan.h"
#include "model/sort.h"
#include "store/store.h"

struct store_plans {
	struct plan *items;
	size_t count;
	uint64_t total;
};

int store_plan_insert(struct store *store, struct plan *plan, struct err *err);
int store_plan_get(struct store *store, uint64_t id, struct plan *ret, struct err *err);
int store_plan_get_by_name(struct store *store, const char *name, struct plan *ret,
			   struct err *err);
int store_plan_list(struct store *store, const char *name, const struct sort *sort,
		    const struct page *page, struct store_plans *ret, struct err *err);
void store_plan_done(struct store_plans *plans);
/** store_plan_update() - everything but id and created. Servers keep what they were made with until
 * they are next defined. */
int store_plan_update(struct store *store, const struct plan *plan, struct err *err);
/** store_plan_delete() - ERR_IN_USE while servers have it. */
int store_plan_delete(struct store *store, uint64_t id, struct err *err);

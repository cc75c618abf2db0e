// Actions, their steps and the resources they are about.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "model/action.h"
#include "model/page.h"
#include "model/sort.h"
#include "store/store.h"

/* What a list shows; zero leaves a condition out. All pointers are borrowed. */
struct store_action_filter {
	uint64_t customer_id;
	uint64_t server_id;
	enum action_resource_type resource_type; /* with resource_id 0: about any of that type */
	uint64_t resource_id;
	uint32_t statuses; /* bits 1 << enum action_status */
	const uint64_t *ids;
	size_t id_count;  /* only looked at when ids is not NULL */
	struct sort sort; /* by id, command, status, progress, started, finished */
	struct page page; /* entries 0: all */
};

struct store_actions {
	struct action *items;
	size_t count;
	uint64_t total;
};

struct store_action_steps {
	struct action_step items[ACTION_MAX_STEPS];
	size_t count;
};

/** store_action_insert() - with its resources; sets id. */
int store_action_insert(struct store *store, struct action *action, struct err *err);
/** store_action_insert_step() - numbers run from 0 without a gap. */
int store_action_insert_step(struct store *store, uint64_t action_id, uint32_t number,
			     const char *name, struct err *err);

int store_action_get(struct store *store, uint64_t customer_id, uint64_t id, struct action *ret,
		     struct err *err);
int store_action_get_steps(struct store *store, uint64_t action_id, struct store_action_steps *ret,
			   struct err *err);
int store_action_list(struct store *store, const struct store_action_filter *filter,
		      struct store_actions *ret, struct err *err);
void store_action_done(struct store_actions *actions);

int store_action_start_step(struct store *store, uint64_t action_id, uint32_t number,
			    int64_t now_ms, struct err *err);
int store_action_finish_step(struct store *store, uint64_t action_id, uint32_t number,
			     enum action_step_result result, int64_t now_ms, struct err *err);
int store_action_update_progress(struct store *store, uint64_t id, uint8_t progress,
				 struct err *err);
int store_action_update_params(struct store *store, uint64_t id, const char *params,
			       struct err *err);
/** store_action_fail() - a step failed: remember why, from now on it is being undone. */
int store_action_fail(struct store *store, uint64_t id, const char *code, const char *text,
		      struct err *err);
/** store_action_finish() - the end, success or error; keeps an error that store_action_fail()
 * recorded when @code is NULL. ERR_GONE when it had ended already. */
int store_action_finish(struct store *store, uint64_t id, enum action_status status,
			const char *code, const char *text, int64_t now_ms, struct err *err);

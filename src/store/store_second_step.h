// The second step of signing in, in the database: its secret, and the hashes of recovery codes.
#pragma once

#include <stdint.h>

#include "base/secret.h"
#include "model/second_step.h"
#include "store/store.h"

/** store_second_step_begin() - what was begun and not confirmed before is replaced.
 * Errors: ERR_UNIQUENESS when it is on already. */
int store_second_step_begin(struct store *store, const struct second_step *step, struct err *err);
/** store_second_step_get() - also one that is begun only. ERR_NOT_FOUND. */
int store_second_step_get(struct store *store, uint64_t user_id, struct second_step *ret,
			  struct err *err);
/** store_second_step_confirm() - it is on; @used_step: whose code has shown that it works.
 * ERR_NOT_FOUND when none is waiting for that. */
int store_second_step_confirm(struct store *store, uint64_t user_id, uint64_t used_step,
			      int64_t now_ms, struct err *err);
/** store_second_step_use() - one atomic statement: of any number of attempts with a code of
 * @used_step exactly one wins, the others get ERR_NOT_FOUND. */
int store_second_step_use(struct store *store, uint64_t user_id, uint64_t used_step,
			  struct err *err);
int store_second_step_note_wrong(struct store *store, uint64_t user_id, int64_t now_ms,
				 struct err *err);
/** store_second_step_note_right() - wrong ones are counted from none again. */
int store_second_step_note_right(struct store *store, uint64_t user_id, struct err *err);
/** store_second_step_delete() - with the recovery codes. ERR_NOT_FOUND. */
int store_second_step_delete(struct store *store, uint64_t user_id, struct err *err);

/** store_second_step_set_recovery() - those from before are worth nothing from then on. */
int store_second_step_set_recovery(struct store *store, uint64_t user_id,
				   const uint8_t (*hashes)[SECRET_HASH_BYTES], size_t count,
				   struct err *err);
/** store_second_step_use_recovery() - as store_second_step_use(). */
int store_second_step_use_recovery(struct store *store, uint64_t user_id,
				   const uint8_t hash[SECRET_HASH_BYTES], struct err *err);
int store_second_step_count_recovery(struct store *store, uint64_t user_id, uint64_t *ret,
				     struct err *err);

// The way back: what was, kept on disk until a new login has proved the change.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "firststep/item.h"
#include "firststep/plan.h"

#define ROLLBACK_ITEMS_MAX 16

/* What is kept beside the files. */
struct pending {
	char boot_id[40];
	int64_t deadline_boot_ms;    /* on CLOCK_BOOTTIME of that boot */
	int64_t applied_boot_ms;     /* 0: not (wholly) in force yet */
	uint16_t old_port, new_port; /* of a move of SSH; 0 without */
	const struct item *items[ROLLBACK_ITEMS_MAX];
	size_t item_count;
};

/** rollback_lock() - one firststep at a time changes things. Returns the lock's descriptor. */
int rollback_lock(struct err *err);
/** rollback_load() - -ENOENT when nothing waits. */
int rollback_load(struct pending *ret, struct err *err);
/** rollback_is_due() - its time is over, or the system was started anew since. */
bool rollback_is_due(const struct pending *pending);
/** rollback_save() - what @plan is going to change, on disk before anything is changed. */
int rollback_save(const struct plan *plan, struct pending *pending, struct err *err);
/** rollback_arm() - something that has the old state back at the deadline, and at the next boot. */
int rollback_arm(const struct pending *pending, struct err *err);
/** rollback_applied() - from now on a new login may prove the change. */
int rollback_applied(struct pending *pending, struct err *err);
/**
 * rollback_restore() - the old state.
 * @at_boot: nothing runs yet that would have to read it again.
 * What fails is tried again at the next boot: the saved state stays then.
 */
int rollback_restore(struct context *context, bool at_boot, struct err *err);
/** rollback_disarm() - the change stays. */
int rollback_disarm(struct err *err);

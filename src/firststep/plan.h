// What is going to be changed: files written, modes narrowed, services switched on.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"
#include "firststep/tree.h"

#define PLAN_MAX 64

struct change {
	char path[320];
	enum { CHANGE_WRITE, CHANGE_MODE, CHANGE_LINK, CHANGE_REMOVE } kind;
	struct buf before, after; /* contents; of CHANGE_LINK what it points to */
	bool existed;
	mode_t mode; /* afterwards */
	mode_t mode_before;
	uid_t uid;
	gid_t gid;
};

struct plan {
	const struct tree *tree;
	struct change *list[PLAN_MAX];
	size_t count;
};

void plan_done(struct plan *plan);
/** plan_write() - @path is to hold @text; nothing to do when it does. Takes @text's contents. */
int plan_write(struct plan *plan, const char *path, struct buf *text, mode_t mode, struct err *err);
/** plan_tighten() - take the bits of @refused from the mode of what is there. */
int plan_tighten(struct plan *plan, const char *path, mode_t refused);
/** plan_enable() - a unit that a target is to want. */
int plan_enable(struct plan *plan, const char *unit, const char *target, struct err *err);
int plan_remove(struct plan *plan, const char *path, struct err *err);
/** plan_show() - a unified difference of everything, for people and patch(1). */
int plan_show(const struct plan *plan, struct buf *out);
/** plan_carry_out() - make the changes of one path each, atomically: temporary file, fsync, rename.
 * The first failure ends it. */
int plan_carry_out(const struct plan *plan, struct err *err);

// The road of every change: show, ask, save, arm, check, apply, prove.
#pragma once

#include "firststep/command.h"
#include "firststep/plan.h"
#include "firststep/rollback.h"

/** say() - one of two sentences, as was asked for, and a line's end. */
void say(const struct options *options, const char *en, const char *ja);

/**
 * change_make() - make @plan's changes.
 * @pending: items, ports; the rest is filled in here.
 * Return: exit status. On any failure after the first change the old state is back.
 */
/** change_ask() - "Make these changes?"; true with --yes. */
bool change_ask(const struct options *options);
int change_make(const struct options *options, struct context *context, struct plan *plan,
		struct pending *pending);
/** change_in_force() - written files are checked by the programs that read them, and read by them.
 */
int change_in_force(struct context *context, const struct plan *plan, const struct pending *pending,
		    struct err *err);

// Checks items and tells people, or programs, what was found.
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "firststep/item.h"

#define CHECKLIST_VERSION 1
#define CHECKLIST_MAX     16

struct checklist {
	const struct item *items[CHECKLIST_MAX];
	struct verdict verdicts[CHECKLIST_MAX];
	size_t count;
};

/** checklist_run() - @items NULL-terminated, at most CHECKLIST_MAX. */
void checklist_run(struct context *context, const struct item *const *items, struct checklist *ret);
/** checklist_result() - fail when one fails, else unknown when one is. */
enum result checklist_result(const struct checklist *checklist);
void checklist_write_text(const struct context *context, const struct checklist *checklist,
			  struct buf *out);
/* How much is told. */
enum checklist_form {
	CHECKLIST_PLAIN,    /* firststep check --json */
	CHECKLIST_IDENTITY, /* and boot id, host keys, what was chosen, what is pending */
	CHECKLIST_COMPACT,  /* the same without words: the host has its own for each reason */
};

/** checklist_write_json() - one object on one line. */
void checklist_write_json(struct context *context, const struct checklist *checklist,
			  enum checklist_form form, struct buf *out);

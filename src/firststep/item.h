// One item of the list: how it is checked, and how it is put right.
#pragma once

#include "firststep/context.h"
#include "firststep/verdict.h"

struct plan;

struct item {
	const char *id;
	const char *en, *ja; /* what it means */
	void (*check)(struct context *context, struct verdict *verdict);
	/** Packages that it needs and that are not there, NULL at the end; NULL: none is missing.
	 */
	const char *const *(*missing)(struct context *context);
	/** Adds to the plan what would put it right; NULL: it is for people to do.
	 * ERR_UNSUPPORTED with words when it cannot be done here. */
	int (*plan)(struct context *context, struct plan *plan, struct err *err);
	/** Puts written files in force on the running system; may be NULL. */
	int (*apply)(struct context *context, struct err *err);
	/** Looks whether the change is in force, on a new context; NULL: check() says. */
	int (*verify)(struct context *context, struct err *err);
};

extern const struct item item_initial_password, item_sudo_user, item_root_ssh, item_ssh_port,
	item_key_only, item_key_permissions, item_ssh_crypto, item_packet_filter,
	item_database_closed, item_updates, item_logs, item_time;

/** item_list() - all of them in the list's order, NULL at the end. */
const struct item *const *item_list(void);
/** item_find() - NULL when there is none. */
const struct item *item_find(const char *id);

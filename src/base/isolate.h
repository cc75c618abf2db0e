// Giving up powers, in stages: user, new powers, files, system calls. Failing to is fatal for the
// caller.
#pragma once

#include <stddef.h>

#include "base/err.h"

/**
 * isolate_end_with_parent() - be killed when the process that started this one ends.
 *
 * A change of user undoes it, so it comes after. Without it a process that is stuck would go on
 * beside the one that a new parent starts.
 */
int isolate_end_with_parent(struct err *err);

/**
 * isolate_drop_user() - become @user for good: its groups cleared but its own, real, effective and
 * saved ids set, then checked that there is no way back. Also clears every capability. Errors:
 * ERR_NOT_FOUND (no such user; says how to make it), -errno.
 */
int isolate_drop_user(const char *user, struct err *err);

/**
 * isolate_keep_capabilities() - for a process that stays root: keep only these (names as in
 * capabilities(7), "cap_net_admin"; ends with NULL), in every set, and bound what children can
 * have.
 */
int isolate_keep_capabilities(const char *const *names, struct err *err);

/** isolate_no_new_powers() - no setuid program helps any more, no core dump, no ptrace by equals.
 */
int isolate_no_new_powers(struct err *err);

enum isolate_access {
	ISOLATE_READ_FILE = 1, /* one file; it need not exist */
	ISOLATE_READ = 2,      /* a folder and all below it */
	ISOLATE_WRITE = 3,     /* the same, to change, make, rename and remove as well */
};

struct isolate_path {
	const char *path; /* NULL ends a list */
	enum isolate_access access;
};

/**
 * isolate_files() - from now on only what lies below these paths can be opened (landlock(7)).
 * Return: 0, -ENOSYS where the kernel has no landlock (the caller says so in its log), or -errno.
 */
int isolate_files(const struct isolate_path *paths, struct err *err);

/**
 * isolate_syscalls() - only these system calls (names; ends with NULL) from now on, in every
 * thread; any other fails with EPERM, so that a library's optional call does not kill the service.
 * socket() is allowed for AF_UNIX alone when the list has "socket"; with "socket:internet" for
 * IPv4 and IPv6 as well, and for asking the kernel about its own addresses (NETLINK_ROUTE).
 */
int isolate_syscalls(const char *const *names, struct err *err);

/** isolate_common_syscalls() - what libc, threads, libuv and malloc need; for use in a list. */
extern const char *const isolate_common_syscalls[];

// Runs a program, or a function in a child, and waits: fixed argument vectors, no shell, optionally
// as nobody and with limits.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

/* Whom unprivileged children run as: nobody, nogroup. */
#define PROCESS_NOBODY 65534

struct process {
	const char *const *arguments; /* [0] is looked up in PATH; ends with NULL */
	/* Instead of the program, whose name stays for messages: it has only the three standard
	 * descriptors, says on standard error what is wrong, and returns the exit status. Its
	 * memory goes with it, and so does a library that ends its process when it is in trouble.
	 * It must need no lock that another thread of ours may hold. */
	int (*work)(const void *context);
	const void *context;
	const void *input; /* its standard input, or NULL */
	size_t input_bytes;
	int stdin_fd;               /* instead of input; -1: none. Borrowed */
	int stdout_fd;              /* where its output goes; -1: into @ret_output. Borrowed */
	bool unprivileged;          /* as nobody, with limits on memory, time and files */
	int (*tick)(void *context); /* optional: about each second; a negative code ends it */
	void *tick_context;
	const char *why;    /* the first line on standard error that begins so says what is wrong;
			       NULL: the last one does */
	unsigned timeout_s; /* killed after that; 0: never */
};

/**
 * process_run() - run and wait; blocks.
 * @ret_output: what it wrote, at most 64 KiB; NULL to drop it.
 * Errors: what tick said; ERR_SERVER with the last line it said on standard error; ERR_DISK_FULL
 * when that speaks of a full disk; ERR_TIMEOUT; ERR_UNAVAILABLE when it is not installed.
 */
int process_run(const struct process *process, struct buf *ret_output, struct err *err);

// What a guest said while nobody listened, found again in the log that is kept beside its port.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "host/console/ring.h"

#define RECOVER_PATH_BYTES 192

/* Where the log ended at some moment. */
struct recover_place {
	uint64_t inode; /* 0: there is no log */
	uint64_t bytes;
};

/** recover_place() - now. Blocks for as long as stat(2) does. */
struct recover_place recover_place(const char *log_path);

/*
 * The log as a whole: the current file, and those that were rotated away, while they exist. When
 * one was rotated, the beginning may be missing.
 */
struct recover_log {
	struct buf bytes;
	size_t current_at; /* where the current file begins in it */
	uint64_t inode;    /* of the current file */
	bool is_whole;     /* begins with the run's first byte */
};

/** recover_read() - 0, -ENOENT (there is none), -EAGAIN (it turned meanwhile) or -errno. */
int recover_read(const char *log_path, struct recover_log *ret);
void recover_log_done(struct recover_log *log);

/**
 * recover_ring_end() - the place in the log of the byte after the ring's last. 0, or -ENOENT: it
 * cannot be said for sure.
 */
int recover_ring_end(const struct recover_log *log, const struct ring *ring, size_t *ret);

/**
 * recover_live_start() - the place in the log of the first byte that was heard since.
 * @from: it is not before this.
 * @is_at_rest: neither has the guest spoken for a while, nor has the log grown.
 * 0, or -ENOENT: it cannot be said for sure.
 */
int recover_live_start(const struct recover_log *log, size_t from, const void *live,
		       size_t live_bytes, bool is_at_rest, size_t *ret);

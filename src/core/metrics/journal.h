// The journal of samples: a file that is appended to, and an older one that is being written to
// the databases.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/config.h"
#include "base/err.h"

#define JOURNAL_MAX_BYTES ((uint64_t)256 * 1024 * 1024)

struct journal {
	char path[CONFIG_PATH_BYTES + 32];
	char old_path[CONFIG_PATH_BYTES + 36];
	int fd;
	int old_fd; /* -1: all of it is in the databases */
	uint64_t bytes;
};

/** journal_open() - take up what the last process left. */
int journal_open(struct journal *journal, const char *folder, struct err *err);
/** journal_append() - whole records. -EFBIG past JOURNAL_MAX_BYTES. */
int journal_append(struct journal *journal, const struct buf *records, struct err *err);
/** journal_rotate() - what is there becomes the old one; with an old one still there, nothing
 * happens. */
int journal_rotate(struct journal *journal, struct err *err);
/** journal_drop_old() - it is in the databases. */
void journal_drop_old(struct journal *journal);

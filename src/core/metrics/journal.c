#include "core/metrics/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "wire/metrics_message.h"

static int fail(const struct journal *journal, const char *what, struct err *err)
{
	return err_set(err, -errno, "cannot %s %s: %s", what, journal->path, strerror(errno));
}

/* A record that a process did not finish is no record. */
static int open_whole(const char *path, int flags, uint64_t *ret_bytes)
{
	AUTO_CLOSE int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | flags, 0600);
	struct stat found;

	if (fd < 0 || fstat(fd, &found) < 0)
		return -errno;
	*ret_bytes = (uint64_t)found.st_size / METRICS_RECORD_BYTES * METRICS_RECORD_BYTES;
	if (*ret_bytes != (uint64_t)found.st_size && ftruncate(fd, (off_t)*ret_bytes) < 0)
		return -errno;
	return steal_fd(&fd);
}

int journal_open(struct journal *journal, const char *folder, struct err *err)
{
	uint64_t ignored;

	(void)snprintf(journal->path, sizeof journal->path, "%s/metrics.journal", folder);
	(void)snprintf(journal->old_path, sizeof journal->old_path, "%s.old", journal->path);
	journal->old_fd = open_whole(journal->old_path, 0, &ignored);
	journal->fd = open_whole(journal->path, O_CREAT | O_APPEND, &journal->bytes);
	if (journal->fd >= 0 && (journal->old_fd >= 0 || journal->old_fd == -ENOENT)) {
		if (journal->old_fd < 0)
			journal->old_fd = -1;
		return 0;
	}
	errno = journal->fd < 0 ? -journal->fd : -journal->old_fd;
	return fail(journal, "open", err);
}

int journal_append(struct journal *journal, const struct buf *records, struct err *err)
{
	int code;

	if (records->error != 0)
		return err_set(err, records->error, "no memory");
	if (journal->bytes + records->len > JOURNAL_MAX_BYTES)
		return err_set(err, -EFBIG, "%s is full: nothing has been written for long",
			       journal->path);
	code = fd_write_all(journal->fd, records->data, records->len);
	if (code < 0) {
		/* The next is to begin where a record begins; else it is not written at all. */
		if (ftruncate(journal->fd, (off_t)journal->bytes) < 0)
			journal->bytes = JOURNAL_MAX_BYTES;
		errno = -code;
		return fail(journal, "write", err);
	}
	journal->bytes += records->len;
	return 0;
}

int journal_rotate(struct journal *journal, struct err *err)
{
	uint64_t bytes = 0;
	int fd;

	if (journal->old_fd >= 0)
		return 0;
	if (rename(journal->path, journal->old_path) < 0)
		return fail(journal, "rename", err);
	fd = open_whole(journal->path, O_CREAT | O_APPEND, &bytes);
	if (fd < 0) {
		/* As if nothing had been: what is appended goes on into the same file. */
		errno = -fd;
		(void)rename(journal->old_path, journal->path);
		return fail(journal, "open", err);
	}
	journal->old_fd = journal->fd;
	journal->fd = fd;
	journal->bytes = bytes;
	return 0;
}

void journal_drop_old(struct journal *journal)
{
	(void)unlink(journal->old_path);
	if (journal->old_fd >= 0)
		(void)close(journal->old_fd);
	journal->old_fd = -1;
}

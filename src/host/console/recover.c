/*
 * Theory of operation. QEMU hands every byte to its serial port and to virtlogd, in the same order,
 * and counts a byte as said when both have it. So what the ring holds of a run, and what is heard
 * after attaching again, are two pieces of the log; what lies between them was missed. Only their
 * places have to be found. The first is known by counting while the log is whole, else by its
 * content. The second is known by counting back from the end while all is quiet, else by its
 * content. Whatever is found in two places is found in none.
 */
#include "host/console/recover.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"

/* virtlogd's own defaults are 2 MiB and three old files. */
#define LOG_FILES     4
#define LOG_MAX_BYTES ((size_t)32 * 1024 * 1024)
#define READ_BYTES    65536
/* So much must be alike for a place to be believed by content alone, and so much is looked at. */
#define MIN_ALIKE_BYTES 64
#define MAX_TAIL_BYTES  4096

struct recover_place recover_place(const char *log_path)
{
	struct stat stat_of;

	if (log_path[0] == '\0' || stat(log_path, &stat_of) < 0)
		return (struct recover_place){0};
	return (struct recover_place){.inode = stat_of.st_ino, .bytes = (uint64_t)stat_of.st_size};
}

/* -ENOENT where there is no such file. */
static int read_file(const char *path, struct buf *out, uint64_t *ret_inode)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat stat_of;
	ssize_t got;

	if (fd < 0 || fstat(fd, &stat_of) < 0)
		return -errno;
	if (!S_ISREG(stat_of.st_mode))
		return -ENOENT;
	*ret_inode = stat_of.st_ino;
	do {
		if (buf_reserve(out, READ_BYTES) < 0)
			return -EFBIG;
		got = read(fd, out->data + out->len, READ_BYTES);
		if (got > 0)
			out->len += (size_t)got;
	} while (got > 0 || (got < 0 && errno == EINTR));
	out->data[out->len] = '\0';
	return got < 0 ? -errno : 0;
}

int recover_read(const char *log_path, struct recover_log *ret)
{
	struct recover_log log = {.bytes = {.max = LOG_MAX_BYTES}, .is_whole = true};
	uint64_t old_inode;
	char path[RECOVER_PATH_BYTES + 8];
	int code = 0;

	for (int i = LOG_FILES - 1; code == 0 && i >= 0; i--) {
		(void)snprintf(path, sizeof path, "%s.%d", log_path, i);
		code = read_file(path, &log.bytes, &old_inode);
		if (code == 0)
			log.is_whole = false;
		else if (code == -ENOENT)
			code = 0;
	}
	log.current_at = log.bytes.len;
	if (code == 0)
		code = read_file(log_path, &log.bytes, &log.inode);
	if (code == 0 && recover_place(log_path).inode != log.inode)
		code = -EAGAIN;
	if (code < 0) {
		recover_log_done(&log);
		return code;
	}
	*ret = log;
	return 0;
}

void recover_log_done(struct recover_log *log)
{
	buf_done(&log->bytes);
}

/* The only place of it at or after @from. */
static int find_only(const struct buf *log, size_t from, const void *what, size_t bytes,
		     size_t *ret)
{
	const uint8_t *found, *again;

	if (from > log->len)
		return -ENOENT;
	found = memmem(log->data + from, log->len - from, what, bytes);
	if (found == NULL)
		return -ENOENT;
	again = memmem(found + 1, log->len - (size_t)(found + 1 - log->data), what, bytes);
	if (again != NULL)
		return -ENOENT;
	*ret = (size_t)(found - log->data);
	return 0;
}

int recover_ring_end(const struct recover_log *log, const struct ring *ring, size_t *ret)
{
	const struct ring_run run = ring_run(ring);
	const uint64_t said = ring_end(ring) - run.offset;
	uint64_t kept = ring_end(ring) - ring_first(ring);
	uint8_t tail[MAX_TAIL_BYTES];
	size_t place;

	if (kept > said)
		kept = said;
	if (kept > sizeof tail)
		kept = sizeof tail;
	(void)ring_copy(ring, ring_end(ring) - kept, tail, (size_t)kept);
	if (run.is_whole && log->is_whole) {
		if (said > log->bytes.len ||
		    (kept > 0 && memcmp(log->bytes.data + said - kept, tail, (size_t)kept) != 0))
			return -ENOENT;
		*ret = (size_t)said;
		return 0;
	}
	if (kept < MIN_ALIKE_BYTES || find_only(&log->bytes, 0, tail, (size_t)kept, &place) < 0)
		return -ENOENT;
	*ret = place + (size_t)kept;
	return 0;
}

int recover_live_start(const struct recover_log *log, size_t from, const void *live,
		       size_t live_bytes, bool is_at_rest, size_t *ret)
{
	if (is_at_rest) {
		if (live_bytes > log->bytes.len || log->bytes.len - live_bytes < from ||
		    (live_bytes > 0 &&
		     memcmp(log->bytes.data + log->bytes.len - live_bytes, live, live_bytes) != 0))
			return -ENOENT;
		*ret = log->bytes.len - live_bytes;
		return 0;
	}
	/* The log may be a little behind: it need not have all that was heard. */
	if (live_bytes > MAX_TAIL_BYTES)
		live_bytes = MAX_TAIL_BYTES;
	return live_bytes < MIN_ALIKE_BYTES ? -ENOENT
					    : find_only(&log->bytes, from, live, live_bytes, ret);
}

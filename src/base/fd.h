// File descriptors and small files.
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

int fd_set_nonblock(int fd, int on);
int fd_set_cloexec(int fd, int on);
/** fd_write_all() - blocking, retries on EINTR and short writes. 0 or -errno. */
int fd_write_all(int fd, const void *data, size_t bytes);
/** fd_read_file() - append a whole file of at most @max_bytes to @out; -EFBIG past it. */
int fd_read_file(int dir_fd, const char *path, size_t max_bytes, struct buf *out);
/** fd_write_file() - replace @path atomically (temporary file, fsync, rename, fsync of the folder).
 */
int fd_write_file(int dir_fd, const char *path, const void *data, size_t bytes, mode_t mode);
/** fd_make_dirs() - like mkdir -p; existing folders are left as they are. */
int fd_make_dirs(const char *path, mode_t mode);

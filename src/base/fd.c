#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"

static int set_flag(int fd, int get, int set, int flag, int on)
{
	int flags = fcntl(fd, get);

	if (flags < 0 || fcntl(fd, set, on ? flags | flag : flags & ~flag) < 0)
		return -errno;
	return 0;
}

int fd_set_nonblock(int fd, int on)
{
	return set_flag(fd, F_GETFL, F_SETFL, O_NONBLOCK, on);
}

int fd_set_cloexec(int fd, int on)
{
	return set_flag(fd, F_GETFD, F_SETFD, FD_CLOEXEC, on);
}

int fd_write_all(int fd, const void *data, size_t bytes)
{
	const char *at = data;

	while (bytes > 0) {
		ssize_t written = write(fd, at, bytes);
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return -errno;
		at += written;
		bytes -= (size_t)written;
	}
	return 0;
}

int fd_read_file(int dir_fd, const char *path, size_t max_bytes, struct buf *out)
{
	AUTO_CLOSE int fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC);
	const size_t before = out->len;
	char chunk[8192];

	if (fd < 0)
		return -errno;
	for (;;) {
		ssize_t got = read(fd, chunk, sizeof chunk);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			return 0;
		if (out->len - before + (size_t)got > max_bytes)
			return -EFBIG;
		int code = buf_append(out, chunk, (size_t)got);
		if (code < 0)
			return code;
	}
}

int fd_write_file(int dir_fd, const char *path, const void *data, size_t bytes, mode_t mode)
{
	char temporary[4096], folder[4096];
	const char *slash = strrchr(path, '/');
	int code;

	if ((size_t)snprintf(temporary, sizeof temporary, "%s.new", path) >= sizeof temporary)
		return -ENAMETOOLONG;
	(void)snprintf(folder, sizeof folder, "%.*s", slash != NULL ? (int)(slash - path) : 1,
		       slash != NULL ? path : ".");
	(void)unlinkat(dir_fd, temporary, 0);
	AUTO_CLOSE int fd =
		openat(dir_fd, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	if (fd < 0)
		return -errno;
	code = fchmod(fd, mode) < 0 ? -errno : fd_write_all(fd, data, bytes);
	if (code == 0 && fsync(fd) < 0)
		code = -errno;
	if (code == 0 && renameat(dir_fd, temporary, dir_fd, path) < 0)
		code = -errno;
	if (code < 0) {
		(void)unlinkat(dir_fd, temporary, 0);
		return code;
	}
	AUTO_CLOSE int folder_fd =
		openat(dir_fd, *folder != '\0' ? folder : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return folder_fd < 0 || fsync(folder_fd) < 0 ? -errno : 0;
}

int fd_make_dirs(const char *path, mode_t mode)
{
	char part[4096];
	size_t len = strlen(path);

	if (len >= sizeof part)
		return -ENAMETOOLONG;
	for (size_t i = 1; i <= len; i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		if (mkdir(part, mode) < 0 && errno != EEXIST)
			return -errno;
	}
	return 0;
}

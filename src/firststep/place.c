#include "firststep/place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"

/* Goes down from the root folder by folder; a folder that is a link ends it in a tree, where it
 * could lead out. On the running system links of folders are root's own affair (/lib, say). */
int place_folder(const struct tree *tree, const char *path, int make, const char **ret_name)
{
	const int follow = tree->is_live ? 0 : O_NOFOLLOW;
	int fd = openat(tree->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	while (*path == '/')
		path++;
	for (const char *slash; (slash = strchr(path, '/')) != NULL; path = slash + 1) {
		char name[256];
		const size_t len = (size_t)(slash - path);
		if (len == 0)
			continue;
		if (len >= sizeof name) {
			(void)close(fd);
			return -ENAMETOOLONG;
		}
		memcpy(name, path, len);
		name[len] = '\0';
		if (strcmp(name, "..") == 0) {
			(void)close(fd);
			return -EINVAL;
		}
		if (make && mkdirat(fd, name, 0755) < 0 && errno != EEXIST) {
			const int code = -errno;
			(void)close(fd);
			return code;
		}
		const int next = openat(fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | follow);
		const int code = next < 0 ? -errno : 0;
		(void)close(fd);
		if (next < 0)
			return code;
		fd = next;
	}
	*ret_name = path;
	return fd;
}

int place_write(const struct tree *tree, const char *path, const struct buf *text, mode_t mode,
		uid_t uid, gid_t gid)
{
	char temporary[300];
	const char *name;
	AUTO_CLOSE int folder = place_folder(tree, path, 1, &name);

	if (folder < 0)
		return folder;
	/* A leading dot: neither sshd's nor sudo's nor systemd's pattern for drop-ins takes it. */
	if ((size_t)snprintf(temporary, sizeof temporary, ".%s.firststep", name) >=
	    sizeof temporary)
		return -ENAMETOOLONG;
	(void)unlinkat(folder, temporary, 0);
	AUTO_CLOSE int fd = openat(folder, temporary,
				   O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	int code = fd_write_all(fd, buf_str(text), text->len);
	if (code == 0 && (fchown(fd, uid, gid) < 0 || fchmod(fd, mode) < 0 || fsync(fd) < 0))
		code = -errno;
	if (code == 0 && renameat(folder, temporary, folder, name) < 0)
		code = -errno;
	if (code < 0)
		(void)unlinkat(folder, temporary, 0);
	else if (fsync(folder) < 0)
		code = -errno;
	return code;
}

int place_mode(const struct tree *tree, const char *path, mode_t mode)
{
	const char *name;
	AUTO_CLOSE int folder = place_folder(tree, path, 0, &name);

	if (folder < 0)
		return folder;
	AUTO_CLOSE int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	return fchmod(fd, mode) < 0 || fsync(fd) < 0 ? -errno : 0;
}

int place_link(const struct tree *tree, const char *path, const char *target)
{
	char temporary[300];
	const char *name;
	AUTO_CLOSE int folder = place_folder(tree, path, 1, &name);

	if (folder < 0)
		return folder;
	if ((size_t)snprintf(temporary, sizeof temporary, ".%s.firststep", name) >=
	    sizeof temporary)
		return -ENAMETOOLONG;
	(void)unlinkat(folder, temporary, 0);
	if (symlinkat(target, folder, temporary) < 0 ||
	    renameat(folder, temporary, folder, name) < 0 || fsync(folder) < 0)
		return -errno;
	return 0;
}

int place_remove(const struct tree *tree, const char *path)
{
	const char *name;
	AUTO_CLOSE int folder = place_folder(tree, path, 0, &name);

	if (folder < 0)
		return folder == -ENOENT ? 0 : folder;
	if (unlinkat(folder, name, 0) < 0)
		return errno == ENOENT ? 0 : -errno;
	return fsync(folder) < 0 ? -errno : 0;
}

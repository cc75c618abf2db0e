#include "firststep/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"

/* As in linux/openat2.h (Linux 5.6), which not every C library's headers come with. */
struct how {
	uint64_t flags, mode, resolve;
};
#define HOW_IN_ROOT       0x10
#define HOW_NO_MAGICLINKS 0x02

int tree_open(struct tree *tree, const char *root, struct err *err)
{
	struct stat asked, real;

	if (root == NULL)
		root = "/";
	const int fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_set(err, -errno, "%s: %s", root, strerror(errno));
	*tree = (struct tree){.fd = fd};
	if (fstat(fd, &asked) == 0 && stat("/", &real) == 0)
		tree->is_live = asked.st_dev == real.st_dev && asked.st_ino == real.st_ino;
	return 0;
}

void tree_close(struct tree *tree)
{
	if (tree->fd >= 0)
		(void)close(tree->fd);
	tree->fd = -1;
}

static int open_in(const struct tree *tree, const char *path, int flags)
{
	const struct how how = {
		/* openat2() refuses what has no meaning for O_PATH. */
		.flags = (uint64_t)(flags | O_CLOEXEC |
				    ((flags & O_PATH) != 0 ? 0 : O_NOCTTY | O_NONBLOCK)),
		.resolve = HOW_IN_ROOT | HOW_NO_MAGICLINKS,
	};

	if (path[0] != '/')
		return -EINVAL;
	const int fd = tree->is_live ? open(path, (int)how.flags)
				     : (int)syscall(SYS_openat2, tree->fd, path, &how, sizeof how);
	return fd < 0 ? -errno : fd;
}

int tree_read_most(const struct tree *tree, const char *path, size_t most_bytes, struct buf *out)
{
	AUTO_CLOSE int fd = open_in(tree, path, O_RDONLY);
	struct stat stat_of;
	char chunk[65536];
	size_t total = 0;

	if (fd < 0)
		return fd;
	if (fstat(fd, &stat_of) < 0)
		return -errno;
	if (!S_ISREG(stat_of.st_mode))
		return -EINVAL;
	for (;;) {
		const ssize_t got = read(fd, chunk, sizeof chunk);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			return out->error;
		total += (size_t)got;
		if (total > most_bytes)
			return -EFBIG;
		(void)buf_append(out, chunk, (size_t)got);
	}
}

int tree_read(const struct tree *tree, const char *path, struct buf *out)
{
	return tree_read_most(tree, path, TREE_FILE_MAX_BYTES, out);
}

int tree_stat(const struct tree *tree, const char *path, struct stat *ret)
{
	AUTO_CLOSE int fd = open_in(tree, path, O_PATH);

	if (fd < 0)
		return fd;
	return fstat(fd, ret) < 0 ? -errno : 0;
}

int tree_lstat(const struct tree *tree, const char *path, struct stat *ret)
{
	AUTO_CLOSE int fd = open_in(tree, path, O_PATH | O_NOFOLLOW);

	if (fd < 0)
		return fd;
	return fstat(fd, ret) < 0 ? -errno : 0;
}

bool tree_has(const struct tree *tree, const char *path)
{
	struct stat ignored;

	return tree_lstat(tree, path, &ignored) == 0;
}

int tree_link(const struct tree *tree, const char *path, char *out, size_t size)
{
	AUTO_CLOSE int fd = open_in(tree, path, O_PATH | O_NOFOLLOW);

	if (fd < 0)
		return fd;
	const ssize_t got = readlinkat(fd, "", out, size - 1);
	if (got < 0)
		return errno == ENOENT ? -EINVAL : -errno;
	out[got] = '\0';
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int tree_list(const struct tree *tree, const char *folder, const char *pattern,
	      struct tree_names *ret)
{
	const int fd = open_in(tree, folder, O_RDONLY | O_DIRECTORY);
	const struct dirent *entry;
	int code = 0;

	*ret = (struct tree_names){0};
	if (fd < 0)
		return fd;
	DIR *dir = fdopendir(fd);
	if (dir == NULL) {
		(void)close(fd);
		return -ENOMEM;
	}
	while (code == 0 && (entry = readdir(dir)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
		    fnmatch(pattern, entry->d_name, FNM_PERIOD) != 0)
			continue;
		if (ret->count == TREE_NAMES_MAX)
			code = -E2BIG;
		else if ((ret->names[ret->count] = strdup(entry->d_name)) == NULL)
			code = -ENOMEM;
		else
			ret->count++;
	}
	(void)closedir(dir);
	qsort(ret->names, ret->count, sizeof ret->names[0], by_name);
	if (code < 0)
		tree_names_done(ret);
	return code;
}

void tree_names_done(struct tree_names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->names[i]);
	names->count = 0;
}

// The file tree that is looked at: the running system, or a folder with another system's files.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/err.h"

#define TREE_FILE_MAX_BYTES ((size_t)1024 * 1024)
#define TREE_NAMES_MAX      512

struct tree {
	int fd;       /* the root folder */
	bool is_live; /* the running system: its commands and kernel may be asked too */
};

/* Names in a folder, sorted by bytes. */
struct tree_names {
	char *names[TREE_NAMES_MAX];
	size_t count;
};

/** tree_open() - @root NULL or "/" is the running system. */
int tree_open(struct tree *tree, const char *root, struct err *err);
void tree_close(struct tree *tree);

/**
 * tree_read() - append a regular file, at most TREE_FILE_MAX_BYTES.
 * @path: absolute, as the system in the tree would name it. Links are followed inside the tree
 *	  alone: an absolute one begins at its root, and none leads out.
 * Return: 0, -ENOENT, -EFBIG, -EINVAL (no regular file), or another -errno.
 */
int tree_read(const struct tree *tree, const char *path, struct buf *out);
/** tree_read_most() - the same for files that may be larger: lists of packages. */
int tree_read_most(const struct tree *tree, const char *path, size_t most_bytes, struct buf *out);
/** tree_stat() - of the thing a path leads to; tree_lstat() of the link itself. */
int tree_stat(const struct tree *tree, const char *path, struct stat *ret);
int tree_lstat(const struct tree *tree, const char *path, struct stat *ret);
/** tree_has() - something has that name, a dangling link too. */
bool tree_has(const struct tree *tree, const char *path);
/** tree_link() - where a link points, as text; -EINVAL when it is none. */
int tree_link(const struct tree *tree, const char *path, char *out, size_t size);
/** tree_list() - names in @folder that match @pattern (fnmatch, no leading dot unless asked for).
 */
int tree_list(const struct tree *tree, const char *folder, const char *pattern,
	      struct tree_names *ret);
void tree_names_done(struct tree_names *names);

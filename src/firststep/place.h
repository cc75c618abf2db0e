// Changes one path in a tree: each atomically, on disk when it returns, never outside of the tree.
#pragma once

#include <sys/types.h>

#include "firststep/tree.h"

/** place_write() - replace or make a file; folders above it are made. 0 or -errno. */
int place_write(const struct tree *tree, const char *path, const struct buf *text, mode_t mode,
		uid_t uid, gid_t gid);
int place_mode(const struct tree *tree, const char *path, mode_t mode);
int place_link(const struct tree *tree, const char *path, const char *target);
int place_remove(const struct tree *tree, const char *path); /* fine when it is not there */
/** place_folder() - a descriptor of the folder of @path, made when @make; ret_name points into
 * path.
 */
int place_folder(const struct tree *tree, const char *path, int make, const char **ret_name);

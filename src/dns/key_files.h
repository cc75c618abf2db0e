// A copy of a zone's keys as Knot writes it, a folder of files, and the same as one stretch of
// bytes.
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

#define KEY_FILES_MAX_BYTES ((size_t)1024 * 1024)

/** key_files_pack() - the files below @dir, appended to @out. */
int key_files_pack(const char *dir, struct buf *out, struct err *err);
/** key_files_unpack() - the same files again. @dir must not be there. ERR_CORRUPT: @packed is not
 * what key_files_pack() wrote. */
int key_files_unpack(const struct buf *packed, const char *dir, struct err *err);
/** key_files_remove() - @dir with all in it; nothing there is no error. */
void key_files_remove(const char *dir);
/** key_files_share() - both have a private key of the same name, which Knot makes of the key. */
bool key_files_share(const struct buf *a, const struct buf *b);

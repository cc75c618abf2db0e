// A unified difference of two texts.
#pragma once

#include "base/buf.h"

/** diff_write() - NULL is a file that is not there. What is unfit for a terminal becomes "?".
 * Nothing when both are the same. Texts of more than 2,000 lines are shown as gone and come. */
void diff_write(const char *path, const struct buf *before, const struct buf *after,
		struct buf *out);

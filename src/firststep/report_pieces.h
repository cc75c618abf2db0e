// A report as lines for the host: pieces in base64, numbered.
#pragma once

#include "base/buf.h"

#define REPORT_PARTS_MAX  40
#define REPORT_PART_BYTES ((size_t)360)

/** report_pieces_write() - "first-step PART/PARTS BASE64\n" for each piece of @text. -EMSGSIZE when
 * it is longer than the host takes. */
int report_pieces_write(const char *text, struct buf *out);

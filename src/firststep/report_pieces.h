// A report as lines for the host: a beginning, pieces in base64, an end.
#pragma once

#include <stdint.h>

#include "base/buf.h"

#define REPORT_MAX_BYTES   ((size_t)60 * 1024)
#define REPORT_PIECE_BYTES ((size_t)360)

/** report_pieces_write() - "first-step begin ASK", "first-step + BASE64" for each piece of @text,
 * "first-step end". -EMSGSIZE when it is longer than the host takes. */
int report_pieces_write(const char *text, uint64_t ask, struct buf *out);

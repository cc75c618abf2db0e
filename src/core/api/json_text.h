// JSON written straight into a buffer, for what is answered often. Failures stick to the buffer.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

/** json_text_string() - quoted and escaped (RFC 8259 section 7); @text is UTF-8. */
void json_text_string(struct buf *out, const char *text);
void json_text_number(struct buf *out, uint64_t number);
void json_text_bool(struct buf *out, bool value);
/** json_text_time() - RFC 3339 text, or null for 0, as json_time(). */
void json_text_time(struct buf *out, int64_t ms);

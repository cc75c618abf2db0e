// What a console's client says first: its ticket, and from where it wants to read.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/secret.h"

struct first_frame {
	char ticket[SECRET_TOKEN_TEXT_BYTES]; /* "": none, the cookie is to do */
	uint64_t from; /* CONSOLE_FROM_START without the field, CONSOLE_FROM_NOW for "now" */
	uint8_t mode;  /* enum console_mode; 0: whatever the ticket permits */
};

/** first_frame_parse() - {"ticket": …, "from": N or "now", "mode": "view" or "control"}, all of
 * them optional, at most CONSOLE_FIRST_FRAME_BYTES. 0 or ERR_JSON. */
int first_frame_parse(const void *data, size_t bytes, struct first_frame *ret, struct err *err);

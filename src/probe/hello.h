// What an SSH server says before anything is agreed: its name and the algorithms it offers
// (RFC 4253, sections 4.2 and 7.1).
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/ip.h"
#include "wire/probe_message.h"

#define HELLO_MAX_BYTES ((size_t)64 * 1024)

struct hello {
	char banner[PROBE_TEXT_BYTES];
	char weak[PROBE_WORDS_BYTES]; /* names with spaces between; what does not fit is left out */
	bool algorithms;              /* the offer was seen, whole */
};

enum hello_progress { HELLO_MORE, HELLO_WHOLE, HELLO_STRANGE };

/** hello_read() - from all bytes that came so far. HELLO_WHOLE and HELLO_STRANGE are final; *ret
 * has what could be read in any case. */
enum hello_progress hello_read(const uint8_t *data, size_t bytes, struct hello *ret);

/** hello_fetch() - connect, and listen. 0; -errno when nothing answers; ERR_PROTOCOL: it is no SSH
 * server. */
int hello_fetch(const struct ip *ip, uint16_t port, struct hello *ret);

/** hello_is_weak() - as `firststep check` sees it. */
bool hello_is_weak(const char *algorithm);

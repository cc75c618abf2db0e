// The opening handshake of a WebSocket (RFC 6455 section 4.2).
#pragma once

#include <stdbool.h>

#include "web/http.h"

#define HANDSHAKE_ACCEPT_BYTES 29 /* 28 characters and a NUL */

enum handshake_result {
	HANDSHAKE_NONE,    /* an ordinary request, whatever it says of upgrades */
	HANDSHAKE_VALID,   /* section 4.2.1 holds */
	HANDSHAKE_VERSION, /* it would, were the version ours: 426 */
};

struct handshake {
	char accept[HANDSHAKE_ACCEPT_BYTES]; /* the value of Sec-WebSocket-Accept */
	bool binary;                         /* the subprotocol "binary" was offered */
};

/** handshake_check() - judge a request's head. @ret is written when it is HANDSHAKE_VALID. */
enum handshake_result handshake_check(const struct http_head *head, struct handshake *ret);

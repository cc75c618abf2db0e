// A webhook: JSON posted to a URL that a customer or an operator has named.
#pragma once

#include "base/config.h"
#include "post/outcome.h"
#include "wire/post_message.h"

#define WEBHOOK_SIGNATURE_BYTES 96

/**
 * webhook_sign() - the header's value "t=<seconds>,v1=<hex>": HMAC-SHA-256 (RFC 2104) with @secret
 * over the seconds in decimal, a full stop and @body. The time is signed, so that a message that
 * somebody else overheard is too old when it is sent once more.
 */
void webhook_sign(const char *secret, uint64_t time_s, const char *body,
		  char out[WEBHOOK_SIGNATURE_BYTES]);

/** webhook_send() - one POST, at most WEBHOOK_TIMEOUT_S. Blocks. */
#define WEBHOOK_TIMEOUT_S 10L
void webhook_send(const struct config *config, const struct post_message *message,
		  struct outcome *ret);

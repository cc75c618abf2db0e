// One question to the resolver, over TCP (RFC 7766), and the records of its answer as text.
#pragma once

#include "wire/probe_message.h"

#define ASK_TIMEOUT_MS 5000 /* for all of it */

/** ask_resolver() - blocks for at most ASK_TIMEOUT_MS, beside connecting (REACH_TIMEOUT_MS). What
 * is no answer to the question is PROBE_NAME_FAILED, with a reason. */
void ask_resolver(const struct probe_question *question, struct probe_names *ret);

/** ask_read() - what a message on the wire says of the question; libknot parses it. */
void ask_read(const struct probe_question *question, uint8_t *wire, size_t bytes,
	      struct probe_names *ret);

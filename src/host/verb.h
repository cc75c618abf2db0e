// One verb that core asks the host for: what it says is read and judged, the driver does it, and
// its answer is kept for whoever sends it.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "host/driver.h"
#include "wire/host_message.h"

#define VERB_MAX_BYTES ((size_t)48 * 1024 * 1024) /* of a body, gathered from its parts */
#define VERB_KEY_BYTES (UUID_BYTES + 8)

struct verb {
	uint16_t type; /* HOST_… */
	struct buf body;
	int fd; /* that came with it, else -1 */
	/* Told of a long one how far it is; on the thread that runs it. */
	void (*progress)(struct verb *verb, unsigned percent);
	unsigned percent;
	/* the answer */
	int code;
	struct err err;
	struct buf answer;
	struct buf *parts; /* instead of answer, of what does not fit into one message */
	size_t part_count;
	int answer_fd; /* that the driver made, else -1 */
};

/** verb_run() - may block for as long as the driver does; for a worker thread. The outcome is in
 * code, err and the answer. */
void verb_run(struct driver *driver, struct verb *verb);

/** verb_key() - what it is about: a server's UUID, an image's id. Verbs of one key run one after
 * another. False: it may run beside any. */
bool verb_key(const struct verb *verb, uint8_t key[VERB_KEY_BYTES]);

void verb_done(struct verb *verb);

// The last bytes a serial port said, in a mapped file that outlives this process.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/parse.h"

struct ring;

#define RING_DEFAULT_BYTES ((size_t)1024 * 1024)
#define RING_NOTES         128 /* so many marks and gaps are kept, less one */

enum ring_note_kind { RING_NOTE_MARK = 1, RING_NOTE_GAP = 2 };

/* Something that happened between two bytes. */
struct ring_note {
	uint64_t offset; /* of the byte that came after it */
	uint64_t time_ms;
	uint8_t kind;  /* enum ring_note_kind */
	uint8_t value; /* enum serial_mark or enum serial_gap */
};

/* What is remembered of the guest's run whose output is being kept. */
struct ring_run {
	uint64_t id;     /* tells this run from the next; 0: none goes on */
	uint64_t offset; /* of its first byte */
	bool is_whole;   /* nothing of it is missing so far */
};

/**
 * ring_open() - the ring of this server as it was left, or a new one.
 * @folder_fd: where the files lie; borrowed.
 * @bytes: for a new one; a multiple of the page size.
 * @ret_lost: set when there was one but it could not be believed: what it held is gone.
 * Where a file cannot be had (a full disk) the ring lives in memory alone. Errors: -ENOMEM.
 */
int ring_open(int folder_fd, const uint8_t uuid[UUID_BYTES], size_t bytes, struct ring **ret,
	      bool *ret_lost, struct err *err);
/** ring_free() - unmap; the file stays. Accepts NULL. */
void ring_free(struct ring *ring);
/** ring_remove() - the file, whether it is mapped or not. */
void ring_remove(int folder_fd, const uint8_t uuid[UUID_BYTES]);

/* Offsets count from the server's first byte ever; [first, end) can be read. */
uint64_t ring_first(const struct ring *ring);
uint64_t ring_end(const struct ring *ring);
size_t ring_capacity(const struct ring *ring);

void ring_append(struct ring *ring, const void *data, size_t bytes);

/** ring_peek() - borrowed bytes from @offset on, at most @max_bytes and at most to where the ring
 * turns; 0 at the end. @offset must lie within the bounds. */
size_t ring_peek(const struct ring *ring, uint64_t offset, size_t max_bytes, const void **ret);
/** ring_copy() - from @offset, at most @max_bytes, into @out. Return: how many. */
size_t ring_copy(const struct ring *ring, uint64_t offset, void *out, size_t max_bytes);

/** ring_note() - at the ring's end. */
void ring_note(struct ring *ring, enum ring_note_kind kind, uint8_t value);
/** ring_note_end() - the number the next note will have; ring_note_first(): of the oldest kept. */
uint64_t ring_note_end(const struct ring *ring);
uint64_t ring_note_first(const struct ring *ring);
/** ring_note_get() - @number must lie within the bounds. */
struct ring_note ring_note_get(const struct ring *ring, uint64_t number);

struct ring_run ring_run(const struct ring *ring);
void ring_set_run(struct ring *ring, struct ring_run run);

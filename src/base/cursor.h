// Little-endian reader and writer with a sticky error: check once, at the end.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* Reader. After the first failure every read yields zero or empty and the error stays. */
struct reader {
	const uint8_t *at;
	const uint8_t *end;
	int error; /* 0 or ERR_PROTOCOL */
};

/* A stretch of bytes inside the message being read. Borrowed; not NUL-terminated. */
struct slice {
	const uint8_t *data;
	size_t len;
};

void reader_init(struct reader *reader, const void *data, size_t bytes);
uint8_t reader_u8(struct reader *reader);
uint16_t reader_u16(struct reader *reader);
uint32_t reader_u32(struct reader *reader);
uint64_t reader_u64(struct reader *reader);
int32_t reader_i32(struct reader *reader);
/** reader_bytes() - copy exactly @bytes out. */
void reader_bytes(struct reader *reader, void *out, size_t bytes);
/** reader_slice() - a u32 length and that many bytes, at most @max_bytes. */
struct slice reader_slice(struct reader *reader, size_t max_bytes);
/** reader_text() - a slice copied into @out as a string; a NUL inside or more than @size-1 fails.
 */
void reader_text(struct reader *reader, char *out, size_t size);
/** reader_text_dup() - a slice as a malloc'd string (caller frees), NULL on failure. */
char *reader_text_dup(struct reader *reader, size_t max_bytes);
/** reader_done() - 0 when everything was read and nothing failed, else ERR_PROTOCOL. */
int reader_done(const struct reader *reader);
/* The last statement of a function that reads a struct: it works on a copy, and gives that out only
 * when all of it was right. */
#define READER_FINISH(reader, ret, value)                                                          \
	do {                                                                                       \
		if ((reader)->error != 0)                                                          \
			return (reader)->error;                                                    \
		*(ret) = (value);                                                                  \
		return 0;                                                                          \
	} while (0)

/* Writers append to a buf, whose own error is the sticky one: check buf->error at the end. */
void write_u8(struct buf *buf, uint8_t value);
void write_u16(struct buf *buf, uint16_t value);
void write_u32(struct buf *buf, uint32_t value);
void write_u64(struct buf *buf, uint64_t value);
void write_i32(struct buf *buf, int32_t value);
void write_bytes(struct buf *buf, const void *data, size_t bytes);
void write_slice(struct buf *buf, const void *data, size_t bytes); /* u32 length, then bytes */
void write_text(struct buf *buf, const char *text);                /* NULL is written as "" */

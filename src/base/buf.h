// A growable byte buffer with a hard limit; once a write fails, every later one does too.
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BUF_MAX_DEFAULT_BYTES ((size_t)64 * 1024 * 1024)

struct buf {
	uint8_t *data; /* always followed by a NUL byte when not NULL, so text can be read as a
			  string */
	size_t len;    /* bytes in use, without that NUL */
	size_t cap;    /* bytes allocated */
	size_t max;    /* most bytes it may hold; 0 means BUF_MAX_DEFAULT_BYTES */
	int error;     /* 0, -ENOMEM or -EMSGSIZE; sticky */
};

/* `struct buf b CLEANUP(buf_done) = {0};` is a valid empty buffer. */
void buf_done(struct buf *buf);
void buf_clear(struct buf *buf); /* empties, keeps the memory, clears the error */

/** All return 0, -ENOMEM or -EMSGSIZE; on failure the contents stay as they were. */
int buf_reserve(struct buf *buf, size_t extra_bytes);
int buf_append(struct buf *buf, const void *data, size_t bytes);
int buf_puts(struct buf *buf, const char *text);
int buf_putc(struct buf *buf, char c);
int buf_printf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
int buf_vprintf(struct buf *buf, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));

/** buf_consume() - drop @bytes (at most len) from the front. */
void buf_consume(struct buf *buf, size_t bytes);

/** buf_str() - the contents as a string; "" when empty. Borrowed. */
const char *buf_str(const struct buf *buf);

/** buf_steal() - hand over the bytes (malloc'd, NUL-terminated; NULL on error or no memory). */
char *buf_steal(struct buf *buf);

// HTTP/1.1 request framing (RFC 9112): strict, bounded, and nothing of HTTP's meaning.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cursor.h"

#define HTTP_MAX_HEAD_BYTES       ((size_t)16 * 1024)
#define HTTP_MAX_FIELDS           100
#define HTTP_MAX_CHUNK_LINE_BYTES 256

struct http_field {
	struct slice name;  /* as received; compare without regard to case */
	struct slice value; /* without white space around it */
};

/* All slices point into the bytes that were parsed. */
struct http_head {
	struct slice method;
	struct slice target; /* origin form: begins with '/' */
	uint8_t minor;       /* HTTP/1.0 or 1.1 */
	struct http_field fields[HTTP_MAX_FIELDS];
	size_t field_count;
	uint64_t content_length; /* 0 when absent */
	bool chunked;
	bool keep_alive;
	bool expects_continue;
};

/**
 * http_head_parse() - parse a whole request head.
 * @data, @bytes: from its first byte; what follows the head is ignored.
 * Return: how many bytes the head has, 0 when it is not complete, or minus the status to refuse it
 * with: 400, 414 (target too long), 417, 431 (head too large), 501 (transfer coding), 505
 * (version).
 */
int http_head_parse(const void *data, size_t bytes, struct http_head *ret);

/** http_head_field() - the value of a field by lower-case name, or NULL. */
const struct http_field *http_head_field(const struct http_head *head, const char *name);

/** http_list_has() - whether a comma-separated list has a word, without regard to case. */
bool http_list_has(const struct slice *list, const char *word);

/* A chunked body on its way in (RFC 9112 section 7.1). Zeroed means at its beginning. */
struct http_chunks {
	uint64_t left; /* of the chunk being read */
	uint8_t state;
	bool has_digit;     /* the size line being read has begun */
	size_t extra_bytes; /* of extensions and trailers, which are read and dropped */
};

/**
 * http_chunks_take() - move what @bytes bytes hold of a chunked body into @body.
 * @ret_used: how many bytes were taken; the rest belongs to the next call, or to the next request.
 * Return: 1 when the body is complete, 0 when more is needed, -400 when malformed, -413 when
 * @body's limit is passed.
 */
int http_chunks_take(struct http_chunks *chunks, const void *data, size_t bytes, size_t *ret_used,
		     struct buf *body);

/** http_is_clean() - no end of line in a value, with which data would write fields of its own. */
bool http_is_clean(const char *value);

/** http_reason() - the reason phrase of a status code. */
const char *http_reason(unsigned status);

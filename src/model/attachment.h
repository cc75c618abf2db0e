// Files that go with a message: which kinds there may be, told by what they hold and not by their
// name, and what they may be called.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "model/name.h"

#define ATTACHMENT_MAX_BYTES ((uint64_t)2 * 1024 * 1024)
#define ATTACHMENT_MAX_COUNT 5 /* of one message */
#define ATTACHMENT_ACCOUNT_BYTES                                                                   \
	((uint64_t)100 * 1024 * 1024)                        /* that one account wrote, in all     \
							      */
#define ATTACHMENT_PIECE_BYTES ((size_t)128 * 1024)          /* that arrive at once */
#define ATTACHMENT_WAIT_MS     (INT64_C(24) * 3600 * 1000)   /* to be sent, then it is gone */
#define ATTACHMENT_NAME_MAX    100                           /* characters, as given */
#define ATTACHMENT_NAME_BYTES  (4 * ATTACHMENT_NAME_MAX + 5) /* with an ending, and the NUL */

enum attachment_kind {
	ATTACHMENT_UNKNOWN = 0, /* not whole yet */
	ATTACHMENT_PNG = 1,
	ATTACHMENT_JPEG = 2,
	ATTACHMENT_PDF = 3,
	ATTACHMENT_TEXT = 4,
};

struct attachment {
	uint64_t id;
	uint64_t customer_id;
	uint64_t message_id;           /* 0: it waits to be sent */
	uint64_t thread_id;            /* of the message */
	char author[NAME_LABEL_BYTES]; /* as of then */
	bool by_operator;
	char name[ATTACHMENT_NAME_BYTES];
	enum attachment_kind kind;
	uint64_t bytes;    /* as announced */
	uint64_t received; /* so far */
	int64_t created_ms;
};

/** attachment_type() - the media type; NULL for what is not whole yet. */
const char *attachment_type(enum attachment_kind kind);

/** attachment_judge() - what a file is by what it holds: plain text is UTF-8 without control
 * characters but tabs and ends of lines. ERR_UNSUPPORTED for anything else. */
int attachment_judge(const void *data, size_t bytes, enum attachment_kind *ret, struct err *err);

/**
 * attachment_take_name() - a file's name as a browser or shell gives it, without what would be
 * misread or misused where it is saved: folders, control characters and those that turn the
 * direction of text become "_". ERR_INVALID_INPUT: not 1 to ATTACHMENT_NAME_MAX characters of
 * UTF-8.
 */
int attachment_take_name(const char *given, char ret[ATTACHMENT_NAME_BYTES], struct err *err);

/** attachment_end_name() - give a name that does not end as its kind should the ending of its kind:
 * what was judged to be text is never saved as a page or a program. */
void attachment_end_name(char name[ATTACHMENT_NAME_BYTES], enum attachment_kind kind);

// Guests' reports of their first steps, put together from the lines they come in. All of it is
// hostile.
#pragma once

#include <stdint.h>

#include "base/buf.h"
#include "base/parse.h"

/*
 * What follows "first-step " in a line:
 *
 *	begin ASK	a report begins; ASK: the number of the question it answers, 0: of none
 *	+ BASE64	a piece of what `firststep report` prints
 *	end		it is whole
 *	key ASK ready	the key that was asked for is in place
 *	none		there is nothing here that reports
 *
 * One report at a time for each guest, so many guests at once, so large, in so long a time: what is
 * beyond that is forgotten, and the guest may begin again.
 */
#define INBOX_GUESTS    64
#define INBOX_MAX_BYTES ((size_t)64 * 1024)
#define INBOX_MAX_MS    120000

struct inbox;

enum inbox_event { INBOX_NOTHING, INBOX_REPORT, INBOX_KEY, INBOX_NONE };

struct inbox *inbox_new(void); /* NULL without memory */
void inbox_free(struct inbox *inbox);

/** inbox_take() - one line. @ret_ask: with INBOX_REPORT and INBOX_KEY. @ret_text: with
 * INBOX_REPORT; what it held is replaced. */
enum inbox_event inbox_take(struct inbox *inbox, const uint8_t uuid[UUID_BYTES], const char *line,
			    int64_t now_ms, uint64_t *ret_ask, struct buf *ret_text);

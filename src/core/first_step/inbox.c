#include "core/first_step/inbox.h"

#include <sodium.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define PIECE_MAX_BYTES 512

struct letter {
	bool open;
	uint8_t uuid[UUID_BYTES];
	uint64_t ask;
	int64_t began_ms;
	struct buf text;
};

struct inbox {
	struct letter letters[INBOX_GUESTS];
};

struct inbox *inbox_new(void)
{
	return calloc(1, sizeof(struct inbox));
}

void inbox_free(struct inbox *inbox)
{
	for (size_t i = 0; inbox != NULL && i < INBOX_GUESTS; i++)
		buf_done(&inbox->letters[i].text);
	free(inbox);
}

static void close_letter(struct letter *letter)
{
	buf_done(&letter->text);
	*letter = (struct letter){0};
}

static struct letter *find(struct inbox *inbox, const uint8_t uuid[UUID_BYTES])
{
	for (size_t i = 0; i < INBOX_GUESTS; i++)
		if (inbox->letters[i].open && memcmp(inbox->letters[i].uuid, uuid, UUID_BYTES) == 0)
			return &inbox->letters[i];
	return NULL;
}

/* Its own place, a free one, or one whose time is over. Those under way keep theirs: a guest that
 * begins again and again harms itself alone. */
static struct letter *place_for(struct inbox *inbox, const uint8_t uuid[UUID_BYTES], int64_t now_ms)
{
	struct letter *place = find(inbox, uuid);

	for (size_t i = 0; place == NULL && i < INBOX_GUESTS; i++)
		if (!inbox->letters[i].open || now_ms - inbox->letters[i].began_ms > INBOX_MAX_MS)
			place = &inbox->letters[i];
	return place;
}

static void begin(struct inbox *inbox, const uint8_t uuid[UUID_BYTES], const char *number,
		  int64_t now_ms)
{
	struct letter *letter = place_for(inbox, uuid, now_ms);
	uint64_t ask;

	if (letter == NULL || parse_u64(number, 0, INT64_MAX, &ask) < 0)
		return;
	close_letter(letter);
	*letter = (struct letter){
		.open = true, .ask = ask, .began_ms = now_ms, .text = {.max = INBOX_MAX_BYTES}};
	memcpy(letter->uuid, uuid, UUID_BYTES);
}

static void add(struct letter *letter, const char *base64)
{
	uint8_t piece[PIECE_MAX_BYTES];
	size_t bytes;

	if (sodium_base642bin(piece, sizeof piece, base64, strlen(base64), NULL, &bytes, NULL,
			      sodium_base64_VARIANT_ORIGINAL) != 0 ||
	    buf_append(&letter->text, piece, bytes) < 0)
		close_letter(letter);
}

static enum inbox_event finish(struct letter *letter, uint64_t *ret_ask, struct buf *ret_text)
{
	*ret_ask = letter->ask;
	buf_done(ret_text);
	*ret_text = letter->text;
	letter->text = (struct buf){0};
	close_letter(letter);
	return ret_text->len > 0 ? INBOX_REPORT : INBOX_NOTHING;
}

static bool read_key_line(const char *line, uint64_t *ret_ask)
{
	static const char ready[] = " ready";
	char number[24];
	const size_t len = strlen(line);

	if (len <= sizeof ready - 1 || len - (sizeof ready - 1) >= sizeof number ||
	    strcmp(line + len - (sizeof ready - 1), ready) != 0)
		return false;
	memcpy(number, line, len - (sizeof ready - 1));
	number[len - (sizeof ready - 1)] = '\0';
	return parse_u64(number, 1, INT64_MAX, ret_ask) == 0;
}

enum inbox_event inbox_take(struct inbox *inbox, const uint8_t uuid[UUID_BYTES], const char *line,
			    int64_t now_ms, uint64_t *ret_ask, struct buf *ret_text)
{
	struct letter *letter;

	if (strncmp(line, "begin ", 6) == 0) {
		begin(inbox, uuid, line + 6, now_ms);
		return INBOX_NOTHING;
	}
	if (strncmp(line, "key ", 4) == 0)
		return read_key_line(line + 4, ret_ask) ? INBOX_KEY : INBOX_NOTHING;
	if (strcmp(line, "none") == 0)
		return INBOX_NONE;
	letter = find(inbox, uuid);
	if (letter == NULL)
		return INBOX_NOTHING;
	if (now_ms - letter->began_ms > INBOX_MAX_MS)
		close_letter(letter);
	else if (strncmp(line, "+ ", 2) == 0)
		add(letter, line + 2);
	else if (strcmp(line, "end") == 0)
		return finish(letter, ret_ask, ret_text);
	return INBOX_NOTHING;
}

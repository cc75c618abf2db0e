#include "model/attachment.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/parse.h"

/* The first ending of each kind is the one it is given. */
static const struct {
	const char *type;
	const char *endings[2];
} kinds[] = {
	[ATTACHMENT_PNG] = {"image/png", {".png", ".png"}},
	[ATTACHMENT_JPEG] = {"image/jpeg", {".jpg", ".jpeg"}},
	[ATTACHMENT_PDF] = {"application/pdf", {".pdf", ".pdf"}},
	[ATTACHMENT_TEXT] = {"text/plain; charset=utf-8", {".txt", ".log"}},
};

const char *attachment_type(enum attachment_kind kind)
{
	return kind >= ATTACHMENT_PNG && kind <= ATTACHMENT_TEXT ? kinds[kind].type : NULL;
}

static bool begins_with(const uint8_t *data, size_t bytes, const void *with, size_t count)
{
	return bytes >= count && memcmp(data, with, count) == 0;
}

/* A mark of the byte order is no character of the text. */
static bool is_text(const uint8_t *data, size_t bytes)
{
	if (!parse_utf8(data, bytes))
		return false;
	for (size_t i = 0; i < bytes; i++) {
		const bool is_c1 = data[i] == 0xc2 && i + 1 < bytes && data[i + 1] >= 0x80 &&
				   data[i + 1] < 0xa0;

		if (is_c1 || data[i] == 0x7f ||
		    (data[i] < 0x20 && data[i] != '\t' && data[i] != '\n' && data[i] != '\r'))
			return false;
	}
	return true;
}

int attachment_judge(const void *data, size_t bytes, enum attachment_kind *ret, struct err *err)
{
	static const uint8_t png[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n',
				      0,    0,   0,   13,  'I',  'H',  'D',  'R'};
	static const uint8_t jpeg[] = {0xff, 0xd8, 0xff};

	if (begins_with(data, bytes, png, sizeof png))
		*ret = ATTACHMENT_PNG;
	else if (begins_with(data, bytes, jpeg, sizeof jpeg))
		*ret = ATTACHMENT_JPEG;
	else if (begins_with(data, bytes, "%PDF-1.", 7) || begins_with(data, bytes, "%PDF-2.", 7))
		*ret = ATTACHMENT_PDF;
	else if (bytes > 0 && is_text(data, bytes))
		*ret = ATTACHMENT_TEXT;
	else
		return err_set(err, ERR_UNSUPPORTED,
			       "a file must be a PNG or JPEG image, a PDF, or plain text in UTF-8, "
			       "whatever its name says");
	return 0;
}

/* The bytes of a character that must not be in a name; 0: it may. */
static size_t unwanted(const unsigned char *at)
{
	if (*at < 0x20 || *at == 0x7f || strchr("/\\<>:\"|?*", *at) != NULL)
		return 1;
	if (at[0] == 0xc2 && at[1] < 0xa0)
		return 2;
	/* U+200B to U+200F, U+2028 to U+202E, U+2060 to U+206F, U+FEFF, U+061C. */
	if (at[0] == 0xe2 && ((at[1] == 0x80 && ((at[2] >= 0x8b && at[2] <= 0x8f) ||
						 (at[2] >= 0xa8 && at[2] <= 0xae))) ||
			      (at[1] == 0x81 && at[2] >= 0xa0 && at[2] <= 0xaf)))
		return 3;
	if (at[0] == 0xef && at[1] == 0xbb && at[2] == 0xbf)
		return 3;
	return at[0] == 0xd8 && at[1] == 0x9c ? 2 : 0;
}

int attachment_take_name(const char *given, char ret[ATTACHMENT_NAME_BYTES], struct err *err)
{
	size_t characters = 0, len = 0;
	bool is_blank = true;

	for (const char *at = given; parse_utf8(given, strlen(given)) && *at != '\0';) {
		const size_t bad = unwanted((const unsigned char *)at);
		size_t bytes = bad > 0 ? bad : 1;

		while (bad == 0 && ((unsigned char)at[bytes] & 0xc0) == 0x80)
			bytes++;
		if (++characters > ATTACHMENT_NAME_MAX)
			break;
		is_blank = is_blank && *at == ' ';
		if (bad > 0)
			ret[len++] = '_';
		for (size_t i = 0; bad == 0 && i < bytes; i++)
			ret[len++] = at[i];
		at += bytes;
	}
	ret[len] = '\0';
	if (is_blank || characters > ATTACHMENT_NAME_MAX || strspn(ret, ".") == len)
		return err_set(err, ERR_INVALID_INPUT,
			       "a file's name must be text of 1 to %d characters",
			       ATTACHMENT_NAME_MAX);
	return 0;
}

void attachment_end_name(char name[ATTACHMENT_NAME_BYTES], enum attachment_kind kind)
{
	const size_t len = strlen(name);

	if (attachment_type(kind) == NULL)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(kinds[kind].endings); i++) {
		const size_t ending = strlen(kinds[kind].endings[i]);
		if (len > ending && strcasecmp(name + len - ending, kinds[kind].endings[i]) == 0)
			return;
	}
	(void)snprintf(name + len, ATTACHMENT_NAME_BYTES - len, "%s", kinds[kind].endings[0]);
}

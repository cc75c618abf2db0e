#include "model/notice.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"

void notice_done(struct notice *notice)
{
	free(notice->title_ja);
	free(notice->title_en);
	free(notice->body_ja);
	free(notice->body_en);
	*notice = (struct notice){0};
}

static const char *const kind_names[] = {
	[NOTICE_ORDINARY] = "ordinary",
	[NOTICE_MAINTENANCE] = "maintenance",
};

const char *notice_kind_name(enum notice_kind kind)
{
	return kind_names[kind == NOTICE_MAINTENANCE ? NOTICE_MAINTENANCE : NOTICE_ORDINARY];
}

int notice_kind_parse(const char *text, enum notice_kind *ret)
{
	for (unsigned i = NOTICE_ORDINARY; i <= NOTICE_MAINTENANCE; i++) {
		if (strcmp(kind_names[i], text) == 0) {
			*ret = (enum notice_kind)i;
			return 0;
		}
	}
	return -EINVAL;
}

/* C0, DEL and, in two bytes, C1. */
static bool is_control(const unsigned char *at)
{
	return *at < 0x20 || *at == 0x7f || (at[0] == 0xc2 && at[1] >= 0x80 && at[1] < 0xa0);
}

bool notice_is_plain(const char *text, size_t max, bool lines)
{
	size_t characters = 0;
	bool blank = true;

	if (text == NULL || !parse_utf8(text, strlen(text)))
		return false;
	for (const unsigned char *at = (const unsigned char *)text; *at != '\0'; at++) {
		const bool is_space = *at == ' ' || (lines && (*at == '\n' || *at == '\t'));

		if (!is_space && is_control(at))
			return false;
		blank = blank && is_space;
		if ((*at & 0xc0) != 0x80 && ++characters > max)
			return false;
	}
	return !blank;
}

static int check_window(const struct notice *notice, const char **ret_field, struct err *err)
{
	*ret_field = "starts";
	if (notice->kind == NOTICE_ORDINARY) {
		if (notice->starts_ms != 0 || notice->ends_ms != 0)
			return err_set(err, ERR_INVALID_INPUT,
				       "only a maintenance has a beginning and an end");
		return 0;
	}
	if (notice->starts_ms == 0)
		return err_set(err, ERR_INVALID_INPUT, "a maintenance needs its beginning");
	*ret_field = "ends";
	if (notice->ends_ms == 0)
		return err_set(err, ERR_INVALID_INPUT, "a maintenance needs its end");
	if (notice->ends_ms <= notice->starts_ms)
		return err_set(err, ERR_INVALID_INPUT, "a maintenance ends after it begins");
	return 0;
}

int notice_check(const struct notice *notice, const char **ret_field, struct err *err)
{
	const struct {
		const char *field;
		const char *text;
		size_t max;
		bool lines;
	} texts[] = {
		{"title_ja", notice->title_ja, NOTICE_TITLE_MAX, false},
		{"title_en", notice->title_en, NOTICE_TITLE_MAX, false},
		{"body_ja", notice->body_ja, NOTICE_BODY_MAX, true},
		{"body_en", notice->body_en, NOTICE_BODY_MAX, true},
	};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		if (notice_is_plain(texts[i].text, texts[i].max, texts[i].lines))
			continue;
		*ret_field = texts[i].field;
		return err_set(err, ERR_INVALID_INPUT,
			       "%s must be plain text of 1 to %zu characters%s", texts[i].field,
			       texts[i].max, texts[i].lines ? "" : " on one line");
	}
	return check_window(notice, ret_field, err);
}

#include "core/console/first_frame.h"

#include <jansson.h>
#include <string.h>

#include "wire/console_message.h"

static int take(const json_t *object, struct first_frame *ret, struct err *err)
{
	const json_t *ticket = json_object_get(object, "ticket");
	const json_t *from = json_object_get(object, "from");
	const json_t *mode = json_object_get(object, "mode");
	const char *text = json_string_value(ticket);

	if (ticket != NULL && !json_is_null(ticket)) {
		if (text == NULL || json_string_length(ticket) != SECRET_TOKEN_TEXT_BYTES - 1 ||
		    strlen(text) != SECRET_TOKEN_TEXT_BYTES - 1)
			return err_set(err, ERR_JSON, "the ticket is none of ours");
		memcpy(ret->ticket, text, SECRET_TOKEN_TEXT_BYTES);
	}
	if (json_is_integer(from) && json_integer_value(from) >= 0)
		ret->from = (uint64_t)json_integer_value(from);
	else if (json_is_string(from) && strcmp(json_string_value(from), "now") == 0)
		ret->from = CONSOLE_FROM_NOW;
	else if (from != NULL && !json_is_null(from))
		return err_set(err, ERR_JSON, "from must be an offset, or now");
	if (mode == NULL || json_is_null(mode))
		return 0;
	text = json_string_value(mode);
	if (text != NULL && strcmp(text, "view") == 0)
		ret->mode = CONSOLE_VIEW;
	else if (text != NULL && strcmp(text, "control") == 0)
		ret->mode = CONSOLE_CONTROL;
	else
		return err_set(err, ERR_JSON, "mode must be view or control");
	return 0;
}

int first_frame_parse(const void *data, size_t bytes, struct first_frame *ret, struct err *err)
{
	struct first_frame frame = {.from = CONSOLE_FROM_START};
	json_t *object;
	int code;

	if (bytes > CONSOLE_FIRST_FRAME_BYTES)
		return err_set(err, ERR_JSON, "the first message is too long");
	/* Depth is bounded by the length. */
	object = json_loadb(data, bytes, JSON_REJECT_DUPLICATES, NULL);
	if (!json_is_object(object)) {
		json_decref(object);
		return err_set(err, ERR_JSON, "the first message must be a JSON object");
	}
	code = take(object, &frame, err);
	json_decref(object);
	if (code == 0)
		*ret = frame;
	explicit_bzero(&frame, sizeof frame);
	return code;
}

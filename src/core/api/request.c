#include "core/api/request.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/parse.h"

int request_field(struct request *request, const char *field, int code, const struct err *err)
{
	if (code != ERR_INVALID_INPUT)
		return code;
	if (request->fields == NULL)
		request->fields = json_array();
	(void)json_array_append_new(
		request->fields,
		json_pack("{s:s, s:[s]}", "name", field, "messages", err != NULL ? err->text : ""));
	return code;
}

int request_invalid(struct request *request, struct err *err, const char *field, const char *format,
		    ...)
{
	char text[200];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof text, format, args);
	va_end(args);
	(void)err_set(err, ERR_INVALID_INPUT, "invalid input in field '%s': %s", field, text);
	if (request->fields == NULL)
		request->fields = json_array();
	(void)json_array_append_new(request->fields,
				    json_pack("{s:s, s:[s]}", "name", field, "messages", text));
	return ERR_INVALID_INPUT;
}

const char *request_query(const struct request *request, const char *key)
{
	size_t at = 0;

	return request_query_next(request, key, &at);
}

const char *request_query_next(const struct request *request, const char *key, size_t *at)
{
	while (*at < request->query_count) {
		const struct query_item *item = &request->query[(*at)++];
		if (strcmp(item->key, key) == 0)
			return item->value;
	}
	return NULL;
}

void list_query_done(struct list_query *list)
{
	label_selector_done(&list->selector);
}

int request_list(struct request *request, uint32_t sortable, struct list_query *ret,
		 struct err *err)
{
	const char *selector = request_query(request, "label_selector"), *text;
	size_t at = 0;
	int code = page_parse(request_query(request, "page"), request_query(request, "per_page"),
			      &ret->page, err);

	if (code < 0)
		return request_field(request, "page", code, err);
	while ((text = request_query_next(request, "sort", &at)) != NULL)
		if ((code = sort_add(&ret->sort, text, sortable, err)) < 0)
			return request_field(request, "sort", code, err);
	if (selector != NULL && *selector != '\0') {
		if ((code = label_selector_parse(selector, &ret->selector, err)) < 0)
			return request_field(request, "label_selector", code, err);
		ret->has_selector = true;
	}
	return 0;
}

json_t *request_meta(const struct page *page, uint64_t total)
{
	const uint64_t last = page_last(page, total);
	json_t *previous = page->number > 1 ? json_integer(page->number - 1) : json_null();
	json_t *next = page->number < last ? json_integer(page->number + 1) : json_null();

	return json_pack("{s:{s:I, s:I, s:o, s:o, s:I, s:I}}", "pagination", "page",
			 (json_int_t)page->number, "per_page", (json_int_t)page->entries,
			 "previous_page", previous, "next_page", next, "last_page",
			 (json_int_t)last, "total_entries", (json_int_t)total);
}

int request_answer_list(struct request *request, const char *key, json_t *items,
			const struct page *page, uint64_t total)
{
	request->reply = json_pack("{s:o, s:o}", key, items, "meta", request_meta(page, total));
	return 0;
}

int request_answer(struct request *request, unsigned status, const char *key, json_t *object)
{
	request->status = status;
	request->reply = json_pack("{s:o}", key, object);
	return 0;
}

/* The field, or NULL when it is absent or null. */
static json_t *field_of(const struct request *request, const char *key)
{
	json_t *value = json_object_get(request->body, key);

	return json_is_null(value) ? NULL : value;
}

int body_text(struct request *request, const char *key, const char **ret, struct err *err)
{
	const json_t *value = field_of(request, key);

	if (value == NULL)
		return 0;
	if (!json_is_string(value))
		return request_invalid(request, err, key, "must be text");
	if (strlen(json_string_value(value)) != json_string_length(value))
		return request_invalid(request, err, key, "must not contain a NUL character");
	*ret = json_string_value(value);
	return 0;
}

int body_need_text(struct request *request, const char *key, const char **ret, struct err *err)
{
	int code = body_text(request, key, ret, err);

	if (code == 0 && field_of(request, key) == NULL)
		return request_invalid(request, err, key, "Missing data for required field.");
	return code;
}

int body_bool(struct request *request, const char *key, bool *ret, struct err *err)
{
	const json_t *value = field_of(request, key);

	if (value == NULL)
		return 0;
	if (!json_is_boolean(value))
		return request_invalid(request, err, key, "must be true or false");
	*ret = json_is_true(value);
	return 0;
}

int body_number(struct request *request, const char *key, int64_t min, int64_t max, int64_t *ret,
		struct err *err)
{
	const json_t *value = field_of(request, key);

	if (value == NULL)
		return 0;
	if (!json_is_integer(value) || json_integer_value(value) < min ||
	    json_integer_value(value) > max)
		return request_invalid(request, err, key,
				       "must be a whole number from %lld to %lld", (long long)min,
				       (long long)max);
	*ret = json_integer_value(value);
	return 0;
}

int request_labels(struct request *request, json_t *map, struct labels *ret, struct err *err)
{
	json_t *item;
	const char *key;

	if (map == NULL || json_is_null(map))
		return 0;
	if (!json_is_object(map))
		return request_invalid(request, err, "labels", "must be an object of texts");
	json_object_foreach(map, key, item)
	{
		if (!json_is_string(item))
			return request_invalid(request, err, "labels",
					       "the value of %.60s must be text", key);
		int code = label_set(ret, key, json_string_value(item), err);
		if (code < 0)
			return request_field(request, "labels", code, err);
	}
	return 0;
}

int body_labels(struct request *request, struct labels *ret, bool *ret_given, struct err *err)
{
	json_t *map = field_of(request, "labels");

	*ret_given = map != NULL;
	return request_labels(request, map, ret, err);
}

int body_id_or_name(struct request *request, const char *key, uint64_t *ret_id,
		    const char **ret_name, struct err *err)
{
	const json_t *value = field_of(request, key);

	*ret_id = 0;
	*ret_name = NULL;
	if (value == NULL)
		return 0;
	if (json_is_integer(value) && json_integer_value(value) > 0) {
		*ret_id = (uint64_t)json_integer_value(value);
		return 0;
	}
	if (!json_is_string(value) || *json_string_value(value) == '\0')
		return request_invalid(request, err, key, "must be an id or a name");
	if (parse_u64(json_string_value(value), 1, INT64_MAX, ret_id) < 0)
		*ret_name = json_string_value(value);
	return 0;
}

json_t *json_time(int64_t ms)
{
	char text[CLOCK_TEXT_BYTES];

	if (ms == 0)
		return json_null();
	clock_format(ms, text);
	return json_string(text);
}

json_t *json_labels(const struct labels *labels)
{
	json_t *object = json_object();

	for (size_t i = 0; i < labels->count; i++)
		(void)json_object_set_new(object, labels->items[i].key,
					  json_string(labels->items[i].value));
	return object;
}

#include "core/api/intake.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"

static int hex_of(char c)
{
	uint8_t value;
	const char text[3] = {'0', c, '\0'};

	return parse_hex(text, &value, 1) < 0 ? -1 : value;
}

/* Percent-decoding (RFC 3986 section 2.1) in place; '+' is a space in queries. 0 or
 * ERR_INVALID_INPUT. */
static int decode(char *text, bool is_query, struct err *err)
{
	char *out = text;

	for (const char *at = text; *at != '\0'; at++) {
		if (*at == '%') {
			int high = hex_of(at[1]), low = high < 0 ? -1 : hex_of(at[2]);
			if (low < 0 || (high == 0 && low == 0))
				return err_set(err, ERR_INVALID_INPUT,
					       "the address has a malformed percent escape");
			*out++ = (char)(high << 4 | low);
			at += 2;
		} else {
			*out++ = is_query && *at == '+' ? ' ' : *at;
		}
	}
	*out = '\0';
	if (!parse_utf8(text, strlen(text)))
		return err_set(err, ERR_INVALID_INPUT, "the address is not UTF-8");
	return 0;
}

static int take_query(struct request *request, char *query, struct err *err)
{
	char *rest = query, *item;
	int code;

	while ((item = strsep(&rest, "&")) != NULL) {
		char *value = strchr(item, '=');
		if (*item == '\0')
			continue;
		if (request->query_count == REQUEST_MAX_QUERY)
			return err_set(err, ERR_INVALID_INPUT,
				       "the address has more than %d parameters",
				       REQUEST_MAX_QUERY);
		if (value != NULL)
			*value++ = '\0';
		struct query_item *taken = &request->query[request->query_count];
		taken->key = strdup(item);
		taken->value = strdup(value != NULL ? value : "");
		request->query_count++;
		if (taken->key == NULL || taken->value == NULL)
			return -ENOMEM;
		if ((code = decode(taken->key, true, err)) < 0 ||
		    (code = decode(taken->value, true, err)) < 0)
			return code;
	}
	return 0;
}

int intake_target(struct request *request, struct err *err)
{
	char *query, *rest, *segment;
	int code;

	request->path = strdup(request->http->target);
	if (request->path == NULL)
		return -ENOMEM;
	query = strchr(request->path, '?');
	if (query != NULL) {
		*query++ = '\0';
		if ((code = take_query(request, query, err)) < 0)
			return code;
	}
	if (strncmp(request->path, INTAKE_PREFIX "/", sizeof INTAKE_PREFIX) != 0)
		return err_set(err, ERR_NOT_FOUND, "there is no such address");
	rest = request->path + sizeof INTAKE_PREFIX;
	while ((segment = strsep(&rest, "/")) != NULL) {
		if (request->segment_count == REQUEST_MAX_SEGMENTS)
			return err_set(err, ERR_NOT_FOUND, "there is no such address");
		if ((code = decode(segment, false, err)) < 0)
			return code;
		request->segments[request->segment_count++] = segment;
	}
	return 0;
}

/* jansson bounds depth itself, but far beyond what any request of ours needs. */
static bool is_too_deep(const uint8_t *body, size_t bytes)
{
	size_t depth = 0;
	bool in_text = false;

	for (size_t i = 0; i < bytes; i++) {
		if (in_text) {
			if (body[i] == '\\')
				i++;
			else if (body[i] == '"')
				in_text = false;
		} else if (body[i] == '"') {
			in_text = true;
		} else if (body[i] == '{' || body[i] == '[') {
			if (++depth > REQUEST_MAX_DEPTH)
				return true;
		} else if ((body[i] == '}' || body[i] == ']') && depth > 0) {
			depth--;
		}
	}
	return false;
}

int intake_body(struct request *request, struct err *err)
{
	const struct http_request *http = request->http;
	json_error_t why;

	if (http->body_bytes == 0) {
		request->body = json_object();
		return request->body == NULL ? -ENOMEM : 0;
	}
	if (is_too_deep(http->body, http->body_bytes))
		return err_set(err, ERR_JSON, "the body is nested deeper than %d levels",
			       REQUEST_MAX_DEPTH);
	request->body = json_loadb((const char *)http->body, http->body_bytes, 0, &why);
	if (request->body == NULL)
		return err_set(err, ERR_JSON, "the body is not JSON: line %d, column %d: %s",
			       why.line, why.column, why.text);
	if (!json_is_object(request->body))
		return err_set(err, ERR_JSON, "the body must be a JSON object");
	return 0;
}

void intake_done(struct request *request)
{
	for (size_t i = 0; i < request->query_count; i++) {
		free(request->query[i].key);
		free(request->query[i].value);
	}
	request->query_count = request->segment_count = 0;
	json_decref(request->body);
	request->body = NULL;
	free(request->path);
	request->path = NULL;
}

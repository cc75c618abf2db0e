/*
 * Theory of operation. Request smuggling lives where two parsers disagree, so whatever RFC 9112
 * lets a server refuse is refused: bare CR or LF, folded lines, space before a colon, repeated or
 * signed lengths, a length beside a transfer coding, any transfer coding but "chunked", unknown
 * versions, a missing or repeated Host.
 */
#include "web/http.h"

#include <string.h>
#include <strings.h>

#include "wire/http_message.h"

/* RFC 9110 section 5.6.2 */
static bool is_token(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       (c != 0 && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static bool slice_is(const struct slice *slice, const char *text)
{
	return slice->len == strlen(text) &&
	       strncasecmp((const char *)slice->data, text, slice->len) == 0;
}

/* The length of a head that ends with an empty line, or 0. */
static size_t find_end(const uint8_t *data, size_t bytes)
{
	const uint8_t *end = memmem(data, bytes, "\r\n\r\n", 4);

	return end != NULL ? (size_t)(end - data) + 4 : 0;
}

/* "METHOD SP target SP HTTP/1.x CRLF"; the bytes used or minus a status. */
static int parse_request_line(const uint8_t *data, const uint8_t *end, struct http_head *head)
{
	const uint8_t *at = data;

	while (at < end && is_token(*at))
		at++;
	head->method = (struct slice){data, (size_t)(at - data)};
	if (head->method.len == 0 || head->method.len > 15 || at == end || *at != ' ')
		return -400;
	const uint8_t *target = ++at;
	while (at<end && * at> ' ' && *at < 0x7f)
		at++;
	head->target = (struct slice){target, (size_t)(at - target)};
	if (head->target.len > HTTP_MAX_TARGET_BYTES)
		return -414;
	if (head->target.len == 0 || target[0] != '/' ||
	    memchr(target, '#', head->target.len) != NULL || end - at < 11 || *at != ' ')
		return -400;
	at++;
	if (memcmp(at, "HTTP/", 5) != 0 || at[5] < '0' || at[5] > '9' || at[6] != '.' ||
	    at[7] < '0' || at[7] > '9')
		return -400;
	if (at[5] != '1')
		return -505;
	if (at[8] != '\r' || at[9] != '\n')
		return -400;
	head->minor = at[7] == '0' ? 0 : 1;
	return (int)(at + 10 - data);
}

/* "name: value CRLF"; the bytes used or minus a status. */
static int parse_field(const uint8_t *data, const uint8_t *end, struct http_field *ret)
{
	const uint8_t *at = data, *value;

	while (at < end && is_token(*at))
		at++;
	ret->name = (struct slice){data, (size_t)(at - data)};
	if (ret->name.len == 0 || at == end || *at != ':')
		return -400;
	for (at++; at < end && (*at == ' ' || *at == '\t'); at++)
		;
	for (value = at; at < end && (*at >= ' ' || *at == '\t') && *at != 0x7f; at++)
		;
	if (end - at < 2 || at[0] != '\r' || at[1] != '\n')
		return -400;
	const uint8_t *last = at;
	while (last > value && (last[-1] == ' ' || last[-1] == '\t'))
		last--;
	ret->value = (struct slice){value, (size_t)(last - value)};
	return (int)(at + 2 - data);
}

static int parse_length(const struct slice *value, uint64_t *ret)
{
	uint64_t length = 0;

	if (value->len == 0 || value->len > 18)
		return -400;
	for (size_t i = 0; i < value->len; i++) {
		if (value->data[i] < '0' || value->data[i] > '9')
			return -400;
		length = length * 10 + (uint64_t)(value->data[i] - '0');
	}
	*ret = length;
	return 0;
}

bool http_list_has(const struct slice *list, const char *word)
{
	const uint8_t *at = list->data, *end = list->data + list->len;

	while (at < end) {
		while (at < end && (*at == ' ' || *at == '\t' || *at == ','))
			at++;
		const uint8_t *begin = at;
		while (at < end && *at != ',')
			at++;
		struct slice item = {begin, (size_t)(at - begin)};
		while (item.len > 0 &&
		       (item.data[item.len - 1] == ' ' || item.data[item.len - 1] == '\t'))
			item.len--;
		if (slice_is(&item, word))
			return true;
	}
	return false;
}

/* What the fields say of the framing. 0 or minus a status. */
static int read_framing(struct http_head *head)
{
	unsigned hosts = 0, lengths = 0, codings = 0;

	head->keep_alive = head->minor == 1;
	for (size_t i = 0; i < head->field_count; i++) {
		const struct http_field *field = &head->fields[i];
		if (slice_is(&field->name, "host")) {
			hosts++;
		} else if (slice_is(&field->name, "content-length")) {
			if (lengths++ > 0 || parse_length(&field->value, &head->content_length) < 0)
				return -400;
		} else if (slice_is(&field->name, "transfer-encoding")) {
			if (codings++ > 0)
				return -400;
			if (!slice_is(&field->value, "chunked"))
				return -501;
			head->chunked = true;
		} else if (slice_is(&field->name, "connection")) {
			if (http_list_has(&field->value, "close"))
				head->keep_alive = false;
			else if (head->minor == 0 && http_list_has(&field->value, "keep-alive"))
				head->keep_alive = true;
		} else if (slice_is(&field->name, "expect")) {
			if (!slice_is(&field->value, "100-continue"))
				return -417;
			head->expects_continue = head->minor == 1;
		}
	}
	if (hosts > 1 || (hosts == 0 && head->minor == 1))
		return -400;
	if (codings > 0 && (lengths > 0 || head->minor == 0))
		return -400;
	return 0;
}

int http_head_parse(const void *data, size_t bytes, struct http_head *ret)
{
	const uint8_t *at = data, *end;
	size_t length = find_end(data, bytes < HTTP_MAX_HEAD_BYTES ? bytes : HTTP_MAX_HEAD_BYTES);
	int used;

	if (length == 0)
		return bytes >= HTTP_MAX_HEAD_BYTES ? -431 : 0;
	end = at + length;
	*ret = (struct http_head){0};
	used = parse_request_line(at, end, ret);
	if (used < 0)
		return used;
	for (at += used; end - at > 2; at += used) {
		if (ret->field_count == HTTP_MAX_FIELDS)
			return -431;
		used = parse_field(at, end, &ret->fields[ret->field_count]);
		if (used < 0)
			return used;
		ret->field_count++;
	}
	used = read_framing(ret);
	return used < 0 ? used : (int)length;
}

const struct http_field *http_head_field(const struct http_head *head, const char *name)
{
	for (size_t i = 0; i < head->field_count; i++)
		if (slice_is(&head->fields[i].name, name))
			return &head->fields[i];
	return NULL;
}

enum {
	CHUNK_SIZE,
	CHUNK_SPACE,
	CHUNK_EXTENSION,
	CHUNK_SIZE_LF,
	CHUNK_DATA,
	CHUNK_CR,
	CHUNK_LF,
	TRAILER,
	TRAILER_LF,
	TRAILER_LINE,
	TRAILER_LINE_LF
};

/* What may follow a chunk's size: the end of the line, or space and an extension, nothing else. */
static int end_chunk_size(struct http_chunks *chunks, uint8_t c)
{
	chunks->state = c == '\r' ? CHUNK_SIZE_LF : c == ';' ? CHUNK_EXTENSION : CHUNK_SPACE;
	return c == '\r' || c == ';' || c == ' ' || c == '\t' ? 0 : -400;
}

/* One byte of what is not data. 1 at the end of the body, 0, or -400. */
static int take_chunk_byte(struct http_chunks *chunks, uint8_t c)
{
	switch (chunks->state) {
	case CHUNK_SIZE: {
		int digit = c >= '0' && c <= '9'   ? c - '0'
			    : c >= 'a' && c <= 'f' ? c - 'a' + 10
			    : c >= 'A' && c <= 'F' ? c - 'A' + 10
						   : -1;
		if (digit >= 0) {
			/* Zeros in front would make a size line without an end. */
			if (chunks->left > UINT32_MAX ||
			    ++chunks->extra_bytes > HTTP_MAX_CHUNK_LINE_BYTES)
				return -400;
			chunks->left = chunks->left << 4 | (uint64_t)digit;
			chunks->has_digit = true;
			return 0;
		}
		if (!chunks->has_digit)
			return -400;
		return end_chunk_size(chunks, c);
	}
	case CHUNK_SPACE:
		return ++chunks->extra_bytes > HTTP_MAX_CHUNK_LINE_BYTES
			       ? -400
			       : end_chunk_size(chunks, c);
	case CHUNK_EXTENSION:
		if (c == '\r')
			chunks->state = CHUNK_SIZE_LF;
		return c == '\n' || ++chunks->extra_bytes > HTTP_MAX_CHUNK_LINE_BYTES ? -400 : 0;
	case CHUNK_SIZE_LF:
		chunks->state = chunks->left > 0 ? CHUNK_DATA : TRAILER;
		chunks->extra_bytes = 0;
		return c == '\n' ? 0 : -400;
	case CHUNK_CR:
		chunks->state = CHUNK_LF;
		return c == '\r' ? 0 : -400;
	case CHUNK_LF:
		chunks->state = CHUNK_SIZE;
		chunks->left = 0;
		chunks->has_digit = false;
		return c == '\n' ? 0 : -400;
	case TRAILER: /* at the beginning of a line: an empty one ends the body */
		chunks->state = c == '\r' ? TRAILER_LF : TRAILER_LINE;
		return c == '\n' ? -400 : 0;
	case TRAILER_LF:
		return c == '\n' ? 1 : -400;
	case TRAILER_LINE:
		if (c == '\r')
			chunks->state = TRAILER_LINE_LF;
		return c == '\n' || ++chunks->extra_bytes > HTTP_MAX_HEAD_BYTES ? -400 : 0;
	case TRAILER_LINE_LF:
		chunks->state = TRAILER;
		return c == '\n' ? 0 : -400;
	default:
		return -400;
	}
}

int http_chunks_take(struct http_chunks *chunks, const void *data, size_t bytes, size_t *ret_used,
		     struct buf *body)
{
	const uint8_t *at = data, *end = at + bytes;
	int code = 0;

	while (at < end && code == 0) {
		if (chunks->state == CHUNK_DATA) {
			size_t part = (size_t)(end - at) < chunks->left ? (size_t)(end - at)
									: (size_t)chunks->left;
			if (buf_append(body, at, part) < 0) {
				code = -413;
				break;
			}
			at += part;
			chunks->left -= part;
			if (chunks->left == 0)
				chunks->state = CHUNK_CR;
			continue;
		}
		code = take_chunk_byte(chunks, *at++);
	}
	*ret_used = (size_t)(at - (const uint8_t *)data);
	return code;
}

bool http_is_clean(const char *value)
{
	return value[strcspn(value, "\r\n")] == '\0';
}

const char *http_reason(unsigned status)
{
	static const struct {
		unsigned status;
		const char *reason;
	} reasons[] = {
		{101, "Switching Protocols"},
		{200, "OK"},
		{201, "Created"},
		{202, "Accepted"},
		{204, "No Content"},
		{301, "Moved Permanently"},
		{304, "Not Modified"},
		{400, "Bad Request"},
		{401, "Unauthorized"},
		{403, "Forbidden"},
		{404, "Not Found"},
		{405, "Method Not Allowed"},
		{408, "Request Timeout"},
		{409, "Conflict"},
		{410, "Gone"},
		{412, "Precondition Failed"},
		{413, "Content Too Large"},
		{414, "URI Too Long"},
		{415, "Unsupported Media Type"},
		{417, "Expectation Failed"},
		{422, "Unprocessable Content"},
		{423, "Locked"},
		{426, "Upgrade Required"},
		{429, "Too Many Requests"},
		{431, "Request Header Fields Too Large"},
		{500, "Internal Server Error"},
		{501, "Not Implemented"},
		{502, "Bad Gateway"},
		{503, "Service Unavailable"},
		{504, "Gateway Timeout"},
		{505, "HTTP Version Not Supported"},
	};

	for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
		if (reasons[i].status == status)
			return reasons[i].reason;
	return "Unknown";
}

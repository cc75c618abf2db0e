#include "wire/http_message.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"
#include "base/err.h"

#define METHOD_BYTES      16
#define PEER_BYTES        64
#define REQUEST_ID_BYTES  64
#define HEADER_NAME_BYTES 64

static void write_headers(struct buf *out, const struct http_header *headers, size_t count)
{
	write_u8(out, (uint8_t)count);
	for (size_t i = 0; i < count; i++) {
		write_text(out, headers[i].name);
		write_text(out, headers[i].value);
	}
}

/* Where the next string of a decoded message goes, and where it comes from. */
struct block {
	char *at;
	struct reader reader;
};

static const char *block_text(struct block *block, size_t max_bytes)
{
	struct slice slice = reader_slice(&block->reader, max_bytes);
	char *text = block->at;

	if (slice.len > 0 && memchr(slice.data, '\0', slice.len) != NULL)
		block->reader.error = ERR_PROTOCOL;
	if (block->reader.error != 0)
		return "";
	if (slice.len > 0)
		memcpy(text, slice.data, slice.len);
	text[slice.len] = '\0';
	block->at += slice.len + 1;
	return text;
}

static void read_headers(struct block *block, struct http_header *headers, size_t *ret_count)
{
	uint8_t count = reader_u8(&block->reader);

	if (count > HTTP_MAX_HEADERS)
		block->reader.error = ERR_PROTOCOL;
	for (uint8_t i = 0; i < count && block->reader.error == 0; i++) {
		headers[i].name = block_text(block, HEADER_NAME_BYTES);
		headers[i].value = block_text(block, HTTP_MAX_HEADER_BYTES);
	}
	*ret_count = block->reader.error == 0 ? count : 0;
}

/* Each string needs its bytes and a NUL, and travels with a length of four bytes: the block never
 * needs more than the message. */
static int block_init(struct block *block, const void *data, size_t bytes, char **ret)
{
	*ret = malloc(bytes + 1);
	if (*ret == NULL)
		return -ENOMEM;
	block->at = *ret;
	reader_init(&block->reader, data, bytes);
	return 0;
}

/* The rest of the message is the body. */
static void take_body(struct reader *reader, const uint8_t **ret_body, size_t *ret_bytes)
{
	*ret_body = reader->at;
	*ret_bytes = (size_t)(reader->end - reader->at);
}

int http_request_encode(const struct http_request *request, struct buf *out)
{
	write_text(out, request->method);
	write_text(out, request->target);
	write_text(out, request->peer);
	write_text(out, request->request_id);
	write_headers(out, request->headers, request->header_count);
	write_bytes(out, request->body, request->body_bytes);
	return out->error;
}

int http_request_decode(const void *data, size_t bytes, struct http_request *ret)
{
	struct http_request request = {0};
	struct block block;
	int code = block_init(&block, data, bytes, &request.block);

	if (code < 0)
		return code;
	request.method = block_text(&block, METHOD_BYTES);
	request.target = block_text(&block, HTTP_MAX_TARGET_BYTES);
	request.peer = block_text(&block, PEER_BYTES);
	request.request_id = block_text(&block, REQUEST_ID_BYTES);
	read_headers(&block, request.headers, &request.header_count);
	take_body(&block.reader, &request.body, &request.body_bytes);
	if (block.reader.error != 0 || request.body_bytes > HTTP_MAX_BODY_BYTES) {
		free(request.block);
		return ERR_PROTOCOL;
	}
	*ret = request;
	return 0;
}

void http_request_done(struct http_request *request)
{
	free(request->block);
	*request = (struct http_request){0};
}

int http_reply_encode(const struct http_reply *reply, struct buf *out)
{
	write_u16(out, reply->status);
	write_headers(out, reply->headers, reply->header_count);
	write_bytes(out, reply->body, reply->body_bytes);
	return out->error;
}

int http_reply_decode(const void *data, size_t bytes, struct http_reply *ret)
{
	struct http_reply reply = {0};
	struct block block;
	int code = block_init(&block, data, bytes, &reply.block);

	if (code < 0)
		return code;
	reply.status = reader_u16(&block.reader);
	read_headers(&block, reply.headers, &reply.header_count);
	take_body(&block.reader, &reply.body, &reply.body_bytes);
	if (block.reader.error != 0 || reply.status < 100 || reply.status > 599) {
		free(reply.block);
		return ERR_PROTOCOL;
	}
	*ret = reply;
	return 0;
}

void http_reply_done(struct http_reply *reply)
{
	free(reply->block);
	*reply = (struct http_reply){0};
}

static const char *find_header(const struct http_header *headers, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(headers[i].name, name) == 0)
			return headers[i].value;
	return NULL;
}

const char *http_request_header(const struct http_request *request, const char *name)
{
	return find_header(request->headers, request->header_count, name);
}

const char *http_reply_header(const struct http_reply *reply, const char *name)
{
	return find_header(reply->headers, reply->header_count, name);
}

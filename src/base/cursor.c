#include "base/cursor.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"

void reader_init(struct reader *reader, const void *data, size_t bytes)
{
	reader->at = data;
	reader->end = bytes > 0 ? reader->at + bytes : reader->at;
	reader->error = 0;
}

/* The next @bytes bytes, or NULL and the sticky error. */
static const uint8_t *take(struct reader *reader, size_t bytes)
{
	const uint8_t *at = reader->at;

	if (reader->error != 0 || (size_t)(reader->end - reader->at) < bytes) {
		reader->error = ERR_PROTOCOL;
		return NULL;
	}
	if (bytes > 0)
		reader->at += bytes;
	return at;
}

static uint64_t take_number(struct reader *reader, unsigned bytes)
{
	const uint8_t *at = take(reader, bytes);
	uint64_t value = 0;

	for (unsigned i = 0; at != NULL && i < bytes; i++)
		value |= (uint64_t)at[i] << (8 * i);
	return value;
}

uint8_t reader_u8(struct reader *reader)
{
	return (uint8_t)take_number(reader, 1);
}

uint16_t reader_u16(struct reader *reader)
{
	return (uint16_t)take_number(reader, 2);
}

uint32_t reader_u32(struct reader *reader)
{
	return (uint32_t)take_number(reader, 4);
}

uint64_t reader_u64(struct reader *reader)
{
	return take_number(reader, 8);
}

int32_t reader_i32(struct reader *reader)
{
	return (int32_t)reader_u32(reader);
}

void reader_bytes(struct reader *reader, void *out, size_t bytes)
{
	const uint8_t *at = take(reader, bytes);

	if (at == NULL)
		memset(out, 0, bytes);
	else if (bytes > 0)
		memcpy(out, at, bytes);
}

struct slice reader_slice(struct reader *reader, size_t max_bytes)
{
	uint32_t len = reader_u32(reader);
	const uint8_t *at;

	if (len > max_bytes)
		reader->error = ERR_PROTOCOL;
	at = take(reader, len);
	return at != NULL ? (struct slice){at, len} : (struct slice){NULL, 0};
}

void reader_text(struct reader *reader, char *out, size_t size)
{
	struct slice slice = reader_slice(reader, size - 1);

	if (slice.len > 0 && memchr(slice.data, '\0', slice.len) != NULL) {
		reader->error = ERR_PROTOCOL;
		slice.len = 0;
	}
	if (slice.len > 0)
		memcpy(out, slice.data, slice.len);
	out[slice.len] = '\0';
}

char *reader_text_dup(struct reader *reader, size_t max_bytes)
{
	struct slice slice = reader_slice(reader, max_bytes);
	char *text;

	if (slice.len > 0 && memchr(slice.data, '\0', slice.len) != NULL)
		reader->error = ERR_PROTOCOL;
	if (reader->error != 0)
		return NULL;
	text = malloc(slice.len + 1);
	if (text == NULL)
		return NULL;
	if (slice.len > 0)
		memcpy(text, slice.data, slice.len);
	text[slice.len] = '\0';
	return text;
}

int reader_done(const struct reader *reader)
{
	return reader->error != 0 || reader->at != reader->end ? ERR_PROTOCOL : 0;
}

static void write_number(struct buf *buf, uint64_t value, unsigned bytes)
{
	uint8_t out[8];

	for (unsigned i = 0; i < bytes; i++)
		out[i] = (uint8_t)(value >> (8 * i));
	(void)buf_append(buf, out, bytes);
}

void write_u8(struct buf *buf, uint8_t value)
{
	write_number(buf, value, 1);
}

void write_u16(struct buf *buf, uint16_t value)
{
	write_number(buf, value, 2);
}

void write_u32(struct buf *buf, uint32_t value)
{
	write_number(buf, value, 4);
}

void write_u64(struct buf *buf, uint64_t value)
{
	write_number(buf, value, 8);
}

void write_i32(struct buf *buf, int32_t value)
{
	write_number(buf, (uint32_t)value, 4);
}

void write_bytes(struct buf *buf, const void *data, size_t bytes)
{
	(void)buf_append(buf, data, bytes);
}

void write_slice(struct buf *buf, const void *data, size_t bytes)
{
	write_u32(buf, (uint32_t)bytes);
	write_bytes(buf, data, bytes);
}

void write_text(struct buf *buf, const char *text)
{
	write_slice(buf, text, text != NULL ? strlen(text) : 0);
}

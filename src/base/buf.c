#include "base/buf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUF_FIRST_BYTES 256

void buf_done(struct buf *buf)
{
	free(buf->data);
	*buf = (struct buf){.max = buf->max};
}

void buf_clear(struct buf *buf)
{
	buf->len = 0;
	buf->error = 0;
	if (buf->data != NULL)
		buf->data[0] = '\0';
}

int buf_reserve(struct buf *buf, size_t extra_bytes)
{
	const size_t max = buf->max != 0 ? buf->max : BUF_MAX_DEFAULT_BYTES;
	size_t need, cap;
	uint8_t *data;

	if (buf->error != 0)
		return buf->error;
	if (__builtin_add_overflow(buf->len, extra_bytes, &need) || need > max)
		return buf->error = -EMSGSIZE;
	if (buf->data != NULL && need + 1 <= buf->cap)
		return 0;
	cap = buf->cap != 0 ? buf->cap : BUF_FIRST_BYTES;
	while (cap < need + 1)
		cap += cap / 2;
	if (cap > max + 1)
		cap = max + 1;
	data = realloc(buf->data, cap);
	if (data == NULL)
		return buf->error = -ENOMEM;
	data[buf->len] = '\0';
	buf->data = data;
	buf->cap = cap;
	return 0;
}

int buf_append(struct buf *buf, const void *data, size_t bytes)
{
	int code = buf_reserve(buf, bytes);

	if (code < 0)
		return code;
	if (bytes > 0)
		memcpy(buf->data + buf->len, data, bytes);
	buf->len += bytes;
	buf->data[buf->len] = '\0';
	return 0;
}

int buf_puts(struct buf *buf, const char *text)
{
	return buf_append(buf, text, strlen(text));
}

int buf_putc(struct buf *buf, char c)
{
	return buf_append(buf, &c, 1);
}

int buf_vprintf(struct buf *buf, const char *format, va_list args)
{
	va_list again;
	int len, code;

	va_copy(again, args);
	len = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (len < 0)
		return buf->error = -EINVAL;
	if ((code = buf_reserve(buf, (size_t)len)) < 0)
		return code;
	(void)vsnprintf((char *)buf->data + buf->len, (size_t)len + 1, format, args);
	buf->len += (size_t)len;
	return 0;
}

int buf_printf(struct buf *buf, const char *format, ...)
{
	va_list args;
	int code;

	va_start(args, format);
	code = buf_vprintf(buf, format, args);
	va_end(args);
	return code;
}

void buf_consume(struct buf *buf, size_t bytes)
{
	if (bytes > buf->len)
		bytes = buf->len;
	if (bytes == 0)
		return;
	memmove(buf->data, buf->data + bytes, buf->len - bytes);
	buf->len -= bytes;
	buf->data[buf->len] = '\0';
}

const char *buf_str(const struct buf *buf)
{
	return buf->data != NULL ? (const char *)buf->data : "";
}

char *buf_steal(struct buf *buf)
{
	char *text;

	if (buf->error != 0 || buf_reserve(buf, 0) < 0)
		return NULL;
	text = (char *)buf->data;
	*buf = (struct buf){.max = buf->max};
	return text;
}

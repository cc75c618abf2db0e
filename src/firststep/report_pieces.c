#include "firststep/report_pieces.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

static void write_base64(const uint8_t *at, size_t bytes, struct buf *out)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < bytes; i += 3) {
		const size_t left = bytes - i;
		const uint32_t three = (uint32_t)at[i] << 16 |
				       (left > 1 ? (uint32_t)at[i + 1] << 8 : 0) |
				       (left > 2 ? (uint32_t)at[i + 2] : 0);
		(void)buf_putc(out, digits[three >> 18]);
		(void)buf_putc(out, digits[three >> 12 & 63]);
		(void)buf_putc(out, left > 1 ? digits[three >> 6 & 63] : '=');
		(void)buf_putc(out, left > 2 ? digits[three & 63] : '=');
	}
}

int report_pieces_write(const char *text, struct buf *out)
{
	const size_t bytes = strlen(text);
	const size_t parts = (bytes + REPORT_PART_BYTES - 1) / REPORT_PART_BYTES;

	if (parts == 0 || parts > REPORT_PARTS_MAX)
		return -EMSGSIZE;
	for (size_t i = 0; i < parts; i++) {
		const size_t start = i * REPORT_PART_BYTES;
		const size_t left = bytes - start;
		(void)buf_printf(out, "first-step %zu/%zu ", i + 1, parts);
		write_base64((const uint8_t *)text + start,
			     left < REPORT_PART_BYTES ? left : REPORT_PART_BYTES, out);
		(void)buf_putc(out, '\n');
	}
	return out->error;
}

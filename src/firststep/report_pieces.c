#include "firststep/report_pieces.h"

#include <errno.h>
#include <inttypes.h>
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

int report_pieces_write(const char *text, uint64_t ask, struct buf *out)
{
	const size_t bytes = strlen(text);

	if (bytes == 0 || bytes > REPORT_MAX_BYTES)
		return -EMSGSIZE;
	(void)buf_printf(out, "first-step begin %" PRIu64 "\n", ask);
	for (size_t at = 0; at < bytes; at += REPORT_PIECE_BYTES) {
		const size_t left = bytes - at;
		(void)buf_puts(out, "first-step + ");
		write_base64((const uint8_t *)text + at,
			     left < REPORT_PIECE_BYTES ? left : REPORT_PIECE_BYTES, out);
		(void)buf_putc(out, '\n');
	}
	(void)buf_puts(out, "first-step end\n");
	return out->error;
}
